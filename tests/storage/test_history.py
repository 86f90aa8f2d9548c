"""The history: one file, several processes, nothing lost, nothing misread."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from imu_reps import Settings
from imu_reps.domain.summary import StoredSet
from imu_reps.errors import FileAccessError
from imu_reps.storage.exports import history_csv
from imu_reps.storage.history_store import MIGRATIONS, History, history_path


@pytest.fixture
def stored(make_summary, make_rep, make_fault):
    def _stored(name, day):
        summary = make_summary(
            make_rep(1), make_rep(2, make_fault()), recording={"created": f"2026-11-{day:02d}T07:30:00+01:00"}
        )
        return StoredSet(f"/sets/{name}", "anna", "s1", 1, None, None, summary)

    return lambda name="a.csv", day=1, **changes: replace(_stored(name, day), **changes)


def test_a_stored_set_is_read_back_unchanged(tmp_path, stored):
    one = stored(pain=2, effort=7)
    with History(tmp_path / "new" / "h.sqlite3") as history:
        history.remember(one)
    with History(tmp_path / "new" / "h.sqlite3") as history:
        assert history.sets(person="anna") == [one]
        assert history.find(one.file) == one
        assert history.find("/sets/other.csv") is None


def test_a_path_that_is_not_utf8_is_refused_with_the_reason(tmp_path, stored):
    name = b"/sets/m\xfcller/a.csv".decode("utf-8", "surrogateescape")
    with History(tmp_path / "h") as history:
        for attempt in (lambda: history.remember(replace(stored(), file=name)), lambda: history.find(name)):
            with pytest.raises(FileAccessError) as caught:
                attempt()
            assert caught.value.code == "not_utf8"
        assert history.sets(person="anna") == []


def test_sets_come_oldest_first_whatever_the_order_of_storing(tmp_path, stored):
    sets = [stored(f"{day}.csv", day) for day in (3, 1, 2)]
    with History(tmp_path / "h") as history:
        for one in sets:
            history.remember(one)

        assert [one.file for one in history.sets(person="anna")] == [
            "/sets/1.csv",
            "/sets/2.csv",
            "/sets/3.csv",
        ]


def test_time_zones_do_not_change_the_order(tmp_path, stored):
    early, late = stored("early.csv"), stored("late.csv")
    moved = replace(early.summary.recording, created="2026-11-01T08:00:00+02:00")  # 6:00 in UTC
    early = replace(early, summary=replace(early.summary, recording=moved))
    with History(tmp_path / "h") as history:
        history.remember(late)
        history.remember(early)

        assert history.sets(person="anna") == [early, late]


def test_only_sets_of_the_given_person_and_exercise_are_returned(tmp_path, stored):
    other = stored("b.csv", person="ben")
    with History(tmp_path / "h") as history:
        history.remember(stored())
        history.remember(other)

        assert history.sets(person="ben") == [other]
        assert history.sets(person="anna", exercise="heel_tap") == []


def test_a_new_analysis_replaces_the_summary_and_keeps_the_persons_answers(tmp_path, stored):
    first = stored(pain=3)
    again = replace(
        stored(person=None, session=None, set_number=None),
        summary=replace(first.summary, version="9.9.9", settings=Settings.for_preset("strict")),
    )
    with History(tmp_path / "h") as history:
        history.remember(first)
        history.remember(again)
        history.remember(again)

        assert history.sets(person="anna") == [replace(first, summary=again.summary)]
    with closing(sqlite3.connect(tmp_path / "h")) as database:
        versions = database.execute("SELECT version FROM analysis ORDER BY id").fetchall()
    assert versions == [("0.1.0",), ("9.9.9",)]


def test_two_processes_write_at_once_and_lose_nothing(tmp_path, stored):
    code = """
import sys, pickle
from dataclasses import replace
from imu_reps.storage.history_store import History
one = pickle.load(sys.stdin.buffer)
with History(sys.argv[1]) as history:
    for i in range(40):
        history.remember(replace(one, file=f"/sets/{sys.argv[2]}{i}.csv", session=sys.argv[2], set_number=i))
