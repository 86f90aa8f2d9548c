"""A session: one source stays open while set after set is recorded, with rest between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from imu_reps.domain.cue import Cue
from imu_reps.domain.events import Event
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.errors import RadioError
from imu_reps.sensors.stream_items import LinkChange, LinkState
from imu_reps.session.keeping import Keeping
from imu_reps.session.lead_in import LeadIn
from imu_reps.session.resting import RunningRest
from imu_reps.session.running_set import LINK_PATIENCE_S, RunningSet
from imu_reps.session.session_events import (
    Connecting,
    CountingLate,
    Cued,
    FileMoved,
    Finished,
    HurtAfter,
    LinkChanged,
    SessionEvent,
    SetBegan,
    SetDone,
    SetEvent,
    WriteFailed,
)
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_state import after, ended
from imu_reps.sources import Source

log = logging.getLogger("imu_reps.session")

T = TypeVar("T")

#: So long nothing more is counted: taking each sample of a sensor that sends them one by one costs several
#: times what taking two or three together does, and nobody sees or hears the difference.
GATHER_S = 0.01
#: So long at most until it is looked again: what is due by the clock is never later, nor a picture.
TICK_S = 0.03
#: A push is waited for so long (it takes milliseconds); then the set is looked after without it.
HANGS_S = 0.1
#: Counting that is this much behind is told: a count that comes so late is of no use.
LATE_S = 1.0
#: So often it is looked whether the file is still there, and, while connecting, which sensor was heard.
LOOK_S = 1.0
FOUND_S = 0.1


class Session:
    """Records the sets of a plan from one source.

    What arrives is written by a task of its own, at once; counting runs in a thread, and however slow it is,
    nothing waits for it: it takes all that came meanwhile, and what it says too late is not said.

    Parameters
    ----------
    source : Source
        Not yet open.
    plan : SessionPlan
    keeping : Keeping
        What becomes of the sets.
    emit : callable
        Told everything as it happens, see `imu_reps.session.session_events`; must not block.
    settings : Settings, optional
    """

    def __init__(
        self,
        source: Source,
        plan: SessionPlan,
        keeping: Keeping,
        emit: Callable[[SessionEvent], None],
        settings: Settings | None = None,
    ) -> None:
        self._source = source
        self._plan = plan
        self._keeping = keeping
        self._emit = emit
        self._settings = settings
        self._lead_in = LeadIn()
        self._running: RunningSet | None = None
        # One thread for all of it, not the loop's half a dozen in turn: glibc keeps a heap for each, and what
        # one frees serves no other, so that a day of sets grew all of them.
        # https://sourceware.org/glibc/wiki/MallocInternals
        self._counting = ThreadPoolExecutor(1, "count")
        self._news = asyncio.Event()
        self._counted_s = float("-inf")
        self._exhausted = False
        self._closing: asyncio.Future[None] | None = None
        self._stopped = asyncio.Event()
        self._advanced = False
        self._discarded = False
        self._hurts = False

    def advance(self) -> None:
        """End the set that runs, or the rest before the next."""
        self._advanced = True

    def discard(self) -> None:
        """End the set that runs, and have it not count; in a rest nothing is left to discard."""
        self._discarded = True

    def hurt(self) -> None:
        """It hurts: end the set that runs with this reason, and everything with it."""
        self._hurts = True
        self.stop()

    def stop(self) -> None:
        """End everything; what was recorded is closed and summed up."""
        self._stopped.set()

    async def run(self) -> list[Finished]:
        """Open the source, record every set, close; raises as `record`."""
        try:
            return await self.record()
        finally:
            await self.close()

    async def record(self) -> list[Finished]:
        """Open the source and record every set; gives the sets there are, `without_angles`.

        Raises
        ------
        RadioError
            A sensor cannot be had, or nothing comes any more before a set begins.
        FileAccessError
            A file cannot be made.
        """
        if not await self._open():
            return []
        receiving = asyncio.create_task(self._receive())
        try:
            return await self._sets(receiving)
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
            self._counting.shutdown(wait=False)

    async def close(self) -> None:
        """Close the source, which with a radio takes seconds; called again it waits for the same."""
        self._closing = self._closing or asyncio.ensure_future(self._source.close())
        await asyncio.shield(self._closing)

    async def _open(self) -> bool:
        """Open the source and tell how far it is, unless stopped meanwhile."""
        opening = asyncio.create_task(self._source.open())
        stopping = asyncio.create_task(self._stopped.wait())
        before: dict[SensorPlace, LinkState] = {}
        try:
            while not (opening.done() or stopping.done()):
                links = self._source.status()
                states = {place: status.state for place, status in links.items()}
                if states != before and set(states.values()) != {"streaming"}:
                    self._emit(Connecting(links))
                before = states
                await asyncio.wait({opening, stopping}, timeout=FOUND_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not opening.done():
                opening.cancel()
            await asyncio.gather(opening, stopping, return_exceptions=True)
        if opening.cancelled():
            return False
        opening.result()
        return not self._stopped.is_set()

    async def _receive(self) -> None:
        """Stamp and write what arrives; runs until cancelled, or until nothing more will come."""
        while items := await self._source.items():
            for item in items:
                if isinstance(item, LinkChange):
                    self._link_changed(item)
            if self._running is None:
                self._lead_in.push(items)
            else:
                self._running.take(items, _now_s())
                self._lead_in.follow(items)
            self._news.set()
        self._exhausted = True
        self._news.set()

    async def _tick(self, receiving: asyncio.Task[None]) -> None:
        """Return once something has arrived, at the latest after `TICK_S`; raises what receiving did."""
        await asyncio.sleep(self._counted_s + GATHER_S - _now_s())
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._counted_s + TICK_S):
                await self._news.wait()
        self._news.clear()
        self._counted_s = _now_s()
        if receiving.done():
            receiving.result()

    async def _sets(self, receiving: asyncio.Task[None]) -> list[Finished]:
        done: list[Finished] = []
        for number, goal in enumerate(self._plan.goals, 1):
            if number > 1:
                await self._rest(number, receiving)
                if self._hurts:
                    counting = [one.path for one in done if not one.discarded]
                    self._emit(HurtAfter((counting or [done[-1].path])[-1]))
            if self._stopped.is_set() or not await self._first_samples(receiving):
                break
            finished = await self._record(number, goal, receiving)
            done.append(finished.without_angles())
            if finished.reason == "link_lost" or self._stopped.is_set():
                break
        return done

    async def _rest(self, number: int, receiving: asyncio.Task[None]) -> None:
        """Rest before a set, and wait a while for a sensor that is lost."""
        self._advanced = False
        rest = RunningRest(self._plan, number, _now_s())
        while not self._advanced and not self._stopped.is_set():
            now_s, links = _now_s(), self._source.status()
            if rest.over(now_s, links):
                break
            self._emit(rest.event(now_s, links))
            self._say(rest.cues(now_s, links))
            await self._tick(receiving)
        if self._stopped.is_set():
            self._say(rest.stopped(_now_s(), pain=self._hurts))
        elif rest.move_to is not None:
            self._lead_in.settle("ankle")

    async def _first_samples(self, receiving: asyncio.Task[None]) -> bool:
        """Wait until there is a sample to begin with; False if stopped before."""
        until_s = _now_s() + LINK_PATIENCE_S
        while not self._lead_in.has_samples:
            if self._stopped.is_set() or self._exhausted:
                return self._exhausted  # without a sample it is a set of which there is nothing to say
            if _now_s() > until_s:
                raise _nothing_sent()
            await self._tick(receiving)
        return True

    async def _record(self, number: int, goal: SetGoal, receiving: asyncio.Task[None]) -> Finished:
        """Record one set."""
        running = self._begin(number, goal)
        try:
            reason, counting = await self._until_over(running, receiving)
            await asyncio.sleep(GATHER_S)  # what has arrived by now is taken
            now_s, links = _now_s(), self._source.status()
            self._say(running.end("discarded" if self._discarded else reason, now_s))
            self._running = None  # what arrives from here on is of the rest
            finished = running.close(reason, now_s, links, discarded=self._discarded)
            self._emit(running.progress(now_s, links))
        finally:
            self._running = None
            if running.recorder.file is not None:
                running.recorder.file.close()
        told = [] if counting is None else await counting  # summing up has to wait for it, too
        finished = await self._count(running.summed_up, finished)
        finished = replace(finished, events=(*told, *finished.events))
        state = running.state
        for event in finished.events:
            state = after(state, event)
        if finished.discarded:
            state = ended(state, "discarded")
        log.info("set %d ended: %s", number, finished.reason)
        self._emit(SetDone(number, len(self._plan.goals), finished, state))
        return finished

    def _begin(self, number: int, goal: SetGoal) -> RunningSet:
        """Begin a set with its lead-in."""
        self._advanced = self._discarded = False
        links, (items, lost) = self._source.status(), self._lead_in.take()
        begun = self._keeping(goal, number, links, lost)
        running = RunningSet(begun, goal, _now_s(), links, self._settings, self._plan.spoken)
        tap = self._plan.tap and number == 1
        if tap:
            begun.recorder.note("tap", "both", _now_s())
        log.info("set %d begins: %s", number, begun.path)
        self._emit(SetBegan(number, len(self._plan.goals), goal, begun.path, begun.header, tap))
        running.take(items, _now_s())
        self._running = running
        return running

    async def _until_over(
        self, running: RunningSet, receiving: asyncio.Task[None]
    ) -> tuple[str, asyncio.Future[list[Event]] | None]:
        """Count until the set is over, which no counting that hangs puts off.

        Gives the reason, and the counting whose events have not been followed, if there is one.
        """
        watch = _Watch(running, self._emit)
        counting: asyncio.Future[list[Event]] | None = None
        while True:
            if counting is None and running.is_waiting:
                counting = self._count(running.count, running.waiting())
            if counting is not None:
                await asyncio.wait({counting}, timeout=HANGS_S)
            now_s, events = _now_s(), []
            if counting is not None and counting.done():
                events, counting = counting.result(), None
            for event in events:
                self._emit(SetEvent(event))
            self._say(running.follow(events, now_s))
            watch.look(now_s)
            self._emit(running.progress(now_s, self._source.status()))
            if (reason := self._over(running, now_s, is_counting=counting is not None)) is not None:
                return reason, counting
            await self._tick(receiving)

    def _count(self, work: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Have counting's thread work."""
        return asyncio.get_running_loop().run_in_executor(self._counting, work, *args)

    def _over(self, running: RunningSet, now_s: float, *, is_counting: bool) -> str | None:
        """Why the set is over; None while it is not."""
        if self._hurts:
            return "pain"
        if (reason := running.over(now_s)) is not None:
            return reason
        if self._advanced or self._discarded or self._stopped.is_set():
            return "user"
        all_counted = not (is_counting or running.is_waiting)
        return "end_of_recording" if self._exhausted and all_counted else None

    def _say(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            self._emit(Cued(cue))

    def _link_changed(self, change: LinkChange) -> None:
        running = self._running
        self._emit(LinkChanged(change, None if running is None else running.file_time_s(change.time_s)))


class _Watch:
    """Looks after what may go wrong with a running set, and tells it once."""

    def __init__(self, running: RunningSet, emit: Callable[[SessionEvent], None]) -> None:
        self._running = running
        self._file = running.recorder.file
        self._emit = emit
        self._is_late = self._is_refused = False
        self._looked_s = _now_s()

    def look(self, now_s: float) -> None:
        """Tell what is wrong by now."""
        if self._file is None:  # a replay: nothing is recorded, and nothing lost
            return
        behind_s = self._running.behind_s(now_s)
        if behind_s > LATE_S and not self._is_late:
            self._is_late = True
            log.warning("counting is %.1f s behind", behind_s)
            self._emit(CountingLate(behind_s))
        if now_s >= self._looked_s + LOOK_S:
            self._looked_s = now_s
            if (path := self._file.moved()) is not None:
                log.warning("the file was removed; written anew at %s", path)
                self._emit(FileMoved(path))
        if self._file.refused is not None and not self._is_refused:
            self._is_refused = True
            self._emit(WriteFailed(self._file.refused))


def _nothing_sent() -> RadioError:
    return RadioError(
        f"Neither sensor sent anything for {LINK_PATIENCE_S:.0f} s.",
        hint="Wake both sensors, bring them near this computer, and record again.",
        code="no_stream",
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
