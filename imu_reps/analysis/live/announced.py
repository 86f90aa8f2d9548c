"""The repetitions of a running set that were announced, held against how the set looks since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imu_reps.analysis.reps.segmentation import Excursion

#: Far ends further apart than this share of the range are not those of the same repetition.
SAME_REP = 0.5

#: Far ends within half a second of each other are one, whatever frame they were seen in.
SAME_FAR_TICKS = 50


class Announced:
    """What was announced so far, in order.

    Of a long set only the first and the latest are looked at anew; those between are settled.
    """

    def __init__(self) -> None:
        self._open: list[Excursion] = []
        self._settled: list[Excursion] = []

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

    def compare(self, reps: Sequence[Excursion]) -> tuple[list[Excursion], list[Excursion]]:
        """Keep what still is a repetition, as it is seen now; gives what is none and what is new."""
        kept = _matches(self._open, reps)
        gone = [known for k, known in enumerate(self._open) if k not in kept]
        self._open = [kept[k] for k in sorted(kept)]
        known = set(self._open)
        return gone, [rep for rep in reps if rep not in known]

    def forget(self, start: int, end: int) -> None:
        """Look no more at those whose far end lies between two ticks: they are settled, and count."""
        self._settled += [rep for rep in self._open if start <= rep.far.tick < end]
        self._open = [rep for rep in self._open if not start <= rep.far.tick < end]


def _matches(announced: Sequence[Excursion], reps: Sequence[Excursion]) -> dict[int, Excursion]:
    """Which of the announced (by position) is which repetition as it is seen now; each of either once."""
    found = {}
    for rep in reps:
        same = [k for k, known in enumerate(announced) if same_rep(rep, known)]
        if same:
            found[min(same, key=lambda k: abs(announced[k].far.tick - rep.far.tick))] = rep
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
