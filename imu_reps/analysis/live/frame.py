"""The motion buffer of a running set, and the frame its angles are computed in.

The frame is that of the latest estimate, or of the first rest before there is an estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.set.leg import LegFrame, LegParams, elevation_deg
from imu_reps.analysis.set.pelvis import ON_FLOOR_DEG, mean_up
from imu_reps.analysis.set.spells import STILL_TICKS, ZERO_S, Rest
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ, Pose
from imu_reps.kinematics.motion import GridMotion, Motion
from imu_reps.kinematics.mounting import PelvisAxes, angle_between_deg, pelvis_axes_at, tilt_and_rotation

#: A rest of one second defines a zero; a `ready` instant has already been still for half of it.
REST_TICKS = round(ZERO_S * GRID_HZ) - STILL_TICKS

#: Number of instants after which the zero is taken again while the rest lasts.
REST_EVERY = 25


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """Frame that turns directions of up into angles while a set runs.

    Attributes
    ----------
    leg : LegFrame or None
        Leg frame of the latest estimate; None before the first that shows the leg's axis.
    first_up : (3,) float or None
        Up in ankle sensor axes where the leg first rested; without `leg`, the leg's angle counts from there.
    pelvis : PelvisAxes or None
        Axes of the pelvis in its sensor; None while unknown.
    tilt_known : bool
        Whether the zero of tilt comes from a rest with the leg on the floor.
    placed : bool
        Whether leg elevation is known; from a high start only once a repetition was seen.
    """

    leg: LegFrame | None = None
    first_up: FloatArray | None = None
    pelvis: PelvisAxes | None = None
    tilt_known: bool = False
    placed: bool = False

    def angles_deg(self, motion: Motion, header: Header) -> FloatArray:
        """Return leg elevation, pelvic tilt and rotation, (3, n) degrees; NaN where not known."""
        leg = self.leg_deg(motion.ankle, header, len(motion))
        return np.array([leg, *self.pelvis_deg(motion.pelvis, header, len(motion))])

    def leg_deg(self, ankle: GridMotion | None, header: Header, count: int) -> FloatArray:
        """Return leg elevation, or before the first estimate the angle from the first rest, (n,) degrees."""
        if ankle is not None and self.leg is not None:
            return elevation_deg(self.leg, ankle.up, header.posture, LegParams())
        if ankle is None or self.first_up is None:
            return np.full(count, np.nan)
        return angle_between_deg(ankle.up, self.first_up)

    def pelvis_deg(
        self, pelvis: GridMotion | None, header: Header, count: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return pelvic tilt and rotation with the reported sign, (n,) degrees each; NaN where not known."""
        nothing = np.full(count, np.nan)
        if pelvis is None or self.pelvis is None:
            return nothing, nothing
        tilt, rotation = tilt_and_rotation(self.pelvis, pelvis.up, header.posture, header.side)
        return tilt if self.tilt_known else nothing, rotation


def frame_of(estimate: SetEstimate, before: LiveFrame, header: Header) -> LiveFrame:
    """Return the frame after an estimate; parts the estimate does not show stay as they were."""
    leg, pelvis = estimate.leg, estimate.pelvis
    counts = bool(estimate.segmentation.reps)
    keep = leg is None or (before.leg is not None and not counts and before.placed)
    placed = before.placed or counts or header.start == "low" or header.exercise == "heel_tap"
    newer = pelvis.axes is not None and (pelvis.tilt_known or not before.tilt_known)
    return LiveFrame(
        before.leg if keep or leg is None else leg.frames[-1][1],
        before.first_up,
        pelvis.axes if newer else before.pelvis,
        pelvis.tilt_known if newer else before.tilt_known,
        placed,
    )


def at_rest(before: LiveFrame, motion: Motion, cranial: FloatArray | None, header: Header) -> LiveFrame:
    """Return the frame with its zeros taken from a rest before the first repetition.

    The pelvis is not zeroed with the leg away from where it first rested, since that tips it; and the zero of
    tilt stays unknown while leg elevation is unknown.

    Parameters
    ----------
    before : LiveFrame
        The frame so far.
    motion : Motion
        The instants of the rest.
    cranial : (3,) float or None
        The pelvis sensor's axis towards the head; None leaves the pelvis as it was.
    header : Header
    """
    first_up, pelvis, whole = before.first_up, before.pelvis, Rest(0, len(motion))
    if motion.ankle is not None and first_up is None:
        first_up = mean_up(motion.ankle.up, whole)
    leg_deg = before.leg_deg(motion.ankle, header, len(motion))
    away = np.isfinite(leg_deg) & (np.abs(leg_deg) > ON_FLOOR_DEG)
    if motion.pelvis is None or cranial is None or away.any():
        return before if first_up is before.first_up else replace(before, first_up=first_up)
    up = mean_up(motion.pelvis.up, whole)
    pelvis = before.pelvis if up is None else pelvis_axes_at(up, cranial, header)
    known = before.tilt_known or (pelvis is not None and before.placed)
    return replace(before, first_up=first_up, pelvis=pelvis, tilt_known=known)


