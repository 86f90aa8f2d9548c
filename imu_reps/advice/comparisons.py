"""Changes of an exercise over time and since the last session, and differences between the sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np

from imu_reps.advice.next_session import session_key
from imu_reps.domain.exercise import HOLDS, Exercise, Side
from imu_reps.domain.progress import (
    Course,
    Direction,
    Progress,
    Quantity,
    QuantityChange,
    SideComparison,
    SideDifference,
    SideQuantity,
    SideVerdict,
    SinceLast,
    Step,
)
from imu_reps.domain.rep import Rep, clean_share
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.summary import StoredSet, Summary

#: Exercise and side.
Kind = tuple[Exercise, Side | None]


@dataclass(frozen=True, slots=True)
class ChangeLimits:
    """When a quantity has changed from visit to visit."""

    #: Minimum number of visits for a trend, and number of the latest visits.
    min_visits: int = 4
    #: Confidence level of the slope's limits.
    confidence: float = 0.95
    #: Minimum change in multiples of the scatter.
    scatters: float = 2.0
    #: The same for the minimum number of visits, which are ordered by chance in one of twelve cases (ours:
    #: one in twenty simulated histories without a trend is called one).
    scatters_of_few: float = 8.0


CHANGE_LIMITS = ChangeLimits()


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
    groups: dict[Kind, list[StoredSet]] = {}
    for stored in sets:
        groups.setdefault(_kind(stored), []).append(stored)
    return tuple(_of_group(kind, group) for kind, group in groups.items())


def _kind(stored: StoredSet) -> Kind:
    recording = stored.summary.recording
    return recording.exercise, recording.side


def _of_group(kind: Kind, group: Sequence[StoredSet]) -> Progress:
    is_hold = kind[0] in HOLDS
    sets = [(stored.summary.set, stored.day) for stored in group]
    sizes = [(one.time_under_tension_s if is_hold else one.clean_count, day) for one, day in sets]
    known = [(size, day) for size, day in sizes if size is not None]
    best, best_day = max(known, key=lambda pair: pair[0], default=(None, None))
    return Progress(
        *kind,
        sets=len(group),
        since=group[0].day,
        best_clean=None if is_hold or best is None else int(best),
        best_held_s=best if is_hold else None,
        best_day=best_day,
        changes=_changes(group),
    )


def _changes(group: Sequence[StoredSet]) -> tuple[QuantityChange, ...]:
    by_day = [list(of_day) for _, of_day in groupby(group, key=attrgetter("day"))]
    changes = (_change(what, measure, by_day) for what, measure in MEASURES.items())
    return tuple(change for change in changes if change is not None)


def _change(what: Quantity, measure: Measure, by_day: Sequence[Sequence[StoredSet]]) -> QuantityChange | None:
    means = np.array([mean for of_day in by_day if (mean := _mean(measure, of_day)) is not None])
    if len(means) < 2:
        return None
    last = means[-CHANGE_LIMITS.min_visits :]
    recent = course(last, measure.minimum) if len(last) < len(means) else None
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
    if visits < CHANGE_LIMITS.min_visits:
        return Course(visits, first, last)
    from scipy.stats import kendalltau, theilslopes

    number = np.arange(visits, dtype=float)
    slope, _, low, high = map(float, theilslopes(means, number, alpha=CHANGE_LIMITS.confidence))
    around = means - slope * number
    scatter = float(np.sqrt(((around - np.median(around)) ** 2).sum() / (visits - 2)))
    few = visits == CHANGE_LIMITS.min_visits
    needed = max(minimum, scatter * (CHANGE_LIMITS.scatters_of_few if few else CHANGE_LIMITS.scatters))
    beyond_chance = low * high > 0
    if low * high == 0 and slope != 0:  # ties often make a limit zero: Kendall's test handles them
        beyond_chance = bool(kendalltau(number, means).pvalue < 1.0 - CHANGE_LIMITS.confidence)
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


def _since(kind: Kind, sets: Sequence[StoredSet], now: Sequence[StoredSet]) -> SinceLast | None:
    earlier = [stored for stored in sets if stored not in now and _kind(stored) == kind]
    visits = [list(of_one) for _, of_one in groupby(earlier, key=session_key)]
    if not visits:
        return None
    steps = (_step(what, measure, visits, now) for what, measure in MEASURES.items())
    known_steps = tuple(step for step in steps if step is not None)
    return SinceLast(*kind, visits[-1][0].day, known_steps)


def _step(
    what: Quantity, measure: Measure, visits: Sequence[Sequence[StoredSet]], now: Sequence[StoredSet]
) -> Step | None:
    means = [mean for visit in (*visits, now) if (mean := _mean(measure, visit)) is not None]
    before, after = _mean(measure, visits[-1]), _mean(measure, now)
    if before is None or after is None:
        return None
    known = course(np.array(means[:-1]), measure.minimum) if len(means) > CHANGE_LIMITS.min_visits else None
    scatter = 0.0 if known is None or known.scatter is None else known.scatter
    certain = abs(after - before) > max(measure.minimum, CHANGE_LIMITS.scatters * scatter)
    return Step(what, before, after, measure.unit, certain)


def _mean(measure: Measure, visit: Sequence[StoredSet]) -> float | None:
    values = [value for stored in visit if (value := measure.read(stored.summary)) is not None]
    return float(np.mean(values)) if values else None


@dataclass(frozen=True, slots=True)
class SideLimits:
    """When left and right differ."""

    #: Minimum repetitions per side for a difference (ours).
    min_reps: int = 5
    #: Usual limit of a difference, as a share of the larger (convention: Bishop, Strength Cond J 2016).
    different_share: float = 0.15
    #: Minimum share of a difference worth watching (ours).
    watch_share: float = 0.10
    #: Significance level for clean shares (Fisher's exact test).
    chance: float = 0.05
    #: Standard errors that a difference of means must exceed: 2 % of equal sides do by chance, and several
    #: quantities are compared at once.
    standard_errors: float = 3.0


SIDE_LIMITS = SideLimits()


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How a quantity is compared.

    Attributes
    ----------
    read : callable
        Reads the value of a repetition.
    noise : float
        Effect of strapping the sensor to the other leg, in `unit`: a straight leg raise is repeatable to
        3.3° by one rater (MDC95, phone); the others are this project's measured errors.
    watch, different : float or None
        Absolute limits, for quantities with a meaningful zero; None for shares of the larger value.
    """

    read: Callable[[Rep], float | None]
    unit: str
    noise: float
    watch: float | None = None
    different: float | None = None


