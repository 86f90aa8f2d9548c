"""Limits crossed while the leg moves, emitted at once and not when the repetition is complete.

These events serve the person moving now; the repetition is judged when it is over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from imu_reps.analysis.live.way import LOW_PASS_LAG_S, LiveWay, coasting_past, pace_ahead, whole_way_deg
from imu_reps.analysis.set_motion import LiveLowPass
from imu_reps.domain.events import FloorNear, LimitCrossed
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Flag, Rep, safe_angle
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import READY_DEG

#: Margin for the error of a live angle, so that keeping the limit causes no warning: an angle is reported
#: once it heads to be past its limit by this at the end of its holding time. Over simulated sets 95 % of the
#: live tilts of a repetition are less than this above the true ones. For rotation, shares and pace half of
#: that and less suffices: it gives no more false warnings than its double (367 clean repetitions of 240
#: simulated sets, seeds 7000 to 7119 and 17000 to 17119).
CLEAR_TILT_DEG = 1.0
CLEAR_ROTATION_DEG = 0.3
#: The same for a coasting share.
CLEAR_SHARE = 0.015
#: The same for the duration of a lowering, as a share of it.
CLEAR_PACE = 0.01

#: Lead time of the floor warning, enough for its words to be spoken.
FLOOR_LEAD_S = 1.5
#: A lowering that begins nearer to the floor than this gives no warning.
FLOOR_AWAY_DEG = 5.0

#: Interval at which the speed and coasting of a way are checked.
LOOK_TICKS = 4
#: Share of the target time by which a lowering may be shorter.
TEMPO_TOLERANCE = 0.25

#: Before a repetition was counted, a shorter way is a fidget or a dip in a longer one.
FIRST_DEG = 25.0

#: A leg that seems to point further back than this has a wrong zero, or the person is walking.
FARTHEST_BACK_DEG = 15.0

#: Time after a way's end during which crossings are still attributed to it.
AFTERWARDS_S = 0.8


@dataclass(frozen=True, slots=True)
class Instant:
    """One grid instant: low-passed leg elevation, unfiltered tilt and rotation (NaN: not measured)."""

    tick: int
    time_s: float
    elevation_deg: float
    tilt_deg: float
    rotation_deg: float


def sits_up(header: Header, tilt_deg: float) -> bool:
    """Whether the person sits up in a supine set; False if tilt is not measured (NaN)."""
    return header.posture == "supine" and abs(tilt_deg) >= READY_DEG


class LiveLimit:
    """Checks an angle against its limit: it must be past it for the holding time, or be about to.

    It takes as long to come back as it took to grow, along a parabola; thus one that still grows or stays
    counts early, and a short bump does not count.
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
        """Process the next angle, NaN where not measured.

        Returns
        -------
        float or None
            How long ago the limit was passed, seconds, while the crossing counts; else None.
        """
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
        comes_back = self._grew * (1.0 - math.sqrt(1.0 - over_deg / self._max_deg))
        held = (self._run + comes_back) / self._hold_ticks
        counts = held >= 1.0 and over_deg > self._clear_deg * min(self._run / self._hold_ticks, 1.0)
        return self._run / GRID_HZ + LOW_PASS_LAG_S if counts else None


class LiveLimits:
    """Checks the current repetition against its limits.

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
        """Learn from a completed repetition at which leg elevation the back let go."""
        if rep.lift_off_angle_deg is not None:
            self._lift_offs.append(rep.lift_off_angle_deg)
            if self._header.floor_deg is None:
                self._floor_deg = safe_angle(self._lift_offs)
        self.confirmed()
        self._stalled = True  # if the way goes on, a stall completed the repetition: no pace is judged

    def confirmed(self) -> None:
        """Accept that this is a set: limits crossed just now, and from now on, are reported."""
        self._counted = True

    def turned(self, number: int) -> None:
        """Begin a new way, in the repetition `number`."""
        self._number = number
        self._warned = self._stalled = False
        self._arrived_tick = None

    def step(self, way: LiveWay, now: Instant, threshold_deg: float) -> list[FloorNear | LimitCrossed]:
        """Process the next instant of the current way and return new warnings and crossings."""
        # sitting up is no arched back; a rotation without a tilt has no zero either
        judged = math.isfinite(now.tilt_deg) and not sits_up(self._header, now.tilt_deg)
        tilted = self._tilt.step(now.tilt_deg if judged else math.nan)
        rotated = self._rotation.step(now.rotation_deg if judged else math.nan)
        if way.turn is None:
            return []
        arrives = way.arrived and self._arrived_tick == now.tick - 1
        if way.arrived:
            self._stalled = True  # if it goes on, it has stalled: no pace is judged
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
        if lowering and self._floor_deg is not None:
            events += self._near_floor(way, now, self._floor_deg)
            events += self._below_floor(now)
        due = arrives or (now.tick % LOOK_TICKS == 0 and not way.arrived)
        possible = self._header.start == "high" or now.elevation_deg > -FARTHEST_BACK_DEG
        if due and possible and way.whole:
            elevation = way.angles_deg()
            for code, found in self._leg_crossings(way, now, elevation, lowering, threshold_deg):
                events += self._cross(code, found, now)
        return events

    def may_be_first(self, way: LiveWay) -> bool:
        """Whether a way is more than a fidget, walking to the bar, or the lift into a high start."""
        inside = self._header.start == "low" and self._header.posture == "supine"
        return inside and max(way.travel_deg, way.previous_deg) >= FIRST_DEG

    def _cross(self, code: Flag, found: tuple[float, float, float, str], now: Instant) -> list[LimitCrossed]:
        if (self._number, code) in self._emitted:
            return []
        self._emitted.add((self._number, code))
        return [LimitCrossed(now.time_s, self._number, code, *found, now.elevation_deg)]

    def _near_floor(self, way: LiveWay, now: Instant, floor_deg: float) -> list[FloorNear]:
        if self._warned or way.speed_dps <= 0.0:
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
        """Report a leg below the known floor by more than its uncertainty."""
        floor_deg = self._header.floor_deg
        if floor_deg is None or self._header.exercise == "heel_tap":
            return []
        if now.elevation_deg >= floor_deg - self._settings.floor_margin_deg:
            return []
        return self._cross("below_floor", (now.time_s, now.elevation_deg, floor_deg, "deg"), now)

    def _leg_crossings(
        self, way: LiveWay, now: Instant, elevation: FloatArray, lowering: bool, min_deg: float
    ) -> Iterator[tuple[Flag, tuple[float, float, float, str]]]:
        """Yield momentum while rising; dropping, and a pace faster than allowed, while lowering."""
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
        travel_deg = direction * (elevation - elevation[0])
        whole_deg = whole_way_deg(travel_deg, way.usual_deg)
        if whole_deg is None or whole_deg < max(min_deg, 0.0 if self._counted else FIRST_DEG):
            return
        limit = self._settings.drop_flag if lowering else self._settings.momentum_flag
        posture = self._header.posture
        coasting = coasting_past(elevation, whole_deg, posture, direction, limit + CLEAR_SHARE)
        if coasting is not None:
            yield code, (crossed_s - coasting.ticks_ago / GRID_HZ, coasting.share, limit, "share")
        elif lowering and not self._stalled and (pace := pace_ahead(travel_deg, way.usual_deg)) is not None:
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
