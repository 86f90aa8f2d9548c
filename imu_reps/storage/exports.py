"""Exports of sets for other programs: tables, orientations for OpenSim, subtitles for a video.

Values not measured are empty. Units are in the columns' names, and in Parquet also in their metadata.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from imu_reps.domain.exercise import Side
from imu_reps.domain.file_kinds import DocumentKind
from imu_reps.domain.recording import Correction, Note
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.domain.summary import REP_COLUMNS, StoredSet, Summary, column_unit, rep_rows
from imu_reps.domain.track import ANGLE_COLUMNS, GRID_HZ, AngleTrack
from imu_reps.domain.untrusted import printable, spreadsheet_cell
from imu_reps.errors import UsageError, require_extra
from imu_reps.storage.file_access import save_document
from imu_reps.storage.plain_json import DECIMALS, plain

if TYPE_CHECKING:
    import pandas as pd

_ANGLES_ROW = "%.3f,%.3f,%.3f,%.3f\n"
_ROWS_AT_ONCE = 5000


def angles_csv(track: AngleTrack) -> Iterator[str]:
    """Yield the table of angles in pieces of whole lines, header first; cells are empty if not measured."""
    yield ",".join(ANGLE_COLUMNS) + "\n"
    table = np.column_stack([getattr(track, name) for name in ANGLE_COLUMNS])
    table = np.round(table, 3) + 0.0  # + 0.0: no negative zero
    for first in range(0, len(table), _ROWS_AT_ONCE):
        rows = table[first : first + _ROWS_AT_ONCE]
        yield (_ANGLES_ROW * len(rows) % tuple(rows.ravel().tolist())).replace("nan", "")


def _csv_kind(names: Iterable[str]) -> DocumentKind:
    """Return the kind of a CSV table with exactly these columns."""
    return DocumentKind(",".join(names) + "\n")


def save_angles(track: AngleTrack, path: str, *, force: bool = False) -> None:
    """Write the table of angles; errors and `force` as in `save_document`."""
    save_document(path, "".join(angles_csv(track)), kind=_csv_kind(ANGLE_COLUMNS), force=force)


_OF_SET = ("file", "person", "session", "set_number", "pain", "effort")
_OF_RECORDING = ("created", "exercise", "side", "simulated", "duration_s")


def history_csv(sets: Iterable[StoredSet]) -> str:
    """Return a CSV table of sets, one row per set."""
    rows = [_history_row(plain(stored)) for stored in sets]
    return _csv(list(rows[0]) if rows else _OF_SET, rows)


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Return a value as it stands in a cell: ``true`` and ``false`` as in JSON and a batch's tables."""
    return str(value).lower() if isinstance(value, bool) else spreadsheet_cell(value)


def _history_row(stored: dict[str, Any]) -> dict[str, Any]:
    summary = stored["summary"]
    figures = {name: value for name, value in summary["set"].items() if name != "trend"}
    return {
        **{name: stored[name] for name in _OF_SET},
        **{name: summary["recording"][name] for name in _OF_RECORDING},
        **figures,
        "version": summary["version"],
        "preset": summary["settings"]["preset"],
    }


#: Kind of a table of labels.
LABELS = DocumentKind("start_s,end_s,label,by\n")


def labels_csv(summary: Summary, corrections: Iterable[Correction]) -> str:
    """Return a CSV table of labels, one row per movement.

    The label is ``rep``, ``not_a_rep`` or the reason why it did not count; ``by`` is ``sensors`` or ``hand``.
    """
    added = [correction.span_s for correction in corrections if correction.what == "missed_rep"]
    rows = [
        (rep.start_s, rep.end_s, "rep", "hand" if _within(rep, added) else "sensors") for rep in summary.reps
    ]
    for small in summary.partials:
        by_hand = small.reason == "by_hand"
        label = "not_a_rep" if by_hand else small.reason
        rows.append((small.start_s, small.end_s, label, "hand" if by_hand else "sensors"))
    return LABELS.begins + "".join(
        f"{start:.3f},{end:.3f},{label},{by}\n" for start, end, label, by in sorted(rows)
    )


def _within(rep: Rep, spans: Iterable[tuple[float, float]]) -> bool:
    return any(start <= 0.5 * (rep.start_s + rep.end_s) <= end for start, end in spans)


def reps_csv(sets: Iterable[tuple[str | None, Summary]]) -> str:
    """Return a CSV table of repetitions, one row each (docs/exporting.md#a-row-a-repetition).

    Parameters
    ----------
    sets : iterable of (str or None, Summary)
        Person and summary of each set.
    """
    return _csv(REP_COLUMNS, (row for person, summary in sets for row in plain(rep_rows(summary, person))))


def save_reps(sets: Iterable[tuple[str | None, Summary]], path: str, *, force: bool = False) -> None:
    """Write the table of repetitions; errors and `force` as in `save_document`."""
    save_document(path, reps_csv(sets), kind=_csv_kind(REP_COLUMNS), force=force)


#: Mark in the footer of every Parquet file by this program.
_PARQUET_MARK = "imu-reps-table/1"


