"""Text of live events, and of what may go wrong while a set is recorded."""

from __future__ import annotations

from imu_reps.domain.events import (
    Event,
    FaultSeen,
    HoldEnded,
    LegsUp,
    Ready,
    RepCompleted,
    RepRetracted,
    RepRevised,
    SensorBack,
    SensorSilent,
    SetEnded,
)
from imu_reps.domain.samples import SensorPlace
from imu_reps.report.findings import end_reason_text
from imu_reps.report.formatting import past_limit, pluralize
from imu_reps.report.phrases import flag_label

_WITHOUT: dict[SensorPlace, str] = {
    "ankle": "counting pauses",
    "pelvis": "counting goes on, the pelvis is not judged",
}


def event_text(event: Event) -> str | None:
    """Return the text of an event; None for phases and for what is only worth watching."""
    match event:
        case Ready(posture_checked=checked):
            words = "ready" if checked else "ready (posture not checked: no pelvis sensor)"
        case LegsUp():
            words = "legs up"
        case RepCompleted(number=number):
            words = f"{number}"
        case RepRetracted(rep_count=count, reason=reason):
            words = f"back to {count}: {reason.rstrip('.')}"
        case FaultSeen() | RepRevised():
            return _of_faults(event)
        case SensorSilent(sensor=sensor):
            words = f"the {sensor} sensor is silent: {_WITHOUT[sensor]}"
        case SensorBack(sensor=sensor):
            words = f"the {sensor} sensor is back"
        case SetEnded():
            words = _of_the_end(event)
        case HoldEnded(held_s=held_s, counts=True):
            words = f"held for {held_s:.0f} s"
        case _:
            return None
    return words


#: For a session whose counting lags; short, as a narrow panel has few lines for it.
COUNTING_LATE = "Counting does not keep up; everything is recorded."


def file_moved_text(*, was_removed: bool, path: str = "") -> str:
    """Describe why the file of a set was written again and, given its `path`, where."""
    why = "was removed" if was_removed else "could not be written on"
    return f"The file of this set {why}; it was written anew{f', to {path}' if path else '.'}"


def _of_the_end(event: SetEnded) -> str:
    """Describe the end of a set or hold, with count and reason."""
    total = "" if event.rep_count is None else f", {pluralize(event.rep_count, 'rep')}"
    what = "hold over" if event.reason == "legs_down" else f"set over{total}"
    return f"{what}: {end_reason_text(event.reason)}"


def _of_faults(event: FaultSeen | RepRevised) -> str | None:
    """Describe a fault, or cleared faults, of a repetition counted before."""
    if isinstance(event, RepRevised):
        gone = ", no ".join(flag_label(code) for code in event.cleared)
        return f"   rep {event.number}: no {gone} after all" if gone else None
    fault = event.fault
    passed = past_limit([abs(fault.value)], abs(fault.limit), fault.unit)
    text = f"   rep {event.number}: {flag_label(fault.code)}, {passed}"
    return text if fault.level == "flag" else None
