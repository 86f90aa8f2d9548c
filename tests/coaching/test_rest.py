"""What is said in a rest, and that a short one does not chatter."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.coaching.coach import BEGIN_S, Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue

BEGAN_S = 100.0


def said_in(rest_s: float, move_to: Any = None, asked_s: float = 0.05) -> list[Cue]:
    """All that is said, the coach asked so often until long after the end."""
    coach = Coach(CoachPlan())
    said = coach.rest(rest_s, move_to, BEGAN_S)
    for k in range(round((rest_s + 10.0) / asked_s)):
        said += coach.tick(BEGAN_S + k * asked_s)
    return said


def test_a_rest_says_that_it_began_what_is_left_and_when_to_lie_down() -> None:
    assert [(cue.time_s - BEGAN_S, cue.words) for cue in said_in(60.0)] == [
        (2.5, "rest"),
        (30.0, "30 seconds"),
        (50.0, "10 seconds"),
        (56.0, "lie down and lie still"),
    ]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_sensor_that_has_to_be_moved_is_told_of_twice(side: str) -> None:
    assert [(cue.time_s - BEGAN_S, cue.words) for cue in said_in(60.0, side)] == [
        (2.5, f"rest, move the ankle sensor to your {side} leg"),
        (30.0, f"30 seconds, ankle sensor on your {side} leg"),
        (50.0, "10 seconds"),
        (56.0, "lie down and lie still"),
    ]


def test_the_reminder_comes_with_ten_seconds_left_where_thirty_are_too_many() -> None:
    assert [cue.words for cue in said_in(25.0, "left")] == [
        "rest, move the ankle sensor to your left leg",
        "10 seconds, ankle sensor on your left leg",
        "lie down and lie still",
    ]


@pytest.mark.parametrize(
    ("rest_s", "words"),
    [
        (0.0, []),
        (3.0, []),
        (4.0, ["rest"]),
        (8.0, ["rest", "lie down and lie still"]),
        (15.0, ["rest", "lie down and lie still"]),
    ],
)
def test_a_rest_too_short_for_its_words_says_less(rest_s: float, words: list[str]) -> None:
    assert [cue.words for cue in said_in(rest_s)] == words


@settings(deadline=None, max_examples=60)
@given(st.floats(0.0, 200.0), st.sampled_from([None, "left", "right"]), st.sampled_from([0.03, 0.05, 0.1]))
def test_nothing_overlaps_and_nothing_runs_into_a_set(rest_s: float, move_to: Any, asked_s: float) -> None:
    said = said_in(rest_s, move_to, asked_s)

    for cue, after in pairwise(said):
        assert cue.time_s + cue.lasts_s < after.time_s
    if said:
        assert said[0].time_s >= BEGAN_S + BEGIN_S
        assert said[-1].time_s + said[-1].lasts_s <= BEGAN_S + rest_s
