"""Limits that are passed while the leg moves, said as it happens and not when the repetition is complete.

What is said here serves the person who moves now; the judgement of the repetition is made when it is over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from imu_reps.analysis.filters import LiveLowPass
from imu_reps.analysis.live.prediction import coasting_past, pace_ahead, whole_way_deg
from imu_reps.analysis.live.way import LOW_PASS_LAG_S, LiveWay
from imu_reps.domain.events import FloorNear, LimitCrossed
from imu_reps.domain.floor import safe_angle
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Flag, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import READY_DEG

#: An angle past its limit is said where, moving on as it does, it will by the end of the time that it must
#: hold be past it by what a live angle may be wrong by: who keeps the limit hears nothing. Over simulated
#: sets 95 in 100 live angles of a repetition are less than this above the true ones.
CLEAR_TILT_DEG = 1.0
CLEAR_ROTATION_DEG = 0.6
#: The same of a share that coasts.
CLEAR_SHARE = 0.03
#: The same of the time that a lowering takes, as a share of it.
CLEAR_PACE = 0.03

#: Said this long before the floor is reached: the words are over by then.
FLOOR_LEAD_S = 1.5
#: Lowerings that begin nearer to the floor than this do not reach it on their way.
FLOOR_AWAY_DEG = 5.0

#: Speed and moment of the way are looked at every so many instants.
LOOK_TICKS = 4
#: A lowering may take so much less than the target's time.
TEMPO_TOLERANCE = 0.25

#: Before a repetition was counted, a shorter way is a fidget, or a dip in a longer one.
FIRST_DEG = 25.0

#: A leg that seems to point further back than this is not where it seems: its zero is wrong, or it walks.
BEHIND_DEG = 15.0

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
    """An angle against its limit: says once a repetition that it is past it for long enough, or will be.

    An angle that comes back as it went is past its limit for twice as long as it grew: a short bump is none.
    """

    def __init__(self, limit_deg: float, clear_deg: float, hold_s: float) -> None:
        self._limit_deg, self._clear_deg = limit_deg, clear_deg
        self._hold_ticks = max(1, round(hold_s * GRID_HZ))
        self._low_pass = LiveLowPass()
        self._run = 0
        self._grew = 0
        self._max_deg = 0.0
        self.value_deg = math.nan

    def step(self, angle_deg: float) -> float | None:
        """Take the next angle, NaN where not measured; how long ago it was passed, where it now counts."""
        if math.isnan(angle_deg):
            self._run = 0
            return None
        self.value_deg = self._low_pass.step(angle_deg)
        over_deg = abs(self.value_deg) - self._limit_deg
        if over_deg <= 0.0:
            self._run, self._max_deg = 0, 0.0
            return None
        self._run += 1
        if over_deg > self._max_deg:
            self._grew, self._max_deg = self._run, over_deg
        held = max(self._run, 2 * self._grew) / self._hold_ticks
        told = held >= 1.0 and over_deg > self._clear_deg * min(self._run / self._hold_ticks, 1.0)
        return self._run / GRID_HZ + LOW_PASS_LAG_S if told else None


class LiveLimits:
    """Watches the repetition that runs.

    Parameters
    ----------
    header : Header
    settings : Settings
    """

    def __init__(self, header: Header, settings: Settings) -> None:
        self._header = header
        self._settings = settings
        self._tilt = LiveLimit(settings.tilt_flag_deg, CLEAR_TILT_DEG, settings.angle_hold_s)
        self._rotation = LiveLimit(settings.rotation_flag_deg, CLEAR_ROTATION_DEG, settings.angle_hold_s)
        self._emitted: set[tuple[int, Flag]] = set()
        self._lift_offs: list[float] = []
        self._floor_deg = header.floor_deg
        self._number = 1
        self._arrived_tick: int | None = None
        self._counted = False
        self._warned = self._stalled = True

    def completed(self, rep: Rep) -> None:
        """Learn from a completed repetition where the back let go."""
        if rep.lift_off_angle_deg is not None:
            self._lift_offs.append(rep.lift_off_angle_deg)
            if self._header.floor_deg is None:
                self._floor_deg = safe_angle(self._lift_offs)
        self.confirmed()
        self._stalled = True  # where its way goes on, it was a stall that completed it

    def confirmed(self) -> None:
        """Take it that this is a set: what is passed from now on, and was a moment ago, is said."""
        self._counted = True

    def turned(self, number: int) -> None:
        """Begin another way, in the repetition `number`."""
        self._number = number
        self._warned = self._stalled = False
        self._arrived_tick = None

    def step(self, way: LiveWay, now: Instant, threshold_deg: float) -> list[FloorNear | LimitCrossed]:
        """What is new of the way the leg is on."""
        lies = abs(now.tilt_deg) < READY_DEG  # who sits up arches no back
        tilted = self._tilt.step(now.tilt_deg if lies else math.nan)
        rotated = self._rotation.step(now.rotation_deg if lies else math.nan)
        if way.turn is None:
            return []
        arrives = way.arrived and self._arrived_tick == now.tick - 1
        if way.arrived:
            self._stalled = True  # if it goes on: a way that stalls has no pace
        else:
            self._arrived_tick = now.tick
        if self._arrived_tick is None or now.tick - self._arrived_tick > AFTERWARDS_S * GRID_HZ:
            return []
        if not (self._counted or self.may_be_first(way)):
            return []
        events: list[FloorNear | LimitCrossed] = []
        lowering = way.direction < 0.0
        if tilted is not None and lowering and self._tilt.value_deg > 0.0:
            found = (now.time_s - tilted, self._tilt.value_deg, self._settings.tilt_flag_deg, "deg")
            events += self._cross("back_arch", found, now)
        if rotated is not None:
            found = (now.time_s - rotated, self._rotation.value_deg, self._settings.rotation_flag_deg, "deg")
            events += self._cross("hip_pop", found, now)
        if lowering:
            events += self._near_floor(way, now)
            events += self._below_floor(now)
        if way.whole and self._is_possible(now) and self._looks(now, arrives, way):
            elevation = way.angles_deg()
            for code, found in self._of_the_leg(way, now, elevation, lowering, threshold_deg):
                events += self._cross(code, found, now)
        return events

    def may_be_first(self, way: LiveWay) -> bool:
        """Whether a way is more than a fidget, walking to the bar, or the lift into a high start."""
        inside = self._header.start == "low" and self._header.posture == "supine"
        return inside and max(way.travel_deg, way.previous_deg) >= FIRST_DEG

    def _is_possible(self, now: Instant) -> bool:
        """Whether a leg can be there: where not, its zero is wrong, or it walks."""
        return self._header.start == "high" or now.elevation_deg > -BEHIND_DEG

    def _looks(self, now: Instant, arrives: bool, way: LiveWay) -> bool:
        """Now and then, and as the way ends."""
        return arrives or (now.tick % LOOK_TICKS == 0 and not way.arrived)

    def _cross(self, code: Flag, found: tuple[float, float, float, str], now: Instant) -> list[LimitCrossed]:
        if (self._number, code) in self._emitted:
            return []
        self._emitted.add((self._number, code))
        return [LimitCrossed(now.time_s, self._number, code, *found, now.elevation_deg)]

    def _near_floor(self, way: LiveWay, now: Instant) -> list[FloorNear]:
        floor_deg = self._floor_deg
        if floor_deg is None or self._warned or way.speed_dps <= 0.0:
            return []
        left_deg = now.elevation_deg - floor_deg
        self._warned = left_deg + way.travel_deg < FLOOR_AWAY_DEG
        reach_s = left_deg / way.speed_dps - LOW_PASS_LAG_S
        if self._warned or reach_s > FLOOR_LEAD_S:
            return []
        self._warned = True
        if reach_s <= 0.0:
            return []
        return [FloorNear(now.time_s, self._number, floor_deg, now.time_s + reach_s, now.elevation_deg)]

    def _below_floor(self, now: Instant) -> list[LimitCrossed]:
        """Under the floor that is known, by more than its uncertainty."""
        floor_deg = self._header.floor_deg
        if floor_deg is None or self._header.exercise == "heel_tap":
            return []
        if now.elevation_deg >= floor_deg - self._settings.floor_margin_deg:
            return []
        return self._cross("below_floor", (now.time_s, now.elevation_deg, floor_deg, "deg"), now)

    def _of_the_leg(
        self, way: LiveWay, now: Instant, elevation: FloatArray, lowering: bool, min_deg: float
    ) -> Iterator[tuple[Flag, tuple[float, float, float, str]]]:
        """Swing while rising; dropping, and a pace over the target's, while lowering."""
        code: Flag = "fast_lowering" if lowering else "momentum"
        crossed_s = now.time_s - LOW_PASS_LAG_S
        if (self._number, code) in self._emitted:
            return
        if self._header.exercise == "heel_tap":
            limit = self._settings.peak_speed_flag_dps
            if way.speed_dps > limit:
                yield code, (crossed_s, way.speed_dps, limit, "deg/s")
            return
        direction = -1 if lowering else 1
        gone = direction * (elevation - elevation[0])
        whole_deg = whole_way_deg(gone, way.usual_deg)
        if whole_deg is None or whole_deg < max(min_deg, 0.0 if self._counted else FIRST_DEG):
            return
        limit = self._settings.drop_flag if lowering else self._settings.momentum_flag
        posture = self._header.posture
        coasting = coasting_past(elevation, whole_deg, posture, direction, limit + CLEAR_SHARE)
        if coasting is not None:
            yield code, (crossed_s - coasting.ticks_ago / GRID_HZ, coasting.share, limit, "share")
        elif lowering and not self._stalled and (pace := pace_ahead(gone, way.usual_deg)) is not None:
            limit_s = self._min_lowering_s()
            if pace.whole_s < (1.0 - CLEAR_PACE) * limit_s:
                yield code, (crossed_s - pace.ticks_ago / GRID_HZ, pace.whole_s, limit_s, "s")

    def _min_lowering_s(self) -> float:
        target = self._header.tempo_target
        if target is not None and target.eccentric_s > 0.0:
            return (1.0 - TEMPO_TOLERANCE) * target.eccentric_s
        if self._header.exercise == "double_leg_raise":
            return self._settings.two_leg_eccentric_flag_s
        return self._settings.one_leg_eccentric_flag_s
