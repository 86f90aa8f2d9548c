"""Changes from visit to visit and since the last session, beyond noise and scatter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np

from imu_reps.advice.next_session import session_key
from imu_reps.domain.exercise import Exercise, Side
from imu_reps.domain.progress import Course, Direction, Progress, Quantity, QuantityChange, SinceLast, Step
from imu_reps.domain.rep import clean_share
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.summary import StoredSet, Summary


@dataclass(frozen=True, slots=True)
class ChangeLimits:
    """When a quantity has changed from visit to visit.

    Attributes
    ----------
    min_visits : int
        Minimum number of visits for a trend, and number of the latest visits.
    confidence : float
        Confidence level of the slope's limits.
    scatters : float
        Minimum change in multiples of the scatter.
    scatters_of_few : float
        The same for the minimum number of visits, which are ordered by chance in one of twelve cases (ours:
        one in twenty simulated histories without a trend is called one).
    """

    min_visits: int = 4
    confidence: float = 0.95
    scatters: float = 2.0
    scatters_of_few: float = 8.0


LIMITS = ChangeLimits()


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity of a set, and the smallest change between days that these sensors resolve.

    Attributes
    ----------
    minimum : float
        In the quantity's unit. Angles: re-strapping moves trunk IMUs by 5 to 15° between days (MDC90) and
        a phone's straight leg raise by 10°. Share and seconds: chosen, one repetition in five and 0.3 s.
    """

    read: Callable[[Summary], float | None]
    unit: str
    minimum: float


def _size(value: float | None) -> float | None:
    return None if value is None else abs(value)


MEASURES: dict[Quantity, Measure] = {
    "clean_share": Measure(lambda summary: clean_share(summary.reps), "share", 0.2),
    "range_deg": Measure(lambda summary: summary.set.range_deg_mean, "deg", 10.0),
    "eccentric_s": Measure(lambda summary: summary.set.eccentric_s_mean, "s", 0.3),
    "pelvic_tilt_deg": Measure(lambda summary: summary.set.pelvic_tilt_deg_max, "deg", 3.0),
    "pelvic_rotation_deg": Measure(lambda summary: _size(summary.set.pelvic_rotation_deg_max), "deg", 3.0),
    "floor_angle_deg": Measure(lambda summary: summary.set.floor_angle_deg, "deg", 10.0),
}


def progress(sets: Iterable[StoredSet]) -> tuple[Progress, ...]:
    """Return the progress of each exercise and side.

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
    recent = course(means[-LIMITS.min_visits :], measure.minimum) if len(means) > LIMITS.min_visits else None
    return QuantityChange(what, measure.unit, course(means, measure.minimum), recent)


def course(means: FloatArray, minimum: float) -> Course:
    """Fit the trend of a quantity.

    Parameters
    ----------
    means : (n,) float
        Mean at each visit, at least two.
    minimum : float
        Smallest change that the sensors resolve.
    """
    visits, first, last = len(means), float(means[0]), float(means[-1])
    if visits < LIMITS.min_visits:
        return Course(visits, first, last)
    from scipy.stats import kendalltau, theilslopes

    number = np.arange(visits, dtype=float)
    slope, _, low, high = map(float, theilslopes(means, number, alpha=LIMITS.confidence))
    around = means - slope * number
    scatter = float(np.sqrt(((around - np.median(around)) ** 2).sum() / (visits - 2)))
    needed = max(
        minimum, scatter * (LIMITS.scatters if visits > LIMITS.min_visits else LIMITS.scatters_of_few)
    )
    beyond_chance = low * high > 0
    if low * high == 0 and slope != 0:  # ties often make a limit zero: Kendall's test handles them
        beyond_chance = bool(kendalltau(number, means).pvalue < 1.0 - LIMITS.confidence)
    certain = beyond_chance and abs(slope) * (visits - 1) >= needed and slope * (last - first) > 0
    direction: Direction = "level" if not certain else "more" if slope > 0 else "less"
    return Course(visits, first, last, slope, low, high, scatter, direction)


def since_last(sets: Sequence[StoredSet]) -> tuple[SinceLast, ...]:
    """Compare the last session with the previous one of the same exercise and side.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one person, oldest first. Exercises without an earlier session are left out.
    """
    if not sets:
        return ()
    last = session_key(sets[-1])
    now = [stored for stored in sets if session_key(stored) == last]
    kinds = dict.fromkeys(_kind(stored) for stored in now)
    found = (_since(kind, sets, [one for one in now if _kind(one) == kind]) for kind in kinds)
    return tuple(one for one in found if one is not None)


def _kind(stored: StoredSet) -> tuple[object, object]:
    recording = stored.summary.recording
    return recording.exercise, recording.side


def _since(
    kind: tuple[object, object], sets: Sequence[StoredSet], now: Sequence[StoredSet]
) -> SinceLast | None:
    earlier = [stored for stored in sets if stored not in now and _kind(stored) == kind]
    visits = [list(of_one) for _, of_one in groupby(earlier, key=session_key)]
    if not visits:
        return None
    steps = (_step(what, measure, visits, now) for what, measure in MEASURES.items())
    recording = now[0].summary.recording
    known_steps = tuple(step for step in steps if step is not None)
    return SinceLast(recording.exercise, recording.side, visits[-1][0].day, known_steps)


def _step(
    what: Quantity,
    measure: Measure,
    visits: Sequence[Sequence[StoredSet]],
    now: Sequence[StoredSet],
) -> Step | None:
    means = [mean for visit in (*visits, now) if (mean := _mean(measure, visit)) is not None]
    before, after = _mean(measure, visits[-1]), _mean(measure, now)
    if before is None or after is None:
        return None
    known = course(np.array(means[:-1]), measure.minimum) if len(means) > LIMITS.min_visits else None
    scatter = 0.0 if known is None or known.scatter is None else known.scatter
    certain = abs(after - before) > max(measure.minimum, LIMITS.scatters * scatter)
    return Step(what, before, after, measure.unit, certain)


def _mean(measure: Measure, visit: Sequence[StoredSet]) -> float | None:
    values = [value for stored in visit if (value := measure.read(stored.summary)) is not None]
    return float(np.mean(values)) if values else None
