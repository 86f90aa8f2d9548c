"""The frames of the leg over a set: its zero, and new ones from where the strap slipped on the shank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.evidence import travel_sign
from imu_reps.analysis.set.hypotheses import SAME_LEVEL, on_floor, usual_level_deg
from imu_reps.analysis.set.leg import LegFrame, LegParams, elevation_deg, swing_axis
from imu_reps.analysis.set.reading import Reading
from imu_reps.analysis.set.shifts import changed_at, resting_change, resting_ends, up_around
from imu_reps.analysis.set.spells import Rest
from imu_reps.analysis.set.swings import LIFTED_SHARE
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.mounting import angle_between_deg, axis_vector, cross, unit

#: A double leg raise that starts high without a floor stretch is taken to start with vertical legs.
VERTICAL_DEG = 90.0

#: Legs that start high are held at least so far above the floor: a rest nearer is the low end of a repetition
#: that the recording begins or ends in (ours; stiff straight legs that others lift reach 60°).
MIN_HIGH_DEG = 50.0

#: And at most so far: the hip bends by 120 to 130 degrees (AAOS). Further away is the shank of who stands.
MAX_HIGH_DEG = 130.0

#: A strap that turned by less is within what hips do from one lift to the next; the leg's angle is then off
#: by 2 degrees at most (ours; cos 15° = 0.97).
SLIPPED_DEG = 15.0

#: A strap that slipped between two repetitions did so this near to the resting end between them (ours).
AROUND_TICKS = 100

#: Frames about axes of their own that keep less than this of the way are those of a foot that rolls (ours; an
#: axis that is off by 37 degrees loses a fifth).
KEPT_SHARE = 0.8

#: The axes before and after must differ by so many times their standard error.
SLIPPED_SDS = 4.0


@dataclass(frozen=True, slots=True)
class Slip:
    """The strap turned on the shank: before which tick it had, and by how much, degrees."""

    tick: int
    turned_deg: float


@dataclass(frozen=True, slots=True)
class LegFrames:
    """The leg over a recording.

    Attributes
    ----------
    frames : tuple of (slice, LegFrame)
        One after another, over all ticks.
    floor_rests : tuple of Rest
        On the floor (hanging), before the first repetition if there are any, else between them.
    zero_seen : bool
        Whether leg elevation's zero was seen, or named in the header, rather than assumed.
    slips : tuple of Slip
    """

    frames: tuple[tuple[slice, LegFrame], ...]
    floor_rests: tuple[Rest, ...]
    zero_seen: bool
    slips: tuple[Slip, ...]

    @property
    def axis(self) -> FloatArray:
        """The flexion axis of the first frame, (3,)."""
        return self.frames[0][1].axis

    def elevation_deg(self, up: FloatArray, header: Header, params: LegParams) -> FloatArray:
        """Leg elevation for up (n, 3) in ankle sensor axes, (n,) degrees."""
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
    """The leg's frames in the reading of a set.

    Parameters
    ----------
    reading : Reading
    up : (n, 3) float
        In ankle sensor axes, holes bridged.
    turning_dps : (n, 3) float
        As `leg.up_turning_dps` gives it.
    header : Header
    params : LegParams
    """
    travel = reading.travel_deg(header)
    reps, axes = reading.segmentation.reps, _axes(reading, travel, turning_dps, params)
    slips = _slips(axes, reps, up)
    floor = floor_rests(reading, travel, header)
    if slips and header.start == "high":
        # a sensor that has slipped is at another angle on the floor
        floor = [rest for rest in floor if rest.end <= slips[0][0].tick]
    level, seen, zero_deg = _zero(reading, floor, travel, header)
    sign = reading.hypothesis.sign
    axis = reading.lifting_axis
    angle = np.radians(travel_sign(header) * sign * level)
    zero = np.cos(angle) * reading.swing.plane[0] + np.sin(angle) * reading.swing.plane[1]
    first = LegFrame(axis, unit(zero), zero_deg)
    above = 0.0
    if not floor and header.ankle.cranial_axis is not None and header.exercise != "heel_tap":
        first, seen = _named(axis, axis_vector(header.ankle.cranial_axis), header), True
        if slips:
            above = _resting_deg(reps[: slips[0][1]], elevation_deg(first, up, header.posture, params))
    elif slips and any(rest.end <= slips[0][0].tick for rest in floor):
        # after a slip a leg rests as far above its zero between repetitions as it did before
        above = travel_sign(header) * (_resting_deg(reps[: slips[0][1]], travel) - level)
    whole = LegFrames(((slice(0, len(up)), first),), tuple(floor), seen, ())
    if not slips:
        return whole
    frames = _after_slips(first, slips, axes, above, reps, up)
    found = replace(whole, frames=frames, slips=tuple(slip for slip, _ in slips))
    # about its own axis a leg swings no less far than about another
    ways = [_usual_way_deg(one.elevation_deg(up, header, params), reps) for one in (found, whole)]
    return found if ways[0] > KEPT_SHARE * ways[1] else whole


def _usual_way_deg(elevation_deg: FloatArray, reps: Sequence[Excursion]) -> float:
    return float(np.median([abs(elevation_deg[rep.far.tick] - elevation_deg[rep.back.tick]) for rep in reps]))


def floor_rests(reading: Reading, travel_deg: FloatArray, header: Header) -> list[Rest]:
    """Rests on the floor (hanging): before the first repetition, else between them or after them."""
    known, reps, rests = reading.hypothesis, reading.segmentation.reps, reading.swing.rests
    if header.start == "low":
        found = on_floor(rests, travel_deg, known.resting_deg, known.far_deg)
    else:
        # the floor lies beyond the far end: who starts high lowers the leg to it, or nearly
        beyond = max(known.level_deg(1.0 - SAME_LEVEL), known.resting_deg + MIN_HIGH_DEG)
        inside = slice(reps[0].near.tick, reps[-1].back.tick) if reps else slice(0, 0)
        outside = [rest for rest in rests if not inside.start <= rest.middle < inside.stop]
        upright = known.resting_deg + MAX_HIGH_DEG
        found = [rest for rest in outside if beyond < travel_deg[rest.middle] < upright]
    before = [rest for rest in found if reps and rest.end <= reps[0].far.tick]
    return before or found


def _zero(
    reading: Reading, floor: Sequence[Rest], travel_deg: FloatArray, header: Header
) -> tuple[float, bool, float]:
    """Travel at a known leg elevation, whether that was seen, and the elevation."""
    known = reading.hypothesis
    if header.exercise == "heel_tap" or header.start == "low":
        return known.resting_deg, bool(floor), 0.0
    if floor:
        return usual_level_deg(floor, travel_deg), True, 0.0
    # the legs come back to less than where they were held before the first repetition
    reps, rests = reading.segmentation.reps, reading.swing.rests
    held = [rest for rest in rests if reps and rest.end <= reps[0].far.tick][-1:]
    return usual_level_deg(held, travel_deg) if held else known.resting_deg, False, VERTICAL_DEG


def _named(axis: FloatArray, cranial: FloatArray, header: Header) -> LegFrame:
    """Zero from the header's axis up the shank: flat when lying, straight down when hanging."""
    level = unit(cranial - axis * (cranial @ axis))
    return LegFrame(axis, level if header.posture == "hanging" else cross(level, axis))


