"""The coach: hears the pipeline's events, gives the cues to be said now. Time is handed to it."""

from __future__ import annotations

from collections.abc import Iterable

from imu_reps.coaching.cues import CoachPlan, answer, begin
from imu_reps.coaching.governor import Voice, advance, cancel, offer
from imu_reps.coaching.rest import rest_cues
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import Event
from imu_reps.domain.recording import Note, Side


class Coach:
    """Coaches one set, or one rest; thrown away after it.

    Times are those of the events (the recording's `time_s`) in a set; in a rest any that run on. It wants to
    be asked at least every `governor.ASKED_S`: more often makes no difference, more seldom loses cues.

    Parameters
    ----------
    plan : CoachPlan

    Examples
    --------
    >>> from imu_reps.domain.events import Ready
    >>> coach = Coach(CoachPlan(reps=10))
    >>> [cue.words for cue in coach.take([Ready(5.0, True)], 5.05)]
    ['ready']
    """

    def __init__(self, plan: CoachPlan) -> None:
        self._plan = plan
        self._so_far = begin(plan)
        self._voice = Voice()

    @property
    def counted(self) -> int:
        """Repetitions as counted aloud: what the screen shows."""
        return self._so_far.counted

    def take(self, events: Iterable[Event], now_s: float) -> list[Cue]:
        """Hear what happened; returns what is to be said now, in order."""
        self._voice, said = advance(self._voice, now_s)
        for event in events:
            reply = answer(self._so_far, self._plan, event, now_s)
            self._so_far = reply.so_far
            self._voice = offer(cancel(self._voice, reply.cancelled), reply.cues)
        self._voice, now_said = advance(self._voice, now_s)
        return said + now_said

    def tick(self, now_s: float) -> list[Cue]:
        """Let time pass; returns what is to be said now."""
        return self.take((), now_s)

    def rest(self, rest_s: float, move_to: Side | None, now_s: float) -> list[Cue]:
        """Begin a rest: `move_to` is the leg that the ankle sensor goes to, if it does."""
        self._voice = offer(self._voice, rest_cues(rest_s, move_to, now_s))
        return self.tick(now_s)


def cue_note(cue: Cue) -> Note:
    """The line of the recording that a given cue becomes: ``# @T cue: slower (evidence)``."""
    return Note(cue.time_s, "cue", f"{cue.code} ({cue.evidence})")
