"""The leg's current way, from its last turn: its speed, where and when it will end, and whether it coasts."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy.ndimage import uniform_filter1d

from imu_reps.analysis.live.sensor_watch import SILENT_TICKS
from imu_reps.analysis.reps.control import MIN_DEG, MIN_LEVER, coasting_degrees
from imu_reps.analysis.reps.phases import BAND_SHARE, HIGH_SHARE, LOW_SHARE, flank_start
from imu_reps.analysis.reps.segmentation import Turn
from imu_reps.analysis.set_motion import rate_of_change
from imu_reps.domain.exercise import Posture
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import LEG_HZ

#: Window in which speed is measured.
SPEED_TICKS = 4

#: Lag of the causal low-pass (a second-order Butterworth), and of it and the speed's window together.
LOW_PASS_LAG_S = float(np.sqrt(2.0) / (2.0 * np.pi * LEG_HZ))
SPEED_LAG_S = LOW_PASS_LAG_S + SPEED_TICKS / 2.0 / GRID_HZ

#: A larger step from one instant to the next is no movement: the zero has changed, or many samples are
#: missing.
LEAP_DEG = 10.0
#: Number of instants after which a leap no longer shows in the low-passed angle.
SETTLE_TICKS = 15

#: Number of latest turns that define the usual extent of a way: those of about four repetitions.
RECENT_TURNS = 8

#: Longest stretch of a way that is kept.
LONGEST_TICKS = int(12.0 * GRID_HZ)

#: A way is slowing down towards its end once its speed is under this share of its peak.
SLOWING_SHARE = 0.85
#: Window in which its deceleration is measured.
SLOWING_TICKS = 10

#: A way that seems to end before this share of the usual one is stalling and will go on.
MIN_SHARE = 0.75

#: Share of a way after which its pace is predicted.
HALF = 0.5

#: A peak over this many times the mean speed of the shortest lowering is too fast, whatever the speed
#: profile. The smoothest movement has 1.7, between the boundaries of docs/definitions.md#phases; one that
#: slows down only at the end has 2.1.
PEAK_OVER_MEAN = 2.1

#: A leg that trembles at 8 to 12 Hz coasts for moments, but for less than this share of them by the mean over
#: a period (ours: of 402 repetitions by somebody else's simulator 18 were told not to swing for nothing, and
#: 3 now).
TREMBLE_TICKS, CALM_SHARE = 10, 0.5

#: Number of newest instants without a valid acceleration.
EDGE_TICKS = 2


@dataclass(frozen=True, slots=True)
class Arrival:
    """The leg is about to end its way.

    Attributes
    ----------
    lag_s : float
        Time since the arrival, by the line along which its speed falls; negative if it is still to come.
    direction : float
        1 where the angle grew, -1 where it fell.
    """

    lag_s: float
    direction: float


class LiveWay:
    """Follows the low-passed angle from turn to turn.

    Attributes
    ----------
    turn : Turn or None
        Start of the current way; None before the first turn.
    direction : float
        1 where the angle grows, -1 where it falls.
    previous_deg : float
        Length of the previous way; 0 if there is none.
    """

    def __init__(self, min_range_deg: float) -> None:
        self._min_range_deg = min_range_deg
        self._angles: deque[float] = deque(maxlen=LONGEST_TICKS)
        self._next_tick = 0
        self._broken_tick = -math.inf  # samples precede their arrival, and time 0 is the first arrival
        self._measured_deg = math.nan
        self._measured_tick = math.inf
        self.turn: Turn | None = None
        self.direction = 0.0
        self.previous_deg = 0.0
        self._recent: deque[float] = deque(maxlen=RECENT_TURNS)
        self._peak = self._speed = 0.0
        self._at_high = self._at_low = 0
        self._arrived_deg: float | None = None

    @property
    def speed_dps(self) -> float:
        """Current speed, positive along the way."""
        return self.direction * self._speed

    @property
    def arrived(self) -> bool:
        """Whether the way has reached its end, or stalls."""
        return self._arrived_deg is not None

    @property
    def travel_deg(self) -> float:
        """Degrees travelled since the turn, positive along the way."""
        return 0.0 if self.turn is None else self.direction * (self._angles[-1] - self.turn.value)

    @property
    def usual_deg(self) -> float:
        """Length of the way if the leg goes to where it recently turned; 0 before the first turn."""
        if self.turn is None:
            return 0.0
        return max(self.direction * (end - self.turn.value) for end in self._recent)

    @property
    def whole(self) -> bool:
        """Whether the way was measured without a leap, or a silence of the sensor."""
        return self.turn is not None and self.turn.tick >= self._broken_tick + SETTLE_TICKS

    def angles_deg(self) -> FloatArray:
        """Return the angles since the turn, the newest last, at most `LONGEST_TICKS` of them."""
        begin = len(self._angles) if self.turn is None else self._next_tick - self.turn.tick
        newest_first = islice(reversed(self._angles), max(begin, 1))
        return np.array(list(newest_first)[::-1])

    def turned(self, turn: Turn, angle: float) -> None:
        """Begin a new way at a turn that `angle`, the newest, has just confirmed."""
        self.previous_deg = 0.0 if self.turn is None else abs(turn.value - self.turn.value)
        self.turn, self.direction = turn, 1.0 if angle > turn.value else -1.0
        self._recent.append(turn.value)
        self._arrived_deg = None
        angles = self.direction * self.angles_deg()
        ways = angles[SPEED_TICKS:] - angles[:-SPEED_TICKS]
        self._peak = float(ways.max(initial=0.0)) * GRID_HZ / SPEED_TICKS
        self._at_high = self._at_low = self._next_tick - 1

    def reread(self, first_tick: int, angles_deg: FloatArray, turns: Sequence[Turn]) -> None:
        """Replace the latest motion by that of a new frame, with its turns, the last one still moving."""
        arrived = self.arrived
        self._angles = deque(angles_deg.tolist(), maxlen=LONGEST_TICKS)
        self._next_tick = first_tick + len(angles_deg)
        self._measured_deg = math.nan
        if len(angles_deg) > SPEED_TICKS:
            way = float(angles_deg[-1] - angles_deg[-1 - SPEED_TICKS])
            self._speed = way * GRID_HZ / SPEED_TICKS
        if len(turns) < 2:
            return
        self.turn = turns[-3] if len(turns) > 2 else None
        self._recent = deque((turn.value for turn in turns[:-2]), maxlen=RECENT_TURNS)
        self.turned(turns[-2], turns[-1].value)
        if arrived:
            self._arrived_deg = float(angles_deg[-1])

    def bridge(self, angles_deg: Sequence[float]) -> None:
        """Replace the angles held during a hole that has just ended by the interpolated ones."""
        for back, angle in enumerate(reversed(angles_deg[-len(self._angles) :]), 1):
            self._angles[-back] = angle

    def step(self, tick: int, angle: float, measured_deg: float) -> Arrival | None:
        """Process the next instant; return an arrival once when the way is about to end, else None.

        That is when its speed falls below the lower share of its peak in docs/definitions.md#phases; the
        flank's line, extended to zero speed, gives the arrival. After a stall it is returned again.

        Parameters
        ----------
        tick : int
            Grid tick.
        angle : float
            Low-passed angle, degrees.
        measured_deg : float
            Angle before the low-pass; NaN where not measured.
        """
        self._next_tick = tick + 1
        self._angles.append(angle)
        if not math.isnan(measured_deg):
            was_silent = tick - self._measured_tick > SILENT_TICKS
            if was_silent or abs(measured_deg - self._measured_deg) > LEAP_DEG:
                self._broken_tick = tick
            self._measured_deg, self._measured_tick = measured_deg, tick
        if len(self._angles) <= SPEED_TICKS:
            return None
        self._speed = (angle - self._angles[-1 - SPEED_TICKS]) * GRID_HZ / SPEED_TICKS
        if self.turn is None:
            return None
        if self._arrived_deg is not None:
            self._go_on(tick, angle)
            return None
        speed = self.speed_dps
        self._peak = max(self._peak, speed)
        if speed >= HIGH_SHARE * self._peak:
            self._at_high = tick
        if speed >= LOW_SHARE * self._peak:
            self._at_low = tick
            return None
        if self.travel_deg < self._min_range_deg:
            return None
        self._arrived_deg = angle
        line_s = (self._at_low - self._at_high) / GRID_HZ * LOW_SHARE / (HIGH_SHARE - LOW_SHARE)
        return Arrival((tick - self._at_low) / GRID_HZ + SPEED_LAG_S - line_s, self.direction)

    def _go_on(self, tick: int, angle: float) -> None:
        """Resume the way if the leg has moved on after a stall."""
        further = 0.0 if self._arrived_deg is None else self.direction * (angle - self._arrived_deg)
        if further > self._min_range_deg:
            self._arrived_deg = None
            self._at_high = self._at_low = tick


@dataclass(frozen=True, slots=True)
class Stop:
    """Degrees and seconds left if the leg keeps its deceleration."""

    deg: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Predicted duration of a whole way, and how many ticks ago its half was passed."""

    whole_s: float
    ticks_ago: int


