"""The place of the live panel: the last lines of a terminal, with what happens scrolling by above."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.text import Text

from imu_reps.cli.console import rich_console
from imu_reps.cli.panel.layout import LivePanel
from imu_reps.domain.foreign_text import shown
from imu_reps.view.snapshot import Snapshot

#: A panel is drawn no more often, unless something happened: drawing costs as much as counting.
DRAWN_EVERY_S = 0.15
#: A terminal that takes its time (a slow connection) is left alone for so many times as long.
RESTS = 4.0


def can_show_panel() -> bool:
    """Whether standard output is a terminal that can draw over what it has drawn."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


class LiveScreen:
    """Shows pictures as a panel; a context manager that leaves no panel behind."""

    def __init__(self) -> None:
        self._console = rich_console(sys.stdout)
        self._live: Live | None = None
        self._due_s = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.take_down()

    def show(self, picture: Snapshot, keys: str, lines: Sequence[str] = (), *, at_once: bool = False) -> None:
        """Write lines above the panel, and draw the picture in it if that is due.

        Parameters
        ----------
        picture : Snapshot
        keys : str
            What can be pressed.
        lines : sequence of str
        at_once : bool
            Something happened that must not wait.
        """
        began_s = time.monotonic()
        if not (lines or at_once or began_s >= self._due_s):
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(LivePanel(picture, keys), refresh=not lines)
        if lines:  # writing draws the panel anew
            self._console.print(Text("\n".join(map(shown, lines))))
        now_s = time.monotonic()
        self._due_s = now_s + max(DRAWN_EVERY_S, RESTS * (now_s - began_s))

    def take_down(self) -> None:
        """Remove the panel, so that anything can be written."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._due_s = float("-inf")
