"""Legs that move as commanded, and simulated sets, each made once and shared by the tests."""

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
    """Return the share of the way covered at a share of its duration, for minimum jerk between rests."""
    return np.asarray(share**3 * (10.0 + share * (-15.0 + 6.0 * share)))


@pytest.fixture(scope="session")
def leg() -> Callable[[float, Iterable[Way]], np.ndarray]:
    """Build an angle on the grid from a start in deg and ways (to deg, duration in s) of minimum jerk."""

    def move(start_deg: float, ways: Iterable[Way]) -> np.ndarray:
        pieces, at_deg = [np.array([start_deg])], start_deg
        for to_deg, duration_s in ways:
            share = np.arange(1, round(duration_s * GRID_HZ) + 1) / round(duration_s * GRID_HZ)
            pieces.append(at_deg + (to_deg - at_deg) * minimum_jerk(share))
            at_deg = to_deg
        return np.concatenate(pieces)

    return move


@pytest.fixture(scope="session")
def simulated() -> Callable[[SetPlan], Simulated]:
    """Simulate the set of a plan, once per plan."""
    return cache(lambda plan: simulate(plan, seed=7))


@pytest.fixture(scope="session")
def analysed(simulated: Callable[[SetPlan], Simulated]) -> Callable[[SetPlan], Analysis]:
    """Analyse the simulated set of a plan, once per plan."""
    return cache(lambda plan: analyze(simulated(plan).recording))


@pytest.fixture(scope="session")
def in_blocks() -> Callable[[Recording, Iterable[int]], Iterator[tuple[SampleBlock, ...]]]:
    """Split a recording at sample counts of both sensors together; each part is the blocks of one push."""

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
    """Check that two event lists are equal but for rounding of sums taken in another order."""

    def same(events: list[Event], other_events: list[Event]) -> None:
        assert [type(event) for event in events] == [type(event) for event in other_events]
        for event, other in zip(events, other_events, strict=True):
            for (name, value), (other_name, other_value) in zip(_leaves(event), _leaves(other), strict=True):
                assert name == other_name
                if isinstance(other_value, float):
                    assert value == pytest.approx(other_value, abs=1e-9, rel=1e-9), name
                else:
                    assert value == other_value, name

    return same


def _leaves(event: Event) -> list[tuple[str, Any]]:
    """Return the name and value of every leaf of an event."""

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
