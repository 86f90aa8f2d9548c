"""Alignment of the leg in a finished set: its flexion axis, which way is up, and where zero is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.filters import low_passed
from imu_reps.analysis.high_start import find_high_set, leaves_rest
from imu_reps.analysis.low_start import LowSet, find_low_set
from imu_reps.analysis.segmentation import Segmentation, Turn, TurnFinder, find_reps
from imu_reps.analysis.swing import Swing, oriented, swing_of, without_small_non_arcs
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.holes import bridged
from imu_reps.kinematics.motion import GridMotion
from imu_reps.kinematics.mounting import LegAxes, angle_about, axis_vector, flexion_axis, unit
from imu_reps.kinematics.rest import STILL_WINDOW_S, stretches

#: A double leg raise that starts high without a floor stretch is taken to start with vertical legs.
VERTICAL_DEG = 90.0

#: How far the leg must be away from its rest for its plane of motion to show.
MOVED_DEG = 8.0

#: Ticks of the half second that decides stillness.
STILL_TICKS = int(STILL_WINDOW_S * GRID_HZ)

#: Rests this near to each other are at the same level.
SAME_REST_DEG = 3.0

#: Share of a range within which two levels are the same level.
SAME_LEVEL = 0.25


@dataclass(frozen=True, slots=True)
class Rest:
    """A still stretch, half-open in ticks; `end - start` is how long it was seen to be still."""

    start: int
    end: int

    @property
    def seen(self) -> int:
        """The first tick at which it is known to be still."""
        return min(self.start + STILL_TICKS, self.end) - 1

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return (self.end - self.start) / GRID_HZ


@dataclass(frozen=True, slots=True)
class LegAlignment:
    """The leg of a set in its window; ticks count from the window's start.

    Attributes
    ----------
    axes : LegAxes
        How leg elevation follows from the ankle's direction of up.
    segmentation : Segmentation
        In travel: positive on the way out, whichever way that is.
    floor_rests : tuple of Rest
        Still stretches before the leg left the floor.
    certain : bool
        Whether the leg's zero was seen (or named in the header) rather than assumed.
    """

    axes: LegAxes
    segmentation: Segmentation
    floor_rests: tuple[Rest, ...]
    certain: bool


def rests_in(still: BoolArray) -> list[Rest]:
    """Still stretches from the mask of half seconds that ended still."""
    return [Rest(max(0, start - STILL_TICKS + 1), end) for start, end in stretches(still)]


def align_leg(
    ankle: GridMotion, rests: Sequence[Rest], header: Header, settings: Settings, tilt_deg: FloatArray | None
) -> LegAlignment:
    """Find the leg's axis, direction and zero from a set's motion.

    Parameters
    ----------
    ankle : GridMotion
        Over the window, which begins ready.
    rests : sequence of Rest
        Still stretches of all sensors in the window.
    tilt_deg : (n,) float or None
        Pelvic tilt against the window's start; None without a pelvis sensor.
    """
    known = np.isfinite(ankle.up[:, 0])
    reference = ankle.up[known][0]
    swing = swing_of(ankle, swing_axis(ankle.up[known], reference))
    angle = low_passed(bridged(angle_about(swing.axis, ankle.up, reference)))
    if header.start == "high":
        sense, level, segmentation, floor = _high_start(angle, swing, rests, header, settings, tilt_deg)
    else:
        sense, level, segmentation, floor = _low_start(angle, swing, rests, header, settings)
    axes = LegAxes(swing.axis * sense, reference, -level)
    if floor or header.exercise == "heel_tap":
        return LegAlignment(axes, segmentation, floor, certain=bool(floor))
    if header.ankle.cranial_axis is not None:
        axes = _named_axes(axes, axis_vector(header.ankle.cranial_axis), header)
        return LegAlignment(axes, segmentation, floor, certain=True)
    if header.start == "high":
        axes = replace(axes, reference_deg=axes.reference_deg + VERTICAL_DEG)
    return LegAlignment(axes, segmentation, floor, certain=False)


def swing_axis(up: FloatArray, reference: FloatArray) -> FloatArray:
    """The axis that the leg swings about; with nothing moving any level axis will do."""
    moved = up[up @ reference < np.cos(np.radians(MOVED_DEG))]
    if len(moved) < 3:
        return unit(np.cross(reference, np.eye(3)[np.argmin(np.abs(reference))]))
    return flexion_axis(np.vstack([moved, np.repeat(reference[None], len(moved), axis=0)]))


def _named_axes(axes: LegAxes, cranial: FloatArray, header: Header) -> LegAxes:
    """Zero from the header's axis up the shank: flat when lying, straight down when hanging."""
    level = unit(cranial - axes.axis * (cranial @ axes.axis))
    zero = level if header.posture == "hanging" else np.cross(level, axes.axis)
    return LegAxes(axes.axis, zero, 0.0)


