"""Backends for bleak's `backend=` that use the virtual air instead of the computer's Bluetooth.

They fail like bleak's backend for BlueZ, with bleak's own errors, and like it call the disconnected callback
for every end of a link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeVar, get_args
from uuid import UUID

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

from imu_reps.sim.radio.air import Air

# isort: split
from bumble import att, core, gatt
from bumble.device import Advertisement, Connection, Peer
from bumble.gatt_client import Client

T = TypeVar("T")

_FAILED = "org.bluez.Error.Failed"
_NOT_SUPPORTED = "org.bluez.Error.NotSupported"
_IN_PROGRESS = "org.bluez.Error.InProgress"
_CONFIGURATION = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
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
        kinds, fields = core.AdvertisingData.Type, advertisement.data.ad_structures
        listed = (
            kinds.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        )
        services = [_full_uuid(core.UUID.from_bytes(value)) for kind, value in fields if kind in listed]
        if not self.is_allowed_uuid(services):
            return
        address = advertisement.address.to_string(False)
        name = next((value.decode() for kind, value in fields if kind == kinds.COMPLETE_LOCAL_NAME), None)
        data = AdvertisementData(
            local_name=name,
            manufacturer_data={
                int.from_bytes(value[:2], "little"): value[2:]
                for kind, value in fields
                if kind == kinds.MANUFACTURER_SPECIFIC_DATA
            },
            service_data={},
            service_uuids=services,
            tx_power=None,
            rssi=round(self.air.sensors[address].board.rssi_dbm + 3.0 * self.air.rng.normal()),
            platform_data=(),
        )
        known = self.create_or_update_device(address, address, name, {"props": {}}, data)
        self.call_detection_callbacks(known, data)


def _full_uuid(uuid: core.UUID) -> str:
    """Return a UUID with all 128 bits, in lower case."""
    return str(UUID(bytes=bytes(reversed(uuid.to_bytes(force_128=True)))))


class _Gatt(Client):
    """The computer's GATT client, without bumble's log message on each notification."""

    def on_gatt_pdu(self, att_pdu: att.ATT_PDU) -> None:
        if isinstance(att_pdu, att.ATT_Handle_Value_Notification):
            self.on_att_handle_value_notification(att_pdu)
        else:
            super().on_gatt_pdu(att_pdu)


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
        self._peer: Peer | None = None
        self._copies = 1
        self._notifying: set[int] = set()

    @property
    def name(self) -> str:
        """Name of the sensor."""
        return self.air.sensors[self.address].name

    @property
    def mtu_size(self) -> int:
        """Largest ATT packet."""
        return 23 if self._peer is None else int(self._peer.connection.att_mtu)

    @property
    def is_connected(self) -> bool:
        """Whether there is a link."""
        return self._peer is not None

    async def connect(self, pair: bool, **_kwargs: Any) -> None:  # noqa: ARG002 - nothing needs pairing
        """Connect and discover services."""
        if self.is_connected:
            raise BleakError("Client is already connected")
        _require_bluetooth(self.air)
        if self._by_address:
            await self._find()
        self._refuse_as_bluez_does()
        async with asyncio.timeout(self._timeout):
            peer = await self._connected()
            try:
                await self._discover(peer)
            except BaseException:
                if self.is_connected:
                    await _hang_up(peer)
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

    async def _connected(self) -> Peer:
        try:
            connection = await self.air.connect(self.address)
        except asyncio.CancelledError:
            _require_bluetooth(self.air)
            raise
        self._copies = self.air.habits.copies(self.address)
        self.air.habits.linked()
        connection.gatt_client = _Gatt(connection)
        connection.on(Connection.EVENT_DISCONNECTION, lambda _: self._ended())
        self._peer = peer = Peer(connection)
        return peer

    async def _discover(self, peer: Peer) -> None:
        try:
            await self._ask(peer.request_mtu(517))  # the largest BlueZ accepts
            if self.air.habits.cuts_discovery():
                await _hang_up(peer)
            self.services = await self._ask(self._collected(peer))
        except BleakDBusError as error:
            raise BleakError("failed to discover services, device disconnected") from error

    async def _collected(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in await peer.discover_services():
            found = await service.discover_characteristics()
            characteristics = [(each, await each.discover_descriptors()) for each in found]
            uuid = _full_uuid(service.uuid)
            if self._wanted_services is not None and uuid not in self._wanted_services:
                continue
            holder = BleakGATTService(service, service.handle, uuid)
            collection.add_service(holder)
            for proxy, descriptors in characteristics:
                properties = [each for bit, each in enumerate(_PROPERTIES) if proxy.properties >> bit & 1]
                member = BleakGATTCharacteristic(
                    proxy, proxy.handle, _full_uuid(proxy.uuid), properties, self._longest_write, holder
                )
                collection.add_characteristic(member)
                for each in descriptors:
                    collection.add_descriptor(
                        BleakGATTDescriptor(each, each.handle, _full_uuid(each.type), member)
                    )
        return collection

    def _longest_write(self) -> int:
        return self.mtu_size - 3  # bytes of ATT header

    async def disconnect(self) -> None:
        """Disconnect, or acknowledge that the link has ended."""
        self.air.habits.released(self.address, id(self))
        if self._peer is not None:
            await asyncio.sleep(self.air.habits.disconnect_takes_s())
        if self._peer is not None:
            await _hang_up(self._peer)
        self.air.habits.released(self.address, id(self))

    def _ended(self) -> None:
        self._peer = self.services = None
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
        return bytearray(await self._ask(self._gatt().read_value(characteristic.obj)))

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,  # noqa: ARG002 - nothing is cached
        **_kwargs: Any,
    ) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._ask(self._gatt().read_value(descriptor.obj)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        """Write a characteristic; with `response`, wait until the sensor has acknowledged it."""
        client = self._gatt()
        if ("write" if response else "write-without-response") not in characteristic.properties:
            raise BleakDBusError(_NOT_SUPPORTED, ["Operation is not supported"])
        await self._ask(client.write_value(characteristic.obj, bytes(data), response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        """Write a descriptor."""
        await self._ask(self._gatt().write_value(descriptor.obj, bytes(data), True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Pass notifications to `callback`."""
        copies = self._copies

        def pass_on(value: bytes) -> None:
            for _ in range(copies):
                callback(bytearray(value))

        client = self._gatt()
        if characteristic.handle in self._notifying:
            raise BleakDBusError(_IN_PROGRESS, ["Operation already in progress"])
        client.notification_subscribers[characteristic.handle] = {pass_on}
        if (descriptor := characteristic.obj.get_descriptor(_CONFIGURATION)) is None:
            raise BleakDBusError(_NOT_SUPPORTED, ["Operation is not supported"])
        await self._ask(client.write_value(descriptor, b"\1\0", True))
        self._notifying.add(characteristic.handle)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Stop passing on notifications."""
        client = self._gatt()
        if characteristic.handle not in self._notifying:
            raise BleakDBusError(_FAILED, ["No notify session started"])
        descriptor = characteristic.obj.get_descriptor(_CONFIGURATION)
        await self._ask(client.write_value(descriptor, b"\0\0", True))
        client.notification_subscribers.pop(characteristic.handle, None)
        self._notifying.discard(characteristic.handle)

    def _gatt(self) -> Client:
        if self._peer is None:
            raise BleakError("Not connected")
        return self._peer.gatt_client

    async def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the sensor's answer; raise the end of the link, or a refusal, as bleak does."""
        ended = BleakDBusError(_FAILED, ["Not connected"])
        if self._peer is None:
            work.close()
            raise ended
        # the stack cancels a request whose link ends; here that is an error
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
        if task.cancelled():
            raise ended
        try:
            return task.result()
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except core.TimeoutError as error:
            raise ended from error


async def _hang_up(peer: Peer) -> None:
    """Disconnect, and wait until the link has ended."""
    ended = asyncio.Event()
    peer.connection.once(Connection.EVENT_DISCONNECTION, lambda _: ended.set())
    # wait for the end, not the answer: a link that is lost at this moment never answers
    request = asyncio.ensure_future(peer.connection.disconnect())
    try:
        await ended.wait()
    finally:
        request.cancel()
        await asyncio.wait([request])


def scanner_backend(air: Air) -> type[AirScanner]:
    """Return the backend for bleak's scanner, bound to `air`."""
    return type("VirtualScanner", (AirScanner,), {"air": air})


def client_backend(air: Air) -> type[AirClient]:
    """Return the backend for bleak's client, bound to `air`."""
    return type("VirtualClient", (AirClient,), {"air": air})
