"""Repetitions in which gyroscope and accelerometer contradict each other are told, others are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps import Recording, RepPlan, SetPlan, analyze, simulate
from imu_reps.domain.exercise import Exercise
from imu_reps.domain.finding import Finding
from imu_reps.report.findings import finding_text
from imu_reps.sim.wearer import PersonPlan

SET = SetPlan(reps=(RepPlan(concentric_s=2.0, eccentric_s=2.0),) * 10)


def late_in_the_middle(recording: Recording, late_s: float) -> Recording:
    """Write the ankle's rate late in the middle third."""
    assert recording.ankle is not None
    gyr_dps, by = recording.ankle.gyr_dps.copy(), round(100.0 * late_s)
    start, end = len(gyr_dps) // 3, 2 * len(gyr_dps) // 3
    gyr_dps[start:end] = recording.ankle.gyr_dps[start - by : end - by]
    return recording.with_samples(replace(recording.ankle, gyr_dps=gyr_dps))


def contradictions_of(recording: Recording) -> list[Finding]:
    return [found for found in analyze(recording).summary.findings if found.code == "gyro_contradicts"]


@pytest.mark.parametrize(("exercise", "late_s"), [("double_leg_raise", 0.5), ("hanging_leg_raise", 1.0)])
def test_repetitions_while_a_gyroscope_is_late_are_named(exercise: Exercise, late_s: float) -> None:
    recording = simulate(replace(SET, exercise=exercise, side="both")).recording
    assert contradictions_of(recording) == []
    (found,) = contradictions_of(late_in_the_middle(recording, late_s))
    assert set(found.reps) >= {5, 6}
    assert not set(found.reps) & {1, 2, 9, 10}
    assert (found.sensor, found.severity) == ("ankle", "caution")
    assert "gyroscope and accelerometer contradict each other" in finding_text(found)


def test_a_count_by_a_gyroscope_that_is_wrong_is_not_certain() -> None:
    recording = simulate(SET).recording
    assert analyze(recording).summary.set.rep_count_certainty == "high"
    assert analyze(late_in_the_middle(recording, 0.5)).summary.set.rep_count_certainty == "low"


def test_a_body_that_swings_at_the_bar_contradicts_nothing() -> None:
    person = PersonPlan(swing_deg=15.0)
    hanging = SetPlan(exercise="hanging_leg_raise", side="both", reps=SET.reps, person=person)
    assert contradictions_of(simulate(hanging).recording) == []
