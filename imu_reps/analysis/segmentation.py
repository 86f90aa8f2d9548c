"""Segmentation: which swings of the leg are repetitions.

Everything here speaks of *travel*: the leg's way from its resting end, positive on the way out. For a set
that starts low, travel is leg elevation; for one that starts high it is the negative of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ

#: A leg cannot go below the floor: a shank that points there belongs to a bent knee, and is no travel.
BELOW_FLOOR_DEG = 6.0

#: In walking the shank swings both ways by 20 degrees and more; a hanging body that sways stays under this.
BEHIND_DEG = 15.0

#: And it swings forward within less than this.
STEP_S = 1.0


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

    @property
    def range_deg(self) -> float:
        """Far end to the end of the way back."""
        return abs(self.far.value - self.back.value)

    @property
    def smaller_way_deg(self) -> float:
        """The smaller of the way out and the way back."""
        return min(self.range_deg, abs(self.far.value - self.near.value))


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Repetitions, excursions from rest that are too small, and the span that tells them apart."""

    reps: tuple[Excursion, ...]
    partials: tuple[Excursion, ...]
    threshold_deg: float


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


def find_reps(turns: Sequence[Turn], settings: Settings, floor_deg: float | None = None) -> Segmentation:
    """Which excursions between `turns` count, by the set's own median range.

    Parameters
    ----------
    turns : sequence of Turn
        Turns of at least `settings.min_range_deg`, the last one possibly still moving.
    settings : Settings
        Of which `min_range_deg`, `min_range_share` and `usual_range_deg` are used.
    floor_deg : float or None
        Travel at which the leg lies on the floor (hangs down), where the set starts low.

    Notes
    -----
    Dips at the far end and bumps at the near end go first, judged against the swings on both sides; then
    excursions under the share of the median of those left, until none drops. A swing that comes from far
    behind is walking.
    """
    above = list(turns) if floor_deg is None else _above_floor(_without_walking(turns, floor_deg), floor_deg)
    kept = _without_dips(_zigzag(above, settings.min_range_deg), settings.min_range_share)
    threshold = settings.min_range_deg
    if settings.usual_range_deg is not None and len(kept) < 4:
        threshold = max(threshold, settings.min_range_share * settings.usual_range_deg)
    while True:
        kept = _zigzag(kept, threshold)
        reps = _excursions(kept)
        raised = _threshold_of(reps, settings)
        if raised <= threshold:
            break
        threshold = raised
    return Segmentation(
        tuple(reps), tuple(_partials(above, reps, settings.min_range_deg, threshold)), threshold
    )


def _above_floor(turns: Sequence[Turn], floor_deg: float) -> list[Turn]:
    """Turns with what lies below the floor cut off: a shank that points there belongs to a bent knee."""
    return [Turn(turn.tick, max(turn.value, floor_deg - BELOW_FLOOR_DEG)) for turn in turns]


def _without_walking(turns: Sequence[Turn], floor_deg: float) -> list[Turn]:
    """Turns with the swings of walking laid flat: those that come from behind, or go there, at once."""
    behind = floor_deg - BEHIND_DEG
    flat = list(turns)
    for one, other in pairwise(range(len(turns))):
        quick = turns[other].tick - turns[one].tick < STEP_S * GRID_HZ
        for here, there in ((one, other), (other, one)):
            if quick and turns[there].value < behind < turns[here].value:
                flat[here] = Turn(turns[here].tick, min(turns[here].value, floor_deg))
    return flat


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
    median = 0.0
    while left:
        median = float(np.median([range_deg for _, range_deg in left]))
        still_left = [size for size in left if size[0] >= settings.min_range_share * median]
        if len(still_left) == len(left):
            break
        left = still_left
    return max(settings.min_range_deg, settings.min_range_share * median)


def _partials(
    turns: Sequence[Turn], reps: list[Excursion], least_deg: float, threshold_deg: float
) -> list[Excursion]:
    """Excursions too small to count that start from rest and come back to it."""
    if not reps:
        return []
    rest_deg = float(np.median([rep.back.value for rep in reps]))
    return [
        small
        for small in _excursions(_zigzag(turns, least_deg))
        if small.smaller_way_deg < threshold_deg
        and abs(small.near.value - rest_deg) < threshold_deg
        and abs(small.back.value - rest_deg) < threshold_deg
    ]


def shifted(segmentation: Segmentation, ticks: int) -> Segmentation:
    """The same repetitions, counted from another tick."""
    return placed(segmentation, lambda tick: tick + ticks)


def placed(segmentation: Segmentation, tick_of: Callable[[int], int]) -> Segmentation:
    """The same repetitions, each turn at the tick that its own stands for."""

    def move(excursion: Excursion) -> Excursion:
        turns = (excursion.near, excursion.far, excursion.back)
        return Excursion(*(Turn(tick_of(turn.tick), turn.value) for turn in turns))

    return Segmentation(
        tuple(move(rep) for rep in segmentation.reps),
        tuple(move(partial) for partial in segmentation.partials),
        segmentation.threshold_deg,
    )
