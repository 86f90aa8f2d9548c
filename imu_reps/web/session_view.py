"""Connects a session with the page: its events become snapshots, the page's commands steer it."""

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
from imu_reps.session.session_events import Finished, HurtAfter, Rating, SessionEvent, SetClosed, SetDone
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.session_snapshot import Change, SetShown, Snapshot, goal_snapshot, update_snapshot
from imu_reps.web.hub import Command, Discard, Effort, Hub, Hurt, Pain, Start, StopSet
from imu_reps.web.server import Reports, page_of

#: Interval of checks for commands from the page.
LOOK_S = 0.05

#: States of the snapshot in which a set can be ended.
IN_A_SET = ("waiting", "ready", "running")


class SessionView:
    """Shows the events of a session on the page; call it with each event.

    Parameters
    ----------
    goal : SetGoal
        Goal of the first set.
    feel : callable
        Receives each rating, and pain after the last set, as it is given; must not block. Once they are on
        disk they come back through `ask`, and only then are they shown.

    Attributes
    ----------
    hub : Hub
        Where snapshots and moments go.
    reports : Reports or None
        Where reports go; None: none are made.
    """

    def __init__(
        self,
        goal: SetGoal,
        settings: Settings,
        feel: Callable[[Rating | HurtAfter], None] = lambda felt: None,  # noqa: ARG005
    ) -> None:
        self._settings = settings
        self._feel = feel
        self._commands: queue.Queue[Command | Rating | HurtAfter] = queue.Queue(64)
        self._closed = False
        self._changing = threading.Lock()
        self._path: str | None = None
        self._hurt_path: str | None = None
        self._last: tuple[int, Finished] | None = None
        self._notes: list[Note] = []
        self._drawing = threading.Lock()
        self.reports: Reports | None = None
        self.hub = Hub(goal_snapshot(goal, settings))

    def ask(self, command: Command | Rating | HurtAfter) -> None:
        """Queue a command of the page, or what was stored, from any thread; dropped if the queue is full."""
        if not self._commands.full():
            self._commands.put_nowait(command)

    def close(self) -> None:
        """End the running set and `wait_for_start`; may be called from another thread."""
        self._closed = True
        self.ask(StopSet())

    def wait_for_start(self) -> bool:
        """Wait until the page asks to start; False if closed before."""
        while not self._closed:
            with contextlib.suppress(queue.Empty):  # a timeout, so that Ctrl-C works on every system
                if isinstance(self._commands.get(timeout=LOOK_S), Start):
                    return True
        return False

    async def steer(self, session: Session) -> None:
        """Execute commands from the page until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.obey(session)

    def obey(self, session: Session | None = None) -> None:
        """Execute the queued commands, without a session only ratings; show what was stored."""
        while not self._commands.empty():
            command, snapshot = self._commands.get_nowait(), self.hub.snapshot
            match command:
                case Pain(value=value) if not snapshot.replay:
                    self._rate(pain=value)
                case Effort(value=value) if not snapshot.replay:
                    self._rate(effort=value)
                case Start() if session is not None and snapshot.state == "resting":
                    session.advance()
                case StopSet() if session is not None and snapshot.state in IN_A_SET:
                    session.advance()
                case Discard() if session is not None and snapshot.state in IN_A_SET and not snapshot.replay:
                    session.discard()
                case Hurt() if not snapshot.replay and snapshot.ended != "pain":
                    self._hurt(session)
                case Rating() | HurtAfter() if command.path == self._path:
                    self._stored(command)
        if session is None and self.hub.snapshot.state == "resting":
            self._show(_over)

    def __call__(self, event: SessionEvent) -> None:
        """Show an event, and note what it means for the reports."""
        self._show(lambda snapshot: update_snapshot(snapshot, event, self._settings))
        match event:
            case SetClosed(path=path, reason=reason):
                self._path, self._last, self._notes = path, None, [Note(0.0, "end", reason)]
            case SetDone(number=number, finished=finished):
                self._last = number, self._as_felt(finished)
                self._report_soon()

    def end(self, page: str) -> None:
        """Show the report of the whole session, which is over; `page` is its HTML."""
        if self.reports is not None:
            self._change(session=self.reports.add(page))

    def _show(self, change: Callable[[Snapshot], Change]) -> None:
        """Change the snapshot; locked, as the thread that makes reports changes it too."""
        with self._changing:
            snapshot, moments = change(self.hub.snapshot)
            self.hub.show(snapshot, *moments)

    def _rate(self, **ratings: int) -> None:
        """Pass on a rating (``pain``, ``effort``) of the last set, analysed or not."""
        if self._path is not None:
            self._feel(Rating(self._path, **ratings))

    def _hurt(self, session: Session | None) -> None:
        """End the session with pain; if it was over when that arrived, the pain is of its last set."""
        is_over = self.hub.snapshot.state == "ended" and self._last is not None
        if session is not None and not is_over:
            session.hurt()
        elif self._path is not None and self._path != self._hurt_path:
            self._hurt_path = self._path
            self._feel(HurtAfter(self._path))

    def _stored(self, felt: Rating | HurtAfter) -> None:
        """Show what was said of the last set, in the snapshot unless the next set runs."""
        is_after = self.hub.snapshot.state not in IN_A_SET
        if isinstance(felt, HurtAfter):
            self._felt(HURT, "resting")
            if self.hub.snapshot.state == "ended":
                self._change(ended="pain")
            return
        for key, rating in (("pain", felt.pain), ("effort", felt.effort)):
            if rating is not None:
                self._felt(key, str(rating))
                if is_after:
                    self._change(**{key: rating})

    def _change(self, **changes: Any) -> None:
        self._show(lambda snapshot: (replace(snapshot, **changes), ()))

    def _report_soon(self) -> None:
        """Make the report of the last set in a thread of its own, as it is slow."""
        if self._last is None:
            return
        number, finished = self._last
        if finished.analysis is not None and not finished.discarded:
            work = (number, finished)  # in a daemon: the program's end does not wait for a report nobody sees
            threading.Thread(target=self._report, args=work, name="report", daemon=True).start()

    def _felt(self, key: str, value: str) -> None:
        """Add a rating to the last set; if that changes its findings, its report is made again."""
        self._notes.append(Note(0.0, key, value))
        if self._last is None:
            return
        number, before = self._last
        finished = self._as_felt(before)
        if finished is not before:
            self._last = number, finished
            self._report_soon()

    def _as_felt(self, finished: Finished) -> Finished:
        """Return a set with the findings of its ratings; the same set if they bring none."""
        if finished.analysis is None:
            return finished
        before, summary = finished.analysis.summary, with_felt(finished.analysis.summary, felt(self._notes))
        added = [finding for finding in summary.findings if finding not in before.findings]
        if not added and len(summary.findings) == len(before.findings):
            return finished
        return replace(finished, analysis=replace(finished.analysis, summary=summary))

    def _report(self, number: int, finished: Finished) -> None:
        from imu_reps.report.text import headline

        if finished.analysis is None or self.reports is None:
            return
        with self._drawing:
            last = self._last
            if last is not None and last[0] == number and last[1] is not finished:
                return  # a rating came meanwhile, and another thread makes the report again
            analysis, floor_deg = finished.analysis, self.hub.snapshot.limits.floor_deg
            words = headline(analysis.summary, None, person=analysis.person)
            report = self.reports.add(page_of(analysis, floor_deg))
        self._show(lambda snapshot: (_reported(snapshot, SetShown(number, words, report)), ()))


def _reported(snapshot: Snapshot, shown: SetShown) -> Snapshot:
    """Return the snapshot with the report of a set; a later set may be running by now."""
    sets = tuple(shown if each.number == shown.number else each for each in snapshot.sets)
    if snapshot.sets and snapshot.sets[-1].number == shown.number and snapshot.state in ("resting", "ended"):
        snapshot = replace(snapshot, headline=shown.words, report=shown.report)
    return replace(snapshot, sets=sets)


def _over(snapshot: Snapshot) -> Change:
    """Return the snapshot of a session that ended in a rest."""
    hurts = snapshot.cue is not None and (snapshot.cue.code, snapshot.cue.tone) == ("stop", "stop")
    ended = "pain" if hurts else snapshot.ended
    return replace(snapshot, state="ended", ended=ended, may_start=False, remaining_s=None, move_to=None), ()
