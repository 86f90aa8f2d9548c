"""The line under the arrivals: the time at which an undelayed sample would have arrived.

Radio and operating system only delay, by an amount with a hard lower bound and a long tail. The line through
the least delayed arrivals is therefore the sensor's clock as seen by the host, late by the shortest delay; a
least-squares line through all arrivals would follow the delays instead. Estimating a clock's rate from minima
of delay goes back to Paxson, "On calibrating measurements of packet transit times" (1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.kinematics.robust import mad_sd, median

#: Length of the windows whose least delay is used.
WINDOW_S = 1.0


@dataclass(frozen=True, slots=True)
class EnvelopeParams:
    """Parameters of the line under a whole set's arrivals.

    Attributes
    ----------
    min_packets, min_windows, max_windows : int
        Fewest packets in a window; fewest windows, and the number beyond which more bring nothing.
    max_correction_share : float
        Greatest correction of the first guess of the slope, as a share of it; beyond it the fit has failed.
    """

    min_packets: int = 4
    min_windows: int = 8
    max_windows: int = 256
    max_correction_share: float = 0.5


PARAMS = EnvelopeParams()

#: Ratio of the median residuals of two first guesses of a line at which one is clearly better (ours).
CLEARLY = 2.0

#: Weight of a minimum below the line; one above it has the rest of 1 (asymmetric least squares).
BELOW = 0.8


@dataclass(frozen=True, slots=True)
class Envelope:
    """Host time as a linear function of the tick, with one offset per epoch.

    Attributes
    ----------
    slope : float
        Host seconds per tick.
    slope_sd : float
        Standard deviation of the slope; infinite if it could not be measured.
    offset_s : (epochs,) float
        Host time of tick 0 in each epoch.
    uncertainty_s : float or None
        Standard deviation of the line; None with fewer than three windows.
    """

    slope: float
    slope_sd: float
    offset_s: FloatArray
    uncertainty_s: float | None


def packet_ends(arrival_s: FloatArray, epoch: IntArray) -> IntArray:
    """Return the row of the last sample of each packet, the one that waited least."""
    another = (arrival_s[1:] != arrival_s[:-1]) | (epoch[1:] != epoch[:-1])
    return np.flatnonzero(np.append(another, True))


def coarse_slope(tick: FloatArray, arrival_s: FloatArray) -> float | None:
    """Return the median slope of arrival time over ticks, about a second apart; None if not measurable.

    Parameters
    ----------
    tick, arrival_s : (n,) float
        Ticks and arrivals of the packets' last samples.
    """
    if len(tick) < 2:
        return None
    duration = arrival_s[-1] - arrival_s[0]
    lag = int(np.clip(np.ceil(len(tick) * WINDOW_S / max(duration, 1e-9)), 1, max(1, len(tick) // 2)))
    ticks, seconds = tick[lag:] - tick[:-lag], arrival_s[lag:] - arrival_s[:-lag]
    valid = (ticks > 0) & (seconds > 1e-6)
    return median(seconds[valid] / ticks[valid]) if valid.any() else None


def fit_envelope(
    tick: FloatArray, arrival_s: FloatArray, epoch: IntArray, slope: float, nominal: float | None = None
) -> Envelope:
    """Fit a robust line to window minima of the delay.

    Parameters
    ----------
    tick, arrival_s : (n,) float
        Ticks and arrivals of the packets' last samples, in order.
    epoch : (n,) int
        Epoch of each; epochs share the slope and have an offset each.
    slope : float
        First guess of the slope, within a few percent.
    nominal : float, optional
        Another guess, by the data sheet.
    """
    delay = arrival_s - slope * tick
    lowest = _window_minima(delay, arrival_s, epoch)
    x, y, group = tick[lowest], delay[lowest], epoch[lowest]
    line = _asymmetric_line(x, y, group, 0.0 if nominal is None else nominal - slope)
    if line is None or abs(line[0]) > PARAMS.max_correction_share * slope:
        return Envelope(slope, np.inf, _offsets(y, group, np.ones_like(y)), None)
    correction, slope_sd, weight, uncertainty = line
    offset = _offsets(y - correction * x, group, weight)
    return Envelope(slope + correction, slope_sd, offset, uncertainty)


def offsets_for(tick: FloatArray, arrival_s: FloatArray, epoch: IntArray, slope: float) -> FloatArray:
    """Return the host time of tick 0 for each epoch, for a given slope."""
    delay = arrival_s - slope * tick
    lowest = _window_minima(delay, arrival_s, epoch)
    return _offsets(delay[lowest], epoch[lowest], np.ones(len(lowest)))


def _window_minima(delay: FloatArray, arrival_s: FloatArray, epoch: IntArray) -> IntArray:
    """Return the rows of the least delay in windows of about `WINDOW_S`, none across epochs.

    All windows hold the same number of packets, so that their minima are comparable.
    """
    edges = np.flatnonzero(np.diff(epoch, prepend=epoch[0] - 1, append=epoch[-1] + 1))
    return np.concatenate(
        [
            start + least_of_each(delay[start:stop], _packets_per_window(arrival_s[start:stop]))
            for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]
    )


def _packets_per_window(arrival_s: FloatArray) -> int:
    """Return the size of windows of about `WINDOW_S` that leave hardly any packet over."""
    count = len(arrival_s)
    per_second = count / max(arrival_s[-1] - arrival_s[0], 1e-9)
    per_window = min(per_second * WINDOW_S, count / PARAMS.min_windows)
    windows = count // int(max(per_window, PARAMS.min_packets, count / PARAMS.max_windows))
    return count // max(1, windows)


def least_of_each(delay_s: FloatArray, packets: int) -> IntArray:
    """Return the rows of the least delay in successive windows of so many packets; a rest is not used."""
    windows = len(delay_s) // packets
    folded = delay_s[: windows * packets].reshape(windows, packets)
    return np.asarray(np.arange(windows) * packets + folded.argmin(axis=1))


def _asymmetric_line(
    x: FloatArray, y: FloatArray, group: IntArray, nominal: float
) -> tuple[float, float, FloatArray, float | None] | None:
    """Fit a line with a common slope; return slope, its deviation, weights, and the line's deviation."""
    if len(x) < group[-1] + 2:
        return None
    residual = _about_median(y - _half_lag_slope(x, y, group) * x, group)
    for guess in (0.0, nominal):  # the median fails if most of the second half came late
        guessed = _about_median(y - guess * x, group)
        if CLEARLY * median(np.abs(guessed)) < median(np.abs(residual)):
            residual = guessed
    for _ in range(6):
        weight = _weights(residual)
        total = np.bincount(group, weight)
        dx = x - (np.bincount(group, weight * x) / total)[group]
        dy = y - (np.bincount(group, weight * y) / total)[group]
        slope = float((weight * dx) @ dy) / float(weight @ dx**2)
        residual = dy - slope * dx
    freedom = len(x) - len(total) - 1
    if freedom < 1:
        return slope, np.inf, weight, None
    sd = float(np.sqrt(np.sum(np.minimum(np.abs(residual), 3 * _scale(residual)) ** 2) / freedom))
    independent = len(x) * _independence(residual)
    slope_sd = sd / np.sqrt(np.sum(dx**2) * independent / len(x))
    return slope, float(slope_sd), weight, sd * float(np.sqrt((len(total) + 1) / independent))


