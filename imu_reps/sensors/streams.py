"""Both sensors in one queue, decoded, in order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from imu_reps.domain.samples import SensorPlace
from imu_reps.sensors.hearing import Hearing
from imu_reps.sensors.inbox import Inbox
from imu_reps.sensors.link import Link
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.stream_items import Item, LinkChange, LinkState, Restarted, SensorStatus, Wanted

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio
    from imu_reps.sensors.found import Found

__all__ = ["Item", "LinkChange", "LinkState", "Restarted", "SensorStatus", "Streams", "Wanted"]

#: A sensor that was found has at least so long to be connected, however long the other took.
MIN_PATIENCE_S = 10.0


class Streams:
    """Both sensors (or one) streaming.

    Parameters
    ----------
    radio : Radio
    wanted : mapping
        What is worn where.
    patience_s : float
        How long `open` goes on trying.
    """

    def __init__(
        self, radio: Radio, wanted: Mapping[SensorPlace, Wanted], *, patience_s: float = 30.0
    ) -> None:
        self._radio = radio
        self._wanted = dict(wanted)
        self._patience_s = patience_s
        self._hearings = {place: Hearing(place, w.family, w.rate_hz) for place, w in self._wanted.items()}
        self._inbox = Inbox(self._hearings)
        self._links = {
            place: Link(place, w, radio, self._inbox, self._hearings[place])
            for place, w in self._wanted.items()
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def open(self) -> None:
        """Find, connect and start all; returns when all really stream.

        One scan for all; connected one after the other: meanwhile `status` says which was heard and which is
        awaited. What arrived until here is not handed out: rates
        were still being set.

        Raises
        ------
        RadioError
            Naming the sensor: ``not_found``, or what `imu_reps.sensors.link.Link.open` and
            `imu_reps.sensors.ble.Radio.scan` raise.
        """
        until_s = asyncio.get_running_loop().time() + self._patience_s
        try:
            found = await self._find()
            await self._open_links(found, until_s)
            await self._all_streaming(until_s)
        except BaseException:
            await self.close()
            raise
        self._begin()

    async def close(self) -> None:
        """Stop and disconnect all, both at once: it takes seconds. What was heard can still be taken."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(link.close() for link in self._links.values()))
        self._inbox.close()

    async def items(self) -> list[Item]:
        """The next items in order of arrival; waits for at least one. After `close` it may be none.

        Successive blocks of one sensor that wait together are joined.
        """
        return await self._inbox.take()

    async def identify(self, place: SensorPlace) -> bool:
        """Have a sensor blink or buzz for a few seconds; False: it cannot, or did not answer."""
        return await self._links[place].identify()

    def status(self) -> dict[SensorPlace, SensorStatus]:
        """How each sensor is doing now."""
        return {place: self._status(place) for place in self._wanted}

    def _status(self, place: SensorPlace) -> SensorStatus:
        hearing = self._hearings[place]
        return SensorStatus(
            state=hearing.state,
            rate_hz=hearing.pace.rate_hz() if hearing.state == "streaming" else None,
            battery_percent=hearing.facts.battery_percent,
            identity=hearing.facts.identity,
            firmware=hearing.facts.firmware,
            rssi_dbm=self._links[place].rssi_dbm,
            samples=hearing.samples,
            lost=hearing.lost,
            damaged=hearing.damaged,
            repeated=hearing.repeated,
            restarts=hearing.restarts,
            dropped=hearing.dropped,
            delay_s=hearing.pace.delay_s() if hearing.state == "streaming" else None,
        )

    async def _find(self) -> dict[SensorPlace, Found]:
        found = await self._radio.scan(self._patience_s, self._all_found)
        by_host = {sensor.host_id: sensor for sensor in found}
        missing = [self._links[p].who for p, wanted in self._wanted.items() if wanted.host_id not in by_host]
        if missing:
            raise radio_error("not_found", " and ".join(missing))
        return {place: by_host[wanted.host_id] for place, wanted in self._wanted.items()}

    def _all_found(self, found: list[Found]) -> bool:
        """Whether every sensor is among those found; the status of each says whether it is."""
        hosts = {sensor.host_id for sensor in found}
        for place, wanted in self._wanted.items():
            if wanted.host_id in hosts and self._hearings[place].state == "awaited":
                self._hearings[place].state = "found"
        return all(wanted.host_id in hosts for wanted in self._wanted.values())

    async def _open_links(self, found: Mapping[SensorPlace, Found], until_s: float) -> None:
        """Connect one after the other; the first is watched while the second is connected."""
        for place, link in self._links.items():
            min_s = asyncio.get_running_loop().time() + MIN_PATIENCE_S
            await link.open(found[place], max(until_s, min_s))
            self._run(link.keep())

    async def _all_streaming(self, until_s: float) -> None:
        """Wait for a sensor that was lost again while the other was connected."""
        loop = asyncio.get_running_loop()
        until_s = max(until_s, loop.time() + MIN_PATIENCE_S)
        while away := [place for place, hearing in self._hearings.items() if hearing.state != "streaming"]:
            if loop.time() > until_s:
                raise radio_error("no_stream", self._links[away[0]].who)
            await asyncio.sleep(0.1)

    def _begin(self) -> None:
        self._inbox.take_waiting()
        for hearing in self._hearings.values():
            hearing.count_anew()

    def _run(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        task.add_done_callback(self._note_failure)
        self._tasks.append(task)

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        """A task that ends by itself has failed: whoever waits for items is told."""
        if not task.cancelled():
            self._inbox.fail(task.exception())
