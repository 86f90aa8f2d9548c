"""Names that somebody else chose: a terminal obeys none, a spreadsheet computes none."""

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

#: Escape, one-byte CSI, right-to-left override, bell, carriage return: each makes a terminal lie.
NASTY = "a\x1b[31m\x9b2J\u202efdp\x07\rz"


def obeyed(text: str) -> set[str]:
    return {c for c in text if not c.isprintable()} - {"\n"}


@pytest.mark.skipif(sys.platform == "win32", reason="no such file names there")
@pytest.mark.parametrize("verb", ["report", "check", "angles", "replay", "reanalyse"])
@pytest.mark.parametrize("there", [True, False])
def test_a_file_name_is_shown_and_not_obeyed(
    run: Run, swung: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, there: bool
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    file = tmp_path / f"{NASTY}.csv"
    if there:
        shutil.copy(swung, file)
    result = run(verb, file)

    assert obeyed(result.output) == set()
    # a long path is broken where the line ends
    assert "\\u001b[31m" in result.output.replace("\n", "") or verb == "angles"


def test_a_header_is_shown_and_not_obeyed(run: Run, trained: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    top, rest = trained.read_text(encoding="utf-8").split("\n", 1)
    name = NASTY.replace("\r", "")
    (tmp_path / "set.csv").write_text(
        f"{top}\n# person: ={name}\n# exercize: {name}\n{rest}", encoding="utf-8"
    )
    run("reanalyse", tmp_path)
    results = [run("check", tmp_path / "set.csv"), run("history"), run("history", "--json")]
    table = run("history", "--csv")

    assert [result.exit_code for result in results] == [0, 0, 0]
    assert set.union(*(obeyed(result.output) for result in [*results, table])) == set()
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
