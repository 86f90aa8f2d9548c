"""A session on the page: what it tells becomes pictures, what the page asks for becomes its orders."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from imu_reps.analysis.set_findings import felt, with_felt
from imu_reps.domain.recording import HURT, Note
from imu_reps.domain.settings import Settings
from imu_reps.session.session import Session
from imu_reps.session.session_events import Finished, HurtAfter, Rating, SessionEvent, SetDone
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.session_picture import Change, goal_picture, session_picture
from imu_reps.view.snapshot import SetShown, Snapshot
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
    feel : callable
        Called with what is said of a set, as it is said; must not block.

    Attributes
    ----------
    hub : Hub
    reports : Reports or None
        Where the reports go.
    """

    def __init__(
        self,
        goal: SetGoal,
        settings: Settings,
        feel: Callable[[Rating], None] = lambda felt: None,  # noqa: ARG005
    ) -> None:
        self._settings = settings
        self._feel = feel
        self._asked: queue.Queue[Command] = queue.Queue(64)
        self._closed = False
        self._changing = threading.Lock()
        self._last: tuple[int, Finished] | None = None
        self._notes: list[Note] = []
        self._drawing = threading.Lock()
        self.reports: Reports | None = None
        self.hub = Hub(goal_picture(goal, settings))

    def ask(self, command: Command) -> None:
        """Take a command from the page, from any thread; what comes too thick is dropped."""
        if not self._asked.full():
            self._asked.put_nowait(command)

    def close(self) -> None:
        """End what runs and `wait_for_start`, from another thread."""
        self._closed = True
        self.ask(StopSet())

    def wait_for_start(self) -> bool:
        """Wait until the page asks to start; False: closed."""
        while not self._closed:
            with contextlib.suppress(queue.Empty):  # not for ever: Ctrl-C is heard on every system
                if isinstance(self._asked.get(timeout=LOOK_S), Start):
                    return True
        return False

    async def steer(self, session: Session) -> None:
        """Do what the page asks for, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.obey(session)

    def obey(self, session: Session | None = None) -> None:
        """Do what the page has asked for by now; without a session only ratings are left."""
        while not self._asked.empty():
            command, picture = self._asked.get_nowait(), self.hub.picture
            match command:
                case Pain(value=value) if not picture.replay:
                    self._rate(pain=value)
                case Effort(value=value) if not picture.replay:
                    self._rate(effort=value)
                case Start() if session is not None and picture.state == "resting":
                    session.advance()
                case StopSet() if session is not None and picture.state in IN_A_SET:
                    session.advance()
                case Discard() if session is not None and picture.state in IN_A_SET and not picture.replay:
                    session.discard()
                case Hurt() if session is not None and picture.state != "ended" and not picture.replay:
                    session.hurt()
        if session is None and self.hub.picture.state == "resting":
            self._show(_over)

    def __call__(self, event: SessionEvent) -> None:
        """Show one thing."""
        self._show(lambda picture: session_picture(picture, event, self._settings))
        match event:
            case SetDone(number=number, finished=finished):
                self._done(number, finished)
            case HurtAfter():
                self._felt(HURT, "resting")

    def end(self, page: str) -> None:
        """The session is over: show the report of the whole of it."""
        if self.reports is not None:
            self._change(session=self.reports.add(page))

    def _show(self, change: Callable[[Snapshot], Change]) -> None:
        """Change the picture; a report that is made in another thread does the same."""
        with self._changing:
            picture, moments = change(self.hub.picture)
            self.hub.show(picture, *moments)

    def _rate(self, **said: int) -> None:
        """Take what is said of the last set."""
        if self._last is None:
            return
        self._feel(Rating(self._last[1].path, **said))
        self._change(**said)
        for key, value in said.items():
            self._felt(key, str(value))

    def _change(self, **changes: Any) -> None:
        self._show(lambda picture: (replace(picture, **changes), ()))

    def _done(self, number: int, finished: Finished) -> None:
        self._last, self._notes = (number, finished), [Note(0.0, "end", finished.reason)]
        self._report_soon()

    def _report_soon(self) -> None:
        """Make the report of the last set: a moment's work, not in the thread that records."""
        if self._last is None:
            return
        number, finished = self._last
        if finished.analysis is not None and not finished.discarded:
            threading.Thread(target=self._report, args=(number, finished), name="report").start()

    def _felt(self, key: str, value: str) -> None:
        """Tell in the last set's report how it felt: if it hurt, it is made anew."""
        if self._last is None:
            return
        number, finished = self._last
        self._notes.append(Note(0.0, key, value))
        if finished.analysis is None:
            return
        before, summary = finished.analysis.summary, with_felt(finished.analysis.summary, felt(self._notes))
        new = [one for one in summary.findings if one not in before.findings]
        if new or len(summary.findings) != len(before.findings):
            self._last = number, replace(finished, analysis=replace(finished.analysis, summary=summary))
            self._report_soon()

    def _report(self, number: int, finished: Finished) -> None:
        if finished.analysis is None or self.reports is None:
            return
        with self._drawing:
            last = self._last
            if last is not None and last[0] == number and last[1] is not finished:
                return  # it is made anew
            words, floor_deg = headline_of(finished.analysis), self.hub.picture.limits.floor_deg
            report = self.reports.add(page_of(finished.analysis, floor_deg))
        self._show(lambda picture: (_reported(picture, SetShown(number, words, report)), ()))


def _reported(picture: Snapshot, shown: SetShown) -> Snapshot:
    """The report of a set is there; it may be a later set that runs by now."""
    sets = tuple(shown if one.number == shown.number else one for one in picture.sets)
    if picture.sets and picture.sets[-1].number == shown.number and picture.state in ("resting", "ended"):
        picture = replace(picture, headline=shown.words, report=shown.report)
    return replace(picture, sets=sets)


def _over(picture: Snapshot) -> Change:
    """A rest after which nothing comes."""
    hurts = picture.cue is not None and (picture.cue.code, picture.cue.tone) == ("stop", "stop")
    ended = "pain" if hurts else picture.ended
    return replace(picture, state="ended", ended=ended, may_start=False, remaining_s=None, move_to=None), ()
