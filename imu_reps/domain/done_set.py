"""A set of a session that is over, and a session's step from the last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.progress import Quantity
from imu_reps.domain.recording import Side
from imu_reps.domain.summary import Summary


@dataclass(frozen=True, slots=True)
class DoneSet:
    """One set of a session.

    Attributes
    ----------
    number : int
        In its session, from 1.
    ended : str
        Why it ended, see `imu_reps.domain.recording`.
    summary : Summary or None
        None: discarded, or `unusable`.
    discarded : bool
    unusable : str or None
        Why it could not be summed up.
    """

    number: int
    ended: str
    summary: Summary | None
    discarded: bool = False
    unusable: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One quantity, the mean of the sets just done against that of the time before.

    Attributes
    ----------
    certain : bool
        More than the sensors' noise from day to day and twice the scatter of the visits before.
    """

    what: Quantity
    before: float
    now: float
    unit: str
    certain: bool


@dataclass(frozen=True, slots=True)
class SinceLast:
    """What changed in one exercise on one side since it was done last, on `day`."""

    exercise: Exercise
    side: Side | None
    day: date | None
    steps: tuple[Step, ...]
