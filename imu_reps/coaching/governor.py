"""The governor: chooses which waiting cue is given, and when. One voice, and never late.

A fault cuts off a number that is being spoken, and its evidence says so. Only a stop cuts off a fault.

Decisions depend on the times the cues name, not on when the governor is called: calling it more often gives
the same cues. If it is called less often than every `CoachTiming.asked_s`, cues are dropped, never late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from imu_reps.coaching.coach_timing import TIMING
from imu_reps.coaching.cue_words import FLAT, PRIORITY
from imu_reps.domain.cue import VOICE_START_S, Cue, CueCode, Tone

#: Shorter words of a cue from its second time on in a set: its meaning is known by then, and shorter words
#: delay fewer counts.
SHORTER_REPEATS: dict[CueCode, str] = {"press_back": FLAT}

#: Minimum time before a cue is given again.
REFRACTORY_S: dict[CueCode, float] = {
    "sensor_lost": 10.0,
    "press_back": 4.0,
    "hips_level": 4.0,
    "no_swing": 6.0,
    "slower": 5.0,
    "breathe": 1.0,
}


#: Tones whose words may be cut off, and the tones that cut them off; the screen keeps a number all the same.
INTERRUPTIBLE: tuple[Tone, ...] = ("count", "hold", "notice", "beat")
URGENT: tuple[Tone, ...] = ("fault", "stop")


@dataclass(frozen=True, slots=True)
class Voice:
    """State of the governor.

    Attributes
    ----------
    waiting : tuple of Cue
        Cues not yet given.
    speaking : Cue or None
        Last spoken cue; the voice is busy with it until `busy_until_s`.
    busy_until_s : float
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
    again_s = dict(voice.last_spoken).get(cue.code, float("-inf")) + REFRACTORY_S.get(cue.code, 0.0)
    # a voice that goes on speaking needs no time to start
    free_s = voice.busy_until_s + (-VOICE_START_S if cue.priority >= PRIORITY["count"] else TIMING.breath_s)
    free_s = float("-inf") if _is_interrupted(voice.speaking, cue) else free_s
    return max(cue.due_s, voice.now_s, free_s, again_s)


def _is_interrupted(speaking: Cue | None, cue: Cue) -> bool:
    """Whether `cue` cuts off the cue that is being spoken."""
    if speaking is None or cue.priority <= speaking.priority:
        return False
    return cue.code == "stop" or (cue.tone in URGENT and speaking.tone in INTERRUPTIBLE)


def _given(voice: Voice, cue: Cue, at_s: float) -> Cue:
    """Return the cue as given at `at_s`; its evidence names the words it cuts off."""
    if cue.code in SHORTER_REPEATS and cue.code in dict(voice.last_spoken):
        cue = replace(cue, words=SHORTER_REPEATS[cue.code])
    cut = voice.speaking
    if cut is None or not cue.words or not _is_interrupted(cut, cue) or at_s >= cut.time_s + cut.duration_s:
        return replace(cue, time_s=at_s)
    return replace(cue, time_s=at_s, evidence=f'{cue.evidence}, cutting off "{cut.words}"')


def _say(voice: Voice, cue: Cue, given: Cue) -> Voice:
    waiting = list(voice.waiting)
    waiting.remove(cue)
    at_s = given.time_s
    last_spoken = tuple({**dict(voice.last_spoken), cue.code: at_s}.items())
    voice = replace(voice, waiting=tuple(waiting), last_spoken=last_spoken, now_s=max(at_s, voice.now_s))
    return replace(voice, speaking=given, busy_until_s=at_s + given.duration_s) if cue.words else voice


def spoken_until(cues: Sequence[Cue]) -> list[tuple[Cue, float]]:
    """Return the spoken ones of consecutive cues, each with its end: finished, or cut off by the next."""
    spoken = [cue for cue in cues if cue.words]
    return [(cue, _ends_s(cue, after)) for cue, after in zip(spoken, [*spoken[1:], None], strict=False)]


def _ends_s(cue: Cue, after: Cue | None) -> float:
    spoken_s = cue.time_s + cue.duration_s
    return spoken_s if after is None or not _is_interrupted(cue, after) else min(spoken_s, after.time_s)
