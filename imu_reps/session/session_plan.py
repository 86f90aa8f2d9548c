"""The plan of a session: its sets, the goal of each, and the rules that end one as form or strength fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from imu_reps.domain.cue import DEFAULT_SPEECH, SpeechOptions
from imu_reps.domain.exercise import Exercise, Side, Start
from imu_reps.domain.rep import Rep
from imu_reps.domain.tempo import Tempo


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Times of a session, and what is told from the sensors between sets."""

    #: Minimum time between two counting passes. Handling every single-sample packet on its own costs several
    #: times as much as handling them in twos and threes, with no audible or visible benefit.
    gather_s: float = 0.01
    #: Maximum time between two passes: the largest delay of timed cues and of progress events.
    tick_s: float = 0.03
    #: Longest wait for one counting pass, which usually takes milliseconds; the session then goes on without
    #: it.
    hangs_s: float = 0.1
    #: Delay of counting from which `CountingLate` is emitted: a count spoken that late is of no use.
    late_s: float = 1.0
    #: Interval of the checks that the file still exists, and, while connecting, of those for new sensors.
    look_s: float = 1.0
    found_s: float = 0.1
    #: Time recorded after the last repetition, so that its end is in the file,
    tail_s: float = 2.0
    #: and at most this long while the leg is still on its way back.
    longest_tail_s: float = 6.0
    #: A sensor lost for this long hardly ever returns. Without the ankle sensor nothing can be counted;
    #: without the pelvis sensor the posture cannot be recognised.
    link_patience_s: float = 60.0
    #: The leg is at rest if its RMS turn rate stays below the limit for this long. The limit allows for the
    #: tremor of a straight leg held up and a gyroscope bias of a few degrees per second.
    leg_rest_s: float = 0.5
    leg_rest_dps: float = 8.0
    #: The leg is up if gravity at the shank has turned by at least this angle: half of the smallest usual
    #: high start, and more than the rolling of a foot.
    up_deg: float = 35.0
    #: Length of the lead-in. The tremor baseline needs 5 s of stillness and the zero 1 s
    #: (docs/definitions.md#the-zero), so even a set that begins with the first repetition has both.
    lead_in_s: float = 6.0
    #: Turn rate above which a sensor is being handled, strapped on or put down with its leg. On a leg at rest
    #: it stays below, including the bias.
    moved_dps: float = 20.0
    #: Repetitions at the start that give the reference, and those in a row that must fall short: one is a
    #: slip.
    usual_reps: int = 3
    lost_reps: int = 2


LIMITS = SessionLimits()


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
    if share is None or len(values) < LIMITS.usual_reps + LIMITS.lost_reps:
        return False
    first, last = _known(values[: LIMITS.usual_reps]), _known(values[-LIMITS.lost_reps :])
    if len(first) < LIMITS.usual_reps or len(last) < LIMITS.lost_reps:
        return False
    return fmean(last) < (1.0 - share) * median(first)


def _known(values: Sequence[float | None]) -> list[float]:
    return [abs(value) for value in values if value is not None]
