"""Runs what ``imu-reps record`` asks for: over the computer's Bluetooth, or in a virtual world."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from imu_reps.cli.aloud import Aloud
from imu_reps.cli.console import complain, say
from imu_reps.cli.page_options import PageOptions, paged
from imu_reps.cli.panel.screen import can_show_panel
from imu_reps.cli.record.after import ask_for_rating, say_session, session_end
from imu_reps.cli.record.keys import on_line, on_signal
from imu_reps.cli.record.panel_session import LiveSession
from imu_reps.cli.record.plain_session import PlainSession
from imu_reps.cli.sensor_options import computers_radio
from imu_reps.domain.settings import Settings
from imu_reps.session.diary import Diary
from imu_reps.session.keeping import Place
from imu_reps.session.session import Session
from imu_reps.session.session_events import Finished, Rating, SessionEvent
from imu_reps.session.session_plan import SessionPlan
from imu_reps.sources import Source
from imu_reps.storage.profile_file import load_profiles
from imu_reps.storage.recording import default_folder

if TYPE_CHECKING:
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.sim.wearer import SetPlan
    from imu_reps.web.session_view import SessionView

T = TypeVar("T")
Emit = Callable[[SessionEvent], None]

#: Exit code of a set that ended because the ankle sensor stayed away: the radio's.
LINK_LOST = 3

#: So often the page is listened to after the last set.
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """What is recorded and how it is shown.

    `folder` None: the default one; `page` None: on no page; without `reports` the reports of sets and session
    are left to the caller, who has an answer of its own; `aloud`: with tones and voice.
    """

    plan: SessionPlan
    folder: Path | None
    settings: Settings
    quiet: bool
    page: PageOptions | None = None
    reports: bool = True
    aloud: bool = False


def run_with_sensors(run: Run, name: str | None) -> list[Finished]:
    """Record with the sensors of a person, remember it, and say what it means."""
    from imu_reps.sensors.streams import Streams
    from imu_reps.sources.radio_source import wanted

    profiles = load_profiles()
    person = profiles.person(name)
    if name is None and len(profiles.persons) > 1:
        say(f"The sets are {person.name}'s. Another person: --person NAME ({profiles.names()}).")
    place = Place(run.folder or default_folder(), person, _now)
    return _Recording(run, Diary(complain), place, Streams(computers_radio(), wanted(person))).run(
        asyncio.run
    )


def run_with_phones(run: Run, name: str | None, phones: Mapping[SensorPlace, str]) -> list[Finished]:
    """Record with phones as sensors, and remember it."""
    from imu_reps.sources.phone_readings import SENSOR_LOGGER
    from imu_reps.sources.phone_source import PhoneSource, wanted_phone
    from imu_reps.storage.profile import PairedSensor, Person
    from imu_reps.web.server import network_address

    wanted = {place: wanted_phone(text) for place, text in phones.items()}
    profiles = load_profiles()
    worn = {place: PairedSensor(phone.app, phone.host or "phone", 0.0) for place, phone in wanted.items()}
    known = profiles.find(name or profiles.default or "")
    person = Person(
        known.name if known is not None else name or "me",
        worn.get("pelvis", worn["ankle"]),
        worn["ankle"],
        floors={} if known is None else known.floors,
    )
    say("Phones as sensors have not been tried with real phones: check what is counted.")
    needs_address = any(phone.app == SENSOR_LOGGER for phone in wanted.values())
    source = PhoneSource(wanted, network_address() if needs_address else "", tell=_say_addresses)
    place = Place(run.folder or default_folder(), person, _now)
    return _Recording(run, Diary(complain), place, source).run(asyncio.run)


def _say_addresses(addresses: Mapping[SensorPlace, str]) -> None:
    for place, address in addresses.items():
        say(f"Sensor Logger at the {place}: Settings, Data Streaming, HTTP Push to {address}")
        say("  with Standardise Units & Frames, Gyroscope, Total Acceleration (or Accelerometer and Gravity)")


def run_virtually(run: Run, family: str, plans: Sequence[SetPlan], speed: float) -> list[Finished]:
    """Record in a virtual world, `speed` times as fast as a real one; 0: as fast as possible."""
    from imu_reps.session.rehearsal import direct
    from imu_reps.sim.radio import fast_loop
    from imu_reps.sources.virtual_source import VirtualSource, VirtualWorld

    world = VirtualWorld(family, plans)
    say("Virtual sensors: nobody moves, and the file says so.")
    place = Place(run.folder or default_folder(), world.person, _now, simulated=True)
    diary = Diary(complain, remembers=False)
    act = partial(direct, world, spoken=run.plan.spoken)
    recording = _Recording(run, diary, place, VirtualSource(world), act)
    return recording.run(partial(fast_loop.run, speed=speed or None))


def exit_code(done: Sequence[Finished]) -> int:
    """The gravest of what the sets came to; stopped before the first one is 130, as Ctrl-C is elsewhere."""
    if not done:
        say("Nothing was recorded.")
        return 130
    return max(map(exit_code_of, done))


def exit_code_of(finished: Finished) -> int:
    """What a set came to."""
    unusable = None if finished.discarded else finished.unusable
    errors = [error for error in (finished.unwritten, unusable) if error is not None]
    lost = LINK_LOST if finished.reason == "link_lost" else 0
    return max([lost, *(error.exit_code for error in errors)])


@dataclass(frozen=True, slots=True)
class Held:
    """A session that was held; `is_cut_short`: by who ends the program, not only the session."""

    done: list[Finished]
    is_cut_short: bool


@dataclass(frozen=True, slots=True)
class _Recording:
    """A session with everybody who is told of it; `direct`, if any, has a virtual wearer act."""

    what: Run
    diary: Diary
    place: Place
    source: Source
    direct: Emit | None = None

    def run(self, on_loop: Callable[[Coroutine[Any, Any, Held]], Held]) -> list[Finished]:
        """Record, and serve the page afterwards until Ctrl-C.

        Who closes the terminal or shuts the computer down is neither asked nor waited for.
        """
        with contextlib.ExitStack() as stack:
            write = stack.enter_context(ThreadedEmitter(self.diary))
            if self.what.page is None:
                return on_loop(self._hold(write, None)).done
            goal, settings = self.what.plan.goals[0], self.what.settings
            view = stack.enter_context(paged(self.what.page, goal, settings, write))
            held = on_loop(self._hold(write, view))
            if held.is_cut_short or not held.done:
                return held.done
            linger(view)
            done, rated = held.done, len(self.diary.rated)
            write.flush()
        asked = asyncio.run(ask_for_rating(done, self.diary)) or len(self.diary.rated) > rated
        if asked and self.what.reports and (words := session_end(done, self.diary)) is not None:
            say_session(words.next_time())
        return done

    async def _hold(self, write: ThreadedEmitter[SessionEvent | Rating], view: SessionView | None) -> Held:
        """Hold the session; while the sensors are disconnected, which takes a while, say what it means."""
        with contextlib.ExitStack() as stack:
            shown = ThreadedEmitter(
                stack.enter_context(
                    shown_session(self.what.settings, quiet=self.what.quiet, reports=self.what.reports)
                )
            )
            heard = stack.enter_context(Aloud()) if self.what.aloud else None
            listeners = [self.direct, view, stack.enter_context(shown), heard, write]
            session = Session(self.source, self.what.plan, self.place, to_all(listeners), self.what.settings)
            try:
                held = await _attended(session, view)
                closing = asyncio.create_task(session.close())
                await asyncio.to_thread(stack.close)
                await asyncio.to_thread(write.flush)
                if view is None and self.diary.sets and not held.is_cut_short:
                    await ask_for_rating(held.done, self.diary)
                self._end(held.done, view)
                await closing
            finally:
                await session.close()
        return held

    def _end(self, done: Sequence[Finished], view: SessionView | None) -> None:
        """Say what the session came to, and show it on the page."""
        words = session_end(done, self.diary) if self.what.reports else None
        if words is None:
            return
        say_session(words)
        if view is not None and len(done) > 1:
            from imu_reps.report.page.page import session_page

            view.end(session_page(words))


async def _attended(session: Session, view: SessionView | None) -> Held:
    """Run a session with somebody at the keyboard, or at the page."""
    keys = {"": session.advance, "p": session.hurt, "d": session.discard}
    listening = [on_line(keys), *([] if view is None else [view.steer(session)])]
    attending = asyncio.gather(*listening)
    try:
        with on_signal(session.stop) as heard:
            done = await session.record()
            return Held(done, is_cut_short=any(number != signal.SIGINT for number in heard))
    finally:
        attending.cancel()
        await asyncio.gather(attending, return_exceptions=True)


def linger(view: SessionView) -> None:
    """Serve the reports, and listen to what is said of the last set, until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        say("The report is on the page. Ctrl-C ends.")
        while True:
            view.obey()
            time.sleep(LOOK_S)


