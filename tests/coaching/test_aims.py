"""Cues for a target height, a set floor, and a rule that ends the set."""

from __future__ import annotations

from imu_reps import Tempo
from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.events import EndReached, LimitCrossed, SetEnded


def top(elevation_deg: float | None) -> EndReached:
    return EndReached(10.0, 1, "top", False, 10.0, elevation_deg)


def low(number: int) -> LimitCrossed:
    return LimitCrossed(12.0, number, "below_floor", 12.0, 20.0, 25.0, "deg", 20.0)


def codes(plan: CoachPlan, *events) -> list[str]:
    coach = Coach(plan)
    coach.tick(9.9)
    return [cue.code for event in events for cue in coach.take([event], event.time_s)]


def test_the_height_cue_is_given_where_the_target_height_is_reached() -> None:
    plan = CoachPlan(aimed_deg=60.0)

    assert codes(plan, top(61.0)) == ["in_range"]
    assert codes(plan, top(59.0)) == ["in_range"]  # a live angle may be wrong by 2°
    assert codes(plan, top(55.0)) == codes(plan, top(None)) == codes(CoachPlan(), top(61.0)) == []


def test_a_hold_at_the_target_height_keeps_its_cues() -> None:
    coach = Coach(CoachPlan(aimed_deg=60.0, tempo=Tempo(2.0, 0.0, 2.0, 3.0)))
    coach.tick(9.9)
    cues = {cue.code: cue.words for cue in coach.take([top(61.0)], 10.0)}

    assert cues == {"in_range": "", "hold": "hold, 3"}


def test_the_floor_cue_is_given_but_not_after_the_last_repetition() -> None:
    plan = CoachPlan(lowest_deg=25.0, reps=4)

    assert codes(plan, low(2)) == ["too_low"]
    assert codes(plan, low(4)) == codes(CoachPlan(reps=4), low(2)) == []


def test_a_rule_that_ends_the_set_is_cued() -> None:
    (cue,) = Coach(CoachPlan()).take([SetEnded(20.0, "faulty_reps", 5)], 20.0)

    assert cue.words == "we stop here, the form is going"
