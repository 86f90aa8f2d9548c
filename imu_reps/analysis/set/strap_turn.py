"""A strap that was turned on the shank in mid-set: the ankle's motion as if it had not been.

A turn by more than a slip's leaves nothing of a set's frame but the direction of the shank, about which it
turned. Turned back by it, the raises on both sides of the turn are read in one frame, as one set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.set.leg import LegFrame
from imu_reps.analysis.set.leg_frames import SLIPPED_DEG, Slip
from imu_reps.domain.exercise import Posture
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion, bridged
from imu_reps.kinematics.mounting import angle_between_deg, cross, row_dots, unit

#: Least turn, below which the set's own frames follow it, as a slip of the strap (ours).
MIN_TURN_DEG = 40.0

#: Greatest angle between the shank in the sensor's axes before and after the turn: a sensor that is strapped
#: on anew is pitched by some degrees, and the rest of the raises that show it may be off (ours; simulated
#: sets that are cut off in a handling reach 29).
SAME_SHANK_DEG = 35.0

#: The leg is at rest within this angle of its usual resting direction; outside, the sensor was handled.
AT_REST_DEG = 20.0

#: A faster leg is not at rest (ours).
CALM_DPS = 20.0


@dataclass(frozen=True, slots=True)
class Turned:
    """A piece of a recording in which the strap is turned against the rest of it.

    Attributes
    ----------
    piece : slice
        Its ticks.
    handled : tuple of slice
        Ticks before and after it in which the sensor was handled; it does not show the leg there.
    rotation : (3, 3) float
        From the sensor's axes in the piece to its axes in the rest of the recording.
    """

    piece: slice
    handled: tuple[slice, ...]
    rotation: FloatArray

    @property
    def turned_deg(self) -> float:
        """Angle of the turn."""
        return float(np.degrees(np.arccos(np.clip(0.5 * (np.trace(self.rotation) - 1.0), -1.0, 1.0))))

    def is_like(self, other: Turned) -> bool:
        """Whether another turn differs by no more than a set's frames follow."""
        ends = (abs(self.piece.start - other.piece.start), abs(self.piece.stop - other.piece.stop))
        return max(ends) < GRID_HZ and abs(self.turned_deg - other.turned_deg) < SLIPPED_DEG

    def slips(self, count: int) -> list[Slip]:
        """Return the turn into the piece and the one out of it, as far as the `count` ticks show them."""
        ends = (self.piece.start, self.piece.stop)
        return [Slip(tick, self.turned_deg) for tick in ends if 0 < tick < count]


def shank(frame: LegFrame, posture: Posture) -> FloatArray:
    """Return the direction of the shank in sensor axes, (3,): lying to the foot, hanging to the knee."""
    _, level, upright = frame.body()
    return np.asarray(level if posture == "hanging" else upright)


def about_shank(shank_axis: FloatArray, after: FloatArray, before: FloatArray) -> FloatArray:
    """Return the rotation about the shank that takes one direction, across it, to another, (3, 3)."""
    rows = []
    for direction in (before, after):
        across = unit(direction - shank_axis * (direction @ shank_axis))
        rows.append(np.array([shank_axis, across, cross(shank_axis, across)]))
    return np.asarray(rows[0].T @ rows[1])


@dataclass(frozen=True, slots=True)
class Shown:
    """How the strap may be turned in some ticks, and what shows it.

    Attributes
    ----------
    rotation : (3, 3) float
        From the sensor's axes in these ticks to its axes outside.
    resting_up : (3,) float
        Up in sensor axes while the leg rests there.
    core : slice
        The ticks.
    """

    rotation: FloatArray
    resting_up: FloatArray
    core: slice


def turned_piece(motion: Motion, resting_up: FloatArray, shown: Shown, stretch: slice) -> Turned:
    """Return the turned piece around the ticks that show it, in a stretch without counted repetitions.

    Parameters
    ----------
    motion : Motion
    resting_up : (3,) float
        Up in sensor axes while the leg rests, outside of the stretch.
    shown : Shown
    stretch : slice
        Reaches to the counted repetitions, or to an end of the recording.
    """
    assert motion.ankle is not None
    up, count = bridged(motion.ankle.up), len(motion)
    gyr_dps = bridged(motion.ankle.gyr_dps)
    calm = row_dots(gyr_dps, gyr_dps) < CALM_DPS**2
    outside = calm & (angle_between_deg(up, resting_up) < AT_REST_DEG)
    within = calm & (angle_between_deg(up, shown.resting_up) < AT_REST_DEG)
    start, stop, core, handled = 0, count, shown.core, []
    if stretch.start > 0:
        left, start = _between_rests(outside, within, slice(stretch.start, core.start))
        handled.append(slice(left, start))
    if stretch.stop < count:
        stop, right = _between_rests(within, outside, slice(core.stop, stretch.stop))
        handled.append(slice(stop, right))
    return Turned(slice(start, stop), tuple(handled), shown.rotation)


def _between_rests(before: BoolArray, after: BoolArray, ticks: slice) -> tuple[int, int]:
    """Return the end of the last rest before a turn, and the start of the first one after it.

    The turn is where most ticks before it show the leg at rest in the one frame (n,), and after it in the
    other.
    """
    evidence = np.cumsum(before[ticks].astype(int) - after[ticks].astype(int))
    if len(evidence) == 0:
        return ticks.start, ticks.start
    turn = ticks.start + int(evidence.argmax()) + 1
    rested = np.flatnonzero(before[ticks.start : turn])
    rests = np.flatnonzero(after[turn : ticks.stop])
    return (
        ticks.start + int(rested[-1]) + 1 if len(rested) else ticks.start,
        turn + int(rests[0]) if len(rests) else ticks.stop,
    )


def turned_back(motion: Motion, turned: Turned) -> Motion:
    """Return the motion with the ankle sensor as if the strap had not turned, with holes while handled."""
    ankle = motion.ankle
    assert ankle is not None
    up, gyr, acc = (values.copy() for values in (ankle.up, ankle.gyr_dps, ankle.acc_mps2))
    impact, still = ankle.impact_mps2.copy(), ankle.still.copy()
    for values in (up, gyr, acc):
        values[turned.piece] = values[turned.piece] @ turned.rotation.T
        for handled in turned.handled:
            values[handled] = np.nan
    for handled in turned.handled:
        impact[handled], still[handled] = np.nan, False
    return replace(motion, ankle=GridMotion(up, gyr, acc, impact, still))
