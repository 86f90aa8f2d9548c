"""Fatigue: changes from the first third of a set to the last, and the repetition they begin at; and wobble.

Wobble is the deviation of the pelvis from its own smooth path while the leg moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.special import eval_legendre

from imu_reps.analysis.reps.measure import Measured, Span
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.finding import Finding
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.domain.summary import Trend

Quantity = Literal["range_deg", "duration_s", "pelvic_tilt_deg", "pelvic_rotation_deg"]

#: Fewest repetitions, and smallest share of them measured, for comparing thirds.
MIN_FOR_TREND = 6
MIN_MEASURED = 0.75

#: Smallest changes that the sensors can resolve.
MIN_CHANGE: dict[Quantity, float] = {
    "range_deg": 3.0,
    "duration_s": 0.2,
    "pelvic_tilt_deg": 2.0,
    "pelvic_rotation_deg": 2.0,
}
WATCH_SHARE, CERTAIN_SHARE, CERTAIN_SD = 0.10, 0.20, 2.0

#: Thirds of few repetitions differ randomly: a certain change is at least this many standard errors of that.
CERTAIN_ERRORS = 3.5

#: Fewest repetitions before and after the beginning of a change.
MIN_AROUND = 2

#: Approximate number of onsets tried in a long set.
MAX_ONSETS = 256

_READ: dict[Quantity, Callable[[Rep], float | None]] = {
    "range_deg": lambda rep: rep.range_deg,
    "duration_s": lambda rep: rep.end_s - rep.start_s,
    "pelvic_tilt_deg": lambda rep: rep.pelvic_tilt_deg,
    "pelvic_rotation_deg": lambda rep: rep.pelvic_rotation_deg,
}


@dataclass(frozen=True, slots=True)
class Onset:
    """Beginning of a change in a constant level.

    Attributes
    ----------
    number : int or None
        The first repetition that differs; None if the level drifts from the first on.
    scatter : float
        Standard deviation of the residuals of level and change.
    """

    number: int | None
    scatter: float


@dataclass(frozen=True, slots=True)
class Change:
    """Change from the first third to the last.

    Attributes
    ----------
    first, last : float
        Means of the thirds.
    from_rep : int or None
        First repetition that differs; None if the quantity drifts from the first on.
    certain : bool
        Whether the change clearly exceeds the person's own scatter.
    """

    first: float
    last: float
    from_rep: int | None
    certain: bool


def trends(reps: Sequence[Rep]) -> tuple[Trend, ...]:
    """Return the changes over the set that exceed the person's own scatter."""
    found = []
    for what in get_args(Quantity):
        change = find_change([(rep.number, _READ[what](rep)) for rep in reps], MIN_CHANGE[what])
        if change is not None:
            found.append(Trend(what, change.first, change.last, change.from_rep, change.certain))
    return tuple(found)


def find_change(measured: Sequence[tuple[int, float | None]], minimum: float) -> Change | None:
    """Return the change of a quantity over a set; None if within scatter, or too little was measured.

    Parameters
    ----------
    measured : sequence of (int, float or None)
        Number and value of every repetition.
    minimum : float
        Smallest change that the sensors can resolve.
    """
    known = [(number, value) for number, value in measured if value is not None]
    if len(known) < max(MIN_FOR_TREND, MIN_MEASURED * len(measured)):
        return None
    numbers, values = np.array([n for n, _ in known]), np.array([value for _, value in known])
    third = len(values) // 3
    first, last = float(values[:third].mean()), float(values[-third:].mean())
    onset = find_onset(numbers, values)
    change = abs(last - first)
    if change < max(minimum, onset.scatter, WATCH_SHARE * abs(first)):
        return None
    random_change = max(CERTAIN_SD, CERTAIN_ERRORS * np.sqrt(2.0 / third)) * onset.scatter
    certain = bool(change > max(random_change, CERTAIN_SHARE * abs(first)))
    return Change(first, last, onset.number, certain)


def find_onset(numbers: IntArray, values: FloatArray) -> Onset:
    """Return where a constant level changes: the step or ramp with the least squares.

    Parameters
    ----------
    numbers : (n,) int
        Numbers of the repetitions, increasing.
    values : (n,) float
        Their values, at least `MIN_FOR_TREND`.
    """
    stride = max(1, len(numbers) // MAX_ONSETS)
    starts = numbers[MIN_AROUND : len(numbers) - MIN_AROUND + 1 : stride]
    since = numbers - starts[:, None] + 1
    line = numbers - numbers[0]
    shapes = np.vstack([since > 0, np.maximum(since, 0), line]).astype(float)
    shapes -= shapes.mean(axis=1, keepdims=True)
    centred = values - values.mean()
    explained = (shapes * centred).sum(axis=1) ** 2 / (shapes**2).sum(axis=1)
    best = int(np.argmax(explained))
    residual = max(float(centred @ centred) - float(explained[best]), 0.0)
    number = None if best == len(shapes) - 1 else int(starts[best % len(starts)])
    return Onset(number, float(np.sqrt(residual / (len(values) - 3))))


#: Degree of the polynomial in leg elevation that models the pelvis's smooth path over one phase.
PATH_DEGREE = 4

#: RMS around the path above which wobble is reported, and the smallest change that the sensors can resolve.
MUCH_DEG, MIN_CHANGE_DEG = 2.0, 0.7

#: Fewest ticks and degrees of a phase for a path.
MIN_TICKS, MIN_WAY_DEG = 40, 8.0


def wobble_deg(motion: SetMotion, rep: Measured) -> float | None:
    """Return the RMS of pelvic tilt around its smooth path over leg elevation, fitted per phase.

    None if the pelvis or the leg was not measured, or a phase is too short.
    """
    if not (rep.pelvis_known and rep.leg_known):
        return None
    parts = [_around_path(motion, way) for way in (rep.concentric, rep.eccentric)]
    known = [part for part in parts if part is not None]
    return float(np.sqrt(np.mean(np.concatenate(known) ** 2))) if len(known) == len(parts) else None


def _around_path(motion: SetMotion, way: Span) -> FloatArray | None:
    elevation, tilt = motion.elevation_deg[way.ticks], motion.tilt_deg[way.ticks]
    if len(tilt) < MIN_TICKS or not np.isfinite(tilt).all():
        return None
    low, high = elevation.min(), elevation.max()
    if high - low < MIN_WAY_DEG:
        return None
    along = 2.0 * (elevation - low) / (high - low) - 1.0
    basis = eval_legendre(np.arange(PATH_DEGREE + 1)[:, None], along)
    # the normal equations of so few columns take a tenth of the time of a least-squares solver
    path = np.linalg.solve(basis @ basis.T, basis @ tilt)
    return np.asarray(tilt - path @ basis)


def wobble_findings(motion: SetMotion, measured: Sequence[Measured]) -> list[Finding]:
    """Return a finding if the pelvis wobbles more than in the first repetitions, or much in most of them."""
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