def stop_ahead(travel_deg: FloatArray, usual_deg: float) -> Stop | None:
    """Return where a way will end; None while it does not slow down, or if it stalls.

    Parameters
    ----------
    travel_deg : (n,) float
        Low-passed degrees since the way began, growing along it.
    usual_deg : float
        Length of the way to where the leg recently turned; 0 if it has not been there.

    Notes
    -----
    With speed v and constant deceleration a, v²/2a degrees and v/a seconds are left. A smooth movement's
    deceleration still grows just after its peak: that overestimates what is left, so that the whole way seems
    slower and longer rather than faster and shorter.
    """
    speed = rate_of_change(travel_deg)
    if len(speed) <= SLOWING_TICKS or not 0.0 < speed[-1] < SLOWING_SHARE * speed.max():
        return None
    falls_dps2 = float(speed[-1 - SLOWING_TICKS] - speed[-1]) * GRID_HZ / SLOWING_TICKS
    if falls_dps2 <= 0.0:
        return None
    speed_dps = float(speed[-1])
    stop = Stop(speed_dps**2 / (2.0 * falls_dps2), speed_dps / falls_dps2)
    return None if travel_deg[-1] + stop.deg < MIN_SHARE * usual_deg else stop


def whole_way_deg(travel_deg: FloatArray, usual_deg: float) -> float | None:
    """Predict the length of a way: the usual one, or up to where the leg is about to stop; None if unknown.

    Parameters
    ----------
    travel_deg : (n,) float
        Low-passed degrees since the way began, growing along it.
    usual_deg : float
        Length of the way to where the leg recently turned; 0 if it has not been there.
    """
    stop, seen_deg = stop_ahead(travel_deg, usual_deg), float(travel_deg[-1])
    ahead_deg = None if stop is None else seen_deg + stop.deg
    if usual_deg <= 0.0:
        return ahead_deg
    return min(max(usual_deg, seen_deg), math.inf if ahead_deg is None else ahead_deg)


