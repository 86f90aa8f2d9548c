"""The program as a whole: help, exit codes, streams."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from imu_reps import __version__
from imu_reps.cli.main import COMMANDS

Run = Callable[..., Result]
PROGRAM = [sys.executable, "-m", "imu_reps"]


def program(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *map(str, words)], capture_output=True, check=False, env=os.environ | environment
    )


def test_help_lists_every_command_once(run: Run) -> None:
    lines = run("--help").stdout.splitlines()

    for name in COMMANDS:
        assert sum(line.split()[:1] == [name] for line in lines) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_page(run: Run, name: str) -> None:
    result = run(name, "--help")

    assert result.exit_code == 0
    assert f" {name} " in result.stdout


def test_version_is_the_packages(run: Run) -> None:
    assert __version__ in run("--version").stdout


@pytest.mark.parametrize("words", [["fly"], ["report", "--fly"], ["angles"], ["replay", "a", "b"]])
def test_wrong_words_are_exit_code_2(run: Run, words: list[str]) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_where_prints_the_folder_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))

    assert Path(run("where").stdout.strip()).is_relative_to(tmp_path)


def test_a_console_without_degree_signs_gets_plain_words(swung: Path) -> None:
    done = program("report", swung, PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert b" deg" in done.stdout
    assert b"?" not in done.stdout
    assert done.stdout.isascii()


def test_a_file_name_that_the_console_cannot_show_is_no_crash(tmp_path: Path) -> None:
    done = program("report", tmp_path / "übung-訓練.csv", PYTHONIOENCODING="ascii")

    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("columns", ["60", "200"])
def test_a_pipe_gets_no_escape_codes_and_no_longer_lines_than_the_screen_but_a_path(
    swung: Path, columns: str
) -> None:
    done = program("report", swung, COLUMNS=columns, PYTHONIOENCODING="utf-8")
    lines = done.stdout.decode().splitlines()

    assert b"\x1b" not in done.stdout
    assert max(len(line) for line in lines if str(swung) not in line) <= int(columns)
    assert any(line.endswith(str(swung)) for line in lines)


def test_no_color_is_obeyed_where_colour_is_forced(swung: Path) -> None:
    plain = program("report", swung, FORCE_COLOR="1", NO_COLOR="1", PYTHONIOENCODING="utf-8")
    coloured = program("report", swung, FORCE_COLOR="1", PYTHONIOENCODING="utf-8", NO_COLOR="")

    assert b"\x1b[1;31m" in coloured.stdout
    assert b"\x1b[1;31m" not in plain.stdout
    assert b"\x1b[32m" not in plain.stdout


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
@pytest.mark.parametrize("verb", ["angles", "report", "replay"])
def test_a_broken_pipe_ends_quietly(swung: Path, verb: str) -> None:
    with subprocess.Popen(
        [*PROGRAM, verb, str(swung)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        words = started.stderr.read()

    assert words == b""


@pytest.mark.skipif(os.name != "posix", reason="a shell's way to close a stream")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("verb", ["report", "angles", "replay", "check", "record"])
def test_a_stream_that_was_closed_from_the_start_is_no_traceback(
    swung: Path, tmp_path: Path, verb: str, closed: str
) -> None:
    words = [verb, str(swung)]
    if verb == "record":
        words = ["record", "--virtual", "--speed", "0", "--reps", "1", "--folder", str(tmp_path)]
    call = " ".join(map(shlex.quote, [*PROGRAM, *words]))
    done = subprocess.run(["sh", "-c", f"exec {call} {closed}"], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    for recording in tmp_path.glob("*.csv"):
        assert recording.read_bytes().startswith(b"# format: imu-reps-recording/1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("verb", ["angles", "report", "where", "--version", "--help"])
def test_a_full_disk_behind_standard_output_is_exit_code_1_and_words(swung: Path, verb: str) -> None:
    words = [verb, str(swung)] if verb in ("angles", "report") else [verb]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, check=False)

    assert done.returncode == 1
    assert b"could not be written" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
def test_ctrl_c_is_exit_code_130_without_a_traceback(swung: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "replay", str(swung), "--speed", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        assert any(b"ready" in line for line in started.stdout)
        started.send_signal(signal.SIGINT)
        began = time.monotonic()
        words = started.stderr.read()

    assert started.returncode == 130
    assert b"Traceback" not in words
    assert time.monotonic() - began < 5.0
