"""Repetitions for practice: the first of a set, neither counted nor judged, live and final alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.domain.events import (
    EndReached,
    Event,
    FaultSeen,
    FloorNear,
    LimitCrossed,
    PostureLeft,
    RepAtFarEnd,
    RepCompleted,
    RepRetracted,
    RepRevised,
    SetEnded,
)

#: Events of one repetition, and those that hold a count.
_OF_A_REP = (RepAtFarEnd, RepCompleted, RepRevised, FaultSeen, EndReached, LimitCrossed, FloorNear)
_WITH_COUNT = (RepRetracted, PostureLeft, SetEnded)


def without_practice(whole: SetEstimate, reps: int) -> SetEstimate:
    """The estimate with its first repetitions not counted."""
    found = whole.segmentation
    if not reps or not found.reps:
        return whole
    gone = [number < reps for number in range(len(found.reps))]
    other = None if whole.other_count is None else max(0, whole.other_count - reps)
    return replace(whole, segmentation=found.without(gone, "practice"), other_count=other)


def after_practice(events: Iterable[Event], reps: int) -> Iterator[Event]:
    """Events as if the set began after so many repetitions: those of practice are left out."""
    for event in events:
        told: Any = event
        if reps and isinstance(event, _OF_A_REP):
            if event.number <= reps:
                continue
            told = replace(event, number=event.number - reps)
            if isinstance(told, (RepCompleted, RepRevised)):
                told = replace(told, rep=replace(told.rep, number=told.number))
        elif reps and isinstance(event, _WITH_COUNT) and event.rep_count is not None:
            if isinstance(event, RepRetracted) and event.rep_count < reps:
                continue
            told = replace(event, rep_count=max(0, event.rep_count - reps))
        yield told