def pose_of(time_s: float, *angles_deg: float) -> Pose:
    """Return the newest angles as a pose; NaN becomes None."""
    return Pose(time_s, *(None if math.isnan(angle) else angle for angle in angles_deg))


class LiveRest:
    """Takes zeros from rests before the first repetition and holds the current `frame`."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._ticks = 0
        self.frame = LiveFrame(placed=header.start == "low" or header.exercise == "heel_tap")

    def step(self, buffer: MotionBuffer, cranial: FloatArray | None, *, ready: bool, may_zero: bool) -> None:
        """Process the next instant, the newest in the buffer."""
        self._ticks = self._ticks + 1 if ready else 0
        first = self.frame.first_up is None
        long_enough = self._ticks >= REST_TICKS and (self._ticks - REST_TICKS) % REST_EVERY == 0
        if not may_zero or not (first or long_enough):
            return
        since = REST_TICKS + STILL_TICKS if long_enough else 1
        rest = buffer.motion(max(0, buffer.count - since))
        self.frame = at_rest(self.frame, rest, cranial if long_enough else None, self._header)


#: Length of the buffer; once it is full the middle is dropped and this much of the beginning and of the end
#: is kept, enough of either to see where the leg lies, which way is up, and what range is usual.
ROOM_S, HEAD_S, TAIL_S = 150.0, 40.0, 80.0

#: Columns of a row: the time, and those of the pelvis and of the ankle; NaN for a sensor not worn.
_TIME, _PELVIS, _ANKLE, _WIDTH = 0, slice(1, 11), slice(11, 21), 21


def rows_of(motion: Motion) -> FloatArray:
    """Return the instants of a motion as rows of a `MotionBuffer`."""
    columns: list[np.ndarray] = [motion.time_s[:, None]]
    for sensor in (motion.pelvis, motion.ankle):
        if sensor is None:
            columns.append(np.full((len(motion), 10), np.nan))
        else:
            columns += [sensor.up, sensor.gyr_dps, sensor.acc_mps2, sensor.still[:, None]]
    return np.concatenate(columns, axis=1)


class MotionBuffer:
    """Keeps grid motion in rows.

    Attributes
    ----------
    count : int
        Number of rows kept.
    """

    def __init__(self) -> None:
        self.count = 0
        self._rows = np.empty((int(ROOM_S * GRID_HZ), _WIDTH))

    @property
    def is_full(self) -> bool:
        """Whether the buffer has no room for another row."""
        return self.count == len(self._rows)

    @property
    def ankle_up(self) -> FloatArray | None:
        """Up in ankle sensor axes in the newest row, (3,); None where not measured."""
        up = self._rows[self.count - 1, _ANKLE][:3]
        return up.copy() if self.count and np.isfinite(up).all() else None

    def append(self, row: FloatArray) -> None:
        """Append one instant, a row as from `rows_of`."""
        self._rows[self.count] = row
        self.count += 1

    def motion(self, start: int = 0) -> Motion:
        """Return the rows from `start` on as a motion, without impacts."""
        rows = self._rows[start : self.count]
        return Motion(rows[:, _TIME], _sensor(rows[:, _PELVIS]), _sensor(rows[:, _ANKLE]))

    def row_at(self, time_s: float) -> int:
        """Return the first row at or after a time."""
        return int(self._rows[: self.count, _TIME].searchsorted(time_s - 0.5 / GRID_HZ))

    def make_room(self, boundaries_s: FloatArray) -> tuple[float, float]:
        """Drop the middle, cutting between repetitions where possible.

        Parameters
        ----------
        boundaries_s : (k,) float
            End times of the repetitions.

        Returns
        -------
        start_s, end_s : float
            The span dropped, the end exclusive.
        """
        times_s = self._rows[: self.count, _TIME]
        tail_s = float(times_s[-1]) - TAIL_S
        until = self.row_at(_last_before(boundaries_s, tail_s))
        start = self.row_at(_last_before(boundaries_s, float(times_s[0]) + HEAD_S))
        if start >= until:
            start = 0
        gone, kept = until - start, self.count - until
        span = float(times_s[start]), float(times_s[until])
        self._rows[start : start + kept] = self._rows[until : self.count].copy()
        self.count -= gone
        return span


def _last_before(boundaries_s: FloatArray, time_s: float) -> float:
    before = boundaries_s[boundaries_s <= time_s]
    # a boundary that is too long before the time is no place to cut
    near = before[before > time_s - TAIL_S / 4.0]
    return float(near.max()) if len(near) else time_s


def _sensor(rows: FloatArray) -> GridMotion | None:
    still = rows[:, -1]
    if not len(rows) or math.isnan(still[-1]):
        return None
    nothing = np.full(len(rows), np.nan)
    return GridMotion(rows[:, 0:3], rows[:, 3:6], rows[:, 6:9], nothing, still > 0.0)
