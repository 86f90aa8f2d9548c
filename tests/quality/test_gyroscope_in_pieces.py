"""Gyroscopes that change in mid-set or are late: told with time and kind, and left out where wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from mutations import slow_rates_filtered, zeroes_itself

from imu_reps import Recording, RepPlan, SetPlan, analyze, simulate
from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.quality.plausibility import check_recording, examined
from imu_reps.report.findings import sentence

#: A leg that is never calm, and one that rests at both ends.
RESTLESS = RepPlan(concentric_s=2.0, eccentric_s=2.0, top_pause_s=0.0, bottom_pause_s=0.0)
RESTING = RepPlan(concentric_s=2.0, eccentric_s=2.0, top_pause_s=1.0, bottom_pause_s=1.0)


@pytest.fixture(scope="module", params=[RESTLESS, RESTING], ids=["restless", "resting"])
def whole(request: pytest.FixtureRequest) -> Recording:
    return simulate(SetPlan(reps=(request.param,) * 12)).recording


def _ankle(recording: Recording) -> SampleBlock:
    assert recording.ankle is not None
    return recording.ankle


def _with_rate(recording: Recording, gyr_dps: np.ndarray) -> Recording:
    return recording.with_samples(replace(_ankle(recording), gyr_dps=gyr_dps))


def _of_gyroscope(recording: Recording) -> list[Finding]:
    return [finding for finding in check_recording(recording) if finding.code.startswith("gyro")]


@pytest.mark.parametrize("ratio", [0.25, 0.5, 0.7, 1.5, 2.0])
@pytest.mark.parametrize("from_there_on", [True, False])
def test_a_scale_that_changes_is_told_with_its_time_and_costs_the_reps_there(
    whole: Recording, ratio: float, from_there_on: bool
) -> None:
    time_s = _ankle(whole).time_s
    at_s = 0.55 * float(time_s[-1])
    wrong = (time_s >= at_s) == from_there_on
    spoilt = _with_rate(whole, _ankle(whole).gyr_dps * np.where(wrong, ratio, 1.0)[:, None])
    (found,) = _of_gyroscope(spoilt)
    assert (found.code, found.sensor, found.severity) == ("gyro_changed", "ankle", "caution")
    assert found.values["ratio"] == pytest.approx(ratio, rel=0.2)
    assert (found.start_s if from_there_on else found.end_s) == pytest.approx(at_s, abs=5.5)
    reps, before = analyze(spoilt).summary.reps, analyze(whole).summary.reps
    measured = [rep for rep in reps if rep.range_deg is not None and rep.concentric_s is not None]
    assert 4 <= len(measured) <= len(reps) < len(before)
    for rep in measured:
        same = min(before, key=lambda other: abs(other.start_s - rep.start_s))
        assert rep.range_deg == pytest.approx(same.range_deg, abs=2.0)
        assert rep.concentric_s == pytest.approx(same.concentric_s, abs=0.1)


def test_the_stretch_of_a_gyroscope_that_changed_is_not_usable(whole: Recording) -> None:
    block = _ankle(whole)
    at_s = 0.5 * float(block.time_s[-1])
    checked = examined(_with_rate(whole, block.gyr_dps * np.where(block.time_s >= at_s, 0.5, 1.0)[:, None]))
    marked = checked.readings["ankle"]
    assert marked.bad[marked.timed.time_s > at_s + 1.0].all()
    assert not marked.bad[marked.timed.time_s < at_s - 6.0].any()


def test_an_axis_that_changes_its_sign_is_named(whole: Recording) -> None:
    gyr_dps = _ankle(whole).gyr_dps.copy()
    axis = int(gyr_dps.var(axis=0).argmax())
    gyr_dps[len(gyr_dps) // 2 :, axis] *= -1.0
    (found,) = _of_gyroscope(_with_rate(whole, gyr_dps))
    assert found.code == "gyro_changed"
    assert "with the other sign" in sentence(found)


@pytest.mark.parametrize("ratio", [-1.0, 0.5, 2.0])
def test_a_change_where_the_leg_turns_too_fast_for_quarter_seconds_is_told(ratio: float) -> None:
    fast = RepPlan(concentric_s=0.6, eccentric_s=0.9, top_pause_s=0.0, bottom_pause_s=0.0, top_deg=80.0)
    mixed = simulate(SetPlan(reps=(RESTLESS,) * 6 + (fast,) * 12)).recording
    block = _ankle(mixed)
    assert _of_gyroscope(mixed) == []
    wrong = block.time_s >= 0.6 * block.time_s[-1]
    (found,) = _of_gyroscope(_with_rate(mixed, block.gyr_dps * np.where(wrong, ratio, 1.0)[:, None]))
    assert found.code == "gyro_changed"


@pytest.mark.parametrize("late_s", [-0.8, -0.3, 0.3, 0.8])
def test_a_gyroscope_that_is_late_or_early_is_told_with_its_delay(late_s: float) -> None:
    resting = simulate(SetPlan(reps=(RESTING,) * 12)).recording
    block = _ankle(resting)
    rows = np.clip(np.arange(len(block)) - round(late_s * 100.0), 0, len(block) - 1)
    (found,) = _of_gyroscope(_with_rate(resting, block.gyr_dps[rows]))
    assert found.code == "gyro_late"
    assert found.values["late_s"] == pytest.approx(late_s, abs=0.1)


@pytest.mark.parametrize("times", [0.5, 2.0])
@pytest.mark.parametrize("place", ["pelvis", "ankle"])
def test_an_accelerometer_that_changes_its_scale_is_left_out_from_there_on(
    whole: Recording, times: float, place: SensorPlace
) -> None:
    block = whole.samples(place)
    assert block is not None
    at_s = 0.6 * float(block.time_s[-1])
    acc_mps2 = block.acc_mps2 * np.where(block.time_s >= at_s, times, 1.0)[:, None]
    spoilt = whole.with_samples(replace(block, acc_mps2=acc_mps2))
    (found,) = [finding for finding in check_recording(spoilt) if finding.severity != "info"]
    assert (found.code, found.sensor) == ("scaled_samples", place)
    assert found.start_s == pytest.approx(at_s, abs=1.5)
    assert analyze(spoilt).summary.set.rep_count == (12 if place == "pelvis" else 7)


def zeroing_itself(recording: Recording) -> Recording:
    return recording.with_samples(zeroes_itself(_ankle(recording), np.random.default_rng(1)))


def without_slow_rates(recording: Recording) -> Recording:
    return recording.with_samples(slow_rates_filtered(_ankle(recording), np.random.default_rng(1)))


def off_by_six(recording: Recording) -> Recording:
    """Move the zero of one axis for fifteen seconds."""
    since_s = _ankle(recording).time_s - 0.4 * float(_ankle(recording).time_s[-1])
    there = ((since_s > 0.0) & (since_s < 15.0))[:, None]
    return _with_rate(recording, _ankle(recording).gyr_dps + there * [6.0, 0.0, 0.0])


@pytest.mark.parametrize("spoil", [zeroing_itself, without_slow_rates, off_by_six])
def test_a_zero_that_moves_is_told_with_its_time(spoil: Callable[[Recording], Recording]) -> None:
    slow = simulate(
        SetPlan(reps=(RepPlan(concentric_s=4.0, top_pause_s=3.0, eccentric_s=4.0),) * 5)
    ).recording
    assert _of_gyroscope(slow) == []
    (found,) = _of_gyroscope(spoil(slow))
    assert found.code == "gyro_zero"
    assert found.values["off_dps"] > 2.0
    if spoil is off_by_six:
        start_s = 0.4 * float(_ankle(slow).time_s[-1])
        assert found.start_s == pytest.approx(start_s, abs=2.0)
        assert found.end_s == pytest.approx(start_s + 15.0, abs=3.0)
