"""An asyncio event loop whose time is simulated: minutes of radio in seconds, the same every time.

The loop's `time()` stands still while anything runs. It moves only when nothing is ready: to the next
timer, at once or when its real moment has come.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: What a loop's `time()` shows first; not zero, as no real loop's is.
START_S = 1000.0
#: Real seconds that a run without timers waits for another thread before it is called a deadlock.
PATIENCE_S = 10.0
#: Longest real wait in one go: where a signal does not end a wait, Ctrl-C is heard that much later.
LONGEST_WAIT_S = 0.25

Ready = list[tuple[selectors.SelectorKey, int]]


class DeadlockError(RuntimeError):
    """Every task waits, no timer runs, and nobody outside has called: waiting on would be for ever."""


def run(coroutine: Coroutine[Any, Any, T], speed: float | None = None) -> T:
    """Run a coroutine on a loop of simulated time, as `asyncio.run` would, and clean up as it does.

    Parameters
    ----------
    coroutine : coroutine
    speed : float, optional
        Simulated seconds in a real one; behind its time the loop runs as fast as it can. By default time
        jumps to the next timer whenever nothing is ready. While a function runs in an executor
        (`asyncio.to_thread`) time then stands still: a thread's work takes no simulated time.

    Raises
    ------
    DeadlockError
        Without `speed`, if nothing is ready, no timer is set, and no other thread calls for
        `PATIENCE_S` real seconds.
    """
    with asyncio.Runner(loop_factory=lambda: FastLoop(speed)) as runner:
        return runner.run(coroutine)


class FastLoop(asyncio.SelectorEventLoop):
    """The loop of `run`; `speed` as there."""

    def __init__(self, speed: float | None = None) -> None:
        self._now_s = START_S
        self._in_threads: set[asyncio.Future[Any]] = set()
        super().__init__(_Jumping(self) if speed is None else _Pacing(self, speed))

    def time(self) -> float:
        """Simulated seconds."""
        return self._now_s

    def move(self, time_s: float) -> None:
        """Move the time on."""
        self._now_s = max(self._now_s, time_s)

    @property
    def in_threads(self) -> bool:
        """Whether a function of this loop runs in an executor."""
        return bool(self._in_threads)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run `func` in a thread or process; simulated time does not jump meanwhile."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._in_threads.add(future)
        future.add_done_callback(self._in_threads.discard)
        return future


class _Jumping(selectors.DefaultSelector):
    """Never sleeps while a timer is set."""

    def __init__(self, loop: FastLoop) -> None:
        super().__init__()
        self._loop = loop
        self._idle_since_s: float | None = None

    def select(self, timeout: float | None = None) -> Ready:
        if timeout is None or (timeout > 0.0 and self._loop.in_threads):
            return self._wait_for_a_thread()
        self._idle_since_s = None
        ready = super().select(0.0)
        if not ready:
            self._loop.move(self._loop.time() + timeout)
        return ready

    def _wait_for_a_thread(self) -> Ready:
        ready = super().select(LONGEST_WAIT_S)
        now_s = time.monotonic()
        if ready or self._loop.in_threads:
            self._idle_since_s = None
        elif self._idle_since_s is None:
            self._idle_since_s = now_s
        elif now_s - self._idle_since_s > PATIENCE_S:
            self._idle_since_s = None
            raise DeadlockError("nothing is ready, no timer is set, and nobody calls")
        return ready


class _Pacing(selectors.DefaultSelector):
    """Sleeps until a timer's real moment; behind its time it does not sleep at all."""

    def __init__(self, loop: FastLoop, speed: float) -> None:
        super().__init__()
        self._loop = loop
        self._speed = speed
        self._began_s = time.monotonic()

    def select(self, timeout: float | None = None) -> Ready:
        now_s = self._loop.time()
        due_s = float("inf") if timeout is None else now_s + timeout
        ready = super().select(min(max(self._ahead_s(due_s), 0.0), LONGEST_WAIT_S))
        passed_s = START_S + (time.monotonic() - self._began_s) * self._speed
        self._loop.move(min(due_s, passed_s))
        return ready

    def _ahead_s(self, due_s: float) -> float:
        """Real seconds until a simulated moment."""
        return self._began_s + (due_s - START_S) / self._speed - time.monotonic()
