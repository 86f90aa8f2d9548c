"""Holes crossed by straight lines, for filters only: what was lost stays lost in every result."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray


def bridged(values: FloatArray) -> FloatArray:
    """Values with NaN crossed by straight lines, for filters only; all NaN stays all NaN."""
    known = np.isfinite(values)
    if known.all() or not known.any():
        return values
    whole, holes, ticks = values.copy(), np.flatnonzero(~known), np.flatnonzero(known)
    whole[holes] = np.interp(holes, ticks, values[ticks])
    return whole


def bridged_columns(values: FloatArray) -> FloatArray:
    """The same for each column of (n, m) values."""
    if np.isfinite(values).all():
        return values
    whole = values.copy()
    for column in whole.T:
        column[:] = bridged(column)
    return whole
