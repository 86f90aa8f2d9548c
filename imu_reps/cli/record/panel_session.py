"""Session display for a terminal: events scroll above a live panel."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Self

from rich.live import Live
from rich.text import Text

from imu_reps.cli import session_messages as messages
from imu_reps.cli.console import rich_console
from imu_reps.cli.panel.layout import LivePanel
from imu_reps.cli.record.plain_session import echo_event, echo_finished, event_line
from imu_reps.domain.settings import Settings
from imu_reps.domain.untrusted import printable
from imu_reps.session.session_events import FileMoved, SessionEvent, SetBegan, SetDone, WriteFailed
from imu_reps.view.session_snapshot import limits, update_snapshot
from imu_reps.view.snapshot import Aim, Snapshot


class LiveSession:
    """Show a session's events and live panel; a context manager.

    Parameters
    ----------
    settings : Settings, optional
        Thresholds of the bands that are drawn.
    reports : bool
        Whether to print the report of each set.
    """

    def __init__(self, settings: Settings | None = None, *, reports: bool = True) -> None:
        self._reports = reports
        self._settings = settings or Settings()
        self._snapshot = Snapshot(Aim(), limits(self._settings))
        self._screen = LiveScreen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.take_down()

    def __call__(self, event: SessionEvent) -> None:
        """Show one event."""
        self._snapshot, moments = update_snapshot(self._snapshot, event, self._settings)
        match event:
            case SetBegan():
                self._screen.take_down()
                print(messages.recording_to(event))
                if event.tap:
                    print(messages.TAP)
            case SetDone():
                self._screen.take_down()
                echo_finished(event.finished, report=self._reports)
                print()
            case WriteFailed() | FileMoved():
                self._screen.take_down()
                echo_event(event)
            case _:
                line = event_line(event)
                lines = () if line is None else (line,)
                self._screen.show(self._snapshot, self._keys(), lines, at_once=bool(moments))

    def _keys(self) -> str:
        """Return the keys that can be pressed now."""
        if self._snapshot.replay:
            return messages.KEYS_IN_REPLAY
        return messages.KEYS_IN_REST if self._snapshot.state == "resting" else messages.KEYS_IN_SET


#: Minimum interval between redraws without an event: drawing costs as much as counting.
DRAWN_EVERY_S = 0.15
#: After a redraw, wait at least this many times its duration, for slow terminals.
REST_FACTOR = 4.0


def can_show_panel() -> bool:
    """Return whether standard output is a terminal that can be redrawn."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


class LiveScreen:
    """Show snapshots as a live panel; a context manager that removes it at the end."""

    def __init__(self) -> None:
        self._console = rich_console(sys.stdout)
        self._live: Live | None = None
        self._due_s = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.take_down()

    def show(
        self, snapshot: Snapshot, keys: str, lines: Sequence[str] = (), *, at_once: bool = False
    ) -> None:
        """Write lines above the panel, and redraw it if that is due.

        Parameters
        ----------
        keys : str
            Keys that can be pressed.
        at_once : bool
            Redraw now, because of an event.
        """
        began_s = time.monotonic()
        if not (lines or at_once or began_s >= self._due_s):
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(LivePanel(snapshot, keys), refresh=not lines)
        if lines:  # printing redraws the panel
            self._console.print(Text("\n".join(map(printable, lines))))
        now_s = time.monotonic()
        self._due_s = now_s + max(DRAWN_EVERY_S, REST_FACTOR * (now_s - began_s))

    def take_down(self) -> None:
        """Remove the panel, so that anything can be written."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._due_s = float("-inf")
