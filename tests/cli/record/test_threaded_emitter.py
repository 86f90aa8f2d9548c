"""Showing session events in a thread of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import nullcontext

import pytest

from imu_reps.cli.record.run import ThreadedEmitter
from imu_reps.domain.events import Ready
from imu_reps.session.session_events import SessionEvent, SetEvent


def ready_events(count: int) -> list[SessionEvent]:
    return [SetEvent(Ready(float(second), posture_checked=True)) for second in range(count)]


def test_all_events_are_shown_in_order_before_leaving() -> None:
    shown: list[SessionEvent] = []
    with ThreadedEmitter(nullcontext(shown.append)) as emit:
        for event in ready_events(100):
            emit(event)

    assert shown == ready_events(100)


@pytest.mark.faults
def test_a_blocked_terminal_delays_nothing() -> None:
    takes_again, shown = threading.Event(), list[SessionEvent]()

    def show(event: SessionEvent) -> None:
        assert takes_again.wait(30.0)
        shown.append(event)

    with ThreadedEmitter(nullcontext(show)) as emit:
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

    emitter = ThreadedEmitter(nullcontext(show))
    emitter.__enter__()
    for event in ready_events(3):
        emitter(event)

    with pytest.raises(BrokenPipeError):
        emitter.__exit__(None, None, None)
    assert shown == ready_events(1)


@pytest.mark.faults
def test_a_terminal_that_takes_nothing_any_more_does_not_keep_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for_ever = threading.Event()
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # restored afterwards
    began_s = time.monotonic()
    with ThreadedEmitter(nullcontext(lambda _: for_ever.wait()), patience_s=0.3) as emit:
        for event in ready_events(5):
            emit(event)

    assert time.monotonic() - began_s < 5.0
    with sys.stdout as nowhere:
        assert nowhere.name == os.devnull
    for_ever.set()


def test_a_display_that_fails_keeps_nobody_waiting() -> None:
    def show(event: SessionEvent) -> None:
        raise ValueError(event)

    emitter = ThreadedEmitter(nullcontext(show))
    emitter.__enter__()
    for event in ready_events(3):
        emitter(event)
    emitter.flush()

    with pytest.raises(ValueError, match="Ready"):
        emitter.__exit__(None, None, None)
