"""The way the leg is on while a set runs: since which turn, how fast, and that it is about to arrive."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.filters import CUTOFF_HZ
from imu_reps.analysis.reps.phases import HIGH_SHARE, LOW_SHARE
from imu_reps.analysis.reps.segmentation import Turn
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ

#: Speed is the way made in so many instants.
SPEED_TICKS = 4

#: What the causal low-pass (a second-order Butterworth) and the speed's window lag behind.
LOW_PASS_LAG_S = float(np.sqrt(2.0) / (2.0 * np.pi * CUTOFF_HZ))
SPEED_LAG_S = LOW_PASS_LAG_S + SPEED_TICKS / 2.0 / GRID_HZ

#: No leg goes that far from one instant to the next: the angle is counted from elsewhere, or much was missed.
LEAP_DEG = 10.0
#: So many instants later the low-pass has forgotten it.
SETTLE_TICKS = 15

#: As far as the leg went lately: at so many turns, those of about four repetitions.
RECENT_TURNS = 8

#: A way is looked at over this long at most.
LONGEST_TICKS = int(12.0 * GRID_HZ)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The leg is about to end its way: `lag_s` ago by the line its speed falls along (negative: to come)."""

    lag_s: float
    direction: float


class LiveWay:
    """Follows the low-passed angle from turn to turn.

    Attributes
    ----------
    turns : int
        How many there were.
    turn : Turn or None
        Where the way began; None before the first turn.
    direction : float
        1 where the angle grows, -1 where it falls.
    previous_deg : float
        How long the way before it was; 0 for the first.
    """

    def __init__(self, min_range_deg: float) -> None:
        self._min_range_deg = min_range_deg
        self._angles: deque[float] = deque(maxlen=LONGEST_TICKS)
        self._next_tick = 0
        self._broken_tick = -math.inf  # samples may be taken before the first arrival, at time 0
        self._measured_deg = math.nan
        self.turns = 0
        self.turn: Turn | None = None
        self.direction = 0.0
        self.previous_deg = 0.0
        self._recent: deque[float] = deque(maxlen=RECENT_TURNS)
        self._peak = self._speed = 0.0
        self._at_high = self._at_low = 0
        self._arrived_deg: float | None = None

    @property
    def speed_dps(self) -> float:
        """Along the way, positive."""
        return self.direction * self._speed

    @property
    def arrived(self) -> bool:
        """Whether the way is at its end, or stalls."""
        return self._arrived_deg is not None

    @property
    def travel_deg(self) -> float:
        """Degrees gone since the turn."""
        return 0.0 if self.turn is None else self.direction * (self._angles[-1] - self.turn.value)

    @property
    def usual_deg(self) -> float:
        """How long the way is if the leg goes as far as it went lately; 0 where it has not been there."""
        if self.turn is None:
            return 0.0
        return max(self.direction * (end - self.turn.value) for end in self._recent)

    @property
    def whole(self) -> bool:
        """Whether the way was measured without a leap."""
        return self.turn is not None and self.turn.tick >= self._broken_tick + SETTLE_TICKS

    def angles_deg(self) -> FloatArray:
        """The angles since the turn, the newest last, at most `LONGEST_TICKS` of them."""
        begin = len(self._angles) if self.turn is None else self._next_tick - self.turn.tick
        return np.array(self._angles)[-max(min(begin, len(self._angles)), 1) :]

    def turned(self, turn: Turn, angle: float) -> None:
        """Begin another way at a turn that has just been confirmed by `angle`."""
        self.previous_deg = 0.0 if self.turn is None else abs(turn.value - self.turn.value)
        self.turn, self.direction = turn, 1.0 if angle > turn.value else -1.0
        self._recent.append(turn.value)
        self.turns += 1
        self._arrived_deg = None
        angles = self.direction * self.angles_deg()
        ways = angles[SPEED_TICKS:] - angles[:-SPEED_TICKS]
        self._peak = float(ways.max(initial=0.0)) * GRID_HZ / SPEED_TICKS
        self._at_high = self._at_low = self._next_tick - 1

    def reread(self, first_tick: int, angles_deg: FloatArray, turns: Sequence[Turn]) -> None:
        """Take the latest motion over into a new frame, with its turns, the last one still moving."""
        arrived = self.arrived
        self._angles = deque(angles_deg.tolist(), maxlen=LONGEST_TICKS)
        self._next_tick = first_tick + len(angles_deg)
        self._measured_deg = math.nan
        if len(angles_deg) > SPEED_TICKS:
            way = float(angles_deg[-1] - angles_deg[-1 - SPEED_TICKS])
            self._speed = way * GRID_HZ / SPEED_TICKS
        if len(turns) < 2:
            return
        count = self.turns
        self.turn = turns[-3] if len(turns) > 2 else None
        self._recent = deque((turn.value for turn in turns[:-2]), maxlen=RECENT_TURNS)
        self.turned(turns[-2], turns[-1].value)
        self.turns = count
        if arrived:
            self._arrived_deg = float(angles_deg[-1])

    def bridge(self, angles_deg: Sequence[float]) -> None:
        """Take the angles of a hole that has just ended, which were held until now."""
        for back, angle in enumerate(reversed(angles_deg[-len(self._angles) :]), 1):
            self._angles[-back] = angle

    def step(self, tick: int, angle: float, measured_deg: float) -> Arrival | None:
        """Take the next instant; says once when the way is about to end (again if it goes on after a stall).

        That is when its speed has fallen under the share of its peak that docs/definitions.md#phases draws
        the flank's line through; the line, carried to zero, is the arrival.

        Parameters
        ----------
        tick : int
        angle : float
            Low-passed.
        measured_deg : float
            As it was measured; NaN where it was not.
        """
        self._next_tick = tick + 1
        self._angles.append(angle)
        if not math.isnan(measured_deg):
            if abs(measured_deg - self._measured_deg) > LEAP_DEG:
                self._broken_tick = tick
            self._measured_deg = measured_deg
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
        """After a stall the way goes on."""
        further = 0.0 if self._arrived_deg is None else self.direction * (angle - self._arrived_deg)
        if further > self._min_range_deg:
            self._arrived_deg = None
            self._at_high = self._at_low = tick
