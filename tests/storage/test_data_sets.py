"""``imu-reps export``: exported values are the measured ones, and no other file is replaced."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy.spatial.transform import Rotation

from imu_reps import Analysis, Note, Recording, analyze, load, save
from imu_reps.cli.main import main
from imu_reps.domain.summary import REP_COLUMNS, column_unit

KINDS = ("reps-csv", "reps-parquet", "samples-csv", "samples-parquet", "bids", "sto", "vtt")


def export(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, words)])


def written(result: Result, out: Path) -> Path:
    assert result.exit_code == 0, result.output
    return out


def copy_of(recording: Recording, file: Path, *, person: str | None = None, **changes: object) -> Path:
    """Save the recording to a file of its own, under a person's name."""
    extra = {"person": person} if person else {}
    header = replace(recording.header, extra=extra, **changes)  # type: ignore[arg-type]
    save(replace(recording, header=header), file)
    return file


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of three repetitions on the right, the second with momentum."""
    file = tmp_path_factory.mktemp("sets") / "momentum.csv"
    words = ["--reps", "3", "--side", "right", "--fault", "momentum:2", "-o", str(file)]
    assert CliRunner().invoke(main, ["simulate", *words]).exit_code == 0
    return file


@pytest.fixture(scope="module")
def recording(source: Path) -> Recording:
    return load(source)


@pytest.fixture(scope="module")
def analysis(recording: Recording) -> Analysis:
    return analyze(recording)


def test_a_row_per_repetition_equals_the_summary_and_is_empty_where_not_measured(
    recording: Recording, analysis: Analysis, source: Path, tmp_path: Path
) -> None:
    files = [
        source,
        copy_of(replace(recording, pelvis=None), tmp_path / "b.csv", person="P2"),
    ]
    out = written(export(*files, "--as", "reps-csv", "-o", tmp_path / "reps.csv"), tmp_path / "reps.csv")
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = analysis.summary.reps[1]

    assert tuple(rows[0]) == REP_COLUMNS
    assert float(rows[1]["eccentric_s"]) == pytest.approx(first.eccentric_s, abs=5.1e-5)
    assert rows[1]["faults"] == ";".join(first.flags) != ""
    assert [row["clean"] for row in rows[:3]] == ["true", "false", "true"]
    assert {row["person"] for row in rows} == {"", "P2"}
    without = [row for row in rows if row["person"] == "P2"]
    assert {row["pelvic_tilt_deg"] for row in without} == {""}
    assert not re.search(r"\b(nan|none|null|<na>)\b", out.read_text(encoding="utf-8"), re.IGNORECASE)


def test_a_row_per_sample_equals_the_track_with_rep_and_phase(
    analysis: Analysis, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "samples.csv"
    read = pd.read_csv(written(export(source, "--as", "samples-csv", "-o", out), out))
    frame = analysis.track.to_frame()

    assert list(read.columns) == ["file", "person", "exercise", "side", *frame.columns]
    np.testing.assert_allclose(read["leg_elevation_deg"], frame["leg_elevation_deg"], atol=5.1e-5)
    assert read["rep"].notna().sum() == frame["rep"].notna().sum()
    assert read["phase"].value_counts().to_dict() == frame["phase"].value_counts().to_dict()


def test_a_hold_has_no_rows_and_no_subtitles_which_is_told(tmp_path: Path) -> None:
    hold = tmp_path / "hold.csv"
    words = ["simulate", "--exercise", "hollow_hold", "--duration", "5", "-o", str(hold)]
    assert CliRunner().invoke(main, words).exit_code == 0
    rows = export(hold, "--as", "reps-csv", "-o", tmp_path / "reps.csv")
    shown = export(hold, "--as", "vtt", "-o", tmp_path / "hold.vtt")

    assert rows.exit_code == 0
    assert f"{hold}: no repetitions, so no rows." in rows.output
    assert shown.exit_code == 2
    assert "it has neither" in shown.output


@pytest.mark.parametrize("kind", ["reps", "samples"])
def test_parquet_contains_the_values_of_csv_and_names_each_unit(
    kind: str, source: Path, tmp_path: Path
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    table, text = tmp_path / "t.parquet", tmp_path / "t.csv"
    written(export(source, "--as", f"{kind}-parquet", "-o", table), table)
    read, schema = pd.read_parquet(table), pq.read_schema(table)
    of_csv = pd.read_csv(written(export(source, "--as", f"{kind}-csv", "-o", text), text))

    assert list(read.columns) == list(of_csv.columns)
    for name in read.select_dtypes("floating").columns:
        np.testing.assert_array_equal(read[name].to_numpy(float), of_csv[name].to_numpy(float))
    units = {field.name: field.metadata[b"unit"].decode() for field in schema}
    assert units == {name: column_unit(name) for name in read.columns}
    assert units["time_s" if kind == "samples" else "start_s"] == "s"


def test_without_pyarrow_parquet_explains_how_to_install_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = export(source, "--as", "reps-parquet", "-o", tmp_path / "r.parquet")

    assert result.exit_code == 2
    assert "imu-reps[parquet]" in result.output


def test_orientations_turn_the_gravity_of_each_sensor_upright(
    recording: Recording, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "o.sto"
    lines = written(export(source, "--as", "sto", "-o", out), out).read_text().splitlines()
    end = lines.index("endheader")
    rows = [line.split("\t") for line in lines[end + 2 :]]
    time_s = np.array([float(row[0]) for row in rows])
    ankle = np.array([[float(part) for part in row[2].split(",")] for row in rows])

    assert "DataType=Quaternion" in lines[:end]
    assert any(line.startswith("OpenSimVersion=") for line in lines[:end])
    assert lines[end + 1].split("\t") == ["time", "pelvis_imu", "tibia_r_imu"]
    np.testing.assert_allclose(np.linalg.norm(ankle, axis=1), 1.0, atol=1e-6)
    block = recording.ankle
    assert block is not None
    still = time_s < 2.5
    acc = np.column_stack([np.interp(time_s, block.time_s, column) for column in block.acc_mps2.T])
    up = Rotation.from_quat(ankle, scalar_first=True).apply(acc)[still].mean(axis=0)
    assert up == pytest.approx([0.0, 0.0, 9.81], abs=0.15)


def test_orientations_of_an_unnamed_side_are_refused(recording: Recording, tmp_path: Path) -> None:
    file = copy_of(recording, tmp_path / "a.csv", side=None)
    result = export(file, "--as", "sto", "-o", tmp_path / "o.sto")

    assert result.exit_code == 2
    assert "# side:" in result.output
    assert not (tmp_path / "o.sto").exists()


def test_subtitles_are_in_video_time(recording: Recording, analysis: Analysis, tmp_path: Path) -> None:
    notes = (Note(1.0, "cue", "slower (a <b> & c)"), Note(9.5, "cue", "press_back (tilt 9)"))
    file = tmp_path / "cued.csv"
    save(replace(recording, notes=notes), file)
    out = tmp_path / "set.vtt"
    text = written(export(file, "--as", "vtt", "--offset", "-3.5", "-o", out), out).read_text(
        encoding="utf-8"
    )
    blocks = [block.splitlines() for block in text.strip().split("\n\n")]
    shown = {block[1]: block[0].split(" --> ") for block in blocks[2:]}
    begins = [begin for begin, _ in shown.values()]

    assert blocks[0] == ["WEBVTT imu-reps"]
    assert "slower" not in shown  # over before the video began
    assert shown["press back"][0] == "00:00:06.000"
    third = next(span for words, span in shown.items() if words.startswith("Rep 3,"))
    assert float(third[0][-6:]) == pytest.approx(analysis.summary.reps[2].start_s - 3.5, abs=0.002)
    assert begins == sorted(begins)
    assert begins[0] == "00:00:00.000"


def test_a_data_set_contains_readings_units_and_events(
    recording: Recording, analysis: Analysis, tmp_path: Path
) -> None:
    files = [
        copy_of(recording, tmp_path / f"{k}.csv", person=name, set_number=k)
        for k, name in enumerate(["P 1", "P 1", "P2"], 1)
    ]
    out = tmp_path / "bids"
    written(export(*files, "--as", "bids", "-o", out), out)
    motion = out / "sub-P1" / "motion"
    stem = "sub-P1_task-singlelegraise"
    values = pd.read_csv(
        motion / f"{stem}_tracksys-imus_run-02_motion.tsv", sep="\t", header=None, na_values="n/a"
    )
    channels = pd.read_csv(motion / f"{stem}_tracksys-imus_run-02_channels.tsv", sep="\t")
    events = pd.read_csv(motion / f"{stem}_run-02_events.tsv", sep="\t")
    about = json.loads((motion / f"{stem}_tracksys-imus_run-02_motion.json").read_text())

    assert (out / "participants.tsv").read_text().splitlines() == ["participant_id", "sub-P1", "sub-P2"]
    assert len(values.columns) == len(channels) == about["MotionChannelCount"] == 12
    assert set(zip(channels["type"], channels["units"], strict=True)) == {
        ("ACCEL", "m/s^2"),
        ("GYRO", "deg/s"),
    }
    assert events["duration"].to_list() == pytest.approx(
        [rep.end_s - rep.start_s for rep in analysis.summary.reps], abs=1e-4
    )
    block = recording.ankle
    assert block is not None
    ankle = values.to_numpy()[:, 6:9]
    inside = np.isfinite(ankle).all(axis=1)
    lengths = np.linalg.norm(ankle[inside], axis=1)
    assert lengths[:200].mean() == pytest.approx(
        np.linalg.norm(block.acc_mps2[:200], axis=1).mean(), abs=0.02
    )


def test_persons_are_never_mixed_up(recording: Recording, tmp_path: Path) -> None:
    nobody = copy_of(recording, tmp_path / "n.csv")
    one, other = (copy_of(recording, tmp_path / f"{k}.csv", person=k) for k in ("P-1", "P1"))

    for files in ([nobody, one], [one, other]):
        result = export(*files, "--as", "bids", "-o", tmp_path / "bids")
        assert result.exit_code == 2, result.output
        assert not (tmp_path / "bids").exists()


def test_the_public_validator_finds_no_error(recording: Recording, tmp_path: Path) -> None:
    validator = shutil.which("bids-validator-deno") or shutil.which("bids-validator")
    if validator is None:
        pytest.skip("no bids-validator: install the package bids-validator-deno to check data sets with it")
    files = [copy_of(recording, tmp_path / f"{name}.csv", person=name) for name in ("P1", "P2")]
    alone = copy_of(replace(recording, pelvis=None), tmp_path / "alone.csv", person="P3")
    out = tmp_path / "bids"
    written(export(*files, alone, "--as", "bids", "-o", out), out)
    done = subprocess.run([validator, "--json", str(out)], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]

    assert [issue for issue in issues if issue["severity"] == "error"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_replaced_without_force_and_other_files_never(
    kind: str, source: Path, tmp_path: Path
) -> None:
    if kind.endswith("parquet"):
        pytest.importorskip("pyarrow")
    out = tmp_path / "out"
    written(export(source, "--as", kind, "-o", out), out)
    refused = export(source, "--as", kind, "-o", out)
    forced = export(source, "--as", kind, "-o", out, "--force")
    foreign = tmp_path / "foreign"
    if kind == "bids":
        foreign.mkdir()
        foreign_file = foreign / "kept.txt"
    else:
        foreign_file = foreign
    foreign_file.write_text("something else", encoding="utf-8")
    never = export(source, "--as", kind, "-o", foreign, "--force")

    assert (refused.exit_code, forced.exit_code, never.exit_code) == (1, 0, 1), forced.output
    assert "--force" in refused.stderr
    assert foreign_file.read_text(encoding="utf-8") == "something else"
    assert {path.name for path in tmp_path.iterdir()} == {"out", "foreign"}


def test_text_added_to_a_data_set_by_hand_is_never_replaced(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "bids"
    again = ["--as", "bids", "-o", out, "--force"]
    written(export(source, *again[:-1]), out)
    events = next(out.rglob("*_events.tsv"))
    as_written = events.read_bytes()
    readme, people = out / "README.md", out / "participants.tsv"
    readme.write_text("Our study", encoding="utf-8")
    people.write_text("participant_id\tage\nsub-01\t61\n", encoding="utf-8")
    motion = next(out.rglob("*_motion.tsv"))
    motion.unlink()
    result = export(source, *again)

    assert result.exit_code == 0, result.output
    assert readme.read_text(encoding="utf-8") == "Our study"
    assert people.read_text(encoding="utf-8") == "participant_id\tage\nsub-01\t61\n"
    assert "README.md was changed by hand" in result.output
    assert "participants.tsv was changed by hand" in result.output
    assert motion.exists()

    events.write_bytes(as_written.replace(b"none", b"momentum"))
    by_hand = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    refused = export(source, *again)
    assert refused.exit_code == 1
    assert events.name in refused.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == by_hand

    events.write_bytes(as_written)
    people.write_text("participant_id\tage\nsub-other\t61\n", encoding="utf-8")
    assert export(source, *again).exit_code == 1  # the person of this set is missing


@pytest.mark.parametrize("words", [["--as", "sto", "--offset", "3"], ["--as", "vtt", "--offset", "nan"]])
def test_a_meaningless_offset_is_refused(words: list[str], source: Path, tmp_path: Path) -> None:
    result = export(source, *words, "-o", tmp_path / "x")

    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_one_unreadable_recording_writes_nothing(source: Path, tmp_path: Path) -> None:
    result = export(source, tmp_path / "no.csv", "--as", "reps-csv", "-o", tmp_path / "r.csv")

    assert result.exit_code == 1
    assert not (tmp_path / "r.csv").exists()
