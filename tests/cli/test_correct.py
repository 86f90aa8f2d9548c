"""Recordings corrected by hand: used by every analysis, marked in every report, undone on request."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from imu_reps import Note, Pipeline, analyze, load
from imu_reps.storage.history_store import History
from imu_reps.storage.recording.writer import append_notes

Run = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path) -> Path:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    (tmp_path / "recordings").mkdir()
    copy = tmp_path / "recordings" / "set.csv"
    copy.write_bytes(trained.read_bytes())
    return copy


def reps(file: Path) -> list[tuple[float, float]]:
    return [(rep.start_s, rep.end_s) for rep in analyze(load(file)).summary.reps]


def test_an_invented_rep_is_removed_from_every_figure_and_every_report_says_so(run: Run, file: Path) -> None:
    samples, before = file.read_bytes(), reps(file)
    done = run("correct", file, "--not-a-rep", "2")
    shown, page = run("report", file), file.with_suffix(".html")
    run("report", file, "--html", page)
    line = json.loads(run("report", "--json", file).stdout)

    assert done.exit_code == 0
    assert file.read_bytes().startswith(samples)
    assert np.array(reps(file)) == pytest.approx(np.array([before[0], *before[2:]]), abs=1e-6)
    for words in (done.stdout, shown.stdout, page.read_text(encoding="utf-8")):
        assert "3 reps, corrected by hand; 4 by the sensors" in " ".join(words.split())
    assert (line["set"]["rep_count"], line["set"]["rep_count_by_sensors"]) == (3, 4)
    assert [partial["reason"] for partial in line["partials"]] == ["by_hand"]


def test_removing_an_invented_movement_creates_no_pause(run: Run, file: Path) -> None:
    """The pause before it is not measured, and the tempo of the set is unchanged."""
    before = analyze(load(file)).summary
    done = run("correct", file, "--not-a-rep", "2", "--not-a-rep", "2")
    after = analyze(load(file)).summary

    assert done.exit_code == 0
    assert after.reps[0].bottom_pause_s is None
    assert after.set.bottom_pause_s_mean == pytest.approx(before.set.bottom_pause_s_mean, abs=0.2)


def test_a_missed_rep_is_measured_like_any_other(run: Run, file: Path) -> None:
    """Removed by hand, it is a rep that the analysis does not count; then it is added back as missed."""
    whole, before = analyze(load(file)).summary.reps, reps(file)
    run("correct", file, "--not-a-rep", "3")
    start_s, end_s = before[2]
    done = run("correct", file, "--missed", f"{start_s - 0.3:.2f}-{end_s + 0.3:.2f}")
    again = analyze(load(file)).summary

    assert done.exit_code == 0
    assert again.set.rep_count == 4
    assert again.reps[2].range_deg == pytest.approx(whole[2].range_deg, abs=0.5)
    assert again.reps[2].concentric_s == pytest.approx(whole[2].concentric_s, abs=0.1)


def test_a_small_movement_is_identified_by_its_time(run: Run, file: Path) -> None:
    run("correct", file, "--not-a-rep", "1")
    (partial,) = analyze(load(file)).summary.partials
    done = run("correct", file, "--missed", f"{partial.start_s:.1f}")

    assert done.exit_code == 0
    assert len(reps(file)) == 4


def test_it_is_undone_on_request(run: Run, file: Path) -> None:
    before = reps(file)
    run("correct", file, "--not-a-rep", "1", "--side", "right", "--remark", "the phone rang")
    listed = run("correct", file)
    run("correct", file, "--undo", "3")
    half = load(file)
    wrong = run("correct", file, "--undo", "3")
    run("correct", file, "--undo", "all")

    assert "1. side: right" in listed.stdout
    assert "2. remark: the phone rang" in listed.stdout
    assert re.search(r"3\. not a rep: at \d+\.\d s\n", listed.stdout)
    assert half.header.side == "right"
    assert wrong.exit_code == 2
    assert "There are: 1, 2" in wrong.stderr
    assert reps(file) == before
    assert load(file).header.side != "right"
    assert "by hand" not in run("report", file).stdout


def test_side_exercise_person_and_remark_apply_in_report_and_history(run: Run, file: Path) -> None:
    run("reanalyse")
    words = ["--side", "right", "--exercise", "single_leg_raise_bent", "--person", "Ben"]
    run("correct", file, *words, "--remark", "the phone rang")
    text = " ".join(run("report", file).stdout.split())
    with History() as history:
        (stored,) = history.sets(person="Ben")
    run("correct", file, "--undo", "all")

    assert "Single leg raise bent, right" in text
    assert "Corrected by hand: side right." in text
    assert "Remark: the phone rang" in text
    assert stored.summary.recording.exercise == "single_leg_raise_bent"
    with History() as history:
        assert history.persons() == [None]


def test_a_history_that_cannot_be_written_does_not_hide_that_the_recording_is_corrected(
    run: Run, file: Path
) -> None:
    (file.parents[1] / "history.sqlite3").write_text("no history", encoding="utf-8")
    result = run("correct", file, "--remark", "phone rang")

    assert result.exit_code == 1
    assert "The recording itself is corrected: imu-reps reanalyse" in result.stderr
    assert [one.value for one in load(file).corrections] == ["phone rang"]


def test_the_history_marks_a_corrected_count(run: Run, file: Path) -> None:
    run("reanalyse")
    run("correct", file, "--not-a-rep", "2")
    shown = run("history").stdout
    run("history", "--hand-over", file.with_suffix(".html"))

    assert "3*" in shown
    assert "* corrected by hand" in shown
    assert "3*" in file.with_suffix(".html").read_text(encoding="utf-8")


def test_a_correction_applies_at_the_end_of_a_live_set_and_of_a_replay(run: Run, file: Path) -> None:
    run("correct", file, "--not-a-rep", "2")
    recording = load(file)
    pipeline = Pipeline(recording.header)
    pipeline.push(recording.pelvis, recording.ankle)
    for note in recording.notes:
        pipeline.note(note)

    assert pipeline.finish()[1].summary.set.rep_count == 3
    assert "3 reps, corrected by hand" in " ".join(run("replay", file).stdout.split())


@pytest.mark.parametrize(
    "words",
    [
        ["--not-a-rep", "9"],
        ["--missed", "0.1-0.4"],
        ["--missed", "900-903"],
        ["--missed", "soon"],
        ["--missed", "5-3"],
        ["--undo", "1"],
        ["--undo", "x"],
        ["--remark", " "],
        ["--person", "-"],
        ["--side", "middle"],
    ],
)
def test_impossible_corrections_are_refused_and_nothing_is_written(
    run: Run, file: Path, words: list[str]
) -> None:
    before = file.read_bytes()
    result = run("correct", file, *words)

    assert result.exit_code == 2
    assert result.stderr.strip()
    assert file.read_bytes() == before


def test_labels_name_their_author(run: Run, file: Path) -> None:
    out = file.with_name("labels.csv")
    start_s, end_s = reps(file)[3]
    run("correct", file, "--not-a-rep", "2", "--not-a-rep", "4")
    run("correct", file, "--missed", f"{start_s - 0.2:.2f}-{end_s + 0.2:.2f}")
    written, again = run("correct", file, "--labels", out), run("correct", file, "--labels", out)
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))

    assert [written.exit_code, again.exit_code] == [0, 1]
    assert [(row["label"], row["by"]) for row in rows] == [
        ("rep", "sensors"),
        ("not_a_rep", "hand"),
        ("rep", "sensors"),
        ("rep", "hand"),
    ]


def packed(text: bytes) -> bytes:
    return gzip.compress(text)


def utf_16(text: bytes) -> bytes:
    return text.decode("utf-8").encode("utf-16")


def cut(text: bytes) -> bytes:
    """Cut within the last number of a row."""
    return text[: text.rindex(b"\n", 0, -200) - 1]


def cut_early(text: bytes) -> bytes:
    return text[: text.rindex(b"\n", 0, -200) + 20]


@pytest.mark.parametrize("kind", [packed, utf_16, cut, cut_early])
def test_a_note_can_be_added_to_any_readable_file(
    tmp_path: Path, trained: Path, kind: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / ("set.csv.gz" if kind is packed else "set.csv")
    file.write_bytes(kind(trained.read_bytes()))
    before = load(file)
    append_notes(file, [Note(9.0, "correct", "side right"), Note(9.0, "pain", "2")])
    append_notes(file, [Note(9.0, "effort", "7")])
    after = load(file)

    assert after.header.side == "right"
    assert [note.key for note in after.notes[-3:]] == ["correct", "pain", "effort"]
    for place in ("pelvis", "ankle"):
        block, same = before.samples(place), after.samples(place)
        assert block is not None
        assert same is not None
        assert (block.acc_mps2 == same.acc_mps2).all()
        assert (block.gyr_dps == same.gyr_dps).all()
