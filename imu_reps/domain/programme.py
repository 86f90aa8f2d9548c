"""The programme: which exercises there are, in which order, how much of each; and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from imu_reps.domain.exercise import Exercise

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
    exercise : Exercise
    title : str
        In a few words.
    how : str
        One sentence that says what is done.
    easier : str
        One sentence that says how to come here from the rung above.
    """

    exercise: Exercise
    title: str
    how: str
    easier: str


@dataclass(frozen=True, slots=True)
class Beside:
    """An exercise that goes beside the ladder and is not measured, or measured as a hold."""

    title: str
    how: str
    dose: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How much, how often.

    Attributes
    ----------
    sets, reps : (least, most)
        Sets an exercise (and side) in a session, repetitions a set.
    sessions_a_week : int
    rest_days : int
        Days off between sessions.
    easy_reps : int
        So many in one set are a sign of momentum, not of strength.
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
    beside: tuple[Beside, ...]


@dataclass(frozen=True, slots=True)
class Adherence:
    """What was done against the plan.

    Attributes
    ----------
    until : date
        The day looked back from.
    sessions_this_week : int
        Days with a set in the seven days up to `until`.
    planned : int
    days_since_last : int
    rest_days_kept : bool
        Whether the plan's days off lay between this week's sessions.
    """

    until: date
    sessions_this_week: int
    planned: int
    days_since_last: int
    rest_days_kept: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of an advice, with its evidence.

    Attributes
    ----------
    code : ReasonCode
    count, of : int
        In so many of so many repetitions.
    sessions : int
        Over so many sessions.
    below_deg : float or None
        Leg elevation below which it shows.
    value : int or None
        What the person said: pain or effort, 0 to 10.
    """

    code: ReasonCode
    count: int = 0
    of: int = 0
    sessions: int = 0
    below_deg: float | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next time, and why.

    Attributes
    ----------
    recommendation : {"stay", "regress", "progress", "stop"}
    exercise : Exercise
        What was done.
    next : Rung or None
        What to do instead; None: the same, or nothing.
    reasons : tuple of Reason
        The first one decided.
    adherence : Adherence or None
        None where no set says when it was done.
    """

    recommendation: Recommendation
    exercise: Exercise
    next: Rung | None
    reasons: tuple[Reason, ...]
    adherence: Adherence | None
