"""Messages of a running session, shared by the live panel and plain lines."""

from __future__ import annotations

from imu_reps.cli.console import what_ends
from imu_reps.coaching.cue_words import SET_OVER
from imu_reps.domain.cue import AT_ITS_TOP, Cue, CueCode
from imu_reps.domain.exercise import HOLDS, Side
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.report.formatting import format_tempo, format_value, pluralize
from imu_reps.sensors.stream_items import LinkChange, SensorStatus
from imu_reps.session.session_events import Connecting, SetBegan, SetState
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.session_snapshot import Aim, LinkView

_STATES = {
    "awaited": "not heard yet",
    "found": "heard",
    "away": "lost, trying again",
    "connecting": "connecting",
    "connected": "connected, not sending yet",
    "streaming": "sending",
    "silent": "silent, waking it up",
    "gone": "gone",
}
PHASES = {"concentric": "up", "top": "top", "eccentric": "down", "bottom": "bottom"}

#: Cues whose content other lines show.
SHOWN_ELSEWHERE: tuple[CueCode, ...] = ("ready", "uncount", "sensor_lost")

PAIN = "Pain in the last set, 0 (none) to 10 (worst), or Enter"
EFFORT = "Effort in the last set, 0 (nothing) to 10 (all you had), or Enter"
NO_RATING = "A whole number from 0 to 10, or Enter for no answer."
TAP = "Knock the two sensors against each other three times now, not evenly, then strap them on."


def keys_in_set() -> str:
    """Return what can be pressed while a set is recorded."""
    return f"Enter ends the set, p Enter: it hurts, d Enter: discard, {what_ends()} ends all."


def keys_in_rest() -> str:
    """Return what can be pressed in a rest."""
    return f"Enter starts now, p Enter: it hurts, {what_ends()} ends all."


def exercise(goal: SetGoal | Aim) -> str:
    """Format exercise and leg: ``Single leg raise, left leg``."""
    if not goal.counts:
        return "Press the back flat"
    side = {"left": ", left leg", "right": ", right leg"}.get(goal.side or "", "")
    return goal.exercise.replace("_", " ").capitalize() + side


def which_set(number: int, of: int) -> str:
    """Format ``set 2 of 3``; empty if there is only one."""
    return "" if of == 1 else f"set {number} of {of}"


def aim(goal: SetGoal) -> str:
    """Format the targets of a set; may be empty."""
    words = []
    if goal.practice_reps:
        words.append(f"{pluralize(goal.practice_reps, 'rep')} for practice first")
    if goal.reps is not None:
        words.append(pluralize(goal.reps, "rep"))
    if goal.tempo is not None:
        words.append(f"tempo {format_tempo(str(goal.tempo))}")
    if goal.duration_s is not None:
        words.append(f"{goal.duration_s:.0f} s")
    if goal.range_target_deg is not None:
        words.append(f"range {goal.range_target_deg:g}°")
    if goal.floor_deg is not None:
        words.append(f"no lower than {goal.floor_deg:g}°")
    return ", ".join(words)


def count(so_far: int, target: int | None) -> str:
    """Format the count: ``3 of 10 reps``."""
    return pluralize(so_far, "rep") if target is None else f"{so_far} of {pluralize(target, 'rep')}"


def so_far(state: SetState, goal: SetGoal) -> str:
    """Format the repetitions so far; empty for a hold, whose seconds are lines of their own."""
    return "" if goal.exercise in HOLDS or not goal.counts else count(state.count, goal.reps)


def phase(state: SetState) -> str:
    """Return the phase of the leg, or what is needed before counting can begin."""
    if not state.ready:
        return "be still for a moment"
    return PHASES.get(state.phase or "", "ready" if state.stage == "ready" else "")


def tempo(rep: Rep | None) -> str:
    """Format the phases of the last repetition: ``last: up 1.8 s, top 0.7 s, down 1.9 s``."""
    if rep is None:
        return ""
    phases = (("up", rep.concentric_s), ("top", rep.top_pause_s), ("down", rep.eccentric_s))
    known = [f"{name} {format_value(value, 's')}" for name, value in phases if value is not None]
    return f"last: {', '.join(known)}" if known else ""


def spoken(cue: Cue) -> str | None:
    """Return the words of a cue; None if it has none, or if another line shows them."""
    counts = cue.code == "count" and cue.words.isdecimal() and not cue.evidence.endswith(AT_ITS_TOP)
    if not cue.words or cue.code in SHOWN_ELSEWHERE or counts:
        return None
    if cue.code == "done" and cue.words.startswith(SET_OVER):
        return None
    return f"» {cue.words}"


def link(place: SensorPlace, status: SensorStatus | LinkView) -> str:
    """Describe one sensor's link."""
    words = [f"{place} {_STATES.get(status.state, status.state)}"]
    if status.state == "streaming" and status.rate_hz is not None:
        words = [f"{place} {status.rate_hz:.0f} Hz"]
    if status.battery_percent is not None:
        low = " (low)" if status.battery_low else ""
        words.append(f"battery {status.battery_percent:.0f} %{low}")
    return ", ".join(words)


def link_changed(change: LinkChange) -> str | None:
    """Describe a change of a link and its cause; None for intermediate states."""
    if change.state in ("connecting", "connected"):
        return None
    if change.state == "streaming":
        return f"{change.sensor} sensor sends again"
    detail = f" ({change.detail.rstrip('.')})" if change.detail else ""
    return f"{change.sensor} sensor {_STATES[change.state]}{detail}"


def connecting(event: Connecting) -> str | None:
    """Describe which sensor was found and which is awaited; None if there is nothing to add."""
    awaited = [place for place, status in event.links.items() if status.state == "awaited"]
    heard = [place for place in event.links if place not in awaited]
    if len(awaited) == len(event.links):
        return "Looking for both sensors."
    if awaited:
        return f"The {heard[0]} sensor was heard; waiting for the {awaited[0]} sensor."
    return None


def recording_to(event: SetBegan) -> str:
    """Describe where a set is recorded, or that it is a replay."""
    if event.goal.whole:
        return f"Replay of {event.path}: nothing is recorded."
    return f"Recording to {event.path}"


def clock(seconds: float) -> str:
    """Format minutes and seconds."""
    minutes, rest = divmod(int(max(seconds, 0.0)), 60)
    return f"{minutes}:{rest:02d}"


def move(side: Side | None) -> str:
    """Return the instruction to move the ankle sensor; empty if there is none."""
    return "" if side is None else f"Move the ankle sensor to the {side} leg."
