"""Aims of a set in virtual sets: target and floor, practice reps, and rules that end it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from imu_reps import RepPlan, SetPlan, analyze, events, load, save, simulate
from imu_reps.analysis.pipeline import Pipeline

Run = Callable[..., Result]


@pytest.fixture
def record(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Result, Path]]:
    """Record a virtual set of the left leg; return the result and its file."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))

    def _record(*words: str) -> tuple[Result, Path]:
        result = run("record", "--virtual", "--speed", "0", "--side", "left", *words)
        (file,) = (tmp_path / "recordings").glob("*.csv")
        return result, file

    return _record


def cues(file: Path) -> list[str]:
    return [note.value.split()[0] for note in load(file).notes if note.key == "cue"]


def test_target_and_floor_are_in_the_header_judged_and_cued(record) -> None:
    """The virtual wearer goes from 0° to 60°: short of 100°, and under a floor of 25°."""
    result, file = record("--reps", "4", "--range-target", "100", "--floor", "25")
    header, summary = load(file).header, analyze(load(file)).summary

    assert result.exit_code == 0
    assert (header.range_target_deg, header.floor_deg, header.floor_from) == (100.0, 25.0, "asked")
    assert "The floor angle set was 25°, as asked for with this set." in " ".join(result.stdout.split())
    assert [rep.flags for rep in summary.reps][:3] == [("short_range", "below_floor")] * 3
    assert cues(file).count("too_low") == 3
    # the last lowering goes to the floor in any case, which is known only once it was the last
    assert "rep 4: no below floor after all" in result.stdout
    assert "press_back" not in cues(file)  # the back stays flat: no known lift-off
    assert "in_range" not in cues(file)


def test_a_reached_target_is_cued_at_each_top(record) -> None:
    result, file = record("--reps", "4", "--range-target", "58")

    assert cues(file).count("in_range") == 4
    assert all(rep.clean for rep in analyze(load(file)).summary.reps)
    assert "You reached the range you aimed at, 58°, in every rep." in " ".join(result.stdout.split())


def test_faulty_reps_in_a_row_end_the_set_with_that_reason(record) -> None:
    result, file = record("--reps", "8", "--range-target", "100", "--stop-faulty", "3")
    recording = load(file)

    assert next(note.value for note in recording.notes if note.key == "end") == "faulty_reps"
    assert analyze(recording).summary.set.rep_count == 3
    assert "» we stop here, the form is going" in result.stdout
    assert "too many faulty reps came in a row" in " ".join(result.stdout.split())


def test_practice_reps_are_neither_counted_nor_judged(record) -> None:
    result, file = record("--reps", "3", "--practice", "2")
    summary = analyze(load(file)).summary

    assert summary.set.rep_count == 3
    assert [partial.reason for partial in summary.partials] == ["practice"] * 2
    assert "» 3" in result.stdout or "  3\n" in result.stdout
    assert "  4\n" not in result.stdout
    assert "2 reps for practice, not counted." in " ".join(result.stdout.split())


def test_live_and_final_agree_about_practice(tmp_path: Path, run: Run) -> None:
    recording = simulate(SetPlan(reps=(RepPlan(),) * 6)).recording
    from dataclasses import replace

    recording = replace(recording, header=replace(recording.header, practice_reps=2))
    pipeline = Pipeline(recording.header)
    live_events = pipeline.push(recording.pelvis, recording.ankle)
    closing, analysis = pipeline.finish()
    save(recording, tmp_path / "set.csv")
    lines = [json.loads(line) for line in run("replay", tmp_path / "set.csv", "--json").stdout.splitlines()]

    completed = [event.number for event in live_events if isinstance(event, events.RepCompleted)]
    assert completed == [1, 2, 3, 4]
    assert not [event for event in closing if isinstance(event, events.RepRetracted)]
    assert analysis.summary.set.rep_count == pipeline.rep_count == 4
    assert load(tmp_path / "set.csv").header.practice_reps == 2
    assert [line["number"] for line in lines if line.get("event") == "rep_completed"] == [1, 2, 3, 4]


def test_the_faulty_reps_that_ended_a_set_are_faulty_in_its_report(record: Callable[..., Any]) -> None:
    result, file = record("--reps", "8", "--floor", "25", "--stop-faulty", "2")
    summary = analyze(load(file)).summary
    flags = [rep.flags for rep in summary.reps]

    assert "too many faulty reps came in a row" in result.stdout
    assert flags == [("below_floor",), ("below_floor",), ()]  # the last time the leg is put down


@pytest.mark.parametrize(
    "words",
    [
        ["--exercise", "hollow_hold", "--practice", "2"],
        ["--exercise", "hollow_hold", "--range-target", "60"],
        ["--exercise", "heel_tap", "--floor", "25"],
        ["--stop-faulty", "0"],
        ["--stop-range", "200"],
    ],
)
def test_contradictory_options_are_refused(run: Run, words: list[str]) -> None:
    result = run("record", "--virtual", "--speed", "0", *words)

    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
