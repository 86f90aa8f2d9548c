"""Segmentation: which swings of the leg are repetitions.

Everything here speaks of *travel*: the leg's way from its resting end, positive on the way out. For a set
that starts low, travel is leg elevation; for one that starts high it is the negative of it.
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

#: A leg cannot go below the floor: a shank that points there belongs to a bent knee, and is no travel.
BELOW_FLOOR_DEG = 6.0

#: No leg is raised and lowered by so much: the hip bends by 120 to 130 degrees and stretches by 10 (AAOS).
MAX_RANGE_DEG = 140.0

#: In walking the shank swings both ways, behind by this and more; a hanging leg comes to rest there (ours).
BEHIND_DEG = 3.0

#: And it swings forward, and back, within less than this: half of a slow stride in a room (Bohannon, 1997).
STEP_S = 1.05

#: So many swings in a row are walking, two steps, where the person may walk for more than this share of them.
MIN_STEPS, WALKS_SHARE = 4, 0.5


@dataclass(frozen=True, slots=True)
class Turn:
    """A local extreme of travel: `tick` on the grid, `value` in degrees."""

    tick: int
    value: float


@dataclass(frozen=True, slots=True)
class Excursion:
    """Out and back: three turns, the middle one at the far end."""

    near: Turn
    far: Turn
    back: Turn

    def with_turns(self, change: Callable[[Turn], Turn]) -> Excursion:
        """The same, with each of its turns changed."""
        return Excursion(change(self.near), change(self.far), change(self.back))

    def counted_from(self, zero_deg: float) -> Excursion:
        """The same, with travel counted from another level."""
        return self.with_turns(lambda turn: Turn(turn.tick, turn.value - zero_deg))

    @property
    def ticks(self) -> slice:
        """From the near turn to the end of the way back, both with it."""
        return slice(self.near.tick, self.back.tick + 1)

    @property
    def range_deg(self) -> float:
        """Far end to the end of the way back."""
        return abs(self.far.value - self.back.value)

    @property
    def smaller_way_deg(self) -> float:
        """The smaller of the way out and the way back."""
        return min(self.range_deg, abs(self.far.value - self.near.value))


@dataclass(frozen=True, slots=True)
class Uncounted:
    """An excursion that was seen and not counted, and why."""

    excursion: Excursion
    reason: PartialReason


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Repetitions, excursions that were not counted, and the span that a repetition's ways need."""

    reps: tuple[Excursion, ...]
    partials: tuple[Uncounted, ...]
    threshold_deg: float

    def counted_from(self, zero_deg: float) -> Segmentation:
        """The same, with travel counted from another level."""
        partials = (replace(one, excursion=one.excursion.counted_from(zero_deg)) for one in self.partials)
        return Segmentation(
            tuple(rep.counted_from(zero_deg) for rep in self.reps), tuple(partials), self.threshold_deg
        )

    def without(self, gone: Sequence[bool], reason: PartialReason) -> Segmentation:
        """The same without some of its repetitions, which did not count for a reason."""
        kept = tuple(rep for rep, is_gone in zip(self.reps, gone, strict=True) if not is_gone)
        none = (Uncounted(rep, reason) for rep, is_gone in zip(self.reps, gone, strict=True) if is_gone)
        return Segmentation(kept, (*self.partials, *none), self.threshold_deg)

    def refused(self, reason: PartialReason) -> Segmentation:
        """The same without repetitions: what looked like them was none, for a reason."""
        return Segmentation((), tuple(Uncounted(rep, reason) for rep in self.reps), self.threshold_deg)


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
        self._forgotten = 0
        self._low: Turn | None = None
        self._high: Turn | None = None
        self._direction = 0

    @property
    def turns(self) -> list[Turn]:
        """Turns so far, the last one still moving with the leg; empty before the first."""
        if self._direction == 0:
            return []
        running = self._high if self._direction > 0 else self._low
        return [*self._confirmed, running] if running is not None else []

    @property
    def confirmed_count(self) -> int:
        """How many turns are final, forgotten ones among them."""
        return self._forgotten + len(self._confirmed)

    def forget(self, start: int, end: int) -> None:
        """Forget the turns from tick `start` to `end`; what may yet be one is put at `end`."""

        def moved(turn: Turn | None) -> Turn | None:
            return Turn(end, turn.value) if turn is not None and start <= turn.tick < end else turn

        kept = [turn for turn in self._confirmed if not start <= turn.tick < end]
        self._forgotten += len(self._confirmed) - len(kept)
        self._confirmed, self._low, self._high = kept, moved(self._low), moved(self._high)

    def push(self, first_tick: int, travel_deg: FloatArray) -> None:
        """Take the next stretch of travel, no NaN, its first value at `first_tick`."""
        for offset in self._candidates(travel_deg):
            self.take(Turn(first_tick + offset, float(travel_deg[offset])))

    def _candidates(self, travel_deg: FloatArray) -> list[int]:
        """Local extremes, and the ends of the block, which may be extremes."""
        if len(travel_deg) < 3:
            return list(range(len(travel_deg)))
        slope = np.sign(np.diff(travel_deg))
        inner = np.flatnonzero(slope[1:] != slope[:-1]) + 1
        return [0, *inner.tolist(), len(travel_deg) - 1]

    def take(self, here: Turn) -> None:
        """Take the next instant."""
        if self._high is None or self._low is None:
            self._low = self._high = here
            return
        if here.value > self._high.value:
            self._high = here
        if here.value < self._low.value:
            self._low = here
        if self._direction >= 0 and self._high.value - here.value >= self._threshold_deg:
            self._turn(self._high, here, -1)
        elif self._direction <= 0 and here.value - self._low.value >= self._threshold_deg:
            self._turn(self._low, here, 1)

    def _turn(self, at: Turn, here: Turn, direction: int) -> None:
        self._confirmed.append(at)
        self._direction = direction
        self._low = self._high = here


