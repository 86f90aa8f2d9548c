"""Leg raises at a bar by a body that sways in reaction and never hangs still: counted while they are done."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Header, Pipeline, Recording, SampleBlock, SensorHeader
from imu_reps.domain.samples import FloatArray, SensorPlace

G_MPS2, STEP_S = 9.80665, 0.002

#: Bar to hips, bar to the trunk's centre, and hips to the legs' centre and to the ankle, m.
TRUNK_M, TRUNK_CENTRE_M, LEG_CENTRE_M, LEG_M = 1.12, 0.72, 0.40, 0.80
TRUNK_KG, LEG_KG, TRUNK_KGM2, LEG_KGM2 = 46.0, 24.0, 3.2, 1.9


def raised(rng: np.random.Generator, count: int) -> FloatArray:
    """Return the angle of the legs to the trunk, rad, for raises without a rest before or between them."""
    ways = [np.zeros(1)]
    for _ in range(count):
        top, up_s, down_s = rng.uniform(0.75, 0.95), rng.uniform(0.7, 1.0), rng.uniform(0.9, 1.3)
        for begin, end, lasts_s in ((0.0, top, up_s), (top, 0.0, down_s), (0.0, 0.0, 0.2)):
            share = np.linspace(0.0, 1.0, round(lasts_s / STEP_S))
            ways.append(begin + (end - begin) * share**3 * (10.0 - 15.0 * share + 6.0 * share**2))
    return np.concatenate([*ways, np.zeros(round(1.0 / STEP_S))])


def swayed(legs: FloatArray, begin: float, damping: float) -> FloatArray:
    """Return the angle of the trunk, rad, feet forward, that gravity and the legs' motion give it.

    The momentum about the bar, M w + N h', changes by gravity and damping alone; M and N are the moments of
    inertia about the bar of the body, and of the legs for their own turning.
    """
    trunk = TRUNK_KG * TRUNK_CENTRE_M**2 + TRUNK_KGM2 + LEG_KG * TRUNK_M**2
    leg, both = LEG_KG * LEG_CENTRE_M**2 + LEG_KGM2, LEG_KG * TRUNK_M * LEG_CENTRE_M
    of_trunk = (TRUNK_KG * TRUNK_CENTRE_M + LEG_KG * TRUNK_M) * G_MPS2
    of_leg = LEG_KG * LEG_CENTRE_M * G_MPS2
    own = (leg + both * np.cos(legs)) * np.gradient(legs, STEP_S)
    inertia = trunk + leg + 2.0 * both * np.cos(legs)
    angle, momentum, found = begin, float(own[0]), np.empty(len(legs))
    for k in range(len(legs)):
        found[k] = angle
        pull = -of_trunk * np.sin(angle) - of_leg * np.sin(angle + legs[k])
        momentum += STEP_S * (pull - damping * (momentum - own[k]) / inertia[k])
        angle += STEP_S * (momentum - own[k]) / inertia[k]
    return found


def sensed(
    place: SensorPlace, path_m: FloatArray, angle: FloatArray, worn: Rotation, rng: np.random.Generator
) -> SampleBlock:
    """Return the samples of a sensor that is carried along a path and turned by an angle, at 100 Hz."""
    force = np.gradient(np.gradient(path_m, STEP_S, axis=0), STEP_S, axis=0) + np.array([0.0, G_MPS2])
    cranial = np.column_stack([-np.sin(angle), np.cos(angle)])
    anterior = np.column_stack([np.cos(angle), np.sin(angle)])
    acc = np.column_stack([(force * anterior).sum(axis=1), (force * cranial).sum(axis=1), 0.0 * angle])
    rate = np.degrees(np.gradient(angle, STEP_S))
    gyr = np.column_stack([0.0 * rate, 0.0 * rate, rate])
    rows = slice(10, -10, round(0.01 / STEP_S))
    acc, gyr = worn.apply(acc[rows]), worn.apply(gyr[rows])
    time_s, numbers = 0.01 * np.arange(len(acc)), np.arange(len(acc))
    acc = acc + rng.normal(0.0, 0.05, acc.shape)
    return SampleBlock(place, time_s, numbers, time_s.copy(), acc, gyr + rng.normal(0.0, 0.2, gyr.shape))


def swaying_hang(seed: int, count: int) -> Recording:
    rng = np.random.default_rng(seed)
    legs = raised(rng, count)
    trunk = swayed(legs, rng.uniform(-0.08, 0.08), rng.uniform(5.0, 30.0))
    hips_m = TRUNK_M * np.column_stack([np.sin(trunk), -np.cos(trunk)])
    ankle_m = hips_m + LEG_M * np.column_stack([np.sin(trunk + legs), -np.cos(trunk + legs)])
    axes = SensorHeader(cranial_axis="+y", anterior_axis="+x")
    header = Header(exercise="hanging_leg_raise", posture="hanging", side="both", pelvis=axes)
    belt, strap = Rotation.from_rotvec(rng.normal(0.0, 0.1, 3)), Rotation.from_quat(rng.normal(size=4))
    pelvis = sensed("pelvis", hips_m, trunk, belt, rng)
    return Recording(header, pelvis, sensed("ankle", ankle_m, trunk + legs, strap, rng))


def counts(recording: Recording) -> tuple[int, int | None]:
    """Return the live count before the end, and the final count."""
    pipeline = Pipeline(recording.header)
    assert recording.pelvis is not None
    assert recording.ankle is not None
    for begin in range(0, len(recording.ankle), 25):
        pipeline.push(recording.pelvis[begin : begin + 25], recording.ankle[begin : begin + 25])
    live = pipeline.rep_count
    _, analysis = pipeline.finish()
    return live, analysis.summary.set.rep_count


@pytest.mark.parametrize("seed", [5, 10])
def test_raises_count_live_although_the_body_never_hangs_still(seed: int) -> None:
    live, final = counts(swaying_hang(seed, count=10))

    assert final == 10
    assert live >= 8
