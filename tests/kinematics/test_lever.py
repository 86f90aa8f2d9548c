"""The lever from the hip to the sensor, compared with rigid bodies whose lever is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2
from imu_reps.kinematics.lever import ankle_motion, arc_motion, fit_levers, hip_acceleration
from imu_reps.kinematics.motion import GridMotion

TIME_S = np.arange(0.0, 12.0, 0.01)


def lifts(
    lever_m: np.ndarray,
    mounting: Rotation,
    slides: bool = False,
    noise_mps2: float = 0.0,
    rolls_deg: float = 0.0,
) -> GridMotion:
    """Return a sensor at `lever_m` that swings by 50 degrees every 4 s about the world's x axis.

    With `slides` the sensor turns in the same way but does not move. It also rolls about the lever by
    `rolls_deg` and back, in step with its swing.
    """
    w = 2.0 * np.pi / 4.0
    angle = np.radians(25.0) * (1.0 - np.cos(w * TIME_S))
    rate = np.radians(25.0) * w * np.sin(w * TIME_S)
    turning = np.radians(25.0) * w**2 * np.cos(w * TIME_S)
    body = Rotation.from_rotvec(np.outer(angle, [1.0, 0.0, 0.0]))
    omega, alpha = np.outer(rate, [1.0, 0.0, 0.0]), np.outer(turning, [1.0, 0.0, 0.0])
    arm = body.apply(lever_m)
    acceleration = np.cross(alpha, arm) + np.cross(omega, np.cross(omega, arm))
    if slides:
        acceleration = np.zeros_like(acceleration)
    roll = np.radians(rolls_deg) * 0.5 * (1.0 - np.cos(w * TIME_S))
    about_lever = Rotation.from_rotvec(np.outer(roll, lever_m / np.linalg.norm(lever_m)))
    rolling = np.radians(rolls_deg) * 0.5 * w * np.sin(w * TIME_S)
    omega = omega + rolling[:, None] * arm / np.linalg.norm(lever_m)
    sensor = body * about_lever * mounting
    force = sensor.inv().apply(acceleration + np.array([0.0, 0.0, STANDARD_GRAVITY_MPS2]))
    force += np.random.default_rng(3).normal(0.0, noise_mps2, force.shape)
    up = sensor.inv().apply([0.0, 0.0, 1.0])
    gyr = np.degrees(sensor.inv().apply(omega))
    return GridMotion(up, gyr, force, np.full(len(TIME_S), np.nan), np.zeros(len(TIME_S), bool))


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.3, 1.0),
    st.floats(-np.pi, np.pi),
    st.integers(0, 2**32 - 1),
)
def test_the_lever_of_a_swing_is_found_in_any_mounting(
    length_m: float, direction_rad: float, seed: int
) -> None:
    lever = length_m * np.array([0.0, np.cos(direction_rad), np.sin(direction_rad)])
    mounting = Rotation.random(rng=np.random.default_rng(seed))
    motion = arc_motion(lifts(lever, mounting), mounting.inv().apply([1.0, 0.0, 0.0]))
    assert motion is not None
    found = fit_levers(motion, [np.arange(100, len(TIME_S) - 100)])[0]
    assert found is not None
    # the 6 Hz low-pass removes almost nothing of a swing at a quarter of a hertz
    assert found.vector_m == pytest.approx(mounting.inv().apply(lever), abs=0.005)


def test_a_sensor_that_turns_in_place_has_no_lever() -> None:
    motion = arc_motion(
        lifts(np.array([0.0, 0.8, 0.0]), Rotation.identity(), slides=True), np.array([1.0, 0.0, 0.0])
    )
    assert motion is not None
    found = fit_levers(motion, [np.arange(len(TIME_S))])[0]
    assert found is not None
    assert found.length_m < 0.01


def test_a_constant_bias_of_the_accelerometer_does_not_matter() -> None:
    ankle = lifts(np.array([0.0, 0.8, 0.0]), Rotation.identity())
    biased = GridMotion(
        ankle.up, ankle.gyr_dps, ankle.acc_mps2 + np.array([0.2, -0.3, 0.4]), ankle.impact_mps2, ankle.still
    )
    motion = arc_motion(biased, np.array([1.0, 0.0, 0.0]))
    assert motion is not None
    found = fit_levers(motion, [np.arange(100, len(TIME_S) - 100)])[0]
    assert found is not None
    assert found.length_m == pytest.approx(0.8, abs=0.005)


def test_the_stated_deviation_covers_the_error_under_noise() -> None:
    motion = arc_motion(
        lifts(np.array([0.0, 0.8, 0.0]), Rotation.identity(), noise_mps2=0.5), np.array([1.0, 0.0, 0.0])
    )
    assert motion is not None
    found = fit_levers(motion, [np.arange(len(TIME_S))])[0]
    assert found is not None
    assert 0.0 < found.sd_m < 0.1
    assert abs(found.length_m - 0.8) < 3.0 * found.sd_m


def test_a_leg_at_rest_determines_no_lever() -> None:
    still = lifts(np.array([0.0, 0.8, 0.0]), Rotation.identity())
    quiet = GridMotion(still.up, np.zeros_like(still.gyr_dps), still.acc_mps2, still.impact_mps2, still.still)
    motion = arc_motion(quiet, np.array([1.0, 0.0, 0.0]))
    assert motion is not None
    assert fit_levers(motion, [np.arange(len(TIME_S))])[0] is None


def test_holes_are_left_out() -> None:
    ankle = lifts(np.array([0.0, 0.8, 0.0]), Rotation.identity())
    hole = slice(500, 530)
    for values in (ankle.up, ankle.gyr_dps, ankle.acc_mps2):
        values[hole] = np.nan
    motion = arc_motion(ankle, np.array([1.0, 0.0, 0.0]))
    assert motion is not None
    assert not motion.known[hole].any()
    found = fit_levers(motion, [np.arange(100, len(TIME_S) - 100)])[0]
    assert found is not None
    assert found.length_m == pytest.approx(0.8, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.3, 1.0), st.floats(10.0, 90.0), st.integers(0, 2**32 - 1))
def test_the_radius_vector_of_a_leg_that_rolls_while_it_swings_is_found_in_any_mounting(
    length_m: float, rolls_deg: float, seed: int
) -> None:
    lever = np.array([0.0, length_m, 0.0])
    mounting = Rotation.random(rng=np.random.default_rng(seed))
    turning = ankle_motion(lifts(lever, mounting, rolls_deg=rolls_deg))
    assert turning is not None
    found = turning.radius(np.arange(100, len(TIME_S) - 100))
    assert found is not None
    assert found.vector_m == pytest.approx(mounting.inv().apply(lever), abs=0.01)


def test_turning_about_one_axis_does_not_locate_the_hip_along_that_axis() -> None:
    ankle = lifts(np.array([0.0, 0.8, 0.0]), Rotation.identity(), noise_mps2=0.05)
    turning = ankle_motion(ankle)
    assert turning is not None
    found = turning.radius(np.arange(len(TIME_S)))
    assert found is None or found.sd_m > 0.2


@pytest.mark.parametrize("known", [True, False])
def test_the_acceleration_of_a_swinging_hip_is_taken_off(known: bool) -> None:
    """The body sways by 5 cm with each lift, as it does at a bar; without it the lever would be 0.1 m off."""
    lever = np.array([0.0, 0.0, -0.75])
    w = 2.0 * np.pi / 4.0
    # the leg is lifted about +x, towards +y
    sway = -0.05 * w**2 * np.cos(w * TIME_S)[:, None] * np.array([0.0, 1.0, 0.0])
    still = lifts(lever, Rotation.identity())
    world = Rotation.from_rotvec(np.outer(np.radians(25.0) * (1.0 - np.cos(w * TIME_S)), [1.0, 0.0, 0.0]))
    ankle = replace(still, acc_mps2=still.acc_mps2 + world.inv().apply(sway))
    up = np.tile([0.0, 0.0, 1.0], (len(TIME_S), 1))
    force = sway + STANDARD_GRAVITY_MPS2 * up
    pelvis = replace(still, up=up, acc_mps2=force)

    hip = hip_acceleration(pelvis, np.array([0.0, 1.0, 0.0])) if known else None
    motion = arc_motion(ankle, np.array([1.0, 0.0, 0.0]), hip)
    assert motion is not None
    (found,) = fit_levers(motion, [np.arange(100, len(TIME_S) - 100)])

    assert found is not None
    off = float(np.linalg.norm(found.vector_m - lever))
    assert off < 0.02 if known else off > 0.05


def test_a_sensor_that_hangs_leaves_nothing_for_an_arc_to_explain() -> None:
    """It repeats its last reading for five seconds: no turning at all, as no part at rest gives it."""
    swung = lifts(np.array([0.1, -0.75, 0.1]), Rotation.identity(), noise_mps2=0.01)
    stands = (TIME_S > 4.0) & (TIME_S < 9.0)
    held = {name: getattr(swung, name).copy() for name in ("up", "gyr_dps", "acc_mps2")}
    for name, values in held.items():
        values[stands] = 0.0 if name == "gyr_dps" else values[0]
    motion = ankle_motion(replace(swung, **held), 6.0)
    assert motion is not None
    explained = motion.about(np.array([1.0, 0.0, 0.0])).explained(100)

    assert (explained[TIME_S < 3.0] > 0.9).all()
    assert (explained[(TIME_S > 5.5) & (TIME_S < 7.5)] > 0.99).all()
