"""``imu-reps report``."""

from __future__ import annotations

import csv
import gc
import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from imu_reps import AngleTrack, analyze, load
from imu_reps.analysis.analyze import Analysis
from imu_reps.cli.analysed import MANY_FILES
from imu_reps.report.findings import finding_text
from imu_reps.storage.plain_json import summary_line

Run = Callable[..., Result]


@pytest.fixture
def junk(tmp_path: Path) -> Path:
    file = tmp_path / "junk.csv"
    file.write_bytes(bytes(range(256)) * 10)
    return file


def test_text_gives_count_and_faults_of_the_simulated_set(run: Run, swung: Path) -> None:
    result = run("report", swung)

    assert result.exit_code == 0
    assert "4 reps, 2 clean" in result.stdout
    assert "Rep 2, momentum" in result.stdout
    assert "Rep 4, back arch" in result.stdout
    assert "\x1b" not in result.stdout
    assert not any(line != line.rstrip() for line in result.stdout.splitlines())


@pytest.mark.parametrize("size", ["0", "-1", "²", "9" * 5000])
def test_a_senseless_size_of_the_terminal_costs_no_report(
    run: Run, swung: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    for name in ("COLUMNS", "LINES"):
        monkeypatch.setenv(name, size)
    result = run("report", swung)

    assert result.exit_code == 0
    assert "reps" in result.stdout


def test_json_is_one_document_per_recording_one_per_line(run: Run, swung: Path, swung_again: Path) -> None:
    result = run("report", "--json", swung, swung_again)
    lines = result.stdout.splitlines()

    assert result.exit_code == 0
    assert lines == [
        summary_line(analyze(load(str(file))).summary, finding_text) for file in (swung, swung_again)
    ]
    assert json.loads(lines[0])["recording"]["file"] == str(swung)


def test_a_missing_file_is_exit_code_1_and_the_others_are_reported(
    run: Run, swung: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "none.csv"
    result = run("report", "--json", missing, swung)
    first, second = map(json.loads, result.stdout.splitlines())

    assert result.exit_code == 1
    assert first["recording"] == {"file": str(missing)}
    assert set(first["error"]) == {"code", "message", "hint"}
    assert second["set"]["rep_count"] == 4


def test_the_exit_code_is_the_highest(run: Run, swung: Path, junk: Path, tmp_path: Path) -> None:
    assert run("report", junk).exit_code == 4
    assert run("report", junk, tmp_path / "none.csv", swung).exit_code == 4


def test_in_text_an_error_goes_to_standard_error_with_file_and_hint(
    run: Run, swung: Path, junk: Path
) -> None:
    result = run("report", junk, swung)

    assert str(junk) in result.stderr
    assert "Traceback" not in result.output
    assert "junk" not in result.stdout
    assert "4 reps" in result.stdout


def test_without_a_file_the_latest_of_the_default_folder_is_used(
    run: Run, swung: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    empty = run("report")
    folder = Path(run("where").stdout.strip())
    folder.mkdir(parents=True)
    (folder / "latest.csv").write_bytes(swung.read_bytes())
    for number, end in enumerate(("# @9.0 discarded: yes\n", "# @0.7 end: user\n"), 1):
        newer = folder / f"newer{number}.csv"
        newer.write_bytes(swung.read_bytes() + end.encode())
        os.utime(newer, (4e9 + number, 4e9 + number))
    found = run("report")

    assert empty.exit_code == 1
    assert str(folder) in empty.stderr
    assert found.exit_code == 0
    assert "4 reps" in found.stdout
    assert "latest.csv" in found.stdout
    assert "newer2.csv was discarded or is too short" in found.stderr


def test_a_preset_and_single_settings_change_the_judgement(run: Run, swung: Path) -> None:
    lenient = run("report", "--json", "--preset", "beginner", "--set", "momentum_flag=0.9", swung)
    document = json.loads(lenient.stdout)

    assert document["settings"]["preset"] == "beginner"
    assert document["settings"]["tilt_flag_deg"] == 8.0
    assert document["settings"]["momentum_flag"] == 0.9
    assert "momentum" not in document["reps"][1]["flags"]


@pytest.mark.parametrize(
    "change", ["tilt=8", "tilt_flag_deg", "tilt_flag_deg=much", "tilt_flag_deg=-1", "preset=strict"]
)
def test_an_unknown_setting_is_exit_code_2_with_a_hint(run: Run, swung: Path, change: str) -> None:
    result = run("report", "--set", change, swung)

    assert result.exit_code == 2
    assert "tilt_flag_deg" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ("tilt_watch_deg=20", "tilt_flag_deg, which is 6"),
        ("momentum_flag=0.01", "momentum_flag, which is 0.01"),
        ("two_leg_eccentric_watch_s=1.9", "two_leg_eccentric_flag_s, which is 2"),
    ],
)
def test_a_watch_level_past_its_fault_is_refused_where_it_is_set(
    run: Run, swung: Path, change: str, flag: str
) -> None:
    for words in (("report", swung), ("record", "--virtual", "--reps", "1"), ("replay", swung)):
        result = run(*words, "--set", change)

        assert result.exit_code == 2
        assert flag in result.stderr
        assert "Give both" in result.stderr


@pytest.mark.parametrize("how", [("report", "--csv"), ("report", "--json"), ("export", "--as", "reps-csv")])
def test_a_recording_that_is_named_again_in_whatever_way_counts_once_and_is_told(
    run: Run, swung: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    link, packed = tmp_path / "link.csv", tmp_path / "packed.csv.gz"
    link.symlink_to(swung)
    packed.write_bytes(gzip.compress(swung.read_bytes() + b"# @40.000 effort: 3\n"))
    out = ("-o", tmp_path / "reps.csv") if how[0] == "export" else ()
    alone = run(*how, swung, *out)
    table = (tmp_path / "reps.csv").read_text(encoding="utf-8") if out else alone.stdout
    often = run(*how, swung, swung, link, packed, *out, *(("--force",) if out else ()))

    assert (alone.exit_code, often.exit_code) == (0, 0)
    assert ((tmp_path / "reps.csv").read_text(encoding="utf-8") if out else often.stdout) == table
    assert f"{swung}: named twice, counted once." in often.stderr
    for copy in (link, packed):
        assert f"{copy}: the same recording as {swung}, counted once." in often.stderr


def test_an_export_of_several_names_each_that_cannot_be_used_and_writes_nothing(
    run: Run, swung: Path, junk: Path, tmp_path: Path
) -> None:
    short, out = tmp_path / "short.csv", tmp_path / "reps.csv"
    short.write_text("\n".join(swung.read_text(encoding="utf-8").splitlines()[:60]) + "\n", encoding="utf-8")
    result = run("export", swung, short, junk, "--as", "reps-csv", "-o", out)

    assert result.exit_code == 4
    assert f"{short}: The recording is" in result.stderr
    assert str(junk) in result.stderr
    assert "Nothing was written" in result.stderr
    assert not out.exists()


def test_an_export_takes_the_recordings_of_a_folder(
    run: Run, swung: Path, swung_again: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "sets", tmp_path / "reps.csv"
    folder.mkdir()
    for file in (swung, swung_again):
        (folder / file.name).write_bytes(file.read_bytes())
    result = run("export", folder, "--as", "reps-csv", "-o", out)
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))

    assert result.exit_code == 0
    assert [Path(row["file"]).name for row in rows] == [swung.name] * 4 + [swung_again.name] * 4
    assert run("export", folder, "--as", "vtt", "-o", tmp_path / "a.vtt").exit_code == 2


def test_many_files_show_progress_on_standard_error_only(run: Run, junk: Path) -> None:
    few, many = (run("report", "--json", *[junk] * count) for count in (MANY_FILES - 1, MANY_FILES))

    assert few.stderr == ""
    assert f"{MANY_FILES}/{MANY_FILES}" in many.stderr
    assert len(many.stdout.splitlines()) == MANY_FILES


def test_a_folder_is_shown_as_a_table_with_a_row_per_set_and_whole_paths(
    run: Run, swung: Path, swung_again: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    folder = tmp_path / "a folder with a long name, longer than any line of forty columns"
    folder.mkdir()
    for name, file in (("one.csv", swung), ("two.csv", swung_again)):
        (folder / name).write_bytes(file.read_bytes())
    lines = run("report", folder).stdout.splitlines()

    assert lines[0].split()[:3] == ["set", "reps", "clean"]
    assert next(line.split()[:3] for line in lines if line.startswith("  1 ")) == ["1", "4", "2"]
    assert [line.strip() for line in lines if str(folder) in line] == [
        f"1 {folder / 'one.csv'}",
        f"2 {folder / 'two.csv'}",
    ]


def test_csv_has_a_row_per_repetition(run: Run, swung: Path, swung_again: Path, junk: Path) -> None:
    result = run("report", "--csv", swung, junk, swung_again)
    rows = list(csv.DictReader(result.stdout.splitlines()))

    assert result.exit_code == 4
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"] * 2
    assert rows[1]["faults"] == "momentum"
    assert {row["file"] for row in rows} == {str(swung), str(swung_again)}
    range_deg = analyze(load(str(swung))).summary.reps[0].range_deg
    assert float(rows[0]["range_deg"]) == pytest.approx(range_deg, abs=5.1e-5)


@pytest.mark.parametrize("command", [("report", "--csv"), ("score",), ("reanalyse",)])
def test_of_several_files_the_one_that_cannot_be_used_is_named(
    run: Run, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path / "home"))
    file = tmp_path / "broken_off.csv"
    file.write_text("\n".join(trained.read_text(encoding="utf-8").splitlines()[:60]), encoding="utf-8")
    file.with_suffix(".labels.csv").write_text("start_s,end_s\n0.0,1.0\n", encoding="utf-8")

    assert f"{file}: The recording" in run(*command, tmp_path).stderr


@pytest.mark.parametrize("words", [(), ("--csv",), ("--html", "page.html")])
def test_the_angles_of_many_files_are_not_kept_in_memory(
    run: Run, swung: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    alive = []

    def counting(*of: object) -> Analysis:
        gc.collect()
        alive.append(sum(isinstance(one, AngleTrack) for one in gc.get_objects()))
        return analyze(*of)

    monkeypatch.setattr("imu_reps.analysis.analyze.analyze", counting)
    monkeypatch.chdir(tmp_path)
    gc.freeze()  # what the tests before have left need not be looked through
    try:
        assert run("report", *[swung] * 5, *words).exit_code == 0
    finally:
        gc.unfreeze()

    assert alive[-1] <= alive[0] + 1  # the one reported last


def test_a_page_of_many_sets_has_each_and_is_replaced_only_with_force(
    run: Run, swung: Path, swung_again: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    first, again, forced = (
        run("report", swung, swung_again, "--html", out, *more) for more in ((), (), ("--force",))
    )
    page = out.read_text(encoding="utf-8")

    assert (first.exit_code, again.exit_code, forced.exit_code) == (0, 1, 0)
    assert page.count("<article") == 2
    assert page.count("Rep 2, momentum") == 2
    names = re.findall(r'id="([^"]+)"', page)
    clips = [name for name in names if re.fullmatch(r"p[0-9a-f]{8,}", name)]
    assert len(clips) == len(set(clips))
