"""Workers of a batch: local processes, or a Dask cluster, whose tasks are submitted again after a loss."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from imu_reps.errors import UsageError, require_extra

if TYPE_CHECKING:
    from distributed import Client

Job = TypeVar("Job")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """How many tasks workers hold, and how long they are waited for."""

    #: Tasks per worker: one running and one queued, so that it never waits.
    queued: int = 2
    #: Number of workers in a row that end before they start after which the engine gives up.
    max_stillborn: int = 3
    #: Tasks queued per thread of the workers.
    ahead: int = 3
    #: Timeout for a lost scheduler to come back.
    patience_s: float = 300.0
    #: Interval of querying the number of workers.
    ask_every_s: float = 2.0
    #: Timeout of one connection attempt.
    connect_s: float = 10.0


LIMITS = WorkerLimits()


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
    crew = _Crew(work, count)
    try:
        while busy := crew.busy_with(waiting):
            for worker in busy:
                yield from crew.answers(worker, waiting)
    finally:
        crew.end()


class _Crew(Generic[Job, Answer]):
    """Up to `count` processes, started as tasks need them and replaced when they are killed."""

    def __init__(self, work: Callable[[Job], Answer], count: int) -> None:
        self._work, self._count = work, count
        self._workers: list[_Worker[Job, Answer]] = []
        self._stillborn = 0

    def busy_with(self, waiting: deque[Job]) -> list[_Worker[Job, Answer]]:
        """Hand out tasks and wait for messages; return the workers that sent one, none if all is done."""
        while len(self._workers) < self._count and len(waiting) > self._room():
            self._workers.append(_Worker(self._work))
        for worker in self._workers:
            worker.take_from(waiting)
        busy = {worker.pipe: worker for worker in self._workers if worker.tasks}
        return [busy[pipe] for pipe in wait(list(busy))] if busy else []  # type: ignore[index]

    def answers(
        self, worker: _Worker[Job, Answer], waiting: deque[Job]
    ) -> Iterator[tuple[Job, Answer | None]]:
        """Yield what a worker sent: an answer; nothing as it begins; None for its task if it was killed."""
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            in_hand = worker.give_back(waiting)
            self._stillborn = 0 if worker.has_begun else self._stillborn + 1
            _stop_if_none_begins(self._stillborn)
            yield from ((task, None) for task in in_hand)
        else:
            if worker.has_begun:
                yield worker.tasks.popleft(), answer
            worker.has_begun = True

    def end(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.end()

    def _room(self) -> int:
        """Return how many tasks the processes that run could still queue."""
        return sum(LIMITS.queued - len(worker.tasks) for worker in self._workers)


class _Worker(Generic[Job, Answer]):
    """A process with its unanswered tasks; its first message is that it has started."""

    def __init__(self, work: Callable[[Job], Answer]) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the parent's threads
        self.pipe, far_end = context.Pipe()
        self.tasks: deque[Job] = deque()
        self.has_begun = False
        self._process = context.Process(target=_serve, args=(far_end, work), daemon=True)
        with _single_threaded(), _deaf_to_interrupts():
            self._process.start()
        far_end.close()

    def take_from(self, waiting: deque[Job]) -> None:
        while waiting and len(self.tasks) < LIMITS.queued:
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
    if stillborn >= LIMITS.max_stillborn:
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


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Block Ctrl-C for processes started in the context, which inherit that; here it comes once it is left.

    A process that only ignores it once it serves would end with a traceback while it still imports NumPy.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # else the first process starts it, which unblocks Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the parent
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        pipe.send(True)
        while True:
            pipe.send(work(pipe.recv()))


def on_cluster(
    work: Callable[[Job], Answer], waiting: deque[Job], *, address: str
) -> Iterator[tuple[Job, Answer | None]]:
    """Run `work` on each task, on the workers of a Dask scheduler.

    Parameters
    ----------
    work : callable
        Picklable; the workers need the same version of imu_reps.
    waiting : deque
        Tasks, popped from the left; more may be added while this runs.
    address : str
        Address of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Yields
    ------
    tuple
        A task and its answer; None if several workers were lost on it.

    Raises
    ------
    UsageError
        ``missing_extra``; ``no_cluster``: there is no scheduler, or it did not come back; ``cluster_fails``:
        its workers cannot run this.
    """
    require_extra("cluster", "distributed")
    patience_s = 0.0
    while waiting:
        with _connected(address, patience_s) as client:
            yield from _while_connected(client, work, waiting)
        patience_s = LIMITS.patience_s


def _while_connected(
    client: Client, work: Callable[[Job], Answer], waiting: deque[Job]
) -> Iterator[tuple[Job, Answer | None]]:
    """Yield answers until all is done or the scheduler is lost; unanswered tasks are queued again."""
    from distributed import as_completed

    running: dict[Any, Job] = {}
    finished = as_completed(loop=client.loop)
    room = _Room(client)
    while True:
        try:
            while waiting and len(running) < room.tasks():
                future = client.submit(work, waiting[0], pure=False)
                running[future] = waiting.popleft()
                finished.add(future)
            if not running:
                return
            future = next(finished)
            answer = _answer_of(future)
        except (
            CancelledError,
            OSError,
            TimeoutError,
            RuntimeError,
        ):  # Dask's exceptions for a lost connection
            waiting.extendleft(running.values())
            return
        yield running.pop(future), answer


def _answer_of(future: Any) -> Any:
    """Return a future's result; None if several workers were lost on it."""
    from distributed import KilledWorker

    error = future.exception() if future.status == "error" else None
    if error is None:
        return future.result()
    if isinstance(error, KilledWorker):
        return None
    raise UsageError(
        f"The cluster's workers cannot do this: {type(error).__name__}: {error}",
        hint="Install this version of imu_reps with the extra batch where the workers run.",
        code="cluster_fails",
    ) from error


