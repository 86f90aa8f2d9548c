"""Left against right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.exercise import Exercise

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
class SideDifference:
    """One quantity of both sides.

    Attributes
    ----------
    left, right : float
        Means over the repetitions of each side (floor: medians), in `unit`.
    verdict : {"equal", "watch", "different"}
    """

    what: SideQuantity
    left: float
    right: float
    unit: str
    verdict: SideVerdict


@dataclass(frozen=True, slots=True)
class SideComparison:
    """The sets of one exercise in one session, the left leg against the right.

    Attributes
    ----------
    left_reps, right_reps : int
    differences : tuple of SideDifference
        Quantities that were measured on both sides.
    """

    exercise: Exercise
    left_reps: int
    right_reps: int
    differences: tuple[SideDifference, ...]
