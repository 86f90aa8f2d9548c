"""The repetitions of a running set that were announced, held against how the set looks since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.domain.track import GRID_HZ

#: Far ends further apart than this share of the range are not those of the same repetition.
SAME_REP = 0.5

#: Far ends within half a second of each other are one, whatever frame they were seen in.
SAME_FAR_TICKS = 50

#: A repetition that the estimates no longer show for so long is taken back: in the middle of a way an
#: estimate may doubt what the end of the way confirms.
DOUBT_TICKS = int(4.0 * GRID_HZ)


@dataclass(frozen=True, slots=True)
class Changes:
    """What an estimate shows of announced repetitions.

    Attributes
    ----------
    gone : list of Excursion
        What is none any more.
    kept : dict of Excursion
        The others, and how each is seen now; what is doubted stays as it was.
    new : list of Excursion
    """

    gone: list[Excursion]
    kept: dict[Excursion, Excursion]
    new: list[Excursion]


class Announced:
    """What was announced so far, in order.

    Of a long set only the first and the latest are looked at anew; those between are settled.
    """

    def __init__(self) -> None:
        self._open: list[Excursion] = []
        self._settled: list[Excursion] = []
        self._doubted: dict[Excursion, int] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._settled)

    def __iter__(self) -> Iterator[Excursion]:
        return iter(sorted([*self._settled, *self._open], key=lambda rep: rep.far.tick))

    @property
    def latest_far_tick(self) -> int | None:
        """Where the latest one turned at its far end; None before the first."""
        return max((rep.far.tick for rep in self._open), default=None)

    def add(self, rep: Excursion) -> None:
        """Announce one more."""
        self._open.append(rep)

    def number_of(self, rep: Excursion) -> int:
        """The number of a repetition that was announced, in the order in which they were done."""
        return 1 + sum(known.far.tick < rep.far.tick for known in (*self._settled, *self._open))

    def compare(self, reps: Sequence[Excursion], tick: int) -> Changes:
        """Keep what still is a repetition, as it is seen now.

        What an estimate no longer shows is doubted first: it is none when it has not come back `DOUBT_TICKS`
        later. Until then nothing that overlaps it is new.

        Parameters
        ----------
        reps : sequence of Excursion
            As the latest estimate shows them.
        tick : int
            Now.
        """
        kept = _matches(self._open, reps)
        absent = [known for known in self._open if known not in kept]
        since = {known: self._doubted.get(known, tick) for known in absent}
        gone = [known for known in absent if tick - since[known] >= DOUBT_TICKS]
        self._doubted = {known: first for known, first in since.items() if known not in gone}
        self._open = sorted([*kept.values(), *self._doubted], key=lambda rep: rep.far.tick)
        seen = {id(rep) for rep in kept.values()}
        new = [
            rep for rep in reps if id(rep) not in seen and not any(_overlap(rep, k) for k in self._doubted)
        ]
        return Changes(gone, kept | {known: known for known in self._doubted}, new)

    def forget(self, start: int, end: int) -> list[Excursion]:
        """Look no more at those whose far end lies between two ticks: they are settled, and count."""
        settled = [rep for rep in self._open if start <= rep.far.tick < end]
        self._settled += settled
        self._open = [rep for rep in self._open if not start <= rep.far.tick < end]
        return settled


def _overlap(rep: Excursion, known: Excursion) -> bool:
    """Whether the far end of one lies within the other."""
    return rep.near.tick < known.far.tick < rep.back.tick or known.near.tick < rep.far.tick < known.back.tick


def _matches(announced: Sequence[Excursion], reps: Sequence[Excursion]) -> dict[Excursion, Excursion]:
    """Which of the announced is which repetition as it is seen now; each of either once."""
    found = {}
    for rep in reps:
        same = [known for known in announced if same_rep(rep, known)]
        if same:
            found[min(same, key=lambda known: abs(known.far.tick - rep.far.tick))] = rep
    return found


def same_rep(rep: Excursion, known: Excursion) -> bool:
    """Whether two excursions are the same repetition, seen at different times.

    They turn at the far end at the same time; or they overlap and reach the same level, which a fidget that a
    repetition begins with does not.
    """
    if abs(rep.far.tick - known.far.tick) <= SAME_FAR_TICKS:
        return True
    overlap = rep.near.tick < known.far.tick <= rep.back.tick and known.near.tick < rep.far.tick
    return overlap and abs(rep.far.value - known.far.value) < SAME_REP * rep.range_deg
