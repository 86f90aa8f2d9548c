"""An ankle sensor that turns on the shank, once or again and again: its motion as if it had not.

A leg that is raised or lowered carries the sensor round the hip, and the accelerometer shows where in the
sensor the hip lies. With the axis of the movement that gives the sensor's orientation on the shank, way by
way, without a zero or a frame of the whole set: each turn is seen, however the sensor turned before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from imu_reps.analysis.set.leg import LegParams, swing_axis
from imu_reps.analysis.set.leg_frames import Slip
from imu_reps.analysis.set.spells import Posture
from imu_reps.analysis.set.swings import MAX_RADIUS_M, MIN_RADIUS_M, SeenLeg, observe
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Movements
from imu_reps.kinematics.motion import GridMotion, Motion
from imu_reps.kinematics.mounting import cross, row_angles_deg, row_dots, unit
from imu_reps.kinematics.rest import stretches

#: Least turn, below which the set's own frames follow it, as a slip of the strap (ours: in 43 sets by others,
#: ten of them real, the orientation differs by up to 20 degrees from one way to the next).
MIN_TURN_DEG = 40.0

#: Shortest way that shows an orientation, and the largest standard deviation of its lever as a share of it
#: (ours).
MIN_WAY_DEG, CLEAR_SHARE = 15.0, 0.2

#: A leg that rests within this angle of an earlier rest lies as it did, if a turn of the sensor would move
#: that rest by the second one at least (ours).
SAME_REST_DEG, MIN_REST_TURN_DEG = 8.0, 25.0

#: Most ways, those of two movements, that may be another movement than the raises before and after (ours).
OTHER_WAYS = 4

#: A pelvis that turns by this share of the leg's way is not tipped by it: of a raise it makes 13 to 37.5 %
#: (Bohannon and Bass, J Phys Ther Sci 2017; the limit ours).
WITH_BODY = 0.5

#: Sine of the smallest angle between leg and gravity at which a way's axis has a sign (15 degrees; ours).
MIN_SLOPE = 0.26

#: A sensor that turns no faster does not turn on the leg (ours).
CALM_DPS = 20.0

#: Slower moments this short do not divide a way; half of the time over which turning is measured.
SHORT_TICKS = 5


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn of a sensor on the body.

    Attributes
    ----------
    handled : slice
        Ticks in which it turns; the sensor does not show the leg there.
    rotation : (3, 3) float
        From the sensor's axes after the turn to those before it.
    between : slice
        Ticks that may hold the turn: from the last clear way before it to the first one after it.
    at_rest : bool
        Whether the leg rests before and after the turn, as high; if not, it may have been raised meanwhile.
    ways : int
        Number of ways that show it, on the side with fewer.
    """

    handled: slice
    rotation: FloatArray
    between: slice
    at_rest: bool = True
    ways: int = 1

    @property
    def slip(self) -> Slip:
        """The turn as a slip of the strap."""
        return Slip(self.handled.stop, float(angles_deg(self.rotation)))


@dataclass(frozen=True, slots=True)
class Way:
    """A way of the leg up or down, or both without a stop, and the shank's axes in the sensor.

    Attributes
    ----------
    ticks : slice
    shank : (3, 3) float
        Rows: the direction to the foot, the flexion axis, and the one across both.
    lever_m : float
        Distance of the sensor from the hip.
    """

    ticks: slice
    shank: FloatArray
    lever_m: float


def find_turns(motion: Motion, posture: Posture, header: Header) -> list[Turned]:
    """Return the turns of the ankle sensor on the shank between clear ways of the leg, in order."""
    seen = observe(motion, posture, header)
    if seen is None:
        return []
    pieces = _without_others(_alike([[way] for way in lone_ways(seen, motion.pelvis)]))
    found = [_turned(before, after, seen.up) for before, after in pairwise(pieces)]
    rests = [_resting_up(seen, ticks) for ticks in _around(found)]
    # with a knee that bends to another angle the leg's way differs, but nothing turns before it
    return [
        turned
        for turned, (before, after) in zip(found, pairwise(rests), strict=True)
        if turned.handled.stop > turned.handled.start and not _rests_as_before(turned, before, after)
    ]


