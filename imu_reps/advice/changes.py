"""What changed from visit to visit: only what is more than noise and the scatter around its own course."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.progress import Course, Direction, Progress, Quantity, QuantityChange
from imu_reps.domain.recording import Side
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary

#: Fewer visits tell no course from chance, and so many are the latest ones.
MIN_VISITS = RECENT = 4
#: Of the robust slope's limits.
CONFIDENCE = 0.95
#: What a course must change by, in scatters around it; of four visits alone, which by chance stand in rising
#: order once in twelve times on either side, more (ours: drawn histories without a course, one in twenty).
SCATTERS, SCATTERS_OF_FEW = 2.0, 8.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity of a set, and the smallest change from day to day that these sensors can tell.

    Attributes
    ----------
    minimum : float
        In the quantity's unit. Angles: re-strapping moves trunk IMUs by 5 to 15° between days (MDC90) and
        a phone's straight leg raise by 10°. Share and seconds: chosen, one repetition in five and 0.3 s.
    """

    read: Callable[[Summary], float | None]
    unit: str
    minimum: float


def _clean_share(summary: Summary) -> float | None:
    judged = [rep.clean for rep in summary.reps if rep.clean is not None]
    return sum(judged) / len(judged) if judged else None


def _size(value: float | None) -> float | None:
    return None if value is None else abs(value)


MEASURES: dict[Quantity, Measure] = {
    "clean_share": Measure(_clean_share, "share", 0.2),
    "range_deg": Measure(lambda summary: summary.set.range_deg_mean, "deg", 10.0),
    "eccentric_s": Measure(lambda summary: summary.set.eccentric_s_mean, "s", 0.3),
    "pelvic_tilt_deg": Measure(lambda summary: summary.set.pelvic_tilt_deg_max, "deg", 3.0),
    "pelvic_rotation_deg": Measure(lambda summary: _size(summary.set.pelvic_rotation_deg_max), "deg", 3.0),
    "floor_angle_deg": Measure(lambda summary: summary.set.floor_angle_deg, "deg", 10.0),
}


def progress(sets: Iterable[StoredSet]) -> tuple[Progress, ...]:
    """Sum up how each exercise and side went.

    Parameters
    ----------
    sets : iterable of StoredSet
        Of one person, oldest first.
    """
    groups: dict[tuple[Exercise, Side | None], list[StoredSet]] = {}
    for stored in sets:
        recording = stored.summary.recording
        groups.setdefault((recording.exercise, recording.side), []).append(stored)
    return tuple(_of_group(exercise, side, group) for (exercise, side), group in groups.items())


def _of_group(exercise: Exercise, side: Side | None, group: Sequence[StoredSet]) -> Progress:
    counted = [(stored.summary.set.clean_count, stored) for stored in group]
    judged = [(clean, stored) for clean, stored in counted if clean is not None]
    best_clean, best = max(judged, key=lambda pair: pair[0], default=(None, None))
    return Progress(
        exercise=exercise,
        side=side,
        sets=len(group),
        since=group[0].day,
        best_clean=best_clean,
        best_day=None if best is None else best.day,
        changes=_changes(group),
    )


def _changes(group: Sequence[StoredSet]) -> tuple[QuantityChange, ...]:
    by_day = [[one.summary for one in of_day] for _, of_day in groupby(group, key=attrgetter("day"))]
    changes = (_change(what, measure, by_day) for what, measure in MEASURES.items())
    return tuple(change for change in changes if change is not None)


def _change(what: Quantity, measure: Measure, by_day: Sequence[Sequence[Summary]]) -> QuantityChange | None:
    read = ([value for one in of_day if (value := measure.read(one)) is not None] for of_day in by_day)
    means = np.array([np.mean(values) for values in read if values])
    if len(means) < 2:
        return None
    recent = course(means[-RECENT:], measure.minimum) if len(means) > RECENT else None
    return QuantityChange(what, measure.unit, course(means, measure.minimum), recent)


def course(means: FloatArray, minimum: float) -> Course:
    """How a quantity went.

    Parameters
    ----------
    means : (n,) float
        Its mean at each visit, at least two.
    minimum : float
        The smallest change that the sensors can tell.
    """
    visits, first, last = len(means), float(means[0]), float(means[-1])
    if visits < MIN_VISITS:
        return Course(visits, first, last)
    from scipy.stats import kendalltau, theilslopes

    number = np.arange(visits, dtype=float)
    slope, _, low, high = map(float, theilslopes(means, number, alpha=CONFIDENCE))
    around = means - slope * number
    scatter = float(np.sqrt(((around - np.median(around)) ** 2).sum() / (visits - 2)))
    needed = max(minimum, scatter * (SCATTERS if visits > MIN_VISITS else SCATTERS_OF_FEW))
    beyond_chance = low * high > 0
    if low * high == 0 and slope != 0:  # of tied values a limit often is zero: Kendall's test knows ties
        beyond_chance = bool(kendalltau(number, means).pvalue < 1.0 - CONFIDENCE)
    certain = beyond_chance and abs(slope) * (visits - 1) >= needed and slope * (last - first) > 0
    direction: Direction = "level" if not certain else "more" if slope > 0 else "less"
    return Course(visits, first, last, slope, low, high, scatter, direction)
