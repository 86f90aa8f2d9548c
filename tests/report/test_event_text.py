"""Lines for live events."""

from __future__ import annotations

from collections.abc import Callable

from imu_reps import Fault, Rep
from imu_reps.domain.events import (
    FaultSeen,
    PhaseChanged,
    Ready,
    RepCompleted,
    RepRetracted,
    RepRevised,
    SensorBack,
    SensorSilent,
    SetEnded,
)
from imu_reps.report.phrases import event_text


def test_counts_faults_and_the_end_have_lines(
    make_rep: Callable[..., Rep], make_fault: Callable[..., Fault]
) -> None:
    assert event_text(RepCompleted(9.0, 3, make_rep(3))) == "3"
    assert event_text(FaultSeen(9.0, 3, make_fault())) == "   rep 3: back arch, 9° (limit 6°)"
    assert event_text(FaultSeen(9.0, 3, make_fault(value=6.2))) == (
        "   rep 3: back arch, just over 6° (limit 6°)"
    )
    assert event_text(RepRevised(9.0, 3, make_rep(3), ("short_range",))) == (
        "   rep 3: no short range after all"
    )
    assert event_text(RepRevised(9.0, 3, make_rep(3), ())) is None
    assert event_text(RepRetracted(12.0, 2, 5.0, "a fidget.")) == "back to 2: a fidget"
    assert event_text(SensorSilent(13.0, "ankle")) == "the ankle sensor is silent: counting pauses"
    assert "counting goes on" in (event_text(SensorSilent(13.0, "pelvis")) or "")
    assert event_text(SensorBack(15.0, "ankle")) == "the ankle sensor is back"
    assert event_text(SetEnded(60.0, "left_posture", 2)) == "set over, 2 reps: you left the posture"
    assert event_text(SetEnded(60.0, "pain", 2)) == "set over, 2 reps: it hurt"
    assert event_text(SetEnded(60.0, "end_of_recording", None)) == "set over: the recording ends"


def test_readiness_says_whether_the_posture_was_checked() -> None:
    assert event_text(Ready(2.0, True)) == "ready"
    assert "posture not checked" in (event_text(Ready(2.0, False)) or "")


def test_phases_and_watch_levels_have_no_lines(make_fault: Callable[..., Fault]) -> None:
    assert event_text(PhaseChanged(3.0, "top", 60.0)) is None
    assert event_text(FaultSeen(9.0, 3, make_fault(level="watch"))) is None
