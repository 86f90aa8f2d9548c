"""Segmentation: which swings of the leg are repetitions.

*Travel* is the leg's angle from its resting end, positive on the way out: leg elevation for a set that starts
low, its negative for one that starts high.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from imu_reps.domain.rep import PartialReason
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ

#: Tolerance below the floor: a leg cannot go there, so a shank that points lower belongs to a bent knee.
BELOW_FLOOR_DEG = 6.0

#: Range beyond any leg raise: the hip flexes by 120 to 130 degrees and extends by 10 (AAOS), and the trunk
#: rolls up by 45 when the toes touch the bar (ours).
MAX_RANGE_DEG = 185.0

#: In walking the shank swings at least this far behind the level where a hanging leg comes to rest (ours).
STEP_BEHIND_DEG = 3.0

#: In walking the shank reaches up to 30 degrees ahead of the vertical, when the heel strikes (27 in a real
#: walk); a quick swing that ends further ahead than this is a lift (ours: allows for a wrong level).
STEP_AHEAD_DEG = 50.0

#: Longest swing of walking, forwards or backwards: half of a slow stride in a room (Bohannon, 1997).
STEP_S = 1.05

#: Fewest swings in a row that are walking, two steps; and the share of them in which the person may be
#: walking.
MIN_STEPS, WALKS_SHARE = 4, 0.5


#: A repetition is over when the leg is back within this share of its range: docs/definitions.md#a-repetition.
ENDED_SHARE = 0.15

#: Turns nearer to each other than half a second are the same turn, as seen in different estimates (ours).
SAME_TURN_TICKS = 50


@dataclass(frozen=True, slots=True)
class Turn:
    """A local extreme of travel: `tick` on the grid, `value` in degrees."""

    tick: int
    value: float


@dataclass(frozen=True, slots=True)
class Excursion:
    """A swing out and back: three turns, the middle one at the far end."""

    near: Turn
    far: Turn
    back: Turn

    def with_turns(self, change: Callable[[Turn], Turn]) -> Excursion:
        """Return the same excursion with each of its turns changed."""
        return Excursion(change(self.near), change(self.far), change(self.back))

    def counted_from(self, zero_deg: float) -> Excursion:
        """Return the same excursion with travel counted from another level."""
        return self.with_turns(lambda turn: Turn(turn.tick, turn.value - zero_deg))

    @property
    def ticks(self) -> slice:
        """From the near turn to the end of the way back, both included."""
        return slice(self.near.tick, self.back.tick + 1)

    def overlaps(self, other: Excursion) -> bool:
        """Whether the far end of one lies within the other."""
        own, theirs = self.far.tick, other.far.tick
        return self.near.tick < theirs < self.back.tick or other.near.tick < own < other.back.tick

    @property
    def range_deg(self) -> float:
        """Span from the far end to the end of the way back, degrees."""
        return abs(self.far.value - self.back.value)

    @property
    def smaller_way_deg(self) -> float:
        """Span of the smaller of the way out and the way back, degrees."""
        return min(self.range_deg, abs(self.far.value - self.near.value))


@dataclass(frozen=True, slots=True)
class Uncounted:
    """An excursion that was not counted, and why."""

    excursion: Excursion
    reason: PartialReason


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Repetitions, excursions not counted, and the smallest span of a repetition's ways, degrees."""

    reps: tuple[Excursion, ...]
    partials: tuple[Uncounted, ...]
    threshold_deg: float

    def counted_from(self, zero_deg: float) -> Segmentation:
        """Return the same segmentation with travel counted from another level."""
        partials = (replace(part, excursion=part.excursion.counted_from(zero_deg)) for part in self.partials)
        return Segmentation(
            tuple(rep.counted_from(zero_deg) for rep in self.reps), tuple(partials), self.threshold_deg
        )

    def without(self, gone: Sequence[bool], reason: PartialReason) -> Segmentation:
        """Return the same segmentation with some repetitions moved to those not counted, for a reason."""
        kept = tuple(rep for rep, is_gone in zip(self.reps, gone, strict=True) if not is_gone)
        uncounted = (Uncounted(rep, reason) for rep, is_gone in zip(self.reps, gone, strict=True) if is_gone)
        return Segmentation(kept, (*self.partials, *uncounted), self.threshold_deg)

    def refused(self, reason: PartialReason) -> Segmentation:
        """Return a segmentation in which none of the repetitions counts, for a reason."""
        return Segmentation((), tuple(Uncounted(rep, reason) for rep in self.reps), self.threshold_deg)

    def nearly_counted(self, share: float) -> list[Uncounted]:
        """Return what is too small by less than a share of the threshold, or cut off."""
        limit = (1.0 - share) * self.threshold_deg
        return [
            part
            for part in self.partials
            if part.reason == "cut_off"
            or (part.reason == "too_small" and part.excursion.smaller_way_deg > limit)
        ]

    def hardly_counted(self, share: float) -> list[int]:
        """Return the numbers of the repetitions that exceed the threshold by less than a share of it."""
        limit = (1.0 + share) * self.threshold_deg
        return [number for number, rep in enumerate(self.reps, 1) if rep.smaller_way_deg < limit]


