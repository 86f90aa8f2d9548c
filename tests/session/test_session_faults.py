"""Sessions with radio failures: nothing hangs, all received data is in the file, reports state the gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps import RepPlan, SetPlan, load
from imu_reps.cli import session_messages as messages
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RadioError
from imu_reps.sensors.stream_items import LinkState, SensorStatus
from imu_reps.session.session import Session
from imu_reps.session.session_events import Connecting, LinkChanged, Resting, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sim.radio.link_plan import Faults
from imu_reps.sim.wearer import Act, LifePlan
from imu_reps.sources.virtual_source import VirtualWorld

pytestmark = pytest.mark.faults

RunSession = Callable[..., Any]

#: Six raises take about 35 s; the sensors fail after 10 s.
SIX = [SetPlan(reps=(RepPlan(),) * 6)]
FAILS_S = 10.0


@pytest.fixture
def run_session(run_session: RunSession) -> RunSession:
    """Use WitMotion sensors by default: with neither counter nor clock, they are the hardest to follow."""
    return partial(run_session, family="witmotion")


def timed(duration_s: float = 45.0) -> SessionPlan:
    return SessionPlan((SetGoal("single_leg_raise", "left", "low", None, None, duration_s),))


def gone(world: VirtualWorld, *places: SensorPlace) -> None:
    for place in places:
        world.sensors[place].vanish()


def back(world: VirtualWorld, *places: SensorPlace) -> None:
    for place in places:
        world.sensors[place].return_()


def link_notes(path: str) -> list[str]:
    return [note.value for note in load(path).notes if note.key == "link"]


def longest_gap_s(path: str, place: SensorPlace) -> float:
    samples = load(path).samples(place)
    assert samples is not None
    return float(np.diff(samples.time_s).max())


#: These absences are also covered by quick tests of the link; whole sessions of them take minutes.
LONG_AWAY = pytest.param(30.0, marks=pytest.mark.soak)
FAMILIES = [
    "open_profile",
    *(pytest.param(name, marks=pytest.mark.soak) for name in ("witmotion", "movesense")),
]


@pytest.mark.parametrize("away_s", [3.0, LONG_AWAY])
@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_one_sensor_vanishes_for_a_while(run_session: RunSession, place: SensorPlace, away_s: float) -> None:
    other: SensorPlace = "ankle" if place == "pelvis" else "pelvis"
    outcome = run_session(
        plans=SIX,
        plan=timed(FAILS_S + away_s + 20.0),
        actions=[(FAILS_S, lambda w, _: gone(w, place)), (FAILS_S + away_s, lambda w, _: back(w, place))],
    )
    (finished,) = outcome.done

    assert link_notes(finished.path) == [f"{place} lost", f"{place} back"]
    assert away_s - 1.0 < longest_gap_s(finished.path, place) < away_s + 15.0
    assert longest_gap_s(finished.path, other) < 0.5
    assert f"{place} sensor" in outcome.report()
    assert "longest gap" in outcome.report(verbose=True)
    lost = [event.change for event in outcome.emitted if isinstance(event, LinkChanged)]
    assert {change.sensor for change in lost} == {place}


@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_one_sensor_vanishes_for_good(run_session: RunSession, place: SensorPlace) -> None:
    outcome = run_session(plans=SIX, plan=timed(80.0), actions=[(FAILS_S, lambda w, _: gone(w, place))])
    (finished,) = outcome.done
    loaded = load(finished.path)

    assert link_notes(finished.path) == [f"{place} lost"]
    assert finished.reason == ("link_lost" if place == "ankle" else "duration")
    assert loaded.notes[-1].time_s == pytest.approx(80.0 if place == "pelvis" else FAILS_S + 60.0, abs=1.0)
    assert f"{place} sensor" in outcome.report()
    if place == "pelvis":  # counting goes on without it
        assert [event.state.count for event in outcome.emitted if isinstance(event, SetProgress)][-1] == 6


@pytest.mark.parametrize("away_s", [3.0, 30.0])
def test_both_sensors_vanish_for_a_while(run_session: RunSession, away_s: float) -> None:
    outcome = run_session(
        plans=SIX,
        plan=timed(FAILS_S + away_s + 25.0),
        actions=[
            (FAILS_S, lambda w, _: gone(w, *SENSOR_PLACES)),
            (FAILS_S + away_s, lambda w, _: back(w, *SENSOR_PLACES)),
        ],
    )
    (finished,) = outcome.done

    assert sorted(link_notes(finished.path)) == ["ankle back", "ankle lost", "pelvis back", "pelvis lost"]
    assert finished.reason == "duration"
    said_s = [note.time_s for note in load(finished.path).notes if "nothing from the ankle" in note.value]
    assert said_s == [pytest.approx(FAILS_S + 1.0, abs=1.5)]
    for place in SENSOR_PLACES:
        assert away_s - 1.0 < longest_gap_s(finished.path, place) < away_s + 20.0


def test_both_sensors_vanish_for_good(run_session: RunSession) -> None:
    outcome = run_session(
        plans=SIX, plan=timed(300.0), actions=[(FAILS_S, lambda w, _: gone(w, *SENSOR_PLACES))]
    )
    (finished,) = outcome.done

    assert finished.reason == "link_lost"
    assert sorted(link_notes(finished.path)) == ["ankle lost", "pelvis lost"]
    assert finished.analysis.summary.set.rep_count >= 1
    assert outcome.duration_s < 90.0


def test_a_session_ends_with_the_set_that_lost_its_sensor_for_good(run_session: RunSession) -> None:
    sets = SessionPlan((timed(300.0).goals[0],) * 3, rest_s=10.0)
    outcome = run_session(plans=SIX * 3, plan=sets, actions=[(FAILS_S, lambda w, _: gone(w, "ankle"))])

    assert outcome.ends() == ["link_lost"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_a_sensor_reboots_with_its_clock_at_zero(
    run_session: RunSession, place: SensorPlace, family: str
) -> None:
    outcome = run_session(
        family=family,
        plans=SIX,
        plan=timed(),
        actions=[(FAILS_S, lambda w, _: w.sensors[place].reboot())],
    )
    (finished,) = outcome.done
    loaded = load(finished.path)
    knows = loaded.header.sensor(place).counter == "device"

    assert link_notes(finished.path) == [f"{place} lost", f"{place} back"]
    assert [note.value for note in loaded.notes if note.key == "restart"] == ([place] if knows else [])
    assert longest_gap_s(finished.path, place) < 20.0
    assert finished.analysis.summary.set.rep_count >= 3


def test_the_adapter_is_switched_off_and_on_again(run_session: RunSession) -> None:
    outcome = run_session(
        plans=SIX,
        plan=timed(45.0),
        actions=[(FAILS_S, lambda w, _: w.air.power_off()), (FAILS_S + 10.0, lambda w, _: w.air.power_on())],
    )
    (finished,) = outcome.done

    assert sorted(link_notes(finished.path)) == ["ankle back", "ankle lost", "pelvis back", "pelvis lost"]
    assert finished.analysis.summary.set.rep_count >= 1


def test_the_adapter_is_unplugged_for_good(run_session: RunSession) -> None:
    outcome = run_session(
        plans=SIX, plan=timed(300.0), actions=[(FAILS_S, lambda w, _: w.air.power_off("no_bluetooth"))]
    )
    (finished,) = outcome.done
    details = [t.change.detail for t in outcome.emitted if isinstance(t, LinkChanged) and t.change.detail]

    assert finished.reason == "link_lost"
    assert load(finished.path).ankle is not None
    assert details


def test_sensors_that_never_stream_are_named_and_nothing_is_recorded(
    run_session: RunSession, tmp_path: Path
) -> None:
    with pytest.raises(RadioError) as caught:
        run_session(at_start=[(0.0, lambda w, _: w.sensors["ankle"].stop_streaming("never"))])

    assert "ankle" in caught.value.message
    assert caught.value.code == "no_stream"
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_stops_for_good_is_a_lost_link(run_session: RunSession) -> None:
    outcome = run_session(
        plans=SIX,
        plan=timed(300.0),
        actions=[(FAILS_S, lambda w, _: w.sensors["ankle"].stop_streaming("never"))],
    )
    (finished,) = outcome.done

    assert finished.reason == "link_lost"
    assert link_notes(finished.path)[0] == "ankle lost"
    assert "ankle sensor" in outcome.report()


@pytest.mark.parametrize("family", FAMILIES)
def test_damaged_packets_are_counted_in_the_file_and_the_set_is_still_counted(
    run_session: RunSession, family: str
) -> None:
    # without a checksum, a truncated frame is indistinguishable from the bytes that follow
    cut = 0.0 if family == "witmotion" else 0.02

    def spoil(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
        for sensor in world.sensors.values():
            sensor.faults = Faults(duplicate=0.02, truncate=cut, garbage=0.02)

    outcome = run_session(family=family, plans=SIX, plan=timed(), actions=[(FAILS_S, spoil)])
    (finished,) = outcome.done
    notes = {note.key: note.value for note in load(finished.path).notes}

    assert "damaged" in notes
    assert finished.analysis.summary.set.rep_count == 6


def test_a_storm_of_notifications_loses_nothing_of_the_other_sensor(run_session: RunSession) -> None:
    outcome = run_session(
        plans=SIX,
        plan=timed(),
        actions=[(FAILS_S, lambda w, _: w.sensors["ankle"].storm(3000))],
    )
    (finished,) = outcome.done

    assert finished.reason == "duration"
    assert longest_gap_s(finished.path, "pelvis") < 0.5
    assert finished.analysis.summary.set.rep_count >= 5


def test_swapped_sensors_are_reported_with_a_hint(run_session: RunSession) -> None:
    def swap(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
        pelvis, ankle = (world.sensors[place].device for place in SENSOR_PLACES)
        pelvis._feed, ankle._feed = ankle._feed, pelvis._feed

    outcome = run_session(plans=SIX, plan=timed(), at_start=[(0.0, swap)])
    (finished,) = outcome.done
    messages = finished.unusable.message + finished.unusable.hint if finished.unusable else outcome.report()

    assert "swap" in messages.lower()


def test_a_set_begins_without_one_missing_sensor(run_session: RunSession) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", 3, None, None)
    three = SetPlan(reps=(RepPlan(),) * 3)
    outcome = run_session(
        plans=[three, three],
        plan=SessionPlan((goal, replace(goal)), rest_s=30.0),
        actions=[(27.0, lambda w, _: gone(w, "pelvis"))],
    )

    assert outcome.ends() == ["target", "target"]
    assert link_notes(outcome.done[1].path) == ["pelvis lost"]
    assert load(outcome.done[1].path).pelvis is None
    assert outcome.done[1].analysis.summary.set.rep_count == 3


def test_a_rest_waits_for_a_sensor_that_is_lost(run_session: RunSession) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", 3, None, None)
    three = SetPlan(reps=(RepPlan(),) * 3)
    outcome = run_session(
        plans=[three, three],
        plan=SessionPlan((goal, replace(goal)), rest_s=5.0),
        actions=[(22.0, lambda w, _: gone(w, "ankle")), (55.0, lambda w, _: back(w, "ankle"))],
    )
    rests = [event for event in outcome.emitted if isinstance(event, Resting)]

    assert outcome.ends() == ["target", "target"]
    assert outcome.done[1].analysis.summary.set.rep_count == 3
    assert rests[-1].remaining_s == 0.0
    assert rests[-1].links["ankle"].state != "streaming"


def test_a_sensor_that_returns_to_a_set_begun_without_it_is_in_its_report(run_session: RunSession) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", None, None, 60.0)
    outcome = run_session(
        plans=SIX * 2,
        plan=SessionPlan((SetGoal("single_leg_raise", "left", "low", 1), goal), rest_s=5.0),
        actions=[
            (13.0, lambda w, _: gone(w, "pelvis")),
            (16.0, lambda _, session: session.advance()),
            (22.0, lambda w, _: back(w, "pelvis")),
        ],
    )
    second = outcome.done[1]

    assert load(second.path).pelvis is not None
    assert second.analysis.summary.sensors.pelvis is not None
    assert second.analysis.summary.set.rep_count >= 5


def test_a_pelvis_sensor_lost_before_the_first_repetition_ends_the_set(run_session: RunSession) -> None:
    outcome = run_session(
        plans=[SetPlan(life=LifePlan(before=(Act("walk", 20.0), Act("stand", 2.0), Act("lie_down", 4.0))))],
        plan=timed(600.0),
        actions=[(10.0, lambda w, _: gone(w, "pelvis"))],
    )

    assert outcome.ends() == ["link_lost"]
    assert outcome.duration_s < 100.0


def test_the_view_shows_which_link_is_lost(run_session: RunSession) -> None:
    outcome = run_session(plans=SIX, plan=timed(20.0), actions=[(FAILS_S, lambda w, _: gone(w, "pelvis"))])
    last = [event for event in outcome.emitted if isinstance(event, SetProgress)][-1]

    assert last.links["pelvis"].state != "streaming"
    assert last.links["ankle"].state == "streaming"


def test_while_connecting_the_view_shows_at_once_which_sensor_is_found_and_which_is_awaited(
    run_session: RunSession,
) -> None:
    events: list[tuple[float, Any]] = []
    with pytest.raises(RadioError) as caught:
        run_session(missing="ankle", on_event=lambda at_s, one: events.append((at_s, one)))
    half = [
        at_s
        for at_s, one in events
        if isinstance(one, Connecting)
        and {place: status.state for place, status in one.links.items()}
        == {"pelvis": "found", "ankle": "awaited"}
    ]

    assert min(half) < 2.0
    assert caught.value.code == "not_found"
    assert "ankle" in caught.value.message
    assert "pelvis" not in caught.value.message


def test_the_connection_state_is_described_in_words() -> None:
    def connecting(pelvis: LinkState, ankle: LinkState) -> str | None:
        links = {"pelvis": pelvis, "ankle": ankle}
        return messages.connecting(
            Connecting(
                {place: SensorStatus(state) for place, state in links.items()}  # type: ignore[arg-type]
            )
        )

    assert connecting("awaited", "awaited") == "Looking for both sensors."
    assert connecting("found", "awaited") == "The pelvis sensor was heard; waiting for the ankle sensor."
    assert connecting("connected", "found") is None
