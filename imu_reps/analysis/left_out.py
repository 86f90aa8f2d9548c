"""Raises that the estimate of a set leaves out, as after a sensor turned over.

A set is read in one frame and one posture. Where the ankle sensor turns over, or the pelvis sensor does so
that the person seems to get up, the raises that follow fit neither. Such a stretch is estimated once more, by
the ankle sensor alone: only raises are carried round the hip like those of the set, about as far and as
slowly. Unless a turn of the strap explains them (`analysis.turned_strap`) they stay uncounted, as nothing
tells them from another exercise; the report mentions them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.estimate import LeftOut, SetEstimate, estimate_set
from imu_reps.analysis.reps.segmentation import lasting
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion
from imu_reps.kinematics.robust import median

#: Fewest raises that make a series, and the shortest stretch as a multiple of a repetition's usual duration.
MIN_RAISES, MIN_DURATIONS = 2, 2.0

#: Shortest stretch that may hold a raise after the strap turned, as such a multiple.
MIN_DURATION = 0.9

#: Longest stretch that is looked at: a forgotten recording goes on for hours.
LONGEST_S = 600.0

#: Size and duration of a raise that is left out alone, as multiples of the set's usual ones (ours).
ALIKE = 0.8, 1.25

#: Size and duration of such raises as multiples of the set's: steps and fidgets are quicker (ours: over 150
#: sets of our simulator and 52 other recordings none of high certainty remains, at 0.2 to 5 neither).
SIZES, DURATIONS = (0.5, 2.0), (0.6, 1.7)


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual repetition of a set, degrees and ticks; `moving` without the rests at its ends."""

    range_deg: float
    ticks: float
    moving: float

    @classmethod
    def of(cls, whole: SetEstimate) -> Usual:
        """Return the medians over the repetitions of a set."""
        reps = whole.segmentation.reps
        lasted = [lasting(rep, whole.elevation_deg) for rep in reps]
        return cls(
            median(np.array([rep.range_deg for rep in reps])),
            median(np.array([rep.back.tick - rep.near.tick for rep in reps])),
            median(np.array([back - left for left, back in lasted])),
        )


@dataclass(frozen=True, slots=True)
class Alone:
    """A stretch without counted repetitions, and its estimate by the ankle sensor alone."""

    stretch: slice
    estimate: SetEstimate

    @property
    def core(self) -> slice:
        """From its first raise to its last, in ticks of the recording."""
        raises = self.estimate.segmentation.reps
        return slice(self.stretch.start + raises[0].near.tick, self.stretch.start + raises[-1].back.tick)


def with_left_out(whole: SetEstimate, alone: Sequence[Alone]) -> SetEstimate:
    """Return the estimate with the raises that it leaves out; the count is uncertain if there are any."""
    usual = Usual.of(whole)
    found = tuple(_left_out(one, whole) for one in alone if _is_like_set(one, usual))
    if not found:
        return whole
    count = len(whole.segmentation.reps) + sum(one.count for one in found)
    return replace(whole, left_out=found, certainty="low", other_count=count)


def _left_out(one: Alone, whole: SetEstimate) -> LeftOut:
    core = one.core
    inside = any(spell.start <= core.start and core.stop <= spell.stop for spell in whole.posture.spells)
    return LeftOut(core.start, core.stop, len(one.estimate.segmentation.reps), inside)


def _is_like_set(one: Alone, usual: Usual) -> bool:
    """Whether the stretch holds a series of raises like the set's, or one that is very much like them."""
    reps = one.estimate.segmentation.reps
    if not reps or one.estimate.certainty == "low":
        return False
    own = Usual.of(one.estimate)
    size, duration = own.range_deg / usual.range_deg, own.moving / usual.moving
    if len(reps) < MIN_RAISES:
        return ALIKE[0] < size < ALIKE[1] and ALIKE[0] < duration < ALIKE[1]
    if one.stretch.stop - one.stretch.start < MIN_DURATIONS * usual.ticks:
        return False
    return SIZES[0] < size < SIZES[1] and DURATIONS[0] < duration < DURATIONS[1]


def stretches_alone(
    whole: SetEstimate, motion: Motion, header: Header, settings: Settings
) -> Iterator[Alone]:
    """Yield the stretches in which the ankle moves, estimated by its sensor alone."""
    usual = Usual.of(whole)
    for stretch in _stretches(whole, len(motion), MIN_DURATION * usual.ticks):
        alone = replace(motion[stretch], pelvis=None)
        if _moves(alone, SIZES[0] * usual.range_deg):
            yield Alone(stretch, estimate_set(alone, header, settings))


def _stretches(whole: SetEstimate, count: int, min_ticks: float) -> Iterator[slice]:
    """Yield the stretches before, between and after the repetitions that could hold others."""
    longest = int(LONGEST_S * GRID_HZ)
    left, back = zip(*(lasting(rep, whole.elevation_deg) for rep in whole.segmentation.reps), strict=True)
    first = slice(max(0, left[0] - longest), left[0])
    others = [
        slice(start, min(end, start + longest)) for start, end in zip(back, [*left[1:], count], strict=True)
    ]
    yield from (stretch for stretch in (first, *others) if stretch.stop - stretch.start >= min_ticks)


def _moves(motion: Motion, min_deg: float) -> bool:
    """Whether the ankle sensor takes directions at least `min_deg` apart."""
    assert motion.ankle is not None
    up = motion.ankle.up[np.isfinite(motion.ankle.up[:, 0])]
    some = up[:: max(1, len(up) // 200)]
    return len(some) > 1 and bool((some @ some.T).min() < np.cos(np.radians(min_deg)))
