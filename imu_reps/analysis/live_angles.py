"""Alignment of the leg and the pelvis while a set is running: causal, instant by instant."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from imu_reps.analysis.alignment import MOVED_DEG, STILL_TICKS
from imu_reps.analysis.high_start import TIPPED_BACK_DEG
from imu_reps.analysis.set.pelvis import ZERO_S
from imu_reps.analysis.posture import all_still, find_rocks, pelvis_axes_at
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion, join_motions
from imu_reps.kinematics.mounting import (
    LEFT_DEG,
    PelvisAxes,
    axis_vector,
    cross,
    lean_deg,
    plane_about,
    ready_deg,
    unit,
)

#: The pelvis's zero needs a rest; an instant that is ready has been still for `STILL_TICKS` already.
REST_TICKS = round(ZERO_S * GRID_HZ) - STILL_TICKS

#: The swing axis is looked for anew after this many more instants of movement, until it is settled.
AXIS_EVERY, AXIS_SETTLED = 25, 500

#: Pelvic rocks are looked for once a second in the last minute.
ROCKS_EVERY, ROCKS_WITHIN = 100, 6000


class LiveAngles(NamedTuple):
    """Angles at one grid instant, degrees; NaN where not measured.

    Attributes
    ----------
    angle_deg : float
        Of the leg since its first rest; either sense may be up.
    tilt_deg, rotation_deg : float
        Of the pelvis against its zero; rotation with the reported sign.
    rested : bool
        Whether the zero is that of a rest; else of a moment's stillness, for want of better.
    """

    angle_deg: float
    tilt_deg: float
    rotation_deg: float
    rested: bool


class LiveAlignment:
    """Aligns both sensors as they move.

    The leg counts from its first rest; where it lay before the first repetition is found once there is one.
    Until `hold` is called, every rest that leaves the leg about there is the new zero of the pelvis.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        self._leg_zero: FloatArray | None = None
        self._axis: FloatArray | None = None
        self._moments = np.zeros((3, 3))
        self._moved = 0
        self._plane: tuple[FloatArray, FloatArray] | None = None
        self._pelvis = LivePelvis(header)
        self._held = False
        self._rested = 0
        self._zero_rested = False

    @property
    def axis(self) -> FloatArray:
        """The axis the leg swings about; any, as long as it has not moved."""
        return np.array([1.0, 0.0, 0.0]) if self._axis is None else self._axis

    def hold(self) -> None:
        """Keep the zero from now on: repetitions have begun."""
        self._held = True

    def watch(self, motion: Motion) -> tuple[BoolArray, BoolArray]:
        """Whether the posture was not left, and whether everything is ready, at the next grid instants."""
        in_posture, near_posture = self._pelvis.posture(motion)
        return in_posture, all_still(motion) & near_posture

    def step(self, motion: Motion, tick: int, *, ready: bool) -> LiveAngles:
        """The angles at one grid instant of `motion`, which is a new zero if it is ready and none is held."""
        self._rested = self._rested + 1 if ready else 0
        may_zero = ready and not self._held
        rests = self._rested > REST_TICKS
        zeroed = may_zero and not self._pelvis.is_tipped(motion, tick)
        angle = tilt = rotation = math.nan
        if motion.ankle is not None:
            angle, near_first = self._leg(motion.ankle.up[tick], may_zero)
            zeroed = zeroed and (near_first or not self._zero_rested)
        # The first still instant will do for a beginning; what replaces it is a rest.
        zeroed = zeroed and (rests or not self._pelvis.has_zero)
        self._zero_rested = self._zero_rested or (zeroed and rests)
        if motion.pelvis is not None:
            tilt, rotation = self._pelvis.tilt(motion.pelvis.up[tick], zero_here=zeroed)
        return LiveAngles(angle, tilt, rotation, self._zero_rested)

    def _leg(self, up: FloatArray, may_zero: bool) -> tuple[float, bool]:
        """The leg's angle, and whether the pelvis may be zeroed: the leg is about where it first rested."""
        if not math.isfinite(up[0]):
            return math.nan, False
        if self._leg_zero is None:
            if may_zero:
                self._leg_zero = up
            return (0.0 if may_zero else math.nan), may_zero
        cosine = float(up @ self._leg_zero)
        if cosine <= _MOVED_COSINE:
            self._look_for_axis(up)
            may_zero = False
        if self._plane is None:
            return math.degrees(math.acos(min(1.0, cosine))), may_zero
        along, across = self._plane
        return math.degrees(math.atan2(float(up @ across), float(up @ along))), may_zero

    def _look_for_axis(self, up: FloatArray) -> None:
        if self._moved >= AXIS_SETTLED or self._leg_zero is None:
            return
        normal = cross(up, self._leg_zero)
        self._moments += np.outer(normal, normal)
        self._moved += 1
        if self._axis is None:
            self._axis = unit(normal)
            self._span_plane()
        elif self._moved % AXIS_EVERY == 0:
            axis = np.linalg.eigh(self._moments)[1][:, 2]
            self._axis = axis if axis @ self._axis > 0 else -axis
            self._span_plane()

    def _span_plane(self) -> None:
        """The plane the leg swings in: the zero, and where up goes as the angle grows."""
        if self._axis is not None and self._leg_zero is not None:
            self._plane = plane_about(self._axis, self._leg_zero)


