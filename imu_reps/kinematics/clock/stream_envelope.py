"""The line under the arrivals, as they come.

The same idea as for a finished set: the least delayed sample of each window lies on the line. Each window
that ends refits the line through the last ones; the expected slope holds as long as little else is known.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.clock.envelope import BELOW

#: Until a second packet tells, an unknown rate is taken to be 100 Hz.
UNKNOWN_SLOPE = 0.01
#: No sensor is faster than 10 kHz.
MIN_SLOPE = 1e-4
WINDOW_S = 0.4
MIN_ARRIVALS = 3
#: Windows the line is fitted through: long enough for the rate, short enough to follow a warming clock.
WINDOWS = 128
#: Windows after which the line rests on measurement.
ENOUGH_WINDOWS = 6
#: A window this late against the line waited for the link, or samples before it are missing.
LATE_S = 0.1
#: Scatter of minima that is taken for granted; more is measured.
NOISE_S = 0.002
#: A slope further from the expected one than this share is another rate, not an inexact one: where so many
#: windows show it, and most of them the same, since a link that trickles or catches up shows any.
OTHER_RATE = 0.1
OTHER_RATE_WINDOWS = 14
MAX_AGREE = 0.8
AGAIN = 2
#: What other means measure is within this share of the slope, or wrong.
NEAR_RATE = 0.02
#: What a slope that was measured once may change by.
WANDER = 0.001
#: An arrival that much before the line shows the line to be wrong.
EARLY_S = 0.05


class LiveEnvelope:
    """Follows host time as a line of the tick.

    Parameters
    ----------
    slope : float or None
        Host seconds a tick, as expected; None: unknown.
    slope_error : float
        Share by which it may be off, one standard deviation.
    tick, host_s : float
        The first sample and its arrival.
    seconds : bool
        Ticks are a clock's seconds, which are never other than about a second.

    Attributes
    ----------
    minimum : tuple of float
        Tick and arrival of the least delayed sample in the running window.
    min_delay_s : float
        Its delay against the line.
    """

    def __init__(
        self, slope: float | None, slope_error: float, tick: float, host_s: float, *, seconds: bool = False
    ) -> None:
        self.slope = slope or UNKNOWN_SLOPE
        self._seconds = seconds
        self._agreed = True
        self._expected, self._error = slope, slope_error
        self._nominal = slope, slope_error
        self._minima: deque[tuple[float, float]] = deque(maxlen=WINDOWS)
        self._windows: deque[tuple[float, float]] = deque(maxlen=WINDOWS)
        self.begin(tick, host_s)

    @property
    def settled(self) -> bool:
        """Whether the line rests on measurement."""
        return self._agreed and len(self._minima) >= (1 if self._error <= WANDER else ENOUGH_WINDOWS)

    @property
    def has_slope(self) -> bool:
        """Whether the slope is expected or measured, and no guess."""
        return self._expected is not None or self.settled

    def at(self, tick: float) -> float:
        """Host time of a tick."""
        return self._host_s + self.slope * (tick - self._tick)

    def begin(self, tick: float, host_s: float) -> None:
        """Begin anew at a sample; what was learned of the slope stays."""
        if self.settled:
            self._expected, self._error = self.slope, WANDER
        self._tick, self._host_s = tick, host_s
        self._minima.clear()
        self._windows.clear()
        self._first_end: tuple[float, float] | None = None
        self._newest = tick, host_s
        self.begin_window(host_s)
        self.min_delay_s, self.minimum = 0.0, self._newest

    def expect(self, slope: float) -> None:
        """Take a slope that was measured by other means; the line begins anew where it was off."""
        if abs(slope / self.slope - 1.0) > NEAR_RATE:
            return
        far_off = abs(slope / self.slope - 1.0) > 2 * WANDER
        self.slope = self._expected = slope
        self._error = WANDER
        if far_off:
            tick = self._newest[0]
            self.begin(tick, self.at(tick))

    def window_full(self, arrival_s: float) -> bool:
        """Whether an arrival is the first after the running window."""
        return arrival_s >= self._start_s + WINDOW_S and self._arrivals >= MIN_ARRIVALS

    def take(self, tick: float, arrival_s: float) -> None:
        """Take a sample into the running window; before the first one ends the line only sinks."""
        if arrival_s != self._newest[1]:
            self._end_packet()
        self._newest = tick, arrival_s
        delay = arrival_s - self.at(tick)
        if delay < 0.0 and (not self._minima or delay < -EARLY_S):
            self._host_s += delay
            if self.settled:
                self._minima.clear()
            delay = 0.0
        if delay <= self.min_delay_s:
            self.min_delay_s, self.minimum = delay, (tick, arrival_s)

    @property
    def late(self) -> bool:
        """Whether the whole running window is too late to tell of the line."""
        return self.has_slope and self.min_delay_s > LATE_S

    def end_window(self, arrival_s: float) -> None:
        """Refit with the running window's minimum, if it was in time, and begin another window."""
        self._windows.append(self.minimum)
        if not self.late:
            self._minima.append(self.minimum)
        self._judge_slope()
        if self._minima:
            self._refit()
        self.begin_window(arrival_s)

    def begin_window(self, arrival_s: float) -> None:
        """Forget the running window and begin another."""
        self._start_s, self._arrivals = arrival_s, 0
        self.min_delay_s, self.minimum = np.inf, (0.0, arrival_s)

    def _end_packet(self) -> None:
        """A packet's last sample waited least: an unknown slope comes from these, until windows tell."""
        self._arrivals += 1
        tick, arrival_s = self._newest
        if self._first_end is None:
            self._first_end = self._newest
        elif self._expected is None and not self._minima and tick > self._first_end[0]:
            host_s = self.at(tick)
            self.slope = max((arrival_s - self._first_end[1]) / (tick - self._first_end[0]), MIN_SLOPE)
            self._tick, self._host_s = tick, min(host_s, arrival_s)

    def _refit(self) -> None:
        points = np.array(self._minima)
        centre = points.mean(axis=0)
        tick, host = (points - centre).T
        slope = self._expected or self.slope
        spread = NOISE_S
        for _ in range(3):
            residual = host - slope * tick
            residual -= _median(residual)
            spread = max(NOISE_S, 1.5 * _median(np.abs(residual)))
            weight = np.where(residual < 0, BELOW, 1 - BELOW)
            weight = weight / np.maximum(np.abs(residual) / (3 * spread), 1.0)
            mean_tick, mean_host = weight @ tick / weight.sum(), weight @ host / weight.sum()
            dx = tick - mean_tick
            belief = (spread / (self._error * slope)) ** 2
            known = self._expected or slope
            slope = float((weight * dx @ (host - mean_host) + belief * known) / (weight * dx @ dx + belief))
        self.slope = float(np.clip(slope, (1 - 3 * self._error) * known, (1 + 3 * self._error) * known))
        self._tick, self._host_s = float(centre[0] + mean_tick), float(centre[1] + mean_host)

    def _judge_slope(self) -> None:
        """Take quite another slope than was expected, where all windows show it."""
        if len(self._windows) < 2:
            return
        ticks, seconds = np.diff(np.array(self._windows), axis=0).T
        slopes = np.maximum(seconds / np.maximum(ticks, 1e-9), MIN_SLOPE)
        measured = float(np.median(slopes))
        self._return_to_nominal(slopes)
        if self._expected is None:
            self.slope = measured
            return
        off = abs(measured / self._expected - 1.0)
        self._agreed = off < OTHER_RATE or self._seconds
        presumed = self._error > WANDER and not self._seconds and len(self._windows) >= OTHER_RATE_WINDOWS
        same = np.abs(np.append(slopes, seconds.sum() / ticks.sum()) / measured - 1.0) < OTHER_RATE
        if off > NEAR_RATE and presumed and same[-1] and same.mean() >= MAX_AGREE:
            self._expected, self._error, self._agreed = measured, OTHER_RATE, True
            self._minima = self._windows.copy()

    def _return_to_nominal(self, slopes: FloatArray) -> None:
        """Believe the data sheet again as soon as windows agree with it; where the line is late, one."""
        nominal, error = self._nominal
        if nominal is None or self._expected is None or abs(self._expected / nominal - 1.0) < OTHER_RATE:
            return
        again = 1 if self.late else AGAIN
        if len(slopes) >= again and (np.abs(slopes[-again:] / nominal - 1.0) < OTHER_RATE).all():
            self._expected, self._error, self.slope = nominal, error, nominal
            self._windows = deque(list(self._windows)[-again - 1 :], maxlen=WINDOWS)
            self._minima = self._windows.copy()


def _median(values: FloatArray) -> float:
    """The median of a few values, many times quicker than the general one."""
    ordered = np.sort(values)
    return float(ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2.0
