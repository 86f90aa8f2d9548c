"""Alignment of the leg in a finished set: its flexion axis, which way is up, and where zero is.

The pelvis shares every lift by tipping back, so its tilt also tells a leg held high from one on the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.filters import bridged, low_passed
from imu_reps.analysis.segmentation import Segmentation, Turn, TurnFinder, find_reps
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import LegAxes, angle_about, axis_vector, flexion_axis, unit
from imu_reps.kinematics.rest import STILL_WINDOW_S, stretches

#: A double leg raise that starts high without a floor stretch is taken to start with vertical legs.
VERTICAL_DEG = 90.0

#: How far the leg must be away from its rest for its plane of motion to show.
MOVED_DEG = 8.0

#: Share of a range within which two levels are the same level.
SAME_LEVEL = 0.25


@dataclass(frozen=True, slots=True)
class Rest:
    """A still stretch, half-open in ticks; `end - start` is how long it was seen to be still."""

    start: int
    end: int

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
    lead = int(STILL_WINDOW_S * GRID_HZ) - 1
    return [Rest(max(0, start - lead), end) for start, end in stretches(still)]


def align_leg(
    up: FloatArray, rests: Sequence[Rest], header: Header, settings: Settings, tilt_deg: FloatArray | None
) -> LegAlignment:
    """Find the leg's axis, direction and zero from a set's motion.

    Parameters
    ----------
    up : (n, 3) float
        Direction of up in ankle axes over the window, which begins ready; NaN in holes.
    rests : sequence of Rest
        Still stretches of all sensors in the window.
    tilt_deg : (n,) float or None
        Pelvic tilt against the window's start; None without a pelvis sensor.
    """
    known = np.isfinite(up[:, 0])
    reference = up[known][0]
    axis = _swing_axis(up[known], reference)
    angle = low_passed(bridged(angle_about(axis, up, reference)))
    if header.start == "high":
        sense, level, segmentation, floor = _high_start(angle, rests, header, settings, tilt_deg)
    else:
        sense, level, segmentation, floor = _low_start(angle, rests, settings)
    axes = LegAxes(axis * sense, reference, -level)
    if header.ankle.cranial_axis is not None:
        axes = _named_axes(axes, axis_vector(header.ankle.cranial_axis), header)
        return LegAlignment(axes, segmentation, floor, certain=True)
    if not floor and header.exercise != "heel_tap":
        axes = replace(axes, reference_deg=axes.reference_deg + VERTICAL_DEG)
    return LegAlignment(axes, segmentation, floor, certain=bool(floor))


def _swing_axis(up: FloatArray, reference: FloatArray) -> FloatArray:
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
    angle: FloatArray, rests: Sequence[Rest], settings: Settings
) -> tuple[float, float, Segmentation, tuple[Rest, ...]]:
    away = angle[np.abs(angle) > MOVED_DEG]
    sense = -1.0 if away.sum() < 0 else 1.0
    level, floor = 0.0, tuple(rests[:1])
    segmentation = Segmentation((), (), settings.min_range_deg)
    for _ in range(2):
        travel = sense * angle
        segmentation = _segment(travel, settings, level)
        if not segmentation.reps:
            break
        first = segmentation.reps[0]
        low = travel <= first.back.value + SAME_LEVEL * first.range_deg
        floor = _rests_at(rests, first.far.tick, low)
        if not floor:
            break
        level = sense * _level(angle, floor[-1])
    return sense, level, segmentation, floor


def _segment(travel: FloatArray, settings: Settings, floor_deg: float | None = None) -> Segmentation:
    finder = TurnFinder(settings.min_range_deg)
    finder.push(0, travel)
    return find_reps(finder.turns, settings, floor_deg)


def _level(angle: FloatArray, rest: Rest) -> float:
    return float(np.median(angle[rest.start : rest.end]))


def _rests_at(rests: Sequence[Rest], before: int, at_level: BoolArray) -> tuple[Rest, ...]:
    """Rests that end before a tick and are spent at a level."""
    return tuple(rest for rest in rests if rest.end <= before and at_level[(rest.start + rest.end) // 2])


def _high_start(
    angle: FloatArray, rests: Sequence[Rest], header: Header, settings: Settings, tilt_deg: FloatArray | None
) -> tuple[float, float, Segmentation, tuple[Rest, ...]]:
    finder = TurnFinder(settings.min_range_deg)
    finder.push(0, angle)
    sense, lifted = high_sense(finder.turns, tilt_deg)
    travel = -sense * angle
    segmentation = _segment(travel, settings)
    if not segmentation.reps:
        return sense, 0.0, segmentation, ()
    first = segmentation.reps[0]
    away = travel > (first.near.value + first.far.value) / 2.0
    floor = _rests_at(rests, first.near.tick, away) if lifted else ()
    high = _rests_at(rests, first.far.tick, ~away)
    if header.exercise == "heel_tap":
        level = sense * _level(angle, high[-1]) if high else -first.near.value
        return sense, level, segmentation, floor
    at_zero = floor or high
    level = sense * _level(angle, at_zero[-1]) if at_zero else 0.0
    return sense, level, segmentation, floor


def high_sense(turns: Sequence[Turn], tilt_deg: FloatArray | None) -> tuple[float, bool]:
    """Of a set that starts high: which sense of the angle is up, and whether it began with a lift.

    Parameters
    ----------
    turns : sequence of Turn
        Of the angle, either sense.
    tilt_deg : (n,) float or None
        Pelvic tilt on the same ticks.
    """
    if len(turns) < 2:
        return 1.0, True
    start, away = turns[0], turns[1]
    lifted = not _comes_back(turns) or _tips_back(tilt_deg, start, away)
    sense = np.sign(away.value - start.value) * (1.0 if lifted else -1.0)
    return float(sense), lifted


def _comes_back(turns: Sequence[Turn]) -> bool:
    """Whether the second turn is at the level of the start."""
    if len(turns) < 3:
        return False
    start, away, back = (turn.value for turn in turns[:3])
    return abs(back - start) < SAME_LEVEL * abs(away - back)


def _tips_back(tilt_deg: FloatArray | None, start: Turn, away: Turn) -> bool:
    """Whether the pelvis tipped back on the way: the leg rose. Without a pelvis sensor it is assumed."""
    if tilt_deg is None:
        return True
    change = tilt_deg[away.tick] - tilt_deg[start.tick]
    return not change > 0.0
