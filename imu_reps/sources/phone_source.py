"""Phones as sensors: Sensor Logger pushes to a small HTTP listener here, phyphox is polled.

Untried with real phones; both protocols are as published (see `phone_readings`). The listener accepts only
POST requests with the token in their path, from one phone per sensor, limited in size, number and time;
requests of web pages, which have an Origin header, are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import secrets
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from io import BytesIO

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RadioError, UsageError
from imu_reps.sensors.stream_items import Item, LinkChange, LinkState, Restarted, SensorStatus, loop_time_s
from imu_reps.sources.phone_readings import (
    PHYPHOX,
    PHYPHOX_ACC,
    PHYPHOX_GYR,
    SENSOR_LOGGER,
    PhoneReadings,
    PhoneReceiver,
    phyphox_readings,
    sensor_logger_readings,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PhoneLimits:
    """How much phones may send, and how long they are waited for."""

    #: Limits on a request: size of head and body, time, and number of connections.
    max_head_bytes: int = 16 << 10
    max_body_bytes: int = 2 << 20
    request_s: float = 10.0
    max_connections: int = 16
    #: Interval of requests to phyphox, timeout of each, and interval of checks for new items.
    poll_s: float = 0.1
    answer_s: float = 3.0
    look_s: float = 0.02
    phyphox_port: int = 8080
    #: Time without samples after which a phone is ``away``. Pushed messages come about once a second.
    silent_s: float = 4.0
    #: Time for the person to press start on the phone.
    patience_s: float = 300.0
    #: Length of the queue of items; a session that does not empty it is over.
    max_waiting: int = 1000


LIMITS = PhoneLimits()


@dataclass(frozen=True, slots=True)
class PhoneRequest:
    """A phone to be used as a sensor.

    Attributes
    ----------
    app : str
        `SENSOR_LOGGER` or `PHYPHOX`.
    host, port : str, int
        Address of phyphox's remote access.
    inverted : bool
        Whether acceleration has the opposite sign: Sensor Logger on an iPhone without "Standardise Units &
        Frames".
    """

    app: str
    host: str = ""
    port: int = LIMITS.phyphox_port
    inverted: bool = False


def phone_request(text: str) -> PhoneRequest:
    """Parse ``phone``, ``phone:ios`` or ``phone:HOST[:PORT]``.

    Raises
    ------
    UsageError
        ``bad_phone``.
    """
    word, _, rest = text.partition(":")
    if word == "phone" and rest in ("", "ios"):
        return PhoneRequest(SENSOR_LOGGER, inverted=rest == "ios")
    host, _, port = rest.partition(":")
    plain = host.isascii() and host.replace(".", "").replace("-", "").isalnum() and len(host) <= 253
    port = port or str(LIMITS.phyphox_port)
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    if word != "phone" or not plain or not 0 < number < 65536:
        raise UsageError(
            f"{text!r} is no phone.",
            hint="Say phone (Sensor Logger), phone:ios (the same on an iPhone with its own units), or "
            "phone:192.168.0.42:8080 (phyphox, the address it shows).",
            code="bad_phone",
        )
    return PhoneRequest(PHYPHOX, host, number)


class PhoneSource:
    """Source with one phone per sensor.

    Parameters
    ----------
    phones : mapping of PhoneRequest
        The phone worn at each place.
    address : str
        This machine's address in the network of the phones; Sensor Logger posts to it.
    tell : callable
        Called, once the listener is open, with the URL that each phone with Sensor Logger is to push to.
    patience_s : float
        How long `open` waits for the phones.
    """

    def __init__(
        self,
        phones: Mapping[SensorPlace, PhoneRequest],
        address: str = "127.0.0.1",
        *,
        tell: Callable[[Mapping[SensorPlace, str]], None],
        patience_s: float = LIMITS.patience_s,
    ) -> None:
        self._phones, self._address = dict(phones), address
        self._tell, self._patience_s = tell, patience_s
        self._token = secrets.token_urlsafe(16)
        self._receivers = {place: PhoneReceiver(place) for place in self._phones}
        self._states: dict[SensorPlace, LinkState] = dict.fromkeys(self._phones, "awaited")
        self._last_sample_s: dict[SensorPlace, float] = {}
        self._devices: dict[SensorPlace, str | None] = {}
        self._items: deque[Item] = deque(maxlen=LIMITS.max_waiting)
        self._server: asyncio.Server | None = None
        self._pollers: list[asyncio.Task[None]] = []
        self._requests: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._closed = False

    async def _listen(self) -> dict[SensorPlace, str]:
        """Open the listener and return the URL that each phone with Sensor Logger is to push to."""
        pushing = [place for place, phone in self._phones.items() if phone.app == SENSOR_LOGGER]
        if pushing and self._server is None:
            try:
                self._server = await asyncio.start_server(
                    self._serve, self._address, port=0, limit=LIMITS.max_head_bytes
                )
            except OSError as error:
                raise UsageError(
                    f"Phones cannot be listened to at {self._address}: {error.strerror or error}.",
                    hint="Check the network, and try again.",
                    code="port_taken",
                ) from error
        bound = self._server.sockets[0].getsockname()[1] if self._server is not None else 0
        return {place: f"http://{self._address}:{bound}/{self._token}/{place}" for place in pushing}

    async def open(self) -> None:
        """Open the source; returns once every phone sends both quantities.

        Raises
        ------
        UsageError
            ``port_taken``.
        RadioError
            ``no_phone``: a phone sent nothing in time.
        """
        self._tell(await self._listen())
        self._pollers = [
            asyncio.create_task(self._poll(place, phone))
            for place, phone in self._phones.items()
            if phone.app == PHYPHOX
        ]
        until_s = loop_time_s() + self._patience_s
        while away := [place for place in self._phones if self._states[place] != "streaming"]:
            if loop_time_s() > until_s:
                await self.close()
                raise RadioError(
                    f"Nothing came from the phone at the {' and the '.join(away)}.",
                    hint="Both devices must be in one network, accelerometer (with gravity) and gyroscope "
                    "switched on, and the recording on the phone started.",
                    code="no_phone",
                )
            await asyncio.sleep(LIMITS.poll_s)
        self._items.clear()  # samples of one phone from before the other was ready

    async def items(self) -> list[Item]:
        """Return the next items in order of arrival; empty after `close`."""
        while not self._closed or self._items:
            self._notice_silence()
            if waiting := [self._items.popleft() for _ in range(len(self._items))]:
                return waiting
            await asyncio.sleep(LIMITS.look_s)
        return []

    async def close(self) -> None:
        """Stop polling and listening; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        for task in self._pollers:
            task.cancel()
        await asyncio.gather(*self._pollers, return_exceptions=True)
        if self._server is not None:
            # who is on the way in gets in first: a server of asyncio that is closed leaves it open
            await asyncio.sleep(LIMITS.look_s)
            self._server.close()
        answering = [task for task in self._requests.values() if task is not None]
        for writer in [*self._requests]:
            self._abort(writer)
        await asyncio.gather(*answering, return_exceptions=True)

    def status(self) -> dict[SensorPlace, SensorStatus]:
        """Return the current status of each phone."""
        return {
            place: SensorStatus(
                self._states[place],
                identity=self._devices.get(place),
                samples=self._receivers[place].samples,
                damaged=self._receivers[place].damaged,
                repeated=self._receivers[place].repeated,
            )
            for place in SENSOR_PLACES
            if place in self._phones
        }

    def _take_readings(self, place: SensorPlace, readings: PhoneReadings) -> None:
        """Queue the samples that these readings complete."""
        now_s = loop_time_s()
        block = self._receivers[place].take(readings, now_s)
        if block is None:
            return
        self._last_sample_s[place] = now_s
        self._change(place, "streaming")
        self._items.append(block)

    def _change(self, place: SensorPlace, state: LinkState) -> None:
        before, self._states[place] = self._states[place], state
        if before not in (state, "awaited"):
            _log.info("phone at the %s: %s", place, state)
            self._items.append(LinkChange(place, loop_time_s(), state))

    def _notice_silence(self) -> None:
        for place, last_s in self._last_sample_s.items():
            if self._states[place] == "streaming" and loop_time_s() - last_s > LIMITS.silent_s:
                self._change(place, "away")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close the connection; one too many closes the oldest of the crowd."""
        if len(self._requests) >= LIMITS.max_connections:
            self._abort(_oldest_of_crowd([*self._requests]))
        self._requests[writer] = asyncio.current_task()
        try:
            async with asyncio.timeout(LIMITS.request_s):
                status = await self._answer(reader)
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            _log.debug("a request came to nothing")
        finally:
            self._requests.pop(writer, None)
            writer.close()

    def _abort(self, writer: asyncio.StreamWriter) -> None:
        self._requests.pop(writer, None)
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> str:
        """Read one request and return the status of the answer."""
        line, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        method, _, target = line.decode("latin-1").partition(" ")
        place = self._place(target.partition(" ")[0])
        try:
            headers = http.client.parse_headers(BytesIO(rest))
        except http.client.HTTPException:
            return "400 Bad Request"
        if place is None or "Origin" in headers:
            return "404 Not Found"
        if method != "POST":
            return "405 Method Not Allowed"
        length = headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 10):
            return "411 Length Required"
        if int(length) > LIMITS.max_body_bytes:
            return "413 Content Too Large"
        return self._pushed(place, await reader.readexactly(int(length)))

    def _place(self, target: str) -> SensorPlace | None:
        """Return the place whose path, with the token, this is; None if it is none's."""
        for place, phone in self._phones.items():
            own = f"/{self._token}/{place}".encode()
            if phone.app == SENSOR_LOGGER and compare_digest(target.encode("utf-8", "replace"), own):
                return place
        return None

    def _pushed(self, place: SensorPlace, body: bytes) -> str:
        try:
            readings = sensor_logger_readings(body, inverted=self._phones[place].inverted)
        except ValueError:
            self._receivers[place].damaged += 1
            return "400 Bad Request"
        if self._devices.setdefault(place, readings.device) != readings.device:
            return "409 Conflict"
        self._take_readings(place, readings)
        return "200 OK"

    async def _poll(self, place: SensorPlace, phone: PhoneRequest) -> None:
        """Start phyphox's measurement and poll for new readings until cancelled."""
        reached: tuple[float, float] | None = None
        await self._ask(place, phone, "/control?cmd=start")
        while True:
            body = await self._ask(place, phone, _query(reached))
            await asyncio.sleep(LIMITS.poll_s)
            if body is None:
                continue
            try:
                readings = phyphox_readings(body)
            except ValueError:
                self._receivers[place].damaged += 1
                continue
            reached = self._follow(place, readings, reached)

    def _follow(
        self, place: SensorPlace, readings: PhoneReadings, reached: tuple[float, float] | None
    ) -> tuple[float, float] | None:
        """Queue readings and return the newest time of each quantity; None to ask for the newest again."""
        acc_s, gyr_s = (float(rows[-1, 0]) if len(rows) else None for rows in (readings.acc, readings.gyr))
        if reached is None:
            if acc_s is None or gyr_s is None:
                return None
            if acc_s < self._receivers[place].reached_s:
                self._receivers[place].restart()
                self._items.append(Restarted(place, loop_time_s()))
            return acc_s, gyr_s
        self._take_readings(place, readings)
        silent_s = loop_time_s() - self._last_sample_s.get(place, loop_time_s())
        if acc_s is None and gyr_s is None and silent_s > LIMITS.silent_s / 2:
            return None  # cleared on the phone, or paused
        return (reached[0] if acc_s is None else acc_s, reached[1] if gyr_s is None else gyr_s)

    async def _ask(self, place: SensorPlace, phone: PhoneRequest, path: str) -> bytes | None:
        """Return phyphox's answer; None if there is none."""
        try:
            return await asyncio.to_thread(_get, phone, path)
        except (OSError, http.client.HTTPException) as error:
            _log.debug("phyphox at the %s: %s", place, error)
            await asyncio.sleep(LIMITS.poll_s)
            return None


