"""Figures over real recordings: counts by protocol, inclination against an optical reference."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from figures import Figure
from real_recordings import Counted, nobody_raises, pelvis_only_walks, supine_raises
from scipy.spatial.transform import Rotation
from vqf import offlineVQF

from imu_reps import SampleBlock
from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.clock.offline import SensorClock, TimedSamples
from imu_reps.kinematics.orientation import offline_motion, up_from_quaternions

#: Two filters that agree within this are the same, up to rounding.
ROUNDING_DEG = 1e-6


def counts(datasets: Path) -> tuple[Figure, ...]:
    """Number of recordings with a wrong count."""
    raises, idle = supine_raises(datasets), nobody_raises(datasets)
    walks = pelvis_only_walks(datasets)
    reps = sum(one.expected or 0 for one in raises)
    return (
        _wrong(
            "Real raises: recordings and sets with a wrong count",
            raises,
            "public supine straight leg raises, 25 Hz, ankle only: correct, fast and low-amplitude, "
            f"whole and set by set; {len(raises)} stretches, {reps} reps",
        ),
        _wrong(
            "Real recordings without raises: with a wrong count",
            idle,
            f"seated trunk bends and rests at 25 Hz, ankle only, a walk at 100 Hz, pelvis and ankle; "
            f"{len(idle)} stretches",
        ),
        _wrong(
            "Real walks without an ankle sensor: counted at all",
            walks,
            f"lower back only, 100 Hz; {len(walks)} recordings",
        ),
    )


def _wrong(what: str, found: tuple[Counted, ...], population: str) -> Figure:
    wrong = sum(one.found != one.expected for one in found)
    return Figure(what, population, (float(wrong),), 0.0, "")


@cache
def inclination(datasets: Path) -> tuple[Figure, ...]:
    """Error of the direction of up in recorded motion, and of the published filter on the same samples."""
    return tuple(_inclination(path) for path in sorted((datasets / "broad_omc").glob("*.npz")))


def _inclination(path: Path) -> Figure:
    with np.load(path) as trial:
        period_s = 1.0 / float(trial["fs"])
        gyr = np.ascontiguousarray(trial["gyr"], dtype=float)
        acc = np.ascontiguousarray(trial["acc"], dtype=float)
        true = trial["opt_quat"].astype(float)
        scored = trial["movement"] & np.isfinite(true).all(axis=1)
    up = Rotation.from_quat(true[scored], scalar_first=True).inv().apply([0.0, 0.0, 1.0])
    ours = _rmse_deg(_our_up(gyr, acc, period_s)[scored], up)
    published = _rmse_deg(up_from_quaternions(offlineVQF(gyr, acc, None, period_s)["quat6D"])[scored], up)
    population = f"hand-moved board, 286 Hz, optical reference, {path.stem}"
    return Figure(
        "Inclination: RMSE, no worse than VQF's own", population, (ours,), published + ROUNDING_DEG, "°"
    )


def _our_up(gyr: FloatArray, acc: FloatArray, period_s: float) -> FloatArray:
    count = len(gyr)
    index, time = np.arange(count), np.arange(count) * period_s
    clock = SensorClock(1.0 / period_s, 0, 0.0, None, None, None, 0, 0, 0)
    block = SampleBlock("ankle", time, index, np.full(count, np.nan), acc, np.degrees(gyr))
    return offline_motion(TimedSamples(time, index, index, period_s, clock), block).up


def _rmse_deg(up: FloatArray, true: FloatArray) -> float:
    half_chord = np.linalg.norm(up - true, axis=1) / 2.0
    angle = np.degrees(2.0 * np.arcsin(np.clip(half_chord, 0.0, 1.0)))
    return float(np.sqrt((angle**2).mean()))
