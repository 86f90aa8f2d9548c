"""Random sensors, radios and placements.

Magnitudes are ours unless a source is named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from scipy.spatial.transform import Rotation

from imu_reps.domain.recording import Axis, PelvisAlignment
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.sim.wearer.sensor_plan import RadioPlan, SensorPlan, SlipPlan, TissuePlan, Vector
from imu_reps.sim.wearer.set_plan import SetPlan
from imu_reps.sim.wearer.space import Space, chance, pick

_RATES_HZ = (25.0, 50.0, 60.0, 100.0, 100.0, 100.0, 104.0, 200.0, 208.0)
#: Ranges of ringing (Hz), damping and sagging (degrees) of soft tissue.
_TISSUE = ((6.0, 0.08, 1.0), (12.0, 0.25, 5.0))
_AXES: tuple[Axis, ...] = ("+x", "-x", "+y", "-y", "+z", "-z")


def random_sensors(
    space: Space, alignment: PelvisAlignment, rng: Generator, *, hanging: bool, shortest_s: float
) -> tuple[SensorPlan, SensorPlan]:
    """Draw a pelvis and an ankle sensor, mostly of one make.

    Parameters
    ----------
    shortest_s : float
        Shortest repetition of the set: the ankle sensor never falls silent for a third of it, since a lost
        repetition cannot be counted.
    """
    rate_hz = space.rate_hz or pick(rng, _RATES_HZ)
    pelvis = _random_sensor(space, rate_hz, rng)
    ankle = _random_sensor(space, rate_hz, rng)
    pelvis, ankle = _mounted_pelvis(pelvis, space, hanging, rng), _strapped(ankle, rng)
    if alignment == "functional":
        pelvis = replace(pelvis, turned_deg=_any_turn(rng), named=False)
    if space.drop_outs and chance(rng, 0.1):
        pelvis = _silent(pelvis, rng.uniform(0.5, 3.0), rng)
    if space.drop_outs and chance(rng, 0.1):
        ankle = _silent(ankle, min(3.0, 0.33 * shortest_s), rng)
    return pelvis, ankle


def _random_sensor(space: Space, rate_hz: float, rng: Generator) -> SensorPlan:
    wide = chance(rng, 0.3)
    return SensorPlan(
        rate_hz=rate_hz,
        rate_error=rng.uniform(-0.007, 0.007),
        acc_noise_mps2=rng.uniform(0.01, 0.03),
        gyr_noise_dps=rng.uniform(0.04, 0.12),
        acc_bias_mg=_within(space.acc_bias_mg, rng),
        gyr_bias_dps=_within(space.gyr_bias_dps, rng),
        acc_scale=_within(space.scale_error, rng),
        gyr_scale=_within(0.01, rng),
        acc_range_g=16.0 if wide else 8.0,
        gyr_range_dps=2000.0 if wide else 1000.0,
        radio=_random_radio(space, rng),
    )


def _random_radio(space: Space, rng: Generator) -> RadioPlan:
    return RadioPlan(
        batch=int(rng.choice([1, 1, 1, 2, 4, 5, 10])),
        jitter_s=rng.uniform(0.001, 0.012),
        stalls_per_min=rng.uniform(0.0, 6.0),
        loss=rng.uniform(0.0, space.loss) if chance(rng, 0.4) else 0.0,
        counter="host" if chance(rng, 0.25) else "device",
        device_clock=chance(rng, 0.6),
        drift_ppm=rng.uniform(-100.0, 100.0),
        clock_start_s=rng.uniform(0.0, 5000.0),
    )


def _mounted_pelvis(plan: SensorPlan, space: Space, hanging: bool, rng: Generator) -> SensorPlan:
    """Draw an orientation a few degrees off the axes named in the header, the most about gravity."""
    cranial = pick(rng, _AXES)
    across = [name for name in _AXES if name[1] != cranial[1]]
    gravity, other = rng.uniform(-space.turn_deg, space.turn_deg), rng.normal(0.0, 1.5)
    turned = (other, gravity) if hanging else (gravity, other)
    return replace(
        plan,
        cranial_axis=cranial,
        anterior_axis=pick(rng, across),
        named=True,
        turned_deg=(*turned, rng.normal(0.0, 2.0)),
    )


def _strapped(plan: SensorPlan, rng: Generator) -> SensorPlan:
    """Draw an ankle sensor in any orientation, sometimes with its long axis named in the header."""
    if chance(rng, 0.3):
        return replace(plan, named=True, turned_deg=_vector(rng.normal(0.0, 1.5, 3)))
    return replace(plan, turned_deg=_any_turn(rng))


def _any_turn(rng: Generator) -> Vector:
    return _vector(Rotation.random(random_state=rng).as_rotvec(degrees=True))


def _silent(plan: SensorPlan, duration_s: float, rng: Generator) -> SensorPlan:
    start_s = rng.uniform(3.0, 60.0)
    return replace(plan, radio=replace(plan.radio, drop_outs=((start_s, duration_s),)))


def _within(bound: float, rng: Generator) -> Vector:
    return _vector(rng.uniform(-bound, bound, 3))


def soft_tissue(plan: SetPlan, rng: Generator) -> SetPlan:
    """Place both sensors on soft tissue."""
    return _both(
        plan,
        lambda sensor: replace(sensor, tissue=TissuePlan(*_vector(rng.uniform(*_TISSUE)))),
    )


def pitched_belt(plan: SetPlan, rng: Generator) -> SetPlan:
    """Lean the cranial axis by up to 25 degrees, as a belt on a belly."""
    if plan.pelvis is None:
        return plan
    pitch_deg = rng.uniform(8.0, 25.0) * (1.0 if chance(rng, 0.5) else -1.0)
    x, y, _ = plan.pelvis.turned_deg
    return replace(plan, pelvis=replace(plan.pelvis, turned_deg=(x, y, pitch_deg)))


def belt_slips(plan: SetPlan, rng: Generator) -> SetPlan:
    """Let the belt shift once in the set."""
    round_deg, pitch_deg = rng.uniform(-10.0, 10.0), rng.uniform(-12.0, 12.0)
    slip = _slip(np.array([0.0, round_deg, pitch_deg]), rng)
    return replace(plan, pelvis=replace(plan.pelvis, slip=slip) if plan.pelvis else None)


def strap_turns(plan: SetPlan, rng: Generator) -> SetPlan:
    """Let the strap turn once on the shank, by up to 45 degrees."""
    round_deg = rng.uniform(15.0, 45.0) * (1.0 if chance(rng, 0.5) else -1.0)
    along_deg, across_deg = rng.uniform(-5.0, 5.0, 2)
    slip = _slip(np.array([along_deg, round_deg, across_deg]), rng)
    return replace(plan, ankle=replace(plan.ankle, slip=slip) if plan.ankle else None)


def _slip(turn_deg: FloatArray, rng: Generator) -> SlipPlan:
    return SlipPlan(_vector(turn_deg), rng.uniform(0.3, 0.7), rng.uniform(0.3, 2.0))


def warms_up(plan: SetPlan, rng: Generator) -> SetPlan:
    """Let gyroscopes warm up: a bias that grows to 1 to 4 deg/s in a minute."""
    return _both(
        plan,
        lambda sensor: replace(
            sensor,
            gyr_warm_dps=_any_direction(rng.uniform(1.0, 4.0), rng),
            gyr_warm_s=rng.uniform(30.0, 60.0),
        ),
    )


def cheap_parts(plan: SetPlan, rng: Generator) -> SetPlan:
    """Use sensors of MPU-6050 class.

    Its data sheet (PS-MPU-6000A-00) has 400 ug/sqrt(Hz), zero-g offsets of 50 to 80 mg and 3 % of scale; real
    boards are up to twice as noisy, their gyroscopes two to ten times (ours).
    """
    return _both(plan, lambda sensor: _cheap(sensor, rng))


def _cheap(sensor: SensorPlan, rng: Generator) -> SensorPlan:
    root_band = np.sqrt(0.5 * sensor.rate_hz)
    offset_mg = rng.uniform(40.0, 60.0, 3) * rng.choice([-1.0, 1.0], 3)
    return replace(
        sensor,
        acc_noise_mps2=float(rng.uniform(400e-6, 700e-6) * STANDARD_GRAVITY_MPS2 * root_band),
        gyr_noise_dps=float(rng.uniform(0.01, 0.05) * root_band),
        acc_bias_mg=_vector(offset_mg),
        acc_scale=_vector(rng.uniform(-0.03, 0.03, 3)),
        gyr_scale=_vector(rng.uniform(-0.03, 0.03, 3)),
        gyr_bias_dps=_any_direction(rng.uniform(0.5, 3.0), rng),
    )


def _both(plan: SetPlan, change: Callable[[SensorPlan], SensorPlan]) -> SetPlan:
    pelvis, ankle = (None if sensor is None else change(sensor) for sensor in (plan.pelvis, plan.ankle))
    return replace(plan, pelvis=pelvis, ankle=ankle)


def _any_direction(length: float, rng: Generator) -> Vector:
    direction = rng.normal(size=3)
    return _vector(length * direction / np.linalg.norm(direction))


def _vector(values: FloatArray) -> Vector:
    x, y, z = values.tolist()
    return x, y, z
