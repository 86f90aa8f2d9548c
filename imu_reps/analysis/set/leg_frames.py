"""The leg's frames over a set: its zero, and a new frame after each slip of the strap on the shank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.hypotheses import (
    SAME_LEVEL,
    SAME_REST_DEG,
    before_first,
    on_floor,
    rests_before,
    usual_level_deg,
)
from imu_reps.analysis.set.leg import LegFrame, LegParams, elevation_deg
from imu_reps.analysis.set.reading import CLEAR_LEVER_SHARE, Reading, shows_hip
from imu_reps.analysis.set.shifts import changed_at, resting_change, resting_ends, up_around
from imu_reps.analysis.set.spells import Rest
from imu_reps.analysis.set.swings import LIFTED_SHARE, OFF_PERPENDICULAR, off_perpendicular
from imu_reps.analysis.set_motion import rate_of_change
from imu_reps.domain.recording import Header, axis_vector
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.kinematics.lever import Lever
from imu_reps.kinematics.motion import GridMotion
from imu_reps.kinematics.mounting import angle_between_deg, cross, row_dots, unit
from imu_reps.kinematics.robust import median

#: Assumed leg elevation in a high start without a rest on the floor.
VERTICAL_DEG = 90.0

#: Smallest height of legs in a high start: a rest nearer to the resting end is the low end of a repetition
#: that the recording begins or ends in (ours; stiff straight legs lifted by another person reach 60°).
MIN_HIGH_DEG = 50.0

#: Greatest height of legs in a high start: the hip flexes by 120 to 130 degrees (AAOS), further away is the
#: shank of a standing person.
MAX_HIGH_DEG = 130.0

#: Smallest turn of the strap that is corrected: hips differ by less from one lift to the next, and the leg's
#: angle is then off by 2 degrees at most (ours; cos 15° = 0.97).
SLIPPED_DEG = 15.0

#: A strap that slipped between two repetitions did so this near to the resting end between them (ours).
AROUND_TICKS = 100

#: Smallest roll of a leg between where it lay and its lifts, and greatest error of the axis of those, which
#: shows another level between the lifts (ours).
ROLLED_DEG, WRONG_DEG = 20.0, 25.0

#: Fewest rests or turns between lifts that show it, and the height near the lowest, as a share of the range
#: (ours).
MIN_BETWEEN, NEAR_SHARE = 2, 0.1

#: Standard deviation of where a lever points from where the leg does: a knee gives, and the sensor is beside
#: the line from the hip (ours: 6 degrees at most in 90 % of the sets of two simulators).
LEVER_SD_DEG = 5.0

#: Standard deviation of straight legs from vertical in a high start, and smallest angle to the lever by which
#: they rested otherwise outside it, with the knees bent (ours).
VERTICAL_SD_DEG, OTHERWISE_DEG = 10.0, 25.0

#: Share of a strap's turn that is seen where the leg rests, at least (ours: about the shank all of it is).
RESTS_SHARE = 0.5

#: Smallest difference of the axes before and after a slip, in standard errors.
SLIPPED_SDS = 4.0


@dataclass(frozen=True, slots=True)
class Slip:
    """A turn of the strap on the shank, by `turned_deg`, completed before `tick`."""

    tick: int
    turned_deg: float


@dataclass(frozen=True, slots=True)
class LegFrames:
    """Frames of the leg over a recording.

    Attributes
    ----------
    frames : tuple of (slice, LegFrame)
        Consecutive pieces that cover all ticks, each with its frame.
    floor_rests : tuple of Rest
        Rests on the floor (hanging), before the first repetition if there are any, else between them.
    zero_seen : bool
        Whether leg elevation's zero was seen, or named in the header, rather than taken from the lever or
        assumed.
    by_lever : bool
        Whether it was taken from the lever.
    slips : tuple of Slip
        Turns of the strap, in order.
    """

    frames: tuple[tuple[slice, LegFrame], ...]
    floor_rests: tuple[Rest, ...]
    zero_seen: bool
    slips: tuple[Slip, ...]
    by_lever: bool = False

    @property
    def axis(self) -> FloatArray:
        """Flexion axis of the first frame, (3,)."""
        return self.frames[0][1].axis

    def at(self, tick: int) -> LegFrame:
        """Return the frame at a tick."""
        return next(frame for piece, frame in self.frames if tick < piece.stop)

    def in_first(self, ankle: GridMotion) -> GridMotion:
        """Return the ankle's motion in the first frame's sensor axes, as if the strap had not slipped."""
        if len(self.frames) == 1:
            return ankle
        first, (up, gyr, acc) = (
            self.frames[0][1].body(),
            (ankle.up.copy(), ankle.gyr_dps.copy(), ankle.acc_mps2.copy()),
        )
        for piece, frame in self.frames[1:]:
            turn = frame.body().T @ first
            for values in (up, gyr, acc):
                values[piece] = values[piece] @ turn
        return replace(ankle, up=up, gyr_dps=gyr, acc_mps2=acc)

    def elevation_deg(self, up: FloatArray, header: Header, params: LegParams) -> FloatArray:
        """Return leg elevation for up (n, 3) in ankle sensor axes, (n,) degrees."""
        return np.concatenate(
            [elevation_deg(frame, up[piece], header.posture, params) for piece, frame in self.frames]
        )


def leg_frames(
    reading: Reading,
    up: FloatArray,
    turning_dps: FloatArray,
    header: Header,
    params: LegParams,
) -> LegFrames:
    """Return the leg's frames in the reading of a set.

    Parameters
    ----------
    reading : Reading
    up : (n, 3) float
        Up in ankle sensor axes, holes bridged.
    turning_dps : (n, 3) float
        Result of `leg.up_turning_dps`.
    header : Header
    params : LegParams
    """
    travel = reading.travel_deg(header)
    reps, axes = reading.segmentation.reps, _axes(reading, travel, turning_dps)
    ends = _resting_ends(reading, travel)
    slips = _slips(axes, reps, ends, up, reading.lever)
    floor = floor_rests(reading, travel, header)
    if slips and header.start == "high":
        # after a slip the sensor has another angle on the floor
        floor = {rest: level for rest, level in floor.items() if rest.end <= slips[0][0].tick}
    level, seen, zero_deg = _zero(reading, floor, header)
    axis = reading.lifting_axis
    angle = np.radians(header.travel_sign * reading.hypothesis.sign * level)
    zero = np.cos(angle) * reading.swing.plane[0] + np.sin(angle) * reading.swing.plane[1]
    first = LegFrame(axis, unit(zero), zero_deg)
    if header.start == "low" and header.posture == "supine" and floor:
        between = _between_lifts(reps, travel)
        first = _rolled(first, floor, between, travel[between] - level, up, reading.lever) or first
    by_lever = None if header.start == "low" else _by_lever(first, reading.lever, bool(floor), header)
    above = 0.0
    if by_lever is not None:
        first, floor, seen = by_lever, {}, False
    elif not floor and header.ankle.cranial_axis is not None and header.exercise != "heel_tap":
        first, seen = _named(axis, axis_vector(header.ankle.cranial_axis), header), True
    if first.zero_deg == 0.0 and slips and not floor:
        above = median(elevation_deg(first, up, header.posture, params)[ends[: slips[0][1]]])
    elif slips and any(rest.end <= slips[0][0].tick for rest in floor):
        # the leg is assumed to rest as far above its zero between repetitions as before the slip
        above = header.travel_sign * (median(travel[ends[: slips[0][1]]]) - level)
    whole = LegFrames(((slice(0, len(up)), first),), tuple(floor), seen, (), by_lever is not None)
    if not slips:
        return whole
    frames = _after_slips(first, slips, axes, above, ends, up)
    return replace(whole, frames=frames, slips=tuple(slip for slip, _ in slips))


def floor_rests(reading: Reading, travel_deg: FloatArray, header: Header) -> dict[Rest, float]:
    """Return the rests on the floor (hanging), as in `Swing.rests`: before the first repetition, else all."""
    known, reps, swing = reading.hypothesis, reading.segmentation.reps, reading.swing
    if header.start == "low":
        direction = known.sign * header.travel_sign
        found = on_floor(swing, direction, known.resting_deg, known.far_deg)
        return dict(before_first(found, reps, direction))
    # the floor lies beyond the far end: in a high start the leg is lowered to it, or nearly
    beyond = max(known.level_deg(1.0 - SAME_LEVEL), known.resting_deg + MIN_HIGH_DEG)
    inside = slice(reps[0].near.tick, reps[-1].back.tick) if reps else slice(0, 0)
    outside = [rest for rest in swing.rests if not inside.start <= rest.middle < inside.stop]
    upright = known.resting_deg + MAX_HIGH_DEG
    found = {rest: swing.rests[rest] for rest in outside if beyond < travel_deg[rest.middle] < upright}
    return rests_before(found, reps) or found


def _zero(reading: Reading, floor: Mapping[Rest, float], header: Header) -> tuple[float, bool, float]:
    """Return the travel at a known leg elevation, whether that was seen, and the elevation."""
    known, reps = reading.hypothesis, reading.segmentation.reps
    if header.exercise == "heel_tap":
        return known.resting_deg, bool(floor), 0.0
    direction = known.sign * header.travel_sign
    if header.start == "low":
        lay = direction * usual_level_deg(floor) if floor else known.resting_deg
        before = reps and any(rest.end <= reps[0].far.tick for rest in floor)
        # over the edge of a bed, or with the knee bent, the leg turns lower than it lay before the first lift
        turns_lower = before and lay > known.resting_deg + SAME_REST_DEG
        return lay if turns_lower else known.resting_deg, bool(floor), 0.0
    if floor:
        return direction * usual_level_deg(floor), True, 0.0
    # repetitions return to less than the height at which the legs were held before the first one
    rests = reading.swing.rests
    held = [level for rest, level in rests.items() if reps and rest.end <= reps[0].far.tick][-1:]
    return direction * held[0] if held else known.resting_deg, False, VERTICAL_DEG


def _between_lifts(reps: Sequence[Excursion], travel_deg: FloatArray) -> IntArray:
    """Return the ticks between two repetitions at which the leg rests, or turns.

    One that is dropped seems lower for a moment: the middle of the time near its lowest decides.
    """
    found: list[int] = []
    for one, other in pairwise(reps):
        travel = travel_deg[one.far.tick : other.far.tick]
        near = travel.min() + NEAR_SHARE * min(one.range_deg, other.range_deg)
        ticks = one.far.tick + np.flatnonzero(travel <= near)
        found += ticks[travel_deg[ticks].argsort()[len(ticks) // 2 :]][:1].tolist()
    return np.array(found, dtype=np.int64)


def _rolled(
    frame: LegFrame,
    floor: Iterable[Rest],
    between: IntArray,
    above_deg: FloatArray,
    up: FloatArray,
    lever: Lever | None,
) -> LegFrame | None:
    """Return the frame of a leg that lay rolled outwards before its lifts; None if it did not.

    A roll by this much makes an axis that is wrong by a few degrees show another level between the lifts. Up
    is perpendicular to the leg wherever that lies level: two of its directions show where the leg points. It
    cannot be below the floor; that it is not held above it must be shown by the lever.

    Parameters
    ----------
    frame : LegFrame
    floor : iterable of Rest
        Where the leg lay.
    between, above_deg : (k,) int, (k,) float
        Result of `_between_lifts`, and the angle above the floor that the frame shows there.
    up : (n, 3) float
    lever : Lever or None
    """
    usual_deg = median(above_deg) if len(between) >= MIN_BETWEEN else 0.0
    if abs(usual_deg) < SAME_REST_DEG:
        return None
    lay = unit(np.concatenate([up[rest.start : rest.end] for rest in floor]).mean(axis=0))
    turned = unit(np.median(up_around(up, between.tolist()), axis=0))
    rolled_deg = np.degrees(np.arcsin(lay @ frame.axis) - np.arcsin(turned @ frame.axis))
    if abs(rolled_deg) < ROLLED_DEG:
        return None
    along = unit(cross(lay, turned))
    points = cross(frame.zero, frame.axis)
    along = np.sign(along @ points) * along
    if angle_between_deg(along, points) > WRONG_DEG:
        return None
    if usual_deg > 0.0 and not (lever and lever.vector_m @ along > lever.vector_m @ points):
        return None
    axis = unit(frame.axis - (frame.axis @ along) * along)
    return LegFrame(axis, cross(axis, along))


def _by_lever(frame: LegFrame, lever: Lever | None, rested: bool, header: Header) -> LegFrame | None:
    """Return the frame of straight legs in a high start that point along the lever; None without need of it.

    Needed if they rested nowhere outside the set: then lever and custom, that they start vertical, are
    weighed by their variances. Or if they rested there in another way, as with the feet put down.
    """
    named = header.ankle.cranial_axis is not None
    if header.exercise == "heel_tap" or named or not shows_hip(lever):
        return None
    found = LegFrame(frame.axis, unit(cross(frame.axis, lever.vector_m)))
    _, level, points = found.body()
    if rested:
        return found if angle_between_deg(points, frame.body()[2]) > OTHERWISE_DEG else None
    started_deg = np.degrees(np.arctan2(frame.zero @ points, frame.zero @ level))
    weight = VERTICAL_SD_DEG**2 / (VERTICAL_SD_DEG**2 + LEVER_SD_DEG**2)
    started_deg = VERTICAL_DEG + weight * (started_deg - VERTICAL_DEG)
    return LegFrame(frame.axis, LegFrame(frame.axis, frame.zero, float(started_deg)).body()[1])


def _named(axis: FloatArray, cranial: FloatArray, header: Header) -> LegFrame:
    """Return the frame with the zero from the header's axis up the shank: level lying, vertical hanging."""
    level = unit(cranial - axis * (cranial @ axis))
    return LegFrame(axis, level if header.posture == "hanging" else cross(level, axis))


