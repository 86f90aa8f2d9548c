"""Run a recording session over Bluetooth, with phones, or in a virtual world."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
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

from imu_reps.cli.console import echo, echo_error, what_ends
from imu_reps.cli.record.keys import on_line, on_signal
from imu_reps.cli.record.panel import LiveSession, can_show_panel
from imu_reps.cli.record.plain_session import PlainSession, ask_for_rating, echo_session, session_end
from imu_reps.cli.session_options import PageOptions, page_server
from imu_reps.cli.shared_options import computer_radio
from imu_reps.cli.speech import CueSpeaker
from imu_reps.domain.settings import Settings
from imu_reps.errors import RadioError
from imu_reps.session.diary import Diary
from imu_reps.session.session import Session
from imu_reps.session.session_events import Finished, Rating, SessionEvent
from imu_reps.session.session_plan import SessionPlan
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.sources import Source, sensor_requests
from imu_reps.storage.folders import default_folder
from imu_reps.storage.profile import PairedSensor, Person, load_profiles

if TYPE_CHECKING:
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.sim.wearer import SetPlan
    from imu_reps.web.session_view import SessionView

T = TypeVar("T")
Emit = Callable[[SessionEvent], None]

#: Longest wait for a terminal or pipe that takes nothing; a slow one takes a line in much less.
PATIENCE_S = 5.0
#: Interval of checks of a display that is to end.
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """What is recorded and how it is shown.

    `folder` None is the default folder; `page` None is no page; without `reports` the caller reports sets and
    session itself; `aloud` plays tones and speech.
    """

    plan: SessionPlan
    folder: Path | None
    settings: Settings
    quiet: bool
    page: PageOptions | None = None
    reports: bool = True
    aloud: bool = False


def run_with_sensors(run: Run, name: str | None) -> list[Finished]:
    """Record with a person's sensors, store the sets, and report."""
    from imu_reps.sensors.streams import Streams

    profiles = load_profiles()
    person = profiles.person(name)
    if name is None and len(profiles.persons) > 1:
        echo(f"The sets are {person.name}'s. Another person: --person NAME ({profiles.names()}).")
    folder = SessionFolder(run.folder or default_folder(), person, _now)
    source = Streams(computer_radio(), sensor_requests(person))
    return _SessionRun(run, Diary(echo_error), folder, source).run(asyncio.run)


def run_with_phones(run: Run, name: str | None, phones: Mapping[SensorPlace, str]) -> list[Finished]:
    """Record with phones as sensors, and store the sets."""
    from imu_reps.sources.phone_readings import SENSOR_LOGGER
    from imu_reps.sources.phone_source import PhoneSource, phone_request
    from imu_reps.web.server import network_address

    requests = {place: phone_request(text) for place, text in phones.items()}
    profiles = load_profiles()
    worn = {place: PairedSensor(phone.app, phone.host or "phone", 0.0) for place, phone in requests.items()}
    known = profiles.find(name or profiles.default or "")
    person = Person(
        known.name if known is not None else name or "me",
        worn.get("pelvis", worn["ankle"]),
        worn["ankle"],
        floors={} if known is None else known.floors,
    )
    echo("Phones as sensors have not been tried with real phones: check what is counted.")
    needs_address = any(phone.app == SENSOR_LOGGER for phone in requests.values())
    source = PhoneSource(requests, network_address() if needs_address else "", tell=_say_addresses)
    folder = SessionFolder(run.folder or default_folder(), person, _now)
    return _SessionRun(run, Diary(echo_error), folder, source).run(asyncio.run)


def _say_addresses(addresses: Mapping[SensorPlace, str]) -> None:
    for place, address in addresses.items():
        echo(f"Sensor Logger at the {place}: Settings, Data Streaming, HTTP Push to {address}")
        echo(
            "  with Standardise Units & Frames, Gyroscope, Total Acceleration (or Accelerometer and Gravity)"
        )