def _axes(reading: Reading, travel_deg: FloatArray, turning_dps: FloatArray, params: LegParams) -> FloatArray:
    """The axis that each repetition swings about, (k, 3)."""
    known, reps = reading.hypothesis, reading.segmentation.reps
    limit = known.level_deg(LIFTED_SHARE)
    axes = []
    for rep in reps:
        lifted = travel_deg[rep.ticks] > limit
        axis = swing_axis(turning_dps[rep.ticks][lifted], params)
        axes.append(reading.swing.axis if axis is None else np.sign(axis @ reading.swing.axis) * axis)
    return np.array(axes).reshape(-1, 3)


def _slips(axes: FloatArray, reps: Sequence[Excursion], up: FloatArray) -> list[tuple[Slip, int]]:
    """Where the swing's axis, or how the leg rests, changed for good, and before which repetition."""
    changes = _changes(axes, 0, len(reps))
    resting_up = up_around(up, resting_ends(reps))
    rested = resting_change(resting_up)
    if not changes and rested is not None and rested[0] < len(reps):
        changes = [rested]
    at = [changed_at(up, resting_up, k, _between(reps[k - 1], reps[k])) for k, _ in changes]
    return [(Slip(tick, turned_deg), k) for tick, (k, turned_deg) in zip(at, changes, strict=True)]