def _axes(reading: Reading, travel_deg: FloatArray, turning_dps: FloatArray) -> FloatArray:
    """Return the axis that each repetition swings about, (k, 3): that of turning in step with the lift.

    A leg that wobbles about its own length may turn faster than it is lifted, but not in step.
    """
    known, reps = reading.hypothesis, reading.segmentation.reps
    limit = known.level_deg(LIFTED_SHARE)
    in_step = turning_dps * rate_of_change(travel_deg)[:, None]
    axes = []
    for rep in reps:
        lifted = travel_deg[rep.ticks] > limit
        axis = in_step[rep.ticks].compress(lifted, axis=0).sum(axis=0)
        axes.append(np.sign(axis @ reading.swing.axis) * unit(axis) if axis.any() else reading.swing.axis)
    return np.array(axes).reshape(-1, 3)


def _resting_ends(reading: Reading, travel_deg: FloatArray) -> list[int]:
    """Return `resting_ends`, but where the leg rested flat last before a lift: knees may bend between."""
    known, reps = reading.hypothesis, reading.segmentation.reps
    near_deg = SAME_LEVEL * (known.far_deg - known.resting_deg)
    flat = [
        rest.middle
        for rest in reading.swing.rests
        if abs(travel_deg[rest.middle] - known.resting_deg) < near_deg
    ]
    ends = resting_ends(reps)
    for k, rep in enumerate(reps):
        ends[k] = max([ends[k], *(tick for tick in flat if ends[k] < tick < rep.far.tick)])
    return ends


