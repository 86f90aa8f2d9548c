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


@dataclass(frozen=True, slots=True)
class QuantityChange:
    """One quantity, the latest day's mean against the mean of the sets before.

    Attributes
    ----------
    now, before : float
        In `unit`.
    certain : bool
        More than the sensors' noise from day to day and twice the scatter of the sets before.
    """

    what: Quantity
    now: float
    before: float
    unit: str
    certain: bool


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
