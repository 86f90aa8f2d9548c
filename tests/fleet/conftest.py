"""Short sets in folders, results read by other people's tools, and a Dask cluster of real processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
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

from imu_reps import RepPlan, SetPlan, save, simulate
from imu_reps.fleet.batch_run import BatchOrder, BatchProgress, run_batch
from imu_reps.sim.wearer import LifePlan

FIRST = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
EXERCISES = ("single_leg_raise", "single_leg_raise_bent")


@pytest.fixture(scope="session")
def short_set(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a set of one repetition, twelve seconds."""
    life = LifePlan(still_before_s=4.0, rest_after_s=3.0)
    recording = simulate(SetPlan(reps=(RepPlan(),), life=life)).recording
    header = replace(recording.header, created=FIRST, extra={"person": "p1"})
    file = tmp_path_factory.mktemp("set") / "set.csv"
    save(replace(recording, header=header), file)
    return file.read_bytes()


@pytest.fixture
def make_sets(short_set: bytes) -> Callable[[Path, int], list[Path]]:
    """Write so many sets into a folder: two exercises, three days, a note in each so that none is another."""

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
    """A folder of six sets and a file that is no recording."""
    make_sets(tmp_path / "sets", 6)
    (tmp_path / "sets" / "broken.csv").write_bytes(b"this,is\nno,recording\n")
    return tmp_path / "sets"


def in_this_process(work: Callable[[Any], Any], waiting: deque[Any]) -> Iterator[tuple[Any, Any]]:
    """The smallest engine there can be."""
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
    """Run a batch to its end, without a process of its own; gives the last progress."""
    return _done


def _table(out: str | Path, name: str) -> pd.DataFrame:
    frame = pd.read_parquet(f"{out}/{name}")
    by = [column for column in ("file", "number", "rep") if column in frame]
    return frame.sort_values(by, kind="stable").reset_index(drop=True)


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    """A table of a result as pandas reads it, in the order of the files."""
    return _table


@pytest.fixture
def batch_process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``imu-reps batch`` as a process of its own; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str | Path) -> subprocess.Popen[str]:
        begun = subprocess.Popen(
            [sys.executable, "-m", "imu_reps", "batch", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(begun)
        return begun

    yield start
    for begun in running:
        if begun.poll() is None:
            os.killpg(begun.pid, signal.SIGKILL)
        begun.communicate()


def children(pid: int) -> list[int]:
    """The workers of a batch: its children but for multiprocessing's own helper."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    words = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in found if _is_there(child)}
    return [int(child) for child, line in words.items() if b"spawn_main" in line]


def _is_there(pid: str) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists()


@pytest.fixture
def workers_of() -> Callable[[int], list[int]]:
    """The process numbers of a batch's workers."""
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
        """Start it, at the address it always had."""
        self.scheduler = _dask("scheduler", "--host", self.address, "--no-dashboard")

    def start_worker(self) -> None:
        """Start one of one thread."""
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        self.workers.append(_dask("worker", self.address, *words))

    def end(self) -> None:
        """Kill all."""
        for process in (self.scheduler, *self.workers):
            if process is not None:
                process.kill()
                process.wait()


def _dask(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


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
    """Wait for something to come true."""
    until_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., None]:
    """Wait for something to come true; fails after a minute."""
    return wait_until
