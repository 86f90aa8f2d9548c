"""Limits that are passed while the leg moves, said as it happens and not when the repetition is complete.

What is said here serves the person who moves now; the judgement of the repetition is made when it is over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from imu_reps.analysis.filters import LiveLowPass, rate_of_change
from imu_reps.analysis.live_way import LOW_PASS_LAG_S, LiveWay
from imu_reps.analysis.momentum import LEAST_DEG, coasting_degrees
from imu_reps.analysis.phases import BAND_SHARE, flank_start
from imu_reps.domain.events import FloorNear, LimitCrossed
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Flag, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ

#: An angle past its limit is said after this share of the time that it must hold to be judged,
HOLD_SHARE = 0.5
#: and where it is past it by what a live angle may be wrong by: who keeps the limit hears nothing.
CLEAR_DEG = 0.5
#: The same of a share that coasts.
CLEAR_SHARE = 0.05

#: Said this long before the floor is reached: the words are over by then.
FLOOR_LEAD_S = 1.5
#: Lowerings that begin nearer to the floor than this do not reach it on their way.
FLOOR_AWAY_DEG = 5.0

#: Speed and moment of the way are looked at every so many instants.
LOOK_TICKS = 4
#: The newest instants say nothing about acceleration yet.
EDGE_TICKS = 2

#: A lowering is judged against its target at this share of its way,
PACE_SHARE = 0.5
#: and may take so much less than the target's time.
TEMPO_TOLERANCE = 0.25

#: A peak over this many times the mean speed of the shortest lowering is too fast however it is reached.
#: The smoothest movement has 1.7, between the definitions' boundaries; slowing down only at the end, 2.1.
PEAK_OVER_MEAN = 2.1

#: Before the first repetition a shorter way is a fidget.
FIRST_DEG = 20.0

#: Repetitions that are remembered: where the back let go, and how long their ways were.
REMEMBERED = 5

#: A leg that has arrived is watched this long for what came with its way.
AFTERWARDS_S = 0.8


@dataclass(frozen=True, slots=True)
class Instant:
    """One grid instant: leg elevation low-passed, tilt and rotation as they are (NaN: not measured)."""

    tick: int
    time_s: float
    elevation_deg: float
    tilt_deg: float
    rotation_deg: float


class LiveLimit:
    """An angle against its limit: says once a repetition that it has been past it for long enough."""

    def __init__(self, limit_deg: float, hold_s: float) -> None:
        self._limit_deg = limit_deg
        self._hold_ticks = round(hold_s * GRID_HZ)
        self._low_pass = LiveLowPass()
        self._run = 0
        self.value_deg = math.nan

    def step(self, angle_deg: float) -> float | None:
        """Take the next angle, NaN where not measured; how long ago it was passed, where it now counts."""
        if math.isnan(angle_deg):
            self._run = 0
            return None
        self.value_deg = self._low_pass.step(angle_deg)
        over_deg = abs(self.value_deg) - self._limit_deg
        self._run = self._run + 1 if over_deg > 0.0 else 0
        told = self._run >= self._hold_ticks and over_deg > CLEAR_DEG
        return self._run / GRID_HZ + LOW_PASS_LAG_S if told else None


class LiveCrossings:
    """Watches the repetition that runs.

    Parameters
    ----------
    header : Header
    settings : Settings
    """

    def __init__(self, header: Header, settings: Settings) -> None:
        self._header = header
        self._settings = settings
        hold_s = HOLD_SHARE * settings.angle_hold_s
        self._tilt = LiveLimit(settings.tilt_flag_deg, hold_s)
        self._rotation = LiveLimit(settings.rotation_flag_deg, hold_s)
        self._said: set[tuple[int, Flag]] = set()
        self._lift_offs: list[float] = []
        self._ranges: list[float] = []
        self._number = 1
        self._arrived_tick: int | None = None
        self._warned = self._paced = True

    def completed(self, rep: Rep) -> None:
        """Learn from a completed repetition how far it went and where the back let go."""
        if rep.lift_off_angle_deg is not None:
            self._lift_offs = [*self._lift_offs[1 - REMEMBERED :], rep.lift_off_angle_deg]
        if rep.range_deg is not None:
            self._ranges = [*self._ranges[1 - REMEMBERED :], rep.range_deg]
        self._paced = True  # where its way goes on, it was a stall that completed it

    def turned(self, number: int) -> None:
        """Begin another way, in the repetition `number`."""
        self._number = number
        self._warned = self._paced = False
        self._arrived_tick = None

    def step(
        self, way: LiveWay, now: Instant, sense: float, zero_deg: float
    ) -> list[FloorNear | LimitCrossed]:
        """What is new; the elevation is `sense` times the angle of `way`, plus `zero_deg`."""
        tilted = self._tilt.step(now.tilt_deg)
        rotated = self._rotation.step(now.rotation_deg)
        if way.turn is None:
            return []
        arrives = way.arrived and self._arrived_tick == now.tick - 1
        if way.arrived:
            self._paced = True  # a way that stalls has no pace
        else:
            self._arrived_tick = now.tick
        if self._arrived_tick is None or now.tick - self._arrived_tick > AFTERWARDS_S * GRID_HZ:
            return []
        if not self._ranges and self._is_no_first(way):
            return []
        said: list[FloorNear | LimitCrossed] = []
        lowering = way.direction * sense < 0.0
        if tilted is not None and lowering and self._tilt.value_deg > 0.0:
            found = (now.time_s - tilted, self._tilt.value_deg, self._settings.tilt_flag_deg, "deg")
            said += self._cross("back_arch", found, now)
        if rotated is not None:
            found = (now.time_s - rotated, self._rotation.value_deg, self._settings.rotation_flag_deg, "deg")
            said += self._cross("hip_pop", found, now)
        if lowering:
            said += self._near_floor(way, now)
        if self._looks(now, arrives, way):
            elevation = sense * way.angles_deg() + zero_deg
            for code, found in self._of_the_leg(way, now, elevation, lowering):
                said += self._cross(code, found, now)
        return said

    def _is_no_first(self, way: LiveWay) -> bool:
        """A fidget, walking to the bar, or the lift into a high start."""
        outside = self._header.start == "high" or self._header.posture == "hanging"
        return outside or max(way.gone_deg, way.previous_deg) < FIRST_DEG

    def _looks(self, now: Instant, arrives: bool, way: LiveWay) -> bool:
        """Now and then; in the first repetition, whose length nobody knows, as its way ends."""
        if not self._ranges:
            return arrives
        return now.tick % LOOK_TICKS == 0 and not way.arrived

    def _expected_deg(self, way: LiveWay) -> float:
        """How long the way will be: at least like those before it."""
        return max([way.previous_deg, *self._ranges], default=0.0)

    def _cross(self, code: Flag, found: tuple[float, float, float, str], now: Instant) -> list[LimitCrossed]:
        if (self._number, code) in self._said:
            return []
        self._said.add((self._number, code))
        return [LimitCrossed(now.time_s, self._number, code, *found, now.elevation_deg)]

    def _near_floor(self, way: LiveWay, now: Instant) -> list[FloorNear]:
        floor_deg = self._header.floor_deg
        if floor_deg is None and self._lift_offs:
            floor_deg = median(self._lift_offs)
        if floor_deg is None or self._warned or way.speed_dps <= 0.0:
            return []
        left_deg = now.elevation_deg - floor_deg
        self._warned = left_deg + way.gone_deg < FLOOR_AWAY_DEG
        reach_s = left_deg / way.speed_dps - LOW_PASS_LAG_S
        if self._warned or reach_s > FLOOR_LEAD_S:
            return []
        self._warned = True
        if reach_s <= 0.0:
            return []
        return [FloorNear(now.time_s, self._number, floor_deg, now.time_s + reach_s, now.elevation_deg)]

    def _of_the_leg(
        self, way: LiveWay, now: Instant, elevation: FloatArray, lowering: bool
    ) -> Iterator[tuple[Flag, tuple[float, float, float, str]]]:
        """Swing while rising; dropping, and a pace over the target's, while lowering."""
        code: Flag = "fast_lowering" if lowering else "momentum"
        crossed_s = now.time_s - LOW_PASS_LAG_S
        if (self._number, code) in self._said:
            return
        if self._header.exercise == "heel_tap":
            limit = self._settings.peak_speed_flag_dps
            if way.speed_dps > limit:
                yield code, (crossed_s, way.speed_dps, limit, "deg/s")
            return
        limit = self._settings.drop_flag if lowering else self._settings.momentum_flag
        share = self._coasting(way, elevation, lowering)
        if share is not None and share > limit + CLEAR_SHARE:
            yield code, (crossed_s, share, limit, "share")
        elif lowering and not self._paced and (pace_s := self._pace_s(way)) is not None:
            self._paced = True
            limit_s = self._least_lowering_s()
            if pace_s < limit_s:
                yield code, (crossed_s, pace_s, limit_s, "s")

    def _coasting(self, way: LiveWay, elevation: FloatArray, lowering: bool) -> float | None:
        """Share of the way that coasts, of its expected length or of what is gone if that is more."""
        if way.gone_deg < LEAST_DEG:
            return None
        acceleration = rate_of_change(rate_of_change(elevation))
        known = slice(None, len(elevation) - EDGE_TICKS)
        direction = -1 if lowering else 1
        coasting, total = coasting_degrees(
            elevation[known], acceleration[known], self._header.posture, direction
        )
        total = max(total, self._expected_deg(way) * total / way.gone_deg)
        return None if total < LEAST_DEG else coasting / total

    def _least_lowering_s(self) -> float:
        target = self._header.tempo_target
        if target is not None and target.eccentric_s > 0.0:
            return (1.0 - TEMPO_TOLERANCE) * target.eccentric_s
        if self._header.exercise == "double_leg_raise":
            return self._settings.two_leg_eccentric_flag_s
        return self._settings.one_leg_eccentric_flag_s

    def _pace_s(self, way: LiveWay) -> float | None:
        """What the whole lowering will take, told at half of its way; None before."""
        expected = self._expected_deg(way)
        if way.gone_deg < PACE_SHARE * expected:
            return None
        gone = way.direction * way.angles_deg()
        return _whole_s(gone - gone[0], expected)


def _whole_s(gone_deg: FloatArray, expected_deg: float) -> float:
    """Twice what half of a way took since it began as phases are bounded; less where its speed says so."""
    speed = rate_of_change(gone_deg)
    leaves = int(np.argmax(gone_deg > BAND_SHARE * expected_deg))
    peak_dps = float(speed.max())
    half_s = (len(gone_deg) - 1 - flank_start(speed, leaves, peak_dps)) / GRID_HZ
    return min(half_s / PACE_SHARE, PEAK_OVER_MEAN * expected_deg / peak_dps)
