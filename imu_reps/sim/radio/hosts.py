"""Both sides of a connection on the real host stack: the sensor's GATT server, the computer's requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from imu_reps.sim.radio.air import AirController, Stack
from imu_reps.sim.radio.device import CharacteristicSpec, RefusedError

# isort: split
from bumble import att, core, gatt, hci
from bumble.device import Advertisement, Connection, DeviceConfiguration, Peer
from bumble.device import Device as Host
from bumble.gatt_client import CharacteristicProxy, Client, DescriptorProxy, ServiceProxy

if TYPE_CHECKING:
    from imu_reps.sim.radio.virtual_sensor import VirtualSensor


class Peripheral:
    """The Bluetooth host of one sensor, which it tells everything that happens."""

    def __init__(self, controller: AirController, sensor: VirtualSensor) -> None:
        self._sensor = sensor
        self._connection: Connection | None = None
        configuration = DeviceConfiguration(name=sensor.name, address=hci.Address(sensor.address))
        self._host = Host(config=configuration, host=Stack(controller))
        self._host.gatt_server.max_mtu = sensor.board.mtu
        self._host.on(Host.EVENT_CONNECTION, self._connected)
        self._characteristics = self._build_services()

    @property
    def address(self) -> hci.Address:
        """Its Bluetooth address."""
        return self._host.static_address

    @property
    def is_connected(self) -> bool:
        """Whether the sensor considers itself connected."""
        return self._connection is not None

    @property
    def longest_notification(self) -> int:
        """Maximum number of bytes in a notification at present."""
        return (23 if self._connection is None else self._connection.att_mtu) - 3  # bytes of ATT header

    async def start(self, advertising_s: float) -> None:
        """Switch on, and advertise from now on whenever it is not connected."""
        await self._host.power_on()
        await self._host.start_advertising(
            auto_restart=True,
            advertising_data=bytes(self._advertisement()),
            scan_response_data=b"",
            advertising_interval_min=1e3 * advertising_s,
            advertising_interval_max=1e3 * advertising_s,
        )

    def hang_up(self) -> Coroutine[Any, Any, None] | None:
        """Disconnect from the device's side; None if it is not connected."""
        return None if self._connection is None else self._connection.disconnect()

    def is_subscribed(self, characteristic: str) -> bool:
        """Whether the client has subscribed to notifications of a characteristic."""
        if self._connection is None:
            return False
        options = self._host.gatt_server.subscribers.get(self._connection, {})
        return bool(options.get(self._characteristics[characteristic].handle, b"\0")[0] & 1)

    def notify(self, characteristic: str, data: bytes) -> None:
        """Send a notification, truncated to fit."""
        if self._connection is None or not self.is_subscribed(characteristic):
            return
        pdu = att.ATT_Handle_Value_Notification(
            attribute_handle=self._characteristics[characteristic].handle,
            attribute_value=data[: self.longest_notification],
        )
        self._host.gatt_server.send_gatt_pdu(self._connection, bytes(pdu))

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        connection.on(Connection.EVENT_DISCONNECTION, self._disconnected)
        self._sensor.connected()

    def _disconnected(self, _reason: int) -> None:
        self._connection = None
        self._sensor.disconnected()

    def _build_services(self) -> dict[str, gatt.Characteristic[Any]]:
        built: dict[str, gatt.Characteristic[Any]] = {}
        for service in self._sensor.device.services:
            members = [self._build(spec) for spec in service.characteristics]
            built |= {
                spec.uuid: member for spec, member in zip(service.characteristics, members, strict=True)
            }
            self._host.add_service(gatt.Service(service.uuid, members))
        return built

    def _build(self, spec: CharacteristicSpec) -> gatt.Characteristic[Any]:
        flags, allowed = gatt.Characteristic.Properties, gatt.Characteristic.Permissions
        properties = (
            flags.READ * spec.read
            | flags.WRITE * spec.write
            | flags.WRITE_WITHOUT_RESPONSE * spec.write_without_response
            | flags.NOTIFY * spec.notify
        )
        writable = spec.write or spec.write_without_response
        permissions = allowed.READABLE * spec.read | allowed.WRITEABLE * writable
        value = gatt.CharacteristicValue(
            read=lambda _: self._read(spec),
            write=lambda _, data: self._write(spec, data),
        )
        built = gatt.Characteristic(spec.uuid, flags(properties), allowed(permissions), value)
        built.on(
            built.EVENT_SUBSCRIPTION,
            lambda _, notified, __: self._sensor.subscribed(spec.uuid, notified),
        )
        return built

    def _read(self, spec: CharacteristicSpec) -> bytes:
        if not spec.read:
            raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)
        with _as_att_errors():
            return self._sensor.read(spec.uuid)

    def _write(self, spec: CharacteristicSpec, data: bytes) -> None:
        if not (spec.write or spec.write_without_response):
            raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED)
        with _as_att_errors():
            self._sensor.written(spec.uuid, data)

    def _advertisement(self) -> core.AdvertisingData:
        kinds = core.AdvertisingData.Type
        parts: list[tuple[int, bytes]] = [(kinds.COMPLETE_LOCAL_NAME, self._sensor.name.encode())]
        for uuid in self._sensor.device.service_uuids:
            value = core.UUID(uuid).to_pdu_bytes()
            short = kinds.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
            long = kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
            parts.append((short if len(value) == 2 else long, value))
        if self._sensor.device.company_id is not None:
            parts.append(
                (kinds.MANUFACTURER_SPECIFIC_DATA, self._sensor.device.company_id.to_bytes(2, "little"))
            )
        return core.AdvertisingData(parts)


