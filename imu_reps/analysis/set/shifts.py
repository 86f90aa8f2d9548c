"""Permanent shifts of a sensor on its belt or strap during a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.spells import Rest
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import angle_between_deg, row_angles_deg, unit
from imu_reps.kinematics.robust import medians, quantiles

#: Smallest shift: the pelvis itself may move by less, and tilt errors below it are tolerated (ours).
SHIFTED_DEG = 5.0

#: Smallest difference of the resting ends before and after a shift, in standard deviations along it. An arch
#: scatters in tilt from one repetition to the next; a shift does not (ours).
SHIFTED_SDS = 6.0

#: Smallest scatter assumed of a resting pelvis.
MIN_SCATTER_DEG = 0.5

#: If all directions lie within this chord of each other, their medians cannot differ by `SHIFTED_DEG`.
ALL_ALIKE = 0.9 * np.radians(SHIFTED_DEG)

#: Fewest resting ends before and after a shift.
MIN_ENDS = 3

#: Largest movement of a leg that stays at its resting end while the belt is pulled (ours).
RESTING_LEG_DEG = 15.0

#: Least step between rests around a movement of the leg; cosine of its direction to that of an arch (30
#: degrees); and the turn within twice the time that no arch makes, 100 deg/s (ours: backs that a physics
#: engine arches by 14 to 29 degrees, and that stay so, take half a second).
NO_ARCH_DEG, ARCH_SHARE = 12.0, 0.87
QUICK_DEG, QUICK_TICKS = 6.0, 3

#: A belt that slips makes at least this share of its turn within this time. It turns by more than this
#: multiple of what is usually left from one resting end to the next, and of what a pelvis usually turns in
#: that time (ours: of 327 sets by four authors none seems to slip that does not; two if it may be as slow).
SLIP_SHARE, SLIP_TICKS, TIMES_USUAL, TIMES_QUICKER = 0.6, int(0.5 * GRID_HZ), 4.0, 1.5

#: Median share of a step that the later rests keep, and that the earlier ones lack, if it stays (ours).
STAYS_SHARE = 0.6

#: A pelvis this near to an earlier rest has gone back to it, as after an arch (ours).
RETURNED_DEG = 3.0

#: Number of places tried first in a long set; then those around the best one.
MAX_CUTS = 64

#: Ticks before and after a resting end of the leg over which the pelvis is taken to rest.
END_TICKS = int(0.2 * GRID_HZ)

#: Half of the time that a shift takes, 0.3 s (ours).
SHIFTING_TICKS = int(0.15 * GRID_HZ)


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of the pelvis sensor: its tick, its time on the recording's `time_s`, and its angle."""

    tick: int
    time_s: float
    by_deg: float


def find_shift(up: FloatArray, reps: Sequence[Excursion]) -> tuple[int, float] | None:
    """Return the tick and angle, degrees, of a permanent shift of the pelvis sensor; None without one.

    Parameters
    ----------
    up : (n, 3) float
        Up in sensor axes, holes bridged.
    reps : sequence of Excursion
        Repetitions of one spell, in order; at their resting ends the pelvis is assumed to lie in one
        position.
    """
    ticks = resting_ends(reps)
    resting_up = up_around(up, ticks)
    found = resting_change(resting_up)
    if found is None:
        return None
    cut, by_deg = found
    return changed_at(up, resting_up, cut, slice(ticks[cut - 1], ticks[cut])), by_deg


