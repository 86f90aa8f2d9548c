"""What is said to the person while they move: the same list drives voice, screen and log."""

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
#: What may be said of each repetition after it.
SaidFigure = Literal["range", "tempo", "tilt"]
Tone = Literal["stop", "fault", "hold", "count", "done", "notice", "beat"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the person wants to hear beside warnings; voice, screen and log agree.

    Attributes
    ----------
    count_at : {"end", "top"}
        Whether a repetition is counted as it ends, or at its top (where it ends there, the same).
    metronome : bool
        With a target tempo: count-in, seconds, "up" and "down".
    breathing : bool
        "breathe out" and "breathe in" with the first repetitions.
    figure : {"range", "tempo", "tilt"} or None
        The figure of each repetition that is said after it.
    """

    count_at: Literal["end", "top"] = "end"
    metronome: bool = True
    breathing: bool = False
    figure: SaidFigure | None = None


#: Where nothing is asked for.
USUALLY_SPOKEN = Spoken()

#: How the evidence of a count ends that is given before its repetition is complete.
AT_ITS_TOP = ", at its top"

#: A plain voice needs about this long to begin, and for each word.
VOICE_START_S = 0.15
WORD_S = 0.3


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing to say, or to sound.

    Attributes
    ----------
    code : CueCode
        Stable name.
    words : str
        What is spoken and shown; empty: a tone alone.
    priority : int
        The greater goes first.
    time_s : float
        When it was given; before that, when it was thought of.
    due_s : float
        The moment it belongs to: not before.
    until_s : float
        After this it is dropped: its moment has passed.
    evidence : str
        What it rests on.
    tone : Tone
        Name of the sound that goes with it.
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
    def lasts_s(self) -> float:
        """How long the voice is busy with it, estimated; 0 for a tone alone."""
        count = len(self.words.split())
        return VOICE_START_S + WORD_S * count if count else 0.0
