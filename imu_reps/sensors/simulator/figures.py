"""Figures of one repetition from the commanded motion, as the definitions have them."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d

from imu_reps.domain.recording import Posture
from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.simulator.body import DENSE_HZ
from imu_reps.sensors.simulator.phases import LegCurve

_PENDULUM_RAD2_S2 = 16.0
_MIN_STATIC = 0.34
_LOW_MOMENT = 0.2
_MIN_DEGREES = 10.0


def passive_share(leg: LegCurve, span: slice, posture: Posture, *, rising: bool) -> float | None:
    """Share of the degrees travelled with a net hip moment under 0.2: `momentum`, or the drop.

    None if fewer than 10 degrees remain where the static moment is at least 0.34.
    """
    angle = np.radians(leg.elevation_deg[span])
    static = np.sin(angle) if posture == "hanging" else np.cos(angle)
    moment = np.radians(leg.acceleration_dps2[span]) / _PENDULUM_RAD2_S2 + static
    speed = leg.speed_dps[span] if rising else -leg.speed_dps[span]
    way = np.where(static >= _MIN_STATIC, np.maximum(speed, 0.0), 0.0) / DENSE_HZ
    total = float(way.sum())
    if total < _MIN_DEGREES:
        return None
    return float(way[moment < _LOW_MOMENT].sum()) / total


def held_peak(values: FloatArray, hold_s: float) -> float | None:
    """Greatest value that holds for `hold_s`; None for a stretch shorter than that, or without values."""
    size = round(hold_s * DENSE_HZ)
    if len(values) < size or np.isnan(values).any():
        return None
    whole = minimum_filter1d(values, size)[size // 2 : len(values) - (size - 1) // 2]
    return float(whole.max())


def held_rotation(values: FloatArray, hold_s: float) -> float | None:
    """The rotation of the greatest magnitude held for `hold_s`, signed."""
    positive, negative = held_peak(values, hold_s), held_peak(-values, hold_s)
    if positive is None or negative is None:
        return None
    return positive if positive >= negative else -negative


def smoothness_sparc(speed_dps: FloatArray) -> float | None:
    """Spectral arc length of one movement (Balasubramanian et al. 2015): 10 Hz, 0.05, padding 4."""
    speed = np.abs(speed_dps[:: round(DENSE_HZ / 100.0)])
    if len(speed) < 8:
        return None
    size = int(2 ** (np.ceil(np.log2(len(speed))) + 4))
    frequency = np.arange(size // 2) * (100.0 / size)
    magnitude = np.abs(np.fft.rfft(speed, size))[: size // 2]
    magnitude /= magnitude.max()
    inside = frequency <= 10.0
    strong = np.flatnonzero(inside & (magnitude >= 0.05))
    kept = slice(strong[0], strong[-1] + 1)
    f, m = frequency[kept], magnitude[kept]
    return -float(np.sum(np.hypot(np.diff(f) / (f[-1] - f[0]), np.diff(m))))