def find_step(
    up: FloatArray,
    rests: Sequence[Rest],
    elevation_deg: FloatArray,
    reps: Sequence[Excursion],
    cranial: FloatArray,
) -> tuple[int, float] | None:
    """Return the tick and angle, degrees, of a step of the pelvis's direction between reps, or None.

    The leg rests meanwhile: a belt was pulled to another place, or the body moved. While the leg moves a back
    may arch, and stay so, but neither sideways nor quickly. An arch that comes and goes is no step.

    Parameters
    ----------
    up : (n, 3) float
        Up in pelvis sensor axes, holes bridged.
    rests : sequence of Rest
        Rests of the pelvis while the leg is at its resting end, in order.
    elevation_deg : (n,) float
        Leg elevation, holes bridged.
    reps : sequence of Excursion
        Repetitions of one spell, in order.
    cranial : (3,) float
        Axis of the pelvis sensor towards the head.
    """
    if len(reps) < 2 or not rests:
        return None
    directions = np.array([unit(up[rest.start : rest.end].mean(axis=0)) for rest in rests])
    steps = row_angles_deg(directions[:-1], directions[1:])
    for k in (np.flatnonzero(steps >= SHIFTED_DEG) + 1).tolist():
        before, after = rests[k - 1], rests[k]
        if after.start <= reps[0].far.tick or before.end >= reps[-1].far.tick:
            continue
        # a rest begins half a second before it is known, which may be before the one before has ended
        first, last = sorted((before.end, after.start))
        by_deg = _away_deg(directions[:k], directions[k:])
        changed = directions[k] - directions[k - 1]
        within = slice(before.end, max(after.start, before.end + 1))
        tick = changed_at(up, directions[k - 1 : k + 1], 1, within)
        if np.ptp(elevation_deg[first : last + 1]) > RESTING_LEG_DEG and (
            by_deg < NO_ARCH_DEG or (_arches(changed, cranial) and not _is_quick(up, tick))
        ):
            continue
        new = bool(angle_between_deg(directions[:k], directions[k]).min() > RETURNED_DEG)
        if _stays(directions, k) and new and len(directions[k:]) > 1 and by_deg >= SHIFTED_DEG:
            return tick, by_deg
    return None


def find_slip(
    up: FloatArray, gyr_dps: FloatArray, reps: Sequence[Excursion], cranial: FloatArray
) -> tuple[int, float] | None:
    """Return the tick and angle, degrees, of a quick turn of the pelvis sensor that stays; None without one.

    From one resting end of the leg to the next the gyroscope shows by how much the sensor turned, about
    gravity too. A pelvis that rolls goes back with the leg, or turns slowly, and a back that arches, or goes
    back to the floor, tips it. Whoever lies down before the first repetition moves as well.

    Parameters
    ----------
    up, gyr_dps : (n, 3) float
        Up and angular rate in sensor axes, holes bridged.
    reps : sequence of Excursion
        Repetitions of one spell, in order.
    cranial : (3,) float
        Axis of the pelvis sensor towards the head.
    """
    ends = resting_ends(reps)
    if len(ends) < 2 or len(up) <= SLIP_TICKS:
        return None
    turned_deg = np.cumsum(gyr_dps, axis=0) / GRID_HZ  # turns are small, or about one axis
    at_ends = turned_deg[ends]
    steps = np.diff(at_ends, axis=0)
    sizes = np.linalg.norm(steps, axis=1)
    least_deg = max(SHIFTED_DEG, TIMES_USUAL * quantiles(sizes, 0.25)[0])
    within_deg = np.linalg.norm(turned_deg[SLIP_TICKS:] - turned_deg[:-SLIP_TICKS], axis=1)
    quickest_deg = np.maximum.reduceat(within_deg, np.minimum(ends[:-1], len(within_deg) - 1))
    least_quick_deg = TIMES_QUICKER * quantiles(quickest_deg, 0.5)[0]
    for k in np.flatnonzero((sizes > least_deg) & (quickest_deg > least_quick_deg)).tolist():
        within = turned_deg[ends[k] : ends[k + 1] + 1] @ steps[k] / sizes[k] ** 2
        quick = within[SLIP_TICKS:] - within[:-SLIP_TICKS]
        if not _stays(at_ends, k + 1) or not len(quick) or quick.max() < SLIP_SHARE:
            continue
        tick = ends[k] + int(quick.argmax()) + SLIP_TICKS // 2
        if tick < reps[0].far.tick:
            continue
        tipped_deg = abs(float(np.cross(up[ends[k]], steps[k]) @ cranial))
        if tipped_deg < ARCH_SHARE * sizes[k] or _is_quick(up, tick):
            return tick, float(sizes[k])
    return None