def _about_median(y: FloatArray, group: IntArray) -> FloatArray:
    """Return the differences from each group's median."""
    return np.asarray(y - np.array([median(y[group == g]) for g in range(group[-1] + 1)])[group])


def _half_lag_slope(x: FloatArray, y: FloatArray, group: IntArray) -> float:
    """Return Theil's incomplete median slope, from pairs half the record apart."""
    half = (len(x) + 1) // 2
    dx, dy = x[half:] - x[:-half], y[half:] - y[:-half]
    same = (group[half:] == group[:-half]) & (dx > 0)
    return median(dy[same] / dx[same]) if same.any() else 0.0


def _weights(residual: FloatArray) -> FloatArray:
    """Return the weights: larger for minima below the line, smaller for outliers in either direction."""
    far = np.maximum(np.abs(residual) / (3 * _scale(residual)), 1.0)
    return np.where(residual < 0, BELOW, 1 - BELOW) / far


def _scale(residual: FloatArray) -> float:
    return mad_sd(residual, 0.0) + 1e-7


def _independence(residual: FloatArray) -> float:
    """Return the share of the residuals that are independent, from their serial correlation."""
    power = float(np.sum(residual**2))
    if len(residual) < 4 or power == 0.0:
        return 1.0
    rho = float(np.clip(np.sum(residual[1:] * residual[:-1]) / power, 0.0, 0.95))
    return (1 - rho) / (1 + rho)


def _offsets(y: FloatArray, group: IntArray, weight: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(group, weight * y) / np.bincount(group, weight))
