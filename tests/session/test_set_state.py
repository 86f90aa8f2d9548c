"""State of a running hold: its duration, and none where nothing is held."""

from __future__ import annotations

from imu_reps import Event
from imu_reps.domain.events import HoldBegan, HoldEnded, HoldGoesOn, Ready, SetEnded
from imu_reps.session.session_events import SetState, after

HELD: tuple[Event, ...] = (
    Ready(0.5, True),
    HoldBegan(4.9, 4.8, 25.0),
    HoldGoesOn(5.8, 1),
    HoldGoesOn(6.8, 2),
)


def stage_and_seconds(*events: Event) -> tuple[str, float | None]:
    """Return stage and held seconds after the given events."""
    state = SetState()
    for event in events:
        state = after(state, event)
    return state.stage, state.held_s


def test_the_seconds_run_while_the_legs_are_held() -> None:
    assert [stage_and_seconds(*HELD[:n]) for n in range(1, 5)] == [
        ("ready", None),
        ("running", 0.0),
        ("running", 1.0),
        ("running", 2.0),
    ]


def test_lowered_legs_are_not_held() -> None:
    assert stage_and_seconds(*HELD, HoldEnded(7.5, 7.0, 2.2, counts=False)) == ("running", None)


def test_a_set_that_ends_with_raised_legs_holds_nothing_any_more() -> None:
    assert stage_and_seconds(*HELD, SetEnded(7.0, "user", None)) == ("ended", None)