def _low_start(
    angle: FloatArray,
    swing: Swing,
    rests: Sequence[Rest],
    header: Header,
    settings: Settings,
) -> tuple[float, float, Segmentation, tuple[Rest, ...]]:
    turns = _turns(angle, settings)
    found = find_low_set(turns, swing, header, settings)
    return found.sense, *low_zero(found, turns, angle, swing, rests, settings)


def low_zero(
    found: LowSet,
    turns: Sequence[Turn],
    angle: FloatArray,
    swing: Swing,
    rests: Sequence[Rest],
    settings: Settings,
) -> tuple[float, Segmentation, tuple[Rest, ...]]:
    """Where the leg of a set that starts low lay on the floor before the first repetition.

    Parameters
    ----------
    found : LowSet
    turns : sequence of Turn
        Of the angle.
    angle : (n,) float
        The leg's angle over the window; NaN in holes.
    swing : Swing
    rests : sequence of Rest
        In the window.

    Returns
    -------
    level_deg : float
        The angle there, in the sense that lifts the leg.
    segmentation : Segmentation
        The set above that floor.
    floor_rests : tuple of Rest
        Still stretches on the floor.
    """
    sense, segmentation = found.sense, found.segmentation
    level, floor = 0.0, tuple(rests[:1])
    for _ in range(2):
        if not segmentation.reps:
            break
        first = segmentation.reps[0]
        low = sense * angle <= first.back.value + SAME_LEVEL * first.range_deg
        floor = _rests_at(rests, first.far.tick, low)
        flat = swing.lies_flat(found.lever, sense, [_middle(rest) for rest in floor])
        floor = tuple(rest for rest, lies in zip(floor, flat, strict=True) if lies) or floor
        if not floor:
            break
        floor = _at_usual_level(floor, angle)
        level = sense * _level(angle, floor[-1])
        segmentation = without_small_non_arcs(swing, find_reps(oriented(turns, sense), settings, level))
    return level, segmentation, floor


def _high_start(
    angle: FloatArray,
    swing: Swing,
    rests: Sequence[Rest],
    header: Header,
    settings: Settings,
    tilt_deg: FloatArray | None,
) -> tuple[float, float, Segmentation, tuple[Rest, ...]]:
    found = find_high_set(_turns(angle, settings), angle, tilt_deg, swing, header, settings)
    sense, reps = found.sense, found.segmentation.reps
    if not reps:
        return sense, 0.0, found.segmentation, ()
    travel = -sense * angle
    leaves = leaves_rest(reps[0], travel)
    at_start = travel < reps[0].near.value + SAME_LEVEL * reps[0].range_deg
    tipped = np.ones(len(travel), bool)
    if found.lifted and tilt_deg is not None and found.tipped_deg is not None:
        tipped = bridged(tilt_deg) < found.tipped_deg / 2.0
    floor = _rests_at(rests, leaves, ~(at_start & tipped)) if found.lifted else ()
    high = _rests_at(rests, leaves, at_start & tipped)
    if header.exercise == "heel_tap":
        level = sense * _level(angle, high[-1]) if high else -reps[0].near.value
        return sense, level, found.segmentation, floor
    at_zero = floor or high
    return sense, sense * _level(angle, at_zero[-1]) if at_zero else 0.0, found.segmentation, floor


def _turns(angle: FloatArray, settings: Settings) -> list[Turn]:
    finder = TurnFinder(settings.min_range_deg)
    finder.push(0, angle)
    return finder.turns


def _at_usual_level(rests: Sequence[Rest], angle: FloatArray) -> tuple[Rest, ...]:
    """Rests at the level most rested at: a stall on the way up or a turn while shuffling is no floor."""
    levels = np.array([_level(angle, rest) for rest in rests])
    lengths = np.array([rest.end - rest.start for rest in rests])
    same = np.abs(levels[:, None] - levels) < SAME_REST_DEG
    usual = levels[int(np.argmax(same @ lengths))]
    near = (np.abs(levels - usual) < SAME_REST_DEG).tolist()
    return tuple(rest for rest, is_near in zip(rests, near, strict=True) if is_near)


def _level(angle: FloatArray, rest: Rest) -> float:
    return float(np.nanmedian(angle[rest.start : rest.end]))


def _rests_at(rests: Sequence[Rest], before: int, at_level: BoolArray) -> tuple[Rest, ...]:
    """Rests that end before a tick and are spent at a level."""
    return tuple(rest for rest in rests if rest.end <= before and at_level[_middle(rest)])


def _middle(rest: Rest) -> int:
    return (rest.start + rest.end) // 2
