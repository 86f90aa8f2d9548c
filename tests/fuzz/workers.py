"""Mutated inputs in separate processes: an abort in C++ or a hang costs one input and is reported.

Each process publishes the index of its current input in shared memory. The system ends the process if an
input takes too much processor time, however busy the machine is, and a watchdog ends it if it waits for too
long. In either case the supervising process notices, records the input, and continues after it.
"""

from __future__ import annotations

import faulthandler
import math
import multiprocessing
import signal
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TextIO

#: Memory limit; no input needs that much, and more is an error in the process, not the end of the machine.
MAX_BYTES = 6 << 30
#: An input that waits for this many times its limit of computing time hangs, on a busy machine too.
MAX_WAIT_FACTOR = 20.0


@dataclass(frozen=True)
class Task:
    """Inputs `start` to `stop` of a part in the `PARTS` of a module."""

    part: str
    start: int
    stop: int
    module: str = "targets"


@dataclass(frozen=True)
class Finding:
    """An input with a forbidden outcome."""

    part: str
    index: int
    what: str


@dataclass
class Result:
    """Outcomes of the inputs of a task or of a part."""

    inputs: int = 0
    accepted: int = 0
    cpu_s: float = 0.0
    slowest_s: float = 0.0
    slowest: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Result) -> None:
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.cpu_s += other.cpu_s
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest
        self.findings += other.findings


class Watchdog:
    """Ends the process if an input takes too long.

    The limit is reset once per tenth of it at most, because resetting takes time.

    Parameters
    ----------
    limit_s : float
        Limit of the processor time.
    dump : open file
        Receives the traceback of an input that is ended.
    """

    def __init__(self, limit_s: float, dump: TextIO) -> None:
        self._limit_s, self._dump = limit_s, dump
        self._reset_s = -math.inf

    def new_input(self) -> None:
        """Restart the limit, unless it was restarted less than a tenth of it ago."""
        if time.monotonic() - self._reset_s < self._limit_s / 10.0:
            return
        self._reset_s = time.monotonic()
        faulthandler.dump_traceback_later(MAX_WAIT_FACTOR * self._limit_s, exit=True, file=self._dump)
        self._ends_after(self._limit_s)

    def stop(self) -> None:
        """Remove the limit."""
        faulthandler.cancel_dump_traceback_later()
        self._ends_after(0.0)

    @staticmethod
    def _ends_after(limit_s: float) -> None:
        """Have the system end the process, counted from now, since a process's clocks drift apart."""
        if hasattr(signal, "setitimer"):  # not on every system
            signal.setitimer(signal.ITIMER_PROF, limit_s)


def run_task(task: Task, seed: int, at: Any = None, dump: TextIO | None = None) -> Result:
    """Run the inputs of a task, one after the other.

    Parameters
    ----------
    task : Task
    seed : int
    at : shared number, optional
        Receives the index of the current input.
    dump : open file, optional
        Receives the traceback of an input that hangs, before the process ends; without it no input is ended.
    """
    part, result = import_module(task.module).PARTS[task.part], Result()
    part.originals()  # takes longer than any input
    watchdog = None if dump is None else Watchdog(part.limit_s, dump)
    for index in range(task.start, task.stop):
        if at is not None:
            at.value = index
        if watchdog is not None:
            watchdog.new_input()
        before_s = time.process_time()
        try:
            result.accepted += part.accepts(seed, index)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error}"[:300]
            result.findings.append(
                Finding(task.part, index, f"{what} ({Path(where.filename).name}:{where.lineno})")
            )
        took_s = time.process_time() - before_s
        result.add(Result(1, 0, took_s, took_s, index))
    if watchdog is not None:
        watchdog.stop()
    return result


def run_tasks(tasks: Connection, seed: int, at: Any, dump_path: str) -> None:
    """Run tasks until None is received."""
    with suppress(ImportError, ValueError, OSError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    with Path(dump_path).open("w", encoding="utf-8") as dump:
        faulthandler.enable(dump, all_threads=False)
        if hasattr(signal, "SIGPROF"):
            faulthandler.register(signal.SIGPROF, dump, all_threads=False, chain=True)
        while (task := tasks.recv()) is not None:
            tasks.send(run_task(task, seed, at, dump))


class Worker:
    """One process and its current task."""

    def __init__(self, seed: int, folder: Path, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.at = context.RawValue("q", 0)
        self.dump = folder / f"worker-{number}.txt"
        self.tasks, child_end = context.Pipe()
        self.process = context.Process(
            target=run_tasks, args=(child_end, seed, self.at, str(self.dump)), daemon=True
        )
        self.process.start()
        child_end.close()
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        """Start a task."""
        self.task, self.at.value = task, task.start
        self.tasks.send(task)

    def end(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.join()

    def how_it_ended(self) -> str:
        """Describe how the process ended."""
        self.process.join()
        lines = self.dump.read_text(encoding="utf-8").split("\n")
        where = " < ".join(line.strip() for line in lines if line.lstrip().startswith("File "))[:400]
        what = next((line for line in lines if line.startswith(("Timeout", "Fatal"))), "")
        return f"the process ended ({self.process.exitcode}) {what} {where}"


def results(tasks: Sequence[Task], seed: int, jobs: int) -> Iterator[tuple[Task, Result]]:
    """Run the tasks in some processes; yield the result of each as it is done.

    A task whose process ended is repeated in two parts, without the input at which it ended.
    """
    waiting, started = deque(tasks), 0
    with tempfile.TemporaryDirectory() as name:
        busy: list[Worker] = []
        idle: list[Worker] = []
        try:
            while waiting or busy:
                while waiting and len(busy) < jobs:
                    if not idle:
                        idle.append(Worker(seed, Path(name), started))
                        started += 1
                    worker = idle.pop()
                    worker.give(waiting.popleft())
                    busy.append(worker)
                for pipe in wait([worker.tasks for worker in busy]):
                    worker = next(one for one in busy if one.tasks is pipe)
                    busy.remove(worker)
                    assert worker.task is not None
                    task = worker.task
                    try:
                        yield task, worker.tasks.recv()
                        idle.append(worker)
                    except EOFError:
                        index = worker.at.value
                        found = Finding(task.part, index, worker.how_it_ended())
                        yield replace(task, start=index, stop=index + 1), Result(1, findings=[found])
                        rest = (replace(task, stop=index), replace(task, start=index + 1))
                        waiting.extendleft(one for one in rest if one.start < one.stop)
        finally:
            for worker in (*busy, *idle):
                worker.end()
