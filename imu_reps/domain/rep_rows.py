"""Repetitions as table rows, for DataFrames, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imu_reps.domain.rep import Rep
from imu_reps.domain.summary import Summary

_TEXTS = ("flags", "not_judged", "faults")
_OF_SET = ("recording", "person", "created", "exercise", "side", "simulated")

#: Columns of a repetition's row: person and set, figures, then flags (`faults`) and what was not judged.
REP_COLUMNS = (*_OF_SET, *(name for name in Rep.__slots__ if name not in _TEXTS), "faults", "not_judged")

_UNITS = {"s": "s", "deg": "deg", "dps": "deg/s"}


def column_unit(column: str) -> str:
    """Return the unit of a column by its name: docs/exporting.md#units; empty if it has none."""
    return _UNITS.get(column.rpartition("_")[2], "")


def rep_rows(summary: Summary, person: str | None) -> list[dict[str, Any]]:
    """Return one row per repetition, by `REP_COLUMNS`; missing values are None, lists joined by ``;``.

    Parameters
    ----------
    person : str or None
        Person who did the set.
    """
    recording = summary.recording
    of_set = {
        "recording": recording.file,
        "person": person,
        "created": recording.created,
        "exercise": recording.exercise,
        "side": recording.side,
        "simulated": recording.simulated,
    }
    return [
        of_set
        | {name: getattr(rep, name) for name in Rep.__slots__ if name not in _TEXTS}
        | {"faults": ";".join(rep.flags), "not_judged": ";".join(rep.not_judged)}
        for rep in summary.reps
    ]


def rep_columns(rows: Sequence[dict[str, Any]]) -> dict[str, tuple[list[Any], str]]:
    """Return the columns of rows with their pandas type: ``string``, ``boolean``, ``Int64``, ``float64``."""
    return {name: ([row[name] for row in rows], _kind(name)) for name in REP_COLUMNS}


def _kind(column: str) -> str:
    if column in ("simulated", "clean"):
        return "boolean"
    if column == "number":
        return "Int64"
    return "string" if column in (*_OF_SET, *_TEXTS) else "float64"