def save_csv(frames: Sequence[pd.DataFrame], path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write tables of the same columns as one CSV file; errors and `force` as in `save_document`."""
    table = _joined(frames)
    for name in table.select_dtypes(["string", "object"]).columns:
        table[name] = table[name].map(spreadsheet_cell, na_action="ignore")
    text = table.to_csv(index=False, lineterminator="\n")
    save_document(path, text, kind=_csv_kind(table.columns), force=force)


def save_parquet(
    frames: Sequence[pd.DataFrame], path: str | os.PathLike[str], *, force: bool = False
) -> None:
    """Write tables of the same columns as one Parquet file; each column's metadata has its unit.

    Raises
    ------
    UsageError
        ``missing_extra``: pyarrow is not installed.
    FileAccessError
        As `save_document`.
    """
    require_extra("parquet", "pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(_joined(frames), preserve_index=False)
    fields = [field.with_metadata({"unit": column_unit(field.name)}) for field in table.schema]
    marked = {**(table.schema.metadata or {}), b"format": _PARQUET_MARK.encode()}
    file = io.BytesIO()
    pq.write_table(table.cast(pa.schema(fields, metadata=marked)), file)
    save_document(path, file.getvalue(), kind=DocumentKind("PAR1", footer=_PARQUET_MARK), force=force)


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join tables, with floats rounded to the sensors' resolution and without negative zeros."""
    import pandas as pd

    table = pd.concat(frames, ignore_index=True)
    floats = table.select_dtypes(["float64"]).columns
    table[floats] = table[floats].round(DECIMALS) + 0.0
    return table


_STO_TITLE = "imu_reps_orientations"
_STO_VERSION = "4.5"
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
    force : bool
        As in `save_document`.

    Raises
    ------
    UsageError
        ``no_side``: the shank is not known; ``no_orientation``: no orientation was measured.
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    """
    columns = {_sto_body(place, side): values for place, values in quaternions.items()}
    known = np.ones(len(time_s), bool)
    for values in columns.values():
        known &= np.isfinite(values).all(axis=1)
    if not columns or not known.any():
        raise UsageError(
            "There is no instant at which the orientation of every sensor is known.",
            hint="Look at the recording with: imu-reps check.",
            code="no_orientation",
        )
    text = "\n".join(_sto_lines(time_s[known], {name: values[known] for name, values in columns.items()}))
    save_document(path, text + "\n", kind=DocumentKind(_STO_TITLE + "\n"), force=force)


def _sto_body(place: SensorPlace, side: Side | None) -> str:
    if place == "pelvis":
        return "pelvis_imu"
    if side not in _SHANKS:
        raise UsageError(
            f"The recording says {side or 'no'} side, so the ankle sensor's shank is not known.",
            hint="Write '# side: left' or '# side: right' into a copy of the recording, and export that.",
            code="no_side",
        )
    return _SHANKS[side]


def _sto_lines(time_s: FloatArray, columns: Mapping[str, FloatArray]) -> Iterator[str]:
    yield from (_STO_TITLE, f"DataRate={GRID_HZ:.6f}", "DataType=Quaternion", "version=3")
    yield from (f"OpenSimVersion={_STO_VERSION}", "endheader", "\t".join(("time", *columns)))
    rows = np.stack(list(columns.values()), axis=1) + 0.0
    for at_s, row in zip(time_s.tolist(), rows.tolist(), strict=True):
        cells = (",".join(f"{part:.8f}" for part in quaternion) for quaternion in row)
        yield "\t".join((f"{at_s + 0.0:.6f}", *cells))


_VTT_TITLE = "WEBVTT imu-reps"


#: Cue setting: cues are shown near the top, repetitions at the bottom like subtitles.
_CUE_PLACE = " line:1"

Shown = tuple[float, float, str, str]


def save_vtt(
    reps: Sequence[Rep],
    notes: Iterable[Note],
    path: str | os.PathLike[str],
    *,
    offset_s: float = 0.0,
    force: bool = False,
) -> None:
    """Write the figures of each repetition, and the cues that were given, as subtitles.

    Parameters
    ----------
    notes : iterable of Note
        Notes of the recording; those with the key ``cue`` are cues.
    offset_s : float
        The video's time at the recording's `time_s` of 0; anything before the video begins is omitted.
    force : bool
        As in `save_document`.

    Raises
    ------
    UsageError
        ``nothing_to_show``: there is nothing, or nothing after the beginning of the video.
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    """
    whole = sorted((*_shown_reps(reps), *_shown_cues(notes)))
    moved = [
        (max(begin + offset_s, 0.0), end + offset_s, place, words)
        for begin, end, place, words in whole
        if end + offset_s > 0.001
    ]
    if not moved:
        raise UsageError(
            "There is no repetition and no cue to show in the video.",
            hint="--offset is the video's time, in seconds, at which the recording begins."
            if whole
            else "Subtitles show repetitions, and the cues of a set as it was recorded: it has neither.",
            code="nothing_to_show",
        )
    units = "NOTE Times are the video's. up and down in seconds (s), range in degrees (deg)."
    blocks = [_VTT_TITLE, units]
    blocks += [f"{_vtt_time(a)} --> {_vtt_time(b)}{place}\n{text}" for a, b, place, text in moved]
    save_document(path, "\n\n".join(blocks) + "\n", kind=DocumentKind(_VTT_TITLE), force=force)


def _shown_reps(reps: Sequence[Rep]) -> Iterator[Shown]:
    for rep in reps:
        words = [f"Rep {rep.number}"]
        words += [f"up {rep.concentric_s:.1f} s"] if rep.concentric_s is not None else []
        words += [f"down {rep.eccentric_s:.1f} s"] if rep.eccentric_s is not None else []
        words += [f"{rep.range_deg:.0f} deg"] if rep.range_deg is not None else []
        words += [flag.replace("_", " ") for flag in rep.flags]
        yield rep.start_s, rep.end_s, "", ", ".join(words)


def _shown_cues(notes: Iterable[Note]) -> Iterator[Shown]:
    for note in notes:
        code = note.value.partition(" (")[0]
        if note.key == "cue" and code:
            # about as long as it is spoken
            yield note.time_s, note.time_s + 2.0, _CUE_PLACE, _vtt_text(code.replace("_", " "))


def _vtt_text(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _vtt_time(at_s: float) -> str:
    ms = round(at_s * 1000.0)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
