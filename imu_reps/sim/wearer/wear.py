"""From the motion of the bone to that of the sensor worn on it: belt, flesh, the hand that straps it on."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.signal import bilinear, lfilter, lfilter_zi
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.body import DENSE_HZ, Commanded, RigidMotion
from imu_reps.sim.wearer.curves import smoothstep, window
from imu_reps.sim.wearer.person_plan import PersonPlan
from imu_reps.sim.wearer.score import Span
from imu_reps.sim.wearer.sensing import GRAVITY_MPS2, specific_force
from imu_reps.sim.wearer.sensor_plan import SensorPlan, SlipPlan, TissuePlan

#: A handled sensor lies on the table for this share of the time, and is strapped on in the last: ours.
_ON_TABLE, _STRAPPED = 0.2, 0.8
#: How far it lies from where it will be worn, and how far the hand that turns it shakes: ours.
_TABLE_M = np.array([0.35, -0.25, -0.15])
_HAND_M, _HAND_DEG, _HAND_HZ = 0.04, 25.0, (0.3, 1.5)


def worn(
    motion: RigidMotion, commanded: Commanded, sensor: SensorPlan, person: PersonPlan, rng: Generator
) -> RigidMotion:
    """Motion of a sensor on the segment that moves as `motion`."""
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
    """A strap that turns about its segment: the sensor turns, and goes round with it."""
    at_s = set_s[0] + slip.at_share * (set_s[1] - set_s[0])
    gone = smoothstep((t - at_s) / slip.duration_s)
    turn = Rotation.from_rotvec(gone[:, None] * np.asarray(slip.turn_deg), degrees=True)
    arm_m = np.asarray(motion.arm_m)
    moved_m = motion.orientation.apply(turn.apply(arm_m) - arm_m)
    return RigidMotion(motion.orientation * turn, motion.position_m + moved_m, motion.arm_m)


def sagged(motion: RigidMotion, tissue: TissuePlan) -> RigidMotion:
    """A sensor on flesh: a mass on a damped spring, driven by the specific force of the bone under it.

    The spring stretches by what the force over its stiffness is, so it sags under gravity and rings after
    an impact. The sensor's mass stands out from the skin, so force along the skin tips it as well.
    """
    w = 2.0 * np.pi * tissue.ring_hz
    b, a = bilinear([w**2], [1.0, 2.0 * tissue.damping * w, w**2], DENSE_HZ)
    force = specific_force(motion, DENSE_HZ)
    pull, _ = lfilter(b, a, force, axis=0, zi=lfilter_zi(b, a)[:, None] * force[0])
    outward = np.asarray(motion.arm_m) / np.linalg.norm(motion.arm_m)
    tip = np.cross(pull, outward) * (tissue.sag_deg / GRAVITY_MPS2)
    return RigidMotion(
        motion.orientation * Rotation.from_rotvec(tip, degrees=True),
        motion.position_m - motion.orientation.apply(pull / w**2),
        motion.arm_m,
    )


def handled(motion: RigidMotion, from_end_s: FloatArray, duration_s: float, rng: Generator) -> RigidMotion:
    """A sensor that lies on a table, is turned in the hand and strapped on.

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
        motion.orientation * Rotation.from_rotvec(turn, degrees=True),
        motion.position_m + moved_m,
        motion.arm_m,
    )


def _shaken(t: FloatArray, rng: Generator) -> FloatArray:
    """Three axes of unlike waves of amplitude 1, (n, 3)."""
    frequency = 2 * np.pi * rng.uniform(*_HAND_HZ, (2, 3))
    phase = rng.uniform(0.0, 2 * np.pi, (2, 3))
    return np.asarray(np.sin(t[:, None, None] * frequency + phase).mean(axis=1))
