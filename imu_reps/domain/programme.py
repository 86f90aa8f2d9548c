"""Training programme, adherence, advice and prescriptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from imu_reps.domain.exercise import Exercise, Side

Recommendation = Literal["stay", "regress", "progress", "stop"]
ReasonCode = Literal[
    "pain_with_jolt",
    "pain",
    "stopped_with_pain",
    "arching",
    "hip_popping",
    "swinging",
    "fast_lowering",
    "too_many_easy_reps",
    "effort_low",
    "clean_sessions",
    "not_enough_yet",
    "beside_the_ladder",
    "no_sets",
]


@dataclass(frozen=True, slots=True)
class Rung:
    """One exercise of the ladder.

    Attributes
    ----------
    title : str
        Short title.
    how : str
        One sentence on what to do.
    easier : str
        One sentence on how to get here from the rung above.
    """

    exercise: Exercise
    title: str
    how: str
    easier: str


@dataclass(frozen=True, slots=True)
class AccessoryExercise:
    """An accessory exercise outside the ladder, not measured, or measured as a hold."""

    title: str
    how: str
    dose: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Training volume and frequency.

    Attributes
    ----------
    sets, reps : (min, max)
        Sets per exercise (and side) in a session, repetitions per set.
    rest_days : int
        Days off between sessions.
    easy_reps : int
        This many in one set suggest momentum rather than strength.
    """

    sets: tuple[int, int]
    reps: tuple[int, int]
    sessions_a_week: int
    rest_days: int
    easy_reps: int


@dataclass(frozen=True, slots=True)
class Programme:
    """The plan, and the ladder from the easiest rung to the hardest."""

    plan: Plan
    ladder: tuple[Rung, ...]
    beside: tuple[AccessoryExercise, ...]


@dataclass(frozen=True, slots=True)
class Adherence:
    """Training of the last week against the plan.

    Attributes
    ----------
    until : date
        Last day of the week.
    sessions_this_week : int
        Days with a set in the seven days up to `until`.
    rest_days_kept : bool
        Whether the plan's days off were kept between this week's sessions.
    """

    until: date
    sessions_this_week: int
    planned: int
    days_since_last: int
    rest_days_kept: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for advice, with its evidence.

    Attributes
    ----------
    count, of : int
        Number of affected and of all repetitions.
    sessions : int
        Number of sessions.
    below_deg : float or None
        Leg elevation below which it occurs.
    value : int or None
        The person's rating of pain or effort, 0 to 10.
    """

    code: ReasonCode
    count: int = 0
    of: int = 0
    sessions: int = 0
    below_deg: float | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """Recommendation for the next session.

    Attributes
    ----------
    exercise : Exercise
        The exercise that was done.
    next : Rung or None
        What to do instead; None for the same, or nothing.
    reasons : tuple of Reason
        The deciding one first.
    adherence : Adherence or None
        None if no set has a date.
    """

    recommendation: Recommendation
    exercise: Exercise
    next: Rung | None
    reasons: tuple[Reason, ...]
    adherence: Adherence | None


@dataclass(frozen=True, slots=True)
class Prescription:
    """A prescribed exercise; None is not specified.

    Attributes
    ----------
    by : str
        Prescriber.
    tempo : str or None
        Four numbers of seconds: down, bottom, up, top.
    range_target_deg, floor_deg : float or None
        Target range, and lowest leg angle.
    duration_s : float or None
        How long a hold is to last, which has no `reps`.
    """

    exercise: Exercise
    by: str
    given: date
    sets: int
    reps: int | None = None
    side: Side | None = None
    tempo: str | None = None
    range_target_deg: float | None = None
    floor_deg: float | None = None
    duration_s: float | None = None
