"""What is heard of a height aimed at and of a floor that was set, and of a rule that ends the set."""

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


def test_the_height_aimed_at_sounds_where_it_is_reached() -> None:
    plan = CoachPlan(aimed_deg=60.0)

    assert codes(plan, top(61.0)) == ["in_range"]
    assert codes(plan, top(59.0)) == ["in_range"]  # a live angle may be wrong by two degrees
    assert codes(plan, top(55.0)) == codes(plan, top(None)) == codes(CoachPlan(), top(61.0)) == []


def test_a_hold_at_that_height_keeps_its_words() -> None:
    coach = Coach(CoachPlan(aimed_deg=60.0, tempo=Tempo(2.0, 0.0, 2.0, 3.0)))
    coach.tick(9.9)
    said = {cue.code: cue.words for cue in coach.take([top(61.0)], 10.0)}

    assert said == {"in_range": "", "hold": "hold, 3"}


def test_the_floor_that_was_set_sounds_but_not_after_the_last_repetition() -> None:
    plan = CoachPlan(lowest_deg=25.0, reps=4)

    assert codes(plan, low(2)) == ["too_low"]
    assert codes(plan, low(4)) == codes(CoachPlan(reps=4), low(2)) == []


def test_a_rule_that_ends_the_set_is_said() -> None:
    (cue,) = Coach(CoachPlan()).take([SetEnded(20.0, "faulty_reps", 5)], 20.0)

    assert cue.words == "we stop here, the form is going"
