"""The rest between two sets: its cues, what it waits for, and moving the ankle sensor to the other leg."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from imu_reps import RepPlan, SensorPlan, SetPlan, load
from imu_reps.domain.cue import CueCode
from imu_reps.session.session import Session
from imu_reps.session.session_events import Cued, Resting, SetBegan
from imu_reps.session.session_plan import LIMITS, SessionPlan, SetGoal
from imu_reps.sim.radio.device import Wearer
from imu_reps.sim.wearer import LifePlan
from imu_reps.sources.virtual_source import VirtualWorld

RunSession = Callable[..., Any]

REST_CODES: tuple[CueCode, ...] = ("rest", "switch_sides")


def raises(count: int = 2, **changes: Any) -> SetPlan:
    return SetPlan(reps=(RepPlan(),) * count, **changes)


def goal(side: Any = "left", reps: int | None = 2) -> SetGoal:
    return SetGoal("single_leg_raise", side, "low", reps, duration_s=60.0)


def advance(_world: VirtualWorld, session: Session) -> None:
    session.advance()


def test_the_rest_is_coached_on_its_own_clock(run_session: RunSession) -> None:
    sets = SessionPlan((goal("left"), goal("right")), rest_s=45.0)
    outcome = run_session(plans=[raises(), raises(side="right")], plan=sets)
    cues = outcome.cues_in_rest()
    rests = [event for event in outcome.emitted if isinstance(event, Resting)]

    assert [cue.words for cue in cues] == [
        "rest, move the ankle sensor to your right leg",
        "30 seconds, ankle sensor on your right leg",
        "10 seconds",
        "lie down and lie still",
    ]
    assert [cue.time_s for cue in cues] == pytest.approx([2.5, 15.0, 35.0, 41.0], abs=0.1)
    assert rests[0].since_s == 0.0
    assert all(rest.since_s + rest.remaining_s == pytest.approx(45.0) for rest in rests)


def test_a_rest_cue_is_emitted_at_the_moment_it_belongs_to(run_session: RunSession) -> None:
    outcome = run_session(plans=[raises()] * 2, plan=SessionPlan((goal(), goal()), rest_s=20.0))
    since_s = 0.0
    for event in outcome.emitted:
        if isinstance(event, Resting):
            since_s = event.since_s
        elif isinstance(event, Cued) and event.cue.code in REST_CODES:
            assert event.cue.time_s == pytest.approx(since_s, abs=0.1)


def test_rest_cues_stop_the_moment_a_set_begins(run_session: RunSession) -> None:
    sets = SessionPlan((goal(), goal()), rest_s=45.0)
    outcome = run_session(plans=[raises()] * 2, plan=sets, in_rest=[(14.0, advance)])
    (_, second) = (k for k, event in enumerate(outcome.emitted) if isinstance(event, SetBegan))
    later = [event.cue.code for event in outcome.emitted[second:] if isinstance(event, Cued)]

    assert [cue.words for cue in outcome.cues_in_rest()] == ["rest"]
    assert not set(REST_CODES) & set(later)
    assert later[0] == "ready"


def test_a_rest_that_waits_for_a_lost_sensor_is_cued_once(run_session: RunSession) -> None:
    def lose(world: VirtualWorld, _session: Session) -> None:
        world.sensors["ankle"].vanish()

    def find(world: VirtualWorld, _session: Session) -> None:
        world.sensors["ankle"].return_()

    sets = SessionPlan((goal(), goal()), rest_s=10.0)
    outcome = run_session(plans=[raises()] * 2, plan=sets, in_rest=[(2.0, lose), (25.0, find)])
    cues = [(cue.code, cue.words) for cue in outcome.cues_in_rest()]

    assert cues.count(("sensor_lost", "the ankle sensor is silent, please wait")) == 1
    assert cues[-1][0] == "sensor_lost"
    assert [finished.summary.set.rep_count for finished in outcome.done] == [2, 2]


#: A wearer who lies there and swings the sensor about: worn this way, the swings would be repetitions.
HANDLING = SetPlan(
    reps=(RepPlan(top_deg=75.0, concentric_s=1.2, eccentric_s=1.2, bottom_pause_s=0.4),) * 3,
    ankle=SensorPlan(turned_deg=(0.0, 120.0, 0.0)),
    life=LifePlan(still_before_s=0.2),
)
#: The other leg wears the sensor turned differently, and begins soon.
OTHER_LEG = raises(3, side="right", ankle=SensorPlan(turned_deg=(0.0, -60.0, 25.0)))


def handled(until_s: float) -> list[tuple[float, Any]]:
    """Return actions that move the sensor about in the rest until it lies still in its new place."""

    def handle(world: VirtualWorld, _session: Session) -> None:
        world.performance.begin(3, world.air.now_s())

    def settle(world: VirtualWorld, _session: Session) -> None:
        world.performance.lie_down(2, world.air.now_s())

    return [(until_s - 9.0, handle), (until_s, settle)]


@pytest.mark.parametrize("until_s", [16.0, 19.5])
def test_moving_the_sensor_to_the_other_leg_affects_no_set(run_session: RunSession, until_s: float) -> None:
    sets = SessionPlan((goal("left"), goal("right", 3)), rest_s=20.0)
    plans = [raises(), OTHER_LEG, HANDLING]
    outcome = run_session(plans=plans, plan=sets, in_rest=handled(until_s))
    truth = Wearer(plans[1], seed=1).truth
    summary, recording = outcome.done[1].summary, load(outcome.done[1].path)
    assert recording.ankle is not None

    before = recording.ankle.time_s < summary.reps[0].start_s - 0.5
    assert np.linalg.norm(recording.ankle.gyr_dps[before], axis=1).max() < LIMITS.moved_dps
    assert summary.set.rep_count == truth.rep_count == 3
    assert summary.zero.time_s is not None
    for rep, true in zip(summary.reps, truth.reps, strict=True):
        assert rep.range_deg == pytest.approx(true.range_deg, abs=2.0)
        assert rep.pelvic_curl_deg == pytest.approx(true.pelvic_curl_deg, abs=1.5)
        assert rep.pelvic_rotation_deg == pytest.approx(true.pelvic_rotation_deg, abs=2.0)


def test_lying_still_after_moving_the_sensor_is_in_the_next_file(run_session: RunSession) -> None:
    sets = SessionPlan((goal("left"), goal("right", 3)), rest_s=20.0)
    still = raises(3, side="right", life=LifePlan(still_before_s=0.2))
    outcome = run_session(plans=[raises(), still, HANDLING], plan=sets, in_rest=handled(16.0))
    summary = outcome.done[1].summary

    assert summary.set.rep_count == 3
    assert 2.5 < summary.reps[0].start_s < 5.0
    assert summary.zero.time_s is not None
