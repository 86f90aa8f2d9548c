"""Prescriptions: stored, shown, handed over, and nothing else is called so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from imu_reps.storage.toml_files import prescriptions

Run = Callable[..., Result]

LEE = ["plan", "--prescribe", "--by", "Dr. Lee", "--exercise", "single_leg_raise", "--side", "left"]
HOLD = ["plan", "--prescribe", "--by", "Dr. Lee", "--exercise", "hollow_hold"]
WHOLE = [*LEE, "--sets", "3", "--reps", "10", "--tempo", "2-0-3-0", "--floor", "25", "--range-target", "60"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path, run: Run) -> Path:
    """A home with sets of Anna and Ben."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    (tmp_path / "recordings").mkdir()
    top, rest = trained.read_text(encoding="utf-8").split("\n", 1)
    for day, person in (("02", "Anna"), ("05", "Anna"), ("03", "Ben")):
        header = f"# created: 2026-11-{day}T07:30:00+00:00\n# person: {person}"
        text = "\n".join(
            [top, header, *(line for line in rest.split("\n") if not line.startswith("# created"))]
        )
        (tmp_path / "recordings" / f"{person}{day}.csv").write_text(text, encoding="utf-8")
    assert run("reanalyse").exit_code == 0
    return tmp_path


def handed_over(run: Run, home: Path, person: str) -> str:
    result = run("history", "--person", person, "--hand-over", home / "page.html", "--force")
    assert result.exit_code == 0, result.stderr
    return (home / "page.html").read_text(encoding="utf-8")


def test_a_prescription_is_shown_to_its_person_only(run: Run, home: Path) -> None:
    result = run(*WHOLE, "--person", "anna")
    shown = run("plan", "--person", "Anna").stdout
    as_json = json.loads(run("plan", "--person", "Anna", "--json").stdout)

    words = "single leg raise, left: 3 sets of 10 reps, tempo 2-0-3-0, range 60°, no lower than 25°"
    assert result.exit_code == 0
    assert words in result.stdout
    assert words in " ".join(shown.split())
    assert as_json["prescribed"][0]["by"] == "Dr. Lee"
    assert "Prescribed by" not in run("plan", "--person", "Ben").stdout
    assert "3 sets of 10 reps" in handed_over(run, home, "Anna")
    assert "Nothing was entered as prescribed" in handed_over(run, home, "Ben")


def test_a_hold_is_prescribed_in_seconds(run: Run, home: Path) -> None:
    result = run(*HOLD, "--sets", "2", "--duration", "20", "--person", "Anna")
    shown = run("plan", "--person", "Anna").stdout
    as_json = json.loads(run("plan", "--person", "Anna", "--json").stdout)

    assert "hollow hold: 2 sets of 20 s." in result.stdout
    assert "hollow hold: 2 sets of 20 s." in " ".join(shown.split())
    assert (as_json["prescribed"][0]["reps"], as_json["prescribed"][0]["duration_s"]) == (None, 20.0)
    assert "2 sets of 20 s" in handed_over(run, home, "Anna")


@pytest.mark.usefixtures("home")
def test_for_an_unknown_person_the_hint_says_how_to_add_one(run: Run) -> None:
    result = run(*WHOLE, "--person", "Zoe")

    assert result.exit_code == 2
    assert "imu-reps pair --person NAME" in result.stderr


@pytest.mark.usefixtures("home")
def test_a_newer_prescription_replaces_that_for_the_same_exercise(run: Run) -> None:
    run(*WHOLE, "--person", "Anna")
    run(*LEE, "--sets", "2", "--reps", "8", "--person", "Anna")
    run(*LEE[:-1], "right", "--sets", "2", "--reps", "8", "--person", "Anna")

    assert [(one.side, one.reps, one.floor_deg) for one in prescriptions("Anna")] == [
        ("left", 8, None),
        ("right", 8, None),
    ]


def test_a_prescription_is_exported_and_deleted_with_its_person(run: Run, home: Path) -> None:
    run(*WHOLE, "--person", "Anna")
    run("persons", "rename", "Anna", "Eva", "--yes")
    run("persons", "export", "Eva", home / "eva")
    renamed = prescriptions("Eva")
    run("persons", "delete", "Eva", "--yes")

    assert len(renamed) == 1
    assert "Dr. Lee" in (home / "eva" / "prescriptions.toml").read_text(encoding="utf-8")
    assert prescriptions("Eva") == prescriptions("Anna") == []


@pytest.mark.parametrize(
    "words",
    [
        WHOLE,
        [*WHOLE, "--person", "Cora"],
        [*LEE, "--sets", "3", "--person", "Anna"],
        [*WHOLE, "--person", "Anna", "--tempo", "fast"],
        ["plan", "--person", "Anna", "--sets", "3"],
        [*HOLD, "--person", "Anna", "--sets", "2"],
        [*HOLD, "--person", "Anna", "--sets", "2", "--duration", "20", "--reps", "8"],
        [*HOLD, "--person", "Anna", "--sets", "2", "--duration", "20", "--floor", "20"],
        [*HOLD, "--person", "Anna", "--sets", "2", "--duration", "nan"],
        [*WHOLE, "--person", "Anna", "--duration", "20"],
    ],
)
def test_missing_or_contradictory_values_are_refused(run: Run, home: Path, words: list[str]) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert result.stderr.strip()
    assert not (home / "prescriptions.toml").exists()


def test_a_damaged_file_gives_a_message(run: Run, home: Path) -> None:
    (home / "prescriptions.toml").write_text("prescribed = 3", encoding="utf-8")

    assert run("plan", "--person", "Anna").exit_code == 1
    assert "prescriptions.toml" in run("plan", "--person", "Anna").stderr


def test_the_hand_over_compares_the_first_and_the_last_recording(run: Run, home: Path) -> None:
    page = handed_over(run, home, "Anna")
    (home / "recordings" / "Anna02.csv").unlink()
    without = handed_over(run, home, "Anna")

    assert "first 2026-11-02" in page
    assert "last 2026-11-05" in page
    assert "first 2026-11-02" not in without
