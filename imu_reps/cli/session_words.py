"""The words of a session while it runs, the same on a live panel and in plain lines."""

from __future__ import annotations

from imu_reps.coaching.cue_words import set_over
from imu_reps.domain.cue import AT_ITS_TOP, Cue, CueCode
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Side
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.tempo import Tempo
from imu_reps.report.figures import counted, written
from imu_reps.sensors.stream_items import LinkChange, SensorStatus
from imu_reps.session.session_events import Connecting, CountingLate, FileMoved, SetBegan
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_state import SetState
from imu_reps.view.snapshot import Aim, LinkView

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
#: A battery under this may not last a session.
LOW_BATTERY_PERCENT = 15.0

#: Cues whose words other lines say already.
SAID_ANYHOW: tuple[CueCode, ...] = ("ready", "uncount", "sensor_lost")

KEYS_IN_SET = "Enter ends the set, p Enter: it hurts, d Enter: discard, Ctrl-C ends all."
KEYS_IN_REST = "Enter starts now, p Enter: it hurts, Ctrl-C ends all."
KEYS_IN_REPLAY = "Ctrl-C ends."
PAIN = "Pain in the last set, 0 (none) to 10 (worst), or Enter"
EFFORT = "Effort in the last set, 0 (nothing) to 10 (all you had), or Enter"
NO_RATING = "A whole number from 0 to 10, or Enter for no answer."
TAP = "Knock the two sensors against each other three times now, not evenly, then strap them on."


def exercise(goal: SetGoal | Aim) -> str:
    """What is done with which leg: ``Single leg raise, left leg``."""
    if not goal.counts:
        return "Press the back flat"
    side = {"left": ", left leg", "right": ", right leg"}.get(goal.side or "", "")
    return goal.exercise.replace("_", " ").capitalize() + side


def which_set(number: int, of: int) -> str:
    """``set 2 of 3``, or nothing where there is only one."""
    return "" if of == 1 else f"set {number} of {of}"


def aimed_tempo(tempo: Tempo) -> str:
    """A tempo without needless decimals: ``2-0-2-0``."""
    return "-".join(part.removesuffix(".0") for part in str(tempo).split("-"))


def aim(goal: SetGoal) -> str:
    """What ends the set by itself, and the tempo aimed at; may be nothing."""
    words = []
    if goal.practice_reps:
        words.append(f"{counted(goal.practice_reps, 'rep')} for practice first")
    if goal.reps is not None:
        words.append(counted(goal.reps, "rep"))
    if goal.tempo is not None:
        words.append(f"tempo {aimed_tempo(goal.tempo)}")
    if goal.duration_s is not None:
        words.append(f"{goal.duration_s:.0f} s")
    if goal.range_target_deg is not None:
        words.append(f"range {goal.range_target_deg:g}°")
    if goal.floor_deg is not None:
        words.append(f"no lower than {goal.floor_deg:g}°")
    return ", ".join(words)


def count(so_far: int, target: int | None) -> str:
    """``3 of 10 reps``."""
    return counted(so_far, "rep") if target is None else f"{so_far} of {counted(target, 'rep')}"


def so_far(state: SetState, goal: SetGoal) -> str:
    """Repetitions so far; a hold has none, and its seconds are lines of their own."""
    return "" if goal.exercise in HOLDS or not goal.counts else count(state.count, goal.reps)


def phase(state: SetState) -> str:
    """What the leg does, or what has to be done that counting can begin."""
    if not state.ready:
        return "be still for a moment"
    return PHASES.get(state.phase or "", "ready" if state.stage == "ready" else "")


def tempo(rep: Rep | None) -> str:
    """How long the phases of the last repetition took: ``up 1.8 s, top 0.7 s, down 1.9 s``."""
    if rep is None:
        return ""
    phases = (("up", rep.concentric_s), ("top", rep.top_pause_s), ("down", rep.eccentric_s))
    return ", ".join(f"{name} {written(value, 's')}" for name, value in phases if value is not None)


def spoken(cue: Cue) -> str | None:
    """The words of a cue; None where there are none, or where another line says them."""
    counts = cue.code == "count" and cue.words.isdecimal() and not cue.evidence.endswith(AT_ITS_TOP)
    if not cue.words or cue.code in SAID_ANYHOW or counts:
        return None
    if cue.code == "done" and cue.words.startswith(set_over(None)):
        return None
    return f"» {cue.words}"


def link(place: SensorPlace, status: SensorStatus | LinkView) -> str:
    """One sensor's link in a few words."""
    words = [f"{place} {_STATES.get(status.state, status.state)}"]
    if status.state == "streaming" and status.rate_hz is not None:
        words = [f"{place} {status.rate_hz:.0f} Hz"]
    if status.battery_percent is not None:
        low = " (low)" if is_low(status.battery_percent) else ""
        words.append(f"battery {status.battery_percent:.0f} %{low}")
    return ", ".join(words)


def is_low(battery_percent: float | None) -> bool:
    """Whether a battery may not last a session."""
    return battery_percent is not None and battery_percent < LOW_BATTERY_PERCENT


def link_changed(change: LinkChange) -> str | None:
    """A change of a link, and why; None for the steps in between."""
    if change.state in ("connecting", "connected"):
        return None
    if change.state == "streaming":
        return f"{change.sensor} sensor sends again"
    detail = f" ({change.detail.rstrip('.')})" if change.detail else ""
    return f"{change.sensor} sensor {_STATES[change.state]}{detail}"


def connecting(event: Connecting) -> str | None:
    """Which sensor was heard and which is awaited, while it is only one; None: nothing new to say."""
    awaited = [place for place, status in event.links.items() if status.state == "awaited"]
    heard = [place for place in event.links if place not in awaited]
    if len(awaited) == len(event.links):
        return "Looking for both sensors."
    if awaited:
        return f"The {heard[0]} sensor was heard; waiting for the {awaited[0]} sensor."
    return None


def recording_to(event: SetBegan) -> str:
    """Where a set goes, or that it is one that was recorded before."""
    if event.goal.whole:
        return f"Replay of {event.path}: nothing is recorded."
    return f"Recording to {event.path}"


def moved(event: FileMoved) -> str:
    """The file was taken away and written anew."""
    return f"The file of this set was removed. All of it was written anew, to {event.path}"


def late(event: CountingLate) -> str:
    """Counting does not keep up."""
    return f"Counting is {event.behind_s:.0f} s behind: this computer is busy. Everything is recorded."


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    minutes, rest = divmod(int(max(seconds, 0.0)), 60)
    return f"{minutes}:{rest:02d}"


def move(side: Side | None) -> str:
    """What has to be done in the rest; may be nothing."""
    return "" if side is None else f"Move the ankle sensor to the {side} leg."
