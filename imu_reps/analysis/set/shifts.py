"""A sensor that shifts on its belt or strap in the middle of a set, and stays so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import angle_between_deg, unit

#: A pelvis that lies otherwise by less may be the person's, and costs a tilt less than that (ours).
SHIFTED_DEG = 5.0

#: By so many times what they scatter by in that direction the resting ends before and after must differ. An
#: arch scatters in tilt, from one repetition to the next; a shift does not (ours).
SHIFTED_SDS = 6.0

#: Nobody lies alike more closely than this.
MIN_SCATTER_DEG = 0.5

#: Directions that are all within so much of each other, as a chord, cannot be further apart by their medians.
ALL_ALIKE = 0.9 * np.radians(SHIFTED_DEG)

#: So many resting ends before it and after it must agree.
MIN_ENDS = 3

#: In a long set so many places are tried first, then those around the best one.
MAX_CUTS = 64

#: What the pelvis does so near to a resting end of the leg is rest.
END_TICKS = int(0.2 * GRID_HZ)

#: A sensor shifts within 0.3 s, of which these ticks are half (ours).
SHIFTING_TICKS = int(0.15 * GRID_HZ)


@dataclass(frozen=True, slots=True)
class Shift:
    """The pelvis sensor shifted: at which tick, when on the recording's `time_s`, by how much in degrees."""

    tick: int
    time_s: float
    by_deg: float


def find_shift(up: FloatArray, reps: Sequence[Excursion]) -> tuple[int, float] | None:
    """The tick at which a pelvis sensor shifted for good, and by how much; None where it stayed.

    Parameters
    ----------
    up : (n, 3) float
        In sensor axes, holes bridged.
    reps : sequence of Excursion
        Of one spell, in order: with the leg at its resting end the pelvis lies alike.
    """
    ticks = resting_ends(reps)
    resting_up = up_around(up, ticks)
    found = resting_change(resting_up)
    if found is None:
        return None
    cut, by_deg = found
    return changed_at(up, resting_up, cut, slice(ticks[cut - 1], ticks[cut])), by_deg


def changed_at(up: FloatArray, resting_up: FloatArray, cut: int, within: slice) -> int:
    """The tick at which up changes most the way that directions (k, 3) differ from `cut` on."""
    changed = np.median(resting_up[cut:], axis=0) - np.median(resting_up[:cut], axis=0)
    inside = np.arange(within.start, within.stop)
    later, earlier = np.minimum(inside + SHIFTING_TICKS, len(up) - 1), np.maximum(inside - SHIFTING_TICKS, 0)
    return int(inside[np.argmax((up[later] - up[earlier]) @ changed)])


def resting_ends(reps: Sequence[Excursion]) -> list[int]:
    """Ticks at which the leg is at its resting end, before each repetition and after the last."""
    return [*(rep.near.tick for rep in reps), *(rep.back.tick for rep in reps[-1:])]


def up_around(up: FloatArray, ticks: Sequence[int]) -> FloatArray:
    """Mean direction of up around some ticks, (k, 3)."""
    around = (up[max(0, tick - END_TICKS) : tick + END_TICKS + 1] for tick in ticks)
    return np.array([unit(piece.mean(axis=0)) for piece in around]).reshape(-1, 3)


def resting_change(resting_up: FloatArray) -> tuple[int, float] | None:
    """From which one on some directions (k, 3) differ for good, and by how much; None if none does."""
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
    return float(angle_between_deg(unit(np.median(before, axis=0)), unit(np.median(after, axis=0))))


def _distance(before: FloatArray, after: FloatArray) -> float:
    """How far two groups of directions are apart, in standard deviations within them, each way its own."""
    within = np.concatenate([group - np.median(group, axis=0) for group in (before, after)])
    least = np.radians(MIN_SCATTER_DEG) ** 2 * np.eye(3)
    scatter = within.T @ within / (len(within) - 2) + least
    away = np.median(after, axis=0) - np.median(before, axis=0)
    return float(np.sqrt(away @ np.linalg.solve(scatter, away)))
