"""The one low-pass (docs/definitions.md#angles), and what holding an angle means."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.holes import bridged, bridged_columns
from imu_reps.kinematics.zero_phase import ZeroPhase

CUTOFF_HZ = 6.0

#: Second order, run forwards and backwards: zero phase.
LOW_PASS = ZeroPhase(CUTOFF_HZ)
TREMOR_BAND = ZeroPhase((4.0, 12.0), "bandpass")

#: Shorter pieces are too short for the filters' start-up.
SHORTEST = 40


def low_passed(values: FloatArray) -> FloatArray:
    """Zero-phase 6 Hz low-pass along time, (n,); NaN is bridged and comes back as NaN."""
    if len(values) < SHORTEST or not np.isfinite(values).any():
        return np.full(len(values), np.nan)
    smooth = LOW_PASS(bridged(values))
    return np.where(np.isfinite(values), smooth, np.nan)


def tremor_band(values: FloatArray) -> FloatArray:
    """Zero-phase 4 to 12 Hz band of the columns of (n, m); NaN is bridged and comes back as NaN."""
    if len(values) < SHORTEST or not np.isfinite(values).any():
        return np.full(values.shape, np.nan)
    band = TREMOR_BAND(bridged_columns(values))
    return np.where(np.isfinite(values), band, np.nan)


class LiveLowPass:
    """The same low-pass run forwards only, one value at a time; NaN holds the value before."""

    def __init__(self) -> None:
        self._b, self._a = LOW_PASS.sections[0, :3].tolist(), LOW_PASS.sections[0, 3:].tolist()
        self._input: float | None = None
        self._state = (0.0, 0.0)

    def resume(self, value: float, state: FloatArray) -> None:
        """Go on from the filter's state (2,) behind `value`."""
        self._input, self._state = value, (float(state[0]), float(state[1]))

    def step(self, value: float) -> float:
        """Take the next value; returns the low-passed one."""
        (b0, b1, b2), (_, a1, a2) = self._b, self._a
        if math.isnan(value):
            value = self._input or 0.0
        if self._input is None:
            self._state = (value * (1.0 - b0), value * (b2 - a2))
        self._input = value
        smooth: float = b0 * value + self._state[0]
        self._state = (b1 * value - a1 * smooth + self._state[1], b2 * value - a2 * smooth)
        return smooth


def rate_of_change(values: FloatArray) -> FloatArray:
    """Central differences per second on the grid, (n,)."""
    if len(values) < 2:
        return np.zeros(len(values))
    return np.asarray(np.gradient(values, 1.0 / GRID_HZ))


def held_high(values: FloatArray, hold_s: float) -> FloatArray:
    """At each instant the level that `values` does not fall below for `hold_s` around it; NaN stays."""
    held = minimum_filter1d(bridged(values), _ticks(hold_s))
    return np.where(np.isfinite(values), held, np.nan)


def held_low(values: FloatArray, hold_s: float) -> FloatArray:
    """At each instant the level that `values` does not rise above for `hold_s` around it; NaN stays."""
    held = maximum_filter1d(bridged(values), _ticks(hold_s))
    return np.where(np.isfinite(values), held, np.nan)


def _ticks(hold_s: float) -> int:
    return 2 * round(hold_s * GRID_HZ / 2) + 1