def _between(before: Excursion, after: Excursion) -> slice:
    """Ticks around the resting end between two repetitions."""
    start = max(before.back.tick - AROUND_TICKS, before.far.tick)
    return slice(start, min(after.near.tick + AROUND_TICKS, after.far.tick) + 1)


def _changes(axes: FloatArray, start: int, stop: int) -> list[tuple[int, float]]:
    """Where a sequence of axes (k, 3) turns for good, and by how much, degrees; in order."""
    best: tuple[float, int] | None = None
    for cut in range(start + 2, stop - 1):
        before, after = _mean(axes[start:cut]), _mean(axes[cut:stop])
        turned = float(angle_between_deg(before, after))
        error = np.hypot(_error_deg(axes[start:cut], before), _error_deg(axes[cut:stop], after))
        if turned > max(SLIPPED_DEG, SLIPPED_SDS * float(error)) and (best is None or turned > best[0]):
            best = turned, cut
    if best is None:
        return []
    turned, cut = best
    return [*_changes(axes, start, cut), (cut, turned), *_changes(axes, cut, stop)]


def _mean(axes: FloatArray) -> FloatArray:
    return unit(axes.mean(axis=0))


def _error_deg(axes: FloatArray, mean: FloatArray) -> float:
    """Standard error of a mean axis, degrees."""
    away = angle_between_deg(axes, mean)
    return float(np.sqrt((away**2).sum() / (len(axes) * (len(axes) - 1))))


def _after_slips(
    first: LegFrame,
    slips: Sequence[tuple[Slip, int]],
    axes: FloatArray,
    rests_deg: float,
    reps: Sequence[Excursion],
    up: FloatArray,
) -> tuple[tuple[slice, LegFrame], ...]:
    """A frame for each piece between slips: its own axis, and its zero by where the leg rests."""
    starts, edges = [0, *(slip.tick for slip, _ in slips), len(up)], [0, *(k for _, k in slips), len(reps)]
    return tuple(
        (slice(*ticks), _own(first, _mean(axes[start:stop]), reps[start:stop], rests_deg, up))
        for ticks, (start, stop) in zip(pairwise(starts), pairwise(edges), strict=True)
    )


def _resting_deg(reps: Sequence[Excursion], travel_deg: FloatArray) -> float:
    return float(np.median([travel_deg[tick] for rep in reps for tick in (rep.near.tick, rep.back.tick)]))


def _own(
    first: LegFrame, axis: FloatArray, reps: Sequence[Excursion], rests_deg: float, up: FloatArray
) -> LegFrame:
    """The frame about an axis in which the leg is at `rests_deg` where some repetitions begin and end."""
    axis = np.sign(axis @ first.axis) * axis
    ends = [tick for rep in reps for tick in (rep.near.tick, rep.back.tick)]
    resting = np.median(up_around(up, ends), axis=0)
    along = unit(resting - axis * (resting @ axis))
    if first.zero_deg:
        return LegFrame(axis, along, first.zero_deg + rests_deg)
    angle = np.radians(rests_deg)
    return LegFrame(axis, unit(np.cos(angle) * along - np.sin(angle) * cross(along, axis)))
