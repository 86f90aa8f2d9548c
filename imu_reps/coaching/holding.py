"""What is said while a hold is held: that it began, its seconds, the last of its target, its end."""

from __future__ import annotations

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_ranks import make
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import HoldBegan, HoldEnded, HoldGoesOn

#: The seconds of a hold are told this often,
TOLD_EVERY_S = 10
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
        case HoldGoesOn(held_s=held_s) if (said := _said(held_s, target_s)) is not None:
            return (make("hold", said, now_s, f"held for {held_s} s", tone="hold"),)
        case HoldEnded(held_s=held_s, counts=True):
            said = f"{words.DONE}, {words.seconds_left(round(held_s))}"
            return (make("done", said, now_s, f"held for {held_s:.1f} s", tone="done"),)
    return ()


def _said(held_s: int, target_s: float | None) -> str | None:
    """The seconds left where they are few, else every so many those held; None: nothing."""
    left_s = None if target_s is None else target_s - held_s
    if left_s is not None and left_s <= COUNTDOWN_S:
        return f"{left_s:.0f}"
    return words.seconds_left(held_s) if held_s % TOLD_EVERY_S == 0 else None
