"""Sample times on the host's clock, from a whole set.

Arrival times are not sample times: packets wait, stall and share one arrival. The sensor counts evenly, by
its own clock or by its sample number, and a robust line in that count is fitted under the arrivals. Lost
samples stay holes in `TimedSamples.index`; nothing is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock
from imu_reps.kinematics.clock.envelope import WINDOW_S, Envelope, fit_envelope, offsets_for, packet_ends
from imu_reps.kinematics.clock.ticks import DATA_SHEET_ERROR, OTHER_RATE, Ticks, no_rate, sample_ticks

#: Smallest time between successive samples, as a share of the period.
MIN_SPACING = 0.2
#: Number of steps above any count between two samples.
MOST_STEPS = 2.0**53


@dataclass(frozen=True, slots=True)
class SensorClock:
    """Properties of one sensor's clock by the fit.

    Attributes
    ----------
    rate_hz : float
        Rate measured by the host's clock.
    lost : int or None
        Number of samples missing from the numbering; None if the host numbers them.
    longest_gap_s : float
        Longest time without samples beyond the regular period; 0 without a hole.
    drift_ppm : float or None
        Drift of the device clock against the host's, positive if it runs fast; None without a device clock.
    drift_sd_ppm : float or None
        Standard deviation of the drift; None if too little arrived to tell it.
    uncertainty_ms : float or None
        Standard deviation of the fitted sample times against the host's clock, without the shortest delay
        from sensor to host, which is unknown and the same for every sample.
    duplicates, reordered, restarts : int
        Number of copies dropped, of late samples sorted in, and of restarts of the sensor's count.
    """

    rate_hz: float
    lost: int | None
    longest_gap_s: float
    drift_ppm: float | None
    drift_sd_ppm: float | None
    uncertainty_ms: float | None
    duplicates: int
    reordered: int
    restarts: int

    @property
    def drift_text(self) -> str:
        """How the device clock runs against the host's, in words, as far as the fit can tell."""
        if self.drift_ppm is None:
            return "no clock of its own"
        known = self.drift_sd_ppm is not None
        return f"drift {self.drift_ppm:+.0f} ± {self.drift_sd_ppm:.0f} ppm" if known else "drift unknown"


@dataclass(frozen=True, slots=True)
class TimedSamples:
    """Samples in the order they were taken, each with its time.

    Attributes
    ----------
    time_s : (n,) float
        Sample time on the recording's `time_s`, strictly increasing.
    index : (n,) int
        Position on the sensor's own regular tick, from 0; lost samples leave holes.
    order : (n,) int
        Row of each sample in the block.
    period_s : float
        Time from one index to the next.
    clock : SensorClock
    """

    time_s: FloatArray
    index: IntArray
    order: IntArray
    period_s: float
    clock: SensorClock


def fit_clock(block: SampleBlock, header: SensorHeader) -> TimedSamples:
    """Estimate when each sample of a whole set was taken.

    Parameters
    ----------
    block : SampleBlock
        All samples of one sensor in order of arrival.
    header : SensorHeader
        Its nominal rate and the kind of its counter.

    Raises
    ------
    RecordingError
        If there is no sample, or the rate cannot be determined.
    """
    if not len(block):
        raise no_rate(block)
    ticks = sample_ticks(block, header)
    line = _line(ticks)
    steps, ticks_a_step = _steps(ticks, header)
    if ticks_a_step is None:
        raise no_rate(block)
    period_s = line.slope * ticks_a_step
    time_s = _apart(line.offset_s[ticks.epoch] + line.slope * ticks.tick, MIN_SPACING * period_s)
    _count_across_epochs(steps, time_s, ticks.epoch, period_s)
    lost = _holes(block.sample[ticks.rows], ticks.epoch) if header.counter == "device" else None
    clock = SensorClock(
        rate_hz=1.0 / period_s,
        lost=lost,
        longest_gap_s=float(steps.max(initial=1) - 1) * period_s,
        drift_ppm=(1.0 / line.slope - 1.0) * 1e6 if ticks.has_clock else None,
        drift_sd_ppm=1e6 * line.slope_sd / line.slope
        if ticks.has_clock and np.isfinite(line.slope_sd)
        else None,
        uncertainty_ms=None if line.uncertainty_s is None else 1e3 * line.uncertainty_s,
        duplicates=ticks.duplicates,
        reordered=ticks.reordered,
        restarts=int(ticks.epoch[-1]) - ticks.silences,
    )
    return TimedSamples(time_s, np.append(0, np.cumsum(steps)), ticks.rows, period_s, clock)


def _line(ticks: Ticks) -> Envelope:
    """Fit the line; use the data sheet's rate if the arrivals show it less precisely."""
    ends = packet_ends(ticks.arrival_s, ticks.epoch)
    tick, arrival, epoch, nominal = (
        ticks.tick[ends],
        ticks.arrival_s[ends],
        ticks.epoch[ends],
        ticks.nominal_s,
    )
    fit = fit_envelope(tick, arrival, epoch, ticks.slope, nominal)
    if nominal is None or fit.slope_sd < DATA_SHEET_ERROR * nominal:
        return fit
    long_enough = arrival[-1] - arrival[0] > WINDOW_S
    if long_enough and abs(fit.slope - nominal) > min(3 * fit.slope_sd, OTHER_RATE * nominal):
        return fit
    return replace(fit, slope=nominal, offset_s=offsets_for(tick, arrival, epoch, nominal))


def _steps(ticks: Ticks, header: SensorHeader) -> tuple[IntArray, float | None]:
    """Return the steps between successive samples (1: none lost), and ticks per step; None if unknown."""
    difference = np.diff(ticks.tick)
    inside = np.diff(ticks.epoch) == 0
    if not ticks.has_clock:
        return np.rint(np.clip(difference, -MOST_STEPS, MOST_STEPS)).astype(np.int64), 1.0
    if not inside.any():
        return np.ones(len(difference), dtype=np.int64), 1.0 / header.rate_hz if header.rate_hz else None
    middle = (np.count_nonzero(inside) - 1) // 2
    typical = float(np.partition(difference[inside], middle)[middle])
    typical = float(np.mean(difference[inside & (np.rint(difference / typical) == 1)]))
    steps = np.clip(np.rint(difference / typical), 1, MOST_STEPS).astype(np.int64)
    return steps, float(difference[inside].sum() / steps[inside].sum())


def _apart(time_s: FloatArray, min_s: float) -> FloatArray:
    """Shift times later where they overlap, as around a clock that was reset."""
    if np.all(np.diff(time_s) >= min_s):
        return time_s
    ramp = min_s * np.arange(len(time_s))
    return np.asarray(np.maximum.accumulate(time_s - ramp) + ramp)


def _count_across_epochs(steps: IntArray, time_s: FloatArray, epoch: IntArray, period_s: float) -> None:
    """Write into `steps` the number of steps between the end of one count and the start of the next."""
    for first in (np.flatnonzero(np.diff(epoch)) + 1).tolist():
        between = (time_s[first] - time_s[first - 1]) / period_s
        steps[first - 1] = max(1, round(min(between, MOST_STEPS)))


def _holes(number: IntArray, epoch: IntArray) -> int:
    missing = np.diff(number) - 1
    return int(missing[(np.diff(epoch) == 0) & (missing > 0)].sum())
