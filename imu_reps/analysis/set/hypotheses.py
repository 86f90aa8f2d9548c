"""Hypotheses: the readings that a set's turns allow, which way is up and where the leg rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from imu_reps.analysis.reps.phases import DWELL_DEG, DWELL_TICKS
from imu_reps.analysis.reps.segmentation import (
    Excursion,
    Segmentation,
    Turn,
    find_reps,
)
from imu_reps.analysis.set.evidence import Hypothesis, travel_sign
from imu_reps.analysis.set.spells import Rest
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ

#: Levels nearer than this share of the usual range are the same level (ours).
SAME_LEVEL = 0.25

#: A repetition is over when the leg is back within this share of its range: docs/definitions.md#a-repetition.
CUT_SHARE = 0.15

#: A way out of which the recording's beginning cut off more than this was not seen to be one (ours).
BEGUN_SHARE = 0.6

#: Where the angle changes by so much of a way within so long without being turned, the way was not seen
#: (ours; 1 s costs one of 830 sets by three authors, the whole way seven).
LEAPT_SHARE = 0.5
LEAP_S = 0.5

#: A turn this near to an end of a spell is that end.
EDGE_TICKS = 3

#: The leg has left its resting end after this share of its way, and the pelvis is there with it in a second.
LEAVING_SHARE = 0.1
AROUND_TICKS = 100

#: With the leg in the same place the pelvis comes back to about the same tilt: a smaller swing that is
#: further from it than this lies flat, or arches, and any that is further than the second sits up (ours: in
#: simulated heel taps up to 7 degrees, and up to 15 where the back arches in each).
SAME_TILT_DEG, SAT_UP_DEG = 9.0, 25.0
SMALL_SHARE = 0.6

#: Who stops above the floor between repetitions, because the back lets go there, stops at most so far above
#: it (ours; lower lies a shank with the knee bent, at about 48).
BELOW_STOP_DEG = 30.0

#: Rests this near to each other are at the same level, degrees (ours).
SAME_REST_DEG = 3.0


@dataclass(frozen=True, slots=True)
class Swing:
    """The leg's motion about one axis.

    Attributes
    ----------
    axis : (3,) float
        In sensor axes; a right-handed turn of the leg about it makes the angle grow.
    plane : pair of (3,) float
        Up in sensor axes where the angle is 0, and where it is 90.
    angle_deg : (n,) float
        Low-passed, holes bridged.
    turned_deg : (n,) float
        How far the gyroscope turned about the axis, summed up; in holes it is taken to follow the angle.
    spells : tuple of slice
    turns : sequence of sequence of Turn
        Of the angle, for each spell.
    rests : tuple of Rest
        Of the leg, within the spells.
    tilt_deg : (n,) float or None
        Of the pelvis; None where it is not known.
    may_walk : (n,) bool or None
        When the person may be walking; None: never.
    """

    axis: FloatArray
    plane: tuple[FloatArray, FloatArray]
    angle_deg: FloatArray
    turned_deg: FloatArray
    spells: tuple[slice, ...]
    turns: Sequence[Sequence[Turn]]
    rests: tuple[Rest, ...]
    tilt_deg: FloatArray | None
    may_walk: BoolArray | None


def readings(swing: Swing, header: Header, settings: Settings) -> list[Hypothesis]:
    """The readings of a swing: its angle grows upwards or downwards, and the levels the leg may rest at."""
    found: list[Hypothesis] = []
    for sign in (1.0, -1.0):
        direction = sign * travel_sign(header)
        travels = [[Turn(turn.tick, direction * turn.value) for turn in spell] for spell in swing.turns]
        floors = _floors(travels, direction * swing.angle_deg, swing.rests, header, settings)
        found += [_reading(sign, travels, floor, swing, header, settings) for floor in floors]
    return found


def _reading(
    sign: float,
    travels: Sequence[Sequence[Turn]],
    floor_deg: float | None,
    swing: Swing,
    header: Header,
    settings: Settings,
) -> Hypothesis:
    direction = sign * travel_sign(header)
    travel_deg = direction * swing.angle_deg
    found = find_reps(travels, settings, floor_deg, may_walk=swing.may_walk)
    found = _at_its_level(found)
    if header.exercise == "heel_tap" and swing.tilt_deg is not None:
        found = _tipped_alike(found, travel_deg, swing.tilt_deg)
    usual, far = _levels(found.reps)
    resting = usual if floor_deg is None else floor_deg
    # who stops above the floor between repetitions is back where the others end
    ends_deg = max(usual, resting)
    found = _without_leaps(_without_cut_off(found, swing.spells, travel_deg, ends_deg), swing)
    flat = far if header.exercise == "heel_tap" else resting
    leg = _leg_axis(sign, direction * flat, swing.plane, header) if found.reps else None
    return Hypothesis(sign, found, resting, far, leg)


def _floors(
    travels: Sequence[Sequence[Turn]],
    travel_deg: FloatArray,
    rests: Sequence[Rest],
    header: Header,
    settings: Settings,
) -> list[float | None]:
    """Levels that the leg may lie (hang) at between repetitions; None for a set that starts high."""
    if header.start == "high":
        return [None]
    reps = find_reps(travels, settings).reps
    if not reps:
        return [None]
    resting, far = _levels(reps)
    floor = floor_level_deg(reps, travel_deg, rests, resting, far)
    levels: list[float | None] = [floor]
    # who walks to the bar swings the leg on both sides of where it hangs, who lies down bends it before
    rested = usual_level_deg(rests, travel_deg) if rests else float(np.median(travel_deg))
    if abs(rested - floor) > SAME_REST_DEG and rested < far - settings.min_range_deg:
        levels.append(rested)
    return levels


def _at_its_level(found: Segmentation) -> Segmentation:
    """Without excursions that begin or end where the others turn, as the lift into a high start does.

    Nor do those count that turn before where the others begin: who sits up has the shank there.
    """
    if not found.reps:
        return found
    turn = median([rep.far.value for rep in found.reps])
    begin, _ = _levels(found.reps)
    reps = tuple(
        rep for rep in found.reps if max(rep.near.value, rep.back.value) < turn and rep.far.value > begin
    )
    return replace(found, reps=reps)


def _tipped_alike(found: Segmentation, travel_deg: FloatArray, tilt_deg: FloatArray) -> Segmentation:
    """Without heel taps whose pelvis lies otherwise at their ends than at those of the others.

    They belong to the lift into the start, or to the lowering out of it: the shank alone does not tell.
    """
    if not found.reps:
        return found
    tilt = np.array([_tipped_deg(rep, travel_deg, tilt_deg) for rep in found.reps])
    size = np.array([rep.smaller_way_deg for rep in found.reps])
    limit = np.where(size < SMALL_SHARE * np.median(size), SAME_TILT_DEG, SAT_UP_DEG)
    alike = np.abs(tilt - np.median(tilt)).max(axis=1) < limit
    return replace(found, reps=tuple(found.reps[k] for k in np.flatnonzero(alike)))


def _tipped_deg(rep: Excursion, travel_deg: FloatArray, tilt_deg: FloatArray) -> tuple[float, float]:
    """Tilt furthest back around both ends of a repetition; the pelvis follows a moment later."""
    band = LEAVING_SHARE * rep.range_deg
    out = travel_deg[rep.near.tick : rep.far.tick + 1]
    back = travel_deg[rep.far.tick : rep.back.tick + 1]
    leaves = rep.far.tick - int(np.argmax(out[::-1] <= rep.near.value + band))
    enters = rep.far.tick + int(np.argmax(back <= rep.back.value + band))
    before = tilt_deg[max(rep.near.tick, leaves - AROUND_TICKS) : leaves + 1]
    after = tilt_deg[enters : min(rep.back.tick, enters + AROUND_TICKS) + 1]
    return float(before.min()), float(after.min())


def _without_cut_off(
    found: Segmentation, spells: Sequence[slice], travel_deg: FloatArray, resting_deg: float
) -> Segmentation:
    """Without repetitions that the beginning or the end of a spell cuts off in mid-way: they are partials."""
    starts, stops = [spell.start for spell in spells], [spell.stop - 1 for spell in spells]
    cut = []
    for rep in found.reps:
        begun = rep.near.value - resting_deg > BEGUN_SHARE * rep.range_deg and _near_any(
            rep.near.tick, starts
        )
        ended = rep.back.value - resting_deg > CUT_SHARE * max(_ways_deg(rep)) and _near_any(
            rep.back.tick, stops
        )
        cut.append(
            (begun and _moves(travel_deg, rep.near.tick)) or (ended and _moves(travel_deg, rep.back.tick))
        )
    return found.without(cut, "cut_off") if any(cut) else found


def _without_leaps(found: Segmentation, swing: Swing) -> Segmentation:
    """Without repetitions within which the angle leaps: the gyroscope shows next to nothing of half a way.

    The stream lost samples that nobody counted, the strap jumped, or the sensor's first directions were
    wrong.
    """
    unseen = swing.angle_deg - swing.turned_deg
    leaps = [_leap_deg(unseen[rep.ticks]) > LEAPT_SHARE * min(_ways_deg(rep)) for rep in found.reps]
    return found.without(leaps, "cut_off") if any(leaps) else found


def _leap_deg(unseen_deg: FloatArray) -> float:
    """The most by which what the gyroscope did not show changes within `LEAP_S`.

    A rolling foot, a gyroscope that drifts or an axis that is off a little depart too, but slowly.
    """
    ticks = round(LEAP_S * GRID_HZ)
    return float(np.abs(unseen_deg[ticks:] - unseen_deg[:-ticks]).max(initial=0.0))


def _ways_deg(rep: Excursion) -> tuple[float, float]:
    return abs(rep.far.value - rep.near.value), abs(rep.far.value - rep.back.value)


def _near_any(tick: int, ends: Sequence[int]) -> bool:
    return any(abs(tick - end) <= EDGE_TICKS for end in ends)


def _moves(travel_deg: FloatArray, tick: int) -> bool:
    """Whether the leg neither turned nor dwelt within the dwell's time around a tick."""
    around = travel_deg[max(0, tick - DWELL_TICKS) : tick + DWELL_TICKS + 1]
    return float(np.ptp(around)) > DWELL_DEG


