"""Showing beside recording."""

from __future__ import annotations

import threading

import pytest

from imu_reps.cli.record.run import ThreadedEmitter
from imu_reps.domain.events import Ready
from imu_reps.session.session_events import SessionEvent, SetEvent


def heard(count: int) -> list[SessionEvent]:
    return [SetEvent(Ready(float(second), posture_checked=True)) for second in range(count)]


def test_everything_is_shown_in_order_before_it_is_left() -> None:
    shown: list[SessionEvent] = []
    with ThreadedEmitter(shown.append) as emit:
        for event in heard(100):
            emit(event)

    assert shown == heard(100)


def test_a_terminal_that_takes_nothing_holds_nothing_up() -> None:
    takes_again, shown = threading.Event(), list[SessionEvent]()

    def show(event: SessionEvent) -> None:
        assert takes_again.wait(30.0)
        shown.append(event)

    with ThreadedEmitter(show) as emit:
        for event in heard(50):
            emit(event)
        assert shown == []
        takes_again.set()

    assert shown == heard(50)


def test_a_reader_that_goes_away_ends_the_showing_and_is_told_on_leaving() -> None:
    shown: list[SessionEvent] = []

    def show(event: SessionEvent) -> None:
        shown.append(event)
        raise BrokenPipeError(32, "gone")

    aside = ThreadedEmitter(show)
    aside.__enter__()
    for event in heard(3):
        aside(event)

    with pytest.raises(BrokenPipeError):
        aside.__exit__(None, None, None)
    assert shown == heard(1)
