"""A set that starts high: the legs go up first, and are counted in once there; never waited for in vain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps import RepPlan, SetPlan, load
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import LegsUp
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.tempo import Tempo
from imu_reps.session.rehearsal import replay_session
from imu_reps.session.session_events import Cued, SessionEvent, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.wearer import LifePlan
from tests.session.conftest import Happened, Perform
from tests.session.test_session_faults import back, gone

TEMPO = Tempo(3.0, 1.0, 2.0, 1.0)
REP = RepPlan(concentric_s=2.0, top_pause_s=1.0, eccentric_s=3.0, bottom_pause_s=1.0)


def high(exercise: str = "single_leg_raise", *, floor_stretch: bool = True) -> SetPlan:
    rep = replace(REP, top_deg=0.0, bottom_deg=-45.0) if exercise == "heel_tap" else REP
    life = LifePlan(floor_stretch=floor_stretch)
    return SetPlan(exercise=exercise, start="high", reps=(rep,) * 3, life=life)  # type: ignore[arg-type]


def goal(exercise: str = "single_leg_raise", tempo: Tempo | None = TEMPO) -> SetGoal:
    return SetGoal(exercise, "left", "high", 3, tempo)  # type: ignore[arg-type]


def cues(emitted: list[SessionEvent]) -> list[Cue]:
    return [event.cue for event in emitted if isinstance(event, Cued) and event.cue.code != "beat"]


def seen_up_s(happened: Happened) -> list[float]:
    return [event.time_s for event in happened.events() if isinstance(event, LegsUp)]


def before_first_rep(happened: Happened) -> list[SetProgress]:
    progress = [event for event in happened.emitted if isinstance(event, SetProgress)]
    return [event for event in progress if event.state.count == 0 and event.state.stage != "ended"]


@pytest.mark.parametrize("exercise", ["single_leg_raise", "double_leg_raise"])
def test_the_count_in_waits_until_the_legs_are_up(perform: Perform, exercise: str) -> None:
    happened = perform(plans=[high(exercise)], plan=SessionPlan((goal(exercise),)))
    said = cues(happened.emitted)
    codes = [cue.code for cue in said]
    (up_s,) = seen_up_s(happened)

    assert codes[:6] == ["ready", "legs_up", "count_in", "count_in", "count_in", "move"]
    assert said[1].words == "legs up first"
    assert [cue.words for cue in said[2:6]] == ["3", "2", "1", "down"]
    assert all(cue.time_s > up_s for cue in said[2:6])
    assert said[5].time_s < up_s + 5.0
    assert happened.done[0].summary.set.rep_count == 3


def test_nothing_is_told_of_a_leg_of_which_nobody_knows_where_it_is(perform: Perform) -> None:
    """Lifted into its start it goes up, which a leg that starts high does at the end of a repetition."""
    happened = perform(plans=[high()], plan=SessionPlan((goal(),)))
    before = before_first_rep(happened)
    first = next(cue.time_s for cue in cues(happened.emitted) if cue.code == "hold")

    assert all(event.pose.leg_elevation_deg is not None for event in before if event.state.phase)
    assert {event.state.phase for event in before} <= {None, "eccentric"}
    assert first > before[-1].time_s
    assert [cue.words for cue in cues(happened.emitted) if cue.code == "move"] == ["down", "up", "up"]


def test_legs_that_were_up_from_the_start_are_not_waited_for_in_vain(perform: Perform) -> None:
    happened = perform(plans=[high(floor_stretch=False)], plan=SessionPlan((goal(),)))
    said = cues(happened.emitted)

    assert seen_up_s(happened) == []
    assert [cue.words for cue in said[1:7]] == [
        "legs up first",
        "legs not seen up, we begin",
        "3",
        "2",
        "1",
        "down",
    ]
    assert said[6].time_s < 16.0
    assert happened.done[0].summary.set.rep_count == 3


def test_of_heel_taps_nobody_can_see_it_and_nothing_is_said_of_that(perform: Perform) -> None:
    happened = perform(plans=[high("heel_tap")], plan=SessionPlan((goal("heel_tap"),)))

    assert seen_up_s(happened) == []
    assert [cue.words for cue in cues(happened.emitted)[:6]] == [
        "ready",
        "legs up first",
        "3",
        "2",
        "1",
        "down",
    ]
    assert happened.done[0].summary.set.rep_count == 3


def test_without_a_tempo_it_is_said_and_nothing_is_counted_in(perform: Perform) -> None:
    happened = perform(plans=[high()], plan=SessionPlan((goal(tempo=None),)))

    assert [cue.code for cue in cues(happened.emitted)][:3] in (
        ["ready", "legs_up", "count"],
        ["ready", "count", "count"],
    )
    assert happened.done[0].summary.set.rep_count == 3


@pytest.mark.parametrize("place", SENSOR_PLACES)
@pytest.mark.parametrize(
    ("start", "gone_s", "back_s"), [("high", 3.0, 9.0), ("high", 5.0, 6.0), ("low", 2.0, 5.0)]
)
def test_a_sensor_lost_while_the_set_is_led_into_leads_into_it_anew(
    perform: Perform, start: str, gone_s: float, back_s: float, place: SensorPlace
) -> None:
    """Whoever waits for the count-in is counted in once the sensor is back, and not told meanwhile."""
    plans = [high()] if start == "high" else [SetPlan(reps=(REP,) * 3)]
    aim = replace(goal(), start=start, duration_s=60.0)  # type: ignore[arg-type]
    happened = perform(
        plans=plans,
        plan=SessionPlan((aim,)),
        deeds=[(gone_s, lambda w, _: gone(w, place)), (back_s, lambda w, _: back(w, place))],
    )
    said = cues(happened.emitted)
    moves = [cue for cue in said if cue.code == "move"]

    assert happened.done[0].summary.set.rep_count == 3
    assert "sensor_lost" in [cue.code for cue in said]
    assert "legs not seen up, we begin" not in [cue.words for cue in said]
    assert moves[0].words == ("down" if start == "high" else "up")
    assert [cue.words for cue in said if cue.code == "count_in" and cue.time_s > moves[0].time_s] == []


def test_a_replay_says_the_same_at_the_same_time(perform: Perform) -> None:
    happened = perform(plans=[high()], plan=SessionPlan((goal(),)))
    played: list[SessionEvent] = []
    run(replay_session(load(happened.done[0].path), played.append).run())
    live, again = cues(happened.emitted)[1:6], cues(played)[1:6]

    assert [cue.words for cue in live] == [cue.words for cue in again]
    assert [cue.time_s for cue in live] == pytest.approx([cue.time_s for cue in again], abs=0.15)
