"""First steps of a newcomer: the commands of README, guide and help, typed in an empty home in order."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from imu_reps.cli.main import COMMANDS, main

Run = Callable[..., Result]

ROOT = Path(__file__).parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "imu_reps" / "docs" / "guide.md"

VIRTUAL = ("--virtual", "--speed", "0", "--mute")


@pytest.fixture
def typed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Type a command in an empty home and return its output; a failing step ends the test."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(ROOT)

    def _typed(*words: str | Path, code: int = 0) -> str:
        result = run(*words)
        assert result.exit_code == code, (words, result.output)
        return result.stdout if code == 0 else result.output

    return _typed


def test_the_first_hour_of_a_newcomer(typed: Callable[..., str]) -> None:
    """Steps that need sensors use virtual ones."""
    assert all(f"  {name} " in typed("--help") for name in COMMANDS)
    assert "7 reps, 5 clean" in typed("report", "recordings/back_arch_fatigue.csv")
    assert "Looks plausible" in typed("check", "recordings/clean.csv")
    assert "No sensors are paired yet" in typed("record", code=3)
    assert "No sets are remembered yet" in typed("history", code=1)
    assert "Virtual sensors are not stored" in typed("pair", "--virtual", "--yes")

    session = typed(
        "record", *VIRTUAL, "--reps", "1", "--side", "left,right", "--rest", "3", "--tempo", "1-0-1-0"
    )
    assert "Session of 2 sets" in session
    assert session.count("set over, 1 rep: the target was reached") == 2
    assert "Left and right" in session
    assert "2 are simulated, and nobody moved" in typed("history", code=1)
    assert "no advice" in " ".join(session.split())
    assert "No sets are remembered" in typed("plan")
    assert "1 rep" in typed("report")
    folder = Path(typed("where").strip())
    assert len(list(folder.glob("*.csv"))) == 2

    assert "tilt_flag_deg = 6 °" in typed("settings")
    assert "guide" in typed("docs")
    assert typed("docs", "guide") == GUIDE.read_text(encoding="utf-8")
    assert "_IMU_REPS_COMPLETE" in typed("completion", "bash")


def _done_by(person: str, day: int, side: str, trained: Path, folder: Path) -> None:
    """Write the recording of a set as its sensors would have left it."""
    top, rest = trained.read_text(encoding="utf-8").split("\n", 1)
    header = {
        "created": f"2026-11-{day}T07:30:00+00:00",
        "person": person,
        "side": side,
        "session": f"day {day}",
    }
    lines = [line for line in rest.split("\n") if not re.match(r"# (created|side|session):", line)]
    head = [f"# {key}: {value}" for key, value in header.items()]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{person}{day}{side}.csv").write_text("\n".join([top, *head, *lines]), encoding="utf-8")


def test_two_persons_at_one_computer(typed: Callable[..., str], trained: Path, tmp_path: Path) -> None:
    """Their recordings are imported, and each later step concerns one of them."""
    folder = Path(typed("where").strip())
    for person, days in (("kim", (20, 22)), ("lee", (21,))):
        for day in days:
            for side in ("left", "right"):
                _done_by(person, day, side, trained, folder)
    assert "6 of 6 recordings" in typed("reanalyse")

    persons = typed("persons", "list")
    assert re.search(r"kim .* 4 ", persons)
    assert re.search(r"lee .* 2 ", persons)
    for words in (("history",), ("plan",), ("history", "--hand-over", tmp_path / "page.html")):
        refused = typed(*words, code=2)
        assert "kim" in refused
        assert "lee" in refused
    shown = typed("history", "--person", "kim")
    assert "2026-11-22" in shown
    assert "2026-11-21" not in shown
    assert "of the last session" in typed("plan", "--person", "kim")
    prescribed = (
        "--prescribe",
        "--by",
        "Dr. Lee",
        "--exercise",
        "single_leg_raise",
        "--sets",
        "3",
        "--reps",
        "10",
    )
    assert "Dr. Lee" in typed("plan", "--person", "kim", *prescribed)

    page = tmp_path / "kim.html"
    typed("history", "--person", "kim", "--hand-over", page)
    assert "Dr. Lee" in page.read_text(encoding="utf-8")
    assert "lee21" not in page.read_text(encoding="utf-8")
    assert "--force" in typed("history", "--person", "kim", "--hand-over", page, code=1)
    rows = list(csv.DictReader(io.StringIO(typed("history", "--person", "lee", "--csv"))))
    assert {row["person"] for row in rows} == {"lee"}

    reps = list(csv.DictReader(io.StringIO(typed("report", folder, "--csv"))))
    assert len(reps) == 6 * 4
    assert {row["person"] for row in reps} == {"kim", "lee"}
    typed("report", folder, "--html", tmp_path / "all.html")
    summaries = [
        json.loads(line) for line in typed("report", folder, "--json").splitlines() if line[0] == "{"
    ]
    assert [summary["set"]["rep_count"] for summary in summaries] == [4] * 6
    typed("persons", "rename", "kim", "ada", "--yes")
    assert "kim" not in typed("persons", "list")
    typed("persons", "delete", "ada", "--yes")
    assert "lee" in typed("history")


def written_out(page: Path) -> Iterator[str]:
    """Return the calls of the program that a page writes out in full, without placeholders."""
    text = page.read_text(encoding="utf-8")
    for call in re.findall(r"(?:^|/|`)(imu-reps [^`\n]+)", text, re.MULTILINE):
        if not re.search(r"\b[A-Z]{2,}\b|\.\.\.|\[", call):
            yield call


CALLS = sorted({call for page in (README, GUIDE) for call in written_out(page)})


@pytest.mark.parametrize("call", CALLS)
def test_calls_written_out_in_the_pages_can_be_typed(call: str) -> None:
    words = shlex.split(call)[1:]
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group) and words:
        inner = command.get_command(context, words.pop(0))
        assert inner is not None, call
        command = inner
    if words:
        command.make_context(call, words)


def test_many_calls_are_written_out_in_full() -> None:
    assert len(CALLS) > 15
