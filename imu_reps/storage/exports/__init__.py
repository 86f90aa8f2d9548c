"""What other programs read: summaries and live events as JSON, angles and history as CSV, truth files.

The summary tree of `imu_reps.domain.summary` has the names and the order of the contract
``imu-reps-summary/1``; it is only written down here, one document a line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from imu_reps.domain.correction import Correction
from imu_reps.domain.events import Event
from imu_reps.domain.finding import Finding
from imu_reps.domain.foreign_text import spreadsheet_cell
from imu_reps.domain.rep import Rep
from imu_reps.domain.rep_rows import ANGLE_COLUMNS, REP_COLUMNS, rep_rows
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import SUMMARY_FORMAT, Summary
from imu_reps.domain.track import AngleTrack
from imu_reps.errors import ImuRepsError
from imu_reps.storage.file_access import access_error, save_document, write_new
from imu_reps.storage.plain_json import one_line, plain


def summary_line(summary: Summary, told: Callable[[Finding], str]) -> str:
    """One recording as one line of JSON, without a line break.

    Parameters
    ----------
    summary : Summary
    told : callable
        The words of a finding.

    Raises
    ------
    ValueError
        If a number is NaN or infinite: "not measured" is None.
    """
    found = [
        {"code": finding.code, "reps": finding.reps, "message": told(finding)} for finding in summary.findings
    ]
    tree = plain(replace(summary, findings=())) | {"findings": found}
    if summary.set.rep_count_by_sensors is None:  # a key of sets that were put right by hand
        del tree["set"]["rep_count_by_sensors"]
    return json.dumps(tree, separators=(",", ":"))


def error_line(file: str | None, error: ImuRepsError) -> str:
    """The line that stands for a file that could not be summed up."""
    return one_line(
        {
            "format": SUMMARY_FORMAT,
            "recording": {"file": file},
            "error": {"code": error.code, "message": error.message, "hint": error.hint},
        }
    )


def event_line(event: Event) -> str:
    """A live event as one line: its name, its time, then its other fields.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return one_line({"event": event_name(event), **plain(event)})


def event_name(event: Event) -> str:
    """The name of an event, e.g. ``rep_completed``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


_ROW = "%.3f,%.3f,%.3f,%.3f\n"
_ROWS_AT_ONCE = 5000


def angles_csv(track: AngleTrack) -> Iterator[str]:
    """The table in pieces of whole lines, header first; empty where not measured."""
    yield ",".join(ANGLE_COLUMNS) + "\n"
    table = np.column_stack([getattr(track, name) for name in ANGLE_COLUMNS])
    table = np.round(table, 3) + 0.0  # + 0.0: no negative zero
    for first in range(0, len(table), _ROWS_AT_ONCE):
        rows = table[first : first + _ROWS_AT_ONCE]
        yield (_ROW * len(rows) % tuple(rows.ravel().tolist())).replace("nan", "")


def save_angles(track: AngleTrack, path: str, *, force: bool = False) -> None:
    """Write the table to a file; with `force` over an older table of angles.

    Raises
    ------
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    """
    save_document(path, "".join(angles_csv(track)), mark=",".join(ANGLE_COLUMNS) + "\n", force=force)


_OF_SET = ("file", "person", "session", "set_number", "pain", "effort")
_OF_RECORDING = ("created", "exercise", "side", "simulated", "duration_s")


def history_csv(sets: Iterable[StoredSet]) -> str:
    """The figures of the sets; what was not measured is empty."""
    rows = [_row(plain(stored)) for stored in sets]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else list(_OF_SET), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(stored: dict[str, Any]) -> dict[str, Any]:
    summary = stored["summary"]
    figures = {name: value for name, value in summary["set"].items() if name != "trend"}
    row = {
        **{name: stored[name] for name in _OF_SET},
        **{name: summary["recording"][name] for name in _OF_RECORDING},
        **figures,
        "version": summary["version"],
        "preset": summary["settings"]["preset"],
    }
    return {name: spreadsheet_cell(value) for name, value in row.items()}


#: What a table of labels begins with.
LABELS = "start_s,end_s,label,by\n"


def labels_csv(summary: Summary, corrections: Iterable[Correction]) -> str:
    """A row a movement: ``rep``, ``not_a_rep`` or why it did not count; by the sensors or by hand."""
    added = [one.span_s for one in corrections if one.what == "missed_rep"]
    rows = [
        (rep.start_s, rep.end_s, "rep", "hand" if _within(rep, added) else "sensors") for rep in summary.reps
    ]
    for small in summary.partials:
        by_hand = small.reason == "by_hand"
        label = "not_a_rep" if by_hand else small.reason
        rows.append((small.start_s, small.end_s, label, "hand" if by_hand else "sensors"))
    return LABELS + "".join(f"{start:.3f},{end:.3f},{label},{by}\n" for start, end, label, by in sorted(rows))


def _within(rep: Rep, spans: Iterable[tuple[float, float]]) -> bool:
    return any(start <= 0.5 * (rep.start_s + rep.end_s) <= end for start, end in spans)


def reps_csv(sets: Iterable[tuple[str | None, Summary]]) -> str:
    """A row a repetition, as docs/exporting.md#a-row-a-repetition has it; what was not measured is empty.

    Parameters
    ----------
    sets : iterable of (str or None, Summary)
        Whose set it is, and the set.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=REP_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for person, summary in sets:
        for row in plain(rep_rows(summary, person)):
            writer.writerow({name: spreadsheet_cell(value) for name, value in row.items()})
    return text.getvalue()


def save_reps(sets: Iterable[tuple[str | None, Summary]], path: str, *, force: bool = False) -> None:
    """Write the table to a file; with `force` over an older table of repetitions.

    Raises
    ------
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    """
    save_document(path, reps_csv(sets), mark=",".join(REP_COLUMNS) + "\n", force=force)


def truth_path(recording: str | Path) -> Path:
    """``set.csv`` has its truth in ``set.truth.json``."""
    return Path(recording).with_suffix(".truth.json")


def save_truth(truth: Mapping[str, Any], recording: str | Path) -> None:
    """Write the truth beside `recording`; never over a file that is there.

    Raises
    ------
    FileAccessError
        If the file exists already or cannot be written.
    ValueError
        If a number is NaN or infinite.
    """
    path = truth_path(recording)
    text = json.dumps(plain(truth), indent=1) + "\n"
    try:
        write_new(path, text.encode("utf-8"))
    except OSError as error:
        raise access_error(error, str(path)) from error
