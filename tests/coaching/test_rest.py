"""Cues of a rest, and that a short rest has fewer of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cue_words import TIMING
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue

BEGAN_S = 100.0


def cues_of_rest(rest_s: float, move_to: Any = None, asked_s: float = 0.05) -> list[Cue]:
    """Return all cues of a rest, polling the coach every `asked_s` until long after its end."""
    coach = Coach(CoachPlan())
    cues = coach.rest(rest_s, move_to, BEGAN_S)
    for k in range(round((rest_s + 10.0) / asked_s)):
        cues += coach.tick(BEGAN_S + k * asked_s)
    return cues


def test_a_rest_cues_its_beginning_the_time_left_and_when_to_lie_down() -> None:
    assert [(cue.time_s - BEGAN_S, cue.words) for cue in cues_of_rest(60.0)] == [
        (2.5, "rest"),
        (30.0, "30 seconds"),
        (50.0, "10 seconds"),
        (56.0, "lie down and lie still"),
    ]


@pytest.mark.parametrize("side", ["left", "right"])
def test_moving_the_sensor_is_cued_twice(side: str) -> None:
    assert [(cue.time_s - BEGAN_S, cue.words) for cue in cues_of_rest(60.0, side)] == [
        (2.5, f"rest, move the ankle sensor to your {side} leg"),
        (30.0, f"30 seconds, ankle sensor on your {side} leg"),
        (50.0, "10 seconds"),
        (56.0, "lie down and lie still"),
    ]


def test_the_reminder_comes_with_ten_seconds_left_where_thirty_are_too_many() -> None:
    assert [cue.words for cue in cues_of_rest(25.0, "left")] == [
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
def test_a_rest_too_short_for_its_cues_has_fewer(rest_s: float, words: list[str]) -> None:
    assert [cue.words for cue in cues_of_rest(rest_s)] == words


@settings(deadline=None, max_examples=60)
@given(st.floats(0.0, 200.0), st.sampled_from([None, "left", "right"]), st.sampled_from([0.03, 0.05, 0.1]))
def test_cues_never_overlap_and_none_runs_into_a_set(rest_s: float, move_to: Any, asked_s: float) -> None:
    cues = cues_of_rest(rest_s, move_to, asked_s)

    for cue, after in pairwise(cues):
        assert cue.time_s + cue.duration_s < after.time_s
    if cues:
        assert cues[0].time_s >= BEGAN_S + TIMING.rest_begin_s
        assert cues[-1].time_s + cues[-1].duration_s <= BEGAN_S + rest_s