def pace_ahead(travel_deg: FloatArray, usual_deg: float) -> Pace | None:
    """Predict the duration of a way in its second half; None before, and where its length is unknown.

    The shortest of three: twice the time of its first half, that by its peak speed, and that by its
    deceleration.

    Parameters
    ----------
    travel_deg : (n,) float
        Low-passed degrees since the way began, growing along it.
    usual_deg : float
        Length of the way to where the leg recently turned; 0 if it has not been there.
    """
    whole_deg = whole_way_deg(travel_deg, usual_deg)
    if whole_deg is None or travel_deg[-1] < HALF * whole_deg:
        return None
    half = int(np.argmax(travel_deg >= HALF * whole_deg))
    speed = rate_of_change(travel_deg)
    peak_dps = float(speed.max())
    began = flank_start(speed, int(np.argmax(travel_deg > BAND_SHARE * whole_deg)), peak_dps)
    found_s = [(half - began) / GRID_HZ / HALF, PEAK_OVER_MEAN * whole_deg / peak_dps]
    if (stop := stop_ahead(travel_deg, usual_deg)) is not None:
        found_s.append((len(travel_deg) - 1 - began) / GRID_HZ + stop.seconds)
    return Pace(min(found_s), len(travel_deg) - 1 - half)


@dataclass(frozen=True, slots=True)
class Coasting:
    """A coasting share past its limit, and how many ticks ago it passed it."""

    share: float
    ticks_ago: int


def coasting_past(
    elevation_deg: FloatArray, whole_deg: float, posture: Posture, direction: int, limit: float
) -> Coasting | None:
    """Return the coasting share of a way if it is already past `limit`; None if not, or not known.

    Parameters
    ----------
    elevation_deg : (n,) float
        Low-passed leg elevation since the way began.
    whole_deg : float
        Predicted length of the way.
    posture : {"supine", "hanging"}
    direction : {1, -1}
        1: rising, -1: lowering.
    limit : float
        Greatest share of the degrees of the whole way that can be judged.
    """
    acceleration = rate_of_change(rate_of_change(elevation_deg))
    known, moment = elevation_deg[:-EDGE_TICKS], acceleration[:-EDGE_TICKS]
    if len(known) < EDGE_TICKS or direction * (known[-1] - known[0]) < MIN_DEG:
        return None

    def coasted_deg(end: int) -> float:
        return coasting_degrees(known[:end], moment[:end], posture, direction)[0]

    coasted, judged = coasting_degrees(known, moment, posture, direction)
    begin_deg = float(known[0])
    judged = max(judged, judgeable_deg(begin_deg, begin_deg + direction * whole_deg, posture))
    if judged < MIN_DEG or coasted <= limit * judged:
        return None
    calm = uniform_filter1d(moment, TREMBLE_TICKS)
    if coasting_degrees(known, calm, posture, direction)[0] < CALM_SHARE * coasted:
        return None
    ends = range(EDGE_TICKS, len(known))
    passed = bisect_left(ends, True, key=lambda end: coasted_deg(end) > limit * judged)
    return Coasting(coasted / judged, len(elevation_deg) - EDGE_TICKS - passed)


def judgeable_deg(begin_deg: float, end_deg: float, posture: Posture) -> float:
    """Return how many degrees between two leg elevations have a gravity lever long enough to be judged."""
    if posture == "hanging":
        low = math.degrees(math.asin(MIN_LEVER))
        high = 180.0 - low
    else:
        high = math.degrees(math.acos(MIN_LEVER))
        low = -high
    return abs(min(max(end_deg, low), high) - min(max(begin_deg, low), high))
