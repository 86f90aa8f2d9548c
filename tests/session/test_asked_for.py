"""What the person may ask for in a session beside its end: it hurts, and this set does not count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imu_reps import Note, RepPlan, SetPlan, load
from imu_reps.session.session import Session
from imu_reps.session.session_events import Cued, SetBegan
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sources.virtual_source import VirtualWorld

Perform = Callable[..., Any]

THREE = SetPlan(reps=(RepPlan(),) * 3)
SETS = SessionPlan((SetGoal("single_leg_raise", "left", "low", 3),) * 2, rest_s=20.0)
#: The second repetition is on its way.
MIDDLE_S = 12.0


def hurt(_world: VirtualWorld, session: Session) -> None:
    session.hurt()


def discard(_world: VirtualWorld, session: Session) -> None:
    session.discard()


def notes(path: str) -> list[Note]:
    return [note for note in load(path).notes if note.key != "battery"]


def test_pain_ends_the_set_and_the_session_with_a_word_and_a_reason(perform: Perform) -> None:
    happened = perform(plans=[THREE] * 2, plan=SETS, deeds=[(MIDDLE_S, hurt)])
    (finished,) = happened.done
    last = [event.cue for event in happened.emitted if isinstance(event, Cued)][-1]
    said, ended = notes(finished.path)[-2:]

    assert finished.reason == "pain"
    assert (last.code, last.words) == ("stop", "stop, and rest")
    assert (said.key, said.value) == ("cue", "stop (asked for, with pain)")
    assert (ended.key, ended.value) == ("end", "pain")
    assert abs(ended.time_s - MIDDLE_S) < 0.3
    assert not finished.discarded
    assert happened.took_s < MIDDLE_S + 10.0


def test_the_report_of_a_set_that_hurt_says_so_first_and_diagnoses_nothing(perform: Perform) -> None:
    report = perform(plans=[THREE], deeds=[(MIDDLE_S, hurt)]).report()

    assert "What it means • It hurt, and you stopped. Leave it for today; if it does not pass, see" in report
    assert "it hurt." in report.partition("Good to know")[2]


def test_pain_is_answered_even_while_something_else_is_being_said(perform: Perform) -> None:
    count_s: list[float] = []

    def hurt_at_the_count(_world: VirtualWorld, session: Session) -> None:
        emit = session._emit

        def listen(event: Any) -> None:
            emit(event)
            if isinstance(event, Cued) and event.cue.code == "count" and not count_s:
                count_s.append(event.cue.time_s)
                session.hurt()

        session._emit = listen

    happened = perform(plans=[THREE], deeds=[(0.0, hurt_at_the_count)])
    count, stop = [event.cue for event in happened.emitted if isinstance(event, Cued)][-2:]

    assert (count.code, stop.code) == ("count", "stop")
    assert count.time_s <= stop.time_s < count.time_s + 0.1


def test_pain_in_a_rest_ends_the_session(perform: Perform) -> None:
    happened = perform(plans=[THREE] * 2, plan=SETS, in_rest=[(8.0, hurt)])

    assert happened.ends() == ["target"]
    assert [cue.words for cue in happened.said_in_rest()] == ["rest", "stop, and rest"]
    assert sum(isinstance(event, SetBegan) for event in happened.emitted) == 1


def test_a_discarded_set_is_kept_marked_and_the_session_goes_on(perform: Perform) -> None:
    happened = perform(plans=[THREE] * 2, plan=SETS, deeds=[(MIDDLE_S, discard)])
    first, second = happened.done

    assert (first.discarded, second.discarded) == (True, False)
    assert (first.reason, second.reason) == ("user", "target")
    assert [(note.key, note.value) for note in notes(first.path)[-2:]] == [
        ("discarded", "user"),
        ("end", "user"),
    ]
    assert load(first.path).discarded
    assert not load(second.path).discarded
    assert "You discarded this set" in happened.report(1)
    assert "You discarded" not in happened.report(2)


def test_in_a_rest_nothing_is_left_to_discard(perform: Perform) -> None:
    happened = perform(plans=[THREE] * 2, plan=SETS, in_rest=[(5.0, discard)])

    assert [finished.discarded for finished in happened.done] == [False, False]
    assert happened.ends() == ["target", "target"]