def _stays(places: FloatArray, at: int) -> bool:
    """Return whether most of the step to a place, of (k, 3) in order, stays in the later ones alone."""
    step = places[at] - places[at - 1]
    share = (places - places[at - 1]) @ step / (step @ step)
    return bool(np.median(share[:at]) < 1.0 - STAYS_SHARE and np.median(share[at:]) > STAYS_SHARE)


def _arches(changed: FloatArray, cranial: FloatArray) -> bool:
    """Return whether a change of up is that of a pelvis that tips forward, as a back does that arches."""
    return float(changed @ cranial) > ARCH_SHARE * float(np.linalg.norm(changed))


def _is_quick(up: FloatArray, tick: int) -> bool:
    """Return whether a sensor turns more quickly around a tick than a pelvis does."""
    around = up[max(0, tick - QUICK_TICKS)], up[min(tick + QUICK_TICKS, len(up) - 1)]
    return float(angle_between_deg(around[0][None], around[1])[0]) > QUICK_DEG


def changed_at(up: FloatArray, resting_up: FloatArray, cut: int, within: slice) -> int:
    """Return the tick at which up changes most in the way that directions (k, 3) differ from `cut` on."""
    changed = medians(resting_up[cut:]) - medians(resting_up[:cut])
    inside = np.arange(within.start, within.stop)
    later, earlier = np.minimum(inside + SHIFTING_TICKS, len(up) - 1), np.maximum(inside - SHIFTING_TICKS, 0)
    return int(inside[np.argmax((up[later] - up[earlier]) @ changed)])


def resting_ends(reps: Sequence[Excursion]) -> list[int]:
    """Return the ticks at which the leg is at its resting end, before each repetition and after the last."""
    return [*(rep.near.tick for rep in reps), *(rep.back.tick for rep in reps[-1:])]


def up_around(up: FloatArray, ticks: Sequence[int]) -> FloatArray:
    """Return the mean direction of up around each tick, (k, 3)."""
    around = (up[max(0, tick - END_TICKS) : tick + END_TICKS + 1] for tick in ticks)
    return np.array([unit(piece.sum(axis=0) / len(piece)) for piece in around]).reshape(-1, 3)


def resting_change(resting_up: FloatArray) -> tuple[int, float] | None:
    """Return the index from which directions (k, 3) differ permanently, and the angle; None if none do."""
    if len(resting_up) < 2 * MIN_ENDS or np.linalg.norm(np.ptp(resting_up, axis=0)) < ALL_ALIKE:
        return None
    last, coarse = len(resting_up) - MIN_ENDS, max(1, len(resting_up) // MAX_CUTS)
    distance, cut = _furthest(resting_up, range(MIN_ENDS, last + 1, coarse))
    if coarse > 1:
        distance, cut = _furthest(resting_up, range(max(MIN_ENDS, cut - coarse), min(cut + coarse, last) + 1))
    by_deg = _away_deg(resting_up[:cut], resting_up[cut:])
    return (cut, by_deg) if by_deg >= SHIFTED_DEG and distance >= SHIFTED_SDS else None


def _furthest(resting_up: FloatArray, cuts: range) -> tuple[float, int]:
    return max((_distance(resting_up[:k], resting_up[k:]), k) for k in cuts)


def _away_deg(before: FloatArray, after: FloatArray) -> float:
    return float(angle_between_deg(unit(medians(before)), unit(medians(after))))


def _distance(before: FloatArray, after: FloatArray) -> float:
    """Return the Mahalanobis distance between the medians of two groups of directions, by their scatter."""
    usual_before, usual_after = medians(before), medians(after)
    within = np.concatenate([before - usual_before, after - usual_after])
    least = np.radians(MIN_SCATTER_DEG) ** 2 * np.eye(3)
    scatter = within.T @ within / (len(within) - 2) + least
    away = usual_after - usual_before
    return float(np.sqrt(away @ np.linalg.solve(scatter, away)))
