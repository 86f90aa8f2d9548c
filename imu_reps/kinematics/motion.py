"""Motion of both sensors on one regular grid: up, rates, impacts, stillness; and filters on the grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.orientation import SensorMotion
from imu_reps.kinematics.rest import pieces

#: Ticks further apart than this many periods have a hole between them.
HOLE_PERIODS = 1.5

#: Frequency between leg movement, below it, and impacts of 10 to 60 ms, mostly above it.
LEG_HZ = 6.0
MIN_FOR_IMPACTS = 20

#: Sample period from which a sensor shows nothing above `LEG_HZ`.
LONGEST_PERIOD_S = 0.5 / LEG_HZ


@dataclass(frozen=True, slots=True)
class GridMotion:
    """Motion of one sensor on the common grid; NaN (False) in holes.

    Attributes
    ----------
    up : (n, 3) float
        Direction of up in sensor axes.
    gyr_dps, acc_mps2 : (n, 3) float
        Bias-free angular rate; specific force.
    impact_mps2 : (n,) float
        Largest high-passed specific force within the grid step.
    still : (n,) bool
        Whether the half second that ends here is still.
    """

    up: FloatArray
    gyr_dps: FloatArray
    acc_mps2: FloatArray
    impact_mps2: FloatArray
    still: BoolArray

    def __getitem__(self, piece: slice) -> GridMotion:
        return GridMotion(*(getattr(self, name)[piece] for name in GridMotion.__slots__))

    def until(self, tick: int) -> GridMotion:
        """Return the motion with a hole from a tick on."""
        known = np.arange(len(self.still)) < tick
        up, gyr, acc = (
            np.where(known[:, None], each, np.nan) for each in (self.up, self.gyr_dps, self.acc_mps2)
        )
        return GridMotion(up, gyr, acc, np.where(known, self.impact_mps2, np.nan), self.still & known)


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion of both sensors on the same `time_s`; None for an absent one."""

    time_s: FloatArray
    pelvis: GridMotion | None
    ankle: GridMotion | None

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, piece: slice) -> Motion:
        pelvis = None if self.pelvis is None else self.pelvis[piece]
        return Motion(self.time_s[piece], pelvis, None if self.ankle is None else self.ankle[piece])


def grid_times(first_s: float, last_s: float) -> FloatArray:
    """Return the grid instants (whole multiples of the grid step) within a span."""
    first, last = np.ceil(first_s * GRID_HZ), np.floor(last_s * GRID_HZ)
    return np.asarray(np.arange(first, last + 1) / GRID_HZ)


def on_grid(motion: SensorMotion, time_s: FloatArray) -> GridMotion:
    """Resample a sensor's motion onto the grid: up by cubics, the rest linearly, without impacts.

    Parameters
    ----------
    motion : SensorMotion
        At least two samples.
    time_s : (n,) float
        Grid instants.
    """
    left, share = brackets(motion.time_s, time_s, motion.period_s)
    return GridMotion(
        cubic_between(motion.up, left, share, np.diff(motion.time_s) > HOLE_PERIODS * motion.period_s),
        between(motion.gyr_dps, left, share),
        between(motion.acc_mps2, left, share),
        np.broadcast_to(np.nan, len(time_s)),
        motion.still[left] & np.isfinite(share),
    )


def with_impacts(grid: GridMotion, motion: SensorMotion, time_s: FloatArray) -> GridMotion:
    """Return the motion with impacts, computed at the sensor's own rate and then brought to the grid."""
    peaks = grid_peaks(impacts(motion.acc_mps2, motion.period_s), motion.time_s, time_s)
    return replace(grid, impact_mps2=np.where(np.isfinite(grid.up[:, 0]), peaks, np.nan))


def brackets(source_s: FloatArray, time_s: FloatArray, period_s: float) -> tuple[IntArray, FloatArray]:
    """Return where instants lie between samples.

    Parameters
    ----------
    source_s : (n,) float
        Times of the samples, increasing; at least two.
    time_s : (m,) float
        The instants.
    period_s : float
        Period of the samples.

    Returns
    -------
    left : (m,) int
        The sample before each instant.
    share : (m,) float
        Share of the way to the next sample; NaN in a hole, before the first sample and after the last.
    """
    right = np.minimum(np.maximum(source_s.searchsorted(time_s, side="right"), 1), len(source_s) - 1)
    left = right - 1
    before_s, after_s = source_s.take(left), source_s.take(right)
    step_s = after_s - before_s
    share = (time_s - before_s) / step_s
    share[(time_s < before_s) | (time_s > after_s) | (step_s > HOLE_PERIODS * period_s)] = np.nan
    return left, share


