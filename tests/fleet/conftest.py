"""Short sets in folders, results read with other tools, and a Dask cluster of real processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from programs import Program

from imu_reps import RepPlan, SetPlan, save, simulate
from imu_reps.fleet.batch_run import BatchOrder, BatchProgress, run_batch
from imu_reps.sim.wearer import LifePlan

FIRST = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
EXERCISES = ("single_leg_raise", "single_leg_raise_bent")


@pytest.fixture(scope="session")
def short_set(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a set of one repetition, 12 s long."""
    life = LifePlan(still_before_s=4.0, rest_after_s=3.0)
    recording = simulate(SetPlan(reps=(RepPlan(),), life=life)).recording
    header = replace(recording.header, created=FIRST, extra={"person": "p1"})
    file = tmp_path_factory.mktemp("set") / "set.csv"
    save(replace(recording, header=header), file)
    return file.read_bytes()


@pytest.fixture
def make_sets(short_set: bytes) -> Callable[[Path, int], list[Path]]:
    """Write sets into a folder: two exercises, three days, and a note in each that makes it unique."""

    def make(folder: Path, count: int) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"set{number:03}.csv" for number in range(count)]
        for number, path in enumerate(paths):
            day = (FIRST + timedelta(days=number % 3)).isoformat().encode()
            text = re.sub(rb"# created: .*", b"# created: " + day, short_set, count=1)
            exercise = EXERCISES[number % 2].encode()
            text = re.sub(rb"# exercise: .*", b"# exercise: " + exercise, text, count=1)
            path.write_bytes(text + f"# @10.0 effort: {number % 11}\n".encode())
        return paths

    return make


@pytest.fixture
def sets(tmp_path: Path, make_sets: Callable[[Path, int], list[Path]]) -> Path:
    """A folder of six sets and one file that is no recording."""
    make_sets(tmp_path / "sets", 6)
    (tmp_path / "sets" / "broken.csv").write_bytes(b"this,is\nno,recording\n")
    return tmp_path / "sets"


def in_this_process(work: Callable[[Any], Any], waiting: deque[Any]) -> Iterator[tuple[Any, Any]]:
    """Run all tasks one after the other: the smallest possible engine."""
    while waiting:
        task = waiting.popleft()
        yield task, work(task)


@pytest.fixture
def engine() -> Callable[..., Any]:
    """An engine without processes."""
    return in_this_process


def _done(source: str | Path, out: str | Path, **options: Any) -> BatchProgress:
    *_, last = run_batch(BatchOrder([str(source)], str(out), **options), in_this_process)
    return last


@pytest.fixture
def done() -> Callable[..., BatchProgress]:
    """Run a batch to its end in this process; return the last progress."""
    return _done


def _table(out: str | Path, name: str) -> pd.DataFrame:
    frame = pd.read_parquet(f"{out}/{name}")
    by = [column for column in ("file", "number", "rep") if column in frame]
    return frame.sort_values(by, kind="stable").reset_index(drop=True)


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    """Read a table of a result with pandas, in the order of the files."""
    return _table


@pytest.fixture
def batch_process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``imu-reps batch`` as a separate process; it is killed at the end if still running."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str | Path) -> subprocess.Popen[str]:
        process = Program(
            *("-m", "imu_reps", "batch", *map(str, words)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def children(pid: int) -> list[int]:
    """Return the worker processes of a batch, without the helper of multiprocessing."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    words = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in found if _exists(child)}
    return [int(child) for child, line in words.items() if b"spawn_main" in line]


def _exists(pid: str) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists()


@pytest.fixture
def workers_of() -> Callable[[int], list[int]]:
    """Return the process ids of the workers of a batch."""
    if not Path("/proc").is_dir():
        pytest.skip("workers are found in /proc, which is Linux's")
    return children


class Cluster:
    """A scheduler and workers, each a process, on loopback."""

    def __init__(self) -> None:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self) -> None:
        """Start the scheduler, always at the same address."""
        self.scheduler = _dask("scheduler", "--host", self.address, "--no-dashboard")

    def start_worker(self) -> None:
        """Start a worker with one thread."""
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        self.workers.append(_dask("worker", self.address, *words))

    def end(self) -> None:
        """Kill all processes."""
        for process in (self.scheduler, *self.workers):
            if process is not None:
                process.kill()
                process.wait()


def _dask(*words: str) -> subprocess.Popen[bytes]:
    return Program("-m", "dask", *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A scheduler and two workers."""
    made = Cluster()
    made.start_scheduler()
    made.start_worker()
    made.start_worker()
    yield made
    made.end()


def wait_until(condition: Callable[[], bool], patience_s: float = 60.0) -> None:
    """Wait until a condition holds."""
    until_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., None]:
    """Wait until a condition holds; fail after 60 s."""
    return wait_until
