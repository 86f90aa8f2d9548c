"""After a session: its sets in file and history, and their meaning."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from pathlib import Path

import pytest

from imu_reps import Note, SetPlan, analyze, load, save, simulate
from imu_reps.cli.console import echo_error
from imu_reps.cli.record import plain_session as session_end_module
from imu_reps.cli.record.plain_session import ask_for_rating, echo_session, session_end
from imu_reps.errors import UsageError
from imu_reps.session import diary as diary_module
from imu_reps.session.diary import Diary
from imu_reps.session.session_events import Finished, Rating, SetDone, SetState
from imu_reps.storage.file_access import access_error
from imu_reps.storage.history_store import History, stored_set
from imu_reps.storage.recording.writer import append_notes


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


def after_session(done):
    """Do everything that follows a session of the given sets."""
    diary = Diary(echo_error)
    for number, one in enumerate(done, 1):
        diary(SetDone(number, len(done), one, SetState()))
    asyncio.run(ask_for_rating(done, diary))
    if (words := session_end(done, diary)) is not None:
        echo_session(words)
    return diary


def answers(monkeypatch, **rating):
    """Answer the questions with the given rating."""

    async def answered(path):
        for key, value in rating.items():
            yield Rating(path, **{key: value})

    monkeypatch.setattr(session_end_module, "_answers", answered)


def no_space_left(path, _notes):
    """Append to a recording on a full disk."""
    raise access_error(OSError(errno.ENOSPC, "No space left on device"), path)


@pytest.fixture
def finished(home, as_done):
    def _finished(side):
        path = home / f"{side}.csv"
        recording = simulate(SetPlan(side=side, session="evening")).recording
        save(as_done(recording), path)
        return Finished(str(path), "target", summary=analyze(load(path)).summary)

    return _finished


def test_answers_are_in_the_file_and_in_the_history(finished, monkeypatch, capsys):
    answers(monkeypatch, pain=2, effort=7)
    done = [finished("left"), finished("right")]
    after_session(done)

    notes = {note.key: note.value for note in load(done[1].path).notes}
    assert (notes["pain"], notes["effort"]) == ("2", "7")
    with History() as history:
        assert [(one.pain, one.effort) for one in history.sets(person=None)] == [(None, None), (2, 7)]
    shown = capsys.readouterr().out
    assert "Left and right" in shown
    assert "Stay with this exercise" in shown


def test_without_an_answer_none_is_written(finished):
    one = finished("left")
    before = Path(one.path).read_bytes()
    after_session([one])

    assert Path(one.path).read_bytes() == before
    with History() as history:
        assert len(history.sets(person=None)) == 1


def test_an_unusable_history_costs_no_recording(home, finished, capsys):
    (home / "history.sqlite3").write_bytes(b"no history at all, but something else " * 40)
    one = finished("left")
    after_session([one])

    errors = capsys.readouterr().err
    assert "is no history" in errors
    assert "imu-reps reanalyse takes it into the history later" in errors
    assert len(load(one.path).ankle) > 0


def test_a_discarded_set_is_not_asked_about_stored_or_compared(finished, monkeypatch, capsys):
    answers(monkeypatch, pain=2, effort=7)
    left, right = finished("left"), finished("right")
    append_notes(right.path, [Note(40.0, "discarded", "user")])
    after_session([left, replace(right, discarded=True)])

    with History() as history:
        assert [(Path(one.file).name, one.pain) for one in history.sets(person=None)] == [("left.csv", 2)]
    assert "pain" not in {note.key for note in load(right.path).notes}
    assert "Left and right" not in capsys.readouterr().out


def test_only_discarded_sets_leave_no_history(home, finished):
    after_session([replace(finished("left"), discarded=True)])

    assert not (home / "history.sqlite3").exists()


def test_a_discarded_file_cannot_enter_the_history_in_any_way(finished):
    one = finished("left")
    append_notes(one.path, [Note(40.0, "discarded", "user")])

    with pytest.raises(UsageError) as caught:
        stored_set(load(one.path), one.summary)
    assert caught.value.code == "discarded"


def test_a_set_that_hurt_leads_to_a_stop_and_its_rating_is_asked_for_and_not_invented(finished, capsys):
    one = finished("left")
    append_notes(one.path, [Note(40.0, "end", "pain")])
    after_session([replace(one, reason="pain", summary=analyze(load(one.path)).summary)])

    assert "pain" not in {note.key for note in load(one.path).notes}
    shown = " ".join(capsys.readouterr().out.split())
    assert "Stop here. • It hurt, and you stopped. Leave it for today" in shown


def test_a_set_that_hurt_at_once_is_asked_about_although_it_cannot_be_analysed(finished, monkeypatch):
    answers(monkeypatch, pain=6)
    done = [finished("left"), finished("right")]
    after_session([done[0], replace(done[1], reason="pain", summary=None)])

    notes = [{note.key: note.value for note in load(one.path).notes} for one in done]
    assert "pain" not in notes[0]
    assert notes[1]["pain"] == "6"


def test_a_set_that_cannot_be_analysed_is_not_in_the_history(home, finished):
    one = finished("left")
    after_session([Finished(one.path, "user")])

    assert not (home / "history.sqlite3").exists()


def test_a_set_is_in_the_history_as_it_ends_and_its_answers_as_they_are_given(finished):
    one, diary = finished("left"), Diary(echo_error)
    diary(SetDone(1, 1, one, SetState()))
    with History() as history:
        before = [(stored.pain, stored.effort) for stored in history.sets(person=None)]
    diary(Rating(one.path, pain=3))
    diary(Rating(one.path, effort=6))
    diary(Rating(one.path, pain=4))
    with History() as history:
        after = [(stored.pain, stored.effort) for stored in history.sets(person=None)]

    assert before == [(None, None)]
    assert after == [(4, 6)]
    assert [(n.key, n.value) for n in load(one.path).notes if n.key in ("pain", "effort")] == [
        ("pain", "3"),
        ("effort", "6"),
        ("pain", "4"),
    ]


def test_what_is_said_while_a_set_is_analysed_is_written_at_once_and_in_the_history_with_it(finished):
    one, diary = finished("left"), Diary(echo_error)
    diary(Rating(one.path, pain=7))
    noted = [(note.key, note.value) for note in load(one.path).notes if note.key == "pain"]
    diary(SetDone(1, 1, one, SetState()))
    with History() as history:
        (stored,) = history.sets(person=None)

    assert noted == [("pain", "7")]
    assert stored.pain == 7
    assert "pain_said" in {finding.code for finding in stored.summary.findings}


def test_answers_a_full_disk_refuses_are_in_the_history_and_written_with_the_next(finished, monkeypatch):
    complaints = []
    one, diary = finished("left"), Diary(complaints.append)
    diary(SetDone(1, 1, one, SetState()))
    monkeypatch.setattr(diary_module, "append_notes", no_space_left)
    diary(Rating(one.path, pain=3))
    with History() as history:
        (refused,) = history.sets(person=None)
    monkeypatch.setattr(diary_module, "append_notes", append_notes)
    diary(Rating(one.path, effort=6))
    with History() as history:
        (stored,) = history.sets(person=None)

    assert [error.code for error in complaints] == ["disk_full"]
    assert refused.pain == 3
    assert (stored.pain, stored.effort) == (3, 6)
    assert [(n.key, n.value) for n in load(one.path).notes if n.key in ("pain", "effort")] == [
        ("pain", "3"),
        ("effort", "6"),
    ]


def test_pain_said_after_the_recording_was_removed_is_in_the_history(finished):
    complaints = []
    one, diary = finished("left"), Diary(complaints.append)
    shown: list[object] = []
    diary.stored = shown.append
    diary(SetDone(1, 1, one, SetState()))
    Path(one.path).unlink()  # as with the stick it was on
    diary(Rating(one.path, pain=7))
    with History() as history:
        (stored,) = history.sets(person=None)

    assert [error.code for error in complaints] == ["not_found"]
    assert (stored.pain, shown) == (7, [Rating(one.path, pain=7)])


def test_answers_given_on_the_page_are_not_asked_for_again(finished, monkeypatch):
    one, diary = finished("left"), Diary(echo_error)
    diary(SetDone(1, 1, one, SetState()))
    diary(Rating(one.path, pain=3))
    answers(monkeypatch, pain=9)

    assert not asyncio.run(ask_for_rating([one], diary))
    assert [n.value for n in load(one.path).notes if n.key == "pain"] == ["3"]


def test_a_virtual_set_is_in_no_history_but_keeps_its_answers(home, finished):
    one, diary = finished("left"), Diary(echo_error, remembers=False)
    diary(SetDone(1, 1, one, SetState()))
    diary(Rating(one.path, effort=6))

    assert not (home / "history.sqlite3").exists()
    assert [n.value for n in load(one.path).notes if n.key == "effort"] == ["6"]


@pytest.mark.usefixtures("home")
def test_a_virtual_session_ends_with_its_sets_side_by_side(run):
    words = ["--virtual", "--speed", "0", "--reps", "2", "--side", "left,right", "--rest", "1"]
    result = run("record", *words)
    end = result.stdout[result.stdout.index("Session of 2 sets: simulated, nobody moved") :]

    assert result.exit_code == 0
    assert end.count("single leg") == 2
    assert "Best and worst rep" in end
    assert "Left and right" in end
    assert "no advice follows" in " ".join(end.split())
