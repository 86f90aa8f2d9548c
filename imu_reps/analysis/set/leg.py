"""The leg's swing axis, its angle about that axis, and leg elevation from both.

The axis is estimated from how gravity turns while the leg moves: at rest the foot falls outward, which does
not show the axis of the lift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.set_motion import low_passed
from imu_reps.domain.exercise import Posture
from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.motion import bridged
from imu_reps.kinematics.mounting import angle_about, components, cross, row_dots
from imu_reps.kinematics.rest import pieces

_ANGLES = np.radians(np.arange(0.0, 90.0, 2.0))

#: Perpendicular pairs of axes in a plane, every 2 degrees: first all first axes, then all second ones, (2,
#: 90).
_QUARTER_TURN = np.hstack([[np.cos(_ANGLES), np.sin(_ANGLES)], [-np.sin(_ANGLES), np.cos(_ANGLES)]])


@dataclass(frozen=True, slots=True)
class LegParams:
    """Parameters of the leg's axis and angle.

    Attributes
    ----------
    moving_dps, moving_share, still_dps : float
        Slower turning is rest, or noise: in a slow set less than a share of the speed by which half of its
        way is made, but never what stillness allows (ours; six seconds each way peak at 7 deg/s).
    min_moving : int
        Fewest moving ticks that show an axis.
    together_above : float
        Ratio of the sum of the ways about lift and roll axis to the way itself, above which a leg rolls about
        itself while it is lifted (ours; 1.27 at random, 1.0 to 1.17 for rolls before or after the lift).
    roll_share : float
        Smallest share of the lift's way for a roll that is estimated; with less the lift alone suffices
        (ours).
    alone_share : float
        Share of the turning above which the leg turns about one of the two axes alone (ours).
    straight_below, folded_above : float
        Sine of the elevation up to which a leg that rolls about itself has its true elevation, and from which
        on only its swing counts: near vertical, roll and abduction are indistinguishable (sin 50°, sin 75°).
    """

    moving_dps: float = 10.0
    moving_share: float = 0.8
    still_dps: float = 2.0
    min_moving: int = 20
    together_above: float = 1.2
    roll_share: float = 0.45
    alone_share: float = 0.99
    straight_below: float = 0.77
    folded_above: float = 0.966


@dataclass(frozen=True, slots=True)
class LegFrame:
    """Frame that gives leg elevation from the direction of up in ankle sensor axes.

    Attributes
    ----------
    axis : (3,) float
        Flexion axis: a right-handed turn of the leg about it lifts the leg.
    zero : (3,) float
        Direction of up, perpendicular to the axis, at the elevation `zero_deg`.
    zero_deg : float
        Leg elevation at `zero`.
    """

    axis: FloatArray
    zero: FloatArray
    zero_deg: float = 0.0

    def body(self) -> FloatArray:
        """Return the leg's axes in sensor axes, (3, 3): flexion, and up at elevation 0 and at 90 degrees."""
        angle = np.radians(self.zero_deg)
        across = cross(self.zero, self.axis)
        level = np.cos(angle) * self.zero - np.sin(angle) * across
        return np.array([self.axis, level, cross(level, self.axis)])


def up_turning_dps(up: FloatArray, gyr_dps: FloatArray) -> FloatArray:
    """Return the angular rate without its vertical part, (n, 3) deg/s: heading does not turn gravity."""
    return np.asarray(gyr_dps - row_dots(gyr_dps, up)[:, None] * up)


def swing_axis(turning_dps: FloatArray, params: LegParams) -> FloatArray | None:
    """Return the axis that the leg swings about, (3,); None if it hardly moves.

    Parameters
    ----------
    turning_dps : (n, 3) float
        Result of `up_turning_dps` over the ticks in question.
    params : LegParams
    """
    turning, way = _moving(turning_dps, params)
    return _by_way(turning, way)[1][:, 2] if len(way) >= params.min_moving else None


