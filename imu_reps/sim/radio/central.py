"""The computer's side of a connection, on the real host stack: the requests of a Bluetooth program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from imu_reps.sim.radio.peripheral import cancelled

# isort: split
from bumble import att, core, gatt
from bumble.device import Advertisement, Connection, Peer
from bumble.gatt_client import CharacteristicProxy, DescriptorProxy, ServiceProxy

T = TypeVar("T")

#: Largest ATT packet the computer accepts, like BlueZ.
_MTU = 517
_CONFIGURATION = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
NOTIFY, INDICATE = 1, 2

Descriptors = list[DescriptorProxy]
Services = list[tuple[ServiceProxy, list[tuple[CharacteristicProxy[bytes], Descriptors]]]]


class LinkEndedError(Exception):
    """The link ended before the answer arrived."""


class AttRefusedError(Exception):
    """The sensor answered with an ATT error, `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


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


class CentralLink:
    """An established connection.

    Every request raises `LinkEndedError` if the link ends first, `AttRefusedError` if the sensor refuses.

    Parameters
    ----------
    connection : Connection
    ended : callable
        Called once when the link has ended, for any reason.
    """

    def __init__(self, connection: Connection, ended: Callable[[], None]) -> None:
        self._connection = connection
        self._peer = Peer(connection)
        self._over = False
        connection.on(Connection.EVENT_DISCONNECTION, lambda _: self._ended(ended))

    @property
    def mtu(self) -> int:
        """Largest ATT packet of the connection."""
        return int(self._connection.att_mtu)

    async def agree_on_mtu(self) -> None:
        """Request the largest packets that both sides accept."""
        await self._request(self._peer.request_mtu(_MTU))

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
        self, characteristic: CharacteristicProxy[bytes], kind: int, callback: Callable[[bytes], None]
    ) -> bool:
        """Subscribe to notifications or indications; False if the characteristic has neither."""
        client = self._peer.gatt_client
        subscribers = client.notification_subscribers if kind == NOTIFY else client.indication_subscribers
        subscribers[characteristic.handle] = {callback}
        return await self._configure(characteristic, kind)

    async def unsubscribe(self, characteristic: CharacteristicProxy[bytes]) -> None:
        """End the subscription to a characteristic."""
        await self._configure(characteristic, 0)
        self._peer.gatt_client.notification_subscribers.pop(characteristic.handle, None)
        self._peer.gatt_client.indication_subscribers.pop(characteristic.handle, None)

    async def hang_up(self) -> None:
        """Disconnect, and wait until the link has ended."""
        ended = asyncio.Event()
        self._connection.once(Connection.EVENT_DISCONNECTION, lambda _: ended.set())
        # wait for the end, not the answer: a link that is lost at this moment never answers
        request = asyncio.ensure_future(self._connection.disconnect())
        try:
            await ended.wait()
        finally:
            await cancelled(request)

    def _ended(self, emit: Callable[[], None]) -> None:
        self._over = True
        emit()

    async def _discover(self) -> Services:
        found: Services = []
        for service in await self._peer.discover_services():
            characteristics = await service.discover_characteristics()
            found.append((service, [(each, await each.discover_descriptors()) for each in characteristics]))
        return found

    async def _configure(self, characteristic: CharacteristicProxy[bytes], options: int) -> bool:
        descriptor = characteristic.get_descriptor(_CONFIGURATION)
        if descriptor is not None:
            await self.write(descriptor, bytes([options, 0]), True)
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
            raise AttRefusedError(error.error_code) from error
        except core.TimeoutError as error:
            raise LinkEndedError from error
