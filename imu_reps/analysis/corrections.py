"""Corrections of the sensors' count: practice repetitions, and corrections by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, Turn
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
from imu_reps.domain.exercise import HOLDS, Start
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Correction, Header
from imu_reps.domain.rep import Partial, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.summary import SetSummary

#: Events with the number of a repetition, and events with a count.
_OF_A_REP = (RepAtFarEnd, RepCompleted, RepRevised, FaultSeen, EndReached, LimitCrossed, FloorNear)
_WITH_COUNT = (RepRetracted, PostureLeft, SetEnded)


def without_practice(whole: SetEstimate, reps: int) -> SetEstimate:
    """Return the estimate without its first `reps` repetitions, which were practice."""
    found = whole.segmentation
    if not reps or not found.reps:
        return whole
    gone = [number < reps for number in range(len(found.reps))]
    other = None if whole.other_count is None else max(0, whole.other_count - reps)
    return replace(whole, segmentation=found.without(gone, "practice"), other_count=other)


def after_practice(events: Iterable[Event], reps: int) -> Iterator[Event]:
    """Yield events as if the set began after `reps` practice repetitions: theirs are left out."""
    for event in events:
        shifted: Any = event
        if reps and isinstance(event, _OF_A_REP):
            if event.number <= reps:
                continue
            shifted = replace(event, number=event.number - reps)
            if isinstance(shifted, (RepCompleted, RepRevised)):
                shifted = replace(shifted, rep=replace(shifted.rep, number=shifted.number))
        elif reps and isinstance(event, _WITH_COUNT) and event.rep_count is not None:
            if isinstance(event, RepRetracted) and event.rep_count < reps:
                continue
            shifted = replace(event, rep_count=max(0, event.rep_count - reps))
        yield shifted


#: Smallest way out and back of a repetition added by hand: the least that these sensors resolve as movement.
MIN_WAY_DEG = 2.0


def apply_corrections(
    whole: SetEstimate, header: Header, corrections: Sequence[Correction]
) -> tuple[SetEstimate, tuple[Correction, ...]]:
    """Apply corrections by hand; return the estimate, and the corrections that could not be used.

    The corrected count is certain. A repetition can be added where the leg was measured, in the posture, and
    no other one is counted.
    """
    found, unused = whole.segmentation, []
    rep_corrections = [each for each in corrections if each.what in ("not_a_rep", "missed_rep")]
    for correction in rep_corrections:
        apply = _without_rep if correction.what == "not_a_rep" else _with_rep
        after = None if header.exercise in HOLDS else apply(found, correction, whole, header)
        if after is None:
            unused.append(correction)
        else:
            found = after
    if found is whole.segmentation:
        return whole, tuple(unused)
    return replace(whole, segmentation=found, certainty="high", other_count=None), tuple(unused)


def without_pauses_across(reps: Sequence[Rep], partials: Sequence[Partial], start: Start) -> list[Rep]:
    """Return the repetitions without the pause between two that an uncounted one separates.

    Parameters
    ----------
    reps : sequence of Rep
    partials : sequence of Partial
        Those not counted; only practice and corrections by hand matter.
    start : {"low", "high"}
        End at which the leg rests between repetitions.
    """
    ends = [partial.end_s for partial in partials if partial.reason in ("by_hand", "practice")]
    return [
        _without_pause(rep, start) if any(rep.end_s < end < after.end_s for end in ends) else rep
        for rep, after in pairwise(reps)
    ] + list(reps[-1:])


def _without_pause(rep: Rep, start: Start) -> Rep:
    return replace(rep, bottom_pause_s=None) if start == "low" else replace(rep, top_pause_s=None)


def correction_findings(
    corrections: Sequence[Correction], figures: SetSummary, unused: Sequence[Correction]
) -> list[Finding]:
    """Return findings on corrections, so that corrected values are not taken for measured ones."""
    found = []
    if figures.rep_count_by_sensors is not None:
        values = {"count": figures.rep_count, "by_sensors": figures.rep_count_by_sensors}
        found.append(Finding("reps_by_hand", values=values))
    for what in ("exercise", "side", "person"):
        corrected = [each.value for each in corrections if each.what == what]
        if corrected:
            found.append(Finding("header_by_hand", values={"what": what, "value": corrected[-1]}))
    found += [
        Finding("correction_unused", values={"number": each.number, "what": each.what, "value": each.value})
        for each in unused
    ]
    remarks = [each.value for each in corrections if each.what == "remark"]
    return found + [Finding("remark", values={"text": text}) for text in remarks]


def _without_rep(
    found: Segmentation,
    correction: Correction,
    whole: SetEstimate,
    header: Header,  # noqa: ARG001 - as `_with_rep`
) -> Segmentation | None:
    tick = int(np.searchsorted(whole.track.time_s, correction.at_s))
    gone = [rep.near.tick <= tick <= rep.back.tick for rep in found.reps]
    return found.without(gone, "by_hand") if any(gone) else None


def _with_rep(
    found: Segmentation, correction: Correction, whole: SetEstimate, header: Header
) -> Segmentation | None:
    start, end = np.searchsorted(whole.track.time_s, correction.span_s)
    rep = _excursion(header.travel_sign * whole.track.leg_elevation_deg, int(start), int(end))
    if rep is None or any(rep.overlaps(other) for other in found.reps):
        return None
    if not any(spell.start <= rep.far.tick < spell.stop for spell in whole.posture.spells):
        return None
    reps = sorted((*found.reps, rep), key=lambda each: each.far.tick)
    partials = tuple(small for small in found.partials if not rep.overlaps(small.excursion))
    return Segmentation(tuple(reps), partials, found.threshold_deg)


def _excursion(travel_deg: FloatArray, start: int, end: int) -> Excursion | None:
    """Return the excursion to the farthest point of a span; None if the leg was not measured, or still."""
    part = travel_deg[start:end]
    if len(part) < 3 or not np.isfinite(part).all():
        return None
    far = int(np.argmax(part))
    if far in (0, len(part) - 1):
        return None
    near, back = int(np.argmin(part[:far])), far + int(np.argmin(part[far:]))
    turns = [Turn(start + tick, float(part[tick])) for tick in (near, far, back)]
    rep = Excursion(*turns)
    return rep if rep.smaller_way_deg >= MIN_WAY_DEG else None