def _slips(
    axes: FloatArray, reps: Sequence[Excursion], ends: Sequence[int], up: FloatArray, lever: Lever | None
) -> list[tuple[Slip, int]]:
    """Return permanent changes of the axis or the resting leg, each with the repetition it precedes."""
    changes = _changes(axes, 0, len(reps))
    resting_up = up_around(up, ends)
    changes = [one for one in changes if not _rolls(one, axes, resting_up, lever)]
    rested = resting_change(resting_up)
    if not changes and rested is not None and rested[0] < len(reps):
        changes = [rested]
    at = [changed_at(up, resting_up, k, _between(reps[k - 1], reps[k])) for k, _ in changes]
    return [(Slip(tick, turned_deg), k) for tick, (k, turned_deg) in zip(at, changes, strict=True)]


def _rolls(change: tuple[int, float], axes: FloatArray, resting_up: FloatArray, lever: Lever | None) -> bool:
    """Whether a change of the axis is that of a foot that is turned out in the lifts: the strap is as it was.

    The leg then rests in the sensor as before, and swings about axes that are not square to the line from the
    hip.
    """
    cut, turned_deg = change
    if lever is None or lever.sd_m > CLEAR_LEVER_SHARE * lever.length_m:
        return False
    rested = [unit(np.median(ends, axis=0)) for ends in (resting_up[:cut], resting_up[cut:])]
    if angle_between_deg(*rested) > RESTS_SHARE * turned_deg:
        return False
    return max(abs(off_perpendicular(_mean(some), lever)) for some in (axes[:cut], axes[cut:])) > (
        OFF_PERPENDICULAR
    )


