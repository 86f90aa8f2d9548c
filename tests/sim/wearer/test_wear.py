"""Effects between bone and sensor: turning straps, sagging and ringing flesh, hands, warm chips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import RepPlan, simulate
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2
from imu_reps.sim.wearer import SlipPlan, TissuePlan, random_plan
from imu_reps.sim.wearer.body import DENSE_HZ, Orientations, RigidMotion, command
from imu_reps.sim.wearer.choreography import choreograph
from imu_reps.sim.wearer.sensing import (
    angular_rate,
    gyr_bias_dps,
    sagged,
    slipped,
    specific_force,
    worn,
)

TISSUE = TissuePlan(ring_hz=8.0, damping=0.1, sag_deg=4.0)
ARM_M = (0.04, 0.0, 0.0)


def _still(turn, count=2000):
    return RigidMotion(Orientations(np.tile(turn.as_quat()[:, None], count)), np.ones((count, 3)), ARM_M)


@pytest.mark.parametrize(("pitch_deg", "tip_deg"), [(0.0, 0.0), (90.0, 4.0), (-90.0, -4.0)])
def test_a_sensor_on_flesh_sags_along_the_skin_and_reads_gravity_at_rest(pitch_deg, tip_deg):
    # x up: the skin is level; y up or down: the sensor hangs along it
    level = Rotation.from_matrix([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    bone = _still(level * Rotation.from_euler("z", pitch_deg, degrees=True))
    skin = sagged(bone, TISSUE)
    tip = bone.orientation.inverse().after(skin.orientation).rotation_vectors_deg()
    np.testing.assert_allclose(tip, np.tile([0.0, 0.0, tip[0, 2]], (len(tip), 1)), atol=1e-9)
    assert abs(tip[0, 2]) == pytest.approx(abs(tip_deg), abs=1e-6)
    # the free end goes down: outward leans toward the ground
    outward = [o.apply(np.array([1.0, 0.0, 0.0]))[0, 2] for o in (bone.orientation, skin.orientation)]
    assert outward[1] <= outward[0] + 1e-9
    # the spring is as long as its weight makes it
    sunk_m = (skin.position_m - bone.position_m)[:, 2]
    np.testing.assert_allclose(sunk_m, -STANDARD_GRAVITY_MPS2 / (2 * np.pi * 8.0) ** 2, rtol=1e-6)
    inner = slice(2, -2)
    np.testing.assert_allclose(
        np.linalg.norm(specific_force(skin)[inner], axis=1), STANDARD_GRAVITY_MPS2, atol=1e-3
    )


def test_flesh_rings_at_its_own_frequency_after_an_impact():
    bone = _still(Rotation.identity(), 3000)
    t = np.arange(3000) / DENSE_HZ
    # 0.3 m/s until the heel meets the floor within 20 ms, along the skin
    stopping = np.clip((t - 1.0) / 0.02, 0.0, 1.0)
    speed = 0.3 * (1.0 - stopping**2 * (3.0 - 2.0 * stopping))
    hit = replace(bone, position_m=np.column_stack([np.zeros_like(t), np.cumsum(speed) / DENSE_HZ, 0 * t]))
    force = specific_force(sagged(hit, TISSUE))[:, 1]
    after = force[1030:2500]
    crossings = np.flatnonzero(np.diff(np.sign(after - after[-1])) > 0)[:6]
    assert DENSE_HZ / np.mean(np.diff(crossings)) == pytest.approx(8.0, rel=0.1)
    peaks = np.abs(after[: 6 * 125]).reshape(6, 125).max(axis=1)
    assert peaks[1] / peaks[0] == pytest.approx(np.exp(-2 * np.pi * 0.1), rel=0.2)
    assert peaks[0] > 5.0


def test_a_turning_strap_takes_the_sensor_round_the_shank():
    t = np.arange(4000) / DENSE_HZ
    bone = _still(Rotation.from_euler("xyz", [20.0, 30.0, 40.0], degrees=True), 4000)
    moved = slipped(bone, t, SlipPlan((0.0, 40.0, 0.0), 0.5, 1.0), (0.0, 4.0))
    turn = bone.orientation.inverse().after(moved.orientation).rotation_vectors_deg()
    np.testing.assert_allclose(turn[[0, 1999, -1]], [[0, 0, 0], [0, 0, 0], [0, 40, 0]], atol=1e-6)
    way_m = np.linalg.norm(moved.position_m[-1] - moved.position_m[0])
    assert way_m == pytest.approx(2.0 * 0.04 * np.sin(np.radians(20.0)))
    rate = angular_rate(moved)
    assert rate[:, 1].sum() / DENSE_HZ == pytest.approx(40.0, abs=0.01)


def test_the_bias_of_a_warming_gyroscope_drifts_to_its_full_growth(perfect_sensor, quiet_set):
    warm = replace(
        perfect_sensor, gyr_bias_dps=(0.5, 0.0, 0.0), gyr_warm_dps=(0.0, 3.0, 0.0), gyr_warm_s=40.0
    )
    bias = gyr_bias_dps(warm, np.array([0.0, 40.0, 400.0]))
    np.testing.assert_allclose(bias, [[0.5, 0.0, 0.0], [0.5, 2.85, 0.0], [0.5, 3.0, 0.0]], atol=0.01)
    ankle = simulate(quiet_set(*[RepPlan()] * 8, ankle=warm)).recording.ankle
    drifted = ankle.gyr_dps[-40:].mean(axis=0) - ankle.gyr_dps[:40].mean(axis=0)
    expected = bias_at = 3.0 * (1.0 - np.exp(-3.0 * ankle.time_s[-1] / 40.0))
    assert drifted == pytest.approx([0.0, expected, 0.0], abs=0.15)
    assert bias_at > 2.0


@pytest.mark.parametrize("seed", range(7000, 7012))
def test_the_integrated_gyro_gives_the_attitude_for_any_wear(seed):
    plan = random_plan(np.random.default_rng(seed), person=True)
    rng = np.random.default_rng(seed)
    commanded = command(plan, choreograph(plan, rng), rng)
    for sensor, bone in ((plan.pelvis, commanded.pelvis_sensor), (plan.ankle, commanded.ankle_sensor)):
        motion = worn(bone, commanded, sensor, plan.person, rng)
        orientation = Rotation.from_quat(motion.orientation.xyzw.T)
        count = 2**14
        turns = Rotation.from_rotvec(np.radians(angular_rate(motion)[:count] / DENSE_HZ))
        while len(turns) > 1:
            turns = turns[::2] * turns[1::2]
        error = (orientation[count].inv() * orientation[0] * turns).magnitude()
        assert np.degrees(error) < 0.1


@pytest.mark.parametrize("seed", range(7000, 7012))
def test_a_persons_accelerations_have_no_steps(seed):
    plan = random_plan(np.random.default_rng(seed), person=True, faults=False, swing=False)
    if "hard_heels" in plan.traits:
        pytest.skip("a heel that meets the floor is a step")
    rng = np.random.default_rng(seed)
    commanded = command(plan, choreograph(plan, rng), rng)
    for sensor, bone in ((plan.pelvis, commanded.pelvis_sensor), (plan.ankle, commanded.ankle_sensor)):
        force = specific_force(worn(bone, commanded, sensor, plan.person, rng))
        assert np.abs(np.linalg.norm(force, axis=1) - STANDARD_GRAVITY_MPS2).max() < 30.0
        assert np.abs(np.diff(force, axis=0)).max() < 0.6  # between two milliseconds
