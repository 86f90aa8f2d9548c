"""Hypotheses: possible readings of a set's turns, by which way is up and where the leg rests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from imu_reps.analysis.reps.phases import DWELL_DEG, DWELL_TICKS
from imu_reps.analysis.reps.segmentation import (
    ENDED_SHARE,
    Excursion,
    Segmentation,
    Turn,
    above_floor,
    find_reps,
)
from imu_reps.analysis.set.spells import ZERO_S, Rest, first_and_last
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import READY_DEG

#: Levels nearer to each other than this share of the usual range are the same (ours).
SAME_LEVEL = 0.25

#: A way out was begun before its first tick if the leg moves there at this share of the way's mean speed
#: (ours: a smooth lift has 1.3 times it when 15 % of the way are done; one from a swaying hang 0.1).
UNDERWAY_SHARE = 0.3

#: If the angle changes by this share of a way within this time without the gyroscope turning, the way was not
#: seen (ours; 1 s costs one of 830 sets by three authors, the whole way seven).
LEAPT_SHARE = 0.5
LEAP_S = 0.5

#: A turn this near to an end of a spell is that end.
EDGE_TICKS = 3

#: The leg has left its resting end after this share of its way; the pelvis follows within a second.
LEAVING_SHARE = 0.1
AROUND_TICKS = 100

#: With the leg in the same place the pelvis returns to about the same tilt. A swing under `SMALL_SHARE` of
#: the median that is further from it than the first value lies flat, or arches, and so does any swing that
#: is as far and `MANY_SPREADS` times further than swings usually are; one that is further than the second
#: value sits up (ours: in simulated heel taps up to 7 degrees, and up to 15 if the back arches in each). The
#: lift into the start and the lowering out of it differ by `OUTERMOST_TILT_DEG`, twice what sensor and skin
#: may be wrong by.
SAME_TILT_DEG, SAT_UP_DEG, OUTERMOST_TILT_DEG = 9.0, 25.0, 6.0
SMALL_SHARE, MANY_SPREADS = 0.6, 8.0

#: Largest height above the floor at which a person stops between repetitions because the back lets go (ours;
#: a shank with the knee bent lies lower, by about 48).
BELOW_STOP_DEG = 30.0

#: A way that begins or ends this far below the floor, as a share of its height above it and in degrees, and
#: does not stop at the floor, passes through it (ours: heels lowered over the edge of a bed reach 0.45,
#: bicycle kicks and feet that roll at rest 0.8 to 1.3; a strap that slips moves the floor by 10 degrees).
THROUGH_SHARE, THROUGH_DEG = 0.6, 12.0

#: Rests this near to each other are at the same level, degrees (ours).
SAME_REST_DEG = 3.0

#: A rest on the floor that is lower than a later one by more than this is that of a bent knee (ours: a foot
#: that is turned straight before the first lift changes its level by up to 14 degrees).
KNEE_BENT_DEG = 15.0


@dataclass(frozen=True, slots=True)
class Swing:
    """The leg's motion about one axis.

    Attributes
    ----------
    axis : (3,) float
        The axis in sensor axes; a right-handed turn of the leg about it increases the angle.
    plane : pair of (3,) float
        Up in sensor axes at the angles 0 and 90 degrees.
    angle_deg : (n,) float
        The angle, low-passed, holes bridged.
    unturned_deg : (n,) float
        The angle minus the gyroscope's turning about the axis, accumulated up to each instant.
    spells : tuple of slice
        Stretches in the posture.
    turns : sequence of sequence of Turn
        Turns of the angle, for each spell.
    rests : mapping of Rest to float
        Rests of the leg within the spells, in order, with the median angle over each.
    tilt_deg : (n,) float or None
        Pelvic tilt; None if not known.
    may_walk : (n,) bool or None
        When the person may be walking; None for never.
    """

    axis: FloatArray
    plane: tuple[FloatArray, FloatArray]
    angle_deg: FloatArray
    unturned_deg: FloatArray
    spells: tuple[slice, ...]
    turns: Sequence[Sequence[Turn]]
    rests: Mapping[Rest, float]
    tilt_deg: FloatArray | None
    may_walk: BoolArray | None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of a set.

    Attributes
    ----------
    sign : float
        +1 if the angle grows upwards, -1 if downwards.
    segmentation : Segmentation
        Repetitions, in travel and ticks of the motion.
    resting_deg : float
        Travel at the resting end.
    far_deg : float
        Travel at the far end.
    leg_axis : (3,) float or None
        Unit vector from the hip to the foot in sensor axes that this reading implies; None if it implies
        none.
    """

    sign: float
    segmentation: Segmentation
    resting_deg: float
    far_deg: float
    leg_axis: FloatArray | None

    def level_deg(self, share: float) -> float:
        """Return the travel at a share of the way from the resting to the far end."""
        return self.resting_deg + share * (self.far_deg - self.resting_deg)


