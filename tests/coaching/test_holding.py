"""Cues during a hold, and which of them are dropped."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest

from imu_reps import Event
from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import HoldBegan, HoldEnded, HoldGoesOn, LimitCrossed, SetEnded

BEGAN_S = 4.0


def seconds(until: int) -> list[Event]:
    return [HoldBegan(BEGAN_S, BEGAN_S, 25.0), *(HoldGoesOn(BEGAN_S + n, n) for n in range(1, until + 1))]


def ended(held_s: float) -> list[Event]:
    over_s = BEGAN_S + held_s
    return [HoldEnded(over_s + 0.5, over_s, held_s, held_s >= 3.0), SetEnded(over_s + 2.0, "legs_down", None)]


def arched(at_s: float) -> LimitCrossed:
    return LimitCrossed(BEGAN_S + at_s, 1, "back_arch", BEGAN_S + at_s - 0.2, 6.8, 6.0, "deg", 25.0)


def spoken_cues(given: Iterable[Event], target_s: float | None = None) -> list[Cue]:
    """Return the cues, polling the coach every 50 ms until some time after the last event."""
    events = sorted(given, key=lambda event: event.time_s)
    coach, cues = Coach(CoachPlan(hold_s=target_s)), list[Cue]()
    for now_s in (0.05 * k for k in range(round(events[-1].time_s / 0.05) + 60)):
        cues += coach.take([e for e in events if now_s - 0.05 < e.time_s <= now_s], now_s)
    return cues


def words(cues: list[Cue]) -> list[tuple[int, str]]:
    """Return the second of each cue within the hold, with its words."""
    return [(round(cue.time_s - BEGAN_S), cue.words) for cue in cues]


def test_an_open_hold_is_cued_every_ten_seconds_and_its_duration_at_the_end() -> None:
    cues = spoken_cues([*seconds(24), *ended(24.3)])

    assert words(cues) == [
        (0, "hold"),
        (10, "10 seconds"),
        (20, "20 seconds"),
        (25, "and done, 24 seconds"),
    ]


def test_the_last_seconds_of_a_target_are_counted_down_to_done() -> None:
    cues = spoken_cues([*seconds(22), *ended(22.0)], target_s=20.0)

    assert words(cues) == [
        (0, "hold"),
        (10, "10 seconds"),
        (17, "3"),
        (18, "2"),
        (19, "1"),
        (20, "and done"),
    ]


def test_a_hold_that_ends_before_the_target_is_cued_with_its_duration() -> None:
    assert words(spoken_cues([*seconds(7), *ended(7.4)], target_s=20.0))[-1] == (8, "and done, 7 seconds")


def test_the_countdown_takes_precedence_over_the_tens() -> None:
    assert (10, "2") in words(spoken_cues([*seconds(12), *ended(12.0)], target_s=12.0))


def test_a_back_that_lets_go_is_cued_at_once_and_takes_precedence_over_the_seconds() -> None:
    cues = spoken_cues([*seconds(14), arched(10.0), *ended(14.0)])

    assert (10, "flat back") in words(cues)
    assert (10, "10 seconds") not in words(cues)


def test_the_back_is_not_cued_once_the_hold_is_done() -> None:
    assert "press_back" not in [cue.code for cue in spoken_cues([*seconds(12), arched(11.0)], target_s=10.0)]


@pytest.mark.parametrize("target_s", [None, 20.0])
def test_legs_that_come_down_at_once_are_no_hold_and_the_next_lift_may_be(target_s: float | None) -> None:
    kick: list[Event] = [HoldBegan(1.0, 1.0, 25.0), HoldEnded(1.5, 1.4, 0.4, counts=False)]

    assert [cue.words for cue in spoken_cues([*kick, *seconds(2)], target_s)] == ["hold", "hold"]


def test_cues_never_overlap() -> None:
    cues = spoken_cues([*seconds(20), arched(9.8), arched(16.5), *ended(20.0)], target_s=20.0)

    assert all(one.time_s + one.duration_s <= following.time_s for one, following in pairwise(cues))
