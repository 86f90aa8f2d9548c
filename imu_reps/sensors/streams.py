"""Both sensors as one stream of decoded items, in order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from imu_reps.domain.samples import SensorPlace
from imu_reps.sensors.link import Link
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.receiver import Inbox, Receiver
from imu_reps.sensors.stream_items import (
    Item,
    SensorRequest,
    SensorStatus,
    loop_time_s,
)

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Found, Radio

#: Least time to connect a sensor that was found, even if the other has used up the patience.
MIN_PATIENCE_S = 10.0


class Streams:
    """Both sensors (or one), kept streaming: the `Source` of sensors by radio.

    Parameters
    ----------
    radio : Radio
    requests : mapping of SensorRequest
        The sensor to connect at each place.
    patience_s : float
        How long `open` keeps trying.
    """

    def __init__(
        self, radio: Radio, requests: Mapping[SensorPlace, SensorRequest], *, patience_s: float = 30.0
    ) -> None:
        self._radio = radio
        self._requests = dict(requests)
        self._patience_s = patience_s
        self._receivers = {
            place: Receiver(place, request.family, request.rate_hz)
            for place, request in self._requests.items()
        }
        self._inbox = Inbox(self._receivers)
        self._links = {
            place: Link(place, request, radio, self._inbox, self._receivers[place])
            for place, request in self._requests.items()
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def open(self) -> None:
        """Find, connect and start all sensors; returns once all are streaming.

        One scan finds all sensors, which are then connected one after the other; meanwhile `status` shows
        which have been found. Samples that arrive during this time are discarded, as rates are still being
        set.

        Raises
        ------
        RadioError
            ``not_found``, or as `Link.open` and `imu_reps.sensors.ble.Radio.scan`; the
            message names the sensor.
        """
        until_s = loop_time_s() + self._patience_s
        try:
            found = await self._find()
            await self._open_links(found, until_s)
            await self._all_streaming(until_s)
        except BaseException:
            await self.close()
            raise
        self._begin()

    async def close(self) -> None:
        """Stop and disconnect all sensors at once, as it takes seconds; queued items remain available."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(link.close() for link in self._links.values()))
        self._inbox.close()

    async def items(self) -> list[Item]:
        """Return the next items in order of arrival, waiting for at least one; after `close` possibly none.

        Successive blocks of one sensor that wait together are joined.
        """
        return await self._inbox.take()

    async def identify(self, place: SensorPlace) -> bool:
        """Make a sensor blink or buzz for a few seconds; False if it cannot or does not answer."""
        return await self._links[place].identify()

    def status(self) -> dict[SensorPlace, SensorStatus]:
        """Return the current status of each sensor."""
        return {place: self._status(place) for place in self._requests}

    def _status(self, place: SensorPlace) -> SensorStatus:
        receiver = self._receivers[place]
        return SensorStatus(
            state=receiver.state,
            rate_hz=receiver.pace.rate_hz() if receiver.state == "streaming" else None,
            battery_percent=receiver.facts.battery_percent,
            identity=receiver.facts.identity,
            firmware=receiver.facts.firmware,
            rssi_dbm=self._links[place].rssi_dbm,
            samples=receiver.samples,
            lost=receiver.lost,
            damaged=receiver.damaged,
            repeated=receiver.repeated,
            restarts=receiver.restarts,
            dropped=receiver.dropped,
            delay_s=receiver.pace.delay_s() if receiver.state == "streaming" else None,
        )

    async def _find(self) -> dict[SensorPlace, Found]:
        found = await self._radio.scan(self._patience_s, self._all_found)
        by_host = {sensor.host_id: sensor for sensor in found}
        missing = [
            self._links[p].label for p, request in self._requests.items() if request.host_id not in by_host
        ]
        if missing:
            raise radio_error("not_found", " and ".join(missing))
        return {place: by_host[request.host_id] for place, request in self._requests.items()}

    def _all_found(self, found: list[Found]) -> bool:
        """Whether every sensor is among those found; sets the state of each one that is."""
        hosts = {sensor.host_id for sensor in found}
        for place, request in self._requests.items():
            if request.host_id in hosts and self._receivers[place].state == "awaited":
                self._receivers[place].state = "found"
        return all(request.host_id in hosts for request in self._requests.values())

    async def _open_links(self, found: Mapping[SensorPlace, Found], until_s: float) -> None:
        """Connect one sensor after the other, watching those already connected."""
        for place, link in self._links.items():
            min_s = loop_time_s() + MIN_PATIENCE_S
            await link.open(found[place], max(until_s, min_s))
            self._run(link.keep())

    async def _all_streaming(self, until_s: float) -> None:
        """Wait until all are streaming: one may be lost again while the other is connected."""
        until_s = max(until_s, loop_time_s() + MIN_PATIENCE_S)
        while away := [place for place, receiver in self._receivers.items() if receiver.state != "streaming"]:
            if loop_time_s() > until_s:
                raise radio_error("no_stream", self._links[away[0]].label)
            await asyncio.sleep(0.1)

    def _begin(self) -> None:
        self._inbox.take_waiting()
        for receiver in self._receivers.values():
            receiver.reset_counts()

    def _run(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        task.add_done_callback(self._note_failure)
        self._tasks.append(task)

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        """Pass on the exception of a task that ended by itself, to be raised by `items`."""
        if not task.cancelled():
            self._inbox.fail(task.exception())
