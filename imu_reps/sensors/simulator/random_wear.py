"""Random ways to wear sensors, and cheap ones to wear. Magnitudes are ours unless a source is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.simulator.plan import SetPlan
from imu_reps.sensors.simulator.random_sensors import chance
from imu_reps.sensors.simulator.sensing import GRAVITY_MPS2
from imu_reps.sensors.simulator.sensor_plan import SensorPlan, SlipPlan, TissuePlan, Vector


def soft_tissue(plan: SetPlan, rng: Generator) -> SetPlan:
    """Both sensors ring and sag on flesh."""
    return _both(plan, lambda sensor: replace(sensor, tissue=_random_tissue(rng)))


def _random_tissue(rng: Generator) -> TissuePlan:
    return TissuePlan(
        float(rng.uniform(6.0, 12.0)), float(rng.uniform(0.08, 0.25)), float(rng.uniform(1.0, 5.0))
    )


def pitched_belt(plan: SetPlan, rng: Generator) -> SetPlan:
    """A belt on a belly: its cranial axis leans by up to 25 degrees."""
    if plan.pelvis is None:
        return plan
    pitch_deg = float(rng.uniform(8.0, 25.0)) * (1.0 if chance(rng, 0.5) else -1.0)
    x, y, _ = plan.pelvis.turned_deg
    return replace(plan, pelvis=replace(plan.pelvis, turned_deg=(x, y, pitch_deg)))


def belt_slips(plan: SetPlan, rng: Generator) -> SetPlan:
    """The belt rides up or round once in the set."""
    round_deg, pitch_deg = rng.uniform(-10.0, 10.0), rng.uniform(-12.0, 12.0)
    slip = _slip((0.0, float(round_deg), float(pitch_deg)), rng)
    return replace(plan, pelvis=replace(plan.pelvis, slip=slip) if plan.pelvis else None)


def strap_turns(plan: SetPlan, rng: Generator) -> SetPlan:
    """The strap turns once on the shank, by up to 45 degrees."""
    round_deg = float(rng.uniform(15.0, 45.0)) * (1.0 if chance(rng, 0.5) else -1.0)
    along_deg, across_deg = rng.uniform(-5.0, 5.0, 2)
    slip = _slip((float(along_deg), round_deg, float(across_deg)), rng)
    return replace(plan, ankle=replace(plan.ankle, slip=slip) if plan.ankle else None)


def _slip(turn_deg: Vector, rng: Generator) -> SlipPlan:
    return SlipPlan(turn_deg, float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.3, 2.0)))


def warms_up(plan: SetPlan, rng: Generator) -> SetPlan:
    """Gyroscopes switched on with the recording: a bias that grows to 1 to 4 deg/s in a minute."""
    return _both(
        plan,
        lambda sensor: replace(
            sensor,
            gyr_warm_dps=_any_direction(float(rng.uniform(1.0, 4.0)), rng),
            gyr_warm_s=float(rng.uniform(30.0, 60.0)),
        ),
    )


def cheap_parts(plan: SetPlan, rng: Generator) -> SetPlan:
    """Parts of MPU-6050 class.

    Its data sheet (PS-MPU-6000A-00) has 400 ug/sqrt(Hz), zero-g offsets of 50 to 80 mg and 3 % of scale; real
    boards are up to twice as noisy, their gyroscopes two to ten times (ours).
    """
    return _both(plan, lambda sensor: _cheap(sensor, rng))


def _cheap(sensor: SensorPlan, rng: Generator) -> SensorPlan:
    root_band = np.sqrt(0.5 * sensor.rate_hz)
    offset_mg = rng.uniform(40.0, 60.0, 3) * rng.choice([-1.0, 1.0], 3)
    return replace(
        sensor,
        acc_noise_mps2=float(rng.uniform(400e-6, 700e-6) * GRAVITY_MPS2 * root_band),
        gyr_noise_dps=float(rng.uniform(0.01, 0.05) * root_band),
        acc_bias_mg=_vector(offset_mg),
        acc_scale=_vector(rng.uniform(-0.03, 0.03, 3)),
        gyr_scale=_vector(rng.uniform(-0.03, 0.03, 3)),
        gyr_bias_dps=_any_direction(float(rng.uniform(0.5, 3.0)), rng),
    )


def _both(plan: SetPlan, change: Callable[[SensorPlan], SensorPlan]) -> SetPlan:
    pelvis, ankle = (None if sensor is None else change(sensor) for sensor in (plan.pelvis, plan.ankle))
    return replace(plan, pelvis=pelvis, ankle=ankle)


def _any_direction(length: float, rng: Generator) -> Vector:
    direction = rng.normal(size=3)
    return _vector(length * direction / np.linalg.norm(direction))


def _vector(values: FloatArray) -> Vector:
    x, y, z = values
    return float(x), float(y), float(z)
