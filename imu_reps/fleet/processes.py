"""Engine of local processes; a killed process loses only its current task."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from imu_reps.errors import UsageError

Job = TypeVar("Job")
Answer = TypeVar("Answer")

#: Tasks per worker: one running and one queued, so that it never waits.
AHEAD = 2

#: Number of workers in a row that end before they start after which the engine gives up.
MAX_STILLBORN = 3

#: Environment variables that limit BLAS to one thread, since every core has its process.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def in_processes(
    work: Callable[[Job], Answer], waiting: deque[Job], *, count: int
) -> Iterator[tuple[Job, Answer | None]]:
    """Run `work` on each task, in `count` processes.

    Parameters
    ----------
    work : callable
        Picklable.
    waiting : deque
        Tasks, popped from the left; more may be added while this runs.

    Yields
    ------
    tuple
        A task and its answer; None if its process was killed.

    Raises
    ------
    UsageError
        ``workers_fail``: no process can start.
    """
    workers: list[_Worker[Job, Answer]] = []
    stillborn = 0
    try:
        while True:
            while len(workers) < count and len(waiting) > sum(AHEAD - len(one.tasks) for one in workers):
                workers.append(_Worker(work))
            for worker in workers:
                worker.take_from(waiting)
            busy = {worker.pipe: worker for worker in workers if worker.tasks}
            if not busy:
                return
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                try:
                    answer = worker.pipe.recv()
                except (EOFError, OSError):
                    workers.remove(worker)
                    in_hand = worker.give_back(waiting)
                    stillborn = 0 if worker.has_begun else stillborn + 1
                    _stop_if_none_begins(stillborn)
                    yield from ((task, None) for task in in_hand)
                else:
                    if worker.has_begun:
                        yield worker.tasks.popleft(), answer
                    worker.has_begun = True
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[Job, Answer]):
    """A process with its unanswered tasks; its first message is that it has started."""

    def __init__(self, work: Callable[[Job], Answer]) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the parent's threads
        self.pipe, far_end = context.Pipe()
        self.tasks: deque[Job] = deque()
        self.has_begun = False
        self._process = context.Process(target=_serve, args=(far_end, work), daemon=True)
        with _single_threaded():
            self._process.start()
        far_end.close()

    def take_from(self, waiting: deque[Job]) -> None:
        while waiting and len(self.tasks) < AHEAD:
            self.tasks.append(waiting.popleft())
            with contextlib.suppress(OSError):  # it died: its pipe will show that
                self.pipe.send(self.tasks[-1])

    def give_back(self, waiting: deque[Job]) -> list[Job]:
        """End the process, requeue tasks not started, and return the running one."""
        self.end()
        in_hand = [self.tasks.popleft()] if self.has_begun else []
        waiting.extendleft(reversed(self.tasks))
        return in_hand

    def end(self) -> None:
        self.pipe.close()
        self._process.terminate()
        self._process.join()
        self._process.close()


def _stop_if_none_begins(stillborn: int) -> None:
    if stillborn >= MAX_STILLBORN:
        raise UsageError(
            "The processes that should do the work end before they have begun.",
            hint="In a script, call from below `if __name__ == '__main__':`; or is there too little memory?",
            code="workers_fail",
        )


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Set the environment for processes started in the context, before they import NumPy."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the parent
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        pipe.send(True)
        while True:
            pipe.send(work(pipe.recv()))
