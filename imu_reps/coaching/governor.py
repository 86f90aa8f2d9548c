"""The governor: which of the waiting cues is said, and when. One voice, and never late.

A fault does not wait for a number to be spoken to its end: it cuts it off, and its evidence says so. Nothing
cuts off a fault but a stop.

It decides at the moments that the cues themselves name, not at those at which it happens to be asked: asked
more often, it says the same. Whoever asks it more seldom than every `ASKED_S` loses cues rather than
hearing them late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from imu_reps.coaching.cue_ranks import PRIORITY
from imu_reps.coaching.cue_words import FLAT
from imu_reps.domain.cue import VOICE_START_S, Cue, CueCode, Tone

#: The longest the governor is left unasked; a cue is decided this long before its moment has passed.
ASKED_S = 0.1

#: Silence between two spoken cues; a number, and what matters more, follows at once: its moment is short.
BREATH_S = 0.1

#: What is said from the second time on in a set: who knows what is meant needs fewer words, and the number
#: that falls due meanwhile is heard more often.
AGAIN: dict[CueCode, str] = {"press_back": FLAT}

#: What has been said is not said again for so long.
REFRACTORY_S: dict[CueCode, float] = {
    "sensor_lost": 10.0,
    "press_back": 4.0,
    "hips_level": 4.0,
    "no_swing": 6.0,
    "slower": 5.0,
    "breathe": 1.0,
}


#: What gives way, and to what: the screen keeps a number whose words are cut off.
PLAIN: tuple[Tone, ...] = ("count", "hold", "notice", "beat")
URGENT: tuple[Tone, ...] = ("fault", "stop")


@dataclass(frozen=True, slots=True)
class Voice:
    """What waits to be said, until when the voice is busy, and what it said when.

    Attributes
    ----------
    speaking : Cue or None
        What was spoken last; the voice is busy with it until `busy_until_s`.
    now_s : float
        Up to when everything is decided.
    """

    waiting: tuple[Cue, ...] = ()
    speaking: Cue | None = None
    busy_until_s: float = float("-inf")
    said: tuple[tuple[CueCode, float], ...] = ()
    now_s: float = float("-inf")


def offer(voice: Voice, cues: Iterable[Cue]) -> Voice:
    """Let more cues wait."""
    return replace(voice, waiting=(*voice.waiting, *cues))


def cancel(voice: Voice, codes: Collection[CueCode]) -> Voice:
    """Drop what waits under these names."""
    return replace(voice, waiting=tuple(cue for cue in voice.waiting if cue.code not in codes))


def advance(voice: Voice, now_s: float) -> tuple[Voice, list[Cue]]:
    """Decide everything up to `now_s`; returns what is to be said now, in order."""
    said: list[Cue] = []
    while True:
        chances = [(_earliest(voice, cue), cue) for cue in voice.waiting]
        chances = [(at_s, cue) for at_s, cue in chances if at_s <= cue.until_s - ASKED_S]
        voice = replace(voice, waiting=tuple(cue for _, cue in chances))
        if not chances or min(at_s for at_s, _ in chances) > now_s:
            break
        at_s = min(at_s for at_s, _ in chances)
        cue = min((cue for when_s, cue in chances if when_s == at_s), key=_order)
        given = _given(voice, cue, at_s)
        voice = _say(voice, cue, given)
        if now_s <= cue.until_s:
            said.append(given)
    return replace(voice, now_s=max(now_s, voice.now_s)), said


def _order(cue: Cue) -> tuple[int, float, str, str]:
    return -cue.priority, cue.due_s, cue.code, cue.words


def _earliest(voice: Voice, cue: Cue) -> float:
    """When a cue can be said at the earliest: its moment, a free voice, and not the same again so soon."""
    again_s = dict(voice.said).get(cue.code, float("-inf")) + REFRACTORY_S.get(cue.code, 0.0)
    # a voice needs no time to begin where it goes on speaking
    free_s = voice.busy_until_s + (-VOICE_START_S if cue.priority >= PRIORITY["count"] else BREATH_S)
    free_s = float("-inf") if _gives_way(voice.speaking, cue) else free_s
    return max(cue.due_s, voice.now_s, free_s, again_s)


def _gives_way(speaking: Cue | None, cue: Cue) -> bool:
    """Whether what is spoken is cut off for `cue`."""
    if speaking is None or cue.priority <= speaking.priority:
        return False
    return cue.code == "stop" or (cue.tone in URGENT and speaking.tone in PLAIN)


def _given(voice: Voice, cue: Cue, at_s: float) -> Cue:
    """The cue as it is given at `at_s`, its evidence with the words that it cuts off."""
    if cue.code in AGAIN and cue.code in dict(voice.said):
        cue = replace(cue, words=AGAIN[cue.code])
    cut = voice.speaking
    if cut is None or not cue.words or not _gives_way(cut, cue) or at_s >= cut.time_s + cut.lasts_s:
        return replace(cue, time_s=at_s)
    return replace(cue, time_s=at_s, evidence=f'{cue.evidence}, cutting off "{cut.words}"')


def _say(voice: Voice, cue: Cue, given: Cue) -> Voice:
    waiting = list(voice.waiting)
    waiting.remove(cue)
    at_s = given.time_s
    said = tuple({**dict(voice.said), cue.code: at_s}.items())
    voice = replace(voice, waiting=tuple(waiting), said=said, now_s=max(at_s, voice.now_s))
    return replace(voice, speaking=given, busy_until_s=at_s + given.lasts_s) if cue.words else voice


def spoken_until(cues: Sequence[Cue]) -> list[tuple[Cue, float]]:
    """The spoken ones of cues given in a row, each with when it ends: said, or cut off by the next one."""
    spoken = [cue for cue in cues if cue.words]
    return [(cue, _ends_s(cue, after)) for cue, after in zip(spoken, [*spoken[1:], None], strict=False)]


def _ends_s(cue: Cue, after: Cue | None) -> float:
    spoken_s = cue.time_s + cue.lasts_s
    return spoken_s if after is None or not _gives_way(cue, after) else min(spoken_s, after.time_s)
