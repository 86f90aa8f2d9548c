"""Simulate readings of an inertial sensor on a moving body.

Includes the motion of the sensor on the bone: strap, soft tissue, and handling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.signal import bilinear, lfilter, lfilter_zi
from scipy.spatial.transform import Rotation

from imu_reps.domain.recording import axis_vector
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray, interpolate_columns
from imu_reps.errors import RefusedValueError
from imu_reps.sim.wearer.body import DENSE_HZ, Commanded, Orientations, RigidMotion
from imu_reps.sim.wearer.score import Span, smoothstep, window
from imu_reps.sim.wearer.sensor_plan import SensorPlan, SlipPlan, TissuePlan
from imu_reps.sim.wearer.set_plan import PersonPlan


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of a sensor at its sampling instants, in its own axes.

    Attributes
    ----------
    time_s : (n,) float
        True instants, from the beginning of the simulation.
    acc_mps2 : (n, 3) float
        Specific force.
    gyr_dps : (n, 3) float
        Angular rate.
    """

    time_s: FloatArray
    acc_mps2: FloatArray
    gyr_dps: FloatArray


def specific_force(motion: RigidMotion) -> FloatArray:
    """Return specific force in body axes, m/s²: acceleration less gravity, so +9.8 on the axis up.

    By central differences on the dense grid.
    """
    p = motion.position_m
    acceleration = np.zeros_like(p)
    acceleration[1:-1] = (p[2:] - 2.0 * p[1:-1] + p[:-2]) * DENSE_HZ**2
    acceleration[[0, -1]] = acceleration[[1, -2]]
    acceleration[:, 2] += STANDARD_GRAVITY_MPS2
    return motion.orientation.inverse().apply(acceleration)


def angular_rate(motion: RigidMotion) -> FloatArray:
    """Return angular rate in body axes, deg/s, by central differences."""
    orientation = motion.orientation
    turn = orientation[:-2].inverse().after(orientation[2:]).rotation_vectors_deg()
    rate = turn * (0.5 * DENSE_HZ)
    return np.asarray(np.concatenate([rate[:1], rate, rate[-1:]]))


def mounting(plan: SensorPlan) -> Rotation:
    """Return the rotation from sensor axes to segment axes."""
    cranial, anterior = axis_vector(plan.cranial_axis), axis_vector(plan.anterior_axis)
    if abs(float(cranial @ anterior)) > 0.5:
        raise RefusedValueError(
            f"Cranial axis {plan.cranial_axis} and anterior axis {plan.anterior_axis} are one.",
            hint="Name two different axes of the sensor.",
        )
    # rows: the segment's x, y, z in sensor axes
    nominal = Rotation.from_matrix([anterior, cranial, np.cross(anterior, cranial)])
    return Rotation.from_rotvec(plan.turned_deg, degrees=True) * nominal


def sense(motion: RigidMotion, time_s: FloatArray, plan: SensorPlan, rng: Generator) -> Readings:
    """Read `motion`, given on the dense grid `time_s`, with the sensor's errors.

    The gyroscope has been on since time 0.
    """
    to_sensor = mounting(plan).inv()
    period_s = 1.0 / (plan.rate_hz * (1.0 + plan.rate_error))
    instants = np.arange(time_s[0] + rng.uniform(0.0, period_s), time_s[-1], period_s)
    force = to_sensor.apply(interpolate_columns(instants, time_s, specific_force(motion)))
    rate = to_sensor.apply(interpolate_columns(instants, time_s, angular_rate(motion)))
    force, rate = np.hsplit(with_errors(np.hstack([force, rate]), plan, instants), 2)
    force = force + rng.normal(0.0, plan.acc_noise_mps2, force.shape)
    rate = rate + rng.normal(0.0, plan.gyr_noise_dps, rate.shape)
    return Readings(
        instants,
        quantise(force, plan.acc_range_g * STANDARD_GRAVITY_MPS2),
        quantise(rate, plan.gyr_range_dps),
    )


def with_errors(exact: FloatArray, plan: SensorPlan, on_for_s: FloatArray) -> FloatArray:
    """Return readings with the sensor's scale and bias.

    Parameters
    ----------
    exact : (n, 6) float
        Specific force in m/s² and angular rate in deg/s, in sensor axes.
    on_for_s : (n,) float
        Time since switching on.
    """
    scale = 1.0 + np.array([*plan.acc_scale, *plan.gyr_scale])
    bias_mps2 = np.asarray(plan.acc_bias_mg) * 1e-3 * STANDARD_GRAVITY_MPS2
    bias = np.hstack([np.broadcast_to(bias_mps2, (len(exact), 3)), gyr_bias_dps(plan, on_for_s)])
    return np.asarray(exact * scale + bias)


