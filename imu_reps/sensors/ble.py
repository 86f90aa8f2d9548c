"""The computer's Bluetooth: scanning, connecting, and one connected sensor.

The only module that uses bleak, apart from the backend of the virtual sensors.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from bleak import BleakAdapter, BleakClient, BleakScanner
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from imu_reps.domain.untrusted import printable
from imu_reps.errors import RadioError
from imu_reps.sensors.radio_errors import PASSING, cause, in_use_by_another, radio_error, words
from imu_reps.sensors.wire import Advertisement, Characteristic

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BluetoothLimits:
    """Timeouts and retries of the computer's Bluetooth.

    Attributes
    ----------
    connect_timeout_s : float
        Timeout of a connection. A sensor in reach answers within its advertising interval, at most a few
        seconds.
    answer_timeout_s : float
        Timeout of one exchange. An answer takes two connection intervals; on a breaking link it is held up
        until the link is given up. A system whose Bluetooth service is being restarted may never answer, and
        a scan holds up everything else.
    disconnect_timeout_s : float
        Timeout of a disconnection; bleak itself waits 10 s for its confirmation.
    connect_tries : int
        Attempts to connect, as some fail for a passing reason.
    reconnect_pause_s : float
        Pause before the next attempt: BlueZ answers "Input/output error" to a connection right after a
        disconnection.
    rescan_s : float
        Length of the scan for a sensor that the system no longer knows.
    """

    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 5.0
    disconnect_timeout_s: float = 12.0
    connect_tries: int = 3
    reconnect_pause_s: float = 0.3
    rescan_s: float = 5.0


_LIMITS = BluetoothLimits()

#: Values of the signal strength that mean "unknown" on Linux and macOS.
NO_RSSI = (-127, 127)

try:
    from dbus_fast.errors import DBusFastError as _BusError  # what bleak's Linux backend talks to BlueZ with
except ImportError:
    _BusError = BleakError  # type: ignore[assignment, misc]

#: Exceptions of bleak, its backends and the operating systems when the radio or the link fails. The Linux
#: backend raises AssertionError for a call on a link that has just been lost.
RADIO_FAILURES = (BleakError, _BusError, OSError, EOFError, AssertionError)

#: Returns the code of an exception's cause (`radio_errors.TROUBLES`), or None if it is unknown.
Cause = Callable[[BaseException], str | None]


@dataclass(frozen=True, slots=True)
class Found:
    """A sensor found by a scan.

    Attributes
    ----------
    host_id : str
        Its address; on macOS the id given to it by this computer.
    rssi_dbm : int or None
        Signal strength; None if unknown.
    handle : Any
        bleak's device, for connecting.
    is_connected : bool
        Whether the system is connected to it already, maybe for another program.
    """

    host_id: str
    advertisement: Advertisement
    rssi_dbm: int | None
    handle: Any
    is_connected: bool = False

    @property
    def title(self) -> str:
        """Name and host id, for messages."""
        return f"{self.advertisement.name or 'The sensor'} ({self.host_id})"


class Radio:
    """The computer's Bluetooth.

    One lock covers every scan and every connection attempt: on most systems they disturb each other.

    Parameters
    ----------
    scanner_backend, client_backend, adapter_backend : type, optional
        Backends for bleak instead of the system's own. With another scanner but no adapter, sensors that are
        already connected are not looked for.
    adapter : str, optional
        Linux only: name of the adapter, such as ``hci0``.
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
        #: Host ids of sensors that sent nothing after an exclusive subscription.
        self.no_exclusive: set[str] = set()
        self._scanner_backend = scanner_backend
        self._client_backend = client_backend
        self._adapter_backend = adapter_backend
        self._adapter: Any = {"adapter": adapter} if adapter else {}

    async def scan(self, seconds: float, enough: Callable[[list[Found]], bool] | None = None) -> list[Found]:
        """Listen for advertisements.

        Parameters
        ----------
        seconds : float
            Longest duration.
        enough : callable, optional
            Called with all sensors found so far at every advertisement; True ends the scan.

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
        for sensor in found:
            services = sensor.advertisement.service_uuids
            _log.debug("heard %s, %s dBm, services %s", sensor.title, sensor.rssi_dbm, services)
        return found

    async def _scan(self, seconds: float, enough: Callable[[list[Found]], bool] | None) -> list[Found]:
        found: dict[str, Found] = {}
        done = asyncio.Event()

        def take(sensor: Found) -> None:
            found[sensor.host_id] = sensor
            if enough and enough(_strongest_first(found)):
                done.set()

        def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
            take(_as_found(device, data, found.get(device.address)))

        with _as_radio_errors("Bluetooth", "scan_failed"):
            scanner = BleakScanner(on_advertisement, backend=self._scanner_backend, bluez=self._adapter)
            async with asyncio.timeout(seconds + _LIMITS.answer_timeout_s), scanner:
                for sensor in await self._connected_already():
                    take(sensor)
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await done.wait()
        return _strongest_first(found)

    async def _connected_already(self) -> list[Found]:
        """Return sensors the system is connected to, which therefore do not advertise.

        On Linux a program that was killed leaves its sensors connected; they can be taken over.
        """
        if self._scanner_backend is not None and self._adapter_backend is None:
            return []
        with suppress(NotImplementedError, *RADIO_FAILURES):
            adapter = await BleakAdapter.get(bluez=self._adapter, backend=self._adapter_backend)
            return [_as_connected(device) for device in await adapter.get_connected_devices()]
        return []

    async def find(self, host_id: str, seconds: float) -> Found | None:
        """Scan until the sensor with this host id is found; None if it is not."""

        def match(sensors: list[Found]) -> Found | None:
            return next((sensor for sensor in sensors if sensor.host_id == host_id), None)

        return match(await self.scan(seconds, lambda sensors: match(sensors) is not None))

    def connection(self, found: Found, lost: Callable[[], None]) -> Connection:
        """Return a connection, not yet open; `lost` is called once if it breaks by itself."""
        return Connection(self, found, lost)

    def client(self, found: Found, disconnected: Callable[[BleakClient], None]) -> BleakClient:
        """Return bleak's client for one connection; with the handle from the scan it starts no other scan."""
        return BleakClient(
            found.handle,
            disconnected,
            timeout=_LIMITS.connect_timeout_s,
            bluez=self._adapter,
            winrt={"use_cached_services": False},
            backend=self._client_backend,
        )


