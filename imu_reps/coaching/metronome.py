"""What is counted aloud: the four parts of a target tempo, and the seconds of a hold."""

from __future__ import annotations

import math
from typing import Literal

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_ranks import make
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import HoldBegan, HoldEnded, HoldGoesOn, Phase
from imu_reps.domain.recording import Start
from imu_reps.domain.tempo import Tempo

Move = Literal["up", "down"]

#: A rest shorter than this is not counted down: there would be no time for the words.
MIN_HOLD_S = 1.0

#: Seconds counted before the first movement, and stillness before them: the zero needs one.
COUNT_IN = 3
STILL_S = 2.0

#: Into a high start the legs are lifted in so much time: who has not been seen to do it by then is not
#: waited for.
LIFT_S = 5.0
#: Legs that are up are heavy: they are counted in with no more than the time to hear it.
HELD_S = 0.5


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
    if hold_s < MIN_HOLD_S:
        return []
    return [(began_s + hold_s - left, left) for left in range(math.floor(hold_s), 0, -1)]


def first_move(start: Start) -> Move:
    """Where the leg goes first."""
    return "up" if start == "low" else "down"


def count_in_s(ready_s: float, still_s: float = STILL_S) -> tuple[list[tuple[float, int]], float]:
    """When to say 3, 2, 1 after `ready_s` and some stillness, and when the first movement begins."""
    move_s = ready_s + still_s + COUNT_IN
    return [(move_s - left, left) for left in range(COUNT_IN, 0, -1)], move_s


#: The seconds of a hold are told this often,
REPEAT_S = 10
#: and so many are counted down before its target.
COUNTDOWN_S = 3

HoldEvent = HoldBegan | HoldGoesOn | HoldEnded


def is_done(event: HoldEvent, target_s: float | None) -> bool:
    """Whether nothing more is to be said of the hold: its target is reached, or the legs are coming down."""
    if isinstance(event, HoldGoesOn):
        return target_s is not None and event.held_s >= target_s
    return isinstance(event, HoldEnded) and event.counts


def hold_cues(event: HoldEvent, target_s: float | None, now_s: float) -> tuple[Cue, ...]:
    """What an event of a hold leads to, told at `now_s`.

    Parameters
    ----------
    event : HoldBegan or HoldGoesOn or HoldEnded
    target_s : float or None
        How long it is to be held; None: open.
    now_s : float
    """
    match event:
        case HoldBegan():
            return (
                make("hold", words.HOLD, now_s, f"legs up at {event.leg_elevation_deg:.0f}°", tone="hold"),
            )
        case HoldGoesOn(held_s=held_s) if is_done(event, target_s):
            return (make("done", words.DONE, now_s, f"the target of {held_s} s", tone="done"),)
        case HoldGoesOn(held_s=held_s) if (text := _text(held_s, target_s)) is not None:
            return (make("hold", text, now_s, f"held for {held_s} s", tone="hold"),)
        case HoldEnded(held_s=held_s, counts=True):
            text = f"{words.DONE}, {words.seconds_left(round(held_s))}"
            return (make("done", text, now_s, f"held for {held_s:.1f} s", tone="done"),)
    return ()


def _text(held_s: int, target_s: float | None) -> str | None:
    """The seconds left where they are few, else every so many those held; None: nothing."""
    left_s = None if target_s is None else target_s - held_s
    if left_s is not None and left_s <= COUNTDOWN_S:
        return f"{left_s:.0f}"
    return words.seconds_left(held_s) if held_s % REPEAT_S == 0 else None
