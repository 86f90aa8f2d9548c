"""A figure of accuracy: what was measured, over which population, and the limit it must keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from populations import MeasuredSet


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes
    ----------
    what, population : str
    measured : tuple of float
        One value, or one for each of several quantities that share the limit.
    limit : float or None
        Maximum allowed value; None if the figure is only reported.
    unit : str
    worst : tuple of (seed, value)
        Where to look first.
    """

    what: str
    population: str
    measured: tuple[float, ...]
    limit: float | None
    unit: str
    worst: tuple[tuple[int, float], ...] = ()

    @property
    def reached(self) -> bool:
        """Whether every value keeps the limit."""
        return self.limit is None or all(value <= self.limit for value in self.measured)


SENSORS = (
    "any orientation of the ankle sensor, pelvis mounted with up to 5° of turn or found from rocks, "
    "bias ≤ 15 mg and ≤ 1 °/s, scale ≤ 1 %, loss ≤ 3 %, drop-outs"
)
ANY_RATE = "25 to 208 Hz"


def describe(population: str, sets: Sequence[MeasuredSet], sensors: str = SENSORS) -> str:
    """Describe a population: its content, sensors, seeds, and numbers of sets and repetitions."""
    seeds = sorted(one.seed for one in sets)
    reps = sum(one.true_count for one in sets)
    return f"{population}; {sensors}; {len(sets)} sets of seeds {seeds[0]} to {seeds[-1]}, {reps} reps"


def deviations(sets: Sequence[MeasuredSet], name: str, scale: float = 1.0) -> list[tuple[int, float]]:
    """Return seed and absolute error of a figure, for every repetition in which both values are known."""
    return [
        (one.seed, scale * abs(getattr(found, name) - getattr(true, name)))
        for one in sets
        for found, true in one.reps
        if getattr(found, name) is not None and getattr(true, name) is not None
    ]


def measured_share(sets: Sequence[MeasuredSet], name: str) -> float:
    """Return the share of repetitions with a known truth for which the analysis gave a figure."""
    known = [
        getattr(found, name) is not None
        for one in sets
        for found, true in one.reps
        if getattr(true, name) is not None
    ]
    return sum(known) / len(known)


def percentile(found: Sequence[tuple[int, float]], share: float) -> float:
    return float(np.percentile([error for _, error in found], share)) if found else float("nan")


def worst_seeds(found: Iterable[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Return the five worst seeds, each with its largest error."""
    of_seed: dict[int, float] = {}
    for seed, error in found:
        of_seed[seed] = max(error, of_seed.get(seed, 0.0))
    return tuple(sorted(of_seed.items(), key=lambda entry: -entry[1])[:5])
