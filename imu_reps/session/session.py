"""A session: one source stays open while set after set is recorded, with rest between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from imu_reps.domain.cue import Cue
from imu_reps.domain.events import Event
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.errors import RadioError
from imu_reps.sensors.stream_items import LinkChange, LinkState, loop_time_s
from imu_reps.session.between_sets import LeadIn, RunningRest
from imu_reps.session.running_set import RunningSet
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
    SetClosed,
    SetDone,
    SetEvent,
    WriteFailed,
    after,
    ended,
)
from imu_reps.session.session_plan import LIMITS, SessionPlan, SetGoal
from imu_reps.session.set_recorder import SetOpener
from imu_reps.sources import Source

log = logging.getLogger("imu_reps.session")

T = TypeVar("T")


class Session:
    """Records the sets of a plan from one source.

    A task of its own writes samples as they arrive. Counting runs in a thread, and nothing waits for it
    however slow it is: the next pass takes all samples that arrived meanwhile, and cues that come too late
    are dropped.

    Parameters
    ----------
    source : Source
        Not yet open.
    open_set : SetOpener
        Opens the recording of each set.
    emit : callable
        Receives every session event (`imu_reps.session.session_events`) as it happens; must not block.
    """

    def __init__(
        self,
        source: Source,
        plan: SessionPlan,
        open_set: SetOpener,
        emit: Callable[[SessionEvent], None],
        settings: Settings | None = None,
    ) -> None:
        self._source = source
        self._plan = plan
        self._open_set = open_set
        self._emit = emit
        self._settings = settings
        self._lead_in = LeadIn()
        self._running: RunningSet | None = None
        # One thread, not the default executor's half a dozen in turn: glibc keeps a heap per thread, and
        # memory freed in one does not serve another, so that over a day of sets all of them grew.
        # https://sourceware.org/glibc/wiki/MallocInternals
        self._counting = DaemonExecutor()
        self._news = asyncio.Event()
        self._last_pass_s = float("-inf")
        self._exhausted = False
        self._closing: asyncio.Future[None] | None = None
        self._stopped = asyncio.Event()
        self._advanced = False
        self._discarded = False
        self._hurts = False

    def advance(self) -> None:
        """End the running set, or the rest before the next one."""
        self._advanced = True

    def discard(self) -> None:
        """End the running set and discard it; without effect during a rest."""
        self._discarded = True

    def hurt(self) -> None:
        """End the running set with the reason ``pain``, and the session with it."""
        self._hurts = True
        self.stop()

    def stop(self) -> None:
        """End the session; the running set is closed and analysed."""
        self._stopped.set()

    async def run(self) -> list[Finished]:
        """Open the source, record every set and close the source; raises as `record`."""
        try:
            return await self.record()
        finally:
            await self.close()

    async def record(self) -> list[Finished]:
        """Open the source and record every set; return the recorded sets, `without_angles`.

        Raises
        ------
        RadioError
            A sensor cannot be connected, or no samples arrive before a set begins.
        FileAccessError
            A file cannot be created.
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
        """Close the source, which takes seconds with a radio; further calls wait for the first."""
        self._closing = self._closing or asyncio.ensure_future(self._source.close())
        await asyncio.shield(self._closing)

    async def _open(self) -> bool:
        """Open the source, emitting `Connecting` as link states change; False if stopped meanwhile."""
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
                await asyncio.wait(
                    {opening, stopping}, timeout=LIMITS.found_s, return_when=asyncio.FIRST_COMPLETED
                )
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
        """Hand arriving items to the running set or the lead-in, until cancelled or the source ends."""
        while items := await self._source.items():
            for item in items:
                if isinstance(item, LinkChange):
                    self._link_changed(item)
            if self._running is None:
                self._lead_in.push(items)
            else:
                self._running.take(items, loop_time_s())
                self._lead_in.follow(items)
            self._news.set()
        self._exhausted = True
        self._news.set()

    async def _tick(self, receiving: asyncio.Task[None]) -> None:
        """Wait until something has arrived, for at most `LIMITS.tick_s`; raise what `receiving` raised."""
        await asyncio.sleep(self._last_pass_s + LIMITS.gather_s - loop_time_s())
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._last_pass_s + LIMITS.tick_s):
                await self._news.wait()
        self._news.clear()
        self._last_pass_s = loop_time_s()
        if receiving.done():
            receiving.result()

    async def _sets(self, receiving: asyncio.Task[None]) -> list[Finished]:
        done: list[Finished] = []
        for number, goal in enumerate(self._plan.goals, 1):
            if number > 1:
                await self._rest(number, receiving)
                if self._hurts:
                    self._hurt_after(done)
            if self._stopped.is_set() or not await self._first_samples(receiving):
                break
            finished = await self._record(number, goal, receiving)
            done.append(finished.without_angles())
            if self._hurts and finished.reason != "pain":  # said while the set was analysed
                self._hurt_after(done)
            if finished.reason == "link_lost" or self._stopped.is_set():
                break
        return done

    def _hurt_after(self, done: Sequence[Finished]) -> None:
        """Tell that it hurt after the last set that was kept."""
        kept = [finished.path for finished in done if not finished.discarded]
        self._emit(HurtAfter((kept or [done[-1].path])[-1]))

    async def _rest(self, number: int, receiving: asyncio.Task[None]) -> None:
        """Run the rest before a set, and wait a while for a lost sensor at its end."""
        self._advanced = False
        rest = RunningRest(self._plan, number, loop_time_s())
        while not self._advanced and not self._stopped.is_set():
            now_s, links = loop_time_s(), self._source.status()
            if rest.over(now_s, links):
                break
            self._emit(rest.event(now_s, links))
            self._say(rest.cues(now_s, links))
            await self._tick(receiving)
        if self._stopped.is_set():
            self._say(rest.stopped(loop_time_s(), pain=self._hurts))
        elif rest.move_to is not None:
            self._lead_in.settle("ankle")

    async def _first_samples(self, receiving: asyncio.Task[None]) -> bool:
        """Wait for samples to begin a set with; False if stopped before."""
        until_s = loop_time_s() + LIMITS.link_patience_s
        while not self._lead_in.has_samples:
            if self._stopped.is_set() or self._exhausted:
                return self._exhausted  # a recording without samples is still a set, if an empty one
            if loop_time_s() > until_s:
                raise _nothing_sent()
            await self._tick(receiving)
        return True

    async def _record(self, number: int, goal: SetGoal, receiving: asyncio.Task[None]) -> Finished:
        """Record one set, from its lead-in to its analysis."""
        running = self._begin(number, goal)
        try:
            reason, counting = await self._until_over(running, receiving)
            await asyncio.sleep(LIMITS.gather_s)  # lets the receiving task take what has arrived by now
            now_s, links = loop_time_s(), self._source.status()
            self._say(running.end("discarded" if self._discarded else reason, now_s))
            self._running = None  # what arrives from here on belongs to the rest
            finished = running.close(reason, now_s, links, discarded=self._discarded)
            self._emit(SetClosed(number, finished.path, reason))
            self._emit(running.progress(now_s, links))
        finally:
            self._running = None
            if running.recorder.file is not None:
                running.recorder.file.close()
        late = [] if counting is None else await counting  # the analysis runs in the same thread, after it
        finished = await self._count(running.with_summary, finished)
        finished = replace(finished, events=(*late, *finished.events))
        state = running.state
        for event in finished.events:
            state = after(state, event)
        if finished.discarded:
            state = ended(state, "discarded")
        log.info("set %d ended: %s", number, finished.reason)
        self._emit(SetDone(number, len(self._plan.goals), finished, state))
        return finished

    def _begin(self, number: int, goal: SetGoal) -> RunningSet:
        """Open the recording of a set and begin it with the lead-in."""
        self._advanced = self._discarded = False
        links, (items, lost) = self._source.status(), self._lead_in.take()
        opened = self._open_set(goal, number, links, lost)
        running = RunningSet(opened, goal, loop_time_s(), links, self._settings, self._plan.spoken)
        tap = self._plan.tap and number == 1
        if tap:
            opened.recorder.note("tap", "both", loop_time_s())
        log.info("set %d begins: %s", number, opened.path)
        self._emit(SetBegan(number, len(self._plan.goals), goal, opened.path, opened.header, tap))
        running.take(items, loop_time_s())
        self._running = running
        return running

    async def _until_over(
        self, running: RunningSet, receiving: asyncio.Task[None]
    ) -> tuple[str, asyncio.Future[list[Event]] | None]:
        """Count until the set is over; a counting pass that hangs does not delay the end.

        Returns the reason, and the unfinished pass, whose events have not been followed, or None.
        """
        watch = _Watch(running, self._emit)
        counting: asyncio.Future[list[Event]] | None = None
        while True:
            if counting is None and running.is_waiting:
                counting = self._count(running.count, running.waiting())
            if counting is not None:
                await asyncio.wait({counting}, timeout=LIMITS.hangs_s)
            now_s, events = loop_time_s(), []
            if counting is not None and counting.done():
                events, counting = counting.result(), None
            for event in events:
                self._emit(SetEvent(event))
            links = self._source.status()
            self._say(running.follow(events, now_s, links))
            watch.look(now_s)
            self._emit(running.progress(now_s, links))
            if (reason := self._over(running, now_s, is_counting=counting is not None)) is not None:
                return reason, counting
            await self._tick(receiving)

    def _count(self, work: Callable[..., T], *args: object) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._counting, work, *args)

    def _over(self, running: RunningSet, now_s: float, *, is_counting: bool) -> str | None:
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
    """Checks a running set for late counting and trouble with its file, and emits a warning for each.

    Late counting and refused writes are reported once, every move of the file.
    """

    def __init__(self, running: RunningSet, emit: Callable[[SessionEvent], None]) -> None:
        self._running = running
        self._file = running.recorder.file
        self._emit = emit
        self._is_late = self._is_refused = False
        self._looked_s = loop_time_s()

    def look(self, now_s: float) -> None:
        """Check, and emit what is new."""
        if self._file is None:  # a replay records nothing
            return
        behind_s = self._running.behind_s(now_s)
        if behind_s > LIMITS.late_s and not self._is_late:
            self._is_late = True
            log.warning("counting is %.1f s behind", behind_s)
            self._emit(CountingLate())
        if now_s >= self._looked_s + LIMITS.look_s:
            self._looked_s = now_s
            was_removed = not self._file.is_held_up
            if (path := self._file.moved()) is not None:
                log.warning(
                    "the file %s; written anew at %s", "is gone or cut" if was_removed else "is stuck", path
                )
                self._emit(FileMoved(path, was_removed))
        if self._file.refused is not None and not self._is_refused:
            self._is_refused = True
            self._emit(WriteFailed(self._file.refused))


def _nothing_sent() -> RadioError:
    return RadioError(
        f"Neither sensor sent anything for {LIMITS.link_patience_s:.0f} s.",
        hint="Wake both sensors, bring them near this computer, and record again.",
        code="no_stream",
    )


P = ParamSpec("P")


class DaemonExecutor(Executor):
    """Runs calls one after the other in a daemon thread, which ends with the program even in mid-call.

    The interpreter joins the threads of `concurrent.futures.ThreadPoolExecutor` before it exits: for ever, if
    one hangs.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="count", daemon=True)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a call and return the future of its result."""
        future: Future[T] = Future()
        self._queue.put((future, partial(fn, *args, **kwargs)))
        if self._thread.ident is None:
            self._thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Let the thread end once the queue is empty."""
        self._queue.put(None)
        if wait and self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while (queued := self._queue.get()) is not None:
            future, work = queued
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as failure:  # raised where the future is awaited
                future.set_exception(failure)
