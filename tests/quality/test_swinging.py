"""A body that swings from a bar: specific force and gyroscope turn in opposite directions, both rightly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Header, Recording, SampleBlock
from imu_reps.quality.check import check_recording

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
