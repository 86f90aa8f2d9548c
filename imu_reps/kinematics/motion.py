"""Both sensors on one regular grid: directions of up, rates, impacts, stillness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import butter, sosfiltfilt

from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.orientation import SensorMotion

#: Ticks further apart than this many periods have a hole between them.
HOLE_PERIODS = 1.5

#: What the leg itself does lies below this; an impact of 10 to 60 ms lies mostly above.
IMPACT_HZ = 6.0
FEWEST_FOR_IMPACTS = 20

#: A slower sensor sees nothing above `IMPACT_HZ`.
LONGEST_PERIOD_S = 0.5 / IMPACT_HZ


@dataclass(frozen=True, slots=True)
class GridMotion:
    """One sensor on the common grid; NaN (False) where a hole or the sensor's absence leaves nothing.

    Attributes
    ----------
    up : (n, 3) float
        Direction of up in sensor axes.
    gyr_dps, acc_mps2 : (n, 3) float
        Bias-free angular rate; specific force.
    impact_mps2 : (n,) float
        Largest departure of the specific force from its surroundings within the grid step.
    still : (n,) bool
        The half second that ends here is still.
    """

    up: FloatArray
    gyr_dps: FloatArray
    acc_mps2: FloatArray
    impact_mps2: FloatArray
    still: BoolArray


@dataclass(frozen=True, slots=True)
class Motion:
    """Both sensors on the same `time_s`; None: absent."""

    time_s: FloatArray
    pelvis: GridMotion | None
    ankle: GridMotion | None

    def __len__(self) -> int:
        return len(self.time_s)


def grid_times(first_s: float, last_s: float) -> FloatArray:
    """Grid instants (whole multiples of the grid step) within a span."""
    first, last = np.ceil(first_s * GRID_HZ), np.floor(last_s * GRID_HZ)
    return np.asarray(np.arange(first, last + 1) / GRID_HZ)


def on_grid(motion: SensorMotion, time_s: FloatArray) -> GridMotion:
    """Bring a finished sensor onto the grid: cubic for up, straight lines for the rest.

    Parameters
    ----------
    motion : SensorMotion
        At least two samples.
    time_s : (n,) float
        Grid instants.
    """
    source = motion.time_s
    right = np.clip(np.searchsorted(source, time_s, side="right"), 1, len(source) - 1)
    inside = (time_s >= source[0]) & (time_s <= source[-1])
    valid = inside & (source[right] - source[right - 1] <= HOLE_PERIODS * motion.period_s)
    up = CubicSpline(source, motion.up)(time_s)
    return GridMotion(
        _masked(up, valid),
        _masked(_columns(time_s, source, motion.gyr_dps), valid),
        _masked(_columns(time_s, source, motion.acc_mps2), valid),
        _masked(grid_peaks(impacts(motion.acc_mps2, motion.period_s), source, time_s), valid),
        motion.still[right - 1] & valid,
    )


def impacts(acc_mps2: FloatArray, period_s: float) -> FloatArray:
    """What is left of the specific force above `IMPACT_HZ`, (n,) m/s²; 0 for too few or too slow samples."""
    if len(acc_mps2) < FEWEST_FOR_IMPACTS or period_s >= LONGEST_PERIOD_S:
        return np.zeros(len(acc_mps2))
    return np.asarray(np.linalg.norm(sosfiltfilt(impact_filter(period_s), acc_mps2, axis=0), axis=1))


def impact_filter(period_s: float) -> FloatArray:
    """High-pass at `IMPACT_HZ` as second-order sections."""
    return np.asarray(butter(2, IMPACT_HZ, btype="highpass", fs=1.0 / period_s, output="sos"))


def grid_peaks(values: FloatArray, source_s: FloatArray, time_s: FloatArray) -> FloatArray:
    """The largest value in the step around each grid instant; between sparser samples the nearest one."""
    nearest = np.clip(np.searchsorted(source_s, time_s - 0.5 / GRID_HZ), 0, len(source_s) - 1)
    peaks = values[nearest]
    cell = np.rint((source_s - time_s[0]) * GRID_HZ).astype(np.int64)
    known = (cell >= 0) & (cell < len(time_s))
    np.maximum.at(peaks, cell[known], values[known])
    return np.asarray(peaks)


def _columns(time_s: FloatArray, source_s: FloatArray, values: FloatArray) -> FloatArray:
    return np.column_stack([np.interp(time_s, source_s, column) for column in values.T])


def _masked(values: FloatArray, valid: BoolArray) -> FloatArray:
    shape = valid if values.ndim == 1 else valid[:, None]
    return np.where(shape, values, np.nan)
