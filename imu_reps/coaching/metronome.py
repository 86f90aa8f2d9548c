"""The metronome: a target tempo's four parts as moments to sound, to hold and to move."""

from __future__ import annotations

import math
from typing import Literal

from imu_reps.domain.events import Phase
from imu_reps.domain.recording import Start
from imu_reps.domain.tempo import Tempo

Move = Literal["up", "down"]

#: A rest shorter than this is not counted down: there would be no time for the words.
LEAST_HOLD_S = 1.0

#: Seconds counted before the first movement, and stillness before them: the zero needs one.
COUNT_IN = 3
STILL_S = 2.0


def target_s(tempo: Tempo, phase: Phase) -> float:
    """How long a phase is to take."""
    return {
        "eccentric": tempo.eccentric_s,
        "bottom": tempo.bottom_s,
        "concentric": tempo.concentric_s,
        "top": tempo.top_s,
    }[phase]


def beats_s(tempo: Tempo, phase: Phase, began_s: float) -> list[float]:
    """The seconds within a phase that began at `began_s`, its end included."""
    whole_s = target_s(tempo, phase)
    return [began_s + second for second in range(1, math.floor(whole_s + 1e-9) + 1)]


def countdown_s(hold_s: float, began_s: float) -> list[tuple[float, int]]:
    """When to say how many seconds of a hold are left, the greatest first; empty for a hold too short."""
    if hold_s < LEAST_HOLD_S:
        return []
    return [(began_s + hold_s - left, left) for left in range(math.floor(hold_s), 0, -1)]


def first_move(start: Start) -> Move:
    """Where the leg goes first."""
    return "up" if start == "low" else "down"


def count_in_s(ready_s: float) -> tuple[list[tuple[float, int]], float]:
    """When to say 3, 2, 1 after `ready_s`, and when the first movement begins."""
    move_s = ready_s + STILL_S + COUNT_IN
    return [(move_s - left, left) for left in range(COUNT_IN, 0, -1)], move_s
