"""``imu-reps record`` with virtual sensors, since no other Bluetooth can be relied on."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from programs import Program

from imu_reps import load

Run = Callable[..., Result]

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


def files(home: Path) -> list[Path]:
    return sorted((home / "recordings").glob("*.csv"))


def start(*words: str) -> subprocess.Popen[str]:
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    command = ["-m", "imu_reps", "record", "--virtual", *words]
    return Program(*command, stdin=nothing, stdout=pipe, stderr=pipe, text=True)


def until(process: subprocess.Popen[str], words: str) -> None:
    """Read the output of a process until it contains the words."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it never said {words!r}")


def test_a_virtual_set_is_recorded_counted_and_reported(run: Run, home: Path) -> None:
    result = run("record", "--virtual", "--speed", "0", "--reps", "3", "--tempo", "2-0-2-0", "--side", "left")
    (file,) = files(home)
    recording = load(file)

    assert result.exit_code == 0, result.output
    assert [f" s  {n}\n" in result.stdout for n in (1, 2, 3)] == [True] * 3
    assert "3 reps: the target was reached" in result.stdout
    assert "Single leg raise, left · 3 reps" in result.stdout
    assert "simulated, nobody moved" in " ".join(result.stdout.split())
    assert recording.header.simulated
    assert str(recording.header.tempo_target) == "2.0-0.0-2.0-0.0"
    assert recording.cautions == ()


@pytest.mark.parametrize("family", ["witmotion", "movesense"])
def test_other_virtual_sensors_can_be_selected(run: Run, home: Path, family: str) -> None:
    result = run("record", "--virtual", family, "--speed", "0", "--reps", "2")

    assert result.exit_code == 0, result.output
    assert load(files(home)[0]).header.pelvis.sensor == family


def test_two_sides_are_two_sets_with_a_message_about_the_sensor(run: Run, home: Path) -> None:
    result = run("record", "--virtual", "--speed", "0", "--reps", "2", "--side", "left,right", "--rest", "5")

    assert result.exit_code == 0, result.output
    assert [load(file).header.side for file in files(home)] == ["left", "right"]
    assert result.stdout.count("Not a medical device") == 2
    assert "Rest 5 s. Next: set 2 of 2." in result.stdout
    assert "Move the ankle sensor to the right leg." in result.stdout


def cue_codes(file: Path) -> set[str]:
    """Return the codes of the cues in a file."""
    return {note.value.split(" ")[0] for note in load(file).notes if note.key == "cue"}


def test_a_tempo_can_be_set_and_the_metronome_silenced(run: Run, home: Path) -> None:
    words = ["--reps", "2", "--tempo", "slow-lowering", "--no-metronome"]
    result = run("record", "--virtual", "--speed", "0", *words)
    (file,) = files(home)

    assert result.exit_code == 0, result.output
    assert str(load(file).header.tempo_target) == "4.0-0.0-2.0-0.0"
    assert "count" in cue_codes(file)
    assert not cue_codes(file) & {"count_in", "move", "breathe"}


def test_plain_lines_show_every_cue_once(run: Run, home: Path) -> None:
    words = ["--reps", "2", "--tempo", "4-3-2-0", "--breathing", "--side", "left,right", "--rest", "45"]
    result = run("record", "--virtual", "--speed", "0", *words)

    assert {"count", "count_in", "move", "breathe"} <= cue_codes(files(home)[0])
    for cue in ("breathe in", "up", "1, one more", "and done", "30 seconds"):
        assert f"» {cue}" in result.stdout
    assert "» ready" not in result.stdout  # another line says it already


@pytest.mark.usefixtures("home")
def test_a_hold_is_shown_by_its_links_alone_where_there_is_nothing_to_count(run: Run) -> None:
    words = ("--exercise", "hollow_hold", "--duration", "10")
    lines = run("record", "--virtual", "--speed", "0", *words).stdout.splitlines()

    (shown,) = (line for line in lines if "battery" in line)
    assert shown.startswith("   10.0 s  pelvis 100 Hz")


@pytest.mark.parametrize("exercise", ["double_leg_raise", "heel_tap", "hanging_leg_raise"])
def test_every_exercise_of_repetitions_can_be_shown(run: Run, home: Path, exercise: str) -> None:
    result = run("record", "--virtual", "--speed", "0", "--exercise", exercise, "--reps", "3")

    assert result.exit_code == 0, result.output
    assert "3 reps, 3 clean" in result.stdout
    assert load(files(home)[0]).header.exercise == exercise


def test_a_folder_can_be_chosen_and_is_made(run: Run, tmp_path: Path) -> None:
    result = run("record", "--virtual", "--speed", "0", "--reps", "1", "--folder", tmp_path / "my" / "sets")

    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "my" / "sets").iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    result = run("record", "--virtual", "--speed", "0", "--folder", tmp_path / "taken")

    assert result.exit_code == 1
    assert str(tmp_path / "taken") in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--speed", "2"], "--virtual"),
        (["--exercise", "hollow_hold", "--reps", "3"], "leave out --reps"),
        (["--virtual", "--person", "Ana"], "--person"),
        (["--virtual", "bells"], "witmotion"),
        (["--side", "up"], "'up' is not left, right or both"),
        (["--side", "Left"], "Did you mean 'left'?"),
        (["--virtual", "--exercise", "heel_tap", "--start", "low"], "starts high"),
        (["--tempo", "fast"], "2-0-2-0"),
        (["--tempo", "fast"], "slow-with-hold"),
        (["--count-at", "start"], "top"),
        (["--set", "tilt=3"], "tilt_flag_deg"),
    ],
)
def test_invalid_options_are_exit_code_2(run: Run, words: list[str], message: str) -> None:
    result = run("record", *words)

    assert result.exit_code == 2, result.output
    assert message in result.stderr


