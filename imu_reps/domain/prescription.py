"""What somebody prescribed to a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import Side


@dataclass(frozen=True, slots=True)
class Prescription:
    """One exercise on one side; None: not said.

    Attributes
    ----------
    by : str
        Who prescribed it.
    given : date
    sets, reps : int
    tempo : str or None
        Four numbers of seconds: down, bottom, up, top.
    range_target_deg, floor_deg : float or None
        How far the leg is to go, and how low it may.
    """

    exercise: Exercise
    by: str
    given: date
    sets: int
    reps: int
    side: Side | None = None
    tempo: str | None = None
    range_target_deg: float | None = None
    floor_deg: float | None = None