class TurnFinder:
    """Finds turns of at least `threshold_deg`, block by block.

    Parameters
    ----------
    threshold_deg : float
        How far travel must come back for an extreme to be a turn.
    """

    def __init__(self, threshold_deg: float) -> None:
        self._threshold_deg = threshold_deg
        self._confirmed: list[Turn] = []
        self._low: Turn | None = None
        self._high: Turn | None = None
        self._direction = 0

    @property
    def turns(self) -> list[Turn]:
        """Turns so far, the last one still moving with the leg; empty before the first is confirmed."""
        if self._direction == 0:
            return []
        running = self._high if self._direction > 0 else self._low
        return [*self._confirmed, running] if running is not None else []

    def push(self, first_tick: int, travel_deg: FloatArray) -> None:
        """Process the next stretch of travel, no NaN, its first value at `first_tick`."""
        for offset in self._candidates(travel_deg):
            self.take(Turn(first_tick + offset, float(travel_deg[offset])))

    def _candidates(self, travel_deg: FloatArray) -> list[int]:
        """Return the indices of local extremes and of both ends of the block, which may be extremes."""
        if len(travel_deg) < 3:
            return list(range(len(travel_deg)))
        slope = np.sign(np.diff(travel_deg))
        inner = np.flatnonzero(slope[1:] != slope[:-1]) + 1
        return [0, *inner.tolist(), len(travel_deg) - 1]

    def take(self, here: Turn) -> bool:
        """Process the next instant; return whether it confirms a turn."""
        if self._high is None or self._low is None:
            self._low = self._high = here
            return False
        if here.value > self._high.value:
            self._high = here
        if here.value < self._low.value:
            self._low = here
        if self._direction >= 0 and self._high.value - here.value >= self._threshold_deg:
            turn, self._direction = self._high, -1
        elif self._direction <= 0 and here.value - self._low.value >= self._threshold_deg:
            turn, self._direction = self._low, 1
        else:
            return False
        self._confirmed.append(turn)
        self._low = self._high = here
        return True


def find_reps(spells: Sequence[Sequence[Turn]], settings: Settings) -> Segmentation:
    """Return which excursions between turns count, by the set's own usual range.

    Parameters
    ----------
    spells : sequence of sequence of Turn
        Turns of at least `settings.min_range_deg` for each spell, the last one possibly still moving.
    settings : Settings
        Uses `min_range_deg`, `min_range_share` and `usual_range_deg`.

    Notes
    -----
    Excursions under the share of the usual range of those left are removed, until none is.
    """
    threshold = settings.min_range_deg
    kept = above = [_zigzag(turns, threshold) for turns in spells]
    if settings.usual_range_deg is not None and sum(map(len, kept)) < 4:
        threshold = max(threshold, settings.min_range_share * settings.usual_range_deg)
    while True:
        kept = [_zigzag(turns, threshold) for turns in kept]
        reps = [rep for turns in kept for rep in _excursions(turns) if rep.smaller_way_deg < MAX_RANGE_DEG]
        raised = _threshold_of(reps, settings)
        if raised <= threshold:
            break
        threshold = raised
    small = [
        Uncounted(excursion, "too_small")
        for turns in above
        for excursion in _too_small(turns, reps, threshold)
    ]
    return Segmentation(tuple(reps), tuple(small), threshold)


def usual_range_deg(ranges_deg: Sequence[float]) -> float:
    """Return the median of some ranges, each weighted by its own size; 0 of none.

    The weights keep many small swings from outvoting the repetitions; the median keeps one swing, as of lying
    down, from outvoting the set.
    """
    if not ranges_deg:
        return 0.0
    ordered = np.sort(ranges_deg)
    return float(ordered[ordered.cumsum().searchsorted(0.5 * ordered.sum())])


