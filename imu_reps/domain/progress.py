"""Progress over time and since the last session, differences between sides, and results of the two tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from imu_reps.domain.exercise import Exercise, Side
from imu_reps.domain.rep import Certainty

Quantity = Literal[
    "clean_share", "range_deg", "eccentric_s", "pelvic_tilt_deg", "pelvic_rotation_deg", "floor_angle_deg"
]


Direction = Literal["more", "less", "level"]
SideQuantity = Literal[
    "range_deg",
    "concentric_s",
    "eccentric_s",
    "pelvic_tilt_deg",
    "pelvic_rotation_deg",
    "lift_off_angle_deg",
    "clean_share",
]
SideVerdict = Literal["equal", "watch", "different"]


@dataclass(frozen=True, slots=True)
class Course:
    """Change of one quantity from visit to visit.

    Attributes
    ----------
    visits : int
        Days on which it was measured.
    first, last : float
        Mean on the first and on the last of them.
    slope, low, high : float or None
        Theil-Sen slope per visit and its 95 % confidence limits; None for too few visits.
    scatter : float or None
        Standard deviation of the residuals.
    direction : {"more", "less", "level"} or None
        Certain direction; ``level``: no change beyond scatter and sensor noise; None: too few visits.
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
    since_first : Course
        Since the first visit.
    recent : Course or None
        Over the last four; None if there are no more.
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
        Day of the first set; None if no recording has a date.
    best_clean : int or None
        Highest number of clean repetitions in one set, reached on `best_day`; None if none was judged.
    best_held_s : float or None
        The same of a hold: its greatest length.
    changes : tuple of QuantityChange
        Empty for sets of fewer than two days.
    """

    exercise: Exercise
    side: Side | None
    sets: int
    since: date | None
    best_clean: int | None
    best_held_s: float | None
    best_day: date | None
    changes: tuple[QuantityChange, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Change of one quantity from the previous session to the sets just done.

    Attributes
    ----------
    certain : bool
        Whether it exceeds the sensors' noise from day to day and twice the scatter of earlier visits.
    """

    what: Quantity
    before: float
    now: float
    unit: str
    certain: bool


@dataclass(frozen=True, slots=True)
class SinceLast:
    """Changes in one exercise and side since it was last done, on `day`."""

    exercise: Exercise
    side: Side | None
    day: date | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SideDifference:
    """Difference of one quantity between the sides.

    Attributes
    ----------
    left, right : float
        Means over the repetitions of each side (floor: medians), in `unit`.
    """

    what: SideQuantity
    left: float
    right: float
    unit: str
    verdict: SideVerdict


@dataclass(frozen=True, slots=True)
class SideComparison:
    """Comparison of left and right in one exercise and session.

    Attributes
    ----------
    differences : tuple of SideDifference
        Quantities that were measured on both sides.
    """

    exercise: Exercise
    left_reps: int
    right_reps: int
    differences: tuple[SideDifference, ...]


Grade = Literal["normal", "good", "fair", "poor"]


@dataclass(frozen=True, slots=True)
class Floor:
    """A person's floor angle: the leg angle at which the back lets go.

    Attributes
    ----------
    deg, spread_deg : float
        Leg elevation, and its standard deviation over the lowerings.
    exercise : Exercise
        The exercise it was measured in, and for which it is valid.
    """

    deg: float
    spread_deg: float
    taken: date
    exercise: Exercise


@dataclass(frozen=True, slots=True)
class EndRange:
    """The end-range test of one exercise on one side.

    Attributes
    ----------
    angles_deg : tuple of float
        Leg elevation at which the back let go, in each lowering in which it did.
    lowerings : int
        Lowerings that could be judged.
    floor_deg, spread_deg : float or None
        Median and standard deviation; None if the back let go in at most half of the lowerings.
    held_to_deg : float or None
        Lowest angle with a flat back, if there is no floor.
    grade : {"normal", "good", "fair", "poor"} or None
        Typical grade of the double leg lowering test.
    too_fast, unjudged : int
        Number of lowerings left out.
    """

    exercise: Exercise
    side: Side | None
    angles_deg: tuple[float, ...]
    lowerings: int
    floor_deg: float | None
    spread_deg: float | None
    held_to_deg: float | None
    grade: Grade | None
    certainty: Certainty
    too_fast: int
    unjudged: int

    def floor(self, taken: date) -> Floor | None:
        """Return the floor angle to store; None if there is none."""
        if self.floor_deg is None or self.spread_deg is None:
            return None
        return Floor(self.floor_deg, self.spread_deg, taken, self.exercise)


@dataclass(frozen=True, slots=True)
class Press:
    """The setup test: pressing the back flat.

    Attributes
    ----------
    zero_s : float
        End of the reference rest, on the recording's `time_s`.
    tilt_deg : float
        Greatest posterior tilt held for 0.3 s, positive.
    held_s : float
        Longest time at half of it or more; 0 if nothing was pressed.
    pressed : bool
        Whether the tilt exceeds the sensors' error.
    lifted_deg : float or None
        How far the leg turned from its rest at most, while which the pelvis tips back with it and nothing is
        counted; None if it stayed where it was, or without an ankle sensor.
    """

    zero_s: float
    tilt_deg: float
    held_s: float
    pressed: bool
    lifted_deg: float | None = None
