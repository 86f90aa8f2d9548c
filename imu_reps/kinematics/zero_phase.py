"""Filters run forwards and backwards, so that nothing comes late."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ


class ZeroPhase:
    """A Butterworth filter of second order, forwards and backwards (Gustafsson's reflected ends).

    Parameters
    ----------
    cutoff_hz : float or pair of float
    kind : {"lowpass", "highpass", "bandpass"}
    rate_hz : float

    Attributes
    ----------
    sections : (n, 6) float
    settled : (n, 2) float
        State of the sections behind a long row of ones.
    """

    def __init__(
        self,
        cutoff_hz: float | tuple[float, float],
        kind: Literal["lowpass", "highpass", "bandpass"] = "lowpass",
        rate_hz: float = GRID_HZ,
    ) -> None:
        self.sections = butter(2, cutoff_hz, btype=kind, fs=rate_hz, output="sos")
        # the state of a step that has settled takes longer to find than a minute takes to filter
        self.settled = sosfilt_zi(self.sections)
        self._reach = 3 * (2 * len(self.sections) + 1)

    def __call__(self, values: FloatArray) -> FloatArray:
        """Values (n,) or (n, m) along time, no NaN, of more than some instants."""
        rows = np.atleast_2d(values.T)
        first, last, reach = rows[:, :1], rows[:, -1:], self._reach
        before, after = 2.0 * first - rows[:, reach:0:-1], 2.0 * last - rows[:, -2 : -reach - 2 : -1]
        there = self._forwards(np.concatenate([before, rows, after], axis=1))
        back = self._forwards(there[:, ::-1])[:, ::-1]
        return np.asarray(back[:, reach:-reach].T.reshape(values.shape))

    def _forwards(self, rows: FloatArray) -> FloatArray:
        return np.asarray(sosfilt(self.sections, rows, zi=self.settled[:, None] * rows[:, :1])[0])


@cache
def low_pass(cutoff_hz: float) -> ZeroPhase:
    """The low-pass of the grid at a frequency."""
    return ZeroPhase(cutoff_hz)