def readings(swing: Swing, header: Header, settings: Settings) -> list[Hypothesis]:
    """Return the readings of a swing: either sign of its angle, with every level the leg may rest at."""
    found: list[Hypothesis] = []
    for sign in (1.0, -1.0):
        direction = sign * header.travel_sign
        travels = [[Turn(turn.tick, direction * turn.value) for turn in spell] for spell in swing.turns]
        anywhere = find_reps(travels, settings)
        for floor_deg in _floors(anywhere, direction, swing, header, settings):
            above = above_floor(travels, floor_deg, swing.may_walk)
            segmentation = anywhere if above == travels else find_reps(above, settings)
            found.append(_reading(sign, segmentation, floor_deg, swing, header))
    return found


def _reading(
    sign: float, found: Segmentation, floor_deg: float | None, swing: Swing, header: Header
) -> Hypothesis:
    direction = sign * header.travel_sign
    travel_deg = direction * swing.angle_deg
    found = _at_its_level(found)
    found = _tipped_alike(found, travel_deg, swing, header)
    usual, far = _levels(found.reps)
    resting = usual if floor_deg is None else floor_deg
    # a person who stops above the floor between repetitions is back at the level where the others end
    ends_deg = max(usual, resting)
    found = _without_cut_off(found, swing.spells, travel_deg, ends_deg)
    found = _without_leaps(found, swing, travel_deg, resting)
    if floor_deg is not None and header.posture == "supine":
        found = _without_through_floor(found, travel_deg, floor_deg)
    flat = far if header.exercise == "heel_tap" else resting
    leg = _leg_axis(sign, direction * flat, swing.plane, header) if found.reps else None
    return Hypothesis(sign, found, resting, far, leg)


def _floors(
    found: Segmentation, direction: float, swing: Swing, header: Header, settings: Settings
) -> list[float | None]:
    """Return the levels that the leg may lie (hang) at between repetitions; [None] for a high start.

    Sitting up bends the knee and swings the shank so far below the floor that small raises do not count next
    to it; hence without repetitions the level of the rests is tried.
    """
    if header.start == "high":
        return [None]
    if not found.reps:
        return [direction * usual_level_deg(swing.rests)] if swing.rests else [None]
    resting, far = _levels(found.reps)
    floor = floor_level_deg(found.reps, direction, swing, resting, far)
    # walking to the bar swings the leg to both sides of where it hangs, lying down bends it before
    rested = direction * (usual_level_deg(swing.rests) if swing.rests else float(np.median(swing.angle_deg)))
    levels: list[float | None] = [floor]
    # most swings may be steps, or knees drawn to the chest, whose far end is the level of the rests
    highest = max(rep.far.value for rep in found.reps) - settings.min_range_deg
    hovers = 0.0 < rested - floor < BELOW_STOP_DEG and _lies_around(found.reps, direction * floor, swing)
    if abs(rested - floor) > SAME_REST_DEG and rested < highest and not hovers:
        levels.append(rested)
    # who rests with the knees bent for longer than flat lifts the leg from where it lies flat
    lifted = _lifted_from(found.reps, swing)
    flat = direction * usual_level_deg(lifted) if lifted else floor
    if min(floor, rested) + KNEE_BENT_DEG < flat < highest:
        levels.append(flat)
    return levels


def _lies_around(reps: Sequence[Excursion], level_deg: float, swing: Swing) -> bool:
    """Return whether the leg rests at an angle both before the repetitions and after them."""
    lies = [rest for rest, level in swing.rests.items() if abs(level - level_deg) < SAME_REST_DEG]
    return bool(lies) and lies[0].end <= reps[0].far.tick and lies[-1].start >= reps[-1].far.tick