def find_reps(
    spells: Sequence[Sequence[Turn]],
    settings: Settings,
    floor_deg: float | None = None,
    *,
    may_walk: BoolArray | None = None,
) -> Segmentation:
    """Which excursions between turns count, by the set's own usual range.

    Parameters
    ----------
    spells : sequence of sequence of Turn
        For each spell its turns of at least `settings.min_range_deg`, the last one possibly still moving.
    settings : Settings
        Of which `min_range_deg`, `min_range_share` and `usual_range_deg` are used.
    floor_deg : float or None
        Travel at which the leg rests, where a shank that points lower belongs to a bent knee.
    may_walk : (n,) bool, optional
        When the person may be walking: swings from far behind are then steps. Never, by default.

    Notes
    -----
    Dips at the far end and bumps at the near end go first, judged against the swings on both sides; then
    excursions under the share of the usual range of those left, until none drops.
    """
    above = [_above_floor(turns, floor_deg, may_walk) for turns in spells]
    kept = [
        _without_dips(_zigzag(turns, settings.min_range_deg), settings.min_range_share) for turns in above
    ]
    threshold = settings.min_range_deg
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
        for excursion in _too_small(turns, reps, settings.min_range_deg, threshold)
    ]
    return Segmentation(tuple(reps), tuple(small), threshold)


def usual_range_deg(ranges_deg: Sequence[float]) -> float:
    """The median of some ranges, each weighted by its own size; 0 of none.

    So that many small swings do not outvote the repetitions, nor one lying-down the set.
    """
    if not ranges_deg:
        return 0.0
    ordered = np.sort(ranges_deg)
    return float(ordered[np.searchsorted(np.cumsum(ordered), 0.5 * ordered.sum())])