def _as_found(device: Any, data: Any, before: Found | None) -> Found:
    """Convert bleak's device and advertisement data.

    Parts known from an earlier packet (`before`) are kept, such as a name that only a scan response has.
    """
    known = before.advertisement if before else Advertisement()
    advertisement = Advertisement(
        printable(data.local_name or known.name or device.name or "") or None,
        tuple(dict.fromkeys((*known.service_uuids, *(uuid.lower() for uuid in data.service_uuids)))),
        tuple(dict.fromkeys((*known.company_ids, *data.manufacturer_data))),
    )
    return Found(device.address, advertisement, None if data.rssi in NO_RSSI else data.rssi, device)


def _as_connected(device: BLEDevice) -> Found:
    """Convert a device that is connected already; on Linux its services are known, and with them its kind."""
    known = device.details.get("props", {}) if isinstance(device.details, dict) else {}
    advertisement = Advertisement(
        printable(device.name or "") or None,
        tuple(uuid.lower() for uuid in known.get("UUIDs", ())),
        tuple(known.get("ManufacturerData", ())),
    )
    return Found(device.address, advertisement, None, device, is_connected=True)


def _strongest_first(found: Mapping[str, Found]) -> list[Found]:
    """Sort sensors by signal strength, unknown ones last."""
    return sorted(found.values(), key=lambda sensor: (sensor.rssi_dbm is None, -(sensor.rssi_dbm or 0)))


