"""Holes crossed by straight lines, for filters only: what was lost stays lost in every result."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray


def bridged(values: FloatArray) -> FloatArray:
    """Values with NaN crossed by straight lines, for filters only; all NaN stays all NaN."""
    known = np.isfinite(values)
    if known.all() or not known.any():
        return values
    ticks = np.arange(len(values))
    return np.interp(ticks, ticks[known], values[known])


def bridged_columns(values: FloatArray) -> FloatArray:
    """The same for each column of (n, m) values."""
    return values if np.isfinite(values).all() else np.column_stack([bridged(column) for column in values.T])
