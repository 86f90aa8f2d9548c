"""Results of the end-range test and the setup test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from imu_reps.domain.exercise import Exercise, Side
from imu_reps.domain.rep import Certainty

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
    """

    zero_s: float
    tilt_deg: float
    held_s: float
    pressed: bool