YARDSTICKS: dict[SideQuantity, Yardstick] = {
    "range_deg": Yardstick(lambda rep: rep.range_deg, "deg", 3.3),
    "concentric_s": Yardstick(lambda rep: rep.concentric_s, "s", 0.1),
    "eccentric_s": Yardstick(lambda rep: rep.eccentric_s, "s", 0.1),
    "pelvic_tilt_deg": Yardstick(lambda rep: rep.pelvic_tilt_deg, "deg", 2.0, 3.0, 5.0),
    "pelvic_rotation_deg": Yardstick(lambda rep: _size(rep.pelvic_rotation_deg), "deg", 1.5, 3.0, 5.0),
    "lift_off_angle_deg": Yardstick(lambda rep: rep.lift_off_angle_deg, "deg", 4.0, 5.0, 8.0),
}


def compare_sides(summaries: Iterable[Summary]) -> tuple[SideComparison, ...]:
    """Compare the sides of each exercise of one session.

    Parameters
    ----------
    summaries : iterable of Summary
        The session's sets. Exercises done on one side only and sets with both legs are left out.
    """
    groups: dict[Exercise, dict[str, list[Rep]]] = {}
    for summary in summaries:
        recording = summary.recording
        if recording.side in ("left", "right"):
            sides = groups.setdefault(recording.exercise, {"left": [], "right": []})
            sides[recording.side] += summary.reps
    return tuple(
        SideComparison(exercise, len(both["left"]), len(both["right"]), _differences(both))
        for exercise, both in groups.items()
        if both["left"] and both["right"]
    )


def _differences(both: dict[str, list[Rep]]) -> tuple[SideDifference, ...]:
    found = [_difference(what, yardstick, both) for what, yardstick in YARDSTICKS.items()]
    found.append(_clean(both))
    return tuple(difference for difference in found if difference is not None)


def _difference(
    what: SideQuantity, yardstick: Yardstick, both: dict[str, list[Rep]]
) -> SideDifference | None:
    left, right = (_values(yardstick, both[side]) for side in ("left", "right"))
    if not len(left) or not len(right):
        return None
    middle = np.median if what == "lift_off_angle_deg" else np.mean
    means = float(middle(left)), float(middle(right))
    verdict = _verdict(yardstick, means, left, right)
    return SideDifference(what, *means, yardstick.unit, verdict)


def _values(yardstick: Yardstick, reps: Sequence[Rep]) -> FloatArray:
    return np.array([value for rep in reps if (value := yardstick.read(rep)) is not None])


def _verdict(
    yardstick: Yardstick, means: tuple[float, float], left: FloatArray, right: FloatArray
) -> SideVerdict:
    difference = abs(means[0] - means[1])
    largest = max(map(abs, means))
    watch = SIDE_LIMITS.watch_share * largest if yardstick.watch is None else yardstick.watch
    different = SIDE_LIMITS.different_share * largest if yardstick.different is None else yardstick.different
    if difference <= max(watch, _by_chance(yardstick.noise, left, right)):
        return "equal"
    enough = min(len(left), len(right)) >= SIDE_LIMITS.min_reps
    return "different" if enough and difference > different else "watch"


def _by_chance(noise: float, left: FloatArray, right: FloatArray) -> float:
    """Return the difference explained by noise and scatter, at least the SD of single repetitions."""
    sizes = len(left), len(right)
    freedom = sum(sizes) - 2
    if freedom < 1:
        return float("inf")
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (left, right))
    pooled = float(np.sqrt(squares / freedom))
    error = pooled * float(np.sqrt(1 / sizes[0] + 1 / sizes[1]))
    return max(pooled, float(np.hypot(noise, SIDE_LIMITS.standard_errors * error)))


def _clean(both: dict[str, list[Rep]]) -> SideDifference | None:
    left, right = clean_share(both["left"]), clean_share(both["right"])
    if left is None or right is None:
        return None
    from scipy.stats import fisher_exact

    marks = [[rep.clean for rep in both[side]] for side in ("left", "right")]
    table = np.array([[clean.count(True), clean.count(False)] for clean in marks])
    by_chance = float(fisher_exact(table).pvalue)
    verdict: SideVerdict = "different" if by_chance < SIDE_LIMITS.chance else "equal"
    return SideDifference("clean_share", left, right, "share", verdict)
