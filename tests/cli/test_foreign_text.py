"""Foreign names: a terminal executes none, a spreadsheet computes none."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

#: Escape, one-byte CSI, right-to-left override, bell, carriage return: each misleads a terminal.
NASTY = "a\x1b[31m\x9b2J\u202efdp\x07\rz"


def control_characters(text: str) -> set[str]:
    return {c for c in text if not c.isprintable()} - {"\n"}


@pytest.mark.skipif(sys.platform == "win32", reason="no such file names there")
@pytest.mark.parametrize("verb", ["report", "check", "angles", "replay", "reanalyse"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_file_name_is_shown_without_its_control_characters(
    run: Run, swung: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, exists: bool
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    file = tmp_path / f"{NASTY}.csv"
    if exists:
        shutil.copy(swung, file)
    result = run(verb, file)

    assert control_characters(result.output) == set()
    # a long path is broken at the end of the line
    assert "\\u001b[31m" in result.output.replace("\n", "") or verb == "angles"


def test_a_note_is_shown_on_a_page_without_its_control_characters(
    run: Run, trained: Path, tmp_path: Path
) -> None:
    name = NASTY.replace("\r", "")
    text = trained.read_text(encoding="utf-8")
    (tmp_path / "set.csv").write_text(
        f"{text}# @9.0 correct: remark {name}\n# @9.0 end: {name}\n", encoding="utf-8"
    )
    run("report", tmp_path / "set.csv", "--html", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "Remark: a\\u001b[31m" in page
    assert control_characters(page) <= {"\u202f", "\xa0", "\t"}  # spaces added by the report


def test_a_header_is_shown_without_its_control_characters(
    run: Run, trained: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    top, rest = trained.read_text(encoding="utf-8").split("\n", 1)
    name = NASTY.replace("\r", "")
    (tmp_path / "set.csv").write_text(
        f"{top}\n# person: ={name}\n# exercize: {name}\n{rest}", encoding="utf-8"
    )
    run("reanalyse", tmp_path)
    results = [run("check", tmp_path / "set.csv"), run("history"), run("history", "--json")]
    table = run("history", "--csv")
    run("report", tmp_path / "set.csv", "--html", tmp_path / "report.html")
    run("history", "--hand-over", tmp_path / "hand-over.html")
    pages = [(tmp_path / page).read_text(encoding="utf-8") for page in ("report.html", "hand-over.html")]

    assert [result.exit_code for result in results] == [0, 0, 0]
    assert set.union(*(control_characters(result.output) for result in [*results, table])) == set()
    assert set.union(*map(control_characters, pages)) <= {
        "\u202f",
        "\xa0",
        "\t",
    }  # spaces added by the report
    assert json.loads(results[2].stdout)["person"] == f"={name}"
    (row,) = csv.DictReader(io.StringIO(table.stdout))
    assert row["person"].startswith("'=a")


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_cell_is_a_formula_but_numbers_stay_numbers(
    run: Run, trained: Path, tmp_path: Path, monkeypatch, start
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    top, rest = trained.read_text(encoding="utf-8").split("\n", 1)
    (tmp_path / "set.csv").write_text(
        f"{top}\n# person: {start}1+1\n# session: {start}x\n{rest}", encoding="utf-8"
    )
    run("reanalyse", tmp_path)
    (row,) = csv.DictReader(io.StringIO(run("history", "--csv").stdout))

    assert (row["person"], row["session"]) == (f"'{start}1+1", f"'{start}x")
    assert float(row["rep_count"]) == 4


def test_no_cell_is_a_formula_where_semicolons_separate_cells(
    run: Run, trained: Path, tmp_path: Path, monkeypatch
) -> None:
    """As in Excel where a comma is the decimal sign, and in LibreOffice."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    top, rest = trained.read_text(encoding="utf-8").split("\n", 1)
    (tmp_path / "set.csv").write_text(f"{top}\n# person: kim;=1+1;@x;＝2;lee\n{rest}", encoding="utf-8")
    run("reanalyse", tmp_path)
    table = run("history", "--csv").stdout
    cells = [cell for line in csv.reader(io.StringIO(table), delimiter=";") for cell in line]

    assert "lee" in {cell.split(",")[0] for cell in cells}
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]
