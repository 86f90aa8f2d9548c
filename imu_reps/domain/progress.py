"""How an exercise went over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import Side

Quantity = Literal[
    "clean_share", "range_deg", "eccentric_s", "pelvic_tilt_deg", "pelvic_rotation_deg", "floor_angle_deg"
]


Direction = Literal["more", "less", "level"]


@dataclass(frozen=True, slots=True)
class Course:
    """How one quantity went from visit to visit.

    Attributes
    ----------
    visits : int
        Days on which it was measured.
    first, last : float
        Its mean on the first and on the last of them.
    slope, low, high : float or None
        Robust change a visit (Theil and Sen) and its 95 % confidence limits; None of fewer visits than tell.
    scatter : float or None
        Standard deviation around that slope.
    direction : {"more", "less", "level"} or None
        What is certain of it; ``level``: no change beyond scatter and sensors; None: too few visits to tell.
    """

    visits: int
    first: float
    last: float
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    scatter: float | None = None
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class QuantityChange:
    """One quantity over time.

    Attributes
    ----------
    unit : str
    since_first : Course
        Since the first visit.
    recent : Course or None
        Over the last four; None: there are no more than these.
    """

    what: Quantity
    unit: str
    since_first: Course
    recent: Course | None


@dataclass(frozen=True, slots=True)
class Progress:
    """One exercise on one side over time.

    Attributes
    ----------
    since : date or None
        Day of the first set; None if no recording says when it was made.
    best_clean : int or None
        Most clean repetitions in one set, reached on `best_day`; None if none was judged.
    changes : tuple of QuantityChange
        Empty until there are sets of at least two days.
    """

    exercise: Exercise
    side: Side | None
    sets: int
    since: date | None
    best_clean: int | None
    best_day: date | None
    changes: tuple[QuantityChange, ...]
