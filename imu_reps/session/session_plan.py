"""What is to be recorded: the sets of one session and what each aims at."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.domain.cue import USUALLY_SPOKEN, Spoken
from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import Side, Start
from imu_reps.domain.tempo import Tempo
from imu_reps.session.stop_rules import StopRules

NO_RULES = StopRules()


@dataclass(frozen=True, slots=True)
class SetGoal:
    """One set to come.

    Attributes
    ----------
    exercise : Exercise
    side : Side or None
        The leg that wears the ankle sensor; None: not said.
    start : Start
        Where the leg rests between repetitions.
    reps : int or None
        The set ends with so many; None: the user ends it.
    tempo : Tempo or None
        What is aimed at.
    duration_s : float or None
        The set ends so long after it began; a hold, so long after the legs arrived.
    range_target_deg, floor_deg : float or None
        How far the leg is to go, and how low it may: judged, drawn and sounded; None: not aimed at, and the
        person's own floor.
    practice_reps : int
        So many at the beginning are neither counted nor judged.
    stop : StopRules
        What ends the set by itself.
    counts : bool
        Whether repetitions are counted; else the back is only pressed flat.
    whole : bool
        The set ends with what it is recorded from, and not by what happens in it: it is played again.
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
    """Sets one after the other.

    Attributes
    ----------
    goals : tuple of SetGoal
    rest_s : float
        Between two sets.
    tap : bool
        Whether the sensors are knocked together at the beginning.
    spoken : Spoken
    """

    goals: tuple[SetGoal, ...]
    rest_s: float = 60.0
    tap: bool = False
    spoken: Spoken = USUALLY_SPOKEN

    def moved_to(self, number: int) -> Side | None:
        """The leg the ankle sensor has to be moved to before a set (from 1); None: it stays where it is."""
        if number < 2:
            return None
        before, now = self.goals[number - 2].side, self.goals[number - 1].side
        return now if {before, now} == {"left", "right"} else None
