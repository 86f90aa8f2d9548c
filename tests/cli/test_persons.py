"""Persons are never mixed, and simulated sets belong to nobody."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

from imu_reps import Note, load
from imu_reps.storage.history_store import History
from imu_reps.storage.profile import PairedSensor, Person, Profiles, load_profiles, save_profiles
from imu_reps.storage.recording import load_comments
from imu_reps.storage.recording.writer import RecordingWriter

Run = Callable[..., Result]

SENSOR = PairedSensor("witmotion", "AA:BB:CC:DD:EE:FF", 100.0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    (tmp_path / "recordings").mkdir()
    return tmp_path


@pytest.fixture
def add(home: Path, trained: Path) -> Callable[..., Path]:
    """Add a set of a person on a day."""

    def _add(person: str | None, day: int = 20) -> Path:
        top, rest = trained.read_text(encoding="utf-8").split("\n", 1)
        lines = [line for line in rest.split("\n") if not line.startswith("# created")]
        header = [f"# created: 2026-11-{day}T07:30:00+00:00"] + ([f"# person: {person}"] if person else [])
        file = home / "recordings" / f"{person}{day}.csv"
        file.write_text("\n".join([top, *header, *lines]), encoding="utf-8")
        return file

    return _add


@pytest.fixture
def two(add: Callable[..., Path], run: Run) -> None:
    add("Anna"), add("Anna", 22), add("Ben", 21)
    assert run("reanalyse").exit_code == 0


ABOUT_ONE = [
    ["history"],
    ["history", "--json"],
    ["history", "--csv"],
    ["history", "--hand-over", "page.html"],
    ["plan"],
]


@pytest.mark.parametrize("words", ABOUT_ONE)
@pytest.mark.usefixtures("two")
def test_with_several_persons_and_none_given_a_pipe_is_refused_with_the_names(
    run: Run, tmp_path: Path, words
) -> None:
    result = run(*(tmp_path / word if word.endswith("html") else word for word in words))

    assert result.exit_code == 2
    assert "Anna, Ben" in result.stderr
    assert not result.stdout
    assert not (tmp_path / "page.html").exists()


@pytest.mark.usefixtures("two")
def test_the_figures_of_a_given_person_are_their_own(run: Run, tmp_path: Path) -> None:
    lines = run("history", "--person", "anna", "--json").stdout.splitlines()
    run("history", "--person", "Ben", "--hand-over", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    nobody = run("plan", "--person", "Cora")

    assert [json.loads(line)["person"] for line in lines] == ["Anna", "Anna"]
    assert "Leg raises: Ben" in page
    assert "2026-11-21" in page
    assert "2026-11-20" not in page
    assert nobody.exit_code == 2
    assert "Anna, Ben" in nobody.stderr


@pytest.mark.usefixtures("two")
def test_a_terminal_asks_for_the_person(terminal, home: Path) -> None:
    code, screen = terminal(["history"], ("Whose sets?", b"2\n"), IMU_REPS_HOME=str(home))

    assert code == 0
    assert "1. Anna" in screen
    assert "2026-11-21" in screen
    assert "2026-11-20" not in screen


def test_sets_without_a_person_are_separate_too(run: Run, add: Callable[..., Path]) -> None:
    add("Anna"), add(None, 21)
    run("reanalyse")

    assert run("history").exit_code == 2
    assert "2026-11-21" in run("history", "--person", "-").stdout
    assert "2026-11-20" not in run("history", "--person", "-").stdout


def test_a_report_refers_back_to_its_own_person_only(run: Run, add: Callable[..., Path], tmp_path) -> None:
    add("Anna"), add("Anna", 21)
    last = add("Ben", 22)
    run("reanalyse")
    run("report", last, "--html", tmp_path / "page.html")

    assert "Over time" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_simulated_sets_never_enter_the_history_which_says_why(run: Run, home: Path, swung: Path) -> None:
    done = run("record", "--virtual", "--speed", "0", "--reps", "2")
    (home / "recordings" / "swung.csv").write_bytes(swung.read_bytes())
    again = run("reanalyse")
    paged = run("report", home / "recordings" / "swung.csv", "--html", home / "page.html")
    page = (home / "page.html").read_text(encoding="utf-8")
    shown, planned = run("history"), run("plan")

    assert [done.exit_code, again.exit_code, paged.exit_code] == [0, 0, 0]
    assert "0 of 2 recordings" in again.stdout
    assert again.stdout.count("simulated, left out") == 2
    assert "Next time" not in page
    assert shown.exit_code == 1
    assert "2 are simulated, and nobody moved" in shown.stderr
    assert "No sets are remembered yet" in planned.stdout
    with History() as history:
        assert history.persons() == []


def test_simulated_sets_of_an_earlier_version_are_removed(
    run: Run, add: Callable[..., Path], home: Path
) -> None:
    add("Anna"), add("Anna", 22)
    run("reanalyse")
    with closing(sqlite3.connect(home / "history.sqlite3")) as database, database:
        database.execute(
            """UPDATE analysis SET summary = replace(summary, '"simulated":false', '"simulated":true')
            WHERE id = 1"""
        )
        database.execute("PRAGMA user_version = 1")
    with History() as history:
        (left,) = history.sets(person="Anna")

    assert left.file.endswith("Anna22.csv")


@pytest.mark.usefixtures("two")
def test_the_list_says_what_is_stored_of_each_person(run: Run) -> None:
    save_profiles(Profiles((Person("Ben", SENSOR, SENSOR), Person("Cora", SENSOR, SENSOR))))
    lines = [line.split() for line in run("persons", "list").stdout.splitlines()[1:]]

    assert lines == [
        ["Anna", "2", "2026-11-22", "2", "no"],
        ["Ben", "1", "2026-11-21", "1", "yes"],
        ["Cora", "0", "–", "0", "yes"],
    ]


@pytest.mark.usefixtures("two")
def test_a_new_name_applies_everywhere_and_after_reanalyse(run: Run, home: Path) -> None:
    save_profiles(Profiles((Person("Anna", SENSOR, SENSOR),), default="Anna"))
    rows = (home / "recordings" / "Anna20.csv").read_bytes()
    renamed = run("persons", "rename", "Anna", "Änne", "--yes")
    run("reanalyse")

    assert renamed.exit_code == 0
    with History() as history:
        assert history.persons() == ["Ben", "Änne"]
        assert len(history.sets(person="Änne")) == 2
    assert load(home / "recordings" / "Anna20.csv").header.extra["person"] == "Änne"
    assert (home / "recordings" / "Anna20.csv").read_bytes().startswith(rows)
    assert load_profiles().person().name == "Änne"


@pytest.mark.usefixtures("two")
def test_two_names_of_one_person_are_merged_and_a_taken_name_is_not_given(run: Run) -> None:
    taken = run("persons", "rename", "Ben", "anna", "--yes")
    merged = run("persons", "merge", "Ben", "anna", "--yes")

    assert taken.exit_code == 2
    assert 'merge "Ben"' in taken.stderr
    assert merged.exit_code == 0
    with History() as history:
        assert history.persons() == ["Anna"]
        assert len(history.sets(person="Anna")) == 3


@pytest.mark.usefixtures("two")
def test_one_person_is_exported_and_deleted_completely_and_the_other_untouched(run: Run, home: Path) -> None:
    save_profiles(Profiles((Person("Anna", SENSOR, SENSOR), Person("Ben", SENSOR, SENSOR))))
    out = run("persons", "export", "Anna", home / "anna")
    again = run("persons", "export", "Anna", home / "anna")
    deleted = run("persons", "delete", "Anna", "--yes")

    assert [out.exit_code, again.exit_code, deleted.exit_code] == [0, 1, 0]
    assert {path.name for path in (home / "anna").iterdir()} == {
        "Anna20.csv",
        "Anna22.csv",
        "history.csv",
        "history.jsonl",
        "profile.toml",
    }
    assert "Ben" not in "".join(p.read_text(encoding="utf-8") for p in (home / "anna").iterdir())
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in (home / "anna").iterdir()} == {0o600}
    assert [path.name for path in (home / "recordings").iterdir()] == ["Ben21.csv"]
    with History() as history:
        assert history.persons() == ["Ben"]
    assert load_profiles().names() == "Ben"
    assert b"Anna20" not in (home / "history.sqlite3").read_bytes()


def test_a_recording_named_like_the_history_is_exported_too(
    run: Run, add: Callable[..., Path], home: Path
) -> None:
    recording = add("Anna").rename(home / "recordings" / "history.csv")
    run("reanalyse")
    out = home / "anna"
    result = run("persons", "export", "Anna", out)
    contents = [path.read_bytes() for path in out.iterdir()]

    assert result.exit_code == 0, result.output
    assert contents.count(recording.read_bytes()) == 1
    assert len(contents) == 3


@pytest.mark.parametrize("words", [["delete", "Anna"], ["rename", "Anna", "Eva"], ["merge", "Anna", "Ben"]])
@pytest.mark.usefixtures("two")
def test_nothing_is_done_without_an_answer(run: Run, home: Path, words: list[str]) -> None:
    before = {path.name: path.read_bytes() for path in (home / "recordings").iterdir()}
    result = run("persons", *words)

    assert result.exit_code == 2
    assert "--yes to agree" in result.stderr
    assert {path.name: path.read_bytes() for path in (home / "recordings").iterdir()} == before
    with History() as history:
        assert history.persons() == ["Anna", "Ben"]


@pytest.mark.parametrize("name", ["Jose\u0301", "José ", " José"])
def test_a_name_is_one_person_however_it_was_typed(run: Run, add: Callable[..., Path], name: str) -> None:
    add("José"), add(name, 22)
    run("reanalyse")
    with History() as history:
        assert history.persons() == ["José"]
    assert "Sets of José" in run("history", "--person", "jose\u0301").stdout


def test_capitals_that_may_be_several_persons_are_not_guessed(run: Run, add: Callable[..., Path]) -> None:
    add("anna"), add("ANNA", 21)
    run("reanalyse")
    unclear, exact = run("history", "--person", "Anna"), run("history", "--person", "anna")

    assert unclear.exit_code == 2
    assert "Several persons are called 'Anna', and they are never mixed: ANNA, anna" in unclear.stderr
    assert exact.stdout.startswith("Sets of anna\n")


def test_nobody_can_be_named_by_the_sign_for_nobody(run: Run, add: Callable[..., Path]) -> None:
    add("-"), add(None, 21)
    run("reanalyse")
    with History() as history:
        assert history.persons() == [None]
        assert len(history.sets(person=None)) == 2


def test_names_of_an_earlier_version_are_unified_too(run: Run, add: Callable[..., Path], home: Path) -> None:
    add("José")
    run("reanalyse")
    with closing(sqlite3.connect(home / "history.sqlite3")) as database, database:
        database.execute("UPDATE recorded_set SET person = 'Jose\u0301'")
        database.execute("PRAGMA user_version = 2")
    with History() as history:
        assert history.persons() == ["José"]


def test_a_moved_or_compressed_set_is_stored_once(run: Run, add: Callable[..., Path], home: Path) -> None:
    file, packed = add("Anna"), add("Anna", 22)
    run("reanalyse")
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    file.rename(elsewhere / file.name)
    packed.with_suffix(".csv.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()

    assert [run("reanalyse", elsewhere).exit_code, run("reanalyse").exit_code] == [0, 0]
    with History() as history:
        assert [one.file for one in history.sets(person="Anna")] == [
            str(elsewhere / file.name),
            str(packed.with_suffix(".csv.gz")),
        ]


def test_a_copy_is_no_second_set(run: Run, add: Callable[..., Path]) -> None:
    file = add("Anna")
    file.with_name("copy.csv").write_bytes(file.read_bytes())
    result = run("reanalyse")

    assert result.exit_code == 0
    assert "is the same set as" in result.stdout
    assert "1 of 2 recordings" in result.stdout


def test_a_name_given_while_the_set_is_recorded_remains(
    run: Run, add: Callable[..., Path], home: Path
) -> None:
    header = load(add("Anna")).header
    with RecordingWriter(home / "recordings" / "running.csv", header) as running:
        running.note(Note(0.5, "cue", "slower"))
        assert run("persons", "rename", "Anna", "Eva", "--yes").exit_code == 0
        running.note(Note(1.0, "end", "user"))

    notes = load_comments(home / "recordings" / "running.csv").notes
    assert [(note.key, note.value) for note in notes] == [
        ("cue", "slower"),
        ("correct", "person Eva"),
        ("end", "user"),
    ]


@pytest.mark.usefixtures("two")
def test_files_damaged_since_are_deleted_and_renamed_with_the_rest(run: Run, home: Path) -> None:
    damaged = home / "recordings" / "Anna20.csv"
    damaged.write_bytes(damaged.read_bytes()[:30] + b"\0")
    renamed = run("persons", "rename", "Anna", "Eva", "--yes")
    deleted = run("persons", "delete", "Eva", "--yes")

    assert [renamed.exit_code, deleted.exit_code] == [0, 0], renamed.stderr
    assert [path.name for path in (home / "recordings").iterdir()] == ["Ben21.csv"]


CHANGED = {
    "Simulated: true": "# Simulated: true",
    "misspelt": "# simulatd: true",
    "a later line": "# simulated: true\n# simulated: false",
    "no line": "",
    "false": "# simulated: false",
}


@pytest.mark.parametrize("how", CHANGED)
def test_recognisably_simulated_sets_count_as_simulated(run: Run, home: Path, swung: Path, how: str) -> None:
    text = swung.read_text(encoding="utf-8").replace("# simulated: true", CHANGED[how])
    (home / "recordings" / "set.csv").write_text(text.replace("\n\n", "\n"), encoding="utf-8")

    assert "simulated, left out" in run("reanalyse").stdout


def test_importing_a_simulated_set_gives_it_to_nobody(run: Run, home: Path, swung: Path) -> None:
    columns = (
        "time=time_s@s; acc=acc_x_mps2,acc_y_mps2,acc_z_mps2@m/s2; gyr=gyr_x_dps,gyr_y_dps,gyr_z_dps@dps"
    )
    results = [run("import", swung, "-o", home / "a.csv", *words) for words in ([], ["--map", columns])]

    assert [result.exit_code for result in results] == [4, 4]
    assert all("this is a recording already" in result.stderr for result in results)
