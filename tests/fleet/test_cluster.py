"""A Dask scheduler and two workers on loopback give the same results, whichever process dies."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dask import bag

from imu_reps import analyze_many, analyze_partition
from imu_reps.cli.batch import silence_cluster_logs
from imu_reps.errors import UsageError
from imu_reps.fleet.workers import on_cluster

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

Started = Callable[..., subprocess.Popen[str]]


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def rows_arrived(out: Path) -> int:
    """Return the number of results that the coordinator has, in the journal or committed."""
    return sum(path.read_bytes().count(b"file") for path in (out / "manifest").glob("*.jsonl"))


def test_on_a_cluster_the_tables_are_the_same_and_a_lost_worker_costs_nothing(
    tmp_path: Path,
    make_sets: Any,
    cluster: Any,
    batch_process: Started,
    done: Any,
    table: Any,
    wait_until: Any,
) -> None:
    make_sets(tmp_path / "sets", 48)
    done(tmp_path / "sets", tmp_path / "here")
    running = batch_process(tmp_path / "sets", "-o", tmp_path / "there", "--cluster", cluster.address)
    wait_until(lambda: rows_arrived(tmp_path / "there") >= 8)
    cluster.workers[0].send_signal(signal.SIGKILL)
    _, errors = running.communicate(timeout=90)

    assert running.returncode == 0, errors
    for name in ("sets", "reps", "faults", "errors"):
        same(table(tmp_path / "here", name), table(tmp_path / "there", name))


def test_a_scheduler_killed_and_started_again_costs_nothing(
    tmp_path: Path,
    make_sets: Any,
    cluster: Any,
    batch_process: Started,
    table: Any,
    wait_until: Any,
) -> None:
    make_sets(tmp_path / "sets", 64)
    running = batch_process(tmp_path / "sets", "-o", tmp_path / "out", "--cluster", cluster.address)
    wait_until(lambda: rows_arrived(tmp_path / "out") >= 8)
    cluster.end()
    assert running.poll() is None
    cluster.start_scheduler()
    cluster.start_worker()
    cluster.start_worker()
    _, errors = running.communicate(timeout=90)

    assert running.returncode == 0, errors
    assert "Traceback" not in errors
    sets = table(tmp_path / "out", "sets")
    assert len(sets) == sets["file"].nunique() == 64


def test_the_command_shows_no_log_of_dask_about_a_lost_scheduler() -> None:
    names = ("distributed.client", "distributed.core", "distributed.utils", "tornado.application", "asyncio")
    before = {name: logging.getLogger(name).level for name in (*names, "distributed")}
    try:
        silence_cluster_logs()
        assert not [name for name in names if logging.getLogger(name).isEnabledFor(logging.ERROR)]
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def fails(_: object) -> None:
    raise ImportError("no imu_reps here")


def test_it_works_as_a_library_and_impossible_work_is_reported(cluster: Any, sets: Path) -> None:
    paths = sorted(sets.iterdir())
    results = sorted(analyze_many(paths, cluster=cluster.address), key=lambda result: result.file)

    assert results == analyze_partition(paths)
    with pytest.raises(UsageError, match="no imu_reps here") as caught:
        list(on_cluster(fails, deque([1]), address=cluster.address))
    assert caught.value.code == "cluster_fails"


def test_a_dask_bag_takes_the_function(sets: Path) -> None:
    paths = [str(path) for path in sorted(sets.iterdir())]
    results = bag.from_sequence(paths, npartitions=3).map_partitions(analyze_partition)

    for engine in ("synchronous", "processes"):
        assert results.compute(scheduler=engine) == analyze_partition(paths)


def test_a_missing_scheduler_is_reported_with_a_hint(sets: Path, tmp_path: Path) -> None:
    words = ["batch", str(sets), "-o", str(tmp_path / "out"), "--cluster", "tcp://127.0.0.1:9"]
    code = "import imu_reps.fleet.workers as w; w.LIMITS = w.WorkerLimits(connect_s=1.0)\n"
    code += "from imu_reps.cli.main import main\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}main({words!r})"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "no Dask scheduler" in done.stderr
    assert "dask scheduler" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["", "nonsense", "tcp://", "ftp://10.0.0.1:1", "tls://127.0.0.1:1"])
def test_an_invalid_address_of_a_scheduler_is_reported_at_once(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        next(on_cluster(abs, deque([1]), address=address))
    assert caught.value.code == "no_cluster"
    assert "tcp://10.0.0.1:8786" in caught.value.hint
