"""How much each cue matters, and for how long after its moment."""

from __future__ import annotations

from imu_reps.domain.cue import Cue, CueCode, Tone

#: Pain and stop, tilt, rotation, swing, tempo, count; around them what is no less than they are.
PRIORITY: dict[CueCode, int] = {
    "stop": 100,
    "sensor_lost": 95,
    "press_back": 90,
    "hips_level": 80,
    "no_swing": 70,
    "slower": 60,
    "hold": 55,
    "count": 50,
    "done": 49,
    "uncount": 48,
    "switch_sides": 45,
    "ready": 44,
    "legs_up": 43,
    "count_in": 42,
    "move": 40,
    "rest": 35,
    "too_low": 65,
    "in_range": 56,
    "figure": 30,
    "breathe": 20,
    "beat": 10,
}

#: How long after its moment a cue is still worth hearing, seconds.
PATIENCE_S: dict[CueCode, float] = {
    "stop": 10.0,
    "sensor_lost": 5.0,
    "ready": 3.0,
    "legs_up": 3.0,
    "count": 0.4,
    "done": 3.0,
    "uncount": 2.0,
    "hold": 0.4,
    "count_in": 0.4,
    "move": 0.4,
    "figure": 1.5,
    "breathe": 0.6,
    "beat": 0.2,
    "in_range": 0.4,
    "too_low": 1.2,
    "rest": 3.0,
    "switch_sides": 20.0,
}

#: A fault is worth a word this long after its limit was passed.
FAULT_PATIENCE_S = 0.48


def make(
    code: CueCode, text: str, due_s: float, evidence: str, *, tone: Tone, until_s: float | None = None
) -> Cue:
    """A cue with its own priority and patience; `time_s` is set as it is given."""
    end_s = due_s + PATIENCE_S[code] if until_s is None else until_s
    return Cue(code, text, PRIORITY[code], due_s, due_s, end_s, evidence, tone)
