"""Counting of seconds aloud: the four phases of a target tempo, and holds."""

from __future__ import annotations

import math
from typing import Literal

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.coach_timing import TIMING
from imu_reps.domain.cue import Cue, make_cue
from imu_reps.domain.events import HoldBegan, HoldEnded, HoldGoesOn, Phase
from imu_reps.domain.exercise import Start
from imu_reps.domain.tempo import Tempo

Move = Literal["up", "down"]


def target_s(tempo: Tempo, phase: Phase) -> float:
    """Return the target duration of a phase."""
    return float(getattr(tempo, f"{phase}_s"))


def beats_s(tempo: Tempo, phase: Phase, began_s: float) -> list[float]:
    """Return the times of the whole seconds in a phase that began at `began_s`, including its end."""
    whole_s = target_s(tempo, phase)
    return [began_s + second for second in range(1, math.floor(whole_s + 1e-9) + 1)]


def countdown_s(hold_s: float, began_s: float) -> list[tuple[float, int]]:
    """Return the times of a hold's countdown, each with the seconds left; empty for a hold too short."""
    if hold_s < TIMING.min_hold_s:
        return []
    return [(began_s + hold_s - left, left) for left in range(math.floor(hold_s), 0, -1)]


def first_move(start: Start) -> Move:
    """Return the direction of the first movement."""
    return "up" if start == "low" else "down"


def count_in_s(ready_s: float, still_s: float = TIMING.still_s) -> tuple[list[tuple[float, int]], float]:
    """Return the times of the count-in, each with the seconds left, and the time of the first movement.

    It follows `ready_s` and `still_s` of stillness.
    """
    move_s = ready_s + still_s + TIMING.count_in
    return [(move_s - left, left) for left in range(TIMING.count_in, 0, -1)], move_s


HoldEvent = HoldBegan | HoldGoesOn | HoldEnded


def is_done(event: HoldEvent, target_s: float | None) -> bool:
    """Whether the hold needs no more cues: its target is reached, or the legs are coming down."""
    if isinstance(event, HoldGoesOn):
        return target_s is not None and event.held_s >= target_s
    return isinstance(event, HoldEnded) and event.counts


def hold_cues(event: HoldEvent, target_s: float | None, now_s: float) -> tuple[Cue, ...]:
    """Return the cues for an event of a hold.

    Parameters
    ----------
    event : HoldBegan, HoldGoesOn or HoldEnded
    target_s : float or None
        Target duration of the hold; None: no target.
    now_s : float
        Time at which the event is known.
    """
    match event:
        case HoldBegan():
            return (
                make_cue(
                    "hold", words.HOLD, now_s, f"legs up at {event.leg_elevation_deg:.0f}°", tone="hold"
                ),
            )
        case HoldGoesOn(held_s=held_s) if is_done(event, target_s):
            return (make_cue("done", words.DONE, now_s, f"the target of {held_s} s", tone="done"),)
        case HoldGoesOn(held_s=held_s) if (text := _text(held_s, target_s)) is not None:
            return (make_cue("hold", text, now_s, f"held for {held_s} s", tone="hold"),)
        case HoldEnded(held_s=held_s, counts=True):
            text = f"{words.DONE}, {words.seconds_left(round(held_s))}"
            return (make_cue("done", text, now_s, f"held for {held_s:.1f} s", tone="done"),)
    return ()


def _text(held_s: int, target_s: float | None) -> str | None:
    """Return the seconds left near the target, else the seconds held at each interval; None in between."""
    left_s = None if target_s is None else target_s - held_s
    if left_s is not None and left_s <= TIMING.countdown_s:
        return f"{left_s:.0f}"
    return words.seconds_left(held_s) if held_s % TIMING.repeat_s == 0 else None
