"""Backends for bleak's `backend=` that use the virtual air instead of the computer's Bluetooth.

They fail like bleak's backend for BlueZ, with bleak's own errors, and like it call the disconnected callback
for every end of a link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from imu_reps.sim.radio.device import RefusedError
from imu_reps.sim.radio.hosts import CentralLink, LinkEndedError, Services, full_uuid, read_advertisement

if TYPE_CHECKING:
    from bumble.device import Advertisement

    from imu_reps.sim.radio.air import Air

_FAILED = "org.bluez.Error.Failed"
_NOT_SUPPORTED = "org.bluez.Error.NotSupported"
_IN_PROGRESS = "org.bluez.Error.InProgress"
#: Characteristic properties in the order of their bits.
_PROPERTIES: tuple[CharacteristicPropertyName, ...] = get_args(CharacteristicPropertyName)


def _require_bluetooth(air: Air) -> None:
    if air.trouble is not None:
        reason = BleakBluetoothNotAvailableReason[air.trouble.upper()]
        raise BleakBluetoothNotAvailableError("Bluetooth is not available", reason)


class AirScanner(BaseBleakScanner):
    """Scanner of the air that a subclass names."""

    air: ClassVar[Air]

    def __init__(
        self,
        detection_callback: Any = None,
        service_uuids: list[str] | None = None,
        _scanning_mode: str = "active",
        **_kwargs: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._running = False

    async def start(self) -> None:
        """Start scanning; `BleakBluetoothNotAvailableError` without a usable adapter."""
        _require_bluetooth(self.air)
        self.seen_devices = {}
        self._running = True
        await self.air.scan(self._on_advertisement)

    async def stop(self) -> None:
        """Stop scanning."""
        if self._running:
            self._running = False
            await self.air.scan_no_more(self._on_advertisement)

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        read = read_advertisement(advertisement)
        if not self.is_allowed_uuid(read.service_uuids):
            return
        mean_dbm = self.air.sensors[read.address].board.rssi_dbm
        data = AdvertisementData(
            local_name=read.name,
            manufacturer_data=read.manufacturer_data,
            service_data={},
            service_uuids=read.service_uuids,
            tx_power=None,
            rssi=round(mean_dbm + 3.0 * self.air.rng.normal()),
            platform_data=(),
        )
        known = self.create_or_update_device(read.address, read.address, read.name, {"props": {}}, data)
        self.call_detection_callbacks(known, data)


class AirClient(BaseBleakClient):
    """Client for a connection through the air that a subclass names."""

    air: ClassVar[Air]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        services: set[str] | None = None,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **_kwargs: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self.address = self.address.upper()
        self._by_address = not isinstance(address_or_ble_device, BLEDevice)
        self._wanted_services = services
        self._link: CentralLink | None = None
        self._copies = 1
        self._notifying: set[int] = set()

    @property
    def name(self) -> str:
        """Name of the sensor."""
        return self.air.sensors[self.address].name

    @property
    def mtu_size(self) -> int:
        """Largest ATT packet."""
        return 23 if self._link is None else self._link.mtu

    @property
    def is_connected(self) -> bool:
        """Whether there is a link."""
        return self._link is not None

    async def connect(self, pair: bool, **_kwargs: Any) -> None:  # noqa: ARG002 - nothing needs pairing
        """Connect and discover services."""
        if self.is_connected:
            raise BleakError("Client is already connected")
        _require_bluetooth(self.air)
        if self._by_address:
            await self._find()
        self._refuse_as_bluez_does()
        async with asyncio.timeout(self._timeout):
            link = await self._connected()
            try:
                await self._discover(link)
            except BaseException:
                if self._link is not None:
                    await link.hang_up()
                raise

    async def _find(self) -> None:
        """Scan until the address is found, or the timeout is over."""
        found = asyncio.Event()
        scanner = scanner_backend(self.air)(
            lambda device, _: found.set() if device.address == self.address else None
        )
        await scanner.start()
        try:
            async with asyncio.timeout(self._timeout):
                await found.wait()
        except TimeoutError as error:
            raise self._not_found() from error
        finally:
            await scanner.stop()

    def _refuse_as_bluez_does(self) -> None:
        air, habits = self.air, self.air.habits
        if air.connecting or (habits.quirks.busy_scanning and air.scanning):
            raise BleakDBusError(_IN_PROGRESS, ["Operation already in progress"])
        if habits.forgotten(self.address, air.now_s()):
            raise self._not_found()
        if habits.unsettled(self.address, air.now_s()):
            raise BleakDBusError(_FAILED, ["Input/output error"])

    def _not_found(self) -> BleakError:
        return BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")

    async def _connected(self) -> CentralLink:
        try:
            connection = await self.air.connect(self.address)
        except asyncio.CancelledError:
            _require_bluetooth(self.air)
            raise
        self._copies = self.air.habits.copies(self.address)
        self.air.habits.linked()
        self._link = CentralLink(connection, self._ended)
        return self._link

    async def _discover(self, link: CentralLink) -> None:
        try:
            await link.agree_on_mtu()
            if self.air.habits.cuts_discovery():
                await link.hang_up()
            self.services = self._collect(await link.discover())
        except LinkEndedError as error:
            raise BleakError("failed to discover services, device disconnected") from error

    def _collect(self, found: Services) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service, characteristics in found:
            uuid = full_uuid(service.uuid)
            if self._wanted_services is not None and uuid not in self._wanted_services:
                continue
            holder = BleakGATTService(service, service.handle, uuid)
            collection.add_service(holder)
            for proxy, descriptors in characteristics:
                properties = [each for bit, each in enumerate(_PROPERTIES) if proxy.properties >> bit & 1]
                member = BleakGATTCharacteristic(
                    proxy, proxy.handle, full_uuid(proxy.uuid), properties, self._longest_write, holder
                )
                collection.add_characteristic(member)
                for each in descriptors:
                    collection.add_descriptor(
                        BleakGATTDescriptor(each, each.handle, full_uuid(each.type), member)
                    )
        return collection

    def _longest_write(self) -> int:
        return self.mtu_size - 3  # bytes of ATT header

    async def disconnect(self) -> None:
        """Disconnect, or acknowledge that the link has ended."""
        self.air.habits.released(self.address, id(self))
        if self._link is not None:
            await asyncio.sleep(self.air.habits.disconnect_takes_s())
        if self._link is not None:
            await self._link.hang_up()
        self.air.habits.released(self.address, id(self))

    def _ended(self) -> None:
        self._link = self.services = None
        self._notifying.clear()
        self.air.habits.ended(self.address, id(self), self.air.now_s())
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing; virtual sensors need no pairing."""

    async def unpair(self) -> None:
        """Do nothing; virtual sensors need no pairing."""

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,  # noqa: ARG002 - nothing is cached
        **_kwargs: Any,
    ) -> bytearray:
        """Read a characteristic."""
        with self._request() as link:
            return bytearray(await link.read(characteristic.obj))

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,  # noqa: ARG002 - nothing is cached
        **_kwargs: Any,
    ) -> bytearray:
        """Read a descriptor."""
        with self._request() as link:
            return bytearray(await link.read(descriptor.obj))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        """Write a characteristic; with `response`, wait until the sensor has acknowledged it."""
        with self._request() as link:
            if ("write" if response else "write-without-response") not in characteristic.properties:
                raise BleakDBusError(_NOT_SUPPORTED, ["Operation is not supported"])
            await link.write(characteristic.obj, bytes(data), response)

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        """Write a descriptor."""
        with self._request() as link:
            await link.write(descriptor.obj, bytes(data), True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Pass notifications to `callback`."""
        copies = self._copies

        def pass_on(value: bytes) -> None:
            for _ in range(copies):
                callback(bytearray(value))

        with self._request() as link:
            if characteristic.handle in self._notifying:
                raise BleakDBusError(_IN_PROGRESS, ["Operation already in progress"])
            if not await link.subscribe(characteristic.obj, pass_on):
                raise BleakDBusError(_NOT_SUPPORTED, ["Operation is not supported"])
            self._notifying.add(characteristic.handle)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Stop passing on notifications."""
        with self._request() as link:
            if characteristic.handle not in self._notifying:
                raise BleakDBusError(_FAILED, ["No notify session started"])
            await link.unsubscribe(characteristic.obj)
            self._notifying.discard(characteristic.handle)

    @contextmanager
    def _request(self) -> Iterator[CentralLink]:
        """Yield the link; raise its errors as those of bleak."""
        if self._link is None:
            raise BleakError("Not connected")
        try:
            yield self._link
        except LinkEndedError as error:
            raise BleakDBusError(_FAILED, ["Not connected"]) from error
        except RefusedError as error:
            raise BleakGATTProtocolError(error.code) from error


def scanner_backend(air: Air) -> type[AirScanner]:
    """Return the backend for bleak's scanner, bound to `air`."""
    return type("VirtualScanner", (AirScanner,), {"air": air})


def client_backend(air: Air) -> type[AirClient]:
    """Return the backend for bleak's client, bound to `air`."""
    return type("VirtualClient", (AirClient,), {"air": air})
