"""Work in processes: the same numbers, and only the killed task is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

import pytest

from imu_reps import analyze_many, analyze_partition
from imu_reps.errors import UsageError
from imu_reps.fleet.analyze_many import MAX_LOST, BatchResult, Task, run_all
from imu_reps.fleet.workers import in_processes


def by_file(results: object) -> list[BatchResult]:
    return sorted(results, key=lambda result: result.file)  # type: ignore[call-overload, no-any-return]


def test_processes_give_the_same_numbers_to_the_last_bit(sets: Path) -> None:
    paths = sorted(sets.iterdir())

    assert by_file(analyze_many(paths, workers=2)) == by_file(analyze_partition(paths))


def threads_of(_: str) -> list[str]:
    """Return the thread limit in the environment of a worker."""
    return [os.environ.get("OMP_NUM_THREADS", ""), os.environ.get("OPENBLAS_NUM_THREADS", "")]


def test_a_worker_has_one_thread_and_the_parent_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    ((_, found),) = in_processes(threads_of, deque(["a"]), count=1)

    assert found == ["1", "1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"


def blocked_signals(_: str) -> list[int]:
    """Return the signals a worker was started deaf to."""
    return [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, set())]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_does_not_reach_a_worker_that_still_imports_and_does_reach_the_parent() -> None:
    ((_, found),) = in_processes(blocked_signals, deque(["a"]), count=1)

    assert signal.SIGINT in found
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def deadly(task: Task) -> list[str]:
    """Kill the worker at one file, and once at another."""
    for file, mark in task:
        if file == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        if mark is not None and not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return [file for file, _ in task]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_file_that_kills_its_workers_is_an_error_and_all_others_are_done_once(tmp_path: Path) -> None:
    tasks: list[Task] = [(("a", None), ("poison", None), ("b", None)), (("once", str(tmp_path / "mark")),)]
    tasks += [((f"c{number}", None),) for number in range(8)]

    def error_line(result: BatchResult) -> str:
        assert result.error is not None
        assert str(MAX_LOST) in result.error.message
        return f"{result.file}: {result.error.code}"

    engine = lambda work, waiting: in_processes(work, waiting, count=2)  # noqa: E731
    found = Counter(run_all(engine, deadly, deque(tasks), error_line))

    assert found == Counter(["a", "b", "once", "poison: worker_lost", *(f"c{number}" for number in range(8))])


def test_workers_that_cannot_start_are_reported_with_a_hint(tmp_path: Path, sets: Path) -> None:
    """The script lacks the guard that multiprocessing requires."""
    script = tmp_path / "script.py"
    script.write_text(
        "from imu_reps import analyze_many, ImuRepsError\n"
        f"try:\n    print(list(analyze_many([{str(sets / 'set000.csv')!r}])))\n"
        "except ImuRepsError as error:\n    print(error.code, error.hint)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)

    assert "workers_fail" in done.stdout
    assert "__main__" in done.stdout


def test_an_engine_that_cannot_start_raises() -> None:
    with pytest.raises(UsageError) as caught:
        list(in_processes(_Unpicklable(), deque([1]), count=1))
    assert caught.value.code == "workers_fail"


class _Unpicklable:
    """An object that can be pickled but not unpickled."""

    def __call__(self, _: int) -> int:
        return 0

    def __setstate__(self, _: object) -> None:
        raise RuntimeError

    def __getstate__(self) -> int:
        return 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_batch_whose_worker_is_killed_has_every_recording_once(
    tmp_path: Path, make_sets, batch_process, workers_of, wait_until, table
) -> None:
    make_sets(tmp_path / "sets", 40)
    running = batch_process(tmp_path / "sets", "-o", tmp_path / "out", "--workers", "2")
    journal = tmp_path / "out/manifest/journal.jsonl"
    wait_until(lambda: journal.exists() and journal.stat().st_size > 0)
    os.kill(workers_of(running.pid)[0], signal.SIGKILL)

    assert running.wait(60) == 0
    assert table(tmp_path / "out", "sets")["file"].nunique() == len(table(tmp_path / "out", "sets")) == 40


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_batch_that_is_stopped_or_killed_continues_where_it_was(
    tmp_path: Path,
    make_sets: Callable[..., object],
    batch_process,
    workers_of,
    wait_until,
    done,
    table,
    how: signal.Signals,
) -> None:
    make_sets(tmp_path / "sets", 30)
    running = batch_process(tmp_path / "sets", "-o", tmp_path / "out", "--workers", "1")
    journal = tmp_path / "out/manifest/journal.jsonl"
    wait_until(lambda: journal.exists() and journal.stat().st_size > 20_000)
    (worker,) = workers_of(running.pid)
    os.kill(running.pid, how)
    _, errors = running.communicate(timeout=30)
    wait_until(lambda: not Path(f"/proc/{worker}").exists() or _is_zombie(worker))
    again = done(tmp_path / "sets", tmp_path / "out")

    assert again.before >= 4
    assert again.before + again.done == again.total == 30
    assert table(tmp_path / "out", "sets")["file"].nunique() == len(table(tmp_path / "out", "sets")) == 30
    if how is signal.SIGINT:
        assert running.returncode == 130
        assert "goes on from there" in errors
        assert "Traceback" not in errors


def _is_zombie(pid: int) -> bool:
    time.sleep(0.01)
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
