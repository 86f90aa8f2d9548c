"""A single-thread executor for an event loop that never delays the end of the program."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonExecutor(Executor):
    """Runs calls one after the other in a daemon thread, which ends with the program even in mid-call.

    The interpreter joins the threads of `concurrent.futures.ThreadPoolExecutor` before it exits: for ever, if
    one hangs.

    Parameters
    ----------
    name : str
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a call and return the future of its result."""
        future: Future[T] = Future()
        self._queue.put((future, partial(fn, *args, **kwargs)))
        if self._thread.ident is None:
            self._thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Let the thread end once the queue is empty."""
        self._queue.put(None)
        if wait and self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while (queued := self._queue.get()) is not None:
            future, work = queued
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as failure:  # raised where the future is awaited
                future.set_exception(failure)
