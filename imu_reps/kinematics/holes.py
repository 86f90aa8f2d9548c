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
    """The same for the columns of (n, m) values, which are measured together."""
    known = np.isfinite(values[:, 0])
    if known.all() or not known.any():
        return values
    whole, holes, ticks = values.copy(), np.flatnonzero(~known), np.flatnonzero(known)
    for column in whole.T:
        column[holes] = np.interp(holes, ticks, column[ticks])
    return whole
