"""Raises that the estimate of a set leaves out, as after a sensor turned on its strap.

A set is read in one frame and one posture. Where the ankle sensor turns at once, or the pelvis sensor does so
that the person seems to get up, the raises that follow fit neither. Such a stretch is estimated once more, by
the ankle sensor alone: only raises are carried round the hip like those of the set, about as far and as
slowly. They stay uncounted, as nothing tells a turned sensor from another exercise; the report mentions them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from imu_reps.analysis.estimate import LeftOut, SetEstimate, estimate_set
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion

#: Fewest raises that make a series, and the shortest stretch as a multiple of a repetition's usual duration.
MIN_RAISES, MIN_DURATIONS = 2, 2.0

#: Longest stretch that is looked at: a forgotten recording goes on for hours.
LONGEST_S = 600.0

#: Size and duration of such raises as multiples of the set's: steps and fidgets are quicker (ours: over 150
#: sets of our simulator and 52 other recordings none of high certainty remains, at 0.2 to 5 neither).
SIZES, DURATIONS = (0.5, 2.0), (0.6, 1.7)


def with_left_out(whole: SetEstimate, motion: Motion, header: Header, settings: Settings) -> SetEstimate:
    """Return the estimate with the raises that it leaves out; the count is uncertain if there are any."""
    if header.exercise in HOLDS or motion.ankle is None or len(whole.segmentation.reps) < MIN_RAISES:
        return whole
    found = tuple(_left_out(whole, motion, header, settings))
    if not found:
        return whole
    count = len(whole.segmentation.reps) + sum(one.count for one in found)
    return replace(whole, left_out=found, certainty="low", other_count=count)


def _left_out(whole: SetEstimate, motion: Motion, header: Header, settings: Settings) -> Iterator[LeftOut]:
    reps = whole.segmentation.reps
    range_deg = float(np.median([rep.range_deg for rep in reps]))
    ticks = float(np.median([rep.back.tick - rep.near.tick for rep in reps]))
    for stretch in _stretches(whole, len(motion), MIN_DURATIONS * ticks):
        alone = replace(motion[stretch], pelvis=None)
        if not _moves(alone, SIZES[0] * range_deg):
            continue
        again = estimate_set(alone, header, settings)
        raises = again.segmentation.reps
        if len(raises) < MIN_RAISES or again.certainty == "low":
            continue
        size = float(np.median([rep.range_deg for rep in raises])) / range_deg
        duration = float(np.median([rep.back.tick - rep.near.tick for rep in raises])) / ticks
        if SIZES[0] < size < SIZES[1] and DURATIONS[0] < duration < DURATIONS[1]:
            start, end = stretch.start + raises[0].near.tick, stretch.start + raises[-1].back.tick
            inside = any(spell.start <= start and end <= spell.stop for spell in whole.posture.spells)
            yield LeftOut(start, end, len(raises), inside)


def _stretches(whole: SetEstimate, count: int, min_ticks: float) -> Iterator[slice]:
    """Yield the stretches before, between and after the repetitions that could hold several more."""
    reps, longest = whole.segmentation.reps, int(LONGEST_S * GRID_HZ)
    first = slice(max(0, reps[0].near.tick - longest), reps[0].near.tick)
    ends = [*(rep.near.tick for rep in reps[1:]), count]
    others = [
        slice(rep.back.tick, min(end, rep.back.tick + longest)) for rep, end in zip(reps, ends, strict=True)
    ]
    yield from (stretch for stretch in (first, *others) if stretch.stop - stretch.start >= min_ticks)


def _moves(motion: Motion, min_deg: float) -> bool:
    """Whether the ankle sensor takes directions at least `min_deg` apart."""
    assert motion.ankle is not None
    up = motion.ankle.up[np.isfinite(motion.ankle.up[:, 0])]
    some = up[:: max(1, len(up) // 200)]
    return len(some) > 1 and bool((some @ some.T).min() < np.cos(np.radians(min_deg)))
