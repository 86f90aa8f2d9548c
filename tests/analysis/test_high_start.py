"""Legs that rest high: elevation is above the floor where it was seen, otherwise assumed and marked so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps import RepPlan, SensorPlan, SetPlan, Summary, analyze, simulate
from imu_reps.sim.wearer.sensor_plan import SlipPlan
from imu_reps.sim.wearer.set_plan import CutPlace, CutPlan

HELD_UP = SetPlan(
    exercise="double_leg_raise",
    side="both",
    start="high",
    reps=(RepPlan(top_deg=90.0, bottom_deg=45.0),) * 6,
)


def summed_up(plan: SetPlan) -> tuple[Summary, float]:
    """Return the summary of a set and the true resting elevation of its legs, deg."""
    made = simulate(plan, seed=5)
    return analyze(made.recording).summary, made.truth.reps[0].top_angle_deg


def is_assumed(summary: Summary) -> bool:
    return "start_assumed" in {finding.code for finding in summary.findings}


def test_the_floor_before_the_set_is_zero() -> None:
    summary, top_deg = summed_up(HELD_UP)

    assert not is_assumed(summary)
    assert [rep.top_angle_deg for rep in summary.reps] == pytest.approx([top_deg] * 6, abs=3.0)


def test_the_low_end_at_which_a_recording_begins_is_not_the_floor() -> None:
    low_to_high = CutPlan(begin=CutPlace(0, "far"), end=CutPlace(5, "rest"))
    summary, _ = summed_up(
        replace(HELD_UP, reps=(RepPlan(90.0, 45.0, bottom_pause_s=3.0),) * 6, cut=low_to_high)
    )

    assert is_assumed(summary)
    assert [rep.top_angle_deg for rep in summary.reps] == pytest.approx([90.0] * len(summary.reps), abs=3.0)


def test_a_floor_seen_only_after_a_strap_slip_is_the_floor_before_it() -> None:
    """The slip is turned back: no floor need be assumed."""
    slips = SensorPlan(slip=SlipPlan((0.0, 40.0, 0.0), 0.7, 0.2))
    plan = replace(HELD_UP, ankle=slips, cut=CutPlan(begin=CutPlace(0, "rest")))
    summary, _ = summed_up(plan)

    tops_deg = [rep.top_angle_deg for rep in summary.reps if rep.top_angle_deg is not None]
    assert not is_assumed(summary)
    assert len(tops_deg) >= 4  # not measured around the slip
    assert tops_deg == pytest.approx([90.0] * len(tops_deg), abs=1.0)


def test_a_named_axis_up_the_shank_holds_after_a_strap_slip() -> None:
    """No floor is seen: the legs are held up from the first sample to the last."""
    slips = SensorPlan(named=True, slip=SlipPlan((0.0, 40.0, 0.0), 0.7, 0.2))
    held = CutPlan(begin=CutPlace(0, "rest"), end=CutPlace(7, "rest"))
    reps = HELD_UP.reps[:1] * 8
    summary, _ = summed_up(replace(HELD_UP, reps=reps, ankle=slips, cut=held))

    tops_deg = [rep.top_angle_deg for rep in summary.reps if rep.top_angle_deg is not None]
    assert "ankle_turned" in {finding.code for finding in summary.findings}
    assert len(tops_deg) >= 5
    assert tops_deg == pytest.approx([90.0] * len(tops_deg), abs=6.0)