def _lifted_from(reps: Sequence[Excursion], swing: Swing) -> dict[Rest, float]:
    """Return the last rest on each way out, from which the leg was lifted."""
    found = [[rest for rest in swing.rests if rep.near.tick < rest.end <= rep.far.tick] for rep in reps]
    return {rests[-1]: swing.rests[rests[-1]] for rests in found if rests}


def _at_its_level(found: Segmentation) -> Segmentation:
    """Drop excursions that begin or end where the others turn, as the lift into a high start does.

    Also drop those that turn short of where the others begin, as the shank does while sitting up.
    """
    if not found.reps:
        return found
    turn = median([rep.far.value for rep in found.reps])
    begin, _ = _levels(found.reps)
    reps = tuple(
        rep for rep in found.reps if max(rep.near.value, rep.back.value) < turn and rep.far.value > begin
    )
    return replace(found, reps=reps)


def tipped_alike(hypothesis: Hypothesis, swing: Swing, header: Header) -> Hypothesis:
    """Return the hypothesis without heel taps at whose ends the pelvis is tipped unlike at the others'."""
    travel_deg = hypothesis.sign * header.travel_sign * swing.angle_deg
    return replace(hypothesis, segmentation=_tipped_alike(hypothesis.segmentation, travel_deg, swing, header))


def _tipped_alike(found: Segmentation, travel_deg: FloatArray, swing: Swing, header: Header) -> Segmentation:
    """Drop heel taps at whose ends the pelvis is tipped differently from the others.

    They belong to the lift into the start or the lowering out of it, which the shank alone does not show.
    """
    if header.exercise != "heel_tap" or swing.tilt_deg is None or not found.reps:
        return found
    tilt = np.array([_tipped_deg(rep, travel_deg, swing.tilt_deg) for rep in found.reps])
    size = np.array([rep.smaller_way_deg for rep in found.reps])
    off = np.abs(tilt - np.median(tilt)).max(axis=1)
    first, last = first_and_last([rep.far.tick for rep in found.reps], swing.spells)
    same_deg = np.where(first | last, OUTERMOST_TILT_DEG, SAME_TILT_DEG)
    large = np.clip(MANY_SPREADS * np.median(off), same_deg, SAT_UP_DEG)
    limit = np.where(size < SMALL_SHARE * np.median(size), SAME_TILT_DEG, large)
    alike = off < limit
    return replace(found, reps=tuple(found.reps[k] for k in np.flatnonzero(alike)))


def _tipped_deg(rep: Excursion, travel_deg: FloatArray, tilt_deg: FloatArray) -> tuple[float, float]:
    """Return the most posterior tilt around each end of a repetition; the pelvis lags behind the leg."""
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
    """Move repetitions that the start or end of a spell cuts off to the partials."""
    starts, stops = [spell.start for spell in spells], [spell.stop - 1 for spell in spells]
    cut = []
    for rep in found.reps:
        away_deg = ENDED_SHARE * max(rep.range_deg, abs(rep.far.value - rep.near.value))
        begun = rep.near.value - resting_deg > away_deg and _near_any(rep.near.tick, starts)
        ended = rep.back.value - resting_deg > away_deg and _near_any(rep.back.tick, stops)
        cut.append((begun and _is_underway(travel_deg, rep)) or (ended and _moves(travel_deg, rep.back.tick)))
    return found.without(cut, "cut_off") if any(cut) else found


def _without_through_floor(found: Segmentation, travel_deg: FloatArray, floor_deg: float) -> Segmentation:
    """Drop swings that pass through the floor on both ways, and those next to them that do so on one way.

    A leg cannot: a knee that bends can, as in bicycle kicks, and a foot that rolls about where it rests.
    """
    ways = [(_way(rep.near, rep.far), _way(rep.far, rep.back)) for rep in found.reps]
    passes = [[_passes(travel_deg[way] - floor_deg) for way in both] for both in ways]
    through = np.array(passes, bool).reshape(-1, 2)
    gone = through[:, 0] & through[:, 1]
    if not gone.any():
        return found
    joined = np.array([after.near.tick == rep.back.tick for rep, after in pairwise(found.reps)], bool)
    before = np.append(False, gone[:-1] & joined) & through[:, 0]
    after = np.append(gone[1:] & joined, False) & through[:, 1]
    return found.without((gone | before | after).tolist(), "not_carried_round_hip")


def _way(start: Turn, end: Turn) -> slice:
    return slice(start.tick, end.tick + 1)


