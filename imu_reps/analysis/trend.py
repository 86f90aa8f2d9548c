"""Tiring: what changed from the first third of a set to the last, and from which repetition on.

Wobble: how much the pelvis wanders around its own path while the leg moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.polynomial import legendre

from imu_reps.analysis.reps.measure import Measured, Span
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.finding import Finding
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.domain.summary import Trend

Quantity = Literal["range_deg", "duration_s", "pelvic_tilt_deg", "pelvic_rotation_deg"]

#: Smaller sets have no thirds worth comparing, nor do sets with much unmeasured.
MIN_FOR_TREND = 6
MIN_MEASURED = 0.75

#: Changes smaller than this are within what the sensors can tell.
MIN_CHANGE: dict[Quantity, float] = {
    "range_deg": 3.0,
    "duration_s": 0.2,
    "pelvic_tilt_deg": 2.0,
    "pelvic_rotation_deg": 2.0,
}
WATCH_SHARE, CERTAIN_SHARE, CERTAIN_SD = 0.10, 0.20, 2.0

#: Thirds of few repetitions differ by chance: a certain change is so many standard errors of that.
CERTAIN_ERRORS = 3.5

#: A change begins with at least so many repetitions before and after.
MIN_BESIDE = 2

#: Of a long set the change is looked for at so many repetitions, and a few more.
MAX_ONSETS = 256

_READ: dict[Quantity, Callable[[Rep], float | None]] = {
    "range_deg": lambda rep: rep.range_deg,
    "duration_s": lambda rep: rep.end_s - rep.start_s,
    "pelvic_tilt_deg": lambda rep: rep.pelvic_tilt_deg,
    "pelvic_rotation_deg": lambda rep: rep.pelvic_rotation_deg,
}


@dataclass(frozen=True, slots=True)
class Onset:
    """Where a level stops being level.

    Attributes
    ----------
    number : int or None
        The first repetition that differs; None: it drifts from the first on.
    scatter : float
        Standard deviation of what neither level nor change explains.
    """

    number: int | None
    scatter: float


@dataclass(frozen=True, slots=True)
class Change:
    """First third against last; `from_rep` as in `Onset`, `certain` beyond the person's own scatter."""

    first: float
    last: float
    from_rep: int | None
    certain: bool


def trends(reps: Sequence[Rep]) -> tuple[Trend, ...]:
    """Changes over the set that stand out of the person's own scatter."""
    found = []
    for what in get_args(Quantity):
        change = find_change([(rep.number, _READ[what](rep)) for rep in reps], MIN_CHANGE[what])
        if change is not None:
            found.append(Trend(what, change.first, change.last, change.from_rep, change.certain))
    return tuple(found)


def find_change(told: Sequence[tuple[int, float | None]], minimum: float) -> Change | None:
    """Change of a quantity over a set; None where it is within scatter, or too little was measured.

    Parameters
    ----------
    told : sequence of (int, float or None)
        Number and value of every repetition.
    minimum : float
        A smaller change is within what the sensors can tell.
    """
    known = [(number, value) for number, value in told if value is not None]
    if len(known) < max(MIN_FOR_TREND, MIN_MEASURED * len(told)):
        return None
    numbers, values = np.array([n for n, _ in known]), np.array([value for _, value in known])
    third = len(values) // 3
    first, last = float(values[:third].mean()), float(values[-third:].mean())
    onset = find_onset(numbers, values)
    change = abs(last - first)
    if change < max(minimum, onset.scatter, WATCH_SHARE * abs(first)):
        return None
    by_chance = max(CERTAIN_SD, CERTAIN_ERRORS * np.sqrt(2.0 / third)) * onset.scatter
    certain = bool(change > max(by_chance, CERTAIN_SHARE * abs(first)))
    return Change(first, last, onset.number, certain)


def find_onset(numbers: IntArray, values: FloatArray) -> Onset:
    """Where a level is left, at once or ever further: the step or ramp of the least squares.

    Parameters
    ----------
    numbers : (n,) int
        Of the repetitions, rising.
    values : (n,) float
        At least `MIN_FOR_TREND` of them.
    """
    every = max(1, len(numbers) // MAX_ONSETS)
    starts = numbers[MIN_BESIDE : len(numbers) - MIN_BESIDE + 1 : every]
    since = numbers - starts[:, None] + 1
    line = numbers - numbers[0]
    shapes = np.vstack([since > 0, np.maximum(since, 0), line]).astype(float)
    shapes -= shapes.mean(axis=1, keepdims=True)
    about = values - values.mean()
    explained = (shapes @ about) ** 2 / (shapes**2).sum(axis=1)
    best = int(np.argmax(explained))
    left = max(float(about @ about) - float(explained[best]), 0.0)
    number = None if best == len(shapes) - 1 else int(starts[best % len(starts)])
    return Onset(number, float(np.sqrt(left / (len(values) - 3))))


#: A pelvis follows the leg smoothly: its path over one way is a polynomial of this degree in leg elevation.
PATH_DEGREE = 4

#: More than this around the path is much, and a change smaller than the second is within what can be told.
MUCH_DEG, MIN_CHANGE_DEG = 2.0, 0.7

#: Ways with fewer ticks, or over fewer degrees, have no path.
MIN_TICKS, MIN_WAY_DEG = 40, 8.0


def wobble_deg(motion: SetMotion, rep: Measured) -> float | None:
    """RMS of pelvic tilt around its smooth path over leg elevation, each way by itself.

    None where the pelvis or the leg was not measured, or a way is too short.
    """
    if not (rep.pelvis_known and rep.leg_known):
        return None
    parts = [_around_path(motion, way) for way in (rep.concentric, rep.eccentric)]
    known = [part for part in parts if part is not None]
    return float(np.sqrt(np.mean(np.concatenate(known) ** 2))) if len(known) == len(parts) else None


def _around_path(motion: SetMotion, way: Span) -> FloatArray | None:
    elevation, tilt = motion.elevation_deg[way.ticks], motion.tilt_deg[way.ticks]
    span = float(np.ptp(elevation)) if len(elevation) else 0.0
    if len(tilt) < MIN_TICKS or span < MIN_WAY_DEG or not np.isfinite(tilt).all():
        return None
    along = 2.0 * (elevation - elevation.min()) / span - 1.0
    basis = legendre.legvander(along, PATH_DEGREE)
    # by its few normal equations: a tenth of the time that all of its rows take
    path = np.linalg.lstsq(basis.T @ basis, basis.T @ tilt, rcond=None)[0]
    return np.asarray(tilt - basis @ path)


def wobble_findings(motion: SetMotion, measured: Sequence[Measured]) -> list[Finding]:
    """Tells of a pelvis that wanders more than in the first repetitions, or much in most of them."""
    found = [(number, wobble_deg(motion, rep)) for number, rep in enumerate(measured, start=1)]
    known = [(number, value) for number, value in found if value is not None]
    change = find_change(found, MIN_CHANGE_DEG)
    if change is not None and change.certain and change.last > change.first:
        since = 1 if change.from_rep is None else change.from_rep
        values = {"from_rep": change.from_rep, "first_deg": change.first, "last_deg": change.last}
        return [Finding("wobble", tuple(number for number, _ in known if number >= since), values)]
    much = tuple(number for number, value in known if value > MUCH_DEG)
    if not known or len(much) < max(2, len(known) / 2):
        return []
    typical = float(np.median([value for number, value in known if number in much]))
    return [Finding("wobble", much, {"typical_deg": typical, "much": len(much), "reps": len(measured)})]
