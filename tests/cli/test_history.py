"""``imu-reps history`` and ``imu-reps reanalyse``."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from imu_reps import Note, RepPlan, SetPlan, save, simulate
from imu_reps.sim.wearer.set_plan import HoldPlan
from imu_reps.storage.recording.writer import append_notes


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def folder(home, trained):
    recordings = home / "recordings"
    recordings.mkdir()
    shutil.copy(trained, recordings / "one.csv")
    return recordings


@pytest.mark.usefixtures("home")
def test_without_sets_it_explains_how_to_get_some(run):
    result = run("history")

    assert result.exit_code == 1
    assert "reanalyse" in result.stderr


@pytest.mark.usefixtures("folder")
def test_imported_recordings_are_listed(run):
    taken = run("reanalyse")
    shown = run("history")

    assert taken.exit_code == shown.exit_code == 0
    assert "1 of 1 recordings" in taken.stdout
    assert "single leg raise" in shown.stdout
    assert "most clean reps in a set: 2" in shown.stdout


def test_json_and_csv_hold_the_figures(run, folder):
    run("reanalyse")
    (line,) = run("history", "--json").stdout.splitlines()
    (row,) = csv.DictReader(io.StringIO(run("history", "--csv").stdout))

    assert json.loads(line)["summary"]["set"]["rep_count"] == 4
    assert (row["rep_count"], row["clean_count"]) == ("4", "2")
    assert Path(row["file"]) == folder / "one.csv"


@pytest.mark.usefixtures("folder")
def test_diff_shows_the_effect_of_a_setting_and_stores_nothing(run):
    run("reanalyse")
    same = run("reanalyse", "--diff")
    moved = run("reanalyse", "--diff", "--set", "momentum_flag=0.9")

    assert "0 of 1 recordings come out differently" in same.stdout
    assert "reps.2.clean: no → yes" in moved.stdout
    assert run("reanalyse", "--diff").stdout == same.stdout


def test_a_file_that_cannot_be_analysed_does_not_stop_the_others(run, folder):
    (folder / "junk.csv").write_text("nothing\n")
    result = run("reanalyse")

    assert result.exit_code == 4
    assert "1 of 2 recordings" in result.stdout
    assert "junk.csv" in result.stderr


def test_a_discarded_set_is_reported_but_neither_stored_nor_compared(run, folder, tmp_path):
    run("reanalyse")
    shutil.copy(folder / "one.csv", folder / "two.csv")
    append_notes(folder / "two.csv", [Note(20.0, "discarded", "user")])
    again, shown = run("reanalyse"), run("history")
    page = tmp_path / "page.html"
    reported = [run("report", folder / "two.csv"), run("report", folder / "two.csv", "--html", page)]
    checked = run("check", folder / "two.csv")

    assert [result.exit_code for result in (again, shown, *reported, checked)] == [0] * 5
    assert "two.csv: discarded, left out." in again.stdout
    assert "1 of 2 recordings summed up and remembered" in again.stdout
    assert "1 set" in shown.stdout
    assert "You discarded this set" in " ".join(reported[0].stdout.split())
    assert "You discarded this set" in page.read_text(encoding="utf-8")
    assert "You discarded this set" in checked.stdout


@pytest.mark.parametrize("words", [("reanalyse", "nowhere"), ("reanalyse",)])
@pytest.mark.usefixtures("home")
def test_an_absence_of_recordings_is_reported_plainly(run, words):
    result = run(*words)

    assert result.exit_code == 1
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("folder")
def test_json_and_csv_at_once_is_a_usage_error(run):
    assert run("history", "--json", "--csv").exit_code == 2


def test_a_hold_has_its_duration(run, home, as_done):
    recordings = home / "recordings"
    recordings.mkdir()
    hold = RepPlan(top_deg=25.0, top_pause_s=12.0, bottom_pause_s=2.0, hold=HoldPlan())
    save(as_done(simulate(SetPlan("hollow_hold", "both", reps=(hold,))).recording), recordings / "hold.csv")
    run("reanalyse")
    run("history", "--hand-over", home / "page.html")

    assert "12 s" in run("history").stdout
    assert ">12 s</td>" in (home / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("notes", "cell"),
    [
        ([("end", "pain")], "it hurt"),
        ([("end", "pain"), ("pain", "0")], "it hurt; 0 of 10"),
        ([("end", "target"), ("hurt", "resting"), ("pain", "4")], "it hurt; 4 of 10"),
        ([("end", "target"), ("pain", "7")], "7 of 10"),
        ([("end", "target")], "not said"),
    ],
)
def test_after_pain_nothing_is_called_clean_and_the_hand_over_reports_it(run, home, as_done, notes, cell):
    (home / "recordings").mkdir()
    file = home / "recordings" / "clean.csv"
    save(as_done(simulate(SetPlan(reps=(RepPlan(),) * 4)).recording), file)
    append_notes(file, [Note(30.0, *note) for note in notes])
    run("reanalyse")
    run("history", "--hand-over", home / "page.html")
    run("report", file, "--html", home / "set.html")
    reports = run("report", file).stdout, (home / "set.html").read_text(encoding="utf-8")

    assert f"<td>{cell}</td>" in (home / "page.html").read_text(encoding="utf-8")
    assert [("clean set" in text.casefold()) for text in reports] == [cell == "not said"] * 2
