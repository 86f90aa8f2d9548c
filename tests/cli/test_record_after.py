"""After a session: kept in the file and in the history, and what it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from imu_reps import SetPlan, analyze, load, simulate
from imu_reps.cli import record_after
from imu_reps.cli.record_after import Felt, after_session
from imu_reps.session.recorder import Finished
from imu_reps.storage.history import History
from imu_reps.storage.recording_file import save


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def finished(home):
    def _finished(side):
        path = home / f"{side}.csv"
        save(simulate(SetPlan(side=side, session="evening")).recording, path)
        return Finished(str(path), "target", (), analyze(load(path)))

    return _finished


def test_what_was_said_stands_in_the_file_and_in_the_history(finished, monkeypatch, capsys):
    monkeypatch.setattr(record_after, "_ask", lambda: Felt(pain=2, effort=7))
    done = [finished("left"), finished("right")]
    after_session(done)

    said = {note.key: note.value for note in load(done[1].path).notes}
    assert (said["pain"], said["effort"]) == ("2", "7")
    with History() as history:
        assert [(one.pain, one.effort) for one in history.sets()] == [(None, None), (2, 7)]
    shown = capsys.readouterr().out
    assert "Left and right" in shown
    assert "Stay with this exercise" in shown


def test_without_an_answer_nothing_is_written_of_it(finished):
    one = finished("left")
    before = Path(one.path).read_bytes()
    after_session([one])

    assert Path(one.path).read_bytes() == before
    with History() as history:
        assert len(history.sets()) == 1


def test_a_history_that_cannot_be_used_costs_no_recording(home, finished, capsys):
    (home / "history.sqlite3").write_bytes(b"no history at all, but something else " * 40)
    one = finished("left")
    after_session([one])

    assert "is no history" in capsys.readouterr().err
    assert len(load(one.path).ankle) > 0


def test_a_set_that_cannot_be_summed_up_is_not_remembered(home, finished):
    one = finished("left")
    after_session([Finished(one.path, "user", (), None)])

    assert not (home / "history.sqlite3").exists()