def _around(turns: Sequence[Turned]) -> list[slice]:
    """Return the ticks before, between and after some turns, the last of them without an end."""
    starts = [0, *(turned.handled.stop for turned in turns)]
    ends = [*(turned.handled.start for turned in turns), None]
    return [slice(*edges) for edges in zip(starts, ends, strict=True)]


def lone_ways(seen: SeenLeg, pelvis: GridMotion | None, clear_share: float = CLEAR_SHARE) -> list[Way]:
    """Return the clear ways in which the body does not turn as well, in order."""
    return [way for way in _clear_ways(seen, clear_share) if not _with_body(way, seen, pelvis)]


def _with_body(way: Way, seen: SeenLeg, pelvis: GridMotion | None) -> bool:
    """Return whether the pelvis turns in a way of the leg as well: the body rolls, or sits up."""
    if pelvis is None:
        return False
    leg_deg, pelvis_deg = (row_angles_deg(up[way.ticks], up[way.ticks.start]) for up in (seen.up, pelvis.up))
    # a way up and down ends where it began; a hole hides the pelvis
    return bool(np.max(pelvis_deg, initial=0.0, where=np.isfinite(pelvis_deg)) > WITH_BODY * leg_deg.max())


def _alike(pieces: Sequence[list[Way]]) -> list[list[Way]]:
    """Return groups of ways with each joined to the one before it if they are turned alike."""
    joined: list[list[Way]] = []
    for piece in pieces:
        if joined and apart_deg(mean_shank(joined[-1]), mean_shank(piece)) < MIN_TURN_DEG:
            joined[-1] += piece
        else:
            joined.append(list(piece))
    return joined


def _without_others(pieces: Sequence[list[Way]]) -> list[list[Way]]:
    """Return groups of ways without a few ways in the midst of others that are turned alike.

    They are another movement, as of a knee drawn to the chest: a strap that slips does not slip back.
    """
    others = [
        len(piece) <= OTHER_WAYS and apart_deg(mean_shank(before), mean_shank(after)) < MIN_TURN_DEG
        for before, piece, after in zip(pieces, pieces[1:], pieces[2:], strict=False)
    ]
    return _alike([piece for piece, other in zip(pieces, [False, *others, False], strict=False) if not other])


def _resting_up(seen: SeenLeg, within: slice) -> FloatArray:
    """Return up in sensor axes in each rest within some ticks, (k, 3)."""
    stop = len(seen.up) if within.stop is None else within.stop
    return np.array(
        [seen.up[rest.middle] for rest in seen.rests if within.start <= rest.middle < stop]
    ).reshape(-1, 3)


def _rests_as_before(turned: Turned, before: FloatArray, after: FloatArray) -> bool:
    """Return whether the leg rests in the sensor as before a turn, by up in some rests, (k, 3) and (m, 3).

    Knees drawn to the chest carry the ankle another way than a raise does, which looks like a turn.
    """
    same = before @ after.T > np.cos(np.radians(SAME_REST_DEG))
    turning = row_angles_deg(after, after @ turned.rotation.T) > MIN_REST_TURN_DEG
    return bool((same & turning).any())


def _turned(before: Sequence[Way], after: Sequence[Way], up: FloatArray) -> Turned:
    """Return the turn between ways before it and after it, where up (n, 3) turns fastest in the sensor."""
    between = slice(before[-1].ticks.stop, max(after[0].ticks.start, before[-1].ticks.stop + 1))
    ticks = np.arange(between.start, between.stop)
    earlier, later = np.maximum(ticks - SHORT_TICKS, 0), np.minimum(ticks + SHORT_TICKS, len(up) - 1)
    step_deg = row_angles_deg(up[earlier], up[later])
    fastest = int(step_deg.argmax())
    calm = np.flatnonzero(step_deg < CALM_DPS * 2.0 * SHORT_TICKS / GRID_HZ)
    rests_before, rests_after = calm[calm < fastest], calm[calm > fastest]
    start = between.start + (int(rests_before[-1]) + 1 if len(rests_before) else 0)
    stop = between.start + (int(rests_after[0]) if len(rests_after) else len(ticks) - 1)
    lifted_deg = abs(_height_deg(up[start], before) - _height_deg(up[stop], after))
    at_rest = len(rests_before) > 0 and len(rests_after) > 0 and lifted_deg < MIN_WAY_DEG
    return Turned(
        slice(start, stop),
        mean_shank(before).T @ mean_shank(after),
        between,
        at_rest,
        min(len(before), len(after)),
    )