def run_virtually(run: Run, family: str, plans: Sequence[SetPlan], speed: float) -> list[Finished]:
    """Record in a virtual world, at `speed` times real time; 0 is as fast as possible."""
    from imu_reps.session.rehearsal import direct
    from imu_reps.sim.radio import fast_loop
    from imu_reps.sources.virtual_source import VirtualSource, VirtualWorld

    world = VirtualWorld(family, plans)
    echo("Virtual sensors: nobody moves, and the file says so.")
    folder = SessionFolder(run.folder or default_folder(), world.person, _now, simulated=True)
    diary = Diary(echo_error, remembers=False)
    act = partial(direct, world, spoken=run.plan.spoken)
    recording = _SessionRun(run, diary, folder, VirtualSource(world), act)
    return recording.run(partial(fast_loop.run, speed=speed or None))


def exit_code(done: Sequence[Finished]) -> int:
    """Return the highest exit code of the sets; 130, as for Ctrl-C, if there was none."""
    if not done:
        echo("Nothing was recorded.")
        return 130
    return max(map(exit_code_of, done))


def exit_code_of(finished: Finished) -> int:
    """Return the exit code of a set."""
    unusable = None if finished.discarded else finished.unusable
    errors = [error for error in (finished.unwritten, unusable) if error is not None]
    lost = RadioError.exit_code if finished.reason == "link_lost" else 0
    return max([lost, *(error.exit_code for error in errors)])


@dataclass(frozen=True, slots=True)
class SessionResult:
    """Sets of a session; `is_cut_short` if a signal ended the program, not only the session."""

    done: list[Finished]
    is_cut_short: bool


@dataclass(frozen=True, slots=True)
class _SessionRun:
    """A session with all its listeners; `direct`, if any, drives the virtual wearer."""

    what: Run
    diary: Diary
    folder: SessionFolder
    source: Source
    direct: Emit | None = None

    def run(self, on_loop: Callable[[Coroutine[Any, Any, SessionResult]], SessionResult]) -> list[Finished]:
        """Record, and serve the page afterwards until Ctrl-C.

        After a closed terminal or a shutdown it neither prompts nor waits.
        """
        _import_before_threads()
        with contextlib.ExitStack() as stack:
            write = stack.enter_context(ThreadedEmitter(contextlib.nullcontext(self.diary)))
            if self.what.page is None:
                return on_loop(self._hold(write, None)).done
            goal, settings = self.what.plan.goals[0], self.what.settings
            view = stack.enter_context(page_server(self.what.page, goal, settings, write))
            self.diary.stored = view.ask
            held = on_loop(self._hold(write, view))
            if held.is_cut_short or not held.done:
                return held.done
            _serve_until_interrupted(view)
            done, rated = held.done, len(self.diary.rated)
            write.flush()
        rated_now = asyncio.run(ask_for_rating(done, self.diary)) or len(self.diary.rated) > rated
        if rated_now and self.what.reports and (words := session_end(done, self.diary)) is not None:
            echo_session(words.next_time())
        return done

    async def _hold(
        self, write: ThreadedEmitter[SessionEvent | Rating], view: SessionView | None
    ) -> SessionResult:
        """Run the session; report while the sensors disconnect, which takes a while."""
        with contextlib.ExitStack() as stack:
            display = session_display(self.what.settings, quiet=self.what.quiet, reports=self.what.reports)
            shown = stack.enter_context(ThreadedEmitter(display, PATIENCE_S))
            voice = stack.enter_context(CueSpeaker()) if self.what.aloud else None
            emit = broadcast([self.direct, view, shown, voice, write])
            session = Session(self.source, self.what.plan, self.folder, emit, self.what.settings)
            steering = asyncio.create_task(asyncio.sleep(0) if view is None else view.steer(session))
            try:
                held = await _record_with_keys(session)
                closing = asyncio.create_task(session.close())
                await asyncio.to_thread(stack.close)
                await asyncio.to_thread(write.flush)
                if view is None and self.diary.sets and not held.is_cut_short:
                    await ask_for_rating(held.done, self.diary)
                self._end(held.done, view)
                await closing
            finally:
                steering.cancel()
                if view is not None:
                    view.obey()  # what was said last
                await session.close()
        return held

    def _end(self, done: Sequence[Finished], view: SessionView | None) -> None:
        """Print the session's summary, and show it on the page."""
        words = session_end(done, self.diary) if self.what.reports else None
        if words is None:
            return
        echo_session(words)
        if view is not None and len(done) > 1:
            from imu_reps.report.page.page import session_page

            view.end(session_page(words))


