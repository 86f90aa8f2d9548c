"""`Session` over a virtual radio: sets, rests, sides, and every way a set ends."""

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

RunSession = Callable[..., Any]


def raises(count: int = 3, **changes: Any) -> SetPlan:
    return SetPlan(reps=(RepPlan(),) * count, **changes)


def goal(reps: int | None = 3, duration_s: float | None = None, side: Any = "left") -> SetGoal:
    return SetGoal("single_leg_raise", side, "low", reps, None, duration_s)


def stop(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
    session.stop()


def advance(world: VirtualWorld, session: Session) -> None:  # noqa: ARG001
    session.advance()


@pytest.fixture(scope="module")
def three_raises(start_session: RunSession, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Outcome of a session of one set of three raises in a new folder, for tests that only look at it."""
    return start_session(folder=tmp_path_factory.mktemp("three_raises") / "a" / "b")


@pytest.mark.parametrize("family", ["witmotion", "open_profile", "movesense"])
def test_a_set_is_counted_as_it_was_performed_from_the_radio_to_the_report(
    run_session: RunSession, family: str
) -> None:
    outcome = run_session(family=family, plans=[raises(4)], plan=SessionPlan((goal(4),)))
    truth = Wearer(raises(4), seed=0).truth
    (finished,) = outcome.done
    summary = finished.analysis.summary
    loaded = load(finished.path)

    assert finished.reason == "target"
    assert summary.set.rep_count == truth.rep_count == 4
    assert [e.number for e in outcome.events() if isinstance(e, RepCompleted)] == [1, 2, 3, 4]
    for rep, true in zip(summary.reps, truth.reps, strict=True):
        assert rep.concentric_s == pytest.approx(true.concentric_s, abs=0.1)
        assert rep.eccentric_s == pytest.approx(true.eccentric_s, abs=0.1)
        assert rep.range_deg == pytest.approx(true.range_deg, abs=2.0)
    assert loaded.cautions == ()
    assert loaded.header.simulated
    assert loaded.header.side == "left"
    assert loaded.header.ankle.sensor == family
    assert "4 reps, 4 clean" in outcome.report()


def test_the_file_begins_with_the_first_sample_and_its_event_names_the_worn_sensors(
    three_raises: Any,
) -> None:
    (began,) = (event for event in three_raises.emitted if isinstance(event, SetBegan))
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


def test_progress_shows_count_phase_tempo_and_links_while_it_runs(three_raises: Any) -> None:
    progress = [event for event in three_raises.emitted if isinstance(event, SetProgress)]

    assert [p.state.count for p in progress] == sorted(p.state.count for p in progress)
    assert {"concentric", "eccentric"} <= {p.state.phase for p in progress}
    assert list(dict.fromkeys(p.state.stage for p in progress)) == ["waiting", "ready", "running", "ended"]
    assert progress[-1].state.last_rep.eccentric_s == pytest.approx(2.0, abs=0.4)
    assert progress[-1].links["ankle"].state == "streaming"
    assert progress[-1].links["ankle"].rate_hz == pytest.approx(104.0, rel=0.02)


def test_cues_are_emitted_and_written_to_the_file(three_raises: Any) -> None:
    (finished,) = three_raises.done
    cues = [event.cue for event in three_raises.emitted if isinstance(event, Cued)]
    noted = [note.value.split(" ")[0] for note in load(finished.path).notes if note.key == "cue"]

    assert [cue.words[0] for cue in cues if cue.code == "count"] == ["1", "2", "3"]
    assert noted == [cue.code for cue in cues if cue.code != "beat"]
    assert cues[-1].code == "done"


def test_sets_of_two_sides_have_a_file_each_and_a_rest_between(run_session: RunSession) -> None:
    sets = SessionPlan((goal(side="left"), goal(side="right")), rest_s=20.0)
    outcome = run_session(plans=[raises(), raises(side="right")], plan=sets)
    first, second = (load(finished.path) for finished in outcome.done)
    rests = [event for event in outcome.emitted if isinstance(event, Resting)]

    assert [finished.analysis.summary.set.rep_count for finished in outcome.done] == [3, 3]
    assert (first.header.side, second.header.side) == ("left", "right")
    assert (first.header.set_number, second.header.set_number) == (1, 2)
    assert first.header.session == second.header.session
    assert {rest.move_to for rest in rests} == {"right"}
    assert rests[0].remaining_s == pytest.approx(20.0, abs=0.1)
    assert rests[-1].remaining_s < 0.1


def test_the_next_file_begins_with_the_stillness_before_its_set(run_session: RunSession) -> None:
    lying = LifePlan(still_before_s=0.2)  # the wearer begins at once
    sets = SessionPlan((goal(), goal()), rest_s=20.0)
    outcome = run_session(plans=[raises(), raises(life=lying)], plan=sets)
    summary = outcome.done[1].analysis.summary

    assert 5.0 < summary.reps[0].start_s < 7.0
    assert summary.zero.time_s is not None
    assert summary.reps[0].tremor_ratio is not None


def test_no_sample_of_a_rest_is_in_two_files(run_session: RunSession) -> None:
    sets = SessionPlan((goal(), goal()), rest_s=2.0)
    outcome = run_session(plans=[raises(), raises()], plan=sets)
    first, second = (load(finished.path) for finished in outcome.done)

    for place in ("pelvis", "ankle"):
        assert second.samples(place).sample[0] > first.samples(place).sample[-1]
        assert second.samples(place).sample[0] - first.samples(place).sample[-1] < 20


def test_a_set_ends_soon_after_its_target(run_session: RunSession) -> None:
    outcome = run_session(plans=[raises(6)], plan=SessionPlan((goal(3),)))
    (finished,) = outcome.done
    completed = [e.time_s for e in outcome.events() if isinstance(e, RepCompleted)]
    last_s = load(finished.path).notes[-1].time_s

    assert finished.reason == "target"
    assert len(completed) == 3
    assert 1.5 < last_s - completed[-1] < 6.5


def test_a_set_without_a_target_ends_with_its_duration_and_never_by_stillness(
    run_session: RunSession,
) -> None:
    outcome = run_session(plan=SessionPlan((goal(None, 60.0),)))
    (finished,) = outcome.done

    assert finished.reason == "duration"
    assert load(finished.path).notes[-1].time_s == pytest.approx(60.0, abs=0.3)
    assert finished.analysis.summary.set.rep_count == 3


def test_a_set_ends_when_the_posture_is_left(run_session: RunSession) -> None:
    up = LifePlan(after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0), Act("walk", 30.0)))
    outcome = run_session(plans=[raises(life=up)], plan=SessionPlan((goal(None, 120.0),)))
    (finished,) = outcome.done

    cues = [event.cue for event in outcome.emitted if isinstance(event, Cued)]

    assert finished.reason == "left_posture"
    assert load(finished.path).notes[-1].time_s < 40.0
    assert finished.analysis.summary.set.rep_count == 3
    assert [e.rep_count for e in outcome.events() if isinstance(e, PostureLeft)] == [3]
    assert [(cue.code, cue.evidence) for cue in cues[-1:]] == [("done", "left_posture")]


def test_sitting_up_before_the_target_ends_the_set(run_session: RunSession) -> None:
    """Whether a set goes on after a change of posture is up to the session, unlike in the final analysis."""
    broken_off = PersonPlan(sit_ups=(SitUp(1),))
    outcome = run_session(plans=[raises(6, person=broken_off)], plan=SessionPlan((goal(6),)))
    (finished,) = outcome.done

    assert finished.reason == "left_posture"
    assert finished.analysis.summary.set.rep_count == 2
    assert "you left the posture" in outcome.report()


def test_sitting_up_before_the_first_repetition_ends_nothing(run_session: RunSession) -> None:
    acts = (Act("still", 3.0), Act("sit_up", 2.0), Act("still", 4.0), Act("lie_down", 3.0))
    outcome = run_session(plans=[raises(3, life=LifePlan(before=acts))])

    assert outcome.ends() == ["target"]
    assert outcome.done[0].analysis.summary.set.rep_count == 3


def test_the_user_ends_a_set_and_then_a_rest(run_session: RunSession) -> None:
    sets = SessionPlan((goal(None), goal()), rest_s=3600.0)
    outcome = run_session(plans=[raises(), raises()], plan=sets, actions=[(10.0, advance), (30.0, advance)])

    assert outcome.ends() == ["user", "target"]
    assert load(outcome.done[0].path).notes[-1].time_s == pytest.approx(10.0, abs=0.3)
    assert outcome.duration_s < 120.0


def test_stopping_ends_everything_and_summarises_what_was_recorded(run_session: RunSession) -> None:
    sets = SessionPlan((goal(8), goal(8)), rest_s=60.0)
    outcome = run_session(plans=[raises(8), raises(8)], plan=sets, actions=[(16.0, stop)])
    (finished,) = outcome.done

    assert finished.reason == "user"
    assert finished.analysis.summary.set.rep_count == 2
    assert load(finished.path).notes[-1].time_s == pytest.approx(16.0, abs=0.3)


def test_stopping_in_a_rest_keeps_the_earlier_sets(run_session: RunSession) -> None:
    sets = SessionPlan((goal(), goal()), rest_s=3600.0)
    outcome = run_session(plans=[raises(), raises()], plan=sets, actions=[(60.0, stop)])

    assert outcome.ends() == ["target"]
    assert outcome.duration_s < 90.0


def test_stopping_while_connecting_records_nothing(run_session: RunSession, tmp_path: Path) -> None:
    outcome = run_session(at_start=[(0.5, stop)])

    assert {type(event) for event in outcome.emitted} == {Connecting}
    assert list(tmp_path.iterdir()) == []
    assert outcome.duration_s < 5.0


def test_an_existing_file_is_left_unchanged(run_session: RunSession, tmp_path: Path) -> None:
    taken = tmp_path / "2026-11-21_073000_single_leg_raise_left_set1.csv"
    taken.write_text("mine")
    outcome = run_session()

    assert taken.read_text() == "mine"
    assert Path(outcome.done[0].path).name == "2026-11-21_073000_single_leg_raise_left_set1_2.csv"


def test_a_folder_that_cannot_be_made_is_reported_before_anything_else(
    run_session: RunSession, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError) as caught:
        run_session(folder=tmp_path / "file" / "recordings")

    assert str(tmp_path / "file") in caught.value.message


def test_the_folder_is_made(three_raises: Any) -> None:
    assert Path(three_raises.done[0].path).parent.parts[-2:] == ("a", "b")


def test_taps_are_marked_at_the_beginning_of_the_first_set(run_session: RunSession) -> None:
    sets = SessionPlan((goal(), goal()), rest_s=5.0, tap=True)
    outcome = run_session(plans=[raises(), raises()], plan=sets)
    notes = [[note.key for note in load(finished.path).notes] for finished in outcome.done]

    assert notes[0][0] == "tap"
    assert "tap" not in notes[1]
    assert [event.tap for event in outcome.emitted if isinstance(event, SetBegan)] == [True, False]


def test_a_program_error_is_raised_with_all_samples_in_the_file(
    run_session: RunSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, calls = Pipeline.push, []

    def stumble(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        calls.append(blocks)
        if len(calls) > 100:
            raise ZeroDivisionError
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", stumble)
    with pytest.raises(ZeroDivisionError):
        run_session(plan=SessionPlan((goal(None, 30.0),)))
    (file,) = tmp_path.iterdir()
    loaded = load(file)

    assert loaded.notes[-1].value == "duration"
    assert loaded.ankle is not None
    assert loaded.ankle.time_s[-1] == pytest.approx(30.0, abs=0.3)


def test_all_sets_are_counted_in_one_thread_to_share_its_heap(
    run_session: RunSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, threads = Pipeline.push, set()

    def thread_noting_push(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        threads.add(threading.current_thread().name)
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", thread_noting_push)
    run_session(plans=[raises(), raises()], plan=SessionPlan((goal(), goal()), rest_s=20.0))

    assert len(threads) == 1
    assert threads.isdisjoint({threading.main_thread().name})


def test_a_withdrawn_repetition_does_not_reach_the_target(run_session: RunSession) -> None:
    fidget = replace(RepPlan(), top_deg=14.0)
    plan = SetPlan(reps=(fidget, RepPlan(), RepPlan(), RepPlan()))
    outcome = run_session(plans=[plan], plan=SessionPlan((goal(3),)))

    assert outcome.done[0].analysis.summary.set.rep_count == 3


def test_every_recorded_set_is_emitted_as_done(three_raises: Any) -> None:
    emitted = [event.finished for event in three_raises.emitted if isinstance(event, SetDone)]

    assert emitted == three_raises.done
