"""Rest: when a sensor is still, and what its gyroscope reads then."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.polynomial import polynomial

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray

STILL_WINDOW_S = 0.5
STILL_GYR_RMS_DPS = 2.0
STILL_ACC_SD_MPS2 = 0.15

#: Where the sensor's own noise is larger, its scatter may be so many times that noise:
#: docs/definitions.md#still-ready-spell ...
NOISE_TIMES = 2.0
#: ... and never more than this: twice the 0.07 m/s² an axis of an MPU-6050 at 200 Hz, and a bit (ours).
NOISY_ACC_SD_MPS2 = 0.30

#: A sensor that turns by 1 deg/s or more moves gravity by this from one half of the window to the other.
SLOW_TURN_MPS2 = 0.05

#: A gyroscope at rest may be off by this much (LSM6DS family, uncalibrated); what turns faster is no rest.
MAX_BIAS_DPS = 10.0

#: A bias that wanders less than this leaves every rest still: the limit of stillness is twice it (ours).
WANDER_DPS = 1.0
#: Fewer readings of rests show no wander, nor do rests within so many half seconds of each other: a body that
#: sways at the bar turns as smoothly for a while, a gyroscope warms up in half a minute and more (ours).
WANDER_READINGS = 8
WANDER_SPAN = 30
#: The curve of a gyroscope that warms up explains this share of what the rests read; what a body does in slow
#: motion comes and goes (ours: of 226 sets of other people's simulators and 30 of real people none is above).
WANDER_EXPLAINED = 0.9


def window_length(period_s: float) -> int:
    """Samples in the half second that decides stillness."""
    return max(3, round(STILL_WINDOW_S / period_s))


def still_mask(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> BoolArray:
    """Which samples end a still window, by the definition of ``still``.

    The sensor's own noise is told from its movement within each window by the steps from sample to sample:
    half of their mean square is the variance of noise that is white (von Neumann, Ann. Math. Stat. 1941).

    Parameters
    ----------
    gyr_dps, acc_mps2 : (n, 3) float
        Bias-free angular rate, and specific force.
    length : int
        Window in samples.

    Returns
    -------
    (n,) bool
        False for the first `length - 1` samples, whose window is not whole.
    """
    mask = np.zeros(len(gyr_dps), bool)
    if len(gyr_dps) < length:
        return mask
    # along contiguous samples: several times quicker than across them
    gyr, acc = np.ascontiguousarray(gyr_dps.T), np.ascontiguousarray((acc_mps2 - acc_mps2[0]).T)
    gyr_mean_square = _window_mean((gyr**2).sum(axis=0), length)
    variance = _window_mean((acc**2).sum(axis=0), length) - (_window_mean(acc, length) ** 2).sum(axis=0)
    noise = _window_mean((np.diff(acc) ** 2).sum(axis=0), length - 1) / 2.0
    limit = np.clip(NOISE_TIMES**2 * noise, STILL_ACC_SD_MPS2**2, NOISY_ACC_SD_MPS2**2)
    mask[length - 1 :] = (gyr_mean_square < STILL_GYR_RMS_DPS**2) & (variance < limit)
    return mask


def rest_readings(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Middles of the still half seconds, (k,) in samples, and what the gyroscope reads in them, (k, 3)."""
    count = len(gyr_dps) // length
    if not count:
        return np.zeros(0), np.zeros((0, 3))
    # along contiguous samples: several times quicker than across them
    gyr, acc = (
        np.ascontiguousarray(values[: count * length].T).reshape(3, count, length)
        for values in (gyr_dps, acc_mps2)
    )
    mean = gyr.mean(axis=2)
    half = length // 2
    turned = np.abs(acc[..., -half:].mean(axis=2) - acc[..., :half].mean(axis=2)).max(axis=0)
    noise = (np.diff(acc) ** 2).mean(axis=2).sum(axis=0) / 2.0
    # twice the noise's variance leaves room for chance; the other limits are half of those of stillness
    limit = np.clip(2.0 * noise, (STILL_ACC_SD_MPS2 / 2.0) ** 2, (NOISY_ACC_SD_MPS2 / 2.0) ** 2)
    rest = (
        (turned < SLOW_TURN_MPS2)
        & (gyr.var(axis=2).sum(axis=0) < (STILL_GYR_RMS_DPS / 2) ** 2)
        & (acc.var(axis=2).sum(axis=0) < limit)
        & (np.abs(mean) < MAX_BIAS_DPS).all(axis=0)
    )
    return np.asarray((np.flatnonzero(rest) + 0.5) * length), mean.T[rest]


