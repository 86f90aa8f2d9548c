"""The plan of a session: its sets and the goal of each."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.domain.cue import DEFAULT_SPEECH, SpeechOptions
from imu_reps.domain.exercise import Exercise, Side, Start
from imu_reps.domain.tempo import Tempo
from imu_reps.session.stop_rules import StopRules

NO_RULES = StopRules()


@dataclass(frozen=True, slots=True)
class SetGoal:
    """Goal of one set.

    Attributes
    ----------
    exercise : Exercise
    side : Side or None
        Leg that wears the ankle sensor; None: not specified.
    start : Start
        Where the leg rests between repetitions.
    reps : int or None
        Repetitions after which the set ends; None: the user ends it.
    tempo : Tempo or None
        Target tempo; None: no target.
    duration_s : float or None
        Duration of the set from its beginning, of a hold from when the legs arrived; None: no limit.
    range_target_deg : float or None
        Range the leg is to reach, which is judged, drawn and sounded; None: no target.
    floor_deg : float or None
        Lowest leg elevation allowed, which is judged, drawn and sounded; None: the person's own floor.
    practice_reps : int
        Number of repetitions at the beginning that are neither counted nor judged.
    stop : StopRules
        Rules that end the set automatically.
    counts : bool
        Whether repetitions are counted; if not, the exercise is only to press the back flat.
    whole : bool
        Whether the set ends with its source and not by its events, as in a replay.
    """

    exercise: Exercise
    side: Side | None
    start: Start
    reps: int | None = None
    tempo: Tempo | None = None
    duration_s: float | None = None
    range_target_deg: float | None = None
    floor_deg: float | None = None
    practice_reps: int = 0
    stop: StopRules = NO_RULES
    counts: bool = True
    whole: bool = False


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """Sets of a session, in order.

    Attributes
    ----------
    goals : tuple of SetGoal
    rest_s : float
        Length of the rest between two sets.
    tap : bool
        Whether the sensors are knocked together at the beginning of the first set.
    spoken : Spoken
        Which cues are given.
    """

    goals: tuple[SetGoal, ...]
    rest_s: float = 60.0
    tap: bool = False
    spoken: SpeechOptions = DEFAULT_SPEECH

    def moved_to(self, number: int) -> Side | None:
        """Return the leg the ankle sensor moves to before set `number` (from 1); None if it stays."""
        if number < 2:
            return None
        before, now = self.goals[number - 2].side, self.goals[number - 1].side
        return now if {before, now} == {"left", "right"} else None
