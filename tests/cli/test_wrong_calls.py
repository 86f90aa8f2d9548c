"""Wrong calls of every command: a message and a hint, a documented exit code, nothing overwritten."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, Phase, given, settings
from wrong_calls import LEAVES, Words, make_world, wrong_calls

from imu_reps.cli.main import main

DAILY, BY_HAND = 80, 500


@pytest.fixture
def world(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with files of every kind; the home is empty."""
    folder = tmp_path / "world"
    for name in ("HOME", "IMU_REPS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    folder.mkdir()
    make_world(folder, trained)
    monkeypatch.chdir(folder)
    return folder


def call(words: Words, folder: Path) -> Result:
    """Call the program and check how it answers."""
    before = contents(folder)
    result = CliRunner().invoke(main, list(words))

    assert result.exception is None or isinstance(result.exception, SystemExit), words
    assert "Traceback" not in result.output, words
    assert result.exit_code in range(5), words
    if result.exit_code:
        assert ends_in_a_hint(result, words), words
    corrected = {folder / "set.csv"} if words[0] == "correct" and result.exit_code == 0 else set()
    assert {path for path, content in before.items() if contents(folder).get(path) != content} <= corrected
    return result


def ends_in_a_hint(result: Result, words: Words) -> bool:
    """Return whether an error message ends with what to do about it."""
    if "--json" in words and '"hint":' in result.stdout.replace(" ", ""):
        return True
    if words[0] == "doctor" and "see bad above" in result.stdout:
        return True
    message_lines = result.stderr.splitlines()
    if any(line.startswith("Error:") and line.rstrip().endswith(":") for line in message_lines):
        return False
    return any(line.startswith(("  ", "Try ")) and len(line) > 4 for line in message_lines)


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the content of all files."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def drawn(count: int, folder: Path) -> Counter[int]:
    """Draw calls, each once, and return how often each exit code occurred."""
    ended: dict[Words, int] = {}

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(wrong_calls())
    def calling(words: Words) -> None:
        if words not in ended:
            ended[words] = call(words, folder).exit_code

    calling()
    return Counter(ended.values())


def test_a_wrong_call_gives_a_message_with_a_hint_and_damages_nothing(world: Path) -> None:
    ended = drawn(DAILY, world)

    assert ended.total() - ended[0] > DAILY // 2


@pytest.mark.soak
def test_hundreds_of_wrong_calls_give_messages_with_hints_and_damage_nothing(world: Path) -> None:
    """Prints how many were drawn, and their exit codes."""
    ended = drawn(BY_HAND, world)

    wrong = ended.total() - ended[0]
    print(f"{wrong} wrong calls of {ended.total()}, by exit code {dict(sorted(ended.items()))}")
    assert wrong >= 200


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_a_nul_in_any_place_is_refused(name: str, world: Path) -> None:
    for words in ((*name.split(), "a\0b"), (*name.split(), "--person", "\0"), (*name.split(), "-o", "\0")):
        assert call(words, world).exit_code == 2


def test_a_correction_whose_labels_cannot_be_written_is_not_stored(world: Path) -> None:
    before = (world / "set.csv").read_bytes()
    result = call(("correct", "set.csv", "--remark", "tired", "--labels", "text.txt"), world)

    assert result.exit_code == 1
    assert (world / "set.csv").read_bytes() == before


def test_a_name_that_is_too_long_is_refused_by_every_command_that_takes_a_file(world: Path) -> None:
    long = "x" * 5000
    for words in (("report", long), ("score", long), ("reanalyse", long), ("simulate", "-o", long)):
        result = call(words, world)

        assert result.exit_code == 1
        assert "too long" in result.stderr
