"""The line under the arrivals, fitted as samples arrive.

As for a finished set, the least delayed sample of each window lies on the line. Each window that ends refits
the line through the latest ones; the expected slope dominates while few are known.

Until the rate is measured a line may lag by the rate's error, as long as no undelayed sample comes. What is
late by no more than that error explains, and comes at the sensor's pace, is therefore used. A backlog that
drains comes faster: its pace is a rate only if arrivals gain more time by it than any backlog takes. A stated
rate that is right to 2 % (three standard deviations) hence puts times off by 2 % of the time since the line
last rested on arrivals, at most, and by hardly anything once the link has been well for three windows.

If the rate is unknown, the line is the end of the lower convex hull of the arrivals, until windows agree on a
rate: delayed arrivals lie above the hull. The windows before a stall do not agree with those of its backlog.
A backlog of the stream's very beginning, however, is all that arrivals show, and its pace is taken for the
rate if `other_rate_windows` keep it. Once it has drained, times lag, by no more than the backlog, until the
slower pace has lasted as long. Where losses are not counted either, a pace up to a sixth slower may be
taken for losses instead: times then stay up to 0.75 s behind the arrivals, and the rate stays wrong.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imu_reps.domain.samples import FloatArray, as_rows
from imu_reps.kinematics.clock.envelope import BELOW
from imu_reps.kinematics.clock.ticks import DATA_SHEET_ERROR, LEAP_S, OTHER_RATE
from imu_reps.kinematics.robust import median

#: An unknown rate is taken to be 100 Hz until the second packet.
UNKNOWN_SLOPE = 0.01

#: Lateness of a window, or of a packet, against the line above which it waited for the link, or samples
#: before it are missing.
LATE_S = 0.1
#: Longest backlog: arrivals that gain more on the sensor's pace show a faster rate, and later ones mean lost
#: samples, or cannot be timed.
LONGEST_BACKLOG_S = 6.0


@dataclass(frozen=True, slots=True)
class StreamEnvelopeParams:
    """Parameters of the line under arrivals as they come.

    Attributes
    ----------
    min_slope : float
        Smallest slope: no sensor is faster than 10 kHz.
    window_s, min_arrivals : float or int
        Length of the windows whose least delay is used, and fewest arrivals in one.
    windows : int
        Number of windows the line is fitted through: enough for the rate, few enough to follow a warming
        clock.
    enough_windows : int
        Number of windows after which the line rests on measurement.
    noise_s : float
        Smallest scatter of minima that is assumed; more is measured.
    other_rate_windows, max_agree : int or float
        Number of windows that must show another rate, and share of them that must agree, since a link that
        trickles or catches up shows any rate.
    other_rate_s : float
        Time from the first to the last of the windows, more than `enough_windows`, that refute a rate known
        from arrivals alone.
    refuted_windows : int
        Number of consecutive windows with early arrivals that refute a rate known from arrivals alone.
    again : int
        Number of consecutive windows that must agree with the data sheet for it to be used again.
    near_rate : float
        Greatest relative difference from the slope of a rate measured otherwise; beyond it that is wrong.
    edge_s : float
        Length of the end of the hull that gives the line: less shows single delays.
    wander : float
        Relative standard deviation of later changes of a measured slope.
    early_s : float
        Earliness of an arrival that shows the line to be wrong.
    same_pace : float
        Greatest relative difference from the sensor's pace of a window that follows another on a well link: a
        backlog drains faster.
    """

    min_slope: float = 1e-4
    window_s: float = 0.4
    min_arrivals: int = 3
    windows: int = 128
    enough_windows: int = 6
    noise_s: float = 0.002
    other_rate_windows: int = 14
    max_agree: float = 0.9
    other_rate_s: float = 5.3
    refuted_windows: int = 3
    again: int = 2
    near_rate: float = 0.02
    edge_s: float = 0.3
    wander: float = 0.001
    early_s: float = 0.05
    same_pace: float = 0.05


PARAMS = StreamEnvelopeParams()


@dataclass(frozen=True, slots=True)
class _Edge:
    """Edge of the hull, from one tick and host time to another."""

    from_tick: float
    from_s: float
    tick: float
    host_s: float

    @property
    def slope(self) -> float:
        return max((self.host_s - self.from_s) / self.length(), PARAMS.min_slope)

    def length(self) -> float:
        """Return the length in ticks."""
        return self.tick - self.from_tick

    def at(self, tick: float) -> float:
        """Return the host time of a tick, on the edge or its extension."""
        return self.from_s + self.slope * (tick - self.from_tick)


class _LowerHull:
    """Lower convex hull of arrivals over ticks."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float]] = []

    def take(self, tick: float, host_s: float) -> None:
        """Add the next point; one whose tick does not increase is ignored."""
        points = self._points
        if points and tick <= points[-1][0]:
            return
        while len(points) >= 2:
            (tick_a, host_a), (tick_b, host_b) = points[-2:]
            if (host_b - host_a) * (tick - tick_a) < (host_s - host_a) * (tick_b - tick_a):
                break
            points.pop()
        points.append((tick, host_s))

    def edges(self) -> list[_Edge]:
        """Return the hull's edges, in order."""
        return [_Edge(*a, *b) for a, b in pairwise(self._points)]


