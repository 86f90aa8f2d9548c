"""The plan of a session: its sets, the goal of each, and the rules that end one as form or strength fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from imu_reps.domain.cue import DEFAULT_SPEECH, SpeechOptions
from imu_reps.domain.exercise import Exercise, Side, Start
from imu_reps.domain.rep import Rep
from imu_reps.domain.tempo import Tempo

#: Repetitions at the start that give the reference, and those in a row that must fall short: one is a slip.
USUAL_REPS, LOST_REPS = 3, 2


@dataclass(frozen=True, slots=True)
class StopRules:
    """Conditions that end a set before its target; None switches a condition off.

    Attributes
    ----------
    faulty_reps : int or None
        Number of faulty repetitions in a row.
    range_loss, speed_loss : float or None
        Fraction by which the mean range, or peak concentric speed, of the last two repetitions falls below
        the median of the first three.
    """

    faulty_reps: int | None = None
    range_loss: float | None = None
    speed_loss: float | None = None


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
    spoken : SpeechOptions
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


def stop_reason(rules: StopRules, reps: Sequence[Rep], start: Start = "low") -> str | None:
    """Return why the set ends after these repetitions; None if it goes on.

    Repetitions not measured or not judged end nothing. With a low start, a last repetition whose only flag is
    ``below_floor`` does not count as faulty until the leg goes up again: it may be the leg being put down.
    """
    if rules.faulty_reps is not None:
        put_down = start == "low" and reps and reps[-1].flags == ("below_floor",)
        last = (reps[:-1] if put_down else reps)[-rules.faulty_reps :]
        if len(last) == rules.faulty_reps and all(rep.flags for rep in last):
            return "faulty_reps"
    if _is_lost([rep.range_deg for rep in reps], rules.range_loss):
        return "range_lost"
    if _is_lost([rep.peak_concentric_dps for rep in reps], rules.speed_loss):
        return "speed_lost"
    return None


def _is_lost(values: Sequence[float | None], share: float | None) -> bool:
    if share is None or len(values) < USUAL_REPS + LOST_REPS:
        return False
    first, last = _known(values[:USUAL_REPS]), _known(values[-LOST_REPS:])
    if len(first) < USUAL_REPS or len(last) < LOST_REPS:
        return False
    return fmean(last) < (1.0 - share) * median(first)


def _known(values: Sequence[float | None]) -> list[float]:
    return [abs(value) for value in values if value is not None]
