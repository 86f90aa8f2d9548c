"""`Session` over the virtual air: sets, rests, sides, and every way a set ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imu_reps import Pipeline, RepPlan, SampleBlock, SetPlan, load
from imu_reps.domain.events import PostureLeft, RepCompleted
from imu_reps.errors import FileAccessError
from imu_reps.session.session import Session
from imu_reps.session.session_events import Connecting, Cued, Resting, SetBegan, SetDone, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sim.radio.device import Wearer
from imu_reps.sim.wearer import Act, LifePlan, PersonPlan, SitUp
from imu_reps.sources.virtual_source import VirtualWorld

Perform = Callable[..., Any]


def raises(count: int = 3, **changes: Any) -> SetPlan:
    return SetPlan(reps=(RepPlan(),) * count, **changes)


def goal(reps: int | None = 3, duration_s: float | None = None, side: Any = "left") -> SetGoal:
    return SetGoal("single_leg_raise", side, "low", reps, None, duration_s)


def stop(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
    session.stop()


def advance(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
    session.advance()


@pytest.mark.parametrize("family", ["witmotion", "open_profile", "movesense"])
def test_a_set_is_counted_as_it_was_done_from_the_air_to_the_report(perform: Perform, family: str) -> None:
    happened = perform(family=family, plans=[raises(4)], plan=SessionPlan((goal(4),)))
    truth = Wearer(raises(4), seed=0).truth
    (finished,) = happened.done
    summary = finished.analysis.summary
    loaded = load(finished.path)

    assert finished.reason == "target"
    assert summary.set.rep_count == truth.rep_count == 4
    assert [e.number for e in happened.events() if isinstance(e, RepCompleted)] == [1, 2, 3, 4]
    for rep, true in zip(summary.reps, truth.reps, strict=True):
        assert rep.concentric_s == pytest.approx(true.concentric_s, abs=0.1)
        assert rep.eccentric_s == pytest.approx(true.eccentric_s, abs=0.1)
        assert rep.range_deg == pytest.approx(true.range_deg, abs=2.0)
    assert loaded.cautions == ()
    assert loaded.header.simulated
    assert loaded.header.side == "left"
    assert loaded.header.ankle.sensor == family
    assert "4 reps, 4 clean" in happened.report()


def test_the_file_begins_with_the_first_sample_and_is_told_with_what_is_worn(perform: Perform) -> None:
    happened = perform()
    (began,) = (event for event in happened.emitted if isinstance(event, SetBegan))
    loaded = load(began.path)

    assert Path(began.path).name == "2026-11-21_073000_single_leg_raise_left_set1.csv"
    assert loaded.header.session == "2026-11-21_073000"
    assert loaded.header.set_number == 1
    assert loaded.header.extra["pelvis.host_id"] != loaded.header.extra["ankle.host_id"]
    assert float(loaded.header.extra["ankle.battery_percent"]) > 0
    assert loaded.pelvis is not None
    assert loaded.ankle is not None
    assert min(loaded.pelvis.time_s[0], loaded.ankle.time_s[0]) == 0.0
    assert max(loaded.pelvis.time_s[0], loaded.ankle.time_s[0]) < 0.2


def test_progress_shows_count_phase_tempo_and_links_while_it_runs(perform: Perform) -> None:
    progress = [event for event in perform().emitted if isinstance(event, SetProgress)]

    assert [p.state.count for p in progress] == sorted(p.state.count for p in progress)
    assert {"concentric", "eccentric"} <= {p.state.phase for p in progress}
    assert list(dict.fromkeys(p.state.stage for p in progress)) == ["waiting", "ready", "running", "ended"]
    assert progress[-1].state.last_rep.eccentric_s == pytest.approx(2.0, abs=0.4)
    assert progress[-1].links["ankle"].state == "streaming"
    assert progress[-1].links["ankle"].rate_hz == pytest.approx(100.0, rel=0.02)


def test_what_the_coach_says_is_told_and_stands_in_the_file(perform: Perform) -> None:
    happened = perform(plans=[raises(3)], plan=SessionPlan((goal(3),)))
    (finished,) = happened.done
    said = [event.cue for event in happened.emitted if isinstance(event, Cued)]
    noted = [note.value.split(" ")[0] for note in load(finished.path).notes if note.key == "cue"]

    assert [cue.words[0] for cue in said if cue.code == "count"] == ["1", "2", "3"]
    assert noted == [cue.code for cue in said if cue.code != "beat"]
    assert said[-1].code == "done"


def test_sets_of_two_sides_have_a_file_each_and_a_rest_between(perform: Perform) -> None:
    sets = SessionPlan((goal(side="left"), goal(side="right")), rest_s=20.0)
    happened = perform(plans=[raises(), raises(side="right")], plan=sets)
    first, second = (load(finished.path) for finished in happened.done)
    rests = [event for event in happened.emitted if isinstance(event, Resting)]

    assert [finished.analysis.summary.set.rep_count for finished in happened.done] == [3, 3]
    assert (first.header.side, second.header.side) == ("left", "right")
    assert (first.header.set_number, second.header.set_number) == (1, 2)
    assert first.header.session == second.header.session
    assert {rest.move_to for rest in rests} == {"right"}
    assert rests[0].remaining_s == pytest.approx(20.0, abs=0.1)
    assert rests[-1].remaining_s < 0.1


def test_the_next_file_begins_with_the_stillness_before_its_set(perform: Perform) -> None:
    lying = LifePlan(still_before_s=0.2)  # the wearer begins at once
    sets = SessionPlan((goal(), goal()), rest_s=20.0)
    happened = perform(plans=[raises(), raises(life=lying)], plan=sets)
    summary = happened.done[1].analysis.summary

    assert 5.0 < summary.reps[0].start_s < 7.0
    assert summary.zero.time_s is not None
    assert summary.reps[0].tremor_ratio is not None


def test_no_sample_of_a_rest_stands_in_two_files(perform: Perform) -> None:
    sets = SessionPlan((goal(), goal()), rest_s=2.0)
    happened = perform(plans=[raises(), raises()], plan=sets)
    first, second = (load(finished.path) for finished in happened.done)

    for place in ("pelvis", "ankle"):
        assert second.samples(place).sample[0] > first.samples(place).sample[-1]
        assert second.samples(place).sample[0] - first.samples(place).sample[-1] < 20


def test_a_set_ends_soon_after_its_target(perform: Perform) -> None:
    happened = perform(plans=[raises(6)], plan=SessionPlan((goal(3),)))
    (finished,) = happened.done
    completed = [e.time_s for e in happened.events() if isinstance(e, RepCompleted)]
    last_s = load(finished.path).notes[-1].time_s

    assert finished.reason == "target"
    assert len(completed) == 3
    assert 1.5 < last_s - completed[-1] < 6.5


def test_a_set_without_a_target_ends_with_its_duration_and_never_by_stillness(perform: Perform) -> None:
    happened = perform(plan=SessionPlan((goal(None, 60.0),)))
    (finished,) = happened.done

    assert finished.reason == "duration"
    assert load(finished.path).notes[-1].time_s == pytest.approx(60.0, abs=0.3)
    assert finished.analysis.summary.set.rep_count == 3


def test_a_set_ends_when_the_posture_is_left(perform: Perform) -> None:
    up = LifePlan(after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0), Act("walk", 30.0)))
    happened = perform(plans=[raises(life=up)], plan=SessionPlan((goal(None, 120.0),)))
    (finished,) = happened.done

    said = [event.cue for event in happened.emitted if isinstance(event, Cued)]

    assert finished.reason == "left_posture"
    assert load(finished.path).notes[-1].time_s < 40.0
    assert finished.analysis.summary.set.rep_count == 3
    assert [e.rep_count for e in happened.events() if isinstance(e, PostureLeft)] == [3]
    assert [(cue.code, cue.evidence) for cue in said[-1:]] == [("done", "left_posture")]


def test_who_sits_up_before_the_target_has_ended_the_set(perform: Perform) -> None:
    """What the finished recording's analysis would go on with is the session's to end."""
    broken_off = PersonPlan(sit_ups=(SitUp(1),))
    happened = perform(plans=[raises(6, person=broken_off)], plan=SessionPlan((goal(6),)))
    (finished,) = happened.done

    assert finished.reason == "left_posture"
    assert finished.analysis.summary.set.rep_count == 2
    assert "you left the posture" in happened.report()


def test_sitting_up_before_the_first_repetition_ends_nothing(perform: Perform) -> None:
    acts = (Act("still", 3.0), Act("sit_up", 2.0), Act("still", 4.0), Act("lie_down", 3.0))
    happened = perform(plans=[raises(3, life=LifePlan(before=acts))])

    assert happened.ends() == ["target"]
    assert happened.done[0].analysis.summary.set.rep_count == 3


def test_the_user_ends_a_set_and_then_a_rest(perform: Perform) -> None:
    sets = SessionPlan((goal(None), goal()), rest_s=3600.0)
    happened = perform(plans=[raises(), raises()], plan=sets, deeds=[(10.0, advance), (30.0, advance)])

    assert happened.ends() == ["user", "target"]
    assert load(happened.done[0].path).notes[-1].time_s == pytest.approx(10.0, abs=0.3)
    assert happened.took_s < 120.0


def test_stopping_ends_everything_and_sums_up_what_there_is(perform: Perform) -> None:
    sets = SessionPlan((goal(8), goal(8)), rest_s=60.0)
    happened = perform(plans=[raises(8), raises(8)], plan=sets, deeds=[(16.0, stop)])
    (finished,) = happened.done

    assert finished.reason == "user"
    assert finished.analysis.summary.set.rep_count == 2
    assert load(finished.path).notes[-1].time_s == pytest.approx(16.0, abs=0.3)


def test_stopping_in_a_rest_keeps_the_sets_before(perform: Perform) -> None:
    sets = SessionPlan((goal(), goal()), rest_s=3600.0)
    happened = perform(plans=[raises(), raises()], plan=sets, deeds=[(60.0, stop)])

    assert happened.ends() == ["target"]
    assert happened.took_s < 90.0


def test_stopping_while_connecting_records_nothing(perform: Perform, tmp_path: Path) -> None:
    happened = perform(at_once=[(0.5, stop)])

    assert {type(event) for event in happened.emitted} == {Connecting}
    assert list(tmp_path.iterdir()) == []
    assert happened.took_s < 5.0


def test_a_file_that_is_there_stays_as_it_is(perform: Perform, tmp_path: Path) -> None:
    taken = tmp_path / "2026-11-21_073000_single_leg_raise_left_set1.csv"
    taken.write_text("mine")
    happened = perform()

    assert taken.read_text() == "mine"
    assert Path(happened.done[0].path).name == "2026-11-21_073000_single_leg_raise_left_set1_2.csv"


def test_a_folder_that_cannot_be_made_is_said_before_anything_else(perform: Perform, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError) as caught:
        perform(folder=tmp_path / "file" / "recordings")

    assert str(tmp_path / "file") in caught.value.message


def test_the_folder_is_made(perform: Perform, tmp_path: Path) -> None:
    happened = perform(folder=tmp_path / "a" / "b")

    assert Path(happened.done[0].path).parent == tmp_path / "a" / "b"


def test_taps_are_marked_at_the_beginning_of_the_first_set(perform: Perform) -> None:
    sets = SessionPlan((goal(), goal()), rest_s=5.0, tap=True)
    happened = perform(plans=[raises(), raises()], plan=sets)
    notes = [[note.key for note in load(finished.path).notes] for finished in happened.done]

    assert notes[0][0] == "tap"
    assert "tap" not in notes[1]
    assert [event.tap for event in happened.emitted if isinstance(event, SetBegan)] == [True, False]


def test_a_fault_of_the_program_shows_with_all_samples_in_the_file(
    perform: Perform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, calls = Pipeline.push, []

    def stumble(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        calls.append(blocks)
        if len(calls) > 100:
            raise ZeroDivisionError
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", stumble)
    with pytest.raises(ZeroDivisionError):
        perform(plan=SessionPlan((goal(None, 30.0),)))
    (file,) = tmp_path.iterdir()
    loaded = load(file)

    assert loaded.notes[-1].value == "duration"
    assert loaded.ankle is not None
    assert loaded.ankle.time_s[-1] == pytest.approx(30.0, abs=0.3)


def test_all_sets_are_counted_in_one_thread_so_that_one_heap_serves_them(
    perform: Perform, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, threads = Pipeline.push, set()

    def seen(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        threads.add(threading.current_thread().name)
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", seen)
    perform(plans=[raises(), raises()], plan=SessionPlan((goal(), goal()), rest_s=20.0))

    assert len(threads) == 1
    assert threads.isdisjoint({threading.main_thread().name})


def test_the_target_is_not_reached_by_a_repetition_taken_back(perform: Perform) -> None:
    fidget = replace(RepPlan(), top_deg=14.0)
    plan = SetPlan(reps=(fidget, RepPlan(), RepPlan(), RepPlan()))
    happened = perform(plans=[plan], plan=SessionPlan((goal(3),)))

    assert happened.done[0].analysis.summary.set.rep_count == 3


def test_everything_recorded_is_told_as_done(perform: Perform) -> None:
    happened = perform()

    assert [event.finished for event in happened.emitted if isinstance(event, SetDone)] == happened.done
