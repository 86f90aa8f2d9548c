"""The computer's Bluetooth: scanning, connecting, and one connected sensor.

The only module that speaks to bleak (but for the stand-in of the virtual sensors).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from bleak import BleakAdapter, BleakClient, BleakScanner
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from imu_reps.domain.foreign_text import shown
from imu_reps.errors import RadioError
from imu_reps.sensors.found import Found, as_found, strongest_first
from imu_reps.sensors.radio_errors import PASSING, cause, in_use_by_another, radio_error, words
from imu_reps.sensors.wire import Advertisement, Characteristic

_log = logging.getLogger(__name__)

#: A sensor in reach answers a connection request within its advertising interval, at most a few seconds.
CONNECT_TIMEOUT_S = 10.0
#: A system whose Bluetooth service is being restarted may never answer, and a scan holds up everything else.
#: An answer takes two connection intervals; a link that is breaking holds it up until it is given up.
ANSWER_TIMEOUT_S = 5.0
#: bleak itself waits 10 s for a disconnection to be confirmed.
DISCONNECT_TIMEOUT_S = 12.0
#: Connecting fails now and then for no lasting reason.
CONNECT_TRIES = 3
#: BlueZ answers "Input/output error" to a connection right after a disconnection; this pause cures it.
RECONNECT_PAUSE_S = 0.3
#: How long a sensor that the system has forgotten is looked for again.
RESCAN_S = 5.0
#: What bleak, its backends and the systems under it raise when the radio or the link fails; an assertion
#: is what its Linux backend raises for a call on a link that has just gone.
RADIO_FAILURES = (BleakError, OSError, EOFError, AssertionError)

#: What tells the cause of a failure.
Cause = Callable[[BaseException], str | None]


class Radio:
    """The computer's Bluetooth.

    One lock stands around every scan and every connection attempt: on most systems they disturb each other.

    Parameters
    ----------
    scanner_backend, client_backend, adapter_backend : type, optional
        Backends for bleak instead of the system's own. With another scanner and no adapter, nothing is
        asked about sensors that are connected already.
    adapter : str, optional
        Linux: which adapter, ``hci0``.
    """

    def __init__(
        self,
        *,
        scanner_backend: type[BaseBleakScanner] | None = None,
        client_backend: type[BaseBleakClient] | None = None,
        adapter_backend: type[BaseBleakAdapter] | None = None,
        adapter: str | None = None,
    ) -> None:
        self.lock = asyncio.Lock()
        #: Sensors (host ids) that sent nothing when they were subscribed to for this program alone.
        self.not_alone: set[str] = set()
        self._scanner_backend = scanner_backend
        self._client_backend = client_backend
        self._adapter_backend = adapter_backend
        self._adapter: Any = {"adapter": adapter} if adapter else {}

    async def scan(self, seconds: float, enough: Callable[[list[Found]], bool] | None = None) -> list[Found]:
        """Listen for advertisements.

        Parameters
        ----------
        seconds : float
            How long.
        enough : callable, optional
            Told everything found so far whenever something was heard; True ends the scan.

        Returns
        -------
        list of Found
            Strongest first.

        Raises
        ------
        RadioError
            ``bluetooth_off``, ``no_adapter``, ``no_permission``, ``no_service`` or ``scan_failed``.
        """
        async with self.lock:
            found = await self._scan(seconds, enough)
        _log.info("scan: %d heard", len(found))
        for one in found:
            _log.debug(
                "heard %s, %s dBm, services %s", one.title, one.rssi_dbm, one.advertisement.service_uuids
            )
        return found

    async def _scan(self, seconds: float, enough: Callable[[list[Found]], bool] | None) -> list[Found]:
        found: dict[str, Found] = {}
        done = asyncio.Event()

        def take(sensor: Found) -> None:
            found[sensor.host_id] = sensor
            if enough and enough(strongest_first([*found.values()])):
                done.set()

        def on_advertisement(device: BLEDevice, said: AdvertisementData) -> None:
            take(as_found(device, said, found.get(device.address)))

        with _failures_told("Bluetooth", "scan_failed"):
            scanner = BleakScanner(on_advertisement, backend=self._scanner_backend, bluez=self._adapter)
            async with asyncio.timeout(seconds + ANSWER_TIMEOUT_S), scanner:
                for sensor in await self._connected_already():
                    take(sensor)
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await done.wait()
        return strongest_first([*found.values()])

    async def _connected_already(self) -> list[Found]:
        """Sensors the system holds a connection to: they advertise no more.

        On Linux a program that was killed leaves its sensors connected; they can be taken over.
        """
        if self._scanner_backend is not None and self._adapter_backend is None:
            return []
        with suppress(NotImplementedError, *RADIO_FAILURES):
            adapter = await BleakAdapter.get(bluez=self._adapter, backend=self._adapter_backend)
            held = await adapter.get_connected_devices()
            return [
                Found(one.address, Advertisement(shown(one.name or "") or None), None, one) for one in held
            ]
        return []

    async def find(self, host_id: str, seconds: float) -> Found | None:
        """Listen until the sensor with this host id is heard; None if it is not."""

        def among(sensors: list[Found]) -> Found | None:
            return next((sensor for sensor in sensors if sensor.host_id == host_id), None)

        return among(await self.scan(seconds, lambda sensors: among(sensors) is not None))

    def connection(self, found: Found, lost: Callable[[], None]) -> Connection:
        """A connection to be opened; `lost` is called once if it breaks by itself."""
        return Connection(self, found, lost)

    def client(self, found: Found, disconnected: Callable[[BleakClient], None]) -> BleakClient:
        """A client of bleak for one connection; connecting by what the scan found starts no scan."""
        return BleakClient(
            found.handle,
            disconnected,
            timeout=CONNECT_TIMEOUT_S,
            bluez=self._adapter,
            winrt={"use_cached_services": False},
            backend=self._client_backend,
        )


class Connection:
    """One connected sensor; its reads and writes are serialised.

    Every failure is a `RadioError` that names the sensor: ``connect_failed``, ``not_found``, ``in_use``,
    ``refused``, ``wrong_device`` (it lacks a characteristic), or one of those of `Radio.scan`.
    """

    def __init__(self, radio: Radio, found: Found, lost: Callable[[], None]) -> None:
        self.found = found
        self._radio = radio
        self._lost = lost
        self._client: BleakClient | None = None
        self._one_at_a_time = asyncio.Lock()
        self._subscribed: list[BleakGATTCharacteristic] = []
        self._unheard = False

    async def open(self) -> None:
        """Connect; failures known to need only another try get it."""
        await self.close()
        for tries_left in reversed(range(CONNECT_TRIES)):
            try:
                return await self._connect()
            except RadioError as error:
                _log.warning("%s; %d more tries", error.message, tries_left)
                if not tries_left or error.code not in PASSING:
                    raise
                if error.code == "not_found":
                    self.found = await self._radio.find(self.found.host_id, RESCAN_S) or self.found
            await asyncio.sleep(RECONNECT_PAUSE_S)
        return None

    async def _connect(self) -> None:
        client = self._radio.client(self.found, self._on_disconnected)
        async with self._radio.lock:
            try:
                with _failures_told(self.found.title, "connect_failed"):
                    async with asyncio.timeout(CONNECT_TIMEOUT_S + ANSWER_TIMEOUT_S):
                        await client.connect()
            except BaseException:
                await _disconnect(client)
                raise
        self._client = client
        if not client.is_connected:
            await self.close()
            raise radio_error("connect_failed", self.found.title, "it went away at once")

    def _on_disconnected(self, client: BleakClient) -> None:
        """Tell of a link that broke by itself; what an older client has to say is of no interest."""
        if client is self._client:
            self._doubt()
            self._lost()

    async def close(self) -> None:
        """Disconnect, also a link that broke: BlueZ delivers everything twice to the next one otherwise."""
        client, self._client = self._client, None
        self._subscribed.clear()
        self._unheard = False
        if client is not None:
            await _disconnect(client)

    async def subscribe(self, characteristic: Characteristic, callback: Callable[[str, bytes], None]) -> None:
        """Have `callback(characteristic, data)` called for every notification or indication.

        On Linux for this program alone (BlueZ' AcquireNotify): a second one would double every sample of
        both, and is refused as ``in_use`` so. A few sensors send nothing then, those that notify before
        they have confirmed the subscription (bleak, issue 1885); the next time they are asked plainly.
        """
        client, wanted = self._resolve(characteristic)
        alone = self.found.host_id not in self._radio.not_alone

        def receive(sender: BleakGATTCharacteristic, data: bytearray) -> None:
            if client is self._client:
                self._unheard = False
                callback(sender.uuid.lower(), bytes(data))

        async with self._answering(cause=in_use_by_another if alone else cause):
            await client.start_notify(wanted, receive, bluez={"use_start_notify": not alone})
        _log.debug("subscribed to %s of %s%s", wanted.uuid, self.found.title, " alone" if alone else "")
        self._unheard = self._unheard or (alone and not self._subscribed)
        self._subscribed.append(wanted)

    def _doubt(self) -> None:
        """Remember a sensor that is lost or asked anew and has never said anything to us alone."""
        if self._unheard:
            self._radio.not_alone.add(self.found.host_id)

    async def unsubscribe_all(self) -> None:
        """End every subscription; of one that cannot be ended nothing is said, the link will be closed."""
        self._doubt()
        while self._subscribed:
            wanted = self._subscribed.pop()
            try:
                client = self._connected()
                async with self._answering():
                    await client.stop_notify(wanted)
            except RadioError:
                continue

    async def write(self, characteristic: Characteristic, data: bytes, response: bool) -> None:
        """Write bytes; with `response` wait until the sensor acknowledged them."""
        client, wanted = self._resolve(characteristic)
        async with self._answering():
            await client.write_gatt_char(wanted, data, response=response)

    async def read(self, characteristic: Characteristic) -> tuple[str, bytes]:
        """Read; gives the characteristic's full UUID and what it held."""
        client, wanted = self._resolve(characteristic)
        async with self._answering():
            data = await client.read_gatt_char(wanted)
        return wanted.uuid.lower(), bytes(data)

    def has(self, characteristic: Characteristic) -> str | None:
        """The full UUID of the one the sensor has; None if it has none."""
        one = self._find(characteristic)
        return one.uuid.lower() if one else None

    def _find(self, characteristic: Characteristic) -> BleakGATTCharacteristic | None:
        uuids = (characteristic,) if isinstance(characteristic, str) else characteristic
        with _failures_told(self.found.title, "connect_failed"):
            offered = self._connected().services.characteristics.values()
        return next((one for uuid in uuids for one in offered if one.uuid.lower() == uuid.lower()), None)

    def _resolve(self, characteristic: Characteristic) -> tuple[BleakClient, BleakGATTCharacteristic]:
        wanted = self._find(characteristic)
        if wanted is None:
            raise radio_error("wrong_device", self.found.title, f"it has no {characteristic}")
        return self._connected(), wanted

    def _connected(self) -> BleakClient:
        if self._client is None:
            raise radio_error("connect_failed", self.found.title, "not connected")
        return self._client

    @asynccontextmanager
    async def _answering(self, cause: Cause = cause) -> AsyncIterator[None]:
        """One exchange with the sensor: parallel ones hang on macOS; it must answer in time."""
        async with self._one_at_a_time:
            with _failures_told(self.found.title, "connect_failed", cause):
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    yield


async def _disconnect(client: BleakClient) -> None:
    """Disconnect whatever state the client is in; one that fails at it has no connection left to end."""
    with suppress(*RADIO_FAILURES):
        async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
            await client.disconnect()


@contextmanager
def _failures_told(who: str, otherwise: str, cause: Cause = cause) -> Iterator[None]:
    """Give failures of bleak and of the system as `RadioError`; `otherwise` is the cause if none is known."""
    try:
        yield
    except RADIO_FAILURES as failure:
        _log.debug("%s: %r", who, failure)
        raise radio_error(cause(failure) or otherwise, who, words(failure)) from failure
