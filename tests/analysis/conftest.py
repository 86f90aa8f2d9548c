"""Legs that move as commanded, and simulated sets: made once, asked often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from imu_reps.analysis.analyze import Analysis, analyze
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock
from imu_reps.domain.track import GRID_HZ
from imu_reps.sensors.simulator import SetPlan, Simulated, simulate

Way = tuple[float, float]


def minimum_jerk(share: np.ndarray) -> np.ndarray:
    """Way gone over time gone of the smoothest movement from rest to rest."""
    return np.asarray(share**3 * (10.0 + share * (-15.0 + 6.0 * share)))


@pytest.fixture(scope="session")
def leg() -> Callable[[float, Iterable[Way]], np.ndarray]:
    """An angle on the grid, from a start in degrees and ways (to degrees, in seconds), each minimum jerk."""

    def move(start_deg: float, ways: Iterable[Way]) -> np.ndarray:
        pieces, here = [np.array([start_deg])], start_deg
        for there, duration_s in ways:
            share = np.arange(1, round(duration_s * GRID_HZ) + 1) / round(duration_s * GRID_HZ)
            pieces.append(here + (there - here) * minimum_jerk(share))
            here = there
        return np.concatenate(pieces)

    return move


@pytest.fixture(scope="session")
def simulated() -> Callable[[SetPlan], Simulated]:
    """The simulated set of a plan, simulated once."""
    return cache(lambda plan: simulate(plan, seed=7))


@pytest.fixture(scope="session")
def analysed(simulated: Callable[[SetPlan], Simulated]) -> Callable[[SetPlan], Analysis]:
    """The analysis of a plan's simulated set, made once."""
    return cache(lambda plan: analyze(simulated(plan).recording))


@pytest.fixture(scope="session")
def in_blocks() -> Callable[[Recording, Iterable[int]], Iterator[tuple[SampleBlock, ...]]]:
    """A recording cut after so many samples of both sensors together: what is pushed in one call each."""

    def cut(recording: Recording, edges: Iterable[int]) -> Iterator[tuple[SampleBlock, ...]]:
        worn = [block for place in SENSOR_PLACES if (block := recording.samples(place)) is not None]
        which = np.concatenate([np.full(len(block), k) for k, block in enumerate(worn)])
        order = np.argsort(np.concatenate([block.time_s for block in worn]), kind="stable")
        taken = [0] * len(worn)
        for start, end in pairwise([*edges, len(order)]):
            counts = np.bincount(which[order[start:end]], minlength=len(worn)).tolist()
            yield tuple(
                block[first : first + count]
                for block, first, count in zip(worn, taken, counts, strict=True)
                if count
            )
            taken = [first + count for first, count in zip(taken, counts, strict=True)]

    return cut
