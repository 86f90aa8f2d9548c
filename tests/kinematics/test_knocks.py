"""Knocks: gravity corrects what the gyroscope misses; forces during the knock are not taken for gravity."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import SampleBlock
from imu_reps.kinematics.clock.offline import SensorClock, TimedSamples
from imu_reps.kinematics.orientation import offline_motion
from imu_reps.kinematics.recorded import without_knocks

PERIOD_S = 0.01
SECONDS = 12.0
KNOCK_S = 6.0


def rocking(knocked_deg: float) -> Rotation:
    """Return a pelvis that rocks slowly by 6 degrees and is knocked by `knocked_deg` within one sample."""
    time = np.arange(round(SECONDS / PERIOD_S)) * PERIOD_S
    pitch = 6.0 * (1.0 - np.cos(2.0 * np.pi * time / 4.0)) + np.where(time > KNOCK_S, knocked_deg, 0.0)
    return Rotation.from_euler("x", pitch[:, None], degrees=True) * Rotation.from_rotvec([0.3, -0.5, 0.2])


def sensed(orientation: Rotation, gyr_scale: float = 1.0) -> tuple[TimedSamples, SampleBlock]:
    """Return ideal samples, except that rates above 300 deg/s are scaled by `seen_share`."""
    turns = np.degrees((orientation[:-1].inv() * orientation[1:]).as_rotvec()) / PERIOD_S
    gyr = np.vstack([turns[:1], turns])
    gyr[np.linalg.norm(gyr, axis=1) > 300.0] *= gyr_scale
    count = len(gyr)
    index = np.arange(count)
    time = np.asarray(index * PERIOD_S, np.float64)
    acc = orientation.inv().apply([0.0, 0.0, 9.81])
    block = SampleBlock("pelvis", time, index, np.full(count, np.nan), acc, gyr)
    clock = SensorClock(1.0 / PERIOD_S, 0, 0.0, None, None, None, 0, 0, 0)
    return TimedSamples(time, index, index, PERIOD_S, clock), block


def worst_deg(orientation: Rotation, timed: TimedSamples, block: SampleBlock) -> float:
    """Return the largest error of up in degrees, excluding the samples of the knock."""
    true = orientation.inv().apply([0.0, 0.0, 1.0])
    up = offline_motion(timed, block).up
    error_deg = np.degrees(np.arccos(np.clip((up * true).sum(axis=1), -1.0, 1.0)))
    knock = round(KNOCK_S / PERIOD_S)
    return float(np.delete(error_deg, np.arange(knock - 3, knock + 4)).max())


@pytest.mark.parametrize("gyr_scale", [0.5, 1.7])
def test_a_knock_mismeasured_by_the_gyroscope_does_not_tilt_what_follows(gyr_scale: float) -> None:
    orientation = rocking(10.0)
    timed, block = sensed(orientation, gyr_scale)

    assert worst_deg(orientation, timed, block) > 2.0
    assert worst_deg(orientation, timed, without_knocks(timed, block)) < 0.5


def test_a_fast_movement_is_not_a_knock() -> None:
    time = np.arange(600) * PERIOD_S
    swing = Rotation.from_euler("x", 40.0 * np.sin(2.0 * np.pi * time / 0.8)[:, None], degrees=True)
    timed, block = sensed(swing)

    assert np.abs(block.gyr_dps).max() > 300.0
    assert without_knocks(timed, block) is block


def test_a_knock_at_the_very_beginning_is_left_as_measured() -> None:
    timed, block = sensed(rocking(0.0))
    block.gyr_dps[2] = 900.0

    assert np.array_equal(without_knocks(timed, block).gyr_dps, block.gyr_dps)


def test_a_jolt_shorter_than_two_samples_does_not_tilt_gravity() -> None:
    """Of a jolt of 60 m/s², a slow sensor measures one sample and nothing of the way back."""
    orientation = rocking(0.0)
    timed, block = sensed(orientation)
    block.acc_mps2[round(KNOCK_S / PERIOD_S)] += [20.0, 150.0, -60.0]

    assert worst_deg(orientation, timed, block) > 1.0
    assert worst_deg(orientation, timed, without_knocks(timed, block)) < 0.3