def _levels(reps: Sequence[Excursion]) -> tuple[float, float]:
    """Usual travel at the resting and at the far end: medians, each repetition weighted by its size."""
    if not reps:
        return 0.0, 1.0
    size = np.array([rep.range_deg for rep in reps])
    near = np.array([end.value for rep in reps for end in (rep.near, rep.back)])
    far = np.array([rep.far.value for rep in reps])
    return weighted_median(near, np.repeat(size, 2)), weighted_median(far, size)


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """The value with half of the weight below it."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, 0.5 * total[-1])])


def floor_level_deg(
    reps: Sequence[Excursion],
    travel_deg: FloatArray,
    rests: Sequence[Rest],
    resting_deg: float,
    far_deg: float,
) -> float:
    """Travel where the leg lies on the floor (hangs): where it rests, near the resting end.

    The level most rested at before the first repetition; else between them; else the resting end itself.
    """
    at_floor = on_floor(rests, travel_deg, resting_deg, far_deg)
    before = [rest for rest in at_floor if rest.end <= reps[0].far.tick]
    for some in (before, at_floor):
        if some:
            return usual_level_deg(some, travel_deg)
    return resting_deg


def on_floor(rests: Sequence[Rest], travel_deg: FloatArray, resting_deg: float, far_deg: float) -> list[Rest]:
    """Rests that may be on the floor: near the usual resting end, or below it where one stops above it."""
    highest = resting_deg + SAME_LEVEL * (far_deg - resting_deg)
    lowest = resting_deg - BELOW_STOP_DEG
    return [rest for rest in rests if lowest < travel_deg[rest.middle] < highest]


def usual_level_deg(rests: Sequence[Rest], travel_deg: FloatArray) -> float:
    """The level most rested at: a stall on the way up is no floor."""
    levels = np.array([float(np.median(travel_deg[rest.start : rest.end])) for rest in rests])
    ticks = np.array([rest.end - rest.start for rest in rests])
    order = np.argsort(levels)
    below = np.append(0, np.cumsum(ticks[order]))
    first = np.searchsorted(levels, levels - SAME_REST_DEG, "right", sorter=order)
    last = np.searchsorted(levels, levels + SAME_REST_DEG, "left", sorter=order)
    best = levels[np.argmax(below[last] - below[first])]
    same = np.abs(levels - best) < SAME_REST_DEG
    return float(np.average(levels[same], weights=ticks[same]))


def _leg_axis(
    sign: float, resting_angle_deg: float, plane: tuple[FloatArray, FloatArray], header: Header
) -> FloatArray | None:
    """From hip to foot, as up sees it where the leg rests: level lying, straight up held high, down hanging.

    Of a heel tap it is the far end at which the heel is as low as the hip.
    """
    angle = np.radians(resting_angle_deg)
    zero, quarter = plane
    up = np.cos(angle) * zero + np.sin(angle) * quarter
    if header.posture == "hanging":
        return np.asarray(-up)
    if header.start == "high" and header.exercise != "heel_tap":
        return np.asarray(up)
    return np.asarray(sign * (np.cos(angle) * quarter - np.sin(angle) * zero))
