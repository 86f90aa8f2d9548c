"""Everything that is said while the person moves: short, plain, kind."""

from __future__ import annotations

from imu_reps.domain.cue import SaidFigure
from imu_reps.domain.recording import Side
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SensorPlace

READY = "ready"
LEGS_UP = "legs up first"
NOT_SEEN_UP = "legs not seen up, we begin"
UP = "up"
DOWN = "down"
HOLD = "hold"
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
DONE = "and done"
LIE_STILL = "lie down and lie still"


def count(number: int, target: int | None) -> str:
    """A repetition's number, and how many are to come where few are."""
    if target is None or number > target:
        return str(number)
    return f"{number}{_TO_COME.get(target - number, '')}"


_TO_COME = {3: ", three more", 1: ", one more"}


def counted_with_hold(words: str, seconds: int) -> str:
    """The count, where the hold begins with it."""
    return f"{words}, {hold(seconds)}"


def hold(seconds: int) -> str:
    """The beginning of a hold."""
    return f"{HOLD}, {seconds}"


def figure(rep: Rep, which: SaidFigure) -> str | None:
    """A repetition's figure, whole degrees or tenths of a second; None where it was not measured."""
    match which:
        case "range":
            return None if rep.range_deg is None else f"{rep.range_deg:.0f} degrees"
        case "tilt":
            return None if rep.pelvic_tilt_deg is None else f"tilt {max(rep.pelvic_tilt_deg, 0.0):.0f}"
        case "tempo":
            down, up = rep.eccentric_s, rep.concentric_s
            return None if down is None or up is None else f"down {down:.1f}, up {up:.1f}"


def back_to(count: int) -> str:
    """A count that was taken back."""
    return f"back to {count}"


#: A rule the person had set ends the set.
ENDED_BY_RULE = {
    "faulty_reps": "we stop here, the form is going",
    "range_lost": "we stop here, the range is going",
    "speed_lost": "we stop here, the speed is going",
}


def set_over(count: int | None) -> str:
    """The end of a set that came before its target."""
    return "set over" if count is None else f"set over, {count}"


def silent(sensor: SensorPlace) -> str:
    """A sensor that sends nothing."""
    return f"the {sensor} sensor is silent, please wait"


def switch_sides(side: Side) -> str:
    """Before the other leg's set."""
    return f"move the ankle sensor to your {side} leg"


def rest_and_switch(side: Side) -> str:
    """As the rest begins, before the other leg's set."""
    return f"{REST}, {switch_sides(side)}"


def left_to_switch(seconds: int, side: Side) -> str:
    """How much of the rest is left, and for what."""
    return f"{seconds_left(seconds)}, ankle sensor on your {side} leg"


def seconds_left(seconds: int) -> str:
    """Of the rest."""
    return f"{seconds} seconds"