class Connection:
    """One connected sensor; its reads and writes are serialised.

    Every failure is a `RadioError` that names the sensor: ``connect_failed``, ``not_found``, ``in_use``,
    ``refused``, ``wrong_device`` (a characteristic is missing), or one of those of `Radio.scan`.
    """

    def __init__(self, radio: Radio, found: Found, lost: Callable[[], None]) -> None:
        self.found = found
        self._radio = radio
        self._lost = lost
        self._client: BleakClient | None = None
        self._one_at_a_time = asyncio.Lock()
        self._subscribed: list[BleakGATTCharacteristic] = []
        self._silent_exclusive = False

    async def open(self) -> None:
        """Connect, retrying failures that are known to pass."""
        await self.close()
        for tries_left in reversed(range(_LIMITS.connect_tries)):
            try:
                return await self._connect()
            except RadioError as error:
                _log.warning("%s; %d more tries", error.message, tries_left)
                if not tries_left or error.code not in PASSING:
                    raise
                if error.code == "not_found":
                    self.found = await self._radio.find(self.found.host_id, _LIMITS.rescan_s) or self.found
            await asyncio.sleep(_LIMITS.reconnect_pause_s)
        return None

    async def _connect(self) -> None:
        client = self._radio.client(self.found, self._on_disconnected)
        async with self._radio.lock:
            try:
                with _as_radio_errors(self.found.title, "connect_failed"):
                    async with asyncio.timeout(_LIMITS.connect_timeout_s + _LIMITS.answer_timeout_s):
                        await client.connect()
            except BaseException:
                await _disconnect(client)
                raise
        self._client = client
        if not client.is_connected:
            await self.close()
            raise radio_error("connect_failed", self.found.title, "it went away at once")

    def _on_disconnected(self, client: BleakClient) -> None:
        """Report a link that broke by itself; calls of an earlier client are ignored."""
        if client is self._client:
            self._note_exclusive_silence()
            self._lost()

    async def close(self) -> None:
        """Disconnect, even a broken link: otherwise BlueZ delivers everything twice to the next one."""
        client, self._client = self._client, None
        self._subscribed.clear()
        self._silent_exclusive = False
        if client is not None:
            await _disconnect(client)

    async def subscribe(self, characteristic: Characteristic, callback: Callable[[str, bytes], None]) -> None:
        """Subscribe: `callback(characteristic, data)` is called for every notification or indication.

        On Linux the subscription is exclusive (BlueZ' AcquireNotify): with a second program both would get
        every sample twice, so it is refused as ``in_use``. Sensors that notify before they have confirmed the
        subscription send nothing then (bleak, issue 1885); their next subscription is a shared one.
        """
        client, target = self._resolve(characteristic)
        exclusive = self.found.host_id not in self._radio.no_exclusive

        def receive(sender: BleakGATTCharacteristic, data: bytearray) -> None:
            if client is self._client:
                self._silent_exclusive = False
                callback(sender.uuid.lower(), bytes(data))

        async with self._exchange(cause=in_use_by_another if exclusive else cause):
            await client.start_notify(target, receive, bluez={"use_start_notify": not exclusive})
        _log.debug("subscribed to %s of %s%s", target.uuid, self.found.title, " alone" if exclusive else "")
        self._silent_exclusive = self._silent_exclusive or (exclusive and not self._subscribed)
        self._subscribed.append(target)

    def _note_exclusive_silence(self) -> None:
        """Note a sensor that has sent nothing since its exclusive subscription, for the next one."""
        if self._silent_exclusive:
            self._radio.no_exclusive.add(self.found.host_id)

    async def unsubscribe_all(self) -> None:
        """End every subscription; failures are ignored, as closing the link ends the rest."""
        self._note_exclusive_silence()
        while self._subscribed:
            target = self._subscribed.pop()
            try:
                client = self._connected()
                async with self._exchange():
                    await client.stop_notify(target)
            except RadioError:
                continue

    async def write(self, characteristic: Characteristic, data: bytes, response: bool) -> None:
        """Write bytes; with `response`, wait until the sensor has acknowledged them."""
        client, target = self._resolve(characteristic)
        async with self._exchange():
            await client.write_gatt_char(target, data, response=response)

    async def read(self, characteristic: Characteristic) -> tuple[str, bytes]:
        """Read a characteristic; return its full UUID and its value."""
        client, target = self._resolve(characteristic)
        async with self._exchange():
            data = await client.read_gatt_char(target)
        return target.uuid.lower(), bytes(data)

    def _resolve(self, characteristic: Characteristic) -> tuple[BleakClient, BleakGATTCharacteristic]:
        """Return the client, and the first of these characteristics that the sensor has."""
        client = self._connected()
        with _as_radio_errors(self.found.title, "connect_failed"):
            offered = client.services.characteristics.values()
        for uuid in (characteristic,) if isinstance(characteristic, str) else characteristic:
            for each in offered:
                if each.uuid.lower() == uuid.lower():
                    return client, each
        raise radio_error("wrong_device", self.found.title, f"it has no {characteristic}")

    def _connected(self) -> BleakClient:
        if self._client is None:
            raise radio_error("connect_failed", self.found.title, "not connected")
        return self._client

    @asynccontextmanager
    async def _exchange(self, cause: Cause = cause) -> AsyncIterator[None]:
        """One exchange with the sensor, with a timeout; never in parallel, which hangs on macOS."""
        async with self._one_at_a_time:
            with _as_radio_errors(self.found.title, "connect_failed", cause):
                async with asyncio.timeout(_LIMITS.answer_timeout_s):
                    yield


async def _disconnect(client: BleakClient) -> None:
    """Disconnect a client in any state; failures are ignored, as they mean there is no connection left."""
    with suppress(*RADIO_FAILURES):
        async with asyncio.timeout(_LIMITS.disconnect_timeout_s):
            await client.disconnect()


@contextmanager
def _as_radio_errors(who: str, otherwise: str, cause: Cause = cause) -> Iterator[None]:
    """Raise failures of bleak and of the system as `RadioError`; `otherwise` is the code of unknown ones."""
    try:
        yield
    except RADIO_FAILURES as failure:
        _log.debug("%s: %r", who, failure)
        raise radio_error(cause(failure) or otherwise, who, words(failure)) from failure
