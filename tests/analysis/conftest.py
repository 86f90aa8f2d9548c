"""Legs that move as commanded, and simulated sets: made once, asked often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from imu_reps import Analysis, Event, Recording, SampleBlock, SetPlan, Simulated, analyze, simulate
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.domain.track import GRID_HZ

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


@pytest.fixture(scope="session")
def same_events() -> Callable[[list[Event], list[Event]], None]:
    """That two pipelines said the same, but for the rounding of sums taken in another order."""

    def same(events: list[Event], others: list[Event]) -> None:
        assert [type(event) for event in events] == [type(event) for event in others]
        for event, other in zip(events, others, strict=True):
            for (name, value), (other_name, other_value) in zip(_leaves(event), _leaves(other), strict=True):
                assert name == other_name
                if isinstance(other_value, float):
                    assert value == pytest.approx(other_value, abs=1e-9, rel=1e-9), name
                else:
                    assert value == other_value, name

    return same


def _leaves(event: Event) -> list[tuple[str, Any]]:
    """Every leaf of an event, named."""

    def leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from leaves(f"{name}.{key}", inner)
        elif isinstance(value, list | tuple):
            for k, inner in enumerate(value):
                yield from leaves(f"{name}.{k}", inner)
        else:
            yield name, value

    return list(leaves(type(event).__name__, asdict(event)))