def test_without_paired_sensors_it_explains_how_to_pair(run: Run, home: Path) -> None:
    result = run("record")

    assert result.exit_code == 3
    assert "imu-reps pair" in result.stderr
    assert files(home) == []


@pytest.mark.faults
@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_set_and_reports_what_was_recorded(home: Path, number: signal.Signals) -> None:
    with start("--speed", "5", "--reps", "30") as process:
        until(process, " s  2\n")
        process.send_signal(number)
        output, complaints = process.communicate(timeout=30)
    (file,) = files(home)
    recording = load(file)

    assert process.returncode == 0, complaints
    assert complaints == ""
    assert "you ended it" in output
    assert "2 reps, 2 clean" in output
    assert recording.notes[-1].value == "user"
    assert recording.cautions == ()


@pytest.mark.faults
@POSIX
def test_a_signal_while_connecting_ends_without_a_file(home: Path) -> None:
    with start("--speed", "1") as process:
        until(process, "Looking for both sensors")
        process.send_signal(signal.SIGINT)
        output, complaints = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Nothing was recorded" in output + complaints
    assert files(home) == []


@POSIX
def test_a_closed_output_does_not_end_the_recording(home: Path) -> None:
    with start("--speed", "20", "--reps", "3") as process:
        until(process, "Recording to")
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=60)
        assert process.stderr is not None
        complaints = process.stderr.read()
    (file,) = files(home)

    assert process.returncode == 1
    assert "Traceback" not in complaints
    assert load(file).notes[-1].value == "target"


WITH_A_CLOCK = """
import sys
from imu_reps.cli.record import plain_session
from imu_reps.cli.main import main
from imu_reps.session.session_events import SetProgress
speak = plain_session.PlainSession.__call__
def call(self, told):
    if isinstance(told, SetProgress):
        print("clock", told.time_s, flush=True)
    speak(self, told)
plain_session.PlainSession.__call__ = call
main(["record", "--virtual", sys.argv[1], "--speed", "5", "--reps", "30"])
"""


def killed(family: str, home: Path, after: int) -> tuple[float, Path]:
    """Kill a recording after some lines of its clock; return the last time it printed, and its file."""
    before = set(files(home))
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with Program("-c", WITH_A_CLOCK, family, stdin=nothing, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        clock = (float(line.split()[1]) for line in process.stdout if line.startswith("clock"))
        last_s = max(itertools.islice(clock, after))
        process.kill()
        last_s = max(clock, default=last_s)
    (file,) = set(files(home)) - before
    return last_s, file


def last_arrival_s(file: Path) -> float:
    recording = load(file)
    assert recording.pelvis is not None
    assert recording.ankle is not None
    return float(max(recording.pelvis.time_s[-1], recording.ankle.time_s[-1]))


@pytest.mark.faults
def test_a_killed_program_loses_less_than_a_second(home: Path) -> None:
    last_s, file = killed("open_profile", home, after=250)

    assert last_s > 3.0
    assert last_arrival_s(file) > last_s - 1.0
    assert "broken_off" in {caution.code for caution in load(file).cautions}


@pytest.mark.soak
@pytest.mark.faults
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("family", ["witmotion", "open_profile", "movesense"])
def test_a_program_killed_at_any_time_loses_less_than_a_second(home: Path, family: str, seed: int) -> None:
    last_s, file = killed(family, home, after=random.Random(seed).randint(20, 800))

    assert last_arrival_s(file) > last_s - 1.0


@POSIX
def test_in_a_terminal_a_panel_shows_the_progress_and_keys_end_sets(
    home: Path, terminal: Callable[..., tuple[int, str]]
) -> None:
    words = ["record", "--virtual", "--speed", "5", "--side", "left,right", "--reps", "30", "--rest", "600"]
    code, screen = terminal(
        words, ("2 of 30 reps", b"\n"), ("your right leg", b"\n"), ("1 of 30 reps", b"\x03")
    )

    assert code == 0
    assert "Single leg raise, left leg · set 1 of 2" in screen
    assert "pelvis 1" in screen
    assert "until set 2 of 2" in screen
    assert "move the ankle sensor to your right leg" in screen
    assert [load(file).notes[-1].value for file in files(home)] == ["user", "user"]
    assert "Traceback" not in screen


@POSIX
def test_quiet_in_a_terminal_has_no_panel(terminal: Callable[..., tuple[int, str]]) -> None:
    code, screen = terminal(["record", "--virtual", "--speed", "0", "--reps", "1", "--quiet"])

    assert code == 0
    assert "╭" not in screen
    assert " s  1" in screen
