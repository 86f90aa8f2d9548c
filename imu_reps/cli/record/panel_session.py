"""A session in a terminal: what happens scrolls by, and a panel below shows how it stands."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from imu_reps.cli import session_words as words
from imu_reps.cli.panel.screen import LiveScreen
from imu_reps.cli.record.plain_session import line_of, say_event, say_finished
from imu_reps.domain.settings import Settings
from imu_reps.session.session_events import FileMoved, SessionEvent, SetBegan, SetDone, WriteFailed
from imu_reps.view.session_picture import limits, session_picture
from imu_reps.view.snapshot import Aim, Snapshot


class LiveSession:
    """Shows what a session tells; a context manager.

    Parameters
    ----------
    settings : Settings, optional
        Whose bands are drawn.
    reports : bool
        Whether a set ends with its report.
    """

    def __init__(self, settings: Settings | None = None, *, reports: bool = True) -> None:
        self._reports = reports
        self._settings = settings or Settings()
        self._picture = Snapshot(Aim(), limits(self._settings))
        self._screen = LiveScreen()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.take_down()

    def __call__(self, event: SessionEvent) -> None:
        """Show one thing."""
        self._picture, moments = session_picture(self._picture, event, self._settings)
        match event:
            case SetBegan():
                self._screen.take_down()
                print(words.recording_to(event))
                if event.tap:
                    print(words.TAP)
            case SetDone():
                self._screen.take_down()
                say_finished(event.finished, report=self._reports)
                print()
            case WriteFailed() | FileMoved():
                self._screen.take_down()
                say_event(event)
            case _:
                line = line_of(event)
                lines = () if line is None else (line,)
                self._screen.show(self._picture, self._keys(), lines, at_once=bool(moments))

    def _keys(self) -> str:
        """What can be pressed now."""
        if self._picture.replay:
            return words.KEYS_IN_REPLAY
        return words.KEYS_IN_REST if self._picture.state == "resting" else words.KEYS_IN_SET
