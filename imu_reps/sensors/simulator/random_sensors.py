"""Random sensors and radios."""

from __future__ import annotations

from dataclasses import dataclass, replace

from numpy.random import Generator
from scipy.spatial.transform import Rotation

from imu_reps.domain.recording import Axis, PelvisAlignment
from imu_reps.sensors.simulator.sensor_plan import RadioPlan, SensorPlan, Vector

_RATES_HZ = (25.0, 50.0, 60.0, 100.0, 100.0, 100.0, 104.0, 200.0, 208.0)
_AXES: tuple[Axis, ...] = ("+x", "-x", "+y", "-y", "+z", "-z")


@dataclass(frozen=True, slots=True)
class SensorSpace:
    """Bounds of what a random sensor may be; as in `Space`.

    Attributes
    ----------
    shortest_s : float
        Shortest repetition of the set: the ankle never falls silent for a third of it, because what
        was never received nobody can count.
    """

    rate_hz: float | None
    acc_bias_mg: float
    acc_scale: float
    gyr_bias_dps: float
    turn_deg: float
    loss: float
    drop_outs: bool
    shortest_s: float


def chance(rng: Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def random_sensors(
    space: SensorSpace, alignment: PelvisAlignment, hanging: bool, rng: Generator
) -> tuple[SensorPlan, SensorPlan]:
    """A pelvis and an ankle sensor, mostly of one make."""
    rate_hz = space.rate_hz or _RATES_HZ[int(rng.integers(len(_RATES_HZ)))]
    pelvis = _random_sensor(space, rate_hz, rng)
    ankle = _random_sensor(space, rate_hz, rng)
    pelvis, ankle = _mounted_pelvis(pelvis, space, hanging, rng), _strapped(ankle, rng)
    if alignment == "functional":
        pelvis = replace(pelvis, turned_deg=_any_turn(rng), named=False)
    if space.drop_outs and chance(rng, 0.1):
        pelvis = _silent(pelvis, float(rng.uniform(0.5, 3.0)), rng)
    if space.drop_outs and chance(rng, 0.1):
        ankle = _silent(ankle, min(3.0, 0.33 * space.shortest_s), rng)
    return pelvis, ankle


def _random_sensor(space: SensorSpace, rate_hz: float, rng: Generator) -> SensorPlan:
    wide = chance(rng, 0.3)
    return SensorPlan(
        rate_hz=rate_hz,
        rate_error=float(rng.uniform(-0.007, 0.007)),
        acc_noise_mps2=float(rng.uniform(0.01, 0.03)),
        gyr_noise_dps=float(rng.uniform(0.04, 0.12)),
        acc_bias_mg=_within(space.acc_bias_mg, rng),
        gyr_bias_dps=_within(space.gyr_bias_dps, rng),
        acc_scale=_within(space.acc_scale, rng),
        gyr_scale=_within(0.01, rng),
        acc_range_g=16.0 if wide else 8.0,
        gyr_range_dps=2000.0 if wide else 1000.0,
        radio=_random_radio(space, rng),
    )


def _random_radio(space: SensorSpace, rng: Generator) -> RadioPlan:
    return RadioPlan(
        batch=int(rng.choice([1, 1, 1, 2, 4, 5, 10])),
        jitter_s=float(rng.uniform(0.001, 0.012)),
        stalls_per_min=float(rng.uniform(0.0, 6.0)),
        loss=float(rng.uniform(0.0, space.loss)) if chance(rng, 0.4) else 0.0,
        counter="host" if chance(rng, 0.25) else "device",
        device_clock=chance(rng, 0.6),
        drift_ppm=float(rng.uniform(-100.0, 100.0)),
        clock_start_s=float(rng.uniform(0.0, 5000.0)),
    )


def _mounted_pelvis(plan: SensorPlan, space: SensorSpace, hanging: bool, rng: Generator) -> SensorPlan:
    """Axes as named in the header, but for a few degrees; the most about gravity."""
    cranial = _AXES[int(rng.integers(6))]
    across = [name for name in _AXES if name[1] != cranial[1]]
    gravity, other = rng.uniform(-space.turn_deg, space.turn_deg), rng.normal(0.0, 1.5)
    turned = (other, gravity) if hanging else (gravity, other)
    return replace(
        plan,
        cranial_axis=cranial,
        anterior_axis=across[int(rng.integers(4))],
        named=True,
        turned_deg=(float(turned[0]), float(turned[1]), float(rng.normal(0.0, 2.0))),
    )


def _strapped(plan: SensorPlan, rng: Generator) -> SensorPlan:
    """An ankle sensor in any orientation, at times with its long axis named in the header."""
    if chance(rng, 0.3):
        small = rng.normal(0.0, 1.5, 3)
        return replace(plan, named=True, turned_deg=(float(small[0]), float(small[1]), float(small[2])))
    return replace(plan, turned_deg=_any_turn(rng))


def _any_turn(rng: Generator) -> Vector:
    x, y, z = Rotation.random(random_state=rng).as_rotvec(degrees=True)
    return float(x), float(y), float(z)


def _silent(plan: SensorPlan, duration_s: float, rng: Generator) -> SensorPlan:
    start_s = float(rng.uniform(3.0, 60.0))
    return replace(plan, radio=replace(plan.radio, drop_outs=((start_s, duration_s),)))


def _within(bound: float, rng: Generator) -> Vector:
    x, y, z = rng.uniform(-bound, bound, 3)
    return float(x), float(y), float(z)
