"""``imu-reps replay``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
Terminal = Callable[..., tuple[int, str]]

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")


def test_json_gives_events_in_order_then_the_summary_of_the_report(run: Run, swung: Path) -> None:
    result = run("replay", "--json", swung)
    *events, summary = map(json.loads, result.stdout.splitlines())
    completed = [event for event in events if event["event"] == "rep_completed"]
    retracted = [event for event in events if event["event"] == "rep_retracted"]

    assert result.exit_code == 0
    assert all("time_s" in event for event in events)
    assert len(completed) - len(retracted) == summary["set"]["rep_count"] == 4
    assert summary == json.loads(run("report", "--json", swung).stdout)


def test_text_shows_the_cues_and_then_the_report(run: Run, swung: Path) -> None:
    live_part, _, report = run("replay", swung).stdout.partition("\n\n")
    first, _, cue_lines = live_part.partition("\n")
    words = [line.split(" s  ", 1)[1] for line in cue_lines.splitlines()]

    assert first == f"Replay of {swung}: nothing is recorded."
    assert [word for word in words if word.isdecimal()] == ["1", "2", "3", "4"]
    assert any("rep 2: momentum" in word for word in words)
    assert words[-1].startswith("set over, 4 reps")
    assert "4 reps, 2 clean" in report


def test_speed_paces_the_replay(run: Run, swung: Path) -> None:
    duration_s = json.loads(run("report", "--json", swung).stdout)["recording"]["duration_s"]
    began = time.monotonic()
    result = run("replay", "--speed", "20", swung)

    assert result.exit_code == 0
    assert time.monotonic() - began >= 0.95 * duration_s / 20


@pytest.mark.parametrize("speed", ["-1", "nan", "inf", "fast"])
def test_an_invalid_speed_is_exit_code_2(run: Run, swung: Path, speed: str) -> None:
    assert run("replay", swung, "--speed", speed).exit_code == 2


def test_a_speed_of_0_is_as_fast_as_possible_as_in_record(run: Run, swung: Path) -> None:
    assert run("replay", swung, "--speed", "0").output == run("replay", swung).output


def test_an_unusable_file_gives_an_error_line_or_a_message(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    as_json, as_text = run("replay", "--json", missing), run("replay", missing)

    assert as_json.exit_code == as_text.exit_code == 1
    assert json.loads(as_json.stdout)["recording"]["file"] == str(missing)
    assert as_text.stdout == ""
    assert str(missing) in as_text.stderr


def test_text_has_every_spoken_cue(run: Run, swung: Path) -> None:
    lines = run("replay", swung, "--breathing").stdout.splitlines()

    assert any(line.endswith("» no swing") for line in lines)
    assert any(line.endswith("» breathe out") for line in lines)
    assert not any("breathe" in line for line in run("replay", swung).stdout.splitlines())


def test_cues_are_not_among_the_events_of_json(run: Run, swung: Path) -> None:
    result = run("replay", swung, "--json", "--count-at", "top")

    assert result.exit_code == 2
    assert "--json" in result.stderr


@POSIX
def test_with_speed_in_a_terminal_a_panel_shows_the_progress_of_the_set(
    swung: Path, terminal: Terminal
) -> None:
    code, screen = terminal(["replay", str(swung), "--speed", "8"])

    assert code == 0
    assert "╭" in screen
    assert "3 reps" in screen
    assert "pelvis sending" in screen
    assert "rep 2: momentum" in screen
    assert screen.count("Not a medical device") == 1
    assert "Traceback" not in screen


@POSIX
@pytest.mark.parametrize(
    ("words", "environment"), [(["--speed", "50", "--quiet"], {}), (["--speed", "50"], {"TERM": "dumb"})]
)
def test_plain_lines_are_used_where_requested(
    swung: Path, terminal: Terminal, words: list[str], environment: dict[str, str]
) -> None:
    code, screen = terminal(["replay", str(swung), *words], **environment)

    assert code == 0
    assert "╭" not in screen
    assert "\x1b[?25l" not in screen
    assert "rep 2: momentum" in screen
