"""Robust statistics: the median, and the spread it shows, which a few outliers do not move."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray

#: Standard deviations per median absolute deviation of normally distributed values.
SD_PER_MAD = 1.4826

QUARTILES = (0.25, 0.5, 0.75)


def median(values: FloatArray) -> float:
    """Return the median of (n,) values without NaN; of few it takes a small part of `numpy.median`'s time."""
    ordered, half = values.copy(), len(values) // 2
    ordered.sort()
    return float(0.5 * (ordered[half] + ordered[-half - 1]))


def medians(values: FloatArray) -> FloatArray:
    """Return the median of each column of (n, m) values without NaN, (m,)."""
    half = len(values) // 2
    if len(values) % 2:
        return np.asarray(np.partition(values, half, axis=0)[half])
    low, high = np.partition(values, [half - 1, half], axis=0)[half - 1 : half + 1]
    return np.asarray((low + high) / 2.0)


def quantiles(values: FloatArray, *shares: float) -> list[float]:
    """Return quantiles of (n,) values without NaN; `numpy.quantile` takes several times as long."""
    ordered = np.sort(values)
    at = np.array(shares) * (len(ordered) - 1)
    found: list[float] = np.interp(at, np.arange(len(ordered)), ordered).tolist()
    return found


def mad_sd(values: FloatArray, centre: float | None = None) -> float:
    """Return the standard deviation by the median absolute deviation from the median, or from `centre`."""
    return SD_PER_MAD * median(np.abs(values - (median(values) if centre is None else centre)))
