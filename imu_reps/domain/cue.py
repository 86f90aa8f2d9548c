"""Cues given to the person during a set, by voice, screen and log, and how each kind of them is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CueCode = Literal[
    "stop",
    "sensor_lost",
    "press_back",
    "hips_level",
    "no_swing",
    "slower",
    "hold",
    "count",
    "uncount",
    "done",
    "ready",
    "legs_up",
    "count_in",
    "move",
    "switch_sides",
    "rest",
    "breathe",
    "figure",
    "beat",
    "in_range",
    "too_low",
]
#: Figures that can be spoken after each repetition.
SpokenFigure = Literal["range", "tempo", "tilt"]
Tone = Literal["stop", "fault", "hold", "count", "done", "notice", "beat"]
#: How severely a screen shows something.
Alert = Literal["none", "watch", "flag"]


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """What is spoken in addition to warnings.

    Attributes
    ----------
    count_at : {"end", "top"}
        Whether a repetition is counted at its end or at its top.
    metronome : bool
        With a target tempo, speak count-in, seconds, "up" and "down".
    breathing : bool
        Speak "breathe out" and "breathe in" with the first repetitions.
    figure : {"range", "tempo", "tilt"} or None
        The figure spoken after each repetition.
    """

    count_at: Literal["end", "top"] = "end"
    metronome: bool = True
    breathing: bool = False
    figure: SpokenFigure | None = None


#: Default options.
DEFAULT_SPEECH = SpeechOptions()

#: Suffix of the evidence of a count given before its repetition is complete.
AT_ITS_TOP = ", at its top"

#: Estimated time for a voice to begin, and for each word.
VOICE_START_S = 0.15
WORD_S = 0.3


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue, spoken or as a tone.

    Attributes
    ----------
    code : CueCode
        Stable name.
    words : str
        Spoken and shown text; empty for a tone alone.
    priority : int
        Higher goes first.
    time_s : float
        When it was given; before that, when it was created.
    due_s : float
        Earliest time to give it.
    until_s : float
        Latest time to give it; then it is dropped.
    evidence : str
        Evidence for the log.
    tone : Tone
        Sound played with it.
    """

    code: CueCode
    words: str
    priority: int
    time_s: float
    due_s: float
    until_s: float
    evidence: str
    tone: Tone

    @property
    def duration_s(self) -> float:
        """Estimated duration of the speech; 0 for a tone alone."""
        count = len(self.words.split())
        return VOICE_START_S + WORD_S * count if count else 0.0


@dataclass(frozen=True, slots=True)
class CueKind:
    """How a kind of cue is given.

    Attributes
    ----------
    priority : int
        Higher goes first.
    patience_s : float
        Time after its due time for which the cue is still useful; for a fault, after its limit was crossed.
    refractory_s : float
        Minimum time before the cue is given again.
    alert : Alert
        Severity that colours the whole screen.
    """

    priority: int
    patience_s: float
    refractory_s: float = 0.0
    alert: Alert = "none"


#: Every kind of cue, by priority: pain and stop, then tilt, rotation, swing, tempo, count, then the rest.
CUES: dict[CueCode, CueKind] = {
    "stop": CueKind(100, 10.0, alert="flag"),
    "sensor_lost": CueKind(95, 5.0, refractory_s=10.0, alert="flag"),
    "press_back": CueKind(90, 0.48, refractory_s=4.0, alert="flag"),
    "hips_level": CueKind(80, 0.48, refractory_s=4.0, alert="watch"),
    "no_swing": CueKind(70, 0.48, refractory_s=6.0, alert="watch"),
    "too_low": CueKind(65, 1.2),
    "slower": CueKind(60, 0.48, refractory_s=5.0, alert="watch"),
    "in_range": CueKind(56, 0.4),
    "hold": CueKind(55, 0.4),
    "count": CueKind(50, 0.4),
    "done": CueKind(49, 3.0),
    "uncount": CueKind(48, 2.0),
    "switch_sides": CueKind(45, 20.0),
    "ready": CueKind(44, 3.0),
    "legs_up": CueKind(43, 3.0),
    "count_in": CueKind(42, 0.4),
    "move": CueKind(40, 0.4),
    "rest": CueKind(35, 3.0),
    "figure": CueKind(30, 1.5),
    "breathe": CueKind(20, 0.6, refractory_s=1.0),
    "beat": CueKind(10, 0.2),
}


def make_cue(
    code: CueCode, text: str, due_s: float, evidence: str, *, tone: Tone, until_s: float | None = None
) -> Cue:
    """Return a cue with the priority and patience of its kind; `time_s` is set when it is given."""
    kind = CUES[code]
    end_s = due_s + kind.patience_s if until_s is None else until_s
    return Cue(code, text, kind.priority, due_s, due_s, end_s, evidence, tone)
