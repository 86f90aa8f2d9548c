"""``imu-reps angles``."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from imu_reps import analyze, load, save

Run = Callable[..., Result]
HEAD = ["time_s", "leg_elevation_deg", "pelvic_tilt_deg", "pelvic_rotation_deg"]


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_the_table_is_the_track_at_100_hz(run: Run, swung: Path) -> None:
    result = run("angles", swung)
    head, *rows = table(result.stdout)
    track = analyze(load(str(swung))).track
    read = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows])

    assert result.exit_code == 0
    assert head == HEAD
    np.testing.assert_allclose(read, np.column_stack([getattr(track, name) for name in HEAD]), atol=5.1e-4)
    np.testing.assert_allclose(np.diff(read[:, 0]), 0.01, atol=1.1e-3)


def test_unmeasured_angles_are_empty(run: Run, swung: Path, tmp_path: Path) -> None:
    save(replace(load(str(swung)), pelvis=None), tmp_path / "ankle.csv")
    _, *rows = table(run("angles", tmp_path / "ankle.csv").stdout)

    assert {(row[2], row[3]) for row in rows} == {("", "")}
    assert all(row[0] for row in rows)


def test_an_older_table_is_replaced_only_with_force(run: Run, swung: Path, tmp_path: Path) -> None:
    out = tmp_path / "angles.csv"
    first = run("angles", swung, "-o", out)
    written = out.read_text(encoding="utf-8")
    out.write_text(written + "older\n", encoding="utf-8")
    refused = run("angles", swung, "-o", out)
    assert first.stdout == f"Written to {out}.\n"
    content = out.read_text(encoding="utf-8")
    forced = run("angles", swung, "-o", out, "--force")

    assert (first.exit_code, refused.exit_code, forced.exit_code) == (0, 1, 0)
    assert "--force" in refused.stderr
    assert content == written + "older\n"
    assert out.read_text(encoding="utf-8") == written


def test_not_even_force_replaces_the_recording_itself(run: Run, swung: Path) -> None:
    before = swung.read_bytes()
    result = run("angles", swung, "-o", swung.parent / "." / swung.name, "--force")

    assert result.exit_code == 2
    assert swung.read_bytes() == before


@pytest.mark.parametrize("where", ["no/such/folder/out.csv", ""])
def test_a_place_that_cannot_be_written_is_exit_code_1(
    run: Run, swung: Path, tmp_path: Path, where: str
) -> None:
    result = run("angles", swung, "-o", tmp_path / where)

    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_a_name_that_stands_for_another_kind_of_file_is_refused_and_a_dash_is_standard_output(
    run: Run, swung: Path, tmp_path: Path
) -> None:
    workbook = run("angles", swung, "-o", tmp_path / "x.xlsx")
    dash = run("export", swung, "--as", "reps-csv", "-o", "-")

    assert workbook.exit_code == dash.exit_code == 2
    assert "End the name in .csv" in workbook.stderr
    assert "-o names a file" in dash.stderr
    assert run("angles", swung, "-o", "-").stdout == run("angles", swung).stdout
    subtitles = run("export", swung, "--as", "vtt", "-o", tmp_path / "x.mp4")
    page = run("report", swung, "--html", tmp_path / "x.pdf")
    assert subtitles.exit_code == page.exit_code == 2
    assert "End the name in .html. A browser opens that" in page.stderr
    assert not list(tmp_path.glob("x*"))
