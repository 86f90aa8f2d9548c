"""The program as a whole: help, exit codes, streams."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from programs import Program
from programs import run as run_program

from imu_reps import __version__
from imu_reps.cli.main import COMMANDS, main

Run = Callable[..., Result]
PROGRAM = [sys.executable, "-m", "imu_reps"]
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
SCRIPT = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["scripts"]["imu-reps"]
ENTRIES = {
    "module": PROGRAM,
    "script": [
        sys.executable,
        "-c",
        f"import sys; from {SCRIPT.partition(':')[0]} import main as call; sys.exit(call())",
    ],
}


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


def test_version_is_that_of_the_package(run: Run) -> None:
    assert __version__ in run("--version").stdout


@pytest.mark.parametrize("words", [["fly"], ["report", "--fly"], ["angles"], ["replay", "a", "b"]])
def test_wrong_words_are_exit_code_2(run: Run, words: list[str]) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("record --reps ten", "'ten' is not a whole number."),
        ("record --range-target x", "'x' is not a number."),
        ("record --virtual --duration nan", "'nan' is not a number."),
        ("watch --seconds inf", "'inf' is not a number."),
        ("correct a.csv --undo", "--undo needs a value: see imu-reps correct --help."),
        ("pair --pelvis-up z", "Did you mean '+z' or '-z'?\n"),
        ("simulate -o q.csv --fault back_arc", "Did you mean 'back_arch'?\n"),
        (
            "import a.csv -o b.csv --created today",
            "'today' is no day, such as 2026-11-30 or 2026-11-30T18:05.",
        ),
        ("report a.csv --set tilt_flag_deg", "'tilt_flag_deg' has no value; write it as tilt_flag_deg=6."),
        ("export a.csv --as reps-csv", "Missing option '-o' / '--output'."),
        ("simulate", "Missing option '-o' / '--output'."),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(run: Run, words: str, told: str) -> None:
    assert run(*words.split()).stderr.endswith(told) or f"{told}\n" in run(*words.split()).stderr


def test_where_prints_the_folder_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))

    assert Path(run("where").stdout.strip()).is_relative_to(tmp_path)


def test_a_console_without_degree_signs_gets_plain_words(swung: Path) -> None:
    done = program("report", swung, PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert b" deg" in done.stdout
    assert b"?" not in done.stdout
    assert done.stdout.isascii()


def test_a_file_name_that_the_console_cannot_show_does_not_crash(tmp_path: Path) -> None:
    result = CliRunner(charset="ascii").invoke(main, ["report", str(tmp_path / "übung-訓練.csv")])

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "bung-" in result.stderr


@pytest.mark.parametrize("columns", ["60", "200"])
def test_a_pipe_gets_no_escape_codes_and_no_line_longer_than_the_screen_except_a_path(
    swung: Path, columns: str
) -> None:
    stdout = CliRunner().invoke(main, ["report", str(swung)], env={"COLUMNS": columns}).stdout
    lines = stdout.splitlines()

    assert "\x1b" not in stdout
    assert max(len(line) for line in lines if str(swung) not in line) <= int(columns)
    assert any(line.endswith(str(swung)) for line in lines)


def test_no_color_is_respected_where_colour_is_forced(swung: Path) -> None:
    def report(**environment: str) -> str:
        return CliRunner().invoke(main, ["report", str(swung)], env=environment, color=True).stdout

    plain, coloured = report(FORCE_COLOR="1", NO_COLOR="1"), report(FORCE_COLOR="1", NO_COLOR="")

    assert "\x1b[1;31m" in coloured
    assert "\x1b[1;31m" not in plain
    assert "\x1b[32m" not in plain


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
@pytest.mark.parametrize("verb", ["angles", "report", "replay"])
def test_a_broken_pipe_ends_quietly(swung: Path, verb: str) -> None:
    words = ["-m", "imu_reps", verb, str(swung)]
    with Program(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        words = started.stderr.read()

    assert words == b""


#: With the streams of these numbers as Python has those that are closed as it starts.
WITH_CLOSED_STREAMS = """
import os, sys
from imu_reps.__main__ import main

