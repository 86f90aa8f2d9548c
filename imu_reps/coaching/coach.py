"""The coach: from the pipeline's events, and the clock in a rest, to the cues to be said now.

Time is handed to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_ranks import make
from imu_reps.coaching.cues import CoachPlan, answer, begin
from imu_reps.coaching.governor import Voice, advance, cancel, offer
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


#: A rest begins in silence: the last words of the set before it may still be heard.
BEGIN_S = 2.5
#: A rest is told when so much of it is left,
REST_ANNOUNCED_S = (30, 10)
#: unless so little of it was before that.
MIN_BEFORE_S = 10.0
#: So long before the next set the person is asked to lie down: the tilt zero wants a still second.
LIE_DOWN_S = 4.0
#: Between two cues of a rest there is at least so much silence.
SILENCE_S = 0.5


def rest_cues(rest_s: float, move_to: Side | None, began_s: float) -> tuple[Cue, ...]:
    """The rest between two sets: that it began, what is to be moved, how much is left, and its end.

    Nothing runs into the next set, or into what was said before it: of a rest that is too short for all its
    words some are left out, and in the shortest nothing is said.
    """
    ends_s = began_s + rest_s
    cues: list[Cue] = []
    free_s = began_s + BEGIN_S
    for cue in _wanted(rest_s, move_to, began_s):
        until_s = min(cue.until_s, ends_s - cue.lasts_s)
        if free_s <= cue.due_s < until_s:
            cues.append(replace(cue, until_s=until_s))
            free_s = cue.due_s + cue.lasts_s + SILENCE_S
    return tuple(cues)


def _wanted(rest_s: float, move_to: Side | None, began_s: float) -> Iterator[Cue]:
    """All that a long rest has to say, in order; of the sensor that has to be moved twice."""
    ends_s, evidence = began_s + rest_s, f"rest of {rest_s:.0f} s"
    announced_s = [left_s for left_s in REST_ANNOUNCED_S if left_s <= rest_s - MIN_BEFORE_S]
    said = [words.seconds_left(left_s) for left_s in announced_s]
    if move_to is None:
        yield make("rest", words.REST, began_s + BEGIN_S, evidence, tone="notice")
    else:
        evidence = f"the next set is for the {move_to} leg"
        first = words.rest_and_switch(move_to)
        yield make("switch_sides", first, began_s + BEGIN_S, evidence, tone="notice")
        said[:1] = [words.left_to_switch(left_s, move_to) for left_s in announced_s[:1]]
    for left_s, text in zip(announced_s, said, strict=True):
        yield make("rest", text, ends_s - left_s, f"{left_s} s of rest left", tone="notice")
    lie_down = "a new zero before the next set"
    yield make("rest", words.LIE_STILL, ends_s - LIE_DOWN_S, lie_down, tone="notice")