def _passes(height_deg: FloatArray) -> bool:
    """Whether a way comes from (goes) as far below the floor as above it, without a dwell at the floor."""
    deep = max(THROUGH_SHARE * float(height_deg.max()), THROUGH_DEG)
    at_floor = np.abs(height_deg) < 0.5 * deep
    moved = np.abs(height_deg[DWELL_TICKS:] - height_deg[:-DWELL_TICKS])
    dwells = at_floor[DWELL_TICKS:] & (moved < DWELL_DEG)
    return bool(height_deg.min() < -deep and not dwells.any())


def _without_leaps(
    found: Segmentation, swing: Swing, travel_deg: FloatArray, resting_deg: float
) -> Segmentation:
    """Move repetitions in which the angle leaps, by half a way that the gyroscope does not show, to partials.

    Samples were lost uncounted, the strap jumped, or the sensor's first directions were wrong. What the leg
    did before it rested last does not matter: whoever lies down may roll, and draw up the knees. Where the
    angle leaps both out and back, nothing was raised: a foot rolled until gravity did not show the angle.
    """
    if not found.reps:
        return found
    leaps, nothing = zip(*(_leaps(rep, swing, travel_deg, resting_deg) for rep in found.reps), strict=True)
    moved = replace(found, reps=tuple(rep for rep, none in zip(found.reps, nothing, strict=True) if not none))
    cut = [leap for leap, none in zip(leaps, nothing, strict=True) if not none]
    return moved.without(cut, "cut_off") if any(cut) else moved


def _leaps(rep: Excursion, swing: Swing, travel_deg: FloatArray, resting_deg: float) -> tuple[bool, bool]:
    """Return whether the angle leaps while the leg is lifted, and whether it does both out and back."""
    resting = travel_deg[rep.ticks] < resting_deg + LEAVING_SHARE * (rep.far.value - resting_deg)
    at_rest, far = np.flatnonzero(resting), rep.far.tick - rep.near.tick
    start, end = at_rest[at_rest < far].max(initial=0), at_rest[at_rest > far].min(initial=len(resting))
    unturned, limit_deg = swing.unturned_deg[rep.ticks], LEAPT_SHARE * rep.smaller_way_deg
    ways = (unturned[start : far + 1], unturned[far:end])
    both = all(_leap_deg(way) > limit_deg for way in ways)
    return _leap_deg(unturned[start:end]) > limit_deg, both


def _leap_deg(unseen_deg: FloatArray) -> float:
    """Return the greatest change within `LEAP_S` of the angle that the gyroscope did not show.

    A rolling foot, a gyroscope's drift or a slightly wrong axis change it too, but slowly.
    """
    window = round(LEAP_S * GRID_HZ) + 1
    greatest, least = maximum_filter1d(unseen_deg, window), minimum_filter1d(unseen_deg, window)
    return float((greatest - least).max(initial=0.0))


def _near_any(tick: int, ends: Sequence[int]) -> bool:
    return any(abs(tick - end) <= EDGE_TICKS for end in ends)


def _is_underway(travel_deg: FloatArray, rep: Excursion) -> bool:
    """Whether the leg moves at the first tick of a way out already; one lifted from rest is slow at first."""
    start, ticks = rep.near.tick, rep.far.tick - rep.near.tick
    moved_deg = float(np.ptp(travel_deg[start : start + EDGE_TICKS + 1]))
    return moved_deg / EDGE_TICKS > UNDERWAY_SHARE * (rep.far.value - rep.near.value) / ticks


def _moves(travel_deg: FloatArray, tick: int) -> bool:
    """Whether the leg moves on around a tick, without a dwell or a turn; a running set ends at either."""
    around = travel_deg[max(0, tick - DWELL_TICKS) : tick + DWELL_TICKS + 1]
    return float(np.ptp(around)) > DWELL_DEG


def _levels(reps: Sequence[Excursion]) -> tuple[float, float]:
    """Return the usual travel at the resting and at the far end: medians weighted by range."""
    if not reps:
        return 0.0, 1.0
    size = np.array([rep.range_deg for rep in reps])
    near = np.array([end.value for rep in reps for end in (rep.near, rep.back)])
    far = np.array([rep.far.value for rep in reps])
    return weighted_median(near, np.repeat(size, 2)), weighted_median(far, size)


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """Return the value with half of the weight below it."""
    order = values.argsort()
    total = weights[order].cumsum()
    return float(values[order[total.searchsorted(0.5 * total[-1])]])


