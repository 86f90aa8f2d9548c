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

_ANGLES = np.radians(np.arange(0.0, 90.0, 2.0))

#: Square pairs of axes in a plane, every 2 degrees: first all of one, then all of the other, (2, 90).
_QUARTER_TURN = np.hstack([[np.cos(_ANGLES), np.sin(_ANGLES)], [-np.sin(_ANGLES), np.cos(_ANGLES)]])


@dataclass(frozen=True, slots=True)
class LegParams:
    """Of the leg's axis and angle.

    Attributes
    ----------
    moving_dps : float
        Slower turning is rest, or noise (ours; a slow set peaks at 17 deg/s).
    min_moving : int
        Fewer moving ticks show no axis.
    together_above : float
        A leg that rolls about itself while it is lifted makes so much more way about both axes than it makes
        (ours; 1.27 at random, of rolls before or after the lift 1.0 to 1.17).
    roll_share : float
        A leg that rolls by less beside its lift is read by its lift well enough (ours).
    alone_share : float
        A leg turns about one of the two axes alone where that much of its turning is about it (ours).
    straight_below, folded_above : float
        Sine of the elevation up to which a leg that rolls about itself is still read rightly, and from which
        on only its swing is read: near vertical, roll and abduction cannot be told apart (sin 50°, sin 75°).
    """

    moving_dps: float = 10.0
    min_moving: int = 20
    together_above: float = 1.2
    roll_share: float = 0.45
    alone_share: float = 0.99
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
    turning, way = _moving(turning_dps, params)
    return _by_way(turning, way)[1][:, 2] if len(way) >= params.min_moving else None


def _moving(turning_dps: FloatArray, params: LegParams) -> tuple[FloatArray, FloatArray]:
    """The turning at which the leg moves, (m, 3), and its speed, (m,)."""
    speed = np.linalg.norm(turning_dps, axis=1)
    moving = speed > params.moving_dps
    return turning_dps[moving], speed[moving]


def _by_way(turning_dps: FloatArray, speed_dps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much of the way is about each of three square axes (3,), and they as columns (3, 3), the most last.

    By the way made rather than its power: a foot that falls fast must not outweigh a leg lifted slowly.
    """
    share = turning_dps / np.sqrt(speed_dps)[:, None]
    ways, axes = np.linalg.eigh(share.T @ share)
    return ways, axes


def lift_and_roll(turning_dps: FloatArray, params: LegParams) -> tuple[FloatArray, ...]:
    """The two axes, either first, of a leg that is lifted and rolls about itself before or after; each (3,).

    Parameters
    ----------
    turning_dps : (n, 3) float
        As `up_turning_dps` gives it, over whole repetitions.
    params : LegParams

    Returns
    -------
    tuple of (3,) float
        Empty where the leg does not turn about two axes one after the other.

    Notes
    -----
    A foot that falls outward turns the leg about its own length, square to the flexion axis. Of all square
    pairs of axes, what turns about one, then about the other, has the smallest sum of absolute rates about
    the pair of lift and roll: equal to the way made where neither turns while the other does.
    """
    turning, way = _moving(turning_dps, params)
    if len(way) < params.min_moving:
        return ()
    ways, axes = _by_way(turning, way)
    # about square axes at their most unequal: less than this is surely no roll
    if ways[1] <= 0.5 * params.roll_share * ways[2]:
        return ()
    pairs = axes[:, 1:] @ _QUARTER_TURN
    rates = np.abs(turning @ pairs).sum(axis=0).reshape(2, -1)
    best = int(rates.sum(axis=0).argmin())
    if rates[:, best].sum() > params.together_above * way.sum():
        return ()
    if rates[:, best].min() <= params.roll_share * rates[:, best].max():
        return ()
    pair = pairs[:, [best, best + rates.shape[1]]]
    alone = (np.abs(turning @ pair) > params.alone_share * way[:, None]).T
    if min(int(some.sum()) for some in alone) < params.min_moving:
        return ()
    return tuple(_by_way(turning[some], way[some])[1][:, 2] for some in alone)


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
