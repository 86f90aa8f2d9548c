"""Cues given to the person during a set, by voice, screen and log."""

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
