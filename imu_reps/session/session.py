"""A session: both sensors stay connected while set after set is recorded, with rest between."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imu_reps.domain.cue import Cue
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.errors import RadioError
from imu_reps.sensors.stream_items import Item, LinkChange
from imu_reps.sensors.streams import Streams
from imu_reps.session.lead_in import LeadIn
from imu_reps.session.recorder import Finished, SetRecorder
from imu_reps.session.resting import RunningRest
from imu_reps.session.running_set import LINK_PATIENCE_S, RunningSet
from imu_reps.session.session_events import (
    Connecting,
    Cued,
    DiskRefused,
    Heard,
    LinkTold,
    SetBegan,
    SetDone,
    Told,
)
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.worn import SetIdentity, header
from imu_reps.sources.radio_source import Collector
from imu_reps.storage.file_access import make_folder
from imu_reps.storage.profile import Person


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for whom is recorded.

    Attributes
    ----------
    folder : Path
        Of the files; made if it is not there.
    person : Person
    now : callable
        The date and time, with its zone.
    settings : Settings or None
    simulated : bool
        No person moves.
    """

    folder: Path
    person: Person
    now: Callable[[], datetime]
    settings: Settings | None = None
    simulated: bool = False


class Session:
    """Records the sets of a plan over one `Streams`.

    Parameters
    ----------
    streams : Streams
        Not yet open.
    plan : SessionPlan
    place : Place
    tell : callable
        Told everything as it happens, see `imu_reps.session.session_events`; must not block.
    """

    def __init__(
        self, streams: Streams, plan: SessionPlan, place: Place, tell: Callable[[Told], None]
    ) -> None:
        self._streams = streams
        self._plan = plan
        self._place = place
        self._tell = tell
        self._collector = Collector(streams)
        self._lead_in = LeadIn()
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
        """Connect, record every set, disconnect; gives the sets there are, `without_angles`.

        Raises
        ------
        RadioError
            A sensor cannot be had, or nothing comes any more before a set begins.
        FileAccessError
            The folder or a file cannot be made.
        """
        make_folder(self._place.folder)
        try:
            if not await self._open():
                return []
            return await self._sets()
        finally:
            await self._collector.close()
            await self._streams.close()

    async def _open(self) -> bool:
        """Connect, unless stopped meanwhile."""
        self._tell(Connecting())
        opening = asyncio.create_task(self._streams.open())
        stopping = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not opening.done():
                opening.cancel()
            await asyncio.gather(opening, stopping, return_exceptions=True)
        if opening.cancelled():
            return False
        opening.result()
        return not self._stopped.is_set()

    async def _sets(self) -> list[Finished]:
        done: list[Finished] = []
        session = f"{self._place.now():%Y-%m-%d_%H%M%S}"
        for number, goal in enumerate(self._plan.goals, 1):
            if number > 1:
                await self._rest(number)
            if self._stopped.is_set():
                break
            finished = await self._record(number, goal, session)
            if finished is None:
                break
            self._tell(SetDone(number, len(self._plan.goals), finished))
            done.append(finished.without_angles())
            if finished.reason == "link_lost" or self._stopped.is_set():
                break
        return done

    async def _rest(self, number: int) -> None:
        """Rest before a set, and wait a while for a sensor that is lost."""
        self._advanced = False
        rest = RunningRest(self._plan, number, _now_s())
        while not self._advanced and not self._stopped.is_set():
            now_s, links = _now_s(), self._streams.status()
            if rest.over(now_s, links):
                break
            self._tell(rest.told(now_s, links))
            self._say(rest.cues(now_s, links))
            items = await self._collector.tick()
            self._lead_in.push(items)
            self._tell_links(items, None)
        if self._stopped.is_set():
            self._say(rest.stopped(_now_s(), pain=self._hurts))
        elif rest.move_to is not None:
            self._lead_in.settle("ankle")

    async def _record(self, number: int, goal: SetGoal, session: str) -> Finished | None:
        """Record one set; None if stopped before its first sample."""
        items, lost = self._lead_in.take()
        if not await self._first_samples(items):
            return None
        identity = SetIdentity(self._place.now(), session, number, self._place.simulated)
        recorder = self._begin(identity, goal, lost)
        try:
            running = self._running(recorder, goal)
            reason = await self._until_over(running, items)
            if reason in ("user", "pain"):
                self._say(running.stopped(_now_s(), pain=self._hurts))
            if self._discarded:
                running.discard(_now_s())
            return running.finish(reason, _now_s(), self._streams.status())
        finally:
            recorder.close()

    async def _first_samples(self, items: list[Item]) -> bool:
        """Add what arrives to `items` until there is a sample; False if stopped before."""
        until_s = _now_s() + LINK_PATIENCE_S
        while not any(isinstance(item, SampleBlock) for item in items):
            if self._stopped.is_set():
                return False
            if _now_s() > until_s:
                raise _nothing_sent()
            items += await self._collector.tick()
        return True

    def _begin(self, identity: SetIdentity, goal: SetGoal, lost: Iterable[SensorPlace]) -> SetRecorder:
        """Begin the set's file; a sensor that is lost by now is not counted with."""
        place, number, links = self._place, identity.number, self._streams.status()
        head = header(place.person, goal, identity, links)
        path = free_path(place.folder, identity.created, goal, number)
        there = [sensor for sensor, status in links.items() if status.state == "streaming"]
        recorder = SetRecorder(path, head, place.settings, there or SENSOR_PLACES, lost)
        tap = self._plan.tap and number == 1
        if tap:
            recorder.note("tap", "both", _now_s())
        self._tell(SetBegan(number, len(self._plan.goals), goal, recorder.path, tap))
        return recorder

    def _running(self, recorder: SetRecorder, goal: SetGoal) -> RunningSet:
        floor_deg = self._place.person.floor_deg(goal.exercise, goal.side)
        status, spoken = self._streams.status(), self._plan.spoken
        return RunningSet(recorder, goal, _now_s(), status, floor_deg, spoken)

    async def _until_over(self, running: RunningSet, items: list[Item]) -> str:
        """Record until the set is over; gives the reason."""
        self._advanced = self._discarded = False
        while True:
            self._take(running, items)
            if self._hurts:
                return "pain"
            if (reason := running.over(_now_s())) is not None:
                return reason
            if self._advanced or self._discarded or self._stopped.is_set():
                return "user"
            items = await self._collector.tick()

    def _take(self, running: RunningSet, items: list[Item]) -> None:
        events = running.take(items, _now_s())
        self._lead_in.follow(items)
        self._tell_links(items, running)
        for event in events:
            self._tell(Heard(event))
        self._say(running.cues(events, _now_s()))
        if (error := running.newly_refused()) is not None:
            self._tell(DiskRefused(error))
        self._tell(running.progress(_now_s(), self._streams.status()))

    def _say(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            self._tell(Cued(cue))

    def _tell_links(self, items: Iterable[Item], running: RunningSet | None) -> None:
        for item in items:
            if isinstance(item, LinkChange):
                time_s = None if running is None else running.file_time_s(item.time_s)
                self._tell(LinkTold(item, time_s))


def _nothing_sent() -> RadioError:
    return RadioError(
        f"Neither sensor sent anything for {LINK_PATIENCE_S:.0f} s.",
        hint="Wake both sensors, bring them near this computer, and record again.",
        code="no_stream",
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def free_path(folder: Path, created: datetime, goal: SetGoal, number: int) -> Path:
    """A name for a set's file that is not taken; the file is not made."""
    words = [f"{created:%Y-%m-%d_%H%M%S}", goal.exercise, goal.side, f"set{number}"]
    name = "_".join(word for word in words if word)
    names = itertools.chain([name], (f"{name}_{again}" for again in itertools.count(2)))
    return next(path for name in names if not (path := folder / f"{name}.csv").exists())
