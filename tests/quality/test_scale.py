"""Gyroscope scale in motion, and axes judged by walking: reported where wrong, and only there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Recording, RepPlan, SetPlan, simulate
from imu_reps.domain.samples import SensorPlace
from imu_reps.kinematics.clock.offline import fit_clock
from imu_reps.quality.channels import channels_of
from imu_reps.quality.gyroscope_in_motion import check_axes_in_motion, check_scale_in_motion, fit_turning
from imu_reps.quality.plausibility import check_recording
from imu_reps.quality.windows import Windows, windows_of
from imu_reps.report.findings import hint
from imu_reps.sim.wearer import LifePlan
from imu_reps.sim.wearer.set_plan import Act

#: A leg that is never calm: it turns at both ends without a pause.
RESTLESS = RepPlan(concentric_s=2.0, eccentric_s=2.0, top_pause_s=0.0, bottom_pause_s=0.0)
WALKS = LifePlan(before=(Act("walk", 8.0), Act("lie_down", 5.0)))


@pytest.fixture(scope="module")
def restless() -> Recording:
    return simulate(SetPlan(reps=(RESTLESS,) * 12)).recording


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_a_scale_is_reported_where_the_leg_is_never_calm(
    restless: Recording, place: SensorPlace, factor: float
) -> None:
    block = restless.samples(place)
    assert block is not None
    spoilt = restless.with_samples(replace(block, gyr_dps=block.gyr_dps * factor))
    findings = [finding for finding in check_recording(spoilt) if finding.severity != "info"]
    if factor == 1.0:
        assert findings == []
        return
    assert [(finding.code, finding.sensor) for finding in findings] == [("gyro_scale", place)]
    assert findings[0].values["ratio"] == pytest.approx(factor, abs=0.05)


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.2])
def test_walking_before_the_set_does_not_hide_the_scale(factor: float) -> None:
    plan = SetPlan(reps=(RESTLESS,) * 8, life=WALKS)
    block = simulate(plan).recording.ankle
    assert block is not None
    spoilt = simulate(plan).recording.with_samples(replace(block, gyr_dps=block.gyr_dps * factor))
    ratios = [f.values["ratio"] for f in check_recording(spoilt) if f.code == "gyro_scale"]
    assert ratios == ([] if factor == 1.0 else [pytest.approx(factor, abs=0.04)])


def test_a_factor_that_none_of_its_pieces_shares_is_not_reported(restless: Recording) -> None:
    """Soft tissue that rings on a fast leg fits a common factor of 1.5 where each piece has 1.3."""
    assert restless.ankle is not None
    spoilt = replace(restless.ankle, gyr_dps=restless.ankle.gyr_dps / 1.5)
    fit = fit_turning(ankle_windows(restless.with_samples(spoilt)))
    assert fit is not None
    elsewhere = replace(fit, own_factor=fit.own_factor - 0.2)

    assert [f.code for f in check_scale_in_motion("ankle", fit)] == ["gyro_scale"]
    assert list(check_scale_in_motion("ankle", elsewhere)) == []


def test_other_columns_repair_nothing_that_the_recorded_ones_explain(restless: Recording) -> None:
    """Soft tissue on a fast leg can draw the factor to 1.8, where much of the force remains."""
    windows = ankle_windows(restless)
    fit = fit_turning(windows)
    assert fit is not None
    strayed = replace(fit, factor=1.8, error=0.2, residual_variance=7.0)

    assert list(check_axes_in_motion("ankle", windows, strayed)) == []


def ankle_windows(recording: Recording) -> Windows:
    block = recording.ankle
    assert block is not None
    clock = fit_clock(block, recording.header.ankle)
    return windows_of({"ankle": clock}, {"ankle": channels_of(block)})["ankle"]


def test_pieces_that_hardly_show_a_scale_do_not_hide_it(restless: Recording) -> None:
    """The median of the pieces' own factors is that of pieces that know them."""
    assert restless.ankle is not None
    spoilt = replace(restless.ankle, gyr_dps=0.8 * restless.ankle.gyr_dps)
    fit = fit_turning(ankle_windows(restless.with_samples(spoilt)))
    assert fit is not None
    rough = np.arange(len(fit.pieces)) < len(fit.pieces) // 2 + 1
    spread = np.where(rough, 20.0 * fit.left + 1e3, fit.left)
    own = np.where(rough, 0.8, fit.own_factor)
    shaken = replace(fit, own_factor=own, left=spread, own_left=np.where(rough, spread - 1.0, fit.own_left))
    assert [f.code for f in check_scale_in_motion("ankle", shaken)] == ["gyro_scale"]


@pytest.mark.parametrize("factor", [2.0, 2.5])
def test_the_scale_of_fast_legs_is_known(factor: float) -> None:
    fast = RepPlan(concentric_s=0.55, eccentric_s=0.55, top_pause_s=0.1, bottom_pause_s=0.1, top_deg=80.0)
    recording = simulate(SetPlan(reps=(fast,) * 20)).recording
    assert recording.ankle is not None
    assert np.abs(recording.ankle.gyr_dps).max() > 250.0
    assert [f for f in check_recording(recording) if f.code.startswith("gyro")] == []
    doubled = replace(recording.ankle, gyr_dps=recording.ankle.gyr_dps * factor)
    (found,) = [f for f in check_recording(recording.with_samples(doubled)) if f.code.startswith("gyro")]
    assert found.values["ratio"] == pytest.approx(factor, rel=0.06)


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
@pytest.mark.parametrize("axis", [1, 2])  # the leg turns about the other one: inverting that changes nothing
def test_an_inverted_axis_is_named_where_the_leg_is_never_calm(
    restless: Recording, place: SensorPlace, axis: int
) -> None:
    block = restless.samples(place)
    assert block is not None
    signs = np.where(np.arange(3) == axis, -1.0, 1.0)
    spoilt = restless.with_samples(replace(block, acc_mps2=block.acc_mps2 * signs))
    findings = [finding for finding in check_recording(spoilt) if finding.code == "gyro_axes"]
    assert [(finding.severity, finding.sensor) for finding in findings] == [("refuse", place)]
    assert "multiplied by -1" in hint(findings[0])


