"""Repetitions put right by hand: taken out, or added, in what the sensors' estimate counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, Turn
from imu_reps.domain.correction import Correction
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header, Recording, Start
from imu_reps.domain.rep import Partial, Rep
from imu_reps.domain.samples import FloatArray

#: A way out or back shorter than this is none: what these sensors take for a repetition at the very least.
MIN_WAY_DEG = 2.0


def put_right(
    whole: SetEstimate, header: Header, corrections: Sequence[Correction]
) -> tuple[SetEstimate, tuple[Correction, ...]]:
    """The estimate with its repetitions put right, and those corrections that could not be used.

    What a person says is certain. A repetition can be added where the leg was measured, in the posture, and
    none is counted yet.
    """
    found, unused = whole.segmentation, []
    of_reps = [one for one in corrections if one.what in ("not_a_rep", "missed_rep")]
    for one in of_reps:
        applied = _taken_out if one.what == "not_a_rep" else _added
        after = None if header.exercise in HOLDS else applied(found, one, whole, header)
        if after is None:
            unused.append(one)
        else:
            found = after
    if found is whole.segmentation:
        return whole, tuple(unused)
    return replace(whole, segmentation=found, certainty="high", other_count=None), tuple(unused)


def without_pauses_across(reps: Sequence[Rep], partials: Sequence[Partial], start: Start) -> list[Rep]:
    """No pause follows a repetition where another one came after it, that does not count.

    Parameters
    ----------
    reps : sequence of Rep
    partials : sequence of Partial
    start : {"low", "high"}
        Where the leg rests between them.
    """
    ends = [one.end_s for one in partials if one.reason in ("by_hand", "practice")]
    return [
        _without_pause(rep, start) if any(rep.end_s < end < after.end_s for end in ends) else rep
        for rep, after in pairwise(reps)
    ] + list(reps[-1:])


def _without_pause(rep: Rep, start: Start) -> Rep:
    return replace(rep, bottom_pause_s=None) if start == "low" else replace(rep, top_pause_s=None)


def told_by_hand(
    recording: Recording, count: int | None, by_sensors: int | None, unused: Sequence[Correction]
) -> list[Finding]:
    """What was put right, that nobody takes it for what the sensors saw."""
    found = []
    corrections = recording.corrections
    if by_sensors is not None:
        found.append(Finding("reps_by_hand", values={"count": count, "by_sensors": by_sensors}))
    for what in ("exercise", "side", "person"):
        said = [one.value for one in corrections if one.what == what]
        if said:
            found.append(Finding("header_by_hand", values={"what": what, "value": said[-1]}))
    found += [
        Finding("correction_unused", values={"number": one.number, "what": one.what, "value": one.value})
        for one in unused
    ]
    remarks = [one.value for one in corrections if one.what == "remark"]
    return found + [Finding("remark", values={"text": text}) for text in remarks]


def _taken_out(
    found: Segmentation,
    one: Correction,
    whole: SetEstimate,
    header: Header,  # noqa: ARG001 - as `_added`
) -> Segmentation | None:
    tick = int(np.searchsorted(whole.track.time_s, one.at_s))
    gone = [rep.near.tick <= tick <= rep.back.tick for rep in found.reps]
    return found.without(gone, "by_hand") if any(gone) else None


def _added(found: Segmentation, one: Correction, whole: SetEstimate, header: Header) -> Segmentation | None:
    start, end = np.searchsorted(whole.track.time_s, one.span_s)
    sign = -1.0 if header.start == "high" else 1.0
    rep = _excursion(sign * whole.track.leg_elevation_deg, int(start), int(end))
    if rep is None or any(_overlap(rep, other) for other in found.reps):
        return None
    if not any(spell.start <= rep.far.tick < spell.stop for spell in whole.posture.spells):
        return None
    reps = sorted((*found.reps, rep), key=lambda each: each.far.tick)
    partials = tuple(small for small in found.partials if not _overlap(rep, small.excursion))
    return Segmentation(tuple(reps), partials, found.threshold_deg)


def _excursion(travel_deg: FloatArray, start: int, end: int) -> Excursion | None:
    """Out to the farthest point of a span and back; None where the leg was not measured, or did not go."""
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


def _overlap(one: Excursion, other: Excursion) -> bool:
    """Whether the far end of one lies within the other."""
    return one.near.tick < other.far.tick < one.back.tick or other.near.tick < one.far.tick < other.back.tick
