"""Export of orientations for OpenSim: a table of quaternions, ``.sto``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import numpy as np

from imu_reps.domain.exercise import Side
from imu_reps.domain.file_kinds import DocumentKind
from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.errors import UsageError
from imu_reps.storage.file_access import save_document

_TITLE = "imu_reps_orientations"
_VERSION = "4.5"
_SHANKS = {"left": "tibia_l_imu", "right": "tibia_r_imu"}


def save_sto(
    time_s: FloatArray,
    quaternions: Mapping[SensorPlace, FloatArray],
    side: Side | None,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
) -> None:
    """Write orientations: rotations from each sensor's axes to an earth frame with z up.

    Parameters
    ----------
    time_s : (n,) float
    quaternions : mapping of place to (n, 4) float
        Unit quaternions, w first; rows with a NaN are omitted, as the format has no empty cells.
    side : {"left", "right", "both"} or None
        Side of the shank that wears the ankle sensor.
    path : path-like
    force : bool
        As in `save_document`.

    Raises
    ------
    UsageError
        ``no_side``: the shank is not known; ``no_orientation``: no orientation was measured.
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    """
    columns = {_body(place, side): values for place, values in quaternions.items()}
    known = np.ones(len(time_s), bool)
    for values in columns.values():
        known &= np.isfinite(values).all(axis=1)
    if not columns or not known.any():
        raise UsageError(
            "There is no instant at which the orientation of every sensor is known.",
            hint="Look at the recording with: imu-reps check.",
            code="no_orientation",
        )
    text = "\n".join(_lines(time_s[known], {name: values[known] for name, values in columns.items()}))
    save_document(path, text + "\n", kind=DocumentKind(_TITLE + "\n"), force=force)


def _body(place: SensorPlace, side: Side | None) -> str:
    if place == "pelvis":
        return "pelvis_imu"
    if side not in _SHANKS:
        raise UsageError(
            f"The recording says {side or 'no'} side, so the ankle sensor's shank is not known.",
            hint="Write '# side: left' or '# side: right' into a copy of the recording, and export that.",
            code="no_side",
        )
    return _SHANKS[side]


def _lines(time_s: FloatArray, columns: Mapping[str, FloatArray]) -> Iterator[str]:
    yield from (_TITLE, f"DataRate={GRID_HZ:.6f}", "DataType=Quaternion", "version=3")
    yield from (f"OpenSimVersion={_VERSION}", "endheader", "\t".join(("time", *columns)))
    rows = np.stack(list(columns.values()), axis=1) + 0.0
    for at_s, row in zip(time_s.tolist(), rows.tolist(), strict=True):
        cells = (",".join(f"{part:.8f}" for part in quaternion) for quaternion in row)
        yield "\t".join((f"{at_s + 0.0:.6f}", *cells))
