"""The angles of a set as CSV: ``time_s,leg_elevation_deg,pelvic_tilt_deg,pelvic_rotation_deg``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imu_reps.domain.track import AngleTrack
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error

COLUMNS = ("time_s", "leg_elevation_deg", "pelvic_tilt_deg", "pelvic_rotation_deg")
_ROW = "%.3f,%.3f,%.3f,%.3f\n"
_ROWS_AT_ONCE = 5000


def angles_csv(track: AngleTrack) -> Iterator[str]:
    """The table in pieces of whole lines, header first; empty where not measured."""
    yield ",".join(COLUMNS) + "\n"
    table = np.column_stack([getattr(track, name) for name in COLUMNS])
    table = np.round(table, 3) + 0.0  # + 0.0: no negative zero
    for first in range(0, len(table), _ROWS_AT_ONCE):
        rows = table[first : first + _ROWS_AT_ONCE]
        yield (_ROW * len(rows) % tuple(rows.ravel().tolist())).replace("nan", "")


def save_angles(track: AngleTrack, path: str, *, replace: bool = False) -> None:
    """Write the table to a file.

    Parameters
    ----------
    replace : bool
        Whether a file that is already there may be replaced.

    Raises
    ------
    FileAccessError
        If the file exists already or cannot be written.
    """
    try:
        with Path(path).open("w" if replace else "x", encoding="utf-8", newline="\n") as file:
            file.writelines(angles_csv(track))
    except FileExistsError as error:
        raise FileAccessError(
            f"{path}: the file exists already.",
            hint="Choose another name, or replace it with --force.",
            code="exists",
        ) from error
    except OSError as error:
        raise access_error(error, path) from error