@contextmanager
def _as_att_errors() -> Iterator[None]:
    """Answer the client with an ATT error for any exception of the firmware."""
    try:
        yield
    except RefusedError as refused:
        raise att.ATT_Error(att.ErrorCode(refused.code)) from refused
    except Exception as error:
        raise att.ATT_Error(att.ErrorCode.UNLIKELY_ERROR) from error


T = TypeVar("T")

_CONFIGURATION = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR

Descriptors = list[DescriptorProxy]
Services = list[tuple[ServiceProxy, list[tuple[CharacteristicProxy[bytes], Descriptors]]]]


class LinkEndedError(Exception):
    """The link ended before the answer arrived."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Content of an advertisement; UUIDs in full, lower case."""

    address: str
    name: str | None
    service_uuids: list[str]
    manufacturer_data: dict[int, bytes]


def read_advertisement(advertisement: Advertisement) -> ScanResult:
    """Parse an advertisement."""
    kinds = core.AdvertisingData.Type
    fields = advertisement.data.ad_structures
    listed = (
        kinds.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
        kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    )
    return ScanResult(
        address=advertisement.address.to_string(False),
        name=next((value.decode() for kind, value in fields if kind == kinds.COMPLETE_LOCAL_NAME), None),
        service_uuids=[full_uuid(core.UUID.from_bytes(value)) for kind, value in fields if kind in listed],
        manufacturer_data={
            int.from_bytes(value[:2], "little"): value[2:]
            for kind, value in fields
            if kind == kinds.MANUFACTURER_SPECIFIC_DATA
        },
    )


def full_uuid(uuid: core.UUID) -> str:
    """Return a UUID with all 128 bits, in lower case."""
    return str(UUID(bytes=bytes(reversed(uuid.to_bytes(force_128=True)))))


class _Client(Client):
    """The computer's GATT client, without bumble's log message on each notification."""

    def on_gatt_pdu(self, att_pdu: att.ATT_PDU) -> None:
        if isinstance(att_pdu, att.ATT_Handle_Value_Notification):
            self.on_att_handle_value_notification(att_pdu)
        else:
            super().on_gatt_pdu(att_pdu)


class CentralLink:
    """An established connection.

    Every request raises `LinkEndedError` if the link ends first, `RefusedError` if the sensor refuses.

    Parameters
    ----------
    ended : callable
        Called once when the link has ended, for any reason.
    """

    def __init__(self, connection: Connection, ended: Callable[[], None]) -> None:
        self._connection = connection
        connection.gatt_client = _Client(connection)
        self._peer = Peer(connection)
        self._over = False
        connection.on(Connection.EVENT_DISCONNECTION, lambda _: self._ended(ended))

    @property
    def mtu(self) -> int:
        """Largest ATT packet of the connection."""
        return int(self._connection.att_mtu)

    async def agree_on_mtu(self) -> None:
        """Request the largest packets that both sides accept."""
        await self._request(self._peer.request_mtu(517))  # the largest BlueZ accepts

    async def discover(self) -> Services:
        """Discover the sensor's services."""
        return await self._request(self._discover())

    async def read(self, attribute: CharacteristicProxy[bytes] | DescriptorProxy) -> bytes:
        """Read a characteristic or descriptor."""
        return await self._request(self._peer.gatt_client.read_value(attribute))

    async def write(
        self, attribute: CharacteristicProxy[bytes] | DescriptorProxy, data: bytes, response: bool
    ) -> None:
        """Write; with `response`, wait until the sensor has acknowledged it."""
        await self._request(self._peer.gatt_client.write_value(attribute, data, response))

    async def subscribe(
        self, characteristic: CharacteristicProxy[bytes], callback: Callable[[bytes], None]
    ) -> bool:
        """Subscribe to notifications; False if the characteristic has none."""
        self._peer.gatt_client.notification_subscribers[characteristic.handle] = {callback}
        return await self._configure(characteristic, notify=True)

    async def unsubscribe(self, characteristic: CharacteristicProxy[bytes]) -> None:
        """End the subscription to a characteristic."""
        await self._configure(characteristic, notify=False)
        self._peer.gatt_client.notification_subscribers.pop(characteristic.handle, None)

    async def hang_up(self) -> None:
        """Disconnect, and wait until the link has ended."""
        ended = asyncio.Event()
        self._connection.once(Connection.EVENT_DISCONNECTION, lambda _: ended.set())
        # wait for the end, not the answer: a link that is lost at this moment never answers
        request = asyncio.ensure_future(self._connection.disconnect())
        try:
            await ended.wait()
        finally:
            request.cancel()
            await asyncio.wait([request])

    def _ended(self, emit: Callable[[], None]) -> None:
        self._over = True
        emit()

    async def _discover(self) -> Services:
        found: Services = []
        for service in await self._peer.discover_services():
            characteristics = await service.discover_characteristics()
            found.append((service, [(each, await each.discover_descriptors()) for each in characteristics]))
        return found

    async def _configure(self, characteristic: CharacteristicProxy[bytes], *, notify: bool) -> bool:
        descriptor = characteristic.get_descriptor(_CONFIGURATION)
        if descriptor is not None:
            await self.write(descriptor, bytes([notify, 0]), True)
        return descriptor is not None

    async def _request(self, work: Coroutine[Any, Any, T]) -> T:
        if self._over:
            work.close()
            raise LinkEndedError
        # the stack cancels a request whose link ends; here that is an error
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
        if task.cancelled():
            raise LinkEndedError
        try:
            return task.result()
        except att.ATT_Error as error:
            raise RefusedError(error.error_code) from error
        except core.TimeoutError as error:
            raise LinkEndedError from error
