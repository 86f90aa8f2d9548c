"""Sets that start high: the count-in waits until the legs are up, but not forever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

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
from tests.session.conftest import RunSession, SessionOutcome
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


def legs_up_times_s(outcome: SessionOutcome) -> list[float]:
    return [event.time_s for event in outcome.events() if isinstance(event, LegsUp)]


def before_first_rep(outcome: SessionOutcome) -> list[SetProgress]:
    progress = [event for event in outcome.emitted if isinstance(event, SetProgress)]
    return [event for event in progress if event.state.count == 0 and event.state.stage != "ended"]


@pytest.fixture(scope="module")
def begun_high(
    start_session: RunSession, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], SessionOutcome]:
    """Outcome of a session of one set of an exercise that starts high, for tests that only look at it."""

    @cache
    def outcome(exercise: str) -> SessionOutcome:
        folder = tmp_path_factory.mktemp("begun_high")
        return start_session(folder=folder, plans=[high(exercise)], plan=SessionPlan((goal(exercise),)))

    return outcome


@pytest.mark.parametrize("exercise", ["single_leg_raise", "double_leg_raise"])
def test_the_count_in_waits_until_the_legs_are_up(
    begun_high: Callable[[str], SessionOutcome], exercise: str
) -> None:
    outcome = begun_high(exercise)
    spoken = cues(outcome.emitted)
    codes = [cue.code for cue in spoken]
    (up_s,) = legs_up_times_s(outcome)

    assert codes[:6] == ["ready", "legs_up", "count_in", "count_in", "count_in", "move"]
    assert spoken[1].words == "legs up first"
    assert [cue.words for cue in spoken[2:6]] == ["3", "2", "1", "down"]
    assert all(cue.time_s > up_s for cue in spoken[2:6])
    assert spoken[5].time_s < up_s + 5.0
    assert outcome.done[0].summary.set.rep_count == 3


def test_no_leg_position_is_reported_before_it_is_known(begun_high: Callable[[str], SessionOutcome]) -> None:
    """Lifting into the start moves the leg up, which in a set that starts high ends a repetition."""
    outcome = begun_high("single_leg_raise")
    before = before_first_rep(outcome)
    first = next(cue.time_s for cue in cues(outcome.emitted) if cue.code == "hold")

    assert all(event.pose.leg_elevation_deg is not None for event in before if event.state.phase)
    assert {event.state.phase for event in before} <= {None, "eccentric"}
    assert first > before[-1].time_s
    assert [cue.words for cue in cues(outcome.emitted) if cue.code == "move"] == ["down", "up", "up"]


def test_legs_that_were_up_from_the_start_delay_the_count_in_only_briefly(run_session: RunSession) -> None:
    outcome = run_session(plans=[high(floor_stretch=False)], plan=SessionPlan((goal(),)))
    spoken = cues(outcome.emitted)

    assert legs_up_times_s(outcome) == []
    assert [cue.words for cue in spoken[1:7]] == [
        "legs up first",
        "legs not seen up, we begin",
        "3",
        "2",
        "1",
        "down",
    ]
    assert spoken[6].time_s < 16.0
    assert outcome.done[0].summary.set.rep_count == 3


def test_heel_taps_are_counted_in_although_raised_legs_are_not_detectable(
    begun_high: Callable[[str], SessionOutcome],
) -> None:
    outcome = begun_high("heel_tap")

    assert legs_up_times_s(outcome) == []
    assert [cue.words for cue in cues(outcome.emitted)[:6]] == [
        "ready",
        "legs up first",
        "3",
        "2",
        "1",
        "down",
    ]
    assert outcome.done[0].summary.set.rep_count == 3


def test_without_a_tempo_there_is_no_count_in(run_session: RunSession) -> None:
    outcome = run_session(plans=[high()], plan=SessionPlan((goal(tempo=None),)))

    assert [cue.code for cue in cues(outcome.emitted)][:3] in (
        ["ready", "legs_up", "count"],
        ["ready", "count", "count"],
    )
    assert outcome.done[0].summary.set.rep_count == 3


@pytest.mark.parametrize("place", SENSOR_PLACES)
@pytest.mark.parametrize(
    ("start", "gone_s", "back_s"), [("high", 3.0, 9.0), ("high", 5.0, 6.0), ("low", 2.0, 5.0)]
)
def test_a_sensor_lost_during_the_lead_in_restarts_the_lead_in(
    run_session: RunSession, start: str, gone_s: float, back_s: float, place: SensorPlace
) -> None:
    """The count-in follows once the sensor is back; nothing is cued in the meantime."""
    plans = [high()] if start == "high" else [SetPlan(reps=(REP,) * 3)]
    aim = replace(goal(), start=start, duration_s=60.0)  # type: ignore[arg-type]
    outcome = run_session(
        plans=plans,
        plan=SessionPlan((aim,)),
        actions=[(gone_s, lambda w, _: gone(w, place)), (back_s, lambda w, _: back(w, place))],
    )
    spoken = cues(outcome.emitted)
    moves = [cue for cue in spoken if cue.code == "move"]

    assert outcome.done[0].summary.set.rep_count == 3
    assert "sensor_lost" in [cue.code for cue in spoken]
    assert "legs not seen up, we begin" not in [cue.words for cue in spoken]
    assert moves[0].words == ("down" if start == "high" else "up")
    assert [cue.words for cue in spoken if cue.code == "count_in" and cue.time_s > moves[0].time_s] == []


def test_a_replay_gives_the_same_cues_at_the_same_times(begun_high: Callable[[str], SessionOutcome]) -> None:
    outcome = begun_high("single_leg_raise")
    played: list[SessionEvent] = []
    run(replay_session(load(outcome.done[0].path), played.append).run())
    live, again = cues(outcome.emitted)[1:6], cues(played)[1:6]

    assert [cue.words for cue in live] == [cue.words for cue in again]
    assert [cue.time_s for cue in live] == pytest.approx([cue.time_s for cue in again], abs=0.15)
