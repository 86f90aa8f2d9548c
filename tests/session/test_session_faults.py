"""A session whose radio fails: nothing hangs, what came is in the file, the report says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps import RepPlan, SetPlan, load
from imu_reps.cli import session_words as words
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RadioError
from imu_reps.sensors.stream_items import LinkState, SensorStatus
from imu_reps.session.session import Session
from imu_reps.session.session_events import Connecting, LinkChanged, Resting, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sim.radio.link_plan import Faults
from imu_reps.sim.wearer import Act, LifePlan
from imu_reps.sources.virtual_source import VirtualWorld

Perform = Callable[..., Any]

#: Six raises take about 35 s; the sensors fail after ten.
SIX = [SetPlan(reps=(RepPlan(),) * 6)]
FAILS_S = 10.0


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


#: Held at the link by quick tests too; through a whole session they take minutes together.
LONG_AWAY = pytest.param(30.0, marks=pytest.mark.soak)
FAMILIES = [
    "open_profile",
    *(pytest.param(name, marks=pytest.mark.soak) for name in ("witmotion", "movesense")),
]


@pytest.mark.parametrize("away_s", [3.0, LONG_AWAY])
@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_one_sensor_vanishes_for_a_while(perform: Perform, place: SensorPlace, away_s: float) -> None:
    other: SensorPlace = "ankle" if place == "pelvis" else "pelvis"
    happened = perform(
        plans=SIX,
        plan=timed(60.0),
        deeds=[(FAILS_S, lambda w, _: gone(w, place)), (FAILS_S + away_s, lambda w, _: back(w, place))],
    )
    (finished,) = happened.done

    assert link_notes(finished.path) == [f"{place} lost", f"{place} back"]
    assert away_s - 1.0 < longest_gap_s(finished.path, place) < away_s + 15.0
    assert longest_gap_s(finished.path, other) < 0.5
    assert f"{place} sensor" in happened.report()
    assert "longest gap" in happened.report(verbose=True)
    lost = [event.change for event in happened.emitted if isinstance(event, LinkChanged)]
    assert {change.sensor for change in lost} == {place}


@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_one_sensor_vanishes_for_good(perform: Perform, place: SensorPlace) -> None:
    happened = perform(plans=SIX, plan=timed(300.0), deeds=[(FAILS_S, lambda w, _: gone(w, place))])
    (finished,) = happened.done
    loaded = load(finished.path)

    assert link_notes(finished.path) == [f"{place} lost"]
    assert finished.reason == ("link_lost" if place == "ankle" else "duration")
    assert loaded.notes[-1].time_s == pytest.approx(300.0 if place == "pelvis" else FAILS_S + 60.0, abs=1.0)
    assert f"{place} sensor" in happened.report()
    if place == "pelvis":  # counting goes on without it
        assert [event.state.count for event in happened.emitted if isinstance(event, SetProgress)][-1] == 6


@pytest.mark.parametrize("away_s", [3.0, 30.0])
def test_both_sensors_vanish_for_a_while(perform: Perform, away_s: float) -> None:
    happened = perform(
        plans=SIX,
        plan=timed(60.0),
        deeds=[
            (FAILS_S, lambda w, _: gone(w, *SENSOR_PLACES)),
            (FAILS_S + away_s, lambda w, _: back(w, *SENSOR_PLACES)),
        ],
    )
    (finished,) = happened.done

    assert sorted(link_notes(finished.path)) == ["ankle back", "ankle lost", "pelvis back", "pelvis lost"]
    assert finished.reason == "duration"
    for place in SENSOR_PLACES:
        assert away_s - 1.0 < longest_gap_s(finished.path, place) < away_s + 20.0


def test_both_sensors_vanish_for_good(perform: Perform) -> None:
    happened = perform(plans=SIX, plan=timed(300.0), deeds=[(FAILS_S, lambda w, _: gone(w, *SENSOR_PLACES))])
    (finished,) = happened.done

    assert finished.reason == "link_lost"
    assert sorted(link_notes(finished.path)) == ["ankle lost", "pelvis lost"]
    assert finished.analysis.summary.set.rep_count >= 1
    assert happened.took_s < 90.0


def test_a_session_ends_with_the_set_that_lost_its_sensor(perform: Perform) -> None:
    sets = SessionPlan((timed(300.0).goals[0],) * 3, rest_s=10.0)
    happened = perform(plans=SIX * 3, plan=sets, deeds=[(FAILS_S, lambda w, _: gone(w, "ankle"))])

    assert happened.ends() == ["link_lost"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_a_sensor_reboots_with_its_clock_at_zero(perform: Perform, place: SensorPlace, family: str) -> None:
    happened = perform(
        family=family,
        plans=SIX,
        plan=timed(),
        deeds=[(FAILS_S, lambda w, _: w.sensors[place].reboot())],
    )
    (finished,) = happened.done
    loaded = load(finished.path)
    knows = loaded.header.sensor(place).counter == "device"

    assert link_notes(finished.path) == [f"{place} lost", f"{place} back"]
    assert [note.value for note in loaded.notes if note.key == "restart"] == ([place] if knows else [])
    assert longest_gap_s(finished.path, place) < 20.0
    assert finished.analysis.summary.set.rep_count >= 3


def test_the_adapter_is_switched_off_and_on_again(perform: Perform) -> None:
    happened = perform(
        plans=SIX,
        plan=timed(60.0),
        deeds=[(FAILS_S, lambda w, _: w.air.power_off()), (FAILS_S + 10.0, lambda w, _: w.air.power_on())],
    )
    (finished,) = happened.done

    assert sorted(link_notes(finished.path)) == ["ankle back", "ankle lost", "pelvis back", "pelvis lost"]
    assert finished.analysis.summary.set.rep_count >= 1


def test_the_adapter_is_pulled_out_for_good(perform: Perform) -> None:
    happened = perform(
        plans=SIX, plan=timed(300.0), deeds=[(FAILS_S, lambda w, _: w.air.power_off("no_bluetooth"))]
    )
    (finished,) = happened.done
    details = [t.change.detail for t in happened.emitted if isinstance(t, LinkChanged) and t.change.detail]

    assert finished.reason == "link_lost"
    assert load(finished.path).ankle is not None
    assert details


def test_sensors_that_never_stream_are_named_and_nothing_is_recorded(
    perform: Perform, tmp_path: Path
) -> None:
    with pytest.raises(RadioError) as caught:
        perform(at_once=[(0.0, lambda w, _: w.sensors["ankle"].stop_streaming("never"))])

    assert "ankle" in caught.value.message
    assert caught.value.code == "no_stream"
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_stops_for_good_is_a_lost_link(perform: Perform) -> None:
    happened = perform(
        plans=SIX,
        plan=timed(300.0),
        deeds=[(FAILS_S, lambda w, _: w.sensors["ankle"].stop_streaming("never"))],
    )
    (finished,) = happened.done

    assert finished.reason == "link_lost"
    assert link_notes(finished.path)[0] == "ankle lost"
    assert "ankle sensor" in happened.report()


@pytest.mark.parametrize("family", FAMILIES)
def test_damaged_packets_are_counted_in_the_file_and_the_set_is_still_counted(
    perform: Perform, family: str
) -> None:
    # a stream of frames without a checksum cannot tell a frame cut short from the next one's bytes
    cut = 0.0 if family == "witmotion" else 0.02

    def spoil(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
        for sensor in world.sensors.values():
            sensor.faults = Faults(duplicate=0.02, truncate=cut, garbage=0.02)

    happened = perform(family=family, plans=SIX, plan=timed(), deeds=[(FAILS_S, spoil)])
    (finished,) = happened.done
    notes = {note.key: note.value for note in load(finished.path).notes}

    assert "damaged" in notes
    assert finished.analysis.summary.set.rep_count == 6


def test_a_storm_of_notifications_loses_nothing_of_the_other_sensor(perform: Perform) -> None:
    happened = perform(
        plans=SIX,
        plan=timed(),
        deeds=[(FAILS_S, lambda w, _: w.sensors["ankle"].storm(3000))],
    )
    (finished,) = happened.done

    assert finished.reason == "duration"
    assert longest_gap_s(finished.path, "pelvis") < 0.5
    assert finished.analysis.summary.set.rep_count >= 5


def test_sensors_that_were_swapped_are_told_with_the_mend(perform: Perform) -> None:
    def swap(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
        pelvis, ankle = (world.sensors[place].device for place in SENSOR_PLACES)
        pelvis._feed, ankle._feed = ankle._feed, pelvis._feed

    happened = perform(plans=SIX, plan=timed(), at_once=[(0.0, swap)])
    (finished,) = happened.done
    words = finished.unusable.message + finished.unusable.hint if finished.unusable else happened.report()

    assert "swap" in words.lower()


def test_a_set_begins_although_one_sensor_is_away(perform: Perform) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", 3, None, None)
    three = SetPlan(reps=(RepPlan(),) * 3)
    happened = perform(
        plans=[three, three],
        plan=SessionPlan((goal, replace(goal)), rest_s=30.0),
        deeds=[(27.0, lambda w, _: gone(w, "pelvis"))],
    )

    assert happened.ends() == ["target", "target"]
    assert link_notes(happened.done[1].path) == ["pelvis lost"]
    assert load(happened.done[1].path).pelvis is None
    assert happened.done[1].analysis.summary.set.rep_count == 3


def test_a_rest_waits_for_a_sensor_that_is_lost(perform: Perform) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", 3, None, None)
    three = SetPlan(reps=(RepPlan(),) * 3)
    happened = perform(
        plans=[three, three],
        plan=SessionPlan((goal, replace(goal)), rest_s=5.0),
        deeds=[(22.0, lambda w, _: gone(w, "ankle")), (55.0, lambda w, _: back(w, "ankle"))],
    )
    rests = [event for event in happened.emitted if isinstance(event, Resting)]

    assert happened.ends() == ["target", "target"]
    assert happened.done[1].analysis.summary.set.rep_count == 3
    assert rests[-1].remaining_s == 0.0
    assert rests[-1].links["ankle"].state != "streaming"


def test_a_sensor_that_comes_back_to_a_set_begun_without_it_is_in_its_report(perform: Perform) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", None, None, 60.0)
    happened = perform(
        plans=SIX * 2,
        plan=SessionPlan((SetGoal("single_leg_raise", "left", "low", 1), goal), rest_s=5.0),
        deeds=[
            (13.0, lambda w, _: gone(w, "pelvis")),
            (16.0, lambda _, session: session.advance()),
            (22.0, lambda w, _: back(w, "pelvis")),
        ],
    )
    second = happened.done[1]

    assert load(second.path).pelvis is not None
    assert second.analysis.summary.sensors.pelvis is not None
    assert second.analysis.summary.set.rep_count >= 5


def test_a_pelvis_sensor_lost_before_anything_counts_ends_the_set(perform: Perform) -> None:
    happened = perform(
        plans=[SetPlan(life=LifePlan(before=(Act("walk", 20.0), Act("stand", 2.0), Act("lie_down", 4.0))))],
        plan=timed(600.0),
        deeds=[(10.0, lambda w, _: gone(w, "pelvis"))],
    )

    assert happened.ends() == ["link_lost"]
    assert happened.took_s < 100.0


def test_what_is_shown_says_which_link_is_lost(perform: Perform) -> None:
    happened = perform(plans=SIX, plan=timed(20.0), deeds=[(FAILS_S, lambda w, _: gone(w, "pelvis"))])
    last = [event for event in happened.emitted if isinstance(event, SetProgress)][-1]

    assert last.links["pelvis"].state != "streaming"
    assert last.links["ankle"].state == "streaming"


def test_while_connecting_it_is_said_at_once_which_sensor_was_heard_and_which_is_awaited(
    perform: Perform,
) -> None:
    events: list[tuple[float, Any]] = []
    with pytest.raises(RadioError) as caught:
        perform(missing="ankle", listen=lambda at_s, one: events.append((at_s, one)))
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


def test_what_is_heard_while_connecting_is_said_in_words() -> None:
    def connecting(pelvis: LinkState, ankle: LinkState) -> str | None:
        links = {"pelvis": pelvis, "ankle": ankle}
        return words.connecting(
            Connecting(
                {
                    place: SensorStatus(state, None, None, None, None, None, 0, None, 0, 0, 0, 0, None)
                    for place, state in links.items()
                }  # type: ignore[arg-type]
            )
        )

    assert connecting("awaited", "awaited") == "Looking for both sensors."
    assert connecting("found", "awaited") == "The pelvis sensor was heard; waiting for the ankle sensor."
    assert connecting("connected", "found") is None