def between(values: FloatArray, left: IntArray, share: FloatArray) -> FloatArray:
    """Interpolate (n, k) values linearly, `share` (m,) of the way from sample `left` (m,) to the next."""
    start = values.take(left, axis=0)
    return np.asarray(start + share[:, None] * (values.take(left + 1, axis=0) - start))


def cubic_between(values: FloatArray, left: IntArray, share: FloatArray, hole_after: BoolArray) -> FloatArray:
    """Interpolate by the cubic through the two samples before and the two after (Catmull and Rom, 1974).

    At a hole or an end the missing sample is extrapolated linearly.
    """
    broken = np.concatenate([[True], hole_after, [True]])
    curve = np.empty((len(left), values.shape[1]))
    for piece in pieces(len(left)):
        curve[piece] = _cubic(values, left[piece], share[piece, None], broken)
    return curve


def _cubic(values: FloatArray, left: IntArray, share: FloatArray, broken: BoolArray) -> FloatArray:
    """Interpolate few enough instants that all intermediate values fit into the processor's cache."""
    b, c = values.take(left, axis=0), values.take(left + 1, axis=0)
    a, d = values.take(left - 1, axis=0, mode="clip"), values.take(left + 2, axis=0, mode="clip")
    begins, ends = np.flatnonzero(broken[left]), np.flatnonzero(broken[left + 2])
    a[begins], d[ends] = 2.0 * b[begins] - c[begins], 2.0 * c[ends] - b[ends]
    slope, bend, twist = c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * (b - c) + d - a
    return np.asarray(b + 0.5 * share * (slope + share * (bend + share * twist)))


def impacts(acc_mps2: FloatArray, period_s: float) -> FloatArray:
    """Return the specific force above `LEG_HZ`, (n,) m/s²; 0 for too few or too slow samples."""
    if len(acc_mps2) < MIN_FOR_IMPACTS or period_s >= LONGEST_PERIOD_S:
        return np.zeros(len(acc_mps2))
    fast = _impact_filter(round(period_s, 5))(acc_mps2)
    return np.asarray(np.sqrt((fast**2).sum(axis=1)))


@cache
def _impact_filter(period_s: float) -> ZeroPhase:
    """Return the high-pass at `LEG_HZ`."""
    return ZeroPhase(LEG_HZ, "highpass", 1.0 / period_s)


def grid_peaks(values: FloatArray, source_s: FloatArray, time_s: FloatArray) -> FloatArray:
    """Return the largest value in the step around each grid instant; for sparse samples the nearest one."""
    nearest = np.clip(np.searchsorted(source_s, time_s - 0.5 / GRID_HZ), 0, len(source_s) - 1)
    peaks = values[nearest]
    cell = np.rint((source_s - time_s[0]) * GRID_HZ).astype(np.int64)
    known = (cell >= 0) & (cell < len(time_s))
    np.maximum.at(peaks, cell[known], values[known])
    return np.asarray(peaks)


def bridged(values: FloatArray) -> FloatArray:
    """Return the values with NaN interpolated linearly, for filters only; all NaN stays all NaN.

    Parameters
    ----------
    values : (n,) or (n, m) float
        Values along time; all columns must be NaN together.
    """
    known = np.isfinite(values if values.ndim == 1 else values[:, 0])
    if known.all() or not known.any():
        return values
    whole, (holes,), (ticks,) = values.copy(), (~known).nonzero(), known.nonzero()
    following = ticks.searchsorted(holes)
    before = ticks[np.maximum(following - 1, 0)]
    after = ticks[np.minimum(following, len(ticks) - 1)]
    rise, way = (values[after] - values[before]).T, np.maximum(after - before, 1)
    whole[holes] = (rise / way * (holes - before) + values[before].T).T
    return whole


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