def _moving(turning_dps: FloatArray, params: LegParams) -> tuple[FloatArray, FloatArray]:
    """Return the turning while the leg moves, (m, 3), and its speed, (m,)."""
    speed = np.sqrt(row_dots(turning_dps, turning_dps))
    limit_dps = min(params.moving_dps, max(params.still_dps, params.moving_share * _usual_dps(speed, params)))
    (moving,) = (speed > limit_dps).nonzero()
    return turning_dps.take(moving, axis=0), speed.take(moving)


def _usual_dps(speed_dps: FloatArray, params: LegParams) -> float:
    """Return the speed, in whole deg/s, by which half of the way is made that stillness does not explain."""
    if not len(speed_dps):
        return 0.0
    ways = np.bincount(speed_dps.astype(np.int64), weights=speed_dps).cumsum()
    ways -= ways[min(int(params.still_dps) - 1, len(ways) - 1)]
    return float(ways.searchsorted(0.5 * ways[-1]))


def _by_way(turning_dps: FloatArray, speed_dps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ways about three perpendicular axes (3,), and the axes as columns (3, 3), largest last.

    Turning is weighted by the way made rather than by its power, so that a foot that falls fast does not
    outweigh a leg lifted slowly.
    """
    share = turning_dps / np.sqrt(speed_dps)[:, None]
    squares = sum(share[piece].T @ share[piece] for piece in pieces(len(share)))  # see `components`
    ways, axes = np.linalg.eigh(squares)
    return ways, axes


def lift_and_roll(turning_dps: FloatArray, params: LegParams) -> tuple[FloatArray, ...]:
    """Return the axes of lift and roll, in either order, of a leg that rolls before or after its lift.

    Parameters
    ----------
    turning_dps : (n, 3) float
        Result of `up_turning_dps` over whole repetitions.
    params : LegParams

    Returns
    -------
    tuple of (3,) float
        Empty if the leg does not turn about two axes one after the other.

    Notes
    -----
    A foot that falls outward turns the leg about its own length, perpendicular to the flexion axis. Among all
    perpendicular pairs of axes, that of lift and roll has the smallest sum of absolute rates, equal to the
    way made if the leg never turns about both at once.
    """
    turning, way = _moving(turning_dps, params)
    if len(way) < params.min_moving:
        return ()
    ways, axes = _by_way(turning, way)
    # these axes have the most unequal ways: with less than this there is certainly no roll
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
    """Return the leg's angle about `axis` from where up is at `zero`, (n,) degrees, unwrapped, low-passed.

    Holes are bridged; all NaN if nothing was measured.
    """
    known = np.isfinite(up[:, 0])
    if known.all():
        return low_passed(_unwrapped(angle_about(axis, up, zero)))
    angle = np.full(len(up), np.nan)
    angle[known] = _unwrapped(angle_about(axis, up[known], zero))
    return low_passed(bridged(angle))


def _unwrapped(angle_deg: FloatArray) -> FloatArray:
    wraps = np.abs(angle_deg[1:] - angle_deg[:-1]).max(initial=0.0) >= 180.0
    return np.unwrap(angle_deg, period=360.0) if wraps else angle_deg


def elevation_deg(frame: LegFrame, up: FloatArray, posture: Posture, params: LegParams) -> FloatArray:
    """Return leg elevation, (n,) degrees from -150 to 210, for up (n, 3) in ankle sensor axes.

    A lying leg that rolls about its own length keeps its elevation: the component of up along the flexion
    axis is added to the level part, except near vertical. A hanging leg is upright, where a roll turns no
    gravity.
    """
    across = cross(frame.zero, frame.axis)
    along_part, across_part = components(up, frame.zero), components(up, across)
    if posture == "supine" and frame.zero_deg == 0.0:
        share = (params.folded_above - np.abs(across_part)) / (params.folded_above - params.straight_below)
        rolled = components(up, frame.axis) ** 2
        # a level foot that rolls past a right angle shows up on the other side, as does a leg over the head
        past = (share >= 1.0) & (along_part**2 < rolled)
        roll = np.minimum(np.maximum(share, 0.0), 1.0) * rolled
        along_part = np.where(past, 1.0, np.sign(along_part)) * np.sqrt(along_part**2 + roll)
    angle = np.degrees(np.arctan2(across_part, along_part)) + frame.zero_deg
    return np.asarray((angle + 150.0) % 360.0 - 150.0)
