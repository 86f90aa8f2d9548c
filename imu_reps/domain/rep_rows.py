"""Repetitions and angles as rows: what a DataFrame, a CSV and a Parquet file hold alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.recording import Start
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.domain.summary import Summary

_TEXTS = ("flags", "not_judged", "faults")
_OF_SET = ("recording", "person", "created", "exercise", "side", "simulated")

#: Columns of a row a repetition: whose and which set, the figures, then words; `faults` are the flags.
REP_COLUMNS = (*_OF_SET, *(name for name in Rep.__slots__ if name not in _TEXTS), "faults", "not_judged")

#: Columns of a row a hundredth of a second.
ANGLE_COLUMNS = ("time_s", "leg_elevation_deg", "pelvic_tilt_deg", "pelvic_rotation_deg")

_UNITS = {"s": "s", "deg": "deg", "dps": "deg/s"}


def unit_of(column: str) -> str:
    """The unit of a column, told by its name: docs/exporting.md#units; empty where it has none."""
    return _UNITS.get(column.rpartition("_")[2], "")


def rep_rows(summary: Summary, person: str | None) -> list[dict[str, Any]]:
    """A row a repetition, by `REP_COLUMNS`; not measured is None, several words stand apart by ``;``.

    Parameters
    ----------
    summary : Summary
    person : str or None
        Who did the set.
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
    """The rows' columns, each with its kind: ``string``, ``boolean``, ``Int64`` or ``float64``."""
    return {name: ([row[name] for row in rows], _kind(name)) for name in REP_COLUMNS}


def _kind(column: str) -> str:
    if column in ("simulated", "clean"):
        return "boolean"
    if column == "number":
        return "Int64"
    return "string" if column in (*_OF_SET, *_TEXTS) else "float64"


def rep_and_phase(
    time_s: FloatArray, reps: Sequence[Rep], start: Start
) -> tuple[IntArray, NDArray[np.object_]]:
    """In which repetition (0: in none) and phase (None: in none) each instant lies.

    Parameters
    ----------
    time_s : (n,) float
        Increasing.
    reps : sequence of Rep
    start : {"low", "high"}
        Where the leg rests between them: which way comes first.
    """
    number, phase = np.zeros(len(time_s), np.int64), np.full(len(time_s), None, object)
    ways = ("concentric", "top", "eccentric", "bottom")
    out, far, back, near = ways if start == "low" else (*ways[2:], *ways[:2])
    for rep in reps:
        first, last = np.searchsorted(time_s, [rep.start_s, rep.end_s])
        number[first:last] = rep.number
        pause_s, far_s = getattr(rep, f"{near}_pause_s"), rep.far_end_s(start)
        if far_s is not None:
            turn, leave = np.searchsorted(time_s, far_s)
            phase[first:turn], phase[turn:leave], phase[leave:last] = out, far, back
        if pause_s is not None:
            phase[last : np.searchsorted(time_s, rep.end_s + pause_s)] = near
    return number, phase
