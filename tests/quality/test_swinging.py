"""Limbs that never rest: a body that swings from a bar, a leg that moves on between its lifts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Header, Recording, SampleBlock
from imu_reps.quality.plausibility import check_recording

G_MPS2 = 9.80665
RATE_HZ, DURATION_S = 100.0, 40.0


def pendulum(amplitude_deg: float, arm_m: float, length_m: float, seed: int) -> Recording:
    """Simulate an ankle sensor on a rigid body that swings as a pendulum, `arm_m` below the bar.

    Along its arm a point of a pendulum feels g cos a + arm w², across it g sin a + arm w', with
    w' = -(g / length) sin a: below the length, the force turns the other way than the body.
    """
    time_s = np.arange(0.0, DURATION_S, 1.0 / RATE_HZ)
    rng = np.random.default_rng(seed)
    turning = np.sqrt(G_MPS2 / length_m)
    angle = np.radians(amplitude_deg) * np.sin(turning * time_s)
    rate, change = np.gradient(angle, time_s), -(G_MPS2 / length_m) * np.sin(angle)
    along, across = G_MPS2 * np.cos(angle) + arm_m * rate**2, G_MPS2 * np.sin(angle) + arm_m * change
    nothing = np.zeros_like(time_s)
    acc = np.column_stack([across, nothing, along]) + rng.normal(0.0, 0.02, (len(time_s), 3))
    gyr = np.column_stack([nothing, -np.degrees(rate), nothing]) + rng.normal(0.0, 0.1, (len(time_s), 3))
    header = Header(exercise="hanging_leg_raise", posture="hanging", side="both")
    ankle = SampleBlock("ankle", time_s, np.arange(len(time_s)), time_s.copy(), acc, gyr)
    return Recording(header, None, ankle)


@pytest.mark.parametrize("amplitude_deg", [6.0, 10.0, 15.0])
@pytest.mark.parametrize("arm_m", [1.6, 1.8, 2.0])
def test_a_gyroscope_is_not_faulted_for_a_swing(amplitude_deg: float, arm_m: float) -> None:
    """An ankle at the end of 2 m of body, whose equivalent pendulum is two thirds as long."""
    found = check_recording(pendulum(amplitude_deg, arm_m, length_m=1.33, seed=3))

    assert not {finding.code for finding in found} & {"gyro_axes", "gyro_scale", "gyro_unit_radps"}


@pytest.mark.parametrize("factor", [0.75, 1.3])
def test_a_scale_is_reported_although_the_body_swings(factor: float) -> None:
    swinging = pendulum(15.0, 2.0, length_m=1.33, seed=3)
    assert swinging.ankle is not None
    spoilt = replace(swinging, ankle=replace(swinging.ankle, gyr_dps=swinging.ankle.gyr_dps * factor))
    findings = [finding for finding in check_recording(spoilt) if finding.code == "gyro_scale"]
    assert [finding.values["ratio"] for finding in findings] == [pytest.approx(factor, abs=0.05)]


def restless_leg(seed: int) -> Recording:
    """Simulate an ankle sensor, turned at random and biased by some deg/s, on a leg that is never still.

    At the end of the leg `a`, raised by h, the force along it is g sin h - a w² and across it
    g cos h + a w'; the soft tissue shakes by some 0.8 m/s².
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, 16.0, 1.0 / RATE_HZ)
    turning, arm_m = 2.0 * np.pi / rng.uniform(2.6, 3.4), rng.uniform(0.7, 0.9)
    raised = np.radians(35.0 - 25.0 * np.cos(turning * time_s) + 4.0 * np.sin(0.37 * turning * time_s))
    rate = np.gradient(raised, time_s)
    change = np.gradient(rate, time_s)
    along = G_MPS2 * np.sin(raised) - arm_m * rate**2
    across = G_MPS2 * np.cos(raised) + arm_m * change
    nothing = np.zeros_like(time_s)
    acc = np.column_stack([along, nothing, across]) + rng.normal(0.0, 0.8, (len(time_s), 3))
    gyr = np.column_stack([nothing, -np.degrees(rate), nothing]) + rng.normal(0.0, 0.3, (len(time_s), 3))
    worn = Rotation.from_quat(rng.normal(size=4))
    gyr = worn.apply(gyr) + rng.normal(0.0, 3.0, 3)
    numbers = np.arange(len(time_s))
    ankle = SampleBlock("ankle", time_s, numbers, time_s.copy(), worn.apply(acc), gyr)
    return Recording(Header(exercise="single_leg_raise", posture="supine", side="left"), None, ankle)


def test_a_gyroscope_is_not_faulted_for_a_bias_that_no_rest_shows() -> None:
    """Seeds 0 to 59."""
    found = {seed: [finding.code for finding in check_recording(restless_leg(seed))] for seed in range(60)}

    assert {seed: codes for seed, codes in found.items() if {"gyro_axes", "gyro_scale"} & set(codes)} == {}


def test_an_inverted_axis_is_found_on_a_leg_that_never_rests() -> None:
    """The axis that turns most, seeds 0 to 59: at least in 57."""

    def inverted(recording: Recording) -> Recording:
        assert recording.ankle is not None
        gyr_dps = recording.ankle.gyr_dps.copy()
        gyr_dps[:, gyr_dps.std(axis=0).argmax()] *= -1.0
        return recording.with_samples(replace(recording.ankle, gyr_dps=gyr_dps))

    checked = (check_recording(inverted(restless_leg(seed))) for seed in range(60))
    found = [{finding.code for finding in findings} for findings in checked]

    assert sum("gyro_axes" in codes for codes in found) >= 57


def test_a_limb_that_shakes_at_half_the_rate_is_no_range_that_wraps() -> None:
    """25 Hz: from one reading to the next the leg turns the other way, about all three axes at once."""
    leg = restless_leg(1).ankle
    assert leg is not None
    rows = np.arange(0, len(leg), 4)
    gyr_dps = leg.gyr_dps[rows]
    for row in (90, 180, 270):
        gyr_dps[row : row + 4] = np.outer([110.0, -140.0, 150.0, -90.0], [0.8, 0.5, 0.33])
    numbers = np.arange(len(rows))
    shaken = SampleBlock("ankle", leg.time_s[rows], numbers, leg.time_s[rows], leg.acc_mps2[rows], gyr_dps)
    found = check_recording(Recording(restless_leg(1).header, None, shaken))

    assert "wrapped" not in {finding.code for finding in found}