def _between(before: Excursion, after: Excursion) -> slice:
    """Return the ticks around the resting end between two repetitions."""
    start = max(before.back.tick - AROUND_TICKS, before.far.tick)
    return slice(start, min(after.near.tick + AROUND_TICKS, after.far.tick) + 1)


def _changes(axes: FloatArray, start: int, stop: int) -> list[tuple[int, float]]:
    """Return where a sequence of axes (k, 3) turns permanently, and by how many degrees; in order."""
    best: tuple[float, int] | None = None
    for cut in _may_differ(axes, start, stop):
        before, after = _mean(axes[start:cut]), _mean(axes[cut:stop])
        turned = float(angle_between_deg(before, after))
        error = np.hypot(_error_deg(axes[start:cut], before), _error_deg(axes[cut:stop], after))
        if turned > max(SLIPPED_DEG, SLIPPED_SDS * float(error)) and (best is None or turned > best[0]):
            best = turned, cut
    if best is None:
        return []
    turned, cut = best
    return [*_changes(axes, start, cut), (cut, turned), *_changes(axes, cut, stop)]


def _may_differ(axes: FloatArray, start: int, stop: int) -> list[int]:
    """Return the cuts before and after which the mean axes differ by at least nearly `SLIPPED_DEG`."""
    cuts = np.arange(start + 2, stop - 1)
    if len(cuts) == 0:
        return []
    total = axes[start:stop].cumsum(axis=0)
    before = total[cuts - start - 1]
    after = total[-1] - before
    nearly = np.cos(np.radians(0.99 * SLIPPED_DEG))
    apart = row_dots(before, after) < nearly * np.sqrt(row_dots(before, before) * row_dots(after, after))
    found: list[int] = cuts[apart].tolist()
    return found