def _height_deg(up: FloatArray, ways: Sequence[Way]) -> float:
    """Return the elevation of the shank by a direction of up (3,), as the sensor is turned in some ways."""
    return float(np.degrees(np.arcsin(np.clip(up @ mean_shank(ways)[0], -1.0, 1.0))))


def turned_back(sensor: GridMotion, turns: Sequence[Turned]) -> GridMotion:
    """Return the motion of a sensor as if it had not turned, with holes while it did."""
    up, gyr, acc = (values.copy() for values in (sensor.up, sensor.gyr_dps, sensor.acc_mps2))
    impact, still = sensor.impact_mps2.copy(), sensor.still.copy()
    for turned in reversed(turns):
        for values in (up, gyr, acc):
            values[turned.handled.stop :] = values[turned.handled.stop :] @ turned.rotation.T
            values[turned.handled] = np.nan
        impact[turned.handled], still[turned.handled] = np.nan, False
    return GridMotion(up, gyr, acc, impact, still)


def _clear_ways(seen: SeenLeg, clear_share: float = CLEAR_SHARE) -> list[Way]:
    """Return the ways of the leg that show how the sensor is turned on the shank, in order.

    Their levers' standard deviations are under `clear_share` of the levers.
    """
    params = LegParams()
    moves = seen.inside & (row_dots(seen.turning_dps, seen.turning_dps) > params.moving_dps**2)
    ways = (_way(slice(*ends), seen, params, clear_share) for ends in stretches(moves, SHORT_TICKS))
    return [way for way in ways if way is not None]


def _way(ticks: slice, seen: SeenLeg, params: LegParams, clear_share: float) -> Way | None:
    """Return a way by its ticks; None if it is short, or the hip is unclear in it."""
    up = seen.up[ticks]
    axis = swing_axis(seen.turning_dps[ticks], params)
    if axis is None or seen.carried is None or (up[0] @ up.T).min() > np.cos(np.radians(MIN_WAY_DEG)):
        return None
    wide = slice(max(0, ticks.start - 1), ticks.stop + 1)
    carried = seen.carried[wide].about(axis)
    (lever,) = Movements(carried, [np.arange(ticks.start, ticks.stop) - wide.start]).each()
    if lever is None or not MIN_RADIUS_M < lever.length_m < MAX_RADIUS_M:
        return None
    foot = lever.vector_m / lever.length_m
    lifts = float(cross(foot, unit(up.mean(axis=0))) @ axis)
    if lever.sd_m > clear_share * lever.length_m or abs(lifts) < MIN_SLOPE:
        return None
    axis = np.sign(lifts) * axis
    return Way(ticks, np.array([foot, axis, cross(foot, axis)]), lever.length_m)


def mean_shank(ways: Sequence[Way]) -> FloatArray:
    """Return the mean orientation of some ways, (3, 3): the rotation nearest to their sum."""
    left, _, right = np.linalg.svd(np.sum([way.shank for way in ways], axis=0))
    return np.asarray(left @ right)


def apart_deg(one: FloatArray, other: FloatArray) -> float:
    """Return the angle between two orientations (3, 3)."""
    return float(angles_deg(one.T @ other))


def angles_deg(rotations: FloatArray) -> FloatArray:
    """Return the angles of rotations (..., 3, 3)."""
    traces = np.trace(rotations, axis1=-2, axis2=-1)
    return np.asarray(np.degrees(np.arccos(np.clip(0.5 * (traces - 1.0), -1.0, 1.0))))
