"""Runs what ``imu-reps record`` asks for: over the computer's Bluetooth, or in a virtual world."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from imu_reps.cli.console import say
from imu_reps.cli.page_options import PageWish
from imu_reps.cli.panel.screen import can_show_panel
from imu_reps.cli.record.keys import on_line, on_signal
from imu_reps.cli.record.page_session import RecordPage, paged
from imu_reps.cli.record.panel_session import LiveSession
from imu_reps.cli.record.plain_session import PlainSession
from imu_reps.cli.sensor_options import computers_radio
from imu_reps.domain.settings import Settings
from imu_reps.sensors.streams import Streams
from imu_reps.session.recorder import Finished
from imu_reps.session.session import Place, Session
from imu_reps.session.session_events import Told
from imu_reps.session.session_plan import SessionPlan
from imu_reps.session.worn import wanted
from imu_reps.sim.wearer import SetPlan
from imu_reps.storage.profile import Person
from imu_reps.storage.profile_file import load_profiles
from imu_reps.storage.recording import default_folder

#: Exit code of a set that ended because the ankle sensor stayed away: the radio's.
LINK_LOST = 3


@dataclass(frozen=True, slots=True)
class Run:
    """What is recorded and how it is shown; `folder` None: the default one; `page` None: on no page."""

    plan: SessionPlan
    folder: Path | None
    settings: Settings
    quiet: bool
    page: PageWish | None = None

    def place(self, person: Person, *, simulated: bool) -> Place:
        """Where and for whom."""
        return Place(self.folder or default_folder(), person, _now, self.settings, simulated)


def run_with_sensors(run: Run, name: str | None) -> list[Finished]:
    """Record with the sensors of a person."""
    person = load_profiles().person(name)

    with paged(run.page, run.plan, run.settings, person) as page:
        with _shown(run, person) as tell:

            async def recorded() -> list[Finished]:
                streams = Streams(computers_radio(), wanted(person))
                session = Session(streams, run.plan, run.place(person, simulated=False), page.telling(tell))
                return await _attended(session, page)

            done = asyncio.run(recorded())
        return page.lingering(done)


def run_virtually(run: Run, family: str, plans: Sequence[SetPlan], speed: float) -> list[Finished]:
    """Record in a virtual world, `speed` times as fast as a real one; 0: as fast as possible."""
    from imu_reps.sim.radio import fast_loop
    from imu_reps.sources.virtual_source import VirtualWorld

    world = VirtualWorld(family, plans)
    say("Virtual sensors: nobody moves, and the file says so.")

    with paged(run.page, run.plan, run.settings, world.person) as page:
        with _shown(run, world.person) as tell:
            tell_all = page.telling(tell)

            def follow_and_tell(told: Told) -> None:
                world.follow(told)
                tell_all(told)

            async def recorded() -> list[Finished]:
                async with world:
                    streams = Streams(world.radio(), wanted(world.person))
                    place = run.place(world.person, simulated=True)
                    return await _attended(Session(streams, run.plan, place, follow_and_tell), page)

            done = fast_loop.run(recorded(), speed or None)
        return page.lingering(done)


def exit_code(done: Sequence[Finished]) -> int:
    """The gravest of what the sets came to; stopped before the first one is 130, as Ctrl-C is elsewhere."""
    if not done:
        say("Nothing was recorded.")
        return 130
    return max(_exit_code(finished) for finished in done)


def _exit_code(finished: Finished) -> int:
    unusable = None if finished.discarded else finished.unusable
    errors = [error for error in (finished.unwritten, unusable) if error is not None]
    lost = LINK_LOST if finished.reason == "link_lost" else 0
    return max([lost, *(error.exit_code for error in errors)])


async def _attended(session: Session, page: RecordPage) -> list[Finished]:
    """Run a session with somebody at the keyboard, or at the page."""
    keys = {"": session.advance, "p": session.hurt, "d": session.discard}
    listening = asyncio.gather(on_line(keys), page.steer(session))
    try:
        with on_signal(session.stop):
            return await session.run()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@contextlib.contextmanager
def _shown(run: Run, person: Person) -> Iterator[Callable[[Told], None]]:
    """How a session is shown: a panel in a terminal, else plain lines; beside the recording, see `Aside`."""
    shown: contextlib.AbstractContextManager[Callable[[Told], None]]
    if run.quiet or not can_show_panel():
        shown = contextlib.nullcontext(PlainSession())
    else:
        shown = LiveSession(run.settings, lambda goal: person.floor_deg(goal.exercise, goal.side))
    with shown as show, Aside(show) as tell:
        yield tell


def _now() -> datetime:
    return datetime.now().astimezone()


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
