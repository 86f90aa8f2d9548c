"""The physics of the simulator compared with results derived by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import RepPlan, SensorPlan
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2
from imu_reps.sim.wearer import random_plan
from imu_reps.sim.wearer.body import DENSE_HZ, Orientations, RigidMotion, command
from imu_reps.sim.wearer.choreography import choreograph
from imu_reps.sim.wearer.sensing import (
    angular_rate,
    mounting,
    quantise,
    sense,
    specific_force,
)


def _still(orientation, count=1000):
    return RigidMotion(Orientations(np.tile(orientation.as_quat()[:, None], count)), np.ones((count, 3)))


@pytest.mark.parametrize("seed", range(5))
def test_a_still_sensor_reads_gravity_in_any_mounting(seed, perfect_sensor):
    rng = np.random.default_rng(seed)
    segment = Rotation.random(random_state=rng)
    plan = SensorPlan(
        **{name: getattr(perfect_sensor, name) for name in ("rate_hz", "acc_noise_mps2", "gyr_noise_dps")},
        turned_deg=tuple(Rotation.random(random_state=rng).as_rotvec(degrees=True)),
    )
    readings = sense(_still(segment), np.arange(1000) / 1e3, plan, rng)
    up_in_sensor = (segment * mounting(plan)).inv().apply([0.0, 0.0, STANDARD_GRAVITY_MPS2])
    np.testing.assert_allclose(readings.acc_mps2, np.tile(up_in_sensor, (len(readings.time_s), 1)), atol=2e-3)
    np.testing.assert_allclose(readings.gyr_dps, 0.0, atol=1e-9)


def test_named_axes_point_in_their_directions():
    plan = SensorPlan(cranial_axis="-x", anterior_axis="+y")
    np.testing.assert_allclose(
        mounting(plan).apply([[-1, 0, 0], [0, 1, 0]]), [[0, 1, 0], [1, 0, 0]], atol=1e-12
    )


def test_a_rotating_arm_reads_tangential_and_centripetal_acceleration(grid):
    radius_m, amplitude, frequency = 0.8, np.radians(35.0), 2 * np.pi * 0.7
    angle = amplitude * np.sin(frequency * grid)
    speed = amplitude * frequency * np.cos(frequency * grid)
    acceleration = -amplitude * frequency**2 * np.sin(frequency * grid)
    # an arm along body x that swings about the world's vertical: gravity stays on body z
    orientation = Rotation.from_rotvec(np.outer(angle, [0.0, 0.0, 1.0]))
    motion = RigidMotion(Orientations(orientation.as_quat().T), orientation.apply([radius_m, 0.0, 0.0]))
    expected = np.column_stack(
        [-radius_m * speed**2, radius_m * acceleration, np.full_like(grid, STANDARD_GRAVITY_MPS2)]
    )
    inner = slice(2, -2)
    np.testing.assert_allclose(specific_force(motion)[inner], expected[inner], atol=2e-4)
    rate = angular_rate(motion)[inner]
    np.testing.assert_allclose(rate[:, 2], np.degrees(speed)[inner], atol=1e-3)
    np.testing.assert_allclose(rate[:, :2], 0.0, atol=1e-9)


def test_a_lifted_leg_reads_gravity_tangential_and_centripetal(quiet_set):
    plan = quiet_set(RepPlan(top_deg=60.0, concentric_s=1.2))
    rng = np.random.default_rng(0)
    body = plan.body
    still_pelvis = type(body)(
        **{name: getattr(body, name) for name in ("breathing_deg", "unsteady_dps", "rotation_deg")},
        share=0.0, abduction_deg=0.0, turnout_deg=0.0,
    )  # fmt: skip
    plan = quiet_set(RepPlan(top_deg=60.0, concentric_s=1.2), body=still_pelvis)
    moved = command(plan, choreograph(plan, rng), rng)
    angle = np.radians(moved.leg_elevation_deg)
    speed, lever = np.gradient(angle, 1e-3), body.thigh_m + body.shank_m
    acceleration = np.gradient(speed, 1e-3)
    force = specific_force(moved.ankle_sensor)
    # the sensor sits 3 cm in front of the bone, which adds two terms of its own
    along = STANDARD_GRAVITY_MPS2 * np.sin(-angle) + lever * speed**2 + 0.03 * acceleration
    across = STANDARD_GRAVITY_MPS2 * np.cos(angle) + lever * acceleration - 0.03 * speed**2
    inner = slice(10, -10)
    np.testing.assert_allclose(force[inner, 1], along[inner], atol=0.02)
    np.testing.assert_allclose(force[inner, 0], across[inner], atol=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_the_integrated_gyro_reproduces_the_orientation(seed):
    plan = random_plan(np.random.default_rng(seed), life=True)
    rng = np.random.default_rng(seed)
    motion = command(plan, choreograph(plan, rng), rng).ankle_sensor
    orientation = Rotation.from_quat(motion.orientation.xyzw.T)
    count = 2**14
    turns = Rotation.from_rotvec(np.radians(angular_rate(motion)[:count] / DENSE_HZ))
    while len(turns) > 1:
        turns = turns[::2] * turns[1::2]
    error = (orientation[count].inv() * orientation[0] * turns).magnitude()
    assert np.degrees(error) < 0.05


def test_bias_scale_clipping_and_steps_are_applied_in_sensor_axes(perfect_sensor):
    rng = np.random.default_rng(0)
    base = {name: getattr(perfect_sensor, name) for name in ("rate_hz", "acc_noise_mps2", "gyr_noise_dps")}
    plan = SensorPlan(**base, acc_bias_mg=(100.0, 0.0, 0.0), acc_scale=(0.0, 0.0, 0.05), acc_range_g=1.02)
    # +z of the sensor is anterior: up on a segment lying level
    level = Rotation.from_matrix([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    readings = sense(_still(level), np.arange(1000) / 1e3, plan, rng)
    np.testing.assert_allclose(readings.acc_mps2[:, 0], 0.1 * STANDARD_GRAVITY_MPS2, atol=1e-3)
    np.testing.assert_allclose(readings.acc_mps2[:, 2], 1.02 * STANDARD_GRAVITY_MPS2, atol=1e-3)


def test_quantised_values_are_whole_steps_within_the_range():
    values = quantise(np.linspace(-3.0, 3.0, 1001), 2.0)
    steps = values / (2.0 / 32768.0)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
    assert values.min() == -2.0
    assert 1.99 < values.max() < 2.0


@pytest.mark.parametrize("seed", range(8))
def test_movements_around_a_set_have_no_steps_in_their_accelerations(seed):
    plan = random_plan(np.random.default_rng(seed), life=True, faults=False, swing=False)
    rng = np.random.default_rng(seed)
    moved = command(plan, choreograph(plan, rng), rng)
    for motion in (moved.pelvis_sensor, moved.ankle_sensor):
        force = specific_force(motion)
        assert np.abs(np.linalg.norm(force, axis=1) - STANDARD_GRAVITY_MPS2).max() < 30.0
        assert np.abs(np.diff(force, axis=0)).max() < 0.5  # between two milliseconds
