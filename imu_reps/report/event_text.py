"""Live events as the person on the mat would hear them."""

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
from imu_reps.domain.recording import ended_words
from imu_reps.domain.samples import SensorPlace
from imu_reps.report.figures import counted, past_limit
from imu_reps.report.phrases import label

_WITHOUT: dict[SensorPlace, str] = {
    "ankle": "counting pauses",
    "pelvis": "counting goes on, the pelvis is not judged",
}


def event_text(event: Event) -> str | None:
    """The words of an event; None where nothing is said (phases, what is only worth watching)."""
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


def _of_the_end(event: SetEnded) -> str:
    """What ended, with its count, and why."""
    total = "" if event.rep_count is None else f", {counted(event.rep_count, 'rep')}"
    what = "hold over" if event.reason == "legs_down" else f"set over{total}"
    return f"{what}: {ended_words(event.reason)}"


def _of_faults(event: FaultSeen | RepRevised) -> str | None:
    """What is told of a repetition after it was counted."""
    if isinstance(event, RepRevised):
        gone = ", no ".join(label(code) for code in event.cleared)
        return f"   rep {event.number}: no {gone} after all" if gone else None
    fault = event.fault
    passed = past_limit([abs(fault.value)], abs(fault.limit), fault.unit)
    told = f"   rep {event.number}: {label(fault.code)}, {passed}"
    return told if fault.level == "flag" else None
