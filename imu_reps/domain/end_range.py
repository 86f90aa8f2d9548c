"""The two tests before training: how low the leg may go, and whether the back can be pressed flat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import Side
from imu_reps.domain.rep import Certainty

Grade = Literal["normal", "good", "fair", "poor"]


@dataclass(frozen=True, slots=True)
class Floor:
    """A person's own floor: the leg angle at which the back lets go.

    Attributes
    ----------
    deg, spread_deg : float
        Leg elevation, and the standard deviation of the lowerings it was read from.
    taken : date
    exercise : Exercise
        What it was taken with; with another exercise the floor is another.
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
    exercise : Exercise
    side : Side or None
    angles_deg : tuple of float
        Leg elevation at which the back let go, in each lowering in which it did.
    lowerings : int
        Those that could be judged, whether or not the back let go.
    floor_deg, spread_deg : float or None
        Median and standard deviation; None where the back let go in no more than half of the lowerings.
    held_to_deg : float or None
        How far down it stayed flat, where there is no floor.
    grade : {"normal", "good", "fair", "poor"} or None
        The typical grade of the double leg lowering test.
    certainty : {"high", "fair", "low", "experimental"}
    too_fast, unjudged : int
        Lowerings left out.
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
        """What is kept of it; None where there is no floor."""
        if self.floor_deg is None or self.spread_deg is None:
            return None
        return Floor(self.floor_deg, self.spread_deg, taken, self.exercise)


@dataclass(frozen=True, slots=True)
class Press:
    """The setup test: pressing the back flat.

    Attributes
    ----------
    zero_s : float
        End of the rest it is counted from, on the recording's `time_s`.
    tilt_deg : float
        Greatest posterior tilt held for 0.3 s, positive.
    held_s : float
        The longest time at half of it or more; 0 where nothing was pressed.
    pressed : bool
        Whether it was more than the sensors may be wrong by.
    """

    zero_s: float
    tilt_deg: float
    held_s: float
    pressed: bool
