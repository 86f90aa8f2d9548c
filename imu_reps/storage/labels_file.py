"""Files of repetition labels: CSV, events of BIDS, or the truth of a simulated set."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from imu_reps.domain.exercise import Start
from imu_reps.domain.file_kinds import DocumentKind
from imu_reps.domain.rep import Flag, RepLabel
from imu_reps.errors import RecordingError, RefusedValueError
from imu_reps.storage.file_access import file_errors, require_regular_file, save_document
from imu_reps.storage.plain_json import plain
from imu_reps.storage.recording.format import finite_number

#: Endings that replace a recording's own in the name of its labels' file; the first that exists is used.
ENDINGS = (".labels.csv", "_events.tsv", ".truth.json")

#: Kind of the truth file of a simulated recording.
TRUTH = DocumentKind('{\n "format": "imu-reps-truth/1"')

_COLUMNS = ("start_s", "end_s", "turn_s", "turn_end_s", "flags", "label", "by", "rep", "note")
_FLAGS: tuple[Flag, ...] = get_args(Flag)
_MISSING = ("", "n/a")
_MAX_BYTES = 10_000_000


def load_labels(
    path: str | os.PathLike[str], *, begin_s: float = 0.0, start: Start = "low"
) -> tuple[RepLabel, ...]:
    """Read labels, sorted by time: docs/exporting.md#labels.

    Parameters
    ----------
    path : path-like
        ``.tsv``: events of BIDS; ``.json``: truth of a simulated set; anything else is read as CSV.
    begin_s : float
        The recording's `time_s` at which its data begin, to which onsets of events are relative.
    start : {"low", "high"}
        Where the leg rests between repetitions, and so which phase of a truth comes first.

    Raises
    ------
    FileAccessError
        The file cannot be read.
    RecordingError
        ``bad_labels``: the file does not hold labels; the message names the line.
    """
    name, place = os.fspath(path), Path(path)
    with file_errors(name):
        require_regular_file(place)
        with place.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise _bad(name, "it is larger than 10 MB.", "Name the file of the labels.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(name, "this is not text in UTF-8.", "Save it as plain CSV in UTF-8.") from error
    if place.suffix == ".json":
        labels = _of_truth(name, text, start)
    elif place.suffix == ".tsv":
        labels = [label.moved(begin_s) for label in _of_rows(name, text, "\t", _of_event)]
    else:
        labels = _of_rows(name, text, ";" if ";" in text.partition("\n")[0] else ",", _of_row)
    return _in_order(name, labels)


def _bad(name: str, what: str, hint: str) -> RecordingError:
    return RecordingError(f"{name}: {what}", hint=hint, code="bad_labels")


Row = dict[str, str]


def _of_rows(name: str, text: str, separator: str, read: Callable[[Row], RepLabel | None]) -> list[RepLabel]:
    """Return the label of each row; errors name the line."""
    labels, titles = list[RepLabel](), list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator, strict=True))]
            if not titles:
                titles = _titles(name, cells, separator)
            elif (label := read(_row(titles, cells, separator))) is not None:
                labels.append(label)
        except RefusedValueError as error:
            raise _bad(name, f"line {number}: {error.message}", error.hint) from error
        except (ValueError, csv.Error) as error:
            raise _bad(name, f"line {number}: {error}.", "Look at that line.") from error
    if not titles:
        raise _bad(name, "it is empty.", "A file of labels has a row of column names at least.")
    return labels


def _row(titles: list[str], cells: list[str], separator: str) -> Row:
    if len(cells) != len(titles):
        raise ValueError(f"{len(cells)} values stand under {len(titles)} columns")
    if separator == ";":
        cells = [cell.replace(",", ".") for cell in cells]
    return dict(zip(titles, cells, strict=True))


def _titles(name: str, cells: list[str], separator: str) -> list[str]:
    needed = ("onset", "duration") if separator == "\t" else ("start_s", "end_s")
    missing = [column for column in needed if column not in cells]
    unknown = [] if separator == "\t" else [cell for cell in cells if cell not in _COLUMNS]
    if missing or unknown or len(set(cells)) < len(cells):
        twice = [cell for cell in dict.fromkeys(cells) if cells.count(cell) > 1]
        if missing:
            what = f"this is no file of labels: it has no column {missing[0]}"
        else:
            what = (
                f"no label has the column {unknown[0]}"
                if unknown
                else f"the column {twice[0]} is there twice"
            )
        named = ", ".join((*needed, "turn", "pause", "flags") if separator == "\t" else _COLUMNS)
        hint = f"The columns are {named}; the first two are needed. The recording is named before it."
        raise _bad(name, f"{what}.", hint)
    return cells


def _of_row(row: Row) -> RepLabel | None:
    """Return the label of a repetition; None for a movement labelled as something else."""
    if row.get("label", "rep") != "rep":
        return None
    turn_s, turn_end_s = _number(row, "turn_s"), _number(row, "turn_end_s")
    if turn_end_s is not None and turn_s is None:
        raise ValueError("turn_end_s stands without turn_s")
    far_s = None if turn_s is None else (turn_s, turn_s if turn_end_s is None else turn_end_s)
    return RepLabel(_needed(row, "start_s"), _needed(row, "end_s"), far_s, _flags(row))


def _of_event(row: Row) -> RepLabel | None:
    """Return the label of a repetition; None for an event of another type."""
    if row.get("trial_type", "rep") != "rep":
        return None
    onset_s, turn_s, pause_s = _needed(row, "onset"), _number(row, "turn"), _number(row, "pause") or 0.0
    far_s = None if turn_s is None else (turn_s - pause_s / 2.0, turn_s + pause_s / 2.0)
    return RepLabel(onset_s, onset_s + _needed(row, "duration"), far_s, _flags(row))


def _number(row: Row, column: str) -> float | None:
    text = row.get(column, "")
    return None if text in _MISSING else finite_number(text)


def _needed(row: Row, column: str) -> float:
    value = _number(row, column)
    if value is None:
        raise ValueError(f"{column} is empty")
    return value


def _flags(row: Row) -> tuple[Flag, ...] | None:
    """Return the flags; None: not labelled. "No fault" is an empty cell in CSV, ``none`` in events."""
    if "flags" not in row or row["flags"] == "n/a":
        return None
    named = [word.strip() for word in row["flags"].replace(";", " ").split() if word != "none"]
    unknown = [word for word in named if word not in _FLAGS]
    if unknown:
        raise RefusedValueError(f"There is no flag {unknown[0]!r}.", hint=f"Flags are {', '.join(_FLAGS)}.")
    return tuple(flag for flag in _FLAGS if flag in named)


def _of_truth(name: str, text: str, start: Start) -> list[RepLabel]:
    try:
        return [_of_true_rep(rep, start) for rep in json.loads(text)["reps"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(name, "this is no truth of a simulated set.", "Name a file of labels.") from error


def _of_true_rep(rep: dict[str, Any], start: Start) -> RepLabel:
    out, back = ("concentric_s", "eccentric_s") if start == "low" else ("eccentric_s", "concentric_s")
    comes_s, leaves_s = rep["start_s"] + rep[out], rep["end_s"] - rep[back]
    # by rounding, the arrival may come after the departure
    far_s = (comes_s, leaves_s) if comes_s <= leaves_s else ((comes_s + leaves_s) / 2.0,) * 2
    return RepLabel(rep["start_s"], rep["end_s"], far_s, _flags({"flags": " ".join(rep["flags"])}))


def _in_order(name: str, labels: list[RepLabel]) -> tuple[RepLabel, ...]:
    ordered = sorted(labels, key=lambda label: label.start_s)
    for label, following in pairwise(ordered):
        if following.start_s < label.end_s:
            raise _bad(
                name,
                f"the repetitions that start at {label.start_s:g} s and {following.start_s:g} s overlap.",
                "Label each repetition once.",
            )
    return tuple(ordered)


def truth_path(recording: str | Path) -> Path:
    """Return the path of a recording's truth: ``set.truth.json`` for ``set.csv``."""
    return Path(recording).with_suffix(".truth.json")


def save_truth(truth: Mapping[str, Any], recording: str | Path, *, force: bool = False) -> None:
    """Write the truth of a simulated set next to `recording`; `force` replaces an older truth only.

    Raises
    ------
    FileAccessError
        As `save_document`.
    ValueError
        A number is NaN or infinite.
    """
    text = json.dumps(plain(truth), indent=1) + "\n"
    save_document(truth_path(recording), text, kind=TRUTH, force=force)
