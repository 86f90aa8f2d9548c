"""A session in a terminal: what happens scrolls by, and a panel below shows how it stands."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from imu_reps.cli import session_words as words
from imu_reps.cli.panel.screen import LiveScreen
from imu_reps.cli.record.plain_session import line_of, say_event, say_finished
from imu_reps.domain.settings import Settings
from imu_reps.session.session_events import DiskRefused, SetBegan, SetDone, Told
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.scene import limits
from imu_reps.view.session_picture import FloorOf, goal_picture, session_picture
from imu_reps.view.snapshot import Aim, Snapshot


class LiveSession:
    """Shows what a session tells; a context manager.

    Parameters
    ----------
    settings : Settings, optional
        Whose bands are drawn.
    floor_deg : callable, optional
        The person's floor in a set; None: not known.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        floor_deg: FloorOf = lambda goal: None,  # noqa: ARG005 - nobody's floor is known
    ) -> None:
        self._settings = settings or Settings()
        self._floor_deg = floor_deg
        self._picture = Snapshot(Aim(), limits(self._settings))
        self._screen = LiveScreen()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.take_down()

    def __call__(self, told: Told) -> None:
        """Show one thing."""
        self._picture, moments = session_picture(self._picture, told, self._first)
        match told:
            case SetBegan():
                self._screen.take_down()
                print(f"Recording to {told.path}")
                if told.tap:
                    print(words.TAP)
            case SetDone():
                self._screen.take_down()
                say_finished(told.finished)
                print()
            case DiskRefused():
                self._screen.take_down()
                say_event(told)
            case _:
                line = line_of(told)
                keys = words.KEYS_IN_REST if self._picture.state == "resting" else words.KEYS_IN_SET
                lines = () if line is None else (line,)
                self._screen.show(self._picture, keys, lines, at_once=bool(moments))

    def _first(self, goal: SetGoal) -> Snapshot:
        return goal_picture(goal, self._settings, self._floor_deg(goal))
