"""The set that is timed, and how durations are compared: alternately, within one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time

import pytest

from imu_reps import Recording, RepPlan, SetPlan, simulate
from imu_reps.sim.wearer import LifePlan

SET_S = 60.0


@pytest.fixture(scope="session")
def minute_set() -> Recording:
    """Return a minute of two sensors at 100 Hz: ten repetitions and the rests around them."""
    plan = SetPlan(reps=(RepPlan(),) * 10, life=LifePlan(still_before_s=4.0, rest_after_s=4.6))
    recording = simulate(plan).recording
    assert recording.ankle is not None
    assert recording.ankle.time_s[-1] == pytest.approx(SET_S, abs=1.0)
    return recording


def _durations_s(
    clock: Callable[[], float], rounds: int, actions: Sequence[Callable[[], object]]
) -> list[list[float]]:
    durations: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, of_action in zip(actions, durations, strict=True):
            begin = clock()
            action()
            of_action.append(clock() - begin)
    return durations


@pytest.fixture
def medians_s() -> Callable[..., list[float]]:
    """Median duration of each action over `rounds` rounds, the actions alternating within each round."""
    return lambda rounds, *actions: [median(one) for one in _durations_s(perf_counter, rounds, actions)]


@pytest.fixture
def min_s() -> Callable[..., list[float]]:
    """Shortest processor time of each action over `rounds` rounds: the least affected by other processes."""
    return lambda rounds, *actions: [min(one) for one in _durations_s(process_time, rounds, actions)]
