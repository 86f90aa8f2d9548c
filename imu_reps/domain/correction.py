"""Corrections by hand: notes of a recording that every analysis applies, and that can be undone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast, get_args

from imu_reps.domain.exercise import EXERCISES, SIDES, Exercise, Side, default_posture, default_start

if TYPE_CHECKING:
    from imu_reps.domain.recording import Header, Note

Corrected = Literal["not_a_rep", "missed_rep", "side", "exercise", "person", "remark"]

#: Key of the notes; `UNDO` with a number undoes the correction of that number.
CORRECT, UNDO = "correct", "undo"

_SPAN = re.compile(r"(\d+(?:\.\d+)?) to (\d+(?:\.\d+)?)", re.ASCII)
_TIME = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction.

    Attributes
    ----------
    number : int
        Number among all corrections of the recording, undone ones included, from 1.
    value : str
        As in the note: ``12.300`` (a time within a false repetition), ``30.500 to 34.000`` (a missed one),
        ``right``, ``heel_tap``, a name, or any text.
    """

    number: int
    what: Corrected
    value: str

    @property
    def at_s(self) -> float:
        """Time within the false repetition, on the recording's `time_s`."""
        return float(self.value)

    @property
    def span_s(self) -> tuple[float, float]:
        """Begin and end of the missed repetition, on the recording's `time_s`."""
        start, end = self.value.split(" to ")
        return float(start), float(end)


def corrections_of(notes: Sequence[Note]) -> tuple[Correction, ...]:
    """Return the valid corrections among the notes that were not undone."""
    values = [note.value for note in notes if note.key == CORRECT]
    undone: set[int] = set()
    made: list[Correction] = []
    for text in values:
        what, _, value = text.partition(" ")
        if what == UNDO:
            undone |= {int(value)} if value.isdecimal() and len(value) <= 6 else set()
        elif what in get_args(Corrected):
            made.append(Correction(len(made) + 1, cast(Corrected, what), value.strip()))
    return tuple(one for one in made if one.number not in undone and _is_valid(one))


def corrected_header(header: Header, corrections: Sequence[Correction]) -> Header:
    """Return the header with exercise, side and person corrected; the last correction of each counts.

    Start and posture follow the exercise if they were the defaults of the old one.
    """
    for one in corrections:
        match one.what:
            case "side":
                header = replace(header, side=cast(Side, one.value))
            case "exercise":
                header = _with_exercise(header, cast(Exercise, one.value))
            case "person":
                header = replace(header, extra=MappingProxyType({**header.extra, "person": one.value}))
    return header


def _with_exercise(header: Header, exercise: Exercise) -> Header:
    start_is_default = header.start == default_start(header.exercise)
    start = default_start(exercise) if start_is_default else header.start
    posture_is_default = header.posture == default_posture(header.exercise)
    posture = default_posture(exercise) if posture_is_default else header.posture
    return replace(header, exercise=exercise, start=start, posture=posture)


def _is_valid(one: Correction) -> bool:
    match one.what:
        case "not_a_rep":
            return _TIME.fullmatch(one.value) is not None
        case "missed_rep":
            span = _SPAN.fullmatch(one.value)
            return span is not None and float(span[1]) < float(span[2])
        case "side":
            return one.value in SIDES
        case "exercise":
            return one.value in EXERCISES
        case _:
            return bool(one.value)
