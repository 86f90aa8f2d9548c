"""What a person may report in a session besides its end: pain, and a set to be discarded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imu_reps import Note, RepPlan, SetPlan, load
from imu_reps.session.session import Session
from imu_reps.session.session_events import Cued, SetBegan
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sources.virtual_source import VirtualWorld

RunSession = Callable[..., Any]

THREE = SetPlan(reps=(RepPlan(),) * 3)
SETS = SessionPlan((SetGoal("single_leg_raise", "left", "low", 3),) * 2, rest_s=20.0)
#: Time at which the second repetition is under way.
MIDDLE_S = 12.0


def hurt(_world: VirtualWorld, session: Session) -> None:
    session.hurt()


def discard(_world: VirtualWorld, session: Session) -> None:
    session.discard()


def notes(path: str) -> list[Note]:
    return [note for note in load(path).notes if note.key != "battery"]


def test_pain_ends_the_set_and_the_session_with_a_cue_and_a_reason(run_session: RunSession) -> None:
    outcome = run_session(plans=[THREE] * 2, plan=SETS, actions=[(MIDDLE_S, hurt)])
    (finished,) = outcome.done
    last = [event.cue for event in outcome.emitted if isinstance(event, Cued)][-1]
    cue_note, end_note = notes(finished.path)[-2:]

    assert finished.reason == "pain"
    assert (last.code, last.words) == ("stop", "stop, and rest")
    assert (cue_note.key, cue_note.value) == ("cue", "stop (asked for, with pain)")
    assert (end_note.key, end_note.value) == ("end", "pain")
    assert abs(end_note.time_s - MIDDLE_S) < 0.3
    assert not finished.discarded
    assert outcome.duration_s < MIDDLE_S + 10.0


def test_the_report_of_a_set_that_hurt_states_it_first_and_diagnoses_nothing(run_session: RunSession) -> None:
    report = run_session(plans=[THREE], actions=[(MIDDLE_S, hurt)]).report()

    assert "What it means • It hurt, and you stopped. Leave it for today; if it does not pass, see" in report
    assert "it hurt." in report.partition("Good to know")[2]


def test_pain_is_answered_even_while_another_cue_is_spoken(run_session: RunSession) -> None:
    count_s: list[float] = []

    def hurt_at_the_count(_world: VirtualWorld, session: Session) -> None:
        emit = session._emit

        def listen(event: Any) -> None:
            emit(event)
            if isinstance(event, Cued) and event.cue.code == "count" and not count_s:
                count_s.append(event.cue.time_s)
                session.hurt()

        session._emit = listen

    outcome = run_session(plans=[THREE], actions=[(0.0, hurt_at_the_count)])
    count, stop = [event.cue for event in outcome.emitted if isinstance(event, Cued)][-2:]

    assert (count.code, stop.code) == ("count", "stop")
    assert count.time_s <= stop.time_s < count.time_s + 0.1


def test_pain_in_a_rest_ends_the_session(run_session: RunSession) -> None:
    outcome = run_session(plans=[THREE] * 2, plan=SETS, in_rest=[(8.0, hurt)])

    assert outcome.ends() == ["target"]
    assert [cue.words for cue in outcome.cues_in_rest()] == ["rest", "stop, and rest"]
    assert sum(isinstance(event, SetBegan) for event in outcome.emitted) == 1


def test_a_discarded_set_is_stored_and_marked_and_the_session_goes_on(run_session: RunSession) -> None:
    outcome = run_session(plans=[THREE] * 2, plan=SETS, actions=[(MIDDLE_S, discard)])
    first, second = outcome.done

    assert (first.discarded, second.discarded) == (True, False)
    assert (first.reason, second.reason) == ("user", "target")
    assert [(note.key, note.value) for note in notes(first.path)[-2:]] == [
        ("discarded", "user"),
        ("end", "user"),
    ]
    assert load(first.path).discarded
    assert not load(second.path).discarded
    assert "You discarded this set" in outcome.report(1)
    assert "You discarded" not in outcome.report(2)


def test_a_discard_during_a_rest_has_no_effect(run_session: RunSession) -> None:
    outcome = run_session(plans=[THREE] * 2, plan=SETS, in_rest=[(5.0, discard)])

    assert [finished.discarded for finished in outcome.done] == [False, False]
    assert outcome.ends() == ["target", "target"]
