"""The frames of the leg over a set: its zero, and new ones from where the strap slipped on the shank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.evidence import travel_sign
from imu_reps.analysis.set.hypotheses import SAME_LEVEL, on_floor, usual_level_deg
from imu_reps.analysis.set.leg import LegFrame, LegParams, elevation_deg, swing_axis
from imu_reps.analysis.set.reading import LIFTED_SHARE, Reading
from imu_reps.analysis.set.spells import Rest
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import axis_vector, cross, unit

#: A double leg raise that starts high without a floor stretch is taken to start with vertical legs.
VERTICAL_DEG = 90.0

#: A strap that turned by less is within what hips do from one lift to the next; the leg's angle is then off by
#: 2 degrees at most (ours; cos 15° = 0.97).
SLIPPED_DEG = 15.0

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
    rests: Sequence[Rest],
    up: FloatArray,
    turning_dps: FloatArray,
    header: Header,
    params: LegParams,
) -> LegFrames:
    """The leg's frames in the reading of a set.

    Parameters
    ----------
    reading : Reading
    rests : sequence of Rest
        Of the leg, within the spells.
    up : (n, 3) float
        In ankle sensor axes, holes bridged.
    turning_dps : (n, 3) float
        As `leg.up_turning_dps` gives it.
    header : Header
    params : LegParams
    """
    travel = reading.travel_deg(header)
    floor = floor_rests(reading, rests, travel, header)
    level, seen, zero_deg = _zero(reading, floor, travel, header)
    sign = reading.hypothesis.sign
    axis = sign * reading.axis
    angle = np.radians(travel_sign(header) * sign * level)
    zero = np.cos(angle) * reading.plane[0] + np.sin(angle) * reading.plane[1]
    first = LegFrame(axis, unit(zero), zero_deg)
    if not floor and header.ankle.cranial_axis is not None and header.exercise != "heel_tap":
        first, seen = _named(axis, axis_vector(header.ankle.cranial_axis), header), True
    slips = _slips(reading, travel, turning_dps, params)
    frames = _after_slips(first, slips, reading, travel, up, turning_dps, params)
    return LegFrames(frames, tuple(floor), seen, tuple(slip for slip, _ in slips))


def floor_rests(
    reading: Reading, rests: Sequence[Rest], travel_deg: FloatArray, header: Header
) -> list[Rest]:
    """Rests on the floor (hanging): before the first repetition, else between them or after them."""
    known, reps = reading.hypothesis, reading.segmentation.reps
    if header.start == "low":
        found = on_floor(rests, travel_deg, known.resting_deg, known.far_deg)
    else:
        # the floor lies beyond the far end: who starts high lowers the leg to it, or nearly
        beyond = known.far_deg - SAME_LEVEL * (known.far_deg - known.resting_deg)
        found = [rest for rest in rests if travel_deg[rest.middle] > beyond]
    if header.start == "high":
        inside = slice(reps[0].near.tick, reps[-1].back.tick) if reps else slice(0, 0)
        found = [rest for rest in found if not inside.start <= rest.middle < inside.stop]
    before = [rest for rest in found if reps and rest.end <= reps[0].far.tick]
    return before or found


def _zero(
    reading: Reading, floor: Sequence[Rest], travel_deg: FloatArray, header: Header
) -> tuple[float, bool, float]:
    """Travel at a known leg elevation, whether that was seen, and the elevation."""
    known = reading.hypothesis
    if header.exercise == "heel_tap":
        return known.resting_deg, bool(floor), 0.0
    if header.start == "low":
        return known.resting_deg, bool(floor), 0.0
    if floor:
        return usual_level_deg(floor, travel_deg), True, 0.0
    return known.resting_deg, False, VERTICAL_DEG


def _named(axis: FloatArray, cranial: FloatArray, header: Header) -> LegFrame:
    """Zero from the header's axis up the shank: flat when lying, straight down when hanging."""
    level = unit(cranial - axis * (cranial @ axis))
    return LegFrame(axis, level if header.posture == "hanging" else cross(level, axis))