def _above_floor(
    turns: Sequence[Turn], floor_deg: float | None, may_walk: BoolArray | None
) -> Sequence[Turn]:
    """Turns with what lies below the floor cut off: a shank that points there belongs to a bent knee."""
    if floor_deg is None:
        return turns
    steps_flat = turns if may_walk is None else _without_walking(turns, floor_deg, may_walk)
    lowest = floor_deg - BELOW_FLOOR_DEG
    return [turn if turn.value > lowest else Turn(turn.tick, floor_deg) for turn in steps_flat]


def _without_walking(turns: Sequence[Turn], floor_deg: float, may_walk: BoolArray) -> list[Turn]:
    """Turns with the swings of walking laid flat: quick ones in a row that come from behind and go there."""
    flat = list(turns)
    for start, end in _steps(turns, floor_deg):
        if may_walk[turns[start].tick : turns[end].tick].mean() <= WALKS_SHARE:
            continue
        for k in range(start, end + 1):
            flat[k] = Turn(turns[k].tick, min(turns[k].value, floor_deg))
    return flat


def _steps(turns: Sequence[Turn], floor_deg: float) -> list[tuple[int, int]]:
    """First and last turn of each row of at least `MIN_STEPS` quick swings that go behind."""
    rows: list[tuple[int, int]] = []
    start = 0
    for k in range(1, len(turns) + 1):
        quick = k < len(turns) and turns[k].tick - turns[k - 1].tick < STEP_S * GRID_HZ
        behind = k < len(turns) and min(turns[k - 1].value, turns[k].value) < floor_deg - BEHIND_DEG
        if quick and behind:
            continue
        if k - 1 - start >= MIN_STEPS:
            rows.append((start, k - 1))
        start = k
    return rows


def _without_dips(turns: list[Turn], share: float) -> list[Turn]:
    """Drop swings smaller than `share` of the swings on either side, smallest first."""
    values = [turn.value for turn in turns]
    while len(turns) >= 4:
        swings = np.abs(np.diff(values))
        inner = swings[1:-1]
        around = np.minimum(swings[:-2], swings[2:])
        small = np.flatnonzero(inner < share * around)
        if len(small) == 0:
            break
        at = int(small[np.argmin(inner[small])]) + 1
        del turns[at : at + 2], values[at : at + 2]
    return turns


def _zigzag(turns: Sequence[Turn], threshold_deg: float) -> list[Turn]:
    finder = TurnFinder(threshold_deg)
    for turn in turns:
        finder.take(turn)
    return finder.turns


def _excursions(turns: Sequence[Turn]) -> list[Excursion]:
    triples = zip(turns, turns[1:], turns[2:], strict=False)
    return [Excursion(a, b, c) for a, b, c in triples if b.value > a.value]


def _threshold_of(reps: list[Excursion], settings: Settings) -> float:
    left = [(rep.smaller_way_deg, rep.range_deg) for rep in reps]
    if reps:
        # the last way back may not be over: its way out says how large it will be
        left[-1] = (left[-1][0], max(left[-1][1], reps[-1].far.value - reps[-1].near.value))
    left = [size for size in left if size[1] < MAX_RANGE_DEG]
    usual = 0.0
    while left:
        usual = usual_range_deg([range_deg for _, range_deg in left])
        still_left = [size for size in left if size[0] >= settings.min_range_share * usual]
        if len(still_left) == len(left):
            break
        left = still_left
    return max(settings.min_range_deg, settings.min_range_share * usual)


def _too_small(
    turns: Sequence[Turn], reps: list[Excursion], min_deg: float, threshold_deg: float
) -> list[Excursion]:
    """Excursions too small to count that start from rest and come back to it."""
    if not reps:
        return []
    rest_deg = median([rep.back.value for rep in reps])
    return [
        small
        for small in _excursions(_zigzag(turns, min_deg))
        if small.smaller_way_deg < threshold_deg
        and abs(small.near.value - rest_deg) < threshold_deg
        and abs(small.back.value - rest_deg) < threshold_deg
    ]
