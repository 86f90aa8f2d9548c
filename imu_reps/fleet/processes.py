"""Work in processes of this machine; one that is killed takes nothing with it but the task in its hand."""

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

#: A worker has one task in hand and one lying ready, so that it never waits for the next.
AHEAD = 2

#: So many workers in a row that end before they have begun mean that none ever will.
MAX_STILLBORN = 3

#: Libraries of linear algebra start a thread a core; here every core has its process.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def in_processes(
    work: Callable[[Job], Answer], waiting: deque[Job], *, count: int
) -> Iterator[tuple[Job, Answer | None]]:
    """Run `work` on each task, in `count` processes.

    Parameters
    ----------
    work : callable
        Can be pickled.
    waiting : deque
        Tasks, taken from the left; more may be put in while this runs.
    count : int

    Yields
    ------
    tuple
        A task and its answer; None: the process that had it in hand was killed.

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
                    worker.end()
                    stillborn = 0 if worker.has_begun else stillborn + 1
                    _stop_if_none_begins(stillborn)
                    in_hand = [worker.tasks.popleft()] if worker.has_begun else []
                    waiting.extendleft(reversed(worker.tasks))
                    yield from ((task, None) for task in in_hand)
                else:
                    if worker.has_begun:
                        yield worker.tasks.popleft(), answer
                    worker.has_begun = True
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[Job, Answer]):
    """A process, and the tasks it has not answered yet; its first word is that it has begun."""

    def __init__(self, work: Callable[[Job], Answer]) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy whatever threads the parent has
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
            with contextlib.suppress(OSError):  # it is gone, as its pipe will say
                self.pipe.send(self.tasks[-1])

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
    """What a process that is started meanwhile finds in its environment, before it imports NumPy."""
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends this one
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        pipe.send(True)
        while True:
            pipe.send(work(pipe.recv()))
