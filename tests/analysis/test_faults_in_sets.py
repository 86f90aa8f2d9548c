"""Detectors that compare repetitions, and movements of a hanging body before the lift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from imu_reps import Analysis, Fault, RepFaults, RepPlan, SensorPlan, SetPlan
from imu_reps.sim.wearer import BodyPlan

Analysed = Callable[[SetPlan], Analysis]

LIFT = RepPlan(concentric_s=1.7, eccentric_s=2.0, top_pause_s=0.3, bottom_pause_s=0.6)


def jolting(*heights_deg: float | None, rep: RepPlan = LIFT) -> SetPlan:
    """Return a set with jolts at the given leg elevations, one per repetition; None is no jolt."""
    faults = [RepFaults() if h is None else RepFaults(jolt_mps2=8.0, jolt_at_deg=h) for h in heights_deg]
    return SetPlan(reps=tuple(replace(rep, faults=fault) for fault in faults))


def flagged(analysis: Analysis, code: str) -> list[int]:
    return [rep.number for rep in analysis.summary.reps if code in rep.flags]


def fault(analysis: Analysis, number: int, code: str) -> Fault:
    (found,) = [f for f in analysis.summary.reps[number - 1].faults if f.code == code]
    return found


def test_a_jolt_in_two_repetitions_is_random_and_in_three_a_snap(analysed: Analysed) -> None:
    assert flagged(analysed(jolting(25.0, None, 25.0, None, None)), "snap") == []
    assert flagged(analysed(jolting(25.0, None, 25.0, None, 25.0)), "snap") == [1, 3, 5]


def test_jolts_at_different_heights_are_no_snap(analysed: Analysed) -> None:
    assert flagged(analysed(jolting(12.0, 20.0, 28.0, 36.0, 44.0)), "snap") == []


def test_a_snap_gives_its_position_its_strength_and_its_uncertainty(analysed: Analysed) -> None:
    found = fault(analysed(jolting(30.0, 30.0, 30.0)), 2, "snap")

    assert found.at_angle_deg == pytest.approx(30.0, abs=3.0)
    assert found.unit == "m/s²"
    assert found.value > found.limit
    assert found.certainty == "experimental"


def test_leg_vibration_as_the_heel_meets_the_floor_is_no_snap(analysed: Analysed) -> None:
    hard = replace(LIFT, faults=RepFaults(heel_touch_mps2=12.0, heel_touch_s=0.03))
    analysis = analysed(SetPlan(reps=(hard,) * 5))

    assert flagged(analysis, "heel_touch") == [1, 2, 3, 4, 5]
    assert flagged(analysis, "snap") == []


def test_jerks_into_the_next_lift_are_neither_touch_nor_snap(analysed: Analysed) -> None:
    """The leg turns just above the floor and is jerked up again."""
    leap = replace(LIFT, bottom_deg=4.0, concentric_s=0.5, eccentric_s=0.7, bottom_pause_s=0.0)
    analysis = analysed(SetPlan(reps=(replace(leap, concentric_ramp=(0.25, 0.65)),) * 5))

    assert flagged(analysis, "momentum") == [1, 2, 3, 4, 5]
    assert flagged(analysis, "heel_touch") == []
    assert flagged(analysis, "snap") == []


def test_a_knee_that_stays_as_it_was_is_not_flagged(analysed: Analysed) -> None:
    """A knee bent from the first repetition on cannot be detected, and is not reported."""
    bent = replace(LIFT, faults=RepFaults(knee_bend_deg=45.0))

    assert flagged(analysed(SetPlan(reps=(bent,) * 6)), "knee_bend") == []


def test_the_knee_of_a_hardly_accelerated_leg_is_not_judged(analysed: Analysed) -> None:
    slow = replace(LIFT, concentric_s=4.0, eccentric_s=4.0)

    for rep in analysed(SetPlan(reps=(slow,) * 4)).summary.reps:
        assert "knee_bend" in rep.not_judged


def test_below_floor_requires_more_than_the_uncertainty_of_the_floor(analysed: Analysed) -> None:
    at = replace(LIFT, bottom_deg=20.0)
    reps = (at, replace(at, bottom_deg=19.0), replace(at, bottom_deg=16.0), at)
    analysis = analysed(SetPlan(reps=reps, floor_deg=20.0))

    assert flagged(analysis, "below_floor") == [3]
    found = fault(analysis, 3, "below_floor")
    assert found.value == pytest.approx(16.0, abs=1.0)
    assert found.limit == 20.0


def test_without_a_known_floor_nothing_is_below_it(analysed: Analysed) -> None:
    summary = analysed(jolting(None, None, None)).summary

    assert all("below_floor" not in (*rep.flags, *rep.not_judged) for rep in summary.reps)


@pytest.mark.parametrize(("sway_deg", "level"), [(2.0, None), (8.0, "watch"), (15.0, "flag")])
def test_a_lift_out_of_a_swing_of_the_hanging_body_is_momentum(
    analysed: Analysed, sway_deg: float, level: str | None
) -> None:
    """The phase of the swing decides which lifts it affects: some nearly fully, none more."""
    reps = (replace(LIFT, top_deg=80.0, concentric_s=2.0, bottom_pause_s=1.0),) * 6
    plan = SetPlan("hanging_leg_raise", "both", reps=reps, body=BodyPlan(sway_deg=sway_deg))
    found = [
        f
        for rep in analysed(plan).summary.reps
        for f in rep.faults
        if f.code == "momentum" and f.unit == "deg"
    ]

    worst = max(found, key=lambda f: abs(f.value), default=None)
    assert (None if worst is None else worst.level) == level
    assert all(abs(f.value) <= sway_deg + 1.0 for f in found)


def test_a_hanging_body_without_its_sensor_is_judged_by_the_leg_alone(analysed: Analysed) -> None:
    reps = (replace(LIFT, top_deg=80.0, concentric_s=2.0),) * 3
    plan = SetPlan("hanging_leg_raise", "both", reps=reps, body=BodyPlan(sway_deg=15.0), pelvis=None)

    for rep in analysed(plan).summary.reps:
        assert [f for f in rep.faults if f.unit == "deg"] == []
        assert "knee_bend" in rep.not_judged


@pytest.mark.parametrize("rate_hz", [52.0, 104.0, 200.0])
def test_a_recurring_jolt_is_found_at_any_sufficient_rate(analysed: Analysed, rate_hz: float) -> None:
    plan = replace(jolting(25.0, 25.0, 25.0, 25.0), ankle=SensorPlan(rate_hz=rate_hz))

    assert len(flagged(analysed(plan), "snap")) >= 3
