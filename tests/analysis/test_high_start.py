"""Legs that rest high: their elevation is above the floor where it was seen, else assumed and said so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps import RepPlan, SensorPlan, SetPlan, Summary, analyze, simulate
from imu_reps.sim.wearer.person_plan import CutPlace, CutPlan
from imu_reps.sim.wearer.sensor_plan import SlipPlan

HELD_UP = SetPlan(
    exercise="double_leg_raise",
    side="both",
    start="high",
    reps=(RepPlan(top_deg=90.0, bottom_deg=45.0),) * 6,
)


def summed_up(plan: SetPlan) -> tuple[Summary, float]:
    """A set as it is summed up, and where its legs truly rest, degrees."""
    made = simulate(plan, seed=5)
    return analyze(made.recording).summary, made.truth.reps[0].top_angle_deg


def is_assumed(summary: Summary) -> bool:
    return "start_assumed" in {finding.code for finding in summary.findings}


def test_the_floor_before_the_set_is_zero() -> None:
    summary, top_deg = summed_up(HELD_UP)

    assert not is_assumed(summary)
    assert [rep.top_angle_deg for rep in summary.reps] == pytest.approx([top_deg] * 6, abs=3.0)


def test_the_low_end_that_a_recording_begins_in_is_not_the_floor() -> None:
    low_to_high = CutPlan(begin=CutPlace(0, "far"), end=CutPlace(5, "rest"))
    summary, _ = summed_up(
        replace(HELD_UP, reps=(RepPlan(90.0, 45.0, bottom_pause_s=3.0),) * 6, cut=low_to_high)
    )

    assert is_assumed(summary)
    assert [rep.top_angle_deg for rep in summary.reps] == pytest.approx([90.0] * len(summary.reps), abs=3.0)


def test_the_floor_after_a_strap_has_slipped_is_not_that_of_before() -> None:
    slips = SensorPlan(slip=SlipPlan((0.0, 40.0, 0.0), 0.7, 0.2))
    plan = replace(HELD_UP, ankle=slips, cut=CutPlan(begin=CutPlace(0, "rest")))
    summary, _ = summed_up(plan)

    tops_deg = [rep.top_angle_deg for rep in summary.reps if rep.top_angle_deg is not None]
    assert is_assumed(summary)
    assert len(tops_deg) >= 4  # where the strap slips it is not measured
    assert tops_deg == pytest.approx([90.0] * len(tops_deg), abs=6.0)


def test_a_named_axis_up_the_shank_holds_after_the_strap_has_slipped() -> None:
    """No floor is seen: the legs are held up from the recording's first sample to its last."""
    slips = SensorPlan(named=True, slip=SlipPlan((0.0, 40.0, 0.0), 0.7, 0.2))
    held = CutPlan(begin=CutPlace(0, "rest"), end=CutPlace(7, "rest"))
    reps = HELD_UP.reps[:1] * 8
    summary, _ = summed_up(replace(HELD_UP, reps=reps, ankle=slips, cut=held))

    tops_deg = [rep.top_angle_deg for rep in summary.reps if rep.top_angle_deg is not None]
    assert "ankle_turned" in {finding.code for finding in summary.findings}
    assert len(tops_deg) >= 5
    assert tops_deg == pytest.approx([90.0] * len(tops_deg), abs=6.0)