def gyr_bias_dps(plan: SensorPlan, on_for_s: FloatArray) -> FloatArray:
    """Return the bias of a gyroscope by its time since switching on, (n, 3)."""
    warm = 1.0 - np.exp(-3.0 * on_for_s / plan.gyr_warm_s)
    return np.asarray(plan.gyr_bias_dps + warm[:, None] * np.asarray(plan.gyr_warm_dps))


def quantise(values: FloatArray, full_scale: float) -> FloatArray:
    """Clip to ±`full_scale` and round to 16 bit."""
    counts = np.clip(np.round(values / full_scale * 32768.0), -32768, 32767)
    return np.asarray(counts * (full_scale / 32768.0))


#: Shares of the handling time on the table, and for strapping on: ours.
_ON_TABLE, _STRAPPED = 0.2, 0.8
#: Distance of the table, and shake of the hand: ours.
_TABLE_M = np.array([0.35, -0.25, -0.15])
_HAND_M, _HAND_DEG, _HAND_HZ = 0.04, 25.0, (0.3, 1.5)


def worn(
    motion: RigidMotion, commanded: Commanded, sensor: SensorPlan, person: PersonPlan, rng: Generator
) -> RigidMotion:
    """Return the motion of a sensor on the segment that moves as `motion`."""
    t, score = commanded.time_s, commanded.score
    if sensor.slip is not None:
        motion = slipped(motion, t, sensor.slip, score.set_s)
    if sensor.tissue is not None:
        motion = sagged(motion, sensor.tissue)
    for duration_s, from_end_s in ((person.handling_before_s, t), (person.handling_after_s, t[-1] - t)):
        if duration_s > 0.0:
            motion = handled(motion, from_end_s, duration_s, rng)
    return motion


def slipped(motion: RigidMotion, t: FloatArray, slip: SlipPlan, set_s: Span) -> RigidMotion:
    """Turn a strap about its segment, with the sensor."""
    at_s = set_s[0] + slip.at_share * (set_s[1] - set_s[0])
    gone = smoothstep((t - at_s) / slip.duration_s)
    turn = Orientations.by(gone[:, None] * np.asarray(slip.turn_deg))
    arm_m = np.asarray(motion.arm_m)
    moved_m = motion.orientation.apply(turn.apply(arm_m) - arm_m)
    return RigidMotion(motion.orientation.after(turn), motion.position_m + moved_m, motion.arm_m)


def sagged(motion: RigidMotion, tissue: TissuePlan) -> RigidMotion:
    """Simulate a sensor on soft tissue: a mass on a damped spring, driven by the force of the bone.

    The spring stretches by what the force over its stiffness is, so it sags under gravity and rings after
    an impact. The sensor's mass stands out from the skin, so force along the skin tips it as well.
    """
    w = 2.0 * np.pi * tissue.ring_hz
    b, a = bilinear([w**2], [1.0, 2.0 * tissue.damping * w, w**2], DENSE_HZ)
    force = specific_force(motion)
    pull, _ = lfilter(b, a, force, axis=0, zi=lfilter_zi(b, a)[:, None] * force[0])
    outward = np.asarray(motion.arm_m) / np.linalg.norm(motion.arm_m)
    tip = np.cross(pull, outward) * (tissue.sag_deg / STANDARD_GRAVITY_MPS2)
    return RigidMotion(
        motion.orientation.after(Orientations.by(tip)),
        motion.position_m - motion.orientation.apply(pull / w**2),
        motion.arm_m,
    )


def handled(motion: RigidMotion, from_end_s: FloatArray, duration_s: float, rng: Generator) -> RigidMotion:
    """Simulate a sensor that lies on a table, is turned in the hand and strapped on.

    Parameters
    ----------
    from_end_s : (n,) float
        Time from that end of the recording at which the sensor lies on the table.
    """
    share = from_end_s / duration_s
    away = 1.0 - smoothstep((share - _ON_TABLE) / (_STRAPPED - _ON_TABLE))
    in_hand = window(share, _ON_TABLE, 1.0, 0.2)
    lies = Rotation.random(random_state=rng).as_rotvec(degrees=True)
    turn = away[:, None] * lies + (in_hand * _HAND_DEG)[:, None] * _shaken(from_end_s, rng)
    moved_m = away[:, None] * _TABLE_M + (in_hand * _HAND_M)[:, None] * _shaken(from_end_s, rng)
    return RigidMotion(
        motion.orientation.after(Orientations.by(turn)),
        motion.position_m + moved_m,
        motion.arm_m,
    )


def _shaken(t: FloatArray, rng: Generator) -> FloatArray:
    """Return different waves of amplitude 1 on three axes, (n, 3)."""
    frequency = 2 * np.pi * rng.uniform(*_HAND_HZ, (2, 3))
    phase = rng.uniform(0.0, 2 * np.pi, (2, 3))
    return np.asarray(np.sin(t[:, None, None] * frequency + phase).mean(axis=1))