def shown_session(
    settings: Settings, *, quiet: bool, reports: bool = True
) -> contextlib.AbstractContextManager[Emit]:
    """How a session is shown: a panel in a terminal, else plain lines."""
    if quiet or not can_show_panel():
        return contextlib.nullcontext(PlainSession(reports=reports))
    return LiveSession(settings, reports=reports)


def to_all(listeners: Sequence[Emit | None]) -> Emit:
    """Tells all of them."""

    def emit(what: SessionEvent) -> None:
        for one in listeners:
            if one is not None:
                one(what)

    return emit


def _now() -> datetime:
    return datetime.now().astimezone()


class ThreadedEmitter(Generic[T]):
    """Hands what is told to `show`, in order, in a thread of its own; a context manager.

    It never waits: what is not shown yet is shown on leaving. A reader that goes away (a closed pipe, a
    closed terminal) ends the showing, not the recording: the OSError is raised on leaving.

    Parameters
    ----------
    show : callable
    """

    def __init__(self, show: Callable[[T], None]) -> None:
        self._show = show
        self._waiting: queue.Queue[T | None] = queue.Queue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="show", daemon=True)

    def __call__(self, event: T) -> None:
        """Have one thing shown."""
        self._waiting.put(event)

    def flush(self) -> None:
        """Wait until everything is shown."""
        self._waiting.join()

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
        going_on = True
        while going_on:
            event = self._waiting.get()
            going_on = event is not None
            if event is not None and self._failure is None:
                try:
                    self._show(event)
                    sys.stdout.flush()
                except BaseException as failure:  # raised on leaving
                    self._failure = failure
            self._waiting.task_done()
