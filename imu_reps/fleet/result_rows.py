"""Results as rows of four tables, and back: ``imu-reps-batch/1``, docs/fleet.md#columns."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from imu_reps.domain.rep import Fault, Rep
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import RecordingSummary, SensorSummary, SetSummary
from imu_reps.fleet.analyze_many import BatchError, BatchResult
from imu_reps.report.findings import finding_text
from imu_reps.storage.plain_json import plain

#: Changes when a column is renamed or removed; new ones may come.
BATCH_FORMAT = "imu-reps-batch/1"

#: The folders in which the rows lie, from the outside.
PARTITIONS = ("exercise", "day")

Row = dict[str, Any]

_OF_STORED = ("person", "session", "set_number", "pain", "effort")
_PLACES = ("pelvis", "ankle")
#: Small trees in a cell of their own, as JSON.
_TREES = ("trend", "partials", "findings", "settings")


@dataclass(frozen=True, slots=True)
class ResultRows:
    """A `BatchResult` as rows; numbers as in the JSON summary."""

    file: str
    content: str | None
    version: str
    exercise: str | None
    day: str | None
    error: BatchError | None
    tables: dict[str, list[Row]]

    @property
    def is_as_known(self) -> bool:
        """Whether nothing was done, because the content is the one that was known."""
        return not self.tables


def rows_of(result: BatchResult) -> ResultRows:
    """The rows of each table that has any."""
    tables: dict[str, list[Row]] = {}
    if result.stored is not None:
        tables = _rows_of_set(result.stored, {"file": result.file}, result)
    elif result.error is not None:
        of_file = {name: getattr(result, name) for name in ("file", "content", "version")}
        tables = {"errors": [of_file | plain(result.error)]}
    return ResultRows(
        result.file, result.content, result.version, result.exercise, result.day, result.error, tables
    )


def _rows_of_set(stored: StoredSet, of_file: Row, result: BatchResult) -> dict[str, list[Row]]:
    tree = plain(stored)
    summary = tree["summary"]
    summary["findings"] = [
        {"message": finding_text(found), **told}
        for found, told in zip(stored.summary.findings, summary["findings"], strict=True)
    ]
    trees = {"trend": summary["set"].pop("trend"), **{name: summary[name] for name in _TREES[1:]}}
    row = of_file | {"content": result.content, "version": result.version}
    row |= {name: tree[name] for name in _OF_STORED}
    row |= {name: summary["recording"][name] for name in _columns_of_recording()}
    for place in _PLACES:
        sensor = summary["sensors"][place] or {}
        row |= {f"{place}_{name}": sensor.get(name) for name in _names(SensorSummary)}
    row |= {f"zero_{name}": value for name, value in summary["zero"].items()}
    row |= summary["set"] | {name: json.dumps(value, separators=(",", ":")) for name, value in trees.items()}
    reps, faults = [], []
    for rep in summary["reps"]:
        faults += [of_file | {"rep": rep["number"]} | fault for fault in rep.pop("faults")]
        reps.append(of_file | rep)
    return {name: rows for name, rows in (("sets", [row]), ("reps", reps), ("faults", faults)) if rows}


def set_of(row: Row, reps: list[Row], faults: list[Row]) -> StoredSet:
    """The set that a row of ``sets`` and its rows of ``reps`` and ``faults`` came from.

    Parameters
    ----------
    row : dict
        With its partition's ``exercise``.
    reps, faults : list of dict
        Of this set alone.

    Raises
    ------
    ValueError
        If the rows are none of a set.
    """
    trees = {name: json.loads(row[name]) for name in _TREES}
    sensors = {
        place: {name: row[f"{place}_{name}"] for name in _names(SensorSummary)}
        if row[f"{place}_samples"] is not None
        else None
        for place in _PLACES
    }
    of_rep: dict[int, list[Row]] = {}
    for fault in faults:
        of_rep.setdefault(fault["rep"], []).append(fault)
    summary = {
        "format": "imu-reps-summary/1",
        "version": row["version"],
        "recording": {name: row[name] for name in _names(RecordingSummary)},
        "sensors": sensors,
        "zero": {"time_s": row["zero_time_s"], "reason": row["zero_reason"]},
        "reps": [rep | {"faults": of_rep.get(rep["number"], [])} for rep in sorted(reps, key=_number)],
        "set": {name: trees[name] if name == "trend" else row[name] for name in _names(SetSummary)},
        **{name: trees[name] for name in _TREES[1:]},
    }
    stored = {name: row[name] for name in ("file", *_OF_STORED)} | {"summary": summary}
    return msgspec.convert(stored, StoredSet)


def _number(rep: Row) -> int:
    return int(rep["number"])


@cache
def columns() -> dict[str, dict[str, str]]:
    """Of each table the columns and their types in Arrow's words; those of the partitions aside."""
    file = {"file": "string"}
    made = {"content": "string", "version": "string"}
    recording, of_set = _types(RecordingSummary), _types(SetSummary)
    sensor = _types(SensorSummary)
    stored = _types(StoredSet)
    fault = _types(Fault)
    sets = file | made | {name: stored[name] for name in _OF_STORED}
    sets |= {name: recording[name] for name in _columns_of_recording()}
    sets |= {f"{place}_{name}": kind for place in _PLACES for name, kind in sensor.items()}
    sets |= {"zero_time_s": "double", "zero_reason": "string"}
    sets |= {name: kind for name, kind in of_set.items() if name != "trend"}
    return {
        "sets": sets | dict.fromkeys(_TREES, "string"),
        "reps": file | {name: kind for name, kind in _types(Rep).items() if name != "faults"},
        "faults": file | {"rep": "int64"} | fault,
        "errors": file | made | _types(BatchError),
    }


def _columns_of_recording() -> tuple[str, ...]:
    return tuple(name for name in _names(RecordingSummary) if name not in ("file", *PARTITIONS))


def _names(of: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(of))


def _types(of: type) -> dict[str, str]:
    hints = get_type_hints(of)
    return {name: _arrow_type(hints[name]) for name in _names(of)}


def _arrow_type(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is Literal or hint is str:
        return "string"
    if get_origin(hint) is tuple:
        return "list<string>"
    return {int: "int64", float: "double", bool: "bool"}.get(hint, "string")
