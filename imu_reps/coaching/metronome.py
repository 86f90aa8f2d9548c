"""Counting of seconds aloud: the count-in and the four phases of a target tempo, and holds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_words import TIMING
from imu_reps.domain.cue import Cue, make_cue
from imu_reps.domain.events import HoldBegan, HoldEnded, HoldGoesOn, Phase
from imu_reps.domain.exercise import Start
from imu_reps.domain.tempo import Tempo


def count_in_cues(start: Start, from_s: float, still_s: float) -> tuple[Cue, ...]:
    """Return the count-in and the first movement, after `from_s` and `still_s` of stillness."""
    move_s = from_s + still_s + TIMING.count_in
    countdown = [
        make_cue("count_in", str(left), move_s - left, f"{left} s to the first movement", tone="beat")
        for left in range(TIMING.count_in, 0, -1)
    ]
    return (*countdown, move_cue("up" if start == "low" else "down", move_s))


def move_cue(way: Literal["up", "down"], due_s: float) -> Cue:
    """Return the cue of a movement at the target tempo."""
    return make_cue("move", words.UP if way == "up" else words.DOWN, due_s, "the target tempo", tone="beat")


def beat_cues(tempo: Tempo, phase: Phase, began_s: float) -> list[Cue]:
    """Return the beats at the whole seconds of a phase that began at `began_s`, including its end."""
    whole_s = float(getattr(tempo, f"{phase}_s"))
    return [
        make_cue("beat", "", began_s + second, f"{phase}, target {tempo}", tone="beat")
        for second in range(1, math.floor(whole_s + 1e-9) + 1)
    ]


def with_pause(counted: list[Cue], pause_s: float, began_s: float) -> list[Cue]:
    """Return the countdown of a pause; its first word joins a count given at the same moment.

    Parameters
    ----------
    counted : list of Cue
        The count and what follows it; may be empty.
    pause_s : float
        At least `CoachTiming.min_hold_s`.
    began_s : float
        When the pause begins.
    """
    first, *later = range(math.floor(pause_s), 0, -1)
    evidence = f"hold of {pause_s:.0f} s"
    if counted:
        text = f"{counted[0].words}, {words.HOLD_FOR.format(seconds=first)}"
        opening = replace(counted[0], words=text, evidence=f"{counted[0].evidence}, {evidence}")
    else:
        opening = make_cue("hold", words.HOLD_FOR.format(seconds=first), began_s, evidence, tone="hold")
    return [
        opening,
        *(make_cue("hold", str(left), began_s + pause_s - left, evidence, tone="hold") for left in later),
    ]


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
        case HoldBegan(leg_elevation_deg=angle_deg):
            return (make_cue("hold", words.HOLD, now_s, f"legs up at {angle_deg:.0f}°", tone="hold"),)
        case HoldGoesOn(held_s=held_s) if is_done(event, target_s):
            return (make_cue("done", words.DONE, now_s, f"the target of {held_s} s", tone="done"),)
        case HoldGoesOn(held_s=held_s) if (text := _text(held_s, target_s)) is not None:
            return (make_cue("hold", text, now_s, f"held for {held_s} s", tone="hold"),)
        case HoldEnded(held_s=held_s, counts=True):
            text = f"{words.DONE}, {words.SECONDS.format(seconds=round(held_s))}"
            return (make_cue("done", text, now_s, f"held for {held_s:.1f} s", tone="done"),)
    return ()


def _text(held_s: int, target_s: float | None) -> str | None:
    """Return the seconds left near the target, else the seconds held at each interval; None in between."""
    left_s = None if target_s is None else target_s - held_s
    if left_s is not None and left_s <= TIMING.countdown_s:
        return f"{left_s:.0f}"
    return words.SECONDS.format(seconds=held_s) if held_s % TIMING.repeat_s == 0 else None
