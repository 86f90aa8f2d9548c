"""The leg in a set: the axis it swings about, its angle, and how leg elevation follows from both.

The axis is taken from the turning of gravity while the leg moves: at rest the foot falls outward, and says
nothing of the axis it is lifted about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.filters import low_passed
from imu_reps.domain.recording import Posture
from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.motion import GridMotion, bridged, bridged_columns
from imu_reps.kinematics.mounting import angle_about, cross


@dataclass(frozen=True, slots=True)
class LegParams:
    """Of the leg's axis and angle.

    Attributes
    ----------
    moving_dps : float
        Slower turning is rest, or noise (ours; a slow set peaks at 17 deg/s).
    min_moving : int
        Fewer moving ticks show no axis.
    straight_below, folded_above : float
        Sine of the elevation up to which a leg that rolls about itself is still read rightly, and from which
        on only its swing is read: near vertical, roll and abduction cannot be told apart (sin 50°, sin 75°).
    """

    moving_dps: float = 10.0
    min_moving: int = 20
    straight_below: float = 0.77
    folded_above: float = 0.966


@dataclass(frozen=True, slots=True)
class LegFrame:
    """How leg elevation follows from the direction of up in ankle sensor axes.

    Attributes
    ----------
    axis : (3,) float
        Flexion axis: a right-handed turn of the leg about it lifts the leg.
    zero : (3,) float
        Direction of up, square to the axis, where leg elevation is `zero_deg`.
    zero_deg : float
    """

    axis: FloatArray
    zero: FloatArray
    zero_deg: float = 0.0


def up_turning_dps(ankle: GridMotion) -> FloatArray:
    """Angular rate without the part about the vertical, (n, 3) deg/s: heading turns no gravity."""
    up, gyr = bridged_columns(ankle.up), bridged_columns(ankle.gyr_dps)
    return np.asarray(gyr - (gyr * up).sum(axis=1)[:, None] * up)


def swing_axis(turning_dps: FloatArray, params: LegParams) -> FloatArray | None:
    """The axis that the leg swings about, (3,); None where it hardly moves.

    Parameters
    ----------
    turning_dps : (n, 3) float
        As `up_turning_dps` gives it, over the ticks in question.
    """
    speed = np.linalg.norm(turning_dps, axis=1)
    moving = speed > params.moving_dps
    if moving.sum() < params.min_moving:
        return None
    # by the way made rather than its power: a foot that falls fast must not outweigh a leg lifted slowly
    share = turning_dps[moving] / np.sqrt(speed[moving])[:, None]
    return np.asarray(np.linalg.eigh(share.T @ share)[1][:, 2])


def angle_about_deg(axis: FloatArray, up: FloatArray, zero: FloatArray) -> FloatArray:
    """How far the leg has turned about `axis` since up was at `zero`, (n,) degrees, unwrapped, low-passed.

    Holes are bridged; NaN throughout where nothing was measured.
    """
    known = np.isfinite(up[:, 0])
    angle = np.full(len(up), np.nan)
    angle[known] = np.unwrap(angle_about(axis, up[known], zero), period=360.0)
    return low_passed(bridged(angle))


def elevation_deg(frame: LegFrame, up: FloatArray, posture: Posture, params: LegParams) -> FloatArray:
    """Leg elevation, (n,) degrees, from -150 to 210, for up (n, 3) in ankle sensor axes.

    Lying, a leg that rolls about its own length keeps its elevation: what up has of the flexion axis counts
    to the level part, except near vertical. Hanging, its length is upright, and a roll turns no gravity.
    """
    across = cross(frame.zero, frame.axis)
    along_part, across_part = up @ frame.zero, up @ across
    if posture == "supine" and frame.zero_deg == 0.0:
        share = (params.folded_above - np.abs(across_part)) / (params.folded_above - params.straight_below)
        roll = np.clip(share, 0.0, 1.0) * (up @ frame.axis) ** 2
        along_part = np.sign(along_part) * np.sqrt(along_part**2 + roll)
    angle = np.degrees(np.arctan2(across_part, along_part)) + frame.zero_deg
    return np.asarray((angle + 150.0) % 360.0 - 150.0)
