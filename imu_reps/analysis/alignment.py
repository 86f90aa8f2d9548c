"""Alignment of the leg in a finished set: its flexion axis, which way is up, and where zero is.

The pelvis shares every lift by tipping back, so its tilt also tells a leg held high from one on the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.filters import bridged, low_passed
from imu_reps.analysis.segmentation import Excursion, Segmentation, Turn, TurnFinder, find_reps
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import LegAxes, angle_about, axis_vector, flexion_axis, unit
from imu_reps.kinematics.rest import STILL_WINDOW_S, stretches

#: The leg has left its resting end after this share of its way.
END_SHARE = 0.1

#: The pelvis is there with it within this many ticks.
AROUND_TICKS = 100

#: A double leg raise that starts high without a floor stretch is taken to start with vertical legs.
VERTICAL_DEG = 90.0

#: How far the leg must be away from its rest for its plane of motion to show.
MOVED_DEG = 8.0

#: Ticks of the half second that decides stillness.
STILL_TICKS = int(STILL_WINDOW_S * GRID_HZ)

#: The pelvis of a leg held high is tipped back by more than this.
TIPPED_BACK_DEG = 4.0

#: A start tipped back by less than this cannot be told from a start on the floor.
LEAST_TIPPED_DEG = 2.0

#: Steps of the leg that the pelvis's share is read from, and the least share that tells which way is up.
STEP_TICKS = 20
STEP_DEG = 2.0
LEAST_SHARE = 0.03

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
    if floor or header.exercise == "heel_tap":
        return LegAlignment(axes, segmentation, floor, certain=bool(floor))
    if header.ankle.cranial_axis is not None:
        axes = _named_axes(axes, axis_vector(header.ankle.cranial_axis), header)
        return LegAlignment(axes, segmentation, floor, certain=True)
    if header.start == "high":
        axes = replace(axes, reference_deg=axes.reference_deg + VERTICAL_DEG)
    return LegAlignment(axes, segmentation, floor, certain=False)


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
    level, floor = 0.0, tuple(rests[:1])
    turns = _turns(angle, settings)
    sense, segmentation = low_sense(turns, settings, 0.0)
    for _ in range(2):
        if not segmentation.reps:
            break
        first = segmentation.reps[0]
        low = sense * angle <= first.back.value + SAME_LEVEL * first.range_deg
        floor = _rests_at(rests, first.far.tick, low)
        if not floor:
            break
        level = sense * _level(angle, floor[-1])
        segmentation = find_reps(oriented(turns, sense), settings, level)
    return sense, level, segmentation, floor


def low_sense(turns: Sequence[Turn], settings: Settings, level: float) -> tuple[float, Segmentation]:
    """Of a set that starts low: the sense of the angle that moves the leg above the floor, and its set."""
    found = [(sense, find_reps(oriented(turns, sense), settings, level)) for sense in (1.0, -1.0)]
    return max(found, key=lambda one: sum(rep.range_deg for rep in one[1].reps))


def oriented(turns: Sequence[Turn], sense: float) -> list[Turn]:
    """The same turns of an angle that counts the other way where `sense` is -1."""
    return [Turn(turn.tick, sense * turn.value) for turn in turns]


def _turns(angle: FloatArray, settings: Settings) -> list[Turn]:
    finder = TurnFinder(settings.min_range_deg)
    finder.push(0, angle)
    return finder.turns


def _level(angle: FloatArray, rest: Rest) -> float:
    return float(np.median(angle[rest.start : rest.end]))


def _rests_at(rests: Sequence[Rest], before: int, at_level: BoolArray) -> tuple[Rest, ...]:
    """Rests that end before a tick and are spent at a level."""
    return tuple(rest for rest in rests if rest.end <= before and at_level[(rest.start + rest.end) // 2])


def _high_start(
    angle: FloatArray, rests: Sequence[Rest], header: Header, settings: Settings, tilt_deg: FloatArray | None
) -> tuple[float, float, Segmentation, tuple[Rest, ...]]:
    found = find_high_set(_turns(angle, settings), angle, tilt_deg, header, settings)
    sense, reps = found.sense, found.segmentation.reps
    if not reps:
        return sense, 0.0, found.segmentation, ()
    if tilt_deg is None:
        low = -sense * angle > (reps[0].near.value + reps[0].far.value) / 2.0
    else:
        low = tilt_deg > found.tipped_deg / 2.0
    floor = _rests_at(rests, reps[0].near.tick, low) if found.lifted else ()
    high = _rests_at(rests, reps[0].far.tick, ~low) if found.lifted else tuple(rests[:1])
    if header.exercise == "heel_tap":
        level = sense * _level(angle, high[-1]) if high else -reps[0].near.value
        return sense, level, found.segmentation, floor
    at_zero = floor or high
    return sense, sense * _level(angle, at_zero[-1]) if at_zero else 0.0, found.segmentation, floor


@dataclass(frozen=True, slots=True)
class HighSet:
    """A set that starts high.

    Attributes
    ----------
    sense : float
        In which sense of the angle the leg goes up.
    segmentation : Segmentation
        In travel.
    lifted : bool
        Whether it began with a lift from the floor.
    tipped_deg : float
        Pelvic tilt where the repetitions start and end, against the window's start; 0 where unknown.
    """

    sense: float
    segmentation: Segmentation
    lifted: bool
    tipped_deg: float


def find_high_set(
    turns: Sequence[Turn], angle: FloatArray, tilt_deg: FloatArray | None, header: Header, settings: Settings
) -> HighSet:
    """Find a set that starts high.

    With the pelvis's tilt known, excursions that do not start and end tipped back like the others are left
    out: they belong to the lift into the start, or to the lowering out of it. Without it the leg is taken
    to begin on the floor, and its first way to be the lift.

    Parameters
    ----------
    turns : sequence of Turn
        Of the angle, either sense.
    angle, tilt_deg : (n,) float
        The angle, and the pelvic tilt on the same ticks, NaN where not measured; None without a pelvis.
    header : Header
    settings : Settings
    """
    share = None if tilt_deg is None else pelvic_share(angle, tilt_deg)
    if share is None or tilt_deg is None:
        rose = turns[1].value - turns[0].value if len(turns) > 1 else 1.0
        sense = float(np.sign(rose))
        return HighSet(sense, find_reps(oriented(turns, -sense), settings), lifted=True, tipped_deg=0.0)
    sense = -float(np.sign(share))
    found = find_reps(oriented(turns, -sense), settings)
    if not found.reps:
        return HighSet(sense, found, lifted=True, tipped_deg=0.0)
    ends = np.array([_ends(rep, -sense * angle) for rep in found.reps])
    tilt = np.array([_tipped_most(tilt_deg, rep, *end) for rep, end in zip(found.reps, ends, strict=True)])
    tipped = float(np.median(tilt[np.isfinite(tilt)])) if np.isfinite(tilt).any() else 0.0
    lifted = tipped < -LEAST_TIPPED_DEG
    limit_deg = abs(tipped) / 2.0 if lifted else TIPPED_BACK_DEG
    follows = 0.0 if header.exercise == "heel_tap" else share
    expected = tipped + follows * (angle[ends] - np.median(angle[ends]))
    other = (np.abs(tilt - expected) > limit_deg).any(axis=1)
    reps = tuple(found.reps[k] for k in np.flatnonzero(~other))
    segmentation = Segmentation(reps, found.partials, found.threshold_deg)
    return HighSet(sense, segmentation, lifted, tipped if lifted else 0.0)


def _ends(rep: Excursion, travel: FloatArray) -> tuple[int, int]:
    """When the leg leaves its resting end, and when it is back there."""
    band = END_SHARE * rep.range_deg
    out = travel[rep.near.tick : rep.far.tick + 1]
    back = travel[rep.far.tick : rep.back.tick + 1]
    leaves = rep.far.tick - int(np.argmax(out[::-1] <= rep.near.value + band))
    enters = rep.far.tick + int(np.argmax(back <= rep.back.value + band))
    return leaves, enters


def _tipped_most(tilt_deg: FloatArray, rep: Excursion, leaves: int, enters: int) -> tuple[float, float]:
    """Pelvic tilt furthest back around both ends of a repetition; the pelvis follows a moment later."""
    before = tilt_deg[max(rep.near.tick, leaves - AROUND_TICKS) : leaves + 1]
    after = tilt_deg[enters : min(rep.back.tick, enters + AROUND_TICKS) + 1]
    return np.fmin.reduce(before), np.fmin.reduce(after)


def pelvic_share(angle: FloatArray, tilt_deg: FloatArray) -> float | None:
    """Change of tilt per change of the leg's angle; None where it shows no clear relation.

    Negative where the angle counts upwards: the pelvis tips back as the leg rises.
    """
    leg, pelvis = angle[STEP_TICKS:] - angle[:-STEP_TICKS], tilt_deg[STEP_TICKS:] - tilt_deg[:-STEP_TICKS]
    moving = np.isfinite(pelvis) & (np.abs(leg) > STEP_DEG)
    if not moving.any():
        return None
    share = float(np.median(pelvis[moving] / leg[moving]))
    return None if abs(share) < LEAST_SHARE else share
