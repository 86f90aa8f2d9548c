"""Both sensors as one stream of items in order of arrival; each link is kept, and brought back when lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import RadioError
from imu_reps.sensors.radio_errors import PASSING, radio_error
from imu_reps.sensors.receiver import Inbox, Receiver
from imu_reps.sensors.starting import Starter, take_steps, until
from imu_reps.sensors.stream_items import (
    Item,
    LinkChange,
    LinkState,
    Notification,
    SensorRequest,
    SensorStatus,
    loop_time_s,
)
from imu_reps.sensors.wire import Step

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Connection, Found, Radio

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """When a link counts as silent or lost or its battery as empty, and how it is brought back.

    Attributes
    ----------
    silent_s : float
        Time without samples after which a stream has stopped; the longest stall seen on a working link was
        0.25 s.
    silent_pauses : float
        Least number of usual intervals between notifications in that time, for families that send rarely.
    wake_s : float
        Time limit for waking a silent sensor on the same connection.
    look_every_s : float
        Interval of the watchdog.
    poll_every_s : float
        Interval of battery readings. Every 10 s they would cost a WitMotion up to a hundredth of its samples.
    answer_s : float
        Time limit for the first battery reading; answers take a few connection intervals.
    flat_percent : float
        At this level a coin cell or small lithium cell is about to fail, and the set with it.
    low_percent : float
        From this level down an empty battery is the likely cause of a loss.
    look_s : float
        Length of one scan for a lost sensor; the other sensor may need the radio in between.
    first_pause_s, longest_pause_s : float
        Pauses between attempts grow from the first, which BlueZ needs after a disconnection, to the longest.
    stop_s : float
        Time limit for stopping a stream, so that it does not hold up the end of a set.
    min_patience_s : float
        Least time to connect a sensor that was found, even if the other has used up the patience.
    """

    silent_s: float = 2.0
    silent_pauses: float = 2.0
    wake_s: float = 8.0
    look_every_s: float = 0.25
    poll_every_s: float = 60.0
    answer_s: float = 0.5
    flat_percent: float = 2.0
    low_percent: float = 10.0
    look_s: float = 4.0
    first_pause_s: float = 0.3
    longest_pause_s: float = 4.0
    stop_s: float = 3.0
    min_patience_s: float = 10.0


_LIMITS = LinkLimits()


class Link:
    """The link to one sensor.

    Notifications go to the inbox, which decodes them with `receiver`. `open` connects and starts the sensor,
    `keep` then runs until cancelled and never gives it up, `close` ends the link.

    Attributes
    ----------
    rssi_dbm : int or None
        Signal strength when the sensor was last found.
    """

    def __init__(
        self, place: SensorPlace, request: SensorRequest, radio: Radio, inbox: Inbox, receiver: Receiver
    ) -> None:
        self.rssi_dbm: int | None = None
        self._place = place
        self._request = request
        self._radio = radio
        self._inbox = inbox
        self._receiver = receiver
        self._connection: Connection | None = None
        self._broken = asyncio.Event()
        self._starter = Starter(self.label, request, receiver, self._on_data, self._broken)

    @property
    def label(self) -> str:
        """The sensor as the beginning of a sentence."""
        return f"The {self._place} sensor ({self._request.name or self._request.host_id})"

    async def open(self, found: Found, until_s: float) -> None:
        """Connect and start; returns once the sensor streams at about the requested rate.

        Parameters
        ----------
        until_s : float
            The event loop's time until which failed connections are retried.

        Raises
        ------
        RadioError
            ``connect_failed``, ``not_found``, ``in_use``, ``wrong_device``, ``refused``, ``no_stream``,
            ``too_slow`` or ``battery_flat``.
        """
        while True:
            try:
                await self._connect(found)
                await self._starter.start(self._connected())
                return await self._accept()
            except RadioError as error:
                await self._give_up(error.message)
                left_s = until_s - loop_time_s()
                if error.code not in PASSING or left_s <= 0.0:
                    raise self._named(error) from error
            await asyncio.sleep(_LIMITS.first_pause_s)
            found = await self._radio.find(self._request.host_id, min(_LIMITS.look_s, left_s)) or found

    async def keep(self) -> None:
        """Watch the stream and restore it whenever it is lost; runs until cancelled."""
        while True:
            await self._bring_back(await self._watch())

    async def identify(self) -> bool:
        """Make the sensor blink or buzz; False if it cannot or does not answer, which is no error."""
        steps = self._request.family.identify
        try:
            await self._take(steps)
        except RadioError:
            return False
        return bool(steps)

    async def close(self) -> None:
        """Stop the stream and disconnect."""
        if self._connection and not self._broken.is_set():
            with suppress(RadioError, TimeoutError):
                async with asyncio.timeout(_LIMITS.stop_s):
                    await self._take(self._request.family.stop)
        await self._hang_up()
        self._emit("gone")

    async def _connect(self, found: Found) -> None:
        self.rssi_dbm = found.rssi_dbm
        self._broken.clear()
        self._emit("connecting")
        self._connection = self._radio.connection(found, self._on_lost)
        await self._connection.open()
        self._emit("connected")

    def _on_lost(self) -> None:
        charge = self._receiver.facts.battery_percent
        low = charge is not None and charge <= _LIMITS.low_percent
        self._emit("away", f"its battery was at {charge:.0f} %" if low else "the connection broke")
        self._broken.set()

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def _give_up(self, detail: str | None) -> None:
        """Emit ``away`` with the reason, unless emitted already, and disconnect, which may take long."""
        if self._receiver.state != "away":
            self._emit("away", detail)
        await self._hang_up()

    async def _accept(self) -> None:
        """Reject a sensor that is not the paired one or whose battery is empty."""
        await self._poll()
        await until(lambda: self._receiver.facts.battery_percent is not None, _LIMITS.answer_s, self._broken)
        facts, paired = self._receiver.facts, self._request.identity
        if paired and facts.identity and facts.identity.lower() != paired.lower():
            raise radio_error("wrong_device", self.label, f"it is {facts.identity}, not {paired}")
        if facts.battery_percent is not None and facts.battery_percent <= _LIMITS.flat_percent:
            raise radio_error("battery_flat", self.label, f"{facts.battery_percent:.0f} %")

    async def _watch(self) -> str | None:
        """Return when the link must be made again, with the reason, or None if the connection broke."""
        poll_s = loop_time_s() + _LIMITS.poll_every_s
        while True:
            await until(lambda: False, _LIMITS.look_every_s, self._broken)
            if self._broken.is_set():
                return None
            if self._is_silent() and not await self._wake():
                return "it is connected but sends nothing"
            if loop_time_s() >= poll_s:
                poll_s = loop_time_s() + _LIMITS.poll_every_s
                await self._poll()

    def _is_silent(self) -> bool:
        last_s = self._receiver.last_sample_s or 0.0
        return loop_time_s() - last_s > max(
            _LIMITS.silent_s, _LIMITS.silent_pauses * self._receiver.pace.spacing_s
        )

    async def _wake(self) -> bool:
        """Subscribe and start again on the same connection; True if samples arrive."""
        self._emit("silent", f"nothing for {_LIMITS.silent_s:.0f} s")
        asked_s = loop_time_s()
        with suppress(RadioError, TimeoutError):
            async with asyncio.timeout(_LIMITS.wake_s):
                await self._starter.restart(self._connected())
                await until(
                    lambda: (self._receiver.last_sample_s or 0.0) > asked_s, _LIMITS.silent_s, self._broken
                )
        return (self._receiver.last_sample_s or 0.0) > asked_s

    async def _bring_back(self, detail: str | None) -> None:
        """Try to connect and start until the sensor streams again."""
        pause_s = _LIMITS.first_pause_s
        while True:
            await self._give_up(detail)
            await asyncio.sleep(pause_s)
            pause_s = min(2.0 * pause_s, _LIMITS.longest_pause_s)
            try:
                found = await self._radio.find(self._request.host_id, _LIMITS.look_s)
                if found is None:
                    continue
                await self._connect(found)
                return await self._starter.start(self._connected())
            except RadioError as error:
                _log.warning("%s: not back yet: %s", self.label, error.message)
                detail = error.message

    async def _poll(self) -> None:
        """Ask for the battery level; failures are ignored."""
        with suppress(RadioError):
            await self._take(self._request.family.poll)

    async def _take(self, steps: tuple[Step, ...]) -> None:
        await take_steps(steps, self._connected(), self._on_data)

    def _on_data(self, characteristic: str, data: bytes) -> None:
        """Stamp and queue a notification; runs in the radio's callback."""
        self._inbox.put(Notification(self._place, loop_time_s(), characteristic, data))

    def _connected(self) -> Connection:
        if self._connection is None or self._broken.is_set():
            raise radio_error("connect_failed", self.label, "the connection broke")
        return self._connection

    def _emit(self, state: LinkState, detail: str | None = None) -> None:
        level = logging.WARNING if state in ("away", "silent") else logging.INFO
        _log.log(level, "%s: %s%s", self.label, state, f", {detail}" if detail else "")
        self._inbox.put(LinkChange(self._place, loop_time_s(), state, detail))

    def _named(self, error: RadioError) -> RadioError:
        """Return the error with the sensor's place in its message."""
        if self.label in error.message:
            return error
        return RadioError(f"{self.label}: {error.message}", hint=error.hint, code=error.code)


class Streams:
    """Both sensors (or one), kept streaming: the `Source` of sensors by radio.

    Parameters
    ----------
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
        self._inbox.take_waiting()
        for receiver in self._receivers.values():
            receiver.reset_counts()

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
            min_s = loop_time_s() + _LIMITS.min_patience_s
            await link.open(found[place], max(until_s, min_s))
            self._run(link.keep())

    async def _all_streaming(self, until_s: float) -> None:
        """Wait until all are streaming: one may be lost again while the other is connected."""
        until_s = max(until_s, loop_time_s() + _LIMITS.min_patience_s)
        while away := [place for place, receiver in self._receivers.items() if receiver.state != "streaming"]:
            if loop_time_s() > until_s:
                raise radio_error("no_stream", self._links[away[0]].label)
            await asyncio.sleep(0.1)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._note_failure)
        self._tasks.append(task)

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        """Pass on the exception of a task that ended by itself, to be raised by `items`."""
        if not task.cancelled():
            self._inbox.fail(task.exception())