def _mean(axes: FloatArray) -> FloatArray:
    return unit(axes.mean(axis=0))


def _error_deg(axes: FloatArray, mean: FloatArray) -> float:
    """Return the standard error of a mean axis, degrees."""
    away = angle_between_deg(axes, mean)
    return float(np.sqrt((away**2).sum() / (len(axes) * (len(axes) - 1))))


def _after_slips(
    first: LegFrame,
    slips: Sequence[tuple[Slip, int]],
    axes: FloatArray,
    rests_deg: float,
    ends: Sequence[int],
    up: FloatArray,
) -> tuple[tuple[slice, LegFrame], ...]:
    """Return a frame for each piece between slips: its own axis, and its zero by where the leg rests."""
    starts, edges = [0, *(slip.tick for slip, _ in slips), len(up)], [0, *(k for _, k in slips), len(ends)]
    return tuple(
        (slice(*ticks), _own(first, _mean(axes[start:stop]), ends[start:stop], rests_deg, up))
        for ticks, (start, stop) in zip(pairwise(starts), pairwise(edges), strict=True)
    )


def _own(
    first: LegFrame, axis: FloatArray, ends: Sequence[int], rests_deg: float, up: FloatArray
) -> LegFrame:
    """Return the frame about an axis in which the leg is at `rests_deg` at the repetitions' resting ends."""
    axis = np.sign(axis @ first.axis) * axis
    resting = np.median(up_around(up, ends), axis=0)
    along = unit(resting - axis * (resting @ axis))
    if first.zero_deg:
        return LegFrame(axis, along, first.zero_deg + rests_deg)
    angle = np.radians(rests_deg)
    return LegFrame(axis, unit(np.cos(angle) * along - np.sin(angle) * cross(along, axis)))