"""
    import pickle

    words = [[sys.executable, "-c", code, str(tmp_path / "h"), name] for name in "ab"]
    running = [subprocess.Popen(line, stdin=subprocess.PIPE) for line in words]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(pickle.dumps(stored()))
        process.stdin.close()

    assert [process.wait(60) for process in running] == [0, 0]
    with History(tmp_path / "h") as history:
        assert len(history.sets(person="anna")) == 80


def test_another_file_is_left_unchanged(tmp_path):
    file = tmp_path / "h"
    file.write_bytes(b"something else entirely, and long enough to be looked at" * 20)
    with pytest.raises(FileAccessError) as caught:
        History(file)

    assert caught.value.code == "no_history"
    assert file.read_bytes().startswith(b"something else")


def test_a_history_of_a_later_version_is_left_unchanged(tmp_path):
    with closing(sqlite3.connect(tmp_path / "h")) as database:
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(FileAccessError) as caught:
        History(tmp_path / "h")

    assert caught.value.code == "newer_history"


def test_a_summary_of_another_format_gives_a_hint(tmp_path, stored):
    with History(tmp_path / "h") as history:
        history.remember(stored())
    with closing(sqlite3.connect(tmp_path / "h")) as database, database:
        database.execute('UPDATE analysis SET summary = \'{"format": "imu-reps-summary/0"}\'')
    with History(tmp_path / "h") as history, pytest.raises(FileAccessError) as caught:
        history.sets(person="anna")

    assert caught.value.code == "old_analysis"
    assert "reanalyse" in caught.value.hint


def test_a_folder_in_the_way_is_reported_plainly(tmp_path):
    with pytest.raises(FileAccessError):
        History(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(FileAccessError):
        History(tmp_path / "file" / "h")


def test_a_writer_that_waits_too_long_names_the_cause(tmp_path, stored, monkeypatch):
    monkeypatch.setattr("imu_reps.storage.history_store.PATIENCE_S", 0.05)
    with History(tmp_path / "h") as history, closing(sqlite3.connect(tmp_path / "h")) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FileAccessError) as caught:
            history.remember(stored())
        other.execute("ROLLBACK")

        assert caught.value.code == "busy"
        assert history.sets(person=None) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_disk_without_room_to_read_a_history_is_said_to_be_full(tmp_path):
    resource = pytest.importorskip("resource")
    History(tmp_path / "history.sqlite3").close()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))  # SQLite maps a file of 32 kB to read
    try:
        with pytest.raises(FileAccessError) as caught, History(tmp_path / "history.sqlite3") as history:
            history.sets(person=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert caught.value.code == "disk_full"


def test_it_is_stored_next_to_the_recordings(tmp_path, monkeypatch):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))

    assert history_path() == tmp_path / "history.sqlite3"


def test_a_summary_without_a_certainty_of_its_count_is_read(tmp_path, stored):
    one = stored()
    with History(tmp_path / "h") as history:
        history.remember(one)
    with closing(sqlite3.connect(tmp_path / "h")) as database:
        (text,) = database.execute("SELECT summary FROM analysis").fetchone()
        summary = json.loads(text)
        del summary["set"]["rep_count_certainty"]
        summary["partials"] = [{"start_s": 3.0, "end_s": 4.0, "range_deg": 9.0}]
        database.execute("UPDATE analysis SET summary = ?", (json.dumps(summary),))
        database.commit()
    with History(tmp_path / "h") as history:
        (again,) = history.sets(person="anna")

    assert again.summary.set.rep_count == 2
    assert again.summary.set.rep_count_certainty is None
    assert again.summary.partials[0].reason == "too_small"


def test_the_certainty_of_a_count_is_exported(stored):
    head, row = history_csv([stored()]).splitlines()

    assert dict(zip(head.split(","), row.split(","), strict=True))["rep_count_certainty"] == "high"
