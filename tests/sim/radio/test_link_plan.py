"""The arithmetic of the radio: when connection events are, and which faults occur."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sim.radio.link_plan import Faults, LinkPlan, Timetable, spoil

BEGINS_S = 1000.0


def timetable(seed: int = 0, **changes: object) -> Timetable:
    return Timetable(LinkPlan(**changes), BEGINS_S, BEGINS_S, np.random.default_rng(seed))  # type: ignore[arg-type]


def events(table: Timetable, n: int) -> np.ndarray:
    found = [table.event_from(BEGINS_S)]
    while len(found) < n:
        found.append(table.event_after(found[-1]))
    return np.array(found)


@given(st.integers(0, 1000), st.sampled_from([0.0075, 0.015, 0.03]))
@settings(deadline=None, max_examples=20)
def test_events_come_at_the_connection_interval(seed: int, interval_s: float) -> None:
    found = events(timetable(seed, interval_s=interval_s), 50)

    assert np.diff(found) == pytest.approx(interval_s, abs=1e-9)
    assert BEGINS_S <= found[0] <= BEGINS_S + interval_s


def test_the_phase_is_random() -> None:
    first = {round(timetable(seed).event_from(BEGINS_S) - BEGINS_S, 6) for seed in range(20)}

    assert len(first) == 20


@given(st.floats(0.0, 5.0), st.integers(0, 9))
@settings(deadline=None, max_examples=50)
def test_a_packet_never_waits_longer_than_an_interval(after_s: float, seed: int) -> None:
    handed_over_s = BEGINS_S + after_s

    leaves_s = timetable(seed).event_from(handed_over_s)

    assert handed_over_s <= leaves_s <= handed_over_s + 0.015 + 1e-9


def test_no_event_falls_into_a_stall() -> None:
    table = timetable(stalls=((0.5, 0.2), (1.0, 0.1)))

    found = events(table, 100) - BEGINS_S

    for start_s, end_s in ((0.5, 0.7), (1.0, 1.1)):
        assert not ((found >= start_s) & (found < end_s)).any()
        assert (found > end_s).any()


def test_random_stalls_are_as_frequent_as_planned() -> None:
    found = events(timetable(seed=3, stalls_per_min=30.0), 20_000)

    gaps = np.diff(found) > 0.03
    minutes = (found[-1] - found[0]) / 60.0
    # 30 per minute over 5 minutes: 150 expected, four standard deviations to either side
    assert 30.0 * minutes - 50 < gaps.sum() < 30.0 * minutes + 50


@given(st.binary(max_size=60), st.integers(0, 99))
@settings(deadline=None, max_examples=50)
def test_each_fault_has_its_stated_effect(data: bytes, seed: int) -> None:
    def spoilt(faults: Faults) -> list[bytes]:
        return spoil(data, faults, np.random.default_rng(seed))

    assert spoilt(Faults()) == [data]
    assert spoilt(Faults(loss=1.0)) == []
    assert spoilt(Faults(duplicate=1.0)) == [data, data]
    assert spoilt(Faults(garbage=1.0))[-1:] == [data]
    assert len(spoilt(Faults(garbage=1.0))) == 2
    (cut,), (garbled,) = spoilt(Faults(truncate=1.0)), spoilt(Faults(garble=1.0))
    assert data.startswith(cut)
    assert len(cut) < len(data) or not data
    assert len(garbled) == len(data)
    assert garbled != data or not data


def test_faults_are_as_frequent_as_planned() -> None:
    rng = np.random.default_rng(0)

    arrived = sum(len(spoil(b"x", Faults(loss=0.1), rng)) for _ in range(10_000))

    assert arrived == pytest.approx(9000, abs=120)
