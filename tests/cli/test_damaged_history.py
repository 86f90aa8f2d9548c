"""A damaged history gives messages with a way out, and never a traceback."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

pytestmark = pytest.mark.faults

Run = Callable[..., Result]

COMMANDS = {
    "history": ["history"],
    "json": ["history", "--json"],
    "csv": ["history", "--csv"],
    "hand-over": ["history", "--hand-over", "HOME/page.html"],
    "plan": ["plan"],
    "report": ["report", "HOME/recordings/two.csv", "--html", "HOME/page.html"],
}
DEEP = "[" * 5000 + "]" * 5000
DAMAGES = [
    "UPDATE recorded_set SET pain = 'much'",
    "UPDATE recorded_set SET pain = 99",
    "UPDATE recorded_set SET effort = -1",
    "UPDATE recorded_set SET effort = 2.5",
    "UPDATE recorded_set SET pain = x'00ff'",
    "UPDATE recorded_set SET set_number = 'first'",
    "UPDATE recorded_set SET person = 7, session = 8",
    "UPDATE recorded_set SET file = x'ff' WHERE id = 1",
    "UPDATE recorded_set SET recorded = 'long ago'",
    "UPDATE recorded_set SET session = CAST(x'ff' AS TEXT)",
    "UPDATE analysis SET summary = ''",
    "UPDATE analysis SET summary = x'ff'",
    "UPDATE analysis SET summary = 7",
    'UPDATE analysis SET summary = replace(summary, \'"rep_count":\', \'"rep_count":"many","x":\')',
    f'UPDATE analysis SET summary = replace(summary, \'"format"\', \'"x":{DEEP},"format"\')',
    "DROP TABLE analysis",
]
DATES = ["soon", "2026-13-45", "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1066-10-14"]
GOOD_DATES = ["2026-11-21T07:30:00", "2026-11-21", "1970-01-01T00:00:00+00:00"]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trained: Path, run: Run) -> Path:
    """A home with two recordings in its history, one without a time zone."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    (tmp_path / "recordings").mkdir()
    text = trained.read_text(encoding="utf-8")
    top, rest = text.split("\n", 1)
    for name, created in (("one", "2026-11-20T07:30:00+00:00"), ("two", "2026-11-21T07:30:00")):
        lines = [line for line in rest.split("\n") if not line.startswith("# created")]
        lines = [top, f"# created: {created}", "# person: kim", *lines]
        (tmp_path / "recordings" / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    assert run("reanalyse").exit_code == 0
    return tmp_path


def change(home: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(home / "history.sqlite3")) as database, database:
        database.execute(statement, values)


def call_all(run: Run, home: Path) -> list[Result]:
    results = []
    for words in COMMANDS.values():
        (home / "page.html").unlink(missing_ok=True)
        results.append(run(*(word.replace("HOME", str(home)) for word in words)))
    return results


def hold_no_traceback(results: list[Result]) -> None:
    for result in results:
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == 0 or result.stderr.strip()


def test_recordings_with_and_without_a_time_zone_are_listed_together(run: Run, home: Path) -> None:
    assert [result.exit_code for result in call_all(run, home)] == [0] * len(COMMANDS)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_gives_a_message(run: Run, home: Path, damage: str) -> None:
    change(home, damage)

    hold_no_traceback(call_all(run, home))


@pytest.mark.parametrize("created", [*DATES, *GOOD_DATES])
def test_an_impossible_date_is_reported_or_left_out(run: Run, home: Path, created: str) -> None:
    with closing(sqlite3.connect(home / "history.sqlite3")) as database, database:
        (text,) = database.execute("SELECT summary FROM analysis WHERE id = 1").fetchone()
        tree = json.loads(text)
        tree["recording"]["created"] = created
        database.execute("UPDATE analysis SET summary = ? WHERE id = 1", (json.dumps(tree),))
    results = call_all(run, home)

    hold_no_traceback(results)
    if created in GOOD_DATES:
        assert [result.exit_code for result in results] == [0] * len(COMMANDS)


@pytest.mark.parametrize(
    "damage", ["UPDATE recorded_set SET pain = 'much'", "UPDATE recorded_set SET effort = 11"]
)
def test_the_hint_is_a_way_out(run: Run, home: Path, damage: str) -> None:
    change(home, damage)
    refused = run("history")
    shutil.move(home / "history.sqlite3", home / "old.sqlite3")
    anew = run("reanalyse"), run("history")

    assert refused.exit_code == 1
    assert "reanalyse" in refused.stderr
    assert [result.exit_code for result in anew] == [0, 0]


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_recording_with_an_impossible_date_is_summarised_all_the_same(
    run: Run, home: Path, created: str
) -> None:
    file = home / "recordings" / "two.csv"
    file.write_text(
        file.read_text(encoding="utf-8").replace("2026-11-21T07:30:00", created), encoding="utf-8"
    )
    (home / "history.sqlite3").unlink()
    results = [run("reanalyse"), *call_all(run, home)]

    assert [result.exit_code for result in results] == [0] * len(results)
