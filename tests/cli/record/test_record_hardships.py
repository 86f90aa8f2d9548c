"""Recording while the program is stopped, runs twice, or is killed between two steps."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from programs import Program, run

from imu_reps import load
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.storage.history_store import History

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]

RECORD = ["-u", "-m", "imu_reps", "record", "--virtual", "--quiet", "--speed", "10"]

#: A program killed after the set is over and its file closed, before the history is written.
KILLED_BEFORE_HISTORY = """
import os, signal
from imu_reps.cli.main import main
from imu_reps.session.diary import Diary

Diary._remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(["record", "--virtual", "--quiet", "--speed", "0", "--reps", "2"])
"""

#: A program with a wall clock that is set back and forth by hours all the time.
WITH_A_CLOCK_THAT_STEPS = """
import itertools, time
from datetime import datetime, timedelta

import imu_reps.cli.record.run as run
from imu_reps.cli.main import main

steps, now_s = itertools.cycle([0, -3600, 7200, -90000]), time.time

class Stepping(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(seconds=next(steps))

run.datetime, time.time = Stepping, lambda: now_s() + next(steps)
main(["record", "--virtual", "--quiet", "--speed", "10", "--reps", "2", "--sets", "3", "--rest", "0"])
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


def started(*words: str) -> subprocess.Popen[str]:
    return Program(
        *RECORD,
        *words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def files(home: Path) -> list[Path]:
    return sorted((home / "recordings").glob("*.csv"))


def test_a_program_that_is_stopped_for_a_while_continues_with_every_sample(home: Path) -> None:
    with started("--duration", "15") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if " s  1" in line:
                break
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        output = process.stdout.read()
        process.wait(timeout=60)
    (file,) = files(home)
    recording = load(file)

    assert process.returncode == 0, output
    assert recording.notes[-1].key == "end"
    for place in SENSOR_PLACES:
        assert set(np.diff(recording.samples(place).sample)) == {1}


def test_a_changed_wall_clock_moves_no_sample_and_costs_no_file(home: Path) -> None:
    done = run("-c", WITH_A_CLOCK_THAT_STEPS, stdin=subprocess.DEVNULL, text=True)
    recordings = files(home)

    assert (done.returncode, len(recordings)) == (0, 3), done.stdout + done.stderr
    for recording in map(load, recordings):
        assert recording.notes[-1].key == "end"
        for place in SENSOR_PLACES:
            block = recording.samples(place)
            assert set(np.diff(block.sample)) == {1}
            assert 0.0 <= np.diff(block.time_s).min() <= np.diff(block.time_s).max() < 1.0


def test_two_programs_that_record_at_once_write_a_whole_file_each(home: Path) -> None:
    with started("--reps", "2") as first, started("--reps", "2") as second:
        output = first.communicate(timeout=60)[0] + second.communicate(timeout=60)[0]
    recordings = files(home)

    assert (first.returncode, second.returncode) == (0, 0), output
    assert len(recordings) == 2
    assert all(load(file).notes[-1].key == "end" for file in recordings)


def test_a_program_killed_before_writing_the_history_leaves_a_usable_file(
    home: Path,
) -> None:
    killed = run("-c", KILLED_BEFORE_HISTORY, stdin=subprocess.DEVNULL)
    (file,) = files(home)
    with History() as history:
        before = len(history.sets(person=None))
    file.write_text(file.read_text().replace("# simulated: true\n", ""))  # as written with real sensors
    run("-m", "imu_reps", "reanalyse").check_returncode()
    with History() as history:
        remembered = [stored.summary.set.rep_count for stored in history.sets(person=None)]

    assert killed.returncode == -signal.SIGKILL
    assert before == 0
    assert load(file).notes[-1].key == "end"
    assert remembered == [2]