def above_floor(
    spells: Sequence[Sequence[Turn]], floor_deg: float | None, may_walk: BoolArray | None
) -> Sequence[Sequence[Turn]]:
    """Return the turns with those below the floor raised to it: they belong to a bent knee, or to walking.

    Parameters
    ----------
    spells : sequence of sequence of Turn
    floor_deg : float or None
        Travel at which the leg rests, if a shank that points lower belongs to a bent knee.
    may_walk : (n,) bool or None
        When the person may be walking: swings from far behind are then steps; None: never.
    """
    if floor_deg is None:
        return spells
    if may_walk is not None:
        spells = [_without_walking(turns, floor_deg, may_walk) for turns in spells]
    lowest = floor_deg - BELOW_FLOOR_DEG
    return [
        [turn if turn.value > lowest else Turn(turn.tick, floor_deg) for turn in turns] for turns in spells
    ]


def _without_walking(turns: Sequence[Turn], floor_deg: float, may_walk: BoolArray) -> list[Turn]:
    """Return the turns with swings of walking flattened: quick ones in a row that reach behind."""
    flat = list(turns)
    for start, end in _steps(turns, floor_deg):
        if may_walk[turns[start].tick : turns[end].tick].mean() <= WALKS_SHARE:
            continue
        for k in range(start, end + 1):
            flat[k] = Turn(turns[k].tick, min(turns[k].value, floor_deg))
    return flat


def _steps(turns: Sequence[Turn], floor_deg: float) -> list[tuple[int, int]]:
    """Return the first and last turn of each run of at least `MIN_STEPS` quick swings that reach behind."""
    rows: list[tuple[int, int]] = []
    start = 0
    for k in range(1, len(turns) + 1):
        quick = k < len(turns) and turns[k].tick - turns[k - 1].tick < STEP_S * GRID_HZ
        ends = [turn.value - floor_deg for turn in turns[k - 1 : k + 1]]
        if quick and min(ends) < -STEP_BEHIND_DEG and max(ends) < STEP_AHEAD_DEG:
            continue
        if k - 1 - start >= MIN_STEPS:
            rows.append((start, k - 1))
        start = k
    return rows


def _zigzag(turns: Sequence[Turn], threshold_deg: float) -> list[Turn]:
    finder = TurnFinder(threshold_deg)
    for turn in turns:
        finder.take(turn)
    return finder.turns


def _excursions(turns: Sequence[Turn]) -> list[Excursion]:
    triples = zip(turns, turns[1:], turns[2:], strict=False)
    return [Excursion(a, b, c) for a, b, c in triples if b.value > a.value]


def lasting(rep: Excursion, elevation_deg: FloatArray) -> tuple[int, int]:
    """Return the ticks at which the leg leaves the resting end in a repetition, and is back at it."""
    band = ENDED_SHARE * rep.range_deg
    out, way_back = slice(rep.near.tick, rep.far.tick + 1), slice(rep.far.tick, rep.back.tick + 1)
    resting = np.abs(elevation_deg[out] - elevation_deg[rep.near.tick]) <= band
    rested = np.abs(elevation_deg[way_back] - elevation_deg[rep.back.tick]) <= band
    return rep.far.tick - int(resting[::-1].argmax()), rep.far.tick + int(rested.argmax())


def _threshold_of(reps: list[Excursion], settings: Settings) -> float:
    left = [(rep.smaller_way_deg, rep.range_deg) for rep in reps]
    if reps:
        # the last way back may not be over: its way out shows how large it will be
        left[-1] = (left[-1][0], max(left[-1][1], reps[-1].far.value - reps[-1].near.value))
    left = [size for size in left if size[1] < MAX_RANGE_DEG]
    usual, before = 0.0, 0
    while left and len(left) != before:
        usual, before = usual_range_deg([range_deg for _, range_deg in left]), len(left)
        left = [size for size in left if size[0] >= settings.min_range_share * usual]
    return max(settings.min_range_deg, settings.min_range_share * usual)


def _too_small(turns: Sequence[Turn], reps: Sequence[Excursion], threshold_deg: float) -> list[Excursion]:
    """Return the excursions too small to count that start from rest and come back to it."""
    if not reps:
        return []
    rest_deg = median([rep.back.value for rep in reps])
    return [
        small
        for small in _excursions(turns)
        if small.smaller_way_deg < threshold_deg
        and abs(small.near.value - rest_deg) < threshold_deg
        and abs(small.back.value - rest_deg) < threshold_deg
    ]
