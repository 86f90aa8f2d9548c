"""Showing session events in a thread of its own."""

from __future__ import annotations

import threading

import pytest

from imu_reps.cli.record.run import ThreadedEmitter
from imu_reps.domain.events import Ready
from imu_reps.session.session_events import SessionEvent, SetEvent


def ready_events(count: int) -> list[SessionEvent]:
    return [SetEvent(Ready(float(second), posture_checked=True)) for second in range(count)]


def test_all_events_are_shown_in_order_before_leaving() -> None:
    shown: list[SessionEvent] = []
    with ThreadedEmitter(shown.append) as emit:
        for event in ready_events(100):
            emit(event)

    assert shown == ready_events(100)


@pytest.mark.faults
def test_a_blocked_terminal_delays_nothing() -> None:
    takes_again, shown = threading.Event(), list[SessionEvent]()

    def show(event: SessionEvent) -> None:
        assert takes_again.wait(30.0)
        shown.append(event)

    with ThreadedEmitter(show) as emit:
        for event in ready_events(50):
            emit(event)
        assert shown == []
        takes_again.set()

    assert shown == ready_events(50)


@pytest.mark.faults
def test_a_closed_reader_ends_the_showing_and_is_raised_on_leaving() -> None:
    shown: list[SessionEvent] = []

    def show(event: SessionEvent) -> None:
        shown.append(event)
        raise BrokenPipeError(32, "gone")

    emitter = ThreadedEmitter(show)
    emitter.__enter__()
    for event in ready_events(3):
        emitter(event)

    with pytest.raises(BrokenPipeError):
        emitter.__exit__(None, None, None)
    assert shown == ready_events(1)