class LiveEnvelope:
    """Follows host time as a linear function of the tick.

    Parameters
    ----------
    slope : float or None
        Expected host seconds per tick, as precise as a data sheet; None if unknown.
    host_s : float
        Arrival of the first sample, whose tick is 0.
    seconds : bool
        Whether ticks are a clock's seconds, so that another rate is impossible.
    uncounted : bool
        Whether ticks do not include lost samples.

    Attributes
    ----------
    slope : float
        Host seconds per tick.
    minimum : tuple of float
        Tick and arrival of the least delayed sample in the current window.
    min_delay_s : float
        Its delay against the line.
    """

    def __init__(self, slope: float | None, host_s: float, *, seconds: bool, uncounted: bool) -> None:
        self.slope = slope or UNKNOWN_SLOPE
        self._seconds, self._uncounted = seconds, uncounted
        self._agreed, self._ahead_s = True, 0.0
        self._expected = self._nominal = slope
        self._error = DATA_SHEET_ERROR
        self._is_given, self._refuting = slope is not None, 0
        self._minima: deque[tuple[float, float]] = deque(maxlen=PARAMS.windows)
        kept = PARAMS.other_rate_windows if slope is None else PARAMS.windows
        self._windows: deque[tuple[float, float]] = deque(maxlen=kept)
        self.begin(0.0, host_s)

    @property
    def settled(self) -> bool:
        """Whether the line rests on measurement."""
        enough = 1 if self._error <= PARAMS.wander else PARAMS.enough_windows
        return self.has_slope and self._agreed and len(self._minima) >= enough

    @property
    def has_slope(self) -> bool:
        """Whether the slope is expected or measured, not a guess."""
        return self._expected is not None

    def at(self, tick: float) -> float:
        """Return the host time of a tick."""
        return self._host_s + self.slope * (tick - self._tick)

    def begin(self, tick: float, host_s: float) -> None:
        """Restart the line at a sample, keeping the measured slope."""
        if self.settled:
            self._expected, self._error = self.slope, PARAMS.wander
        self._tick, self._host_s = tick, host_s
        self._minima.clear()
        self._windows.clear()
        self._hull = _LowerHull()
        self._first_tick = tick
        self._newest = tick, host_s
        self._slope_sd = self._error * self.slope
        self.begin_window(host_s)
        self.min_delay_s, self.minimum = 0.0, self._newest

    def expect(self, slope: float) -> None:
        """Adopt a slope measured by other means; the line restarts if its own was off."""
        is_near = abs(slope / self.slope - 1.0) <= PARAMS.near_rate
        outrun = self._ahead_s > LEAP_S and not self._agreed
        if not self.has_slope or outrun or not is_near:  # it is measured modulo a packet
            return
        far_off = abs(slope / self.slope - 1.0) > 2 * PARAMS.wander
        tick = self._newest[0]
        host_s = self.at(tick)
        self.slope = self._expected = slope
        self._error = PARAMS.wander
        if far_off:
            self.begin(tick, host_s)

    def window_full(self, arrival_s: float) -> bool:
        """Whether an arrival is the first after the current window."""
        return arrival_s >= self._start_s + PARAMS.window_s and self._arrivals >= PARAMS.min_arrivals

    def take(self, tick: float, arrival_s: float) -> None:
        """Add a sample to the current window; before the first window ends the line only sinks."""
        if arrival_s != self._newest[1]:
            self._end_packet(arrival_s)
        self._newest = tick, arrival_s
        delay = arrival_s - self.at(tick)
        if delay < 0.0 and (not self._minima or delay < -PARAMS.early_s):
            self._host_s += delay
            self._sunk_s -= delay
            self.min_delay_s -= delay
            if self.settled:
                self._minima.clear()
            else:
                self._keep_consistent(tick, arrival_s)
            delay = 0.0
        if delay <= self.min_delay_s:
            self.min_delay_s, self.minimum = delay, (tick, arrival_s)

    @property
    def late(self) -> bool:
        """Whether the whole current window is too late to be used for the line."""
        if not self.has_slope or self.min_delay_s <= LATE_S:
            return False
        return not (self._at_pace() and self.min_delay_s <= self._explained_s(self.minimum[0]))

    def _at_pace(self) -> bool:
        """Whether the current window follows the one before at the expected rate."""
        if not self._windows or self._uncounted:
            return False
        (tick, host_s), (before, before_s) = self.minimum, self._windows[-1]
        return abs((host_s - before_s) - self.slope * (tick - before)) <= PARAMS.same_pace * (
            host_s - before_s
        )

    def _explained_s(self, tick: float) -> float:
        """Return the greatest lateness at a tick that the rate's error explains since the newest minimum."""
        last_tick = self._minima[-1][0] if self._minima else self._first_tick
        error = max(self._slope_sd, PARAMS.wander * self.slope)
        return LATE_S + 3 * error * (tick - last_tick)

    def end_window(self, arrival_s: float) -> None:
        """Refit with the current window's minimum, unless it was late, and begin the next window."""
        late = self.late
        self._windows.append(self.minimum)
        if not late:
            self._minima.append(self.minimum)
        self._judge_slope(late=late)
        if self._minima and self.has_slope:
            self._refit()
        self.begin_window(arrival_s)

    def begin_window(self, arrival_s: float) -> None:
        """Discard the current window and begin another."""
        self._start_s, self._arrivals, self._sunk_s = arrival_s, 0, 0.0
        self.min_delay_s, self.minimum = np.inf, (0.0, arrival_s)

    def begin_after_loss(self, ticks: float, arrival_s: float) -> None:
        """Begin a window after a loss, by which arrivals have gained nothing."""
        self._ahead_s -= ticks * self.slope
        self.begin_window(arrival_s)

    def _end_packet(self, next_s: float) -> None:
        """End a packet: its last sample waited least, and gives an unknown slope until windows do."""
        self._arrivals += 1
        if self.has_slope:
            return
        tick, arrival_s = self._newest
        self._hull.take(tick, arrival_s)
        edges = self._hull.edges()
        if not edges:  # the second packet is assumed to be as large as the first
            edges = [_Edge(tick, arrival_s, 2.0 * tick - self._first_tick + 1.0, next_s)]
        begin = next((e for e in reversed(edges) if edges[-1].host_s - e.from_s >= PARAMS.edge_s), edges[0])
        last = replace(begin, tick=edges[-1].tick, host_s=edges[-1].host_s)
        longest = max(edges, key=_Edge.length)
        line = longest if longest.at(last.tick) > last.host_s - PARAMS.early_s else last
        self._tick, self._host_s, self.slope = line.from_tick, line.from_s, line.slope

    def _refit(self) -> None:
        points = as_rows(self._minima, 2)
        centre = points.mean(axis=0)
        tick, host = (points - centre).T
        known = slope = self._expected or self.slope
        least, most = (1 - 3 * self._error) * known, (1 + 3 * self._error) * known
        ticks, seconds = tick[-1] - tick[0], host[-1] - host[0]
        if ticks > 0.0 and abs(seconds - known * ticks) > LATE_S:
            slope = min(max(seconds / ticks, least), most)  # far apart, they show the rate's error
        spread = PARAMS.noise_s
        for _ in range(3):
            residual = host - slope * tick
            residual -= median(residual)
            size = np.abs(residual)
            spread = max(PARAMS.noise_s, 1.5 * median(size))
            weight = np.where(residual < 0, BELOW, 1 - BELOW) / np.maximum(size / (3 * spread), 1.0)
            total = weight.sum()
            mean_tick, mean_host = weight @ tick / total, weight @ host / total
            dx = tick - mean_tick
            weighted = weight * dx
            belief = (spread / (self._error * slope)) ** 2
            slope = float((weighted @ (host - mean_host) + belief * known) / (weighted @ dx + belief))
            self._slope_sd = spread / float(weighted @ dx + belief) ** 0.5
        self.slope = min(max(slope, least), most)
        self._tick, self._host_s = float(centre[0] + mean_tick), float(centre[1] + mean_host)

    def _judge_slope(self, *, late: bool) -> None:
        """Adopt a very different slope if windows show it, or any they agree on if none was expected."""
        if len(self._windows) < 2:
            return
        rows, enough = self._judging_windows()
        ticks, seconds = (rows[1:] - rows[:-1]).T
        slopes = np.maximum(seconds / np.maximum(ticks, 1e-9), PARAMS.min_slope)
        mean = float(seconds.sum() / max(ticks.sum(), 1e-9))
        if self._expected is None:
            self._ahead_s = 0.0
            self._agree_on(slopes, mean)
            return
        passed_s = ticks[-1] * self._expected * (1.0 - 3 * DATA_SHEET_ERROR)
        self._ahead_s = max(0.0, self._ahead_s + passed_s - seconds[-1])
        if not self._is_given and self._is_refuted(slopes[-1] / self._expected):
            self._expected, self._hull = None, _LowerHull()
            self._hull.take(*self._windows[-1])
            return
        if not self._is_given and late and self._lags(slopes / self._expected):
            self._keep_latest(PARAMS.enough_windows, self._expected)
        self._return_to_nominal(slopes, late=late)
        measured = median(slopes)
        off = abs(measured / self._expected - 1.0)
        self._agreed = off < OTHER_RATE or self._seconds
        far_ahead = self._ahead_s > LONGEST_BACKLOG_S
        is_known = self._is_given and self._error <= PARAMS.wander
        may_change = enough and not (self._seconds or is_known)
        if not may_change or off <= PARAMS.near_rate or (measured < self._expected and not far_ahead):
            return
        same = np.abs(np.append(slopes, mean) / measured - 1.0) < OTHER_RATE
        if same[-1] and same.mean() >= PARAMS.max_agree:
            self._expected, self._error, self._agreed = measured, OTHER_RATE, True
            self._ahead_s = 0.0
            self._minima = self._windows.copy()

    def _judging_windows(self) -> tuple[FloatArray, bool]:
        """Return the windows, shape (n, 2), that judge the slope, and whether they can show another rate.

        Those of long packets are long: fewer of them refute a rate that only arrivals showed.
        """
        rows = as_rows(self._windows, 2)
        enough = len(rows) >= PARAMS.other_rate_windows
        if self._is_given or self._expected is None:
            return rows, enough
        before = int((rows[:, 1] <= rows[-1, 1] - PARAMS.other_rate_s).sum())
        latest = max(len(rows) - before + 1, PARAMS.enough_windows + 1)
        return (rows, enough) if latest > len(rows) else (rows[-latest:], True)

    def _lags(self, of_expected: FloatArray) -> bool:
        """Whether the latest windows keep the expected pace, so that the line lags if they are late."""
        latest = of_expected[-PARAMS.enough_windows :] - 1.0
        enough = len(latest) == PARAMS.enough_windows
        return bool(enough and np.abs(latest).max() < OTHER_RATE and abs(latest.mean()) < PARAMS.near_rate)

    def _is_refuted(self, of_expected: float) -> bool:
        """Whether arrivals are repeatedly early, at a faster rate than expected: no arrival can be early."""
        early = self._sunk_s > PARAMS.early_s and of_expected < 1.0 - OTHER_RATE
        self._refuting = self._refuting + 1 if early else 0
        return self._refuting >= PARAMS.refuted_windows

    def _agree_on(self, slopes: FloatArray, mean: float) -> None:
        """Adopt the slope on which windows, the last of them, their mean and the whole hull agree."""
        if len(self._windows) < PARAMS.other_rate_windows:
            return
        measured = median(slopes)
        hull = max(self._hull.edges(), key=_Edge.length).slope
        same = np.abs(np.array([*slopes, mean, hull]) / measured - 1.0) < PARAMS.same_pace
        if same[-3:].all() and same[:-2].mean() >= PARAMS.max_agree:
            self._expected = self._nominal = measured
            self._error = DATA_SHEET_ERROR
            self._keep_latest(PARAMS.enough_windows + 1, measured)

    def _return_to_nominal(self, slopes: FloatArray, *, late: bool) -> None:
        """Return to the data sheet's rate once windows agree with it; a single one if the line is late."""
        nominal = self._nominal
        if not nominal or not self._expected or abs(self._expected / nominal - 1.0) < OTHER_RATE:
            return
        again = 1 if late else PARAMS.again
        if len(slopes) >= again and (np.abs(slopes[-again:] / nominal - 1.0) < OTHER_RATE).all():
            self._expected, self._error, self.slope = nominal, DATA_SHEET_ERROR, nominal
            self._keep_latest(again + 1, nominal)

    def _keep_consistent(self, tick: float, host_s: float) -> None:
        """Discard the minima that are late against a newer arrival by more than the rate's error explains."""
        slope, error = self.slope, 3 * self._error * self.slope
        late = (
            (before_s + slope * (tick - before) - host_s, LATE_S + error * (tick - before))
            for before, before_s in self._minima
        )
        kept = [each for each, (late_s, most_s) in zip(self._minima, late, strict=True) if late_s <= most_s]
        self._minima = deque(kept, maxlen=PARAMS.windows)

    def _keep_latest(self, windows: int, slope: float) -> None:
        """Discard all windows but the latest, and keep the minima that lie on a line with the last."""
        self._windows = deque(list(self._windows)[-windows:], maxlen=self._windows.maxlen)
        last_tick, last_s = self._windows[-1]
        self._minima.clear()
        for tick, host_s in self._windows:
            if abs(last_s - host_s - slope * (last_tick - tick)) <= LATE_S:
                self._minima.append((tick, host_s))