def floor_level_deg(
    reps: Sequence[Excursion], direction: float, swing: Swing, resting_deg: float, far_deg: float
) -> float:
    """Return the travel at which the leg lies on the floor (hangs), from its rests near the resting end.

    The level of the longest rest before the first repetition, else of any; else the resting end itself.
    """
    at_floor = on_floor(swing, direction, resting_deg, far_deg)
    return direction * usual_level_deg(before_first(at_floor, reps, direction)) if at_floor else resting_deg


def rests_before(rests: Mapping[Rest, float], reps: Sequence[Excursion]) -> dict[Rest, float]:
    """Return the rests before the far end of the first repetition; none without one."""
    return {rest: level for rest, level in rests.items() if reps and rest.end <= reps[0].far.tick}


def before_first(
    rests: Mapping[Rest, float], reps: Sequence[Excursion], direction: float
) -> Mapping[Rest, float]:
    """Return the rests on the floor before the first repetition, else all of them.

    Where the leg rests after the last one too, else between them, if anywhere: a stop on the first way up is
    no floor, nor is where it is held above it. Else not those that are lower than the last one of a second
    by more than a rolling foot explains: whoever sits or bends the knees has the foot on the floor, but the
    shank is not level.
    """
    before = rests_before(rests, reps)
    later = {rest: level for rest, level in rests.items() if rest not in before}
    after = [level for rest, level in later.items() if rest.start >= reps[-1].far.tick] if reps else []
    for others in (after[-1:], later.values()):
        again = {rest: level for rest, level in before.items() if _is_near(level, others)}
        if again:
            return again
    long_enough = [level for rest, level in before.items() if rest.duration_s >= ZERO_S]
    lowest = direction * long_enough[-1] - KNEE_BENT_DEG if long_enough else -np.inf
    return {rest: level for rest, level in before.items() if direction * level > lowest} or rests


def _is_near(level_deg: float, others_deg: Iterable[float]) -> bool:
    return any(abs(level_deg - other) < SAME_REST_DEG for other in others_deg)


def on_floor(swing: Swing, direction: float, resting_deg: float, far_deg: float) -> dict[Rest, float]:
    """Return the rests that may be on the floor: near the usual resting end, or a stop's height below it.

    Not while the trunk still sinks, as it does when a person lies down with the feet on the floor.
    """
    highest = resting_deg + SAME_LEVEL * (far_deg - resting_deg)
    lowest = resting_deg - BELOW_STOP_DEG
    angle, tilt = swing.angle_deg, swing.tilt_deg
    return {
        rest: level
        for rest, level in swing.rests.items()
        if lowest < direction * angle[rest.middle] < highest
        and (tilt is None or abs(tilt[rest.start]) < READY_DEG)
    }


def usual_level_deg(rests: Mapping[Rest, float]) -> float:
    """Return the angle at which the leg rested longest in total: a stall on the way up is no floor."""
    levels, ticks = np.array(list(rests.values())), np.array([rest.end - rest.start for rest in rests])
    order = levels.argsort()
    below = np.append(0, ticks[order].cumsum())
    ordered = levels[order]
    first = ordered.searchsorted(levels - SAME_REST_DEG, "right")
    last = ordered.searchsorted(levels + SAME_REST_DEG, "left")
    best = levels[(below[last] - below[first]).argmax()]
    same = np.abs(levels - best) < SAME_REST_DEG
    return float((levels[same] * ticks[same]).sum() / ticks[same].sum())


def _leg_axis(
    sign: float, resting_angle_deg: float, plane: tuple[FloatArray, FloatArray], header: Header
) -> FloatArray | None:
    """Return the direction from hip to foot, by up at rest: level lying, up in a high start, down hanging.

    For heel taps the leg is level at the far end, where the heel is as low as the hip.
    """
    angle = np.radians(resting_angle_deg)
    zero, quarter = plane
    up = np.cos(angle) * zero + np.sin(angle) * quarter
    if header.posture == "hanging":
        return np.asarray(-up)
    if header.start == "high" and header.exercise != "heel_tap":
        return np.asarray(up)
    return np.asarray(sign * (np.cos(angle) * quarter - np.sin(angle) * zero))
