"""What a coach says, and when: words of cues, times of waiting."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.domain.cue import CueCode, SpokenFigure
from imu_reps.domain.rep import Rep

READY = "ready"
LEGS_UP = "legs up first"
NOT_SEEN_UP = "legs not seen up, we begin"
UP = "up"
DOWN = "down"
HOLD = "hold"
HOLD_FOR = "hold, {seconds}"
SECONDS = "{seconds} seconds"
PRESS_BACK = "press your back down"
FLAT_BACK = "flat back"
FLAT = "flat"
HIPS_LEVEL = "hips level"
NO_SWING = "no swing"
SLOWER = "slower"
BREATHE_OUT = "breathe out"
BREATHE_IN = "breathe in"
PAIN = "stop, and rest"
STOPPED = "all right, we stop here"
REST = "rest"
REST_AND_SWITCH = "rest, move the ankle sensor to your {side} leg"
LEFT_TO_SWITCH = "{seconds} seconds, ankle sensor on your {side} leg"
BACK_TO = "back to {count}"
SILENT = "the {sensor} sensor is silent, please wait"
DONE = "and done"
SET_OVER = "set over"
LIE_STILL = "lie down and lie still"

#: Shorter words of a cue from its second time on in a set: its meaning is known by then, and shorter words
#: delay fewer counts.
SHORTER_REPEATS: dict[CueCode, str] = {"press_back": FLAT}


def count(number: int, target: int | None) -> str:
    """Return the number of a repetition, with the number still to come where that is one or three."""
    if target is None or number > target:
        return str(number)
    return f"{number}{_TO_COME.get(target - number, '')}"


_TO_COME = {3: ", three more", 1: ", one more"}


def figure(rep: Rep, which: SpokenFigure) -> str | None:
    """Return a repetition's figure in whole degrees or tenths of a second; None if not measured."""
    match which:
        case "range":
            return None if rep.range_deg is None else f"{rep.range_deg:.0f} degrees"
        case "tilt":
            return None if rep.pelvic_tilt_deg is None else f"tilt {max(rep.pelvic_tilt_deg, 0.0):.0f}"
        case "tempo":
            down, up = rep.eccentric_s, rep.concentric_s
            return None if down is None or up is None else f"down {down:.1f}, up {up:.1f}"


#: Words for a set ended by a stop rule, by reason.
ENDED_BY_RULE = {
    "faulty_reps": "we stop here, the form is going",
    "range_lost": "we stop here, the range is going",
    "speed_lost": "we stop here, the speed is going",
}


@dataclass(frozen=True, slots=True)
class CoachTiming:
    """When and how often the coach speaks; all values are ours, tried by ear."""

    #: Longest interval between two calls of the coach; a cue is decided at least this long before it expires.
    asked_s: float = 0.1
    #: Silence between two spoken cues. Counts and cues of higher priority follow at once, as they expire
    #: soon.
    breath_s: float = 0.1
    #: Number of repetitions at the beginning of a set with breathing cues.
    breathing_reps: int = 3
    #: Number of repetitions with a warning before the floor, after the back let go.
    floor_reps: int = 2
    #: Least time after the end of a movement at which it can be detected, by the pause that begins there.
    end_seen_s: float = 0.1
    #: Tolerance of a live leg angle in the comparison with the target height.
    live_deg: float = 2.0
    #: Shortest pause (at the top or bottom of a target tempo) that is counted down; a shorter one leaves no
    #: time for the words.
    min_hold_s: float = 1.0
    #: Seconds counted down before the first movement.
    count_in: int = 3
    #: Stillness before the count-in: the tilt zero needs a second.
    still_s: float = 2.0
    #: Time to lift the legs into a high start; after it the coach goes on even if no lift was detected.
    lift_s: float = 5.0
    #: Pause before the count-in once the legs are up: short, as holding them is hard.
    held_s: float = 0.5
    #: Interval at which the seconds of a hold are spoken.
    repeat_s: int = 10
    #: Seconds before a hold's target that are counted down one by one.
    countdown_s: int = 3
    #: Silence at the beginning of a rest, as the last cues of the set may still be playing.
    rest_begin_s: float = 2.5
    #: Times left in a rest that are announced.
    rest_announced_s: tuple[int, ...] = (30, 10)
    #: Least time between the beginning of a rest and such an announcement.
    min_before_s: float = 10.0
    #: Time before the next set at which the person is asked to lie down: the tilt zero needs a still second.
    lie_down_s: float = 4.0
    #: Least silence between two cues of a rest.
    silence_s: float = 0.5


TIMING = CoachTiming()
