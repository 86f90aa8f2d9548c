"""A session on the page: what it tells becomes pictures, what the page asks for becomes its orders."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from imu_reps.domain.settings import Settings
from imu_reps.session.recorder import Finished
from imu_reps.session.session import Session
from imu_reps.session.session_events import SetDone, Told
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.session_picture import Change, FloorOf, goal_picture, session_picture
from imu_reps.view.snapshot import Snapshot
from imu_reps.web.commands import Command, Discard, Effort, Hurt, Pain, Start, StopSet
from imu_reps.web.hub import Hub
from imu_reps.web.reports import Reports, headline_of, page_of

#: So often it is looked whether the page asks for something.
LOOK_S = 0.05

#: States of the picture in which a set can be ended.
IN_A_SET = ("waiting", "ready", "running")


class SessionView:
    """Shows what a session tells on a page.

    Parameters
    ----------
    goal : SetGoal
        Of the first set.
    settings : Settings
    floor_deg : callable
        The person's floor in a set; None: not known.

    Attributes
    ----------
    hub : Hub
    felt : dict
        ``pain`` and ``effort`` of a set, as far as they were said, by its file.
    reports : Reports or None
        Where the reports go.
    """

    def __init__(self, goal: SetGoal, settings: Settings, floor_deg: FloorOf) -> None:
        self._settings = settings
        self._floor_deg = floor_deg
        self._asked: queue.Queue[Command] = queue.Queue(64)
        self._changing = threading.Lock()
        self._last_path: str | None = None
        self.reports: Reports | None = None
        self.felt: dict[str, dict[str, int]] = {}
        self.hub = Hub(self._first(goal))

    def ask(self, command: Command) -> None:
        """Take a command from the page, from any thread; what comes too thick is dropped."""
        if not self._asked.full():
            self._asked.put_nowait(command)

    async def steer(self, session: Session) -> None:
        """Do what the page asks for, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.obey(session)

    def obey(self, session: Session | None = None) -> None:
        """Do what the page has asked for by now; without a session only ratings are left."""
        while not self._asked.empty():
            command, state = self._asked.get_nowait(), self.hub.picture.state
            match command:
                case Pain(value=value):
                    self._feel(pain=value)
                case Effort(value=value):
                    self._feel(effort=value)
                case Start() if session is not None and state == "resting":
                    session.advance()
                case StopSet() if session is not None and state in IN_A_SET:
                    session.advance()
                case Discard() if session is not None and state in IN_A_SET:
                    session.discard()
                case Hurt() if session is not None and state != "ended":
                    session.hurt()
        if session is None and self.hub.picture.state == "resting":
            self._show(_over)

    def __call__(self, told: Told) -> None:
        """Show one thing."""
        self._show(lambda picture: session_picture(picture, told, self._first))
        if isinstance(told, SetDone):
            self._done(told.finished)

    def _show(self, change: Callable[[Snapshot], Change]) -> None:
        """Change the picture; a report that is made in another thread does the same."""
        with self._changing:
            picture, moments = change(self.hub.picture)
            self.hub.show(picture, *moments)

    def _feel(self, **said: int) -> None:
        """Keep what is said of the last set."""
        if self._last_path is not None:
            self.felt.setdefault(self._last_path, {}).update(said)
            self._change(**said)

    def _change(self, **changes: Any) -> None:
        self._show(lambda picture: (replace(picture, **changes), ()))

    def _first(self, goal: SetGoal) -> Snapshot:
        return goal_picture(goal, self._settings, self._floor_deg(goal))

    def _done(self, finished: Finished) -> None:
        self._last_path = finished.path
        if finished.analysis is not None and not finished.discarded:
            # A moment's work: not in the thread that records.
            threading.Thread(target=self._report, args=(finished,), name="report").start()

    def _report(self, finished: Finished) -> None:
        if finished.analysis is None or self.reports is None:
            return
        words, floor_deg = headline_of(finished.analysis), self.hub.picture.limits.floor_deg
        report = self.reports.add(page_of(finished.analysis, floor_deg))
        self._change(headline=words, report=report)


def _over(picture: Snapshot) -> Change:
    """A rest after which nothing comes."""
    hurts = picture.cue is not None and (picture.cue.code, picture.cue.tone) == ("stop", "stop")
    ended = "pain" if hurts else picture.ended
    return replace(picture, state="ended", ended=ended, may_start=False, remaining_s=None, move_to=None), ()
