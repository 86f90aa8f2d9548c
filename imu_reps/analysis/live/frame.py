"""The frame that live angles are read in: the one last estimated, before that one from the first rest."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.live.buffer import MotionBuffer
from imu_reps.analysis.set.leg import LegFrame, LegParams, elevation_deg
from imu_reps.analysis.set.pelvis import ON_FLOOR_DEG, ZERO_S, mean_up
from imu_reps.analysis.set.spells import STILL_TICKS, Rest
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ, Pose
from imu_reps.kinematics.motion import GridMotion, Motion
from imu_reps.kinematics.mounting import PelvisAxes, angle_between_deg, pelvis_axes_at, tilt_and_rotation

#: A rest is a zero if it lasts a second; an instant that is ready has been still for half of that.
REST_TICKS = round(ZERO_S * GRID_HZ) - STILL_TICKS

#: While it lasts its zero is taken anew every so many instants.
REST_EVERY = 25


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """How live angles follow from the directions of up.

    Attributes
    ----------
    leg : LegFrame or None
        Of the latest estimate; None before the first that shows the leg's axis.
    first_up : (3,) float or None
        Up in ankle sensor axes where the leg first rested: without `leg` its angle is that from there.
    pelvis : PelvisAxes or None
    tilt_known : bool
        Whether the pelvis's zero is that of a rest with the leg on the floor.
    placed : bool
        Whether the leg's elevation is known: from a high start it is not before a repetition was seen.
    """

    leg: LegFrame | None = None
    first_up: FloatArray | None = None
    pelvis: PelvisAxes | None = None
    tilt_known: bool = False
    placed: bool = False

    def angles_deg(self, motion: Motion, header: Header) -> FloatArray:
        """Leg elevation, pelvic tilt and rotation, (3, n) degrees; NaN where not known."""
        leg = self.leg_deg(motion.ankle, header, len(motion))
        return np.stack([leg, *self.pelvis_deg(motion.pelvis, header, len(motion))])

    def leg_deg(self, ankle: GridMotion | None, header: Header, count: int) -> FloatArray:
        """Leg elevation, or before the first estimate the angle from the first rest, (n,) degrees."""
        if ankle is not None and self.leg is not None:
            return elevation_deg(self.leg, ankle.up, header.posture, LegParams())
        if ankle is None or self.first_up is None:
            return np.full(count, np.nan)
        return angle_between_deg(ankle.up, self.first_up)

    def pelvis_deg(
        self, pelvis: GridMotion | None, header: Header, count: int
    ) -> tuple[FloatArray, FloatArray]:
        """Pelvic tilt and rotation with the reported sign, (n,) degrees each; NaN where not known."""
        nothing = np.full(count, np.nan)
        if pelvis is None or self.pelvis is None:
            return nothing, nothing
        tilt, rotation = tilt_and_rotation(self.pelvis, pelvis.up, header.posture)
        return tilt if self.tilt_known else nothing, -rotation if header.side == "right" else rotation


def frame_of(estimate: SetEstimate, before: LiveFrame, header: Header) -> LiveFrame:
    """The frame after an estimate; what it does not show stays as it was."""
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
    """The frame with its zeros at the rest that some instants are, before the first repetition.

    With the leg away from where it first rested the pelvis is tipped, and where nobody knows where that was
    there is no zero of tilt.
    """
    first_up, pelvis, whole = before.first_up, before.pelvis, Rest(0, len(motion))
    if motion.ankle is not None and first_up is None:
        first_up = mean_up(motion.ankle.up, whole)
    leg_deg = before.leg_deg(motion.ankle, header, len(motion))
    away = np.isfinite(leg_deg) & (np.abs(leg_deg) > ON_FLOOR_DEG)
    if motion.pelvis is None or cranial is None or away.any():
        return replace(before, first_up=first_up)
    up = mean_up(motion.pelvis.up, whole)
    pelvis = before.pelvis if up is None else pelvis_axes_at(up, cranial, header)
    known = before.tilt_known or (pelvis is not None and before.placed)
    return replace(before, first_up=first_up, pelvis=pelvis, tilt_known=known)


def pose_of(time_s: float, *angles_deg: float) -> Pose:
    """The newest angles as a pose; NaN is not known."""
    return Pose(time_s, *(None if math.isnan(angle) else angle for angle in angles_deg))


class LiveRest:
    """Takes the zeros of rests before the first repetition.

    Attributes
    ----------
    frame : LiveFrame
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        self._ticks = 0
        self.frame = LiveFrame(placed=header.start == "low" or header.exercise == "heel_tap")

    def step(self, buffer: MotionBuffer, cranial: FloatArray | None, *, ready: bool, may_zero: bool) -> None:
        """Take the next instant, the latest of a buffer."""
        self._ticks = self._ticks + 1 if ready else 0
        first = self.frame.first_up is None
        long_enough = self._ticks >= REST_TICKS and (self._ticks - REST_TICKS) % REST_EVERY == 0
        if not may_zero or not (first or long_enough):
            return
        since = REST_TICKS + STILL_TICKS if long_enough else 1
        rest = buffer.motion(max(0, buffer.count - since))
        self.frame = at_rest(self.frame, rest, cranial if long_enough else None, self._header)