def _query(reached: tuple[float, float] | None) -> str:
    """Return the request for the newest value of each buffer or, with `reached`, for all newer ones."""
    parts = []
    for names, since in zip((PHYPHOX_ACC, PHYPHOX_GYR), reached or (None, None), strict=True):
        for name in names:
            threshold = (
                "" if since is None else f"={since!r}" + ("" if name == names[0] else f"%7C{names[0]}")
            )
            parts.append(f"{name}{threshold}")
    return "/get?" + "&".join(parts)


def _get(phone: PhoneRequest, path: str) -> bytes:
    """Send one GET request; redirections are not followed, and the size of the answer is limited.

    Raises
    ------
    OSError, http.client.HTTPException
        The phone does not answer, or its answer is not usable.
    """
    with contextlib.closing(
        http.client.HTTPConnection(phone.host, phone.port, timeout=LIMITS.answer_s)
    ) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(LIMITS.max_body_bytes + 1)
    if answer.status != 200 or len(body) > LIMITS.max_body_bytes:
        raise http.client.HTTPException(f"status {answer.status}, {len(body)} bytes")
    return body


def _oldest_of_crowd(writers: list[asyncio.StreamWriter]) -> asyncio.StreamWriter:
    """Return the oldest connection of the address that has most: a crowd displaces only itself."""
    addresses = [str((writer.get_extra_info("peername") or [""])[0]) for writer in writers]
    crowds = Counter(addresses)
    return writers[addresses.index(max(crowds, key=crowds.__getitem__))]
