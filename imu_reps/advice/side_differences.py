"""Compare left and right, beyond measurement noise and the person's scatter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.progress import SideComparison, SideDifference, SideQuantity, SideVerdict
from imu_reps.domain.rep import Rep, clean_share
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.summary import Summary


@dataclass(frozen=True, slots=True)
class SideLimits:
    """When left and right differ.

    Attributes
    ----------
    min_reps : int
        Minimum repetitions per side for a difference (ours).
    different_share : float
        Usual limit of a difference, as a share of the larger (convention: Bishop, Strength Cond J 2016).
    watch_share : float
        Minimum share of a difference worth watching (ours).
    chance : float
        Significance level for clean shares (Fisher's exact test).
    standard_errors : float
        Standard errors that a difference of means must exceed: 2 % of equal sides do by chance, and several
        quantities are compared at once.
    """

    min_reps: int = 5
    different_share: float = 0.15
    watch_share: float = 0.10
    chance: float = 0.05
    standard_errors: float = 3.0


LIMITS = SideLimits()


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
    "pelvic_rotation_deg": Yardstick(
        lambda rep: None if rep.pelvic_rotation_deg is None else abs(rep.pelvic_rotation_deg),
        "deg",
        1.5,
        3.0,
        5.0,
    ),
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
    watch = LIMITS.watch_share * largest if yardstick.watch is None else yardstick.watch
    different = LIMITS.different_share * largest if yardstick.different is None else yardstick.different
    if difference <= max(watch, _by_chance(yardstick.noise, left, right)):
        return "equal"
    enough = min(len(left), len(right)) >= LIMITS.min_reps
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
    return max(pooled, float(np.hypot(noise, LIMITS.standard_errors * error)))


def _clean(both: dict[str, list[Rep]]) -> SideDifference | None:
    left, right = clean_share(both["left"]), clean_share(both["right"])
    if left is None or right is None:
        return None
    from scipy.stats import fisher_exact

    marks = [[rep.clean for rep in both[side]] for side in ("left", "right")]
    table = np.array([[clean.count(True), clean.count(False)] for clean in marks])
    by_chance = float(fisher_exact(table).pvalue)
    verdict: SideVerdict = "different" if by_chance < LIMITS.chance else "equal"
    return SideDifference("clean_share", left, right, "share", verdict)