for number in map(int, sys.argv.pop(1)):
    os.close(number)
    name = ("stdin", "stdout", "stderr")[number]
    setattr(sys, name, None)
    setattr(sys, f"__{name}__", None)
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="a shell's way to close a stream")
@pytest.mark.parametrize(
    ("verb", "closed"),
    [
        *((verb, "012") for verb in ("report", "angles", "replay", "check", "record")),
        *((verb, closed) for verb in ("report", "record") for closed in "012"),
    ],
)
def test_a_stream_closed_from_the_start_gives_no_traceback(
    swung: Path, tmp_path: Path, verb: str, closed: str
) -> None:
    words = [verb, str(swung)]
    if verb == "record":
        words = ["record", "--virtual", "--speed", "0", "--reps", "1", "--folder", str(tmp_path)]
    if len(closed) == 3 and verb in ("report", "record"):  # by the shell
        call = " ".join(map(shlex.quote, [*PROGRAM, *words]))
        done = subprocess.run(["sh", "-c", f"exec {call} <&- >&- 2>&-"], capture_output=True, check=False)
    else:
        done = run_program("-c", WITH_CLOSED_STREAMS, closed, *words)

    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    for recording in tmp_path.glob("*.csv"):
        assert recording.read_bytes().startswith(b"# format: imu-reps-recording/1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("verb", ["angles", "report", "where", "--version", "--help"])
def test_a_full_disk_behind_standard_output_is_exit_code_1_and_a_message(swung: Path, verb: str) -> None:
    words = [verb, str(swung)] if verb in ("angles", "report") else [verb]
    with Path("/dev/full").open("wb") as full:
        done = run_program("-m", "imu_reps", *words, stdout=full)

    assert done.returncode == 1
    assert b"could not be written" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
def test_ctrl_c_is_exit_code_130_without_a_traceback(swung: Path) -> None:
    words = ["-m", "imu_reps", "replay", str(swung), "--speed", "1"]
    with Program(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        assert any(b"ready" in line for line in started.stdout)
        started.send_signal(signal.SIGINT)
        began = time.monotonic()
        complaints = started.stderr.read()

    assert started.returncode == 130
    assert b"Traceback" not in complaints
    assert time.monotonic() - began < 5.0


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_signal_while_python_still_loads_the_program_gives_no_traceback(
    tmp_path: Path, entry: str, name: str
) -> None:
    (tmp_path / "click.py").write_text(f"import os, signal\nos.kill(os.getpid(), signal.{name})\n")
    search = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": search}
    done = subprocess.run([*ENTRIES[entry], "--help"], capture_output=True, check=False, env=environment)

    assert (done.returncode, done.stdout, done.stderr) == (128 + getattr(signal, name), b"", b"")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_a_module_being_loaded_makes_an_error_of_its_own_gives_no_traceback(
    tmp_path: Path, name: str
) -> None:
    """As extension modules do: what is raised in their initialisation becomes an ImportError."""
    loading = f"""
import os, signal
try:
    os.kill(os.getpid(), signal.{name})
except SystemExit:
    raise ImportError("initialization failed")
"""
    (tmp_path / "click.py").write_text(loading)
    search = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    words = [sys.executable, "-m", "imu_reps", "--help"]
    done = subprocess.run(words, capture_output=True, check=False, env=os.environ | {"PYTHONPATH": search})

    assert (done.returncode, done.stderr) == (128 + getattr(signal, name), b"")


#: Saves a table, and is signalled to end when everything is written except the final name.
ENDED_WHILE_SAVING = """
import os, signal, sys
from pathlib import Path
from imu_reps.__main__ import main

save = Path.replace
Path.replace = lambda *names: (os.kill(os.getpid(), signal.{name}), save(*names))
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_a_table_is_saved_leaves_the_old_one_and_no_other_file(
    run: Run, swung: Path, tmp_path: Path, name: str
) -> None:
    table = tmp_path / "angles.csv"
    words = ["angles", str(swung), "-o", str(table)]
    assert run(*words).exit_code == 0
    before = table.read_bytes()
    code = ENDED_WHILE_SAVING.format(name=name)
    done = run_program("-c", code, *words, "--force")

    assert (done.returncode, done.stderr) == (128 + getattr(signal, name), b"")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {table.name: before}


#: Ends while a daemon thread is in compiled code that does not stand being unwound.
ENDED_IN_MID_CALL = """
import threading
import numpy as np
import scipy.fft
from imu_reps.__main__ import main

def transform():
    while True:
        scipy.fft.rfft(np.ones(6000))

for _ in range(2):
    threading.Thread(target=transform, daemon=True).start()
main()
"""


@pytest.mark.parametrize(("words", "status"), [(["where"], 0), (["no-such-command"], 2)])
def test_a_thread_in_compiled_code_does_not_abort_the_program_at_its_end(
    words: list[str], status: int
) -> None:
    code = [sys.executable, "-c", ENDED_IN_MID_CALL, *words]
    done = subprocess.run(code, capture_output=True, check=False)

    assert done.returncode == status
    assert (done.stdout if status == 0 else done.stderr).strip()
    assert b"terminate" not in done.stderr
