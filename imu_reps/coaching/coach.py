"""The coach: turns events of the pipeline, and in a rest the time, into the cues to give now.

It reads no clock; every call passes the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.coach_timing import TIMING
from imu_reps.coaching.cue_words import make_cue
from imu_reps.coaching.cues import CoachPlan, initial_state, respond
from imu_reps.coaching.governor import Voice, advance, cancel, enqueue
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import Event
from imu_reps.domain.recording import Note, Side


class Coach:
    """Coaches one set or one rest; each needs a new one.

    In a set, times are those of the events (the recording's `time_s`); in a rest, those of any steady clock.
    Call `take` or `tick` at least every `CoachTiming.asked_s`: calling more often makes no difference, less
    often loses cues.

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
        self._state = initial_state(plan)
        self._voice = Voice()

    @property
    def counted(self) -> int:
        """Repetitions counted aloud, as the screen shows them."""
        return self._state.counted

    def take(self, events: Iterable[Event], now_s: float) -> list[Cue]:
        """Take events and return the cues to give now, in order."""
        self._voice, earlier = advance(self._voice, now_s)
        for event in events:
            reply = respond(self._state, self._plan, event, now_s)
            self._state = reply.state
            self._voice = enqueue(cancel(self._voice, reply.cancelled), reply.cues)
        self._voice, later = advance(self._voice, now_s)
        return earlier + later

    def tick(self, now_s: float) -> list[Cue]:
        """Let time pass and return the cues to give now."""
        return self.take((), now_s)

    def rest(self, rest_s: float, move_to: Side | None, now_s: float) -> list[Cue]:
        """Begin a rest and return its first cues.

        Parameters
        ----------
        rest_s : float
            Length of the rest.
        move_to : Side or None
            Leg the ankle sensor has to be moved to; None: it stays where it is.
        now_s : float
        """
        self._voice = enqueue(self._voice, rest_cues(rest_s, move_to, now_s))
        return self.tick(now_s)


def cue_note(cue: Cue) -> Note:
    """Return the note that records a given cue: ``# @T cue: slower (evidence)``."""
    return Note(cue.time_s, "cue", f"{cue.code} ({cue.evidence})")


def rest_cues(rest_s: float, move_to: Side | None, began_s: float) -> tuple[Cue, ...]:
    """Return the cues of a rest: its beginning, the sensor to move, the time left, and lying down at its end.

    No cue overlaps the next set or the cue before it: a rest too short for all of them omits some, and a very
    short one has none.
    """
    ends_s = began_s + rest_s
    cues: list[Cue] = []
    free_s = began_s + TIMING.rest_begin_s
    for cue in _all_rest_cues(rest_s, move_to, began_s):
        until_s = min(cue.until_s, ends_s - cue.duration_s)
        if free_s <= cue.due_s < until_s:
            cues.append(replace(cue, until_s=until_s))
            free_s = cue.due_s + cue.duration_s + TIMING.silence_s
    return tuple(cues)


def _all_rest_cues(rest_s: float, move_to: Side | None, began_s: float) -> Iterator[Cue]:
    """Yield the cues of a long rest, in order; moving the sensor is mentioned twice."""
    ends_s, evidence = began_s + rest_s, f"rest of {rest_s:.0f} s"
    announced_s = [left_s for left_s in TIMING.rest_announced_s if left_s <= rest_s - TIMING.min_before_s]
    texts = [words.seconds_left(left_s) for left_s in announced_s]
    if move_to is None:
        yield make_cue("rest", words.REST, began_s + TIMING.rest_begin_s, evidence, tone="notice")
    else:
        evidence = f"the next set is for the {move_to} leg"
        first = words.rest_and_switch(move_to)
        yield make_cue("switch_sides", first, began_s + TIMING.rest_begin_s, evidence, tone="notice")
        texts[:1] = [words.left_to_switch(left_s, move_to) for left_s in announced_s[:1]]
    for left_s, text in zip(announced_s, texts, strict=True):
        yield make_cue("rest", text, ends_s - left_s, f"{left_s} s of rest left", tone="notice")
    lie_down = "a new zero before the next set"
    yield make_cue("rest", words.LIE_STILL, ends_s - TIMING.lie_down_s, lie_down, tone="notice")
