"""Zero-phase filters, run forwards and backwards."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ


class ZeroPhase:
    """A second-order Butterworth filter run forwards and backwards.

    Ends are extended by odd reflection, as in `scipy.signal.sosfiltfilt`.

    Parameters
    ----------
    cutoff_hz : float or pair of float
        Cutoff frequency, or both for a band.
    kind : {"lowpass", "highpass", "bandpass"}
    rate_hz : float
        Sampling rate.

    Attributes
    ----------
    sections : (n, 6) float
        Second-order sections.
    settled : (n, 2) float
        State of the sections after a long step of ones.
    """

    def __init__(
        self,
        cutoff_hz: float | tuple[float, float],
        kind: Literal["lowpass", "highpass", "bandpass"] = "lowpass",
        rate_hz: float = GRID_HZ,
    ) -> None:
        self.sections = butter(2, cutoff_hz, btype=kind, fs=rate_hz, output="sos")
        # kept, since finding the state of a settled step takes longer than filtering a minute
        self.settled = sosfilt_zi(self.sections)
        self._reach = 3 * (2 * len(self.sections) + 1)

    def __call__(self, values: FloatArray) -> FloatArray:
        """Filter (n,) or (n, m) values along time, which have no NaN and are longer than the reflection."""
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
    """Return the low-pass for values on the grid at a cutoff frequency."""
    return ZeroPhase(cutoff_hz)
