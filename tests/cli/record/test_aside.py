"""Showing beside recording."""

from __future__ import annotations

import threading

import pytest

from imu_reps.cli.record.run import Aside
from imu_reps.domain.events import Ready
from imu_reps.session.session_events import Heard, Told


def heard(count: int) -> list[Told]:
    return [Heard(Ready(float(second), posture_checked=True)) for second in range(count)]


def test_everything_is_shown_in_order_before_it_is_left() -> None:
    shown: list[Told] = []
    with Aside(shown.append) as tell:
        for told in heard(100):
            tell(told)

    assert shown == heard(100)


def test_a_terminal_that_takes_nothing_holds_nothing_up() -> None:
    takes_again, shown = threading.Event(), list[Told]()

    def show(told: Told) -> None:
        assert takes_again.wait(30.0)
        shown.append(told)

    with Aside(show) as tell:
        for told in heard(50):
            tell(told)
        assert shown == []
        takes_again.set()

    assert shown == heard(50)


def test_a_reader_that_goes_away_ends_the_showing_and_is_told_on_leaving() -> None:
    shown: list[Told] = []

    def show(told: Told) -> None:
        shown.append(told)
        raise BrokenPipeError(32, "gone")

    aside = Aside(show)
    aside.__enter__()
    for told in heard(3):
        aside(told)

    with pytest.raises(BrokenPipeError):
        aside.__exit__(None, None, None)
    assert shown == heard(1)