class _Room:
    """Number of tasks for the cluster at a time, as workers come and go."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks, self._asked_s = LIMITS.ahead, float("-inf")

    def tasks(self) -> int:
        if monotonic() - self._asked_s > LIMITS.ask_every_s:
            threads = sum(self._client.nthreads().values())
            self._tasks, self._asked_s = LIMITS.ahead * max(threads, 1), monotonic()
        return self._tasks


def _refuse_no_address(address: str) -> None:
    """Raise for an address on which a client would hang."""
    from distributed.comm.addressing import parse_address, resolve_address
    from distributed.security import Security

    try:
        scheme, _ = parse_address(address)
        with contextlib.suppress(OSError):  # not resolvable yet
            resolve_address(address)
        if scheme != "tls" or Security().get_connection_args("client").get("ssl_context") is not None:
            return
        reason = "Dask's configuration names no certificate for TLS"
    except ValueError as error:
        reason = str(error)
    raise UsageError(
        f"{address!r} is no address of a Dask scheduler: {reason}.",
        hint="Write it as the scheduler tells it, such as tcp://10.0.0.1:8786.",
        code="no_cluster",
    )


@contextlib.contextmanager
def _connected(address: str, patience_s: float) -> Iterator[Client]:
    """Connect to a scheduler with at least one worker."""
    from distributed import Client

    until_s = monotonic() + patience_s
    _refuse_no_address(address)
    while True:
        try:
            client = Client(address, timeout=LIMITS.connect_s, set_as_default=False)
            client.wait_for_workers(1, timeout=max(until_s - monotonic(), LIMITS.connect_s))
            break
        except (OSError, TimeoutError) as error:
            if monotonic() < until_s:
                sleep(1.0)
                continue
            raise UsageError(
                f"There is no Dask scheduler with workers at {address}: {error}",
                hint="Start dask scheduler and dask worker, or check the address; what is done is kept.",
                code="no_cluster",
            ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, TimeoutError, CancelledError):
            client.close(timeout=LIMITS.connect_s)
