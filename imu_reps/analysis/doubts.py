"""What an estimate of a set is not sure of, or had to make up for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from imu_reps.analysis.estimate import EstimatorParams, SetEstimate
from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set_summary import PARTIAL_REPS
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header


def doubts(whole: SetEstimate, header: Header) -> list[Finding]:
    """Findings of a set's estimate: its count, its spells, the strap, the zero."""
    counted = [] if header.exercise in HOLDS else [*_count(whole), *_interrupted(whole, header)]
    zero = [Finding("zero_between_reps")] if whole.pelvis.between_reps else []
    return [*counted, *_turned(whole), *zero]


def _count(whole: SetEstimate) -> list[Finding]:
    if whole.certainty not in ("fair", "low"):
        return []
    count, other = len(whole.segmentation.reps), whole.other_count
    known = {"certainty": whole.certainty, "count": count, "other": other}
    by: dict[str, Any] = {}
    if count and other:
        by = _more(whole, other - count) if other > count else _fewer(whole, count - other)
    return [Finding("count_uncertain", values=known | by)]


def _more(whole: SetEstimate, more: int) -> dict[str, Any]:
    """The largest swings that were not counted, if they are so many that nearly were."""
    found = whole.segmentation
    nearly = (1.0 - EstimatorParams().near_share) * found.threshold_deg
    swings = [
        small.excursion
        for small in found.partials
        if small.reason in PARTIAL_REPS
        and (small.reason == "cut_off" or small.excursion.smaller_way_deg > nearly)
    ]
    if not swings or len(swings) != more:
        return {}
    cut = all(small.reason == "cut_off" for small in found.partials if small.excursion in swings)
    return {"cut_off" if cut else "swings": _times(swings, whole)}


def _fewer(whole: SetEstimate, fewer: int) -> dict[str, Any]:
    """The smallest repetitions, if they are so many that hardly counted."""
    found = whole.segmentation
    hardly = (1.0 + EstimatorParams().near_share) * found.threshold_deg
    numbers = [k for k, rep in enumerate(found.reps, start=1) if rep.smaller_way_deg < hardly]
    return {"small": numbers} if len(numbers) == fewer else {}


def _times(swings: Sequence[Excursion], whole: SetEstimate) -> list[float]:
    return [float(whole.track.time_s[swing.far.tick]) for swing in swings]


def _interrupted(whole: SetEstimate, header: Header) -> list[Finding]:
    """Where the person left the posture between repetitions."""
    far = [rep.far.tick for rep in whole.segmentation.reps]
    used = [spell for spell in whole.posture.spells if any(spell.start <= tick < spell.stop for tick in far)]
    time_s = whole.track.time_s
    gaps = [(float(time_s[before.stop - 1]), float(time_s[after.start])) for before, after in pairwise(used)]
    if not gaps:
        return []
    values = {"spans": gaps, "posture": header.posture}
    return [Finding("interrupted", values=values, start_s=gaps[0][0], end_s=gaps[-1][1])]


def _turned(whole: SetEstimate) -> list[Finding]:
    """Where the strap turned on the shank."""
    slips = () if whole.leg is None else whole.leg.slips
    times = [float(whole.track.time_s[slip.tick]) for slip in slips]
    return [
        Finding("ankle_turned", values={"turned_deg": slip.turned_deg}, sensor="ankle", start_s=at, end_s=at)
        for slip, at in zip(slips, times, strict=True)
    ]
