"""What changed from earlier sets to the latest: only what is more than noise and the person's own scatter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.progress import Progress, Quantity, QuantityChange
from imu_reps.domain.recording import Side
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary

#: A mean over fewer earlier sets says nothing of the person's usual scatter.
MIN_BEFORE = 3
#: Earlier sets looked at; what is longer ago is another time.
MAX_BEFORE = 8


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
    by_day = [list(of_day) for _, of_day in groupby(group, key=attrgetter("day"))]
    before = [stored.summary for of_day in by_day[:-1] for stored in of_day][-MAX_BEFORE:]
    latest = [stored.summary for stored in by_day[-1]]
    changes = (_change(what, measure, latest, before) for what, measure in MEASURES.items())
    return tuple(change for change in changes if change is not None)


def _change(
    what: Quantity, measure: Measure, latest: Sequence[Summary], before: Sequence[Summary]
) -> QuantityChange | None:
    now, then = (
        np.array([value for summary in some if (value := measure.read(summary)) is not None])
        for some in (latest, before)
    )
    if not len(now) or not len(then):
        return None
    difference = abs(now.mean() - then.mean())
    scatter = then.std(ddof=1) if len(then) >= MIN_BEFORE else np.inf
    certain = bool(difference > max(measure.minimum, 2.0 * scatter))
    return QuantityChange(what, float(now.mean()), float(then.mean()), measure.unit, certain)