def _slips(
    reading: Reading, travel_deg: FloatArray, turning_dps: FloatArray, params: LegParams
) -> list[tuple[Slip, int]]:
    """Where the swing's axis changed from one repetition to the next, and before which repetition."""
    known, reps = reading.hypothesis, reading.segmentation.reps
    limit = known.resting_deg + LIFTED_SHARE * (known.far_deg - known.resting_deg)
    axes = []
    for rep in reps:
        span = np.arange(rep.near.tick, rep.back.tick + 1)
        axis = swing_axis(turning_dps[span[travel_deg[span] > limit]], params)
        axes.append(reading.axis if axis is None else np.sign(axis @ reading.axis) * axis)
    return [
        (Slip(reps[k].near.tick, turned_deg), k) for k, turned_deg in _changes(np.array(axes), 0, len(reps))
    ]


def _changes(axes: FloatArray, start: int, stop: int) -> list[tuple[int, float]]:
    """Where a sequence of axes (k, 3) turns for good, and by how much, degrees; in order."""
    best: tuple[float, int] | None = None
    for cut in range(start + 2, stop - 1):
        before, after = _mean(axes[start:cut]), _mean(axes[cut:stop])
        turned = float(np.degrees(np.arccos(np.clip(before @ after, -1.0, 1.0))))
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
    away = np.degrees(np.arccos(np.clip(axes @ mean, -1.0, 1.0)))
    return float(np.sqrt((away**2).sum() / (len(axes) * (len(axes) - 1))))


def _after_slips(
    first: LegFrame,
    slips: Sequence[tuple[Slip, int]],
    reading: Reading,
    travel_deg: FloatArray,
    up: FloatArray,
    turning_dps: FloatArray,
    params: LegParams,
) -> tuple[tuple[slice, LegFrame], ...]:
    """A frame for each piece between slips: its own axis, and its zero where the leg then lies."""
    if not slips:
        return ((slice(0, len(up)), first),)
    reps = reading.segmentation.reps
    edges = [0, *(k for _, k in slips), len(reps)]
    frames = []
    for start, stop in zip(edges, edges[1:], strict=False):
        ticks = (
            0 if start == 0 else reps[start].near.tick,
            len(up) if stop == len(reps) else reps[stop].near.tick,
        )
        frames.append(
            (slice(*ticks), _own(first, reps[start:stop], reading, travel_deg, up, turning_dps, params))
        )
    return tuple(frames)


def _own(
    first: LegFrame,
    reps: Sequence[Excursion],
    reading: Reading,
    travel_deg: FloatArray,
    up: FloatArray,
    turning_dps: FloatArray,
    params: LegParams,
) -> LegFrame:
    known = reading.hypothesis
    spans = [np.arange(rep.near.tick, rep.back.tick + 1) for rep in reps]
    ticks: IntArray = np.concatenate(spans)
    limit = known.resting_deg + LIFTED_SHARE * (known.far_deg - known.resting_deg)
    axis = swing_axis(turning_dps[ticks[travel_deg[ticks] > limit]], params)
    if axis is None:
        return first
    axis = np.sign(axis @ first.axis) * axis
    ends = [tick for rep in reps for tick in (rep.near.tick, rep.back.tick)]
    around = [np.arange(max(0, tick - ENDS_TICKS), min(len(up), tick + ENDS_TICKS + 1)) for tick in ends]
    level = up[np.concatenate(around)].mean(axis=0)
    # the resting end's own elevation is kept: where the leg rested before, it rests again
    resting_deg = float(np.median(elevation_deg(first, up[ends[:1]], "hanging", params)))
    return LegFrame(axis, unit(level - axis * (level @ axis)), resting_deg if first.zero_deg else 0.0)


#: What the leg does so near to its resting end is rest.
ENDS_TICKS = int(0.2 * GRID_HZ)
