"""Wrapping clocks: unwrapped over losses and absences; restarts distinguished from repeats and damage."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.unwrap import (
    InOrder,
    PacketClock,
    Spacing,
    Stamped,
    after_link_loss,
    put_in_order,
    unwrap_near,
)

MICROSECONDS = 2**32
Arrivals = list[tuple[float, float]]


def followed(
    clock: PacketClock[int], arrivals: Arrivals
) -> tuple[PacketClock[int], list[tuple[int, float]], list[InOrder[int]]]:
    """Feed (device_s, arrival_s); return accepted packets as (index, unwrapped seconds)."""
    orders = []
    for i, (device_s, arrival_s) in enumerate(arrivals):
        value = round(device_s * 1e6) % MICROSECONDS
        clock, order = put_in_order(clock, Stamped(i, value, arrival_s))
        orders.append(order)
    taken = [(i, ticks / 1e6) for order in orders for i, ticks in order.packets]
    return clock, taken, orders


def fresh() -> PacketClock[int]:
    return PacketClock(1e6, MICROSECONDS)


@settings(max_examples=60, deadline=None)
@given(
    begins_s=st.floats(0, 4294.0),
    steps_s=st.lists(st.floats(0.001, 2000.0), min_size=1, max_size=20),
    drift=st.floats(-0.007, 0.007),
    delays_s=st.lists(st.floats(0, 1.0), min_size=21, max_size=21),
)
def test_a_wrapping_clock_continues_over_gaps_of_any_length(
    begins_s: float, steps_s: list[float], drift: float, delays_s: list[float]
) -> None:
    device = [begins_s]
    for step in steps_s:
        device.append(device[-1] + step)
    arrivals = [
        (at, (at - begins_s) * (1 + drift) + delay) for at, delay in zip(device, delays_s, strict=False)
    ]

    _, taken, orders = followed(fresh(), arrivals)

    first = round(begins_s * 1e6) % MICROSECONDS / 1e6
    assert [at for _, at in taken] == pytest.approx([first + at - begins_s for at in device], abs=2e-6)
    assert not any(order.restarted or order.repeated or order.damaged for order in orders)


@settings(max_examples=60, deadline=None)
@given(away_s=st.floats(0.1, 40_000.0), late_s=st.floats(0, 1.0))
def test_an_absence_longer_than_the_wrap_is_counted_by_the_host(away_s: float, late_s: float) -> None:
    clock, _, _ = followed(fresh(), [(100.0, 0.0), (100.1, 0.1)])

    _, taken, orders = followed(after_link_loss(clock), [(100.1 + away_s, 0.1 + away_s + late_s)])

    assert not orders[0].restarted
    assert taken[0][1] == pytest.approx(100.1 + away_s, abs=1e-5)


@pytest.mark.parametrize(("ran_s", "away_s"), [(10.0, 3.0), (1000.0, 5.0), (4000.0, 60.0), (20.0, 3000.0)])
def test_a_restarted_clock_is_noticed_at_the_second_packet(ran_s: float, away_s: float) -> None:
    clock, _, _ = followed(fresh(), [(ran_s, 0.0), (ran_s + 0.05, 0.05)])
    again = [(1.0, away_s), (1.05, away_s + 0.05), (1.1, away_s + 0.1)]

    clock, taken, orders = followed(after_link_loss(clock), again)

    assert [order.restarted for order in orders] == [False, True, False]
    assert [at for _, at in taken] == pytest.approx([1.0, 1.05, 1.1])


def test_a_repeated_packet_is_distinguished_from_a_restart() -> None:
    clock, _, orders = followed(fresh(), [(50.0, 0.0), (50.05, 0.05), (50.1, 0.1), (50.05, 0.11)])

    assert orders[-1] == InOrder(repeated=True)
    assert clock.newest == 50_100_000


def test_a_wild_clock_is_damage_when_the_next_packet_continues() -> None:
    arrivals = [(50.0, 0.0), (50.05, 0.05), (3000.0, 0.1), (50.15, 0.15)]

    _, taken, orders = followed(fresh(), arrivals)

    assert [i for i, _ in taken] == [0, 1, 3]
    assert [order.damaged for order in orders] == [0, 0, 0, 1]


def test_two_wild_clocks_that_disagree_are_damage_too() -> None:
    arrivals = [(50.0, 0.0), (50.05, 0.05), (3000.0, 0.1), (1000.0, 0.15), (50.2, 0.2)]

    _, taken, orders = followed(fresh(), arrivals)

    assert [i for i, _ in taken] == [0, 1, 4]
    assert sum(order.damaged for order in orders) == 2


def test_a_packet_may_be_late_by_any_time_on_an_unbroken_link() -> None:
    arrivals = [(50.0, 0.0), (50.05, 0.05), (50.1, 20.0), (50.15, 20.0), (70.1, 20.05)]

    _, taken, orders = followed(fresh(), arrivals)

    assert [i for i, _ in taken] == [0, 1, 2, 3, 4]
    assert not any(order.restarted for order in orders)


@given(value=st.integers(0, 65535), wraps=st.integers(-5, 1000), off=st.integers(-32767, 32767))
def test_a_counter_is_unwrapped_to_the_number_nearest_the_expected(value: int, wraps: int, off: int) -> None:
    true = value + 65536 * wraps

    assert unwrap_near(value, 65536, true + off) == true


def test_spacing_starts_from_the_data_sheet_and_then_follows_measurement() -> None:
    spacing = Spacing(0.01)
    assert spacing.period_s == 0.01

    for _ in range(400):
        spacing = spacing.learned(5 * 0.0098, 5)

    assert spacing.period_s == pytest.approx(0.0098, rel=1e-3)
