"""Left against right: a difference counts beyond the measurement's noise and the person's own scatter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.sides import SideComparison, SideDifference, SideQuantity, SideVerdict
from imu_reps.domain.summary import Summary

#: Fewer repetitions a side say nothing of a difference (ours).
MIN_REPS = 5
#: The usual line between sides, as a share of the larger (convention: Bishop, Strength Cond J 2016), and
#: where to watch.
DIFFERENT_SHARE, WATCH_SHARE = 0.15, 0.10
#: A difference of clean shares is one if chance makes it more seldom than this (Fisher's exact test).
CHANCE = 0.05
#: Standard errors that a difference of means must exceed: two in a hundred comparisons of equals do by
#: chance, and several quantities are compared at once.
STANDARD_ERRORS = 3.0


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How a quantity is compared.

    Attributes
    ----------
    read : callable
        Its value in a repetition.
    unit : str
    noise : float
        What strapping the sensor to the other leg alone may make of it, in `unit`: a straight leg raise
        is repeatable to 3.3° by one rater (MDC95, phone); the others are this project's measured errors.
    watch, different : float or None
        Absolute lines, for quantities whose zero means something; None: shares of the larger value.
    """

    read: Callable[[Rep], float | None]
    unit: str
    noise: float
    watch: float | None = None
    different: float | None = None


def _size(rep: Rep) -> float | None:
    return None if rep.pelvic_rotation_deg is None else abs(rep.pelvic_rotation_deg)


YARDSTICKS: dict[SideQuantity, Yardstick] = {
    "range_deg": Yardstick(lambda rep: rep.range_deg, "deg", 3.3),
    "concentric_s": Yardstick(lambda rep: rep.concentric_s, "s", 0.1),
    "eccentric_s": Yardstick(lambda rep: rep.eccentric_s, "s", 0.1),
    "pelvic_tilt_deg": Yardstick(lambda rep: rep.pelvic_tilt_deg, "deg", 2.0, 3.0, 5.0),
    "pelvic_rotation_deg": Yardstick(_size, "deg", 1.5, 3.0, 5.0),
    "lift_off_angle_deg": Yardstick(lambda rep: rep.lift_off_angle_deg, "deg", 4.0, 5.0, 8.0),
}


def compare_sides(summaries: Iterable[Summary]) -> tuple[SideComparison, ...]:
    """Compare the sides of each exercise of one session.

    Parameters
    ----------
    summaries : iterable of Summary
        The session's sets. An exercise done on one side only is left out, so are sets with both legs.
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
    watch = WATCH_SHARE * largest if yardstick.watch is None else yardstick.watch
    different = DIFFERENT_SHARE * largest if yardstick.different is None else yardstick.different
    if difference <= max(watch, _by_chance(yardstick.noise, left, right)):
        return "equal"
    enough = min(len(left), len(right)) >= MIN_REPS
    return "different" if enough and difference > different else "watch"


def _by_chance(noise: float, left: FloatArray, right: FloatArray) -> float:
    """What noise and scatter alone may make of a difference, at least the SD of single repetitions."""
    sizes = len(left), len(right)
    freedom = sum(sizes) - 2
    if freedom < 1:
        return float("inf")
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (left, right))
    pooled = float(np.sqrt(squares / freedom))
    error = pooled * float(np.sqrt(1 / sizes[0] + 1 / sizes[1]))
    return max(pooled, float(np.hypot(noise, STANDARD_ERRORS * error)))


def _clean(both: dict[str, list[Rep]]) -> SideDifference | None:
    judged = {side: [rep.clean for rep in reps if rep.clean is not None] for side, reps in both.items()}
    if not judged["left"] or not judged["right"]:
        return None
    from scipy.stats import fisher_exact

    table = [[sum(clean), len(clean) - sum(clean)] for clean in (judged["left"], judged["right"])]
    left, right = (sum(judged[side]) / len(judged[side]) for side in ("left", "right"))
    by_chance = float(fisher_exact(np.array(table)).pvalue)
    verdict: SideVerdict = "different" if by_chance < CHANCE else "equal"
    return SideDifference("clean_share", left, right, "share", verdict)
