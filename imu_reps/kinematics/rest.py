"""Rest: when a sensor is still, and what its gyroscope reads then."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray

STILL_WINDOW_S = 0.5
STILL_GYR_RMS_DPS = 2.0
STILL_ACC_SD_MPS2 = 0.15

#: A sensor that turns by 1 deg/s or more moves gravity by this from one half of the window to the other.
SLOW_TURN_MPS2 = 0.05

#: A gyroscope at rest may be off by this much (LSM6DS family, uncalibrated); what turns faster is no rest.
MAX_BIAS_DPS = 10.0


def window_length(period_s: float) -> int:
    """Samples in the half second that decides stillness."""
    return max(3, round(STILL_WINDOW_S / period_s))


def still_mask(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> BoolArray:
    """Which samples end a still window, by the definition of ``still``.

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
    gyr_mean_square = _window_mean((gyr_dps**2).sum(axis=1)[:, None], length)[:, 0]
    centred = acc_mps2 - acc_mps2[0]
    mean = _window_mean(np.column_stack([centred, (centred**2).sum(axis=1)]), length)
    variance = mean[:, 3] - (mean[:, :3] ** 2).sum(axis=1)
    mask[length - 1 :] = (gyr_mean_square < STILL_GYR_RMS_DPS**2) & (variance < STILL_ACC_SD_MPS2**2)
    return mask


def rest_bias(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> FloatArray | None:
    """What the gyroscope reads at rest: the median over the still half seconds, None if there is none.

    Judged by scatter alone, so that a bias cannot hide the rest that shows it.
    """
    count = len(gyr_dps) // length
    if count == 0:
        return None
    gyr = gyr_dps[: count * length].reshape(count, length, 3)
    acc = acc_mps2[: count * length].reshape(count, length, 3)
    mean = gyr.mean(axis=1)
    half = length // 2
    turned = np.abs(acc[:, -half:].mean(axis=1) - acc[:, :half].mean(axis=1)).max(axis=1)
    rest = (
        (turned < SLOW_TURN_MPS2)
        & (gyr.var(axis=1).sum(axis=1) < (STILL_GYR_RMS_DPS / 2) ** 2)
        & (acc.var(axis=1).sum(axis=1) < (STILL_ACC_SD_MPS2 / 2) ** 2)
        & (np.abs(mean) < MAX_BIAS_DPS).all(axis=1)
    )
    return np.asarray(np.median(mean[rest], axis=0)) if rest.any() else None


def stretches(mask: BoolArray) -> list[tuple[int, int]]:
    """Half-open spans in which `mask` holds."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _window_mean(values: FloatArray, length: int) -> FloatArray:
    total = np.cumsum(values, axis=0)
    total[length:] = total[length:] - total[:-length]
    return np.asarray(total[length - 1 :] / length)