def gyroscope_bias(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> FloatArray | None:
    """The bias over time of a gyroscope that warms up, (n, 3) deg/s; of any other, (3,); None without rests.

    The latter is the median over the still half seconds. They are judged by scatter alone, so that a bias
    cannot hide the rest that shows it.
    """
    at, readings = rest_readings(gyr_dps, acc_mps2, length)
    wanders = warming_curve(at / length, readings, np.arange(len(gyr_dps)) / length)
    if wanders is not None:
        return wanders
    return np.asarray(np.median(readings, axis=0)) if len(readings) else None


def warming_curve(at: FloatArray, readings: FloatArray, when: FloatArray | IntArray) -> FloatArray | None:
    """A parabola through what rests read, level outside of them; None where they show no wander.

    They show it without the reading that is furthest off too: a body that sways stands still for a moment as
    it turns.
    The bias that VQF estimates beside the orientation follows 0.1 deg/s in a second too slowly for the rests
    to be seen.

    Parameters
    ----------
    at : (k,) float
        When the rests are, in half seconds, increasing.
    readings : (k, 3) float
        What the gyroscope reads there, deg/s.
    when : (n,) float
        When the bias is asked for, in half seconds.

    Returns
    -------
    (n, 3) float or None
    """
    if len(readings) <= WANDER_READINGS or at[-1] - at[0] < WANDER_SPAN:
        return None
    middle, half = (at[0] + at[-1]) / 2.0, (at[-1] - at[0]) / 2.0
    along = (at - middle) / half
    furthest = int(np.linalg.norm(readings - np.median(readings, axis=0), axis=1).argmax())
    if _parabola(np.delete(along, furthest), np.delete(readings, furthest, axis=0)) is None:
        return None
    curve = _parabola(along, readings)
    if curve is None:
        return None
    return np.asarray(polynomial.polyval((np.clip(when, at[0], at[-1]) - middle) / half, curve).T)


def _parabola(along: FloatArray, readings: FloatArray) -> FloatArray | None:
    """Coefficients (3, 3) of a parabola through readings; None where it tells too little of them."""
    curve = polynomial.polyfit(along, readings, 2)
    fitted = polynomial.polyval(along, curve).T
    left = ((readings - fitted) ** 2).sum()
    explained = 1.0 - left / max(float(((readings - readings.mean(axis=0)) ** 2).sum()), 1e-12)
    if np.ptp(fitted, axis=0).max() < WANDER_DPS or explained < WANDER_EXPLAINED:
        return None
    return np.asarray(curve)


def runs_of(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Where the spans in which a mask holds begin, and where they end (not included)."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return edges[::2], edges[1::2]


def stretches(mask: BoolArray, gap: int = 0) -> list[tuple[int, int]]:
    """Half-open spans in which `mask` holds; what is at most `gap` apart is one."""
    starts, ends = (edges.tolist() for edges in runs_of(mask))
    apart = [k for k in range(1, len(starts)) if starts[k] - ends[k - 1] > gap]
    return [(starts[a], ends[b - 1]) for a, b in pairwise([0, *apart, len(starts)])] if starts else []


def _window_mean(values: FloatArray, length: int) -> FloatArray:
    total = np.cumsum(values, axis=-1)
    total[..., length:] = total[..., length:] - total[..., :-length]
    return np.asarray(total[..., length - 1 :] / length)