def test_a_dead_axis_is_named_where_the_leg_is_never_calm(restless: Recording) -> None:
    assert restless.ankle is not None
    gyr_dps = restless.ankle.gyr_dps.copy()
    axis = int(gyr_dps.var(axis=0).argmax())
    gyr_dps[:, axis] = np.random.default_rng(0).normal(0.0, 0.1, len(gyr_dps))
    found = check_recording(restless.with_samples(replace(restless.ankle, gyr_dps=gyr_dps)))
    findings = [finding for finding in found if finding.code == "gyro_axes"]
    assert [finding.values for finding in findings] == [{"dead": f"gyr_{'xyz'[axis]}_dps"}]


@pytest.mark.parametrize(
    ("cranial", "anterior"), [("+x", "+z"), ("-x", "+z"), ("+z", "+x"), ("-z", "+x"), ("+y", "+z")]
)
def test_the_axis_towards_the_head_is_compared_with_walking(cranial: str, anterior: str) -> None:
    recording = simulate(SetPlan(life=WALKS)).recording
    right = recording.header.pelvis.cranial_axis
    sits = replace(recording.header.pelvis, cranial_axis=cranial, anterior_axis=anterior)
    all_findings = check_recording(replace(recording, header=replace(recording.header, pelvis=sits)))
    findings = [finding for finding in all_findings if finding.code == "walked_lying"]
    assert bool(findings) == (cranial != right)
    assert all(f"pelvis.cranial_axis: {right}" in hint(finding) for finding in findings)


def test_a_gyroscope_that_was_always_wrong_is_no_turned_sensor(restless: Recording) -> None:
    assert restless.ankle is not None
    noise = np.random.default_rng(0).normal(0.0, 0.05, restless.ankle.gyr_dps.shape)
    spoilt = restless.with_samples(
        replace(restless.ankle, gyr_dps=np.radians(restless.ankle.gyr_dps) + noise)
    )
    assert "sensor_turned" not in {finding.code for finding in check_recording(spoilt)}


@pytest.fixture(scope="module")
def good() -> Recording:
    return simulate(SetPlan(reps=(RepPlan(),) * 5)).recording


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
@pytest.mark.parametrize(
    ("factor", "named"),
    [(16.4, "±2000"), (57.29578, "from rad/s twice"), (131.0, "±250"), (1000.0, "thousandths")],
)
@pytest.mark.parametrize("set_of", ["good", "restless"])
def test_rates_far_too_large_are_of_another_unit(
    set_of: str, factor: float, named: str, place: SensorPlace, request: pytest.FixtureRequest
) -> None:
    recording = request.getfixturevalue(set_of)
    block = recording.samples(place)
    spoilt = recording.with_samples(replace(block, gyr_dps=block.gyr_dps * factor))
    refused = [finding for finding in check_recording(spoilt) if finding.severity == "refuse"]
    assert [(finding.code, finding.sensor) for finding in refused] == [("gyro_unit", place)]
    if refused[0].values["times"]:
        assert named in hint(refused[0])


@pytest.mark.parametrize("set_of", ["good", "restless"])
def test_rates_far_too_small_on_all_axes_are_no_dead_axis(
    set_of: str, request: pytest.FixtureRequest
) -> None:
    recording = request.getfixturevalue(set_of)
    for block in recording.blocks:
        recording = recording.with_samples(replace(block, gyr_dps=block.gyr_dps * 0.1))
    refused = [finding for finding in check_recording(recording) if finding.severity == "refuse"]
    assert {finding.code for finding in refused} <= {"gyro_unit", "gyro_scale"}
    assert refused
    assert not any("dead" in finding.values for finding in refused)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_swapped_axes_of_the_accelerometer_are_no_dead_axis(good: Recording, pair: tuple[int, int]) -> None:
    recording = good
    for block in good.blocks:
        acc = block.acc_mps2.copy()
        acc[:, list(pair)] = acc[:, list(pair[::-1])]
        recording = recording.with_samples(replace(block, acc_mps2=acc))
    refused = [finding for finding in check_recording(recording) if finding.severity == "refuse"]
    assert "gyro_axes" in {finding.code for finding in refused}
    assert not any("dead" in finding.values for finding in refused)


@pytest.mark.parametrize("unit", [1.0, 1.0 / 9.80665, 1000.0 / 9.80665])
def test_exchanged_columns_of_accelerometer_and_gyroscope_are_named(good: Recording, unit: float) -> None:
    recording = good
    for block in good.blocks:
        exchanged = replace(block, acc_mps2=block.gyr_dps, gyr_dps=block.acc_mps2 * unit)
        recording = recording.with_samples(exchanged)
    refused = [finding for finding in check_recording(recording) if finding.severity == "refuse"]
    assert {finding.code for finding in refused} == {"columns_exchanged"}
