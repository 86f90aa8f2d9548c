"""Figures of a repetition while the set runs: the same code, on the angles known so far."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.faults.verdict import RepView
from imu_reps.analysis.filters import SHORTEST
from imu_reps.analysis.judge import judge_rep
from imu_reps.analysis.live_angles import LiveAngles
from imu_reps.analysis.reps.measure import Measured, Meter
from imu_reps.analysis.reps.phases import phase_boundaries
from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set_motion import SetMotion, set_motion
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack
from imu_reps.kinematics.holes import bridged_columns
from imu_reps.kinematics.lever import carried
from imu_reps.kinematics.motion import GridMotion, Motion, impacts

#: There is room for the angles of so long a set; of a longer one the first and the latest are kept.
ROOM_S = 300.0

#: Angles this long before the way out are looked at, for the filters and the resting band.
LEAD_S = 2.0

TIME, ANGLE, TILT, ROTATION, GYR = 0, 1, 2, 3, 4
ANKLE_UP, ANKLE_GYR, ANKLE_ACC, STILL, READY, COLUMNS = 7, 10, 13, 16, 17, 18


@dataclass(frozen=True, slots=True)
class LivePiece:
    """Angles that are kept, side by side; `tilt_deg` is None without a pelvis sensor."""

    angle_deg: FloatArray
    tilt_deg: FloatArray | None
    ankle: GridMotion
    ready: BoolArray


class LiveTrack:
    """The angles of a set, in memory that does not grow: what was in the middle of a long one can be let go.

    Ticks count from the first instant of the set. A row is where a tick is kept; what is kept before and
    after a gap stands side by side.

    Attributes
    ----------
    next_tick : int
        The next to come.
    """

    def __init__(self) -> None:
        self._rows = np.empty((int(ROOM_S * GRID_HZ), COLUMNS))
        self._begin = self._gap_start = self._gap_end = 0
        self.next_tick = 0
        self._start_s = 0.0

    @property
    def first_tick(self) -> int:
        """The tick from which on every one is kept."""
        return self._gap_end

    @property
    def gap_start(self) -> int:
        """The tick that the gap begins at; with no gap the oldest that is kept."""
        return self._gap_start

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another tick."""
        return self.row(self.next_tick) == len(self._rows)

    def row(self, tick: int) -> int:
        """Where a tick is kept; the next that is, where it is not."""
        tick = max(tick, self._begin)
        return tick - self._begin - min(max(tick - self._gap_start, 0), self._gap_end - self._gap_start)

    def tick(self, row: int) -> int:
        """Which tick is kept at a row."""
        tick = self._begin + row
        return tick if tick < self._gap_start else tick + self._gap_end - self._gap_start

    def forget(self, start: int, end: int) -> None:
        """Let go of the ticks `start` to `end`: the oldest, or from where an earlier gap begins."""
        at, until, count = self.row(start), self.row(end), self.row(self.next_tick)
        self._rows[at : at + count - until] = self._rows[until:count]
        if at == 0:
            self._begin = max(self._begin, end)
            self._gap_start, self._gap_end = max(self._gap_start, end), max(self._gap_end, end)
        else:
            self._gap_start, self._gap_end = start, max(self._gap_end, end)

    def push(self, motion: Motion, offset: int, angles: LiveAngles, *, ready: bool) -> None:
        """Keep the grid instant at `offset` of `motion`."""
        if self.next_tick == 0:
            self._start_s = float(motion.time_s[offset])
        row = self._next_row()
        row[TIME] = motion.time_s[offset]
        row[ANGLE:GYR] = angles[:3]
        row[READY] = ready
        if motion.pelvis is not None:
            row[GYR:ANKLE_UP], row[STILL] = motion.pelvis.gyr_dps[offset], motion.pelvis.still[offset]
        if motion.ankle is not None:
            ankle = motion.ankle
            row[ANKLE_UP:ANKLE_GYR] = ankle.up[offset]
            row[ANKLE_GYR:ANKLE_ACC], row[ANKLE_ACC:STILL] = ankle.gyr_dps[offset], ankle.acc_mps2[offset]

    def _next_row(self) -> FloatArray:
        """A row to fill; if nobody has made room, the older half goes."""
        if self.is_full:
            self.forget(0, self.tick(len(self._rows) // 2))
        row = self._rows[self.row(self.next_tick)]
        self.next_tick += 1
        row[:STILL], row[STILL] = np.nan, 0.0
        return np.asarray(row)

    def time_s(self, tick: int) -> float:
        """When a tick was, kept or not: the grid is regular."""
        return self._start_s + tick / GRID_HZ

    def pose(self, sense: float, zero_deg: float) -> Pose | None:
        """The newest angles, with leg elevation as in `piece`; None before the first."""
        if self.next_tick == 0:
            return None
        row = self._rows[self.row(self.next_tick) - 1, : ROTATION + 1].tolist()
        leg_deg, tilt_deg, rotation_deg = (None if math.isnan(angle) else angle for angle in row[ANGLE:])
        leg_deg = None if leg_deg is None else sense * leg_deg + zero_deg
        return Pose(row[TIME], leg_deg, tilt_deg, rotation_deg)

    def since(self, tick: int) -> LivePiece:
        """What is kept from `tick` on."""
        rows = self._rows[self.row(tick) : self.row(self.next_tick)]
        up, gyr, acc = rows[:, ANKLE_UP:ANKLE_GYR], rows[:, ANKLE_GYR:ANKLE_ACC], rows[:, ANKLE_ACC:STILL]
        ankle = GridMotion(up, gyr, acc, np.full(len(rows), np.nan), np.zeros(len(rows), bool))
        tilt = rows[:, TILT]
        tilt_deg = tilt if np.isfinite(tilt).any() else None
        return LivePiece(rows[:, ANGLE], tilt_deg, ankle, rows[:, READY] > 0.0)

    def piece(self, start: int, end: int, sense: float, zero_deg: float) -> AngleTrack:
        """The angles of ticks `start` to `end`, none before `first_tick`.

        Leg elevation is `sense` times the angle plus `zero_deg`.
        """
        rows = self._rows[self.row(start) : self.row(end)]
        return AngleTrack(
            rows[:, TIME],
            sense * rows[:, ANGLE] + zero_deg,
            rows[:, TILT],
            rows[:, ROTATION],
            rows[:, GYR:ANKLE_UP],
            impacts(bridged_columns(rows[:, ANKLE_ACC:STILL]), 1.0 / GRID_HZ),
            rows[:, STILL] > 0.0,
        )


class LiveMeter:
    """Measures and judges repetitions as they are completed."""

    def __init__(self, header: Header, settings: Settings) -> None:
        self._header = header
        self._settings = settings
        self._measured: dict[int, Measured] = {}

    def measure(
        self,
        number: int,
        rep: Excursion,
        track: LiveTrack,
        end: int,
        sense: float,
        zero_deg: float,
        axis: FloatArray,
    ) -> Rep | None:
        """The repetition as far as it is known at tick `end`; None where an angle is missing.

        One that began before `track.first_tick`, with a rest of minutes, is measured from there.

        Parameters
        ----------
        rep : Excursion
            In travel, ticks of `track`.
        axis : (3,) float
            That the leg swings about, in sensor axes.
        """
        start = max(rep.near.tick - int(LEAD_S * GRID_HZ), track.first_tick)
        if rep.far.tick <= start or end - start < SHORTEST:
            return None
        ankle = track.since(start).ankle[: end - start]
        motion = set_motion(track.piece(start, end, sense, zero_deg), self._header, carried(ankle, axis))
        if not np.isfinite(motion.elevation_deg).all():
            return None
        self._measured[number] = self._figures(motion, rep, start)
        so_far = [self._measured[known] for known in sorted(self._measured) if known <= number]
        view = RepView(so_far[-1], motion, self._settings, so_far, self._header.ankle.rate_hz)
        return judge_rep(number, view)

    def _figures(self, motion: SetMotion, rep: Excursion, start: int) -> Measured:
        travel, speed = motion.travel_sign * motion.elevation_deg, motion.travel_sign * motion.speed_dps
        ticks = (max(turn.tick - start, 0) for turn in (rep.near, rep.far, rep.back))
        moved = Excursion(*(Turn(tick, float(travel[tick])) for tick in ticks))
        phases = phase_boundaries(travel, speed, moved, 0, len(travel) - 1)
        return Meter(motion, self._settings).measure(phases, None)
