"""The coach: turns events of the pipeline, and in a rest the time, into the cues to give now.

It reads no clock; every call passes the time. `respond` offers cues to the one voice, and `advance` decides
which of those that wait is given, and when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_words import TIMING
from imu_reps.coaching.cues import CoachPlan, CoachState, respond
from imu_reps.domain.cue import CUES, VOICE_START_S, Cue, CueCode, Tone, make_cue
from imu_reps.domain.events import Event
from imu_reps.domain.exercise import Side
from imu_reps.domain.recording import Note

#: Tones whose words may be cut off, and the tones that cut them off; the screen keeps a number all the same.
INTERRUPTIBLE: tuple[Tone, ...] = ("count", "hold", "notice", "beat")
URGENT: tuple[Tone, ...] = ("fault", "stop")


class Coach:
    """Coaches one set or one rest; each needs a new one.

    In a set, times are those of the events (the recording's `time_s`); in a rest, those of any steady clock.
    Call `take` or `tick` at least every `CoachTiming.asked_s`: calling more often makes no difference, less
    often loses cues.

    Examples
    --------
    >>> from imu_reps.domain.events import Ready
    >>> coach = Coach(CoachPlan(reps=10))
    >>> [cue.words for cue in coach.take([Ready(5.0, True)], 5.05)]
    ['ready']
    """

    def __init__(self, plan: CoachPlan) -> None:
        self._plan = plan
        self._state = CoachState(floor_reps=1 if plan.floor_known else 0)
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
        """
        self._voice = enqueue(self._voice, _rest_cues(rest_s, move_to, now_s))
        return self.tick(now_s)


def cue_note(cue: Cue) -> Note:
    """Return the note that records a given cue: ``# @T cue: slower (evidence)``."""
    return Note(cue.time_s, "cue", f"{cue.code} ({cue.evidence})")


def _rest_cues(rest_s: float, move_to: Side | None, began_s: float) -> tuple[Cue, ...]:
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
    texts = [words.SECONDS.format(seconds=left_s) for left_s in announced_s]
    if move_to is None:
        yield make_cue("rest", words.REST, began_s + TIMING.rest_begin_s, evidence, tone="notice")
    else:
        evidence = f"the next set is for the {move_to} leg"
        first = words.REST_AND_SWITCH.format(side=move_to)
        yield make_cue("switch_sides", first, began_s + TIMING.rest_begin_s, evidence, tone="notice")
        texts[:1] = [words.LEFT_TO_SWITCH.format(seconds=s, side=move_to) for s in announced_s[:1]]
    for left_s, text in zip(announced_s, texts, strict=True):
        yield make_cue("rest", text, ends_s - left_s, f"{left_s} s of rest left", tone="notice")
    lie_down = "a new zero before the next set"
    yield make_cue("rest", words.LIE_STILL, ends_s - TIMING.lie_down_s, lie_down, tone="notice")


@dataclass(frozen=True, slots=True)
class Voice:
    """The voice and the cues that wait for it. One voice, and never late.

    A fault cuts off a number that is being spoken, and its evidence says so. Only a stop cuts off a fault.

    Decisions depend on the times the cues name, not on when `advance` is called: calling it more often gives
    the same cues. If it is called less often than every `CoachTiming.asked_s`, cues are dropped, never late.

    Attributes
    ----------
    waiting : tuple of Cue
        Cues not yet given.
    speaking : Cue or None
        Last spoken cue; the voice is busy with it until `busy_until_s`.
    last_spoken : tuple of (CueCode, float)
        When each kind of cue was given last.
    now_s : float
        Time up to which everything is decided.
    """

    waiting: tuple[Cue, ...] = ()
    speaking: Cue | None = None
    busy_until_s: float = float("-inf")
    last_spoken: tuple[tuple[CueCode, float], ...] = ()
    now_s: float = float("-inf")


def enqueue(voice: Voice, cues: Iterable[Cue]) -> Voice:
    """Add cues to those that wait."""
    return replace(voice, waiting=(*voice.waiting, *cues))


def cancel(voice: Voice, codes: Collection[CueCode]) -> Voice:
    """Drop waiting cues with these codes."""
    return replace(voice, waiting=tuple(cue for cue in voice.waiting if cue.code not in codes))


def advance(voice: Voice, now_s: float) -> tuple[Voice, list[Cue]]:
    """Decide everything up to `now_s` and return the cues to give now, in order."""
    due: list[Cue] = []
    while True:
        chances = [(_earliest(voice, cue), cue) for cue in voice.waiting]
        chances = [(at_s, cue) for at_s, cue in chances if at_s <= cue.until_s - TIMING.asked_s]
        voice = replace(voice, waiting=tuple(cue for _, cue in chances))
        if not chances or min(at_s for at_s, _ in chances) > now_s:
            break
        at_s = min(at_s for at_s, _ in chances)
        cue = min((cue for when_s, cue in chances if when_s == at_s), key=_rank)
        given = _given(voice, cue, at_s)
        voice = _say(voice, cue, given)
        if now_s <= cue.until_s:
            due.append(given)
    return replace(voice, now_s=max(now_s, voice.now_s)), due


def _rank(cue: Cue) -> tuple[int, float, str, str]:
    return -cue.priority, cue.due_s, cue.code, cue.words


def _earliest(voice: Voice, cue: Cue) -> float:
    """Return the earliest time for a cue: due, the voice free, and its refractory time over."""
    again_s = dict(voice.last_spoken).get(cue.code, float("-inf")) + CUES[cue.code].refractory_s
    # a voice that goes on speaking needs no time to start
    goes_on = cue.priority >= CUES["count"].priority
    free_s = voice.busy_until_s + (-VOICE_START_S if goes_on else TIMING.breath_s)
    free_s = float("-inf") if is_interrupted(voice.speaking, cue) else free_s
    return max(cue.due_s, voice.now_s, free_s, again_s)


def is_interrupted(speaking: Cue | None, cue: Cue) -> bool:
    """Whether `cue` cuts off the cue that is being spoken."""
    if speaking is None or cue.priority <= speaking.priority:
        return False
    return cue.code == "stop" or (cue.tone in URGENT and speaking.tone in INTERRUPTIBLE)


def _given(voice: Voice, cue: Cue, at_s: float) -> Cue:
    """Return the cue as given at `at_s`; its evidence names the words it cuts off."""
    if cue.code in words.SHORTER_REPEATS and cue.code in dict(voice.last_spoken):
        cue = replace(cue, words=words.SHORTER_REPEATS[cue.code])
    cut = voice.speaking
    if cut is None or not cue.words or not is_interrupted(cut, cue) or at_s >= cut.time_s + cut.duration_s:
        return replace(cue, time_s=at_s)
    return replace(cue, time_s=at_s, evidence=f'{cue.evidence}, cutting off "{cut.words}"')


def _say(voice: Voice, cue: Cue, given: Cue) -> Voice:
    waiting = list(voice.waiting)
    waiting.remove(cue)
    at_s = given.time_s
    last_spoken = tuple({**dict(voice.last_spoken), cue.code: at_s}.items())
    voice = replace(voice, waiting=tuple(waiting), last_spoken=last_spoken, now_s=max(at_s, voice.now_s))
    return replace(voice, speaking=given, busy_until_s=at_s + given.duration_s) if cue.words else voice
