"""Smoothness: spectral arc length (SPARC) of the leg's speed in one phase.

Balasubramanian, Melendez-Calderon, Roby-Brami and Burdet, J NeuroEng Rehabil 2015. Never proof of control:
a swing is smooth.
"""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ

CUTOFF_HZ = 10.0
AMPLITUDE = 0.05
PADDING = 4


def spectral_arc_length(speed_dps: FloatArray) -> float | None:
    """Arc length of the normalised speed spectrum, negative; nearer 0 is smoother; None if too short."""
    if len(speed_dps) < 10 or not np.any(speed_dps):
        return None
    length = 1 << (int(np.ceil(np.log2(len(speed_dps)))) + PADDING)
    frequency = np.arange(int(CUTOFF_HZ * length / GRID_HZ) + 1) * GRID_HZ / length
    spectrum = np.abs(np.fft.rfft(speed_dps, length)[: len(frequency)])
    spectrum /= spectrum.max()
    loud = np.flatnonzero(spectrum >= AMPLITUDE)
    spectrum, frequency = spectrum[loud[0] : loud[-1] + 1], frequency[loud[0] : loud[-1] + 1]
    if len(frequency) < 2:
        return None
    steps = np.hypot(np.diff(frequency) / (frequency[-1] - frequency[0]), np.diff(spectrum))
    return -float(steps.sum())
