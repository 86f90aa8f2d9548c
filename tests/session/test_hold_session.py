"""A hold in a session ends by itself when the legs come down."""

from __future__ import annotations

from imu_reps import RepPlan, SetPlan, load
from imu_reps.domain.events import RepCompleted, SetEnded
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sim.wearer import LifePlan

HOLD = RepPlan(top_deg=25.0, concentric_s=2.0, top_pause_s=12.0, eccentric_s=2.0)


def test_a_hold_ends_when_the_legs_come_down(run_session) -> None:
    plan = SetPlan(exercise="hollow_hold", side="both", reps=(HOLD,), life=LifePlan(rest_after_s=60.0))
    outcome = run_session(plans=[plan], plan=SessionPlan((SetGoal("hollow_hold", "both", "low"),)))
    (finished,) = outcome.done
    figures = finished.analysis.summary.set

    assert finished.reason == "legs_down"
    assert [note.value for note in load(finished.path).notes if note.key == "end"] == ["legs_down"]
    assert figures.rep_count is None
    assert 11.0 < figures.time_under_tension_s < 13.0
    assert not [event for event in outcome.events() if isinstance(event, RepCompleted)]
    assert [event.reason for event in outcome.events() if isinstance(event, SetEnded)] == ["legs_down"]


def test_a_hold_ends_when_its_duration_is_reached(run_session) -> None:
    plan = SetPlan(exercise="hollow_hold", side="both", reps=(HOLD,), life=LifePlan(rest_after_s=60.0))
    goal = SetGoal("hollow_hold", "both", "low", duration_s=8.0)
    (finished,) = run_session(plans=[plan], plan=SessionPlan((goal,))).done
    cues = [note.value.partition(" ")[0] for note in load(finished.path).notes if note.key == "cue"]

    assert finished.reason == "duration"
    assert 7.8 < finished.analysis.summary.set.time_under_tension_s < 8.5
    assert cues == ["ready", "hold", "hold", "hold", "hold", "done"]
