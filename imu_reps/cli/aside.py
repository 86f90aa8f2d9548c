"""Showing beside recording: a terminal that takes nothing for a while never holds up the recording."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from imu_reps.session.told import Told


class Aside:
    """Hands what a session tells to `show`, in order, in a thread of its own; a context manager.

    It never waits: what is not shown yet is shown on leaving. A reader that goes away (a closed pipe, a
    closed terminal) ends the showing, not the recording: the OSError is raised on leaving.

    Parameters
    ----------
    show : callable
    """

    def __init__(self, show: Callable[[Told], None]) -> None:
        self._show = show
        self._waiting: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="show", daemon=True)

    def __call__(self, told: Told) -> None:
        """Have one thing shown."""
        self._waiting.put(told)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        while (told := self._waiting.get()) is not None:
            try:
                self._show(told)
                sys.stdout.flush()
            except BaseException as failure:
                self._failure = failure
                return