async def _record_with_keys(session: Session) -> SessionResult:
    attending = asyncio.create_task(on_line({"": session.advance, "p": session.hurt, "d": session.discard}))
    try:
        with on_signal(session.stop) as voice:
            done = await session.record()
            return SessionResult(done, is_cut_short=any(number != signal.SIGINT for number in voice))
    finally:
        attending.cancel()
        await asyncio.gather(attending, return_exceptions=True)


def _serve_until_interrupted(view: SessionView) -> None:
    """Serve the reports and take ratings of the last set until Ctrl-C."""
    try:
        with contextlib.suppress(KeyboardInterrupt):
            echo(f"The report is on the page. {what_ends()} ends.")
            while True:
                view.obey()
                time.sleep(0.1)
    finally:
        view.obey()  # what was said last


def _import_before_threads() -> None:
    """Import what the threads of diary and display need.

    Two that import at once can wait for each other for ever in Python 3.11
    (https://github.com/python/cpython/issues/106176): the set was stored, and the program never ended.
    """
    import pandas  # noqa: F401
    from rich.cells import cell_len

    cell_len("あ")  # loads the widths of wide characters


def session_display(
    settings: Settings, *, quiet: bool, reports: bool
) -> contextlib.AbstractContextManager[Emit]:
    """Return the display of a session: a panel in a terminal, else plain lines."""
    if quiet or not can_show_panel():
        return contextlib.nullcontext(PlainSession(reports=reports))
    return LiveSession(settings, reports=reports)


def broadcast(listeners: Sequence[Emit | None]) -> Emit:
    """Return a function that passes an event to all listeners."""

    def emit(what: SessionEvent) -> None:
        for one in listeners:
            if one is not None:
                one(what)

    return emit


def _now() -> datetime:
    return datetime.now().astimezone()


class ThreadedEmitter(Generic[T]):
    """Show events, in order, in a thread of its own; a context manager.

    Calls never block; pending events are shown on exit. A closed pipe or terminal ends the display, not the
    recording: the OSError is raised on exit. One that takes nothing any more (Ctrl-S, a reader that stopped)
    is given up on exit: what the program prints afterwards goes nowhere, as it would wait for ever, too.

    Parameters
    ----------
    display : context manager
        Entered and left in that thread; yields the function that shows an event.
    patience_s : float or None
        Longest wait on exit in which nothing is shown; None: as long as it takes.
    """

    def __init__(
        self,
        display: contextlib.AbstractContextManager[Callable[[T], None]],
        patience_s: float | None = None,
    ) -> None:
        self._display = display
        self._patience_s = math.inf if patience_s is None else patience_s
        self._waiting: queue.Queue[T | None] = queue.Queue()
        self._failure: BaseException | None = None
        self._shown_s = 0.0
        self._thread = threading.Thread(target=self._run, name="show", daemon=True)

    def __call__(self, event: T) -> None:
        """Queue one event."""
        self._waiting.put(event)

    def flush(self) -> None:
        """Wait until all queued events are shown."""
        self._waiting.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._shown_s = time.monotonic()
        while self._thread.is_alive():
            self._thread.join(LOOK_S)
            if time.monotonic() > self._shown_s + self._patience_s:
                sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
                return
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        ended = False
        try:
            with self._display as show:
                self._pass_on(show)
                ended = True
        except BaseException as failure:  # raised on exit
            self._failure = failure
        if not ended:
            self._pass_on(lambda event: None)  # noqa: ARG005 - so that nobody waits in `flush`

    def _pass_on(self, show: Callable[[T], None]) -> None:
        """Show events until the last one."""
        while True:
            event = self._waiting.get()
            try:
                if event is None:
                    return
                show(event)
                self._shown_s = time.monotonic()
            finally:
                self._waiting.task_done()
