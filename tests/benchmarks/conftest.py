"""The set that is timed, and how two things are compared: in turns, by their medians."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

import pytest

from imu_reps import Recording, SetPlan, simulate
from imu_reps.sim.wearer import LifePlan, RepPlan

SET_S = 60.0


@pytest.fixture(scope="session")
def minute_set() -> Recording:
    """A minute of two sensors at 100 Hz: ten repetitions and the rest around them."""
    plan = SetPlan(reps=(RepPlan(),) * 10, life=LifePlan(still_before_s=4.0, rest_after_s=4.6))
    recording = simulate(plan).recording
    assert recording.ankle is not None
    assert recording.ankle.time_s[-1] == pytest.approx(SET_S, abs=1.0)
    return recording


def _medians_s(rounds: int, *actions: Callable[[], object]) -> list[float]:
    durations: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, of_action in zip(actions, durations, strict=True):
            begin = perf_counter()
            action()
            of_action.append(perf_counter() - begin)
    return [median(of_action) for of_action in durations]


@pytest.fixture
def medians_s() -> Callable[..., list[float]]:
    """Median duration of each action over `rounds` turns, taken one after another in every turn."""
    return _medians_s
