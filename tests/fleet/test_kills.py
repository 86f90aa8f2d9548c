"""Workers and coordinators are killed at random: every recording is in the result exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.faults, pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")]

Started = Callable[..., subprocess.Popen[str]]
Workers = Callable[[int], list[int]]


def besieged(
    start: Callable[[], subprocess.Popen[str]], workers_of: Workers, rng: np.random.Generator, kills: int
) -> int:
    """Run a batch to its end, killing one of its processes now and then and restarting a lost coordinator.

    Returns the number of kills, at most `kills`.
    """
    killed = 0
    running = start()
    while running.poll() is None:
        time.sleep(rng.uniform(0.05, 0.8))
        if killed == kills:
            continue
        with suppress(OSError):  # it may have ended
            target = int(rng.choice([running.pid, *workers_of(running.pid)]))
            os.kill(target, signal.SIGKILL)
            killed += 1
            if target == running.pid:
                running.wait()
                running = start()
    assert running.returncode == 0, running.communicate()[1]
    return killed


def hold(
    tmp_path: Path, make_sets: Any, batch_process: Started, workers_of: Workers, table: Any, kills: int
) -> None:
    """Run batches until `kills` processes were killed; check that nothing is lost or duplicated."""
    rng = np.random.default_rng(20261128)
    expected = [str(path) for path in make_sets(tmp_path / "sets", 60)]
    made = rounds = 0
    while made < kills:
        out, rounds = tmp_path / f"out{rounds}", rounds + 1
        made += besieged(
            lambda out=out: batch_process(tmp_path / "sets", "-o", out),
            workers_of,
            rng,
            min(kills - made, 10),
        )
        assert table(out, "sets")["file"].tolist() == expected
        assert table(out, "reps")["file"].tolist() == expected
        assert len(table(out, "errors")) == 0
    print(f"{made} kills in {rounds} batches of {len(expected)}: 0 lost, 0 twice")


def test_five_random_kills_lose_and_duplicate_nothing(
    tmp_path: Path, make_sets: Any, batch_process: Started, workers_of: Workers, table: Any
) -> None:
    hold(tmp_path, make_sets, batch_process, workers_of, table, 5)


@pytest.mark.soak
@pytest.mark.faults
def test_two_hundred_random_kills_lose_and_duplicate_nothing(
    tmp_path: Path, make_sets: Any, batch_process: Started, workers_of: Workers, table: Any
) -> None:
    hold(tmp_path, make_sets, batch_process, workers_of, table, 200)
