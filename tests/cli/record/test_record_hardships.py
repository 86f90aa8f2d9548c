"""What a computer does to a recording: stops the program, runs two, kills one between two steps."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from imu_reps import load
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.storage.history_store import History

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

RECORD = [sys.executable, "-u", "-m", "imu_reps", "record", "--virtual", "--quiet", "--speed", "10"]

#: Killed as the set is over and its file is closed, before anything is remembered of it.
KILLED_BEFORE_HISTORY = """
import os, signal
from imu_reps.cli.main import main
from imu_reps.session.diary import Diary

Diary._remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(["record", "--virtual", "--quiet", "--speed", "0", "--reps", "2"])
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RECORD, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def files(home: Path) -> list[Path]:
    return sorted((home / "recordings").glob("*.csv"))


def test_a_program_that_is_stopped_for_a_while_goes_on_with_every_sample(home: Path) -> None:
    with started("--duration", "15") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if " s  1" in line:
                break
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        said = process.stdout.read()
        process.wait(timeout=60)
    (file,) = files(home)
    recording = load(file)

    assert process.returncode == 0, said
    assert recording.notes[-1].key == "end"
    for place in SENSOR_PLACES:
        assert set(np.diff(recording.samples(place).sample)) == {1}


def test_two_programs_that_record_at_once_keep_a_whole_file_each(home: Path) -> None:
    with started("--reps", "2") as one, started("--reps", "2") as other:
        said = one.communicate(timeout=60)[0] + other.communicate(timeout=60)[0]
    kept = files(home)

    assert (one.returncode, other.returncode) == (0, 0), said
    assert len(kept) == 2
    assert all(load(file).notes[-1].key == "end" for file in kept)


def test_a_program_killed_before_it_remembers_a_set_leaves_a_file_that_the_history_can_be_made_of(
    home: Path,
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_HISTORY],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    (file,) = files(home)
    with History() as history:
        before = len(history.sets(person=None))
    file.write_text(file.read_text().replace("# simulated: true\n", ""))  # as sensors would have written it
    subprocess.run([sys.executable, "-m", "imu_reps", "reanalyse"], capture_output=True, check=True)
    with History() as history:
        remembered = [stored.summary.set.rep_count for stored in history.sets(person=None)]

    assert killed.returncode == -signal.SIGKILL
    assert before == 0
    assert load(file).notes[-1].key == "end"
    assert remembered == [2]
