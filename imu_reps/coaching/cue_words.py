"""All words spoken while the person moves (short, plain, kind), and the priority of each cue."""

from __future__ import annotations

from imu_reps.domain.cue import Cue, CueCode, SpokenFigure, Tone
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
    """Return the number of a repetition, with the number still to come where that is one or three."""
    if target is None or number > target:
        return str(number)
    return f"{number}{_TO_COME.get(target - number, '')}"


_TO_COME = {3: ", three more", 1: ", one more"}


def counted_with_hold(words: str, seconds: int) -> str:
    """Return a count that is joined by the beginning of a hold."""
    return f"{words}, {hold(seconds)}"


def hold(seconds: int) -> str:
    """Return the beginning of a hold of a number of seconds."""
    return f"{HOLD}, {seconds}"


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


def back_to(count: int) -> str:
    """Return the correction after a repetition was retracted."""
    return f"back to {count}"


#: Words for a set ended by a stop rule, by reason.
ENDED_BY_RULE = {
    "faulty_reps": "we stop here, the form is going",
    "range_lost": "we stop here, the range is going",
    "speed_lost": "we stop here, the speed is going",
}


def set_over(count: int | None) -> str:
    """Return the end of a set before its target; a `count` of None: no repetitions are counted."""
    return "set over" if count is None else f"set over, {count}"


def silent(sensor: SensorPlace) -> str:
    """Return the warning of a sensor that sends nothing."""
    return f"the {sensor} sensor is silent, please wait"


def switch_sides(side: Side) -> str:
    """Return the request to move the ankle sensor to the other leg."""
    return f"move the ankle sensor to your {side} leg"


def rest_and_switch(side: Side) -> str:
    """Return the beginning of a rest before a set of the other leg."""
    return f"{REST}, {switch_sides(side)}"


def left_to_switch(seconds: int, side: Side) -> str:
    """Return the time left in a rest, with the reminder to move the ankle sensor."""
    return f"{seconds_left(seconds)}, ankle sensor on your {side} leg"


def seconds_left(seconds: int) -> str:
    """Return a number of seconds in words."""
    return f"{seconds} seconds"


#: Priority of each cue, higher first: pain and stop, then tilt, rotation, swing, tempo, count, then the rest.
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

#: Time in seconds after its due time for which a cue is still useful.
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


def make_cue(
    code: CueCode, text: str, due_s: float, evidence: str, *, tone: Tone, until_s: float | None = None
) -> Cue:
    """Return a cue with the priority and patience of its code; `time_s` is set when it is given."""
    end_s = due_s + PATIENCE_S[code] if until_s is None else until_s
    return Cue(code, text, PRIORITY[code], due_s, due_s, end_s, evidence, tone)
