"""An asyncio event loop with simulated time: reproducible, and minutes of radio take seconds.

The loop's `time()` stands still while anything runs. It advances only when nothing is ready: to the next
timer, either at once or when its real time has come.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """Times of the loop, in seconds."""

    #: First value of a loop's `time()`; not zero, like that of a real loop.
    start_s: float = 1000.0
    #: Real time that a run without timers waits for another thread before it counts as a deadlock.
    patience_s: float = 10.0
    #: Longest single real wait: where signals do not end a wait, it is the delay of Ctrl-C.
    longest_wait_s: float = 0.25


LIMITS = LoopLimits()


Ready = list[tuple[selectors.SelectorKey, int]]


class DeadlockError(RuntimeError):
    """All tasks wait, no timer is set and no other thread has called, so the run would never end."""


def run(coroutine: Coroutine[Any, Any, T], speed: float | None = None) -> T:
    """Run a coroutine like `asyncio.run`, on a loop with simulated time.

    Parameters
    ----------
    speed : float, optional
        Simulated seconds per real second; a loop that is late runs as fast as it can. While a function runs
        in an executor (`asyncio.to_thread`), time passes no faster than real time. By default, time jumps to
        the next timer whenever nothing is ready, and stands still while an executor works.

    Raises
    ------
    DeadlockError
        Without `speed`: nothing is ready, no timer is set, and no other thread calls for `LIMITS.patience_s`
        of real time.
    """
    with asyncio.Runner(loop_factory=lambda: FastLoop(speed)) as runner:
        return runner.run(coroutine)


class FastLoop(asyncio.SelectorEventLoop):
    """The event loop of `run`, with the same `speed`."""

    def __init__(self, speed: float | None = None) -> None:
        self._now_s = LIMITS.start_s
        self._in_threads: set[asyncio.Future[Any]] = set()
        super().__init__(_Jumping(self) if speed is None else _Pacing(self, speed))

    def time(self) -> float:
        """Return the simulated time in seconds."""
        return self._now_s

    def move(self, time_s: float) -> None:
        """Advance the time to `time_s`, never back."""
        self._now_s = max(self._now_s, time_s)

    @property
    def in_threads(self) -> bool:
        """Whether a function of this loop runs in an executor."""
        return bool(self._in_threads)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run `func` in an executor; simulated time does not jump meanwhile."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._in_threads.add(future)
        future.add_done_callback(self._in_threads.discard)
        return future


class _Jumping(selectors.DefaultSelector):
    """Selector that jumps to the next timer instead of sleeping."""

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
        ready = super().select(LIMITS.longest_wait_s)
        now_s = time.monotonic()
        if ready or self._loop.in_threads:
            self._idle_since_s = None
        elif self._idle_since_s is None:
            self._idle_since_s = now_s
        elif now_s - self._idle_since_s > LIMITS.patience_s:
            self._idle_since_s = None
            raise DeadlockError("nothing is ready, no timer is set, and nobody calls")
        return ready


class _Pacing(selectors.DefaultSelector):
    """Selector that sleeps until a timer's real time, and not at all if it is late.

    From when a function begins to run in an executor, simulated time passes no faster than real time, and
    makes up for no delay of before: the work of a busy computer is then as late as with real sensors, not
    `speed` times as late.
    """

    def __init__(self, loop: FastLoop, speed: float) -> None:
        super().__init__()
        self._loop = loop
        self._speed = speed
        self._measured_s = time.monotonic()
        self._target_s = LIMITS.start_s  # the simulated time that the loop is due to show
        self._target_at_work_s: float | None = None  # the same while an executor works

    def select(self, timeout: float | None = None) -> Ready:
        due_s = float("inf") if timeout is None else self._loop.time() + timeout
        target_s, pace = self._follow()
        ready = super().select(min(max((due_s - target_s) / pace, 0.0), LIMITS.longest_wait_s))
        target_s, _ = self._follow()
        self._loop.move(min(due_s, target_s))
        return ready

    def _follow(self) -> tuple[float, float]:
        """Advance the target by what has passed; return it, and its simulated seconds per real second."""
        now_s = time.monotonic()
        passed_s, self._measured_s = now_s - self._measured_s, now_s
        if not self._loop.in_threads:
            self._target_at_work_s = None
            self._target_s += passed_s * self._speed
            return self._target_s, self._speed
        pace = min(self._speed, 1.0)
        self._target_s += passed_s * pace
        if self._target_at_work_s is None:
            self._target_at_work_s = self._loop.time()
        self._target_at_work_s += passed_s * pace
        return min(self._target_at_work_s, self._target_s), pace