_MOVED_COSINE = float(np.cos(np.radians(MOVED_DEG)))


class LivePelvis:
    """Posture, tilt and rotation of the pelvis as it moves."""

    def __init__(self, header: Header) -> None:
        self._header = header
        functional = header.pelvis.alignment == "functional"
        self._cranial = None if functional else axis_vector(header.pelvis.cranial_axis or "+y")
        self._lying_up: FloatArray | None = None
        self._history: list[Motion] = []
        self._seen = 0
        self._axes: PelvisAxes | None = None
        self._last_lean = np.inf

    def posture(self, motion: Motion) -> tuple[BoolArray, BoolArray]:
        """Whether the pelvis has not left the posture, and whether it is near enough for ready, (n,) each."""
        if motion.pelvis is None:
            return np.ones(len(motion), bool), np.ones(len(motion), bool)
        unknown = self._look_for_rocks(motion) if self._cranial is None else 0
        lean = np.full(len(motion), np.inf)
        if unknown < len(motion):
            lean[unknown:] = self._lean(motion.pelvis[unknown:])
        return lean < LEFT_DEG, lean < ready_deg(self._header.start)

    def _lean(self, pelvis: GridMotion) -> FloatArray:
        """Lean from the posture; where nothing was measured, the last one that was."""
        if self._cranial is None:
            return np.full(len(pelvis.up), np.inf)
        if self._lying_up is not None:
            lean = np.degrees(np.arccos(np.clip(pelvis.up @ self._lying_up, -1.0, 1.0)))
        else:
            lean = lean_deg(pelvis.up, self._cranial, self._header.posture)
        known = np.isfinite(lean)
        if not known.all():
            last = np.maximum.accumulate(np.where(known, np.arange(len(lean)), -1))
            lean = np.where(last >= 0, lean[np.maximum(last, 0)], self._last_lean)
        if len(lean):
            self._last_lean = float(lean[-1])
        return np.asarray(lean)

    def _look_for_rocks(self, motion: Motion) -> int:
        """Look once a second, whatever the blocks; returns after how many instants they were found."""
        start = 0
        while start < len(motion):
            end = min(len(motion), start + ROCKS_EVERY - self._seen % ROCKS_EVERY)
            self._history.append(motion[start:end])
            self._seen += end - start
            if self._seen % ROCKS_EVERY == 0 and self._rocks_found():
                return end
            start = end
        return len(motion)

    def _rocks_found(self) -> bool:
        past = join_motions(self._history)[-ROCKS_WITHIN:]
        self._history = [past]
        found = None if past.pelvis is None else find_rocks(past, past.pelvis)
        if found is None:
            return False
        self._cranial, self._lying_up = found[0].matrix[1], found[0].matrix[0]
        self._history = []
        return True

    @property
    def has_zero(self) -> bool:
        """Whether tilt and rotation are counted from anything."""
        return self._axes is not None

    def is_tipped(self, motion: Motion, tick: int) -> bool:
        """Whether the pelvis is tipped back against its zero, as by a leg held high."""
        if motion.pelvis is None:
            return False
        return -self.tilt(motion.pelvis.up[tick], zero_here=False)[0] > TIPPED_BACK_DEG

    def tilt(self, up: FloatArray, *, zero_here: bool) -> tuple[float, float]:
        """Tilt and rotation at one instant, which may be the new zero."""
        if self._cranial is None or not math.isfinite(up[0]):
            return np.nan, np.nan
        if zero_here:
            self._axes = pelvis_axes_at(up, self._cranial, self._header)
        if self._axes is None:
            return np.nan, np.nan
        anterior, cranial, right = (self._axes.matrix @ up).tolist()
        if self._header.posture == "hanging":
            return math.degrees(math.atan2(-anterior, cranial)), math.nan
        sign = -1.0 if self._header.side == "right" else 1.0
        return math.degrees(math.atan2(cranial, anterior)), sign * math.degrees(math.atan2(right, anterior))
