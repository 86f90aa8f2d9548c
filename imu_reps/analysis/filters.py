"""The one low-pass (docs/definitions.md#angles), and what holding an angle means."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import bridged, bridged_columns
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
    """The same low-pass run forwards only, one value at a time; NaN holds the value before.

    Once a hole is over it is bridged by a straight line, as `low_passed` does: held until then, the value
    would leap where the hole ends, and a leap looks like a jolt.

    Attributes
    ----------
    bridged : list of float
        The low-passed values of the hole that ended with the value last taken, the newest last; empty where
        none did.
    """

    def __init__(self) -> None:
        self._b, self._a = LOW_PASS.sections[0, :3].tolist(), LOW_PASS.sections[0, 3:].tolist()
        self._measured: float | None = None
        self._state = self._held_state = (0.0, 0.0)
        self._hole = 0
        self.bridged: list[float] = []

    def resume(self, value: float, state: FloatArray) -> None:
        """Go on from the filter's state (2,) behind `value`."""
        self._measured, self._state, self._hole = value, (float(state[0]), float(state[1])), 0

    def step(self, value: float) -> float:
        """Take the next value; returns the low-passed one."""
        (_, _, b2), (_, _, a2) = self._b, self._a
        self.bridged = []
        if self._measured is None:
            self._measured = 0.0 if math.isnan(value) else value
            self._state = (self._measured * (1.0 - self._b[0]), self._measured * (b2 - a2))
        if math.isnan(value):
            if self._hole == 0:
                self._held_state = self._state
            self._hole += 1
            return self._filtered(self._measured)
        if self._hole:
            self._state = self._held_state
            slope = (value - self._measured) / (self._hole + 1)
            self.bridged = [self._filtered(self._measured + slope * k) for k in range(1, self._hole + 1)]
        self._measured, self._hole = value, 0
        return self._filtered(value)

    def _filtered(self, value: float) -> float:
        (b0, b1, b2), (_, a1, a2) = self._b, self._a
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
