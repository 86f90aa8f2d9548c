"""A virtual sensor: a device's firmware on the air, the faults it can have, and its Bluetooth host."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from imu_reps.sim.radio.air import Air, AirController, Port, Stack
from imu_reps.sim.radio.device import CharacteristicSpec, Device, RefusedError, SentPacket
from imu_reps.sim.radio.link_plan import GOOD_LINK, NO_FAULTS, Faults, LinkPlan, spoil

# isort: split
from bumble import att, core, gatt, hci
from bumble.device import Connection, DeviceConfiguration
from bumble.device import Device as Host

Action = Literal["vanish", "return_", "reboot", "drop_link", "stop_streaming", "go_on", "storm"]
#: What makes a silent sensor stream again.
Cure = Literal["subscribed", "connected", "rebooted", "never"]


@dataclass(frozen=True, slots=True)
class Board:
    """Bluetooth properties of the sensor.

    Attributes
    ----------
    rssi_dbm : int
        Mean signal strength at the computer.
    mtu : int
        Largest ATT packet it accepts.
    advertising_s : float
        Advertising interval.
    boot_s : float
        Time from a reboot to the first advertisement.
    """

    rssi_dbm: int = -60
    mtu: int = 247
    advertising_s: float = 0.1
    boot_s: float = 1.0


USUAL_BOARD = Board()


class VirtualSensor:
    """A device on the air. It is switched on at once and advertises until it is connected.

    Exceptions of its firmware are raised when the air is left.

    Parameters
    ----------
    air : Air
        Already entered.
    device : Device
        The firmware.
    address : str
        Bluetooth address, such as ``F0:00:00:00:00:01``; unique within the air.
    name : str, optional
        Advertised name; by default the device's own.
    faults : Faults, optional
        Faults of its notifications.
    radio : LinkPlan, optional
        How its connection carries packets.

    Attributes
    ----------
    sent : int
        Notifications passed to the radio.
    dropped : int
        Notifications lost in the sensor because its queue was full.
    """

    def __init__(
        self,
        air: Air,
        device: Device,
        address: str,
        name: str | None = None,
        *,
        faults: Faults = NO_FAULTS,
        radio: LinkPlan = GOOD_LINK,
        board: Board = USUAL_BOARD,
    ) -> None:
        self.device, self.faults, self.board = device, faults, board
        self.address, self.name = address.upper(), name or device.default_name
        self.sent = self.dropped = 0
        self._air, self._plan, self._rng = air, radio, air.chance_of(self.address)
        self._loop = asyncio.get_running_loop()
        self._answers: list[SentPacket] = []
        self._storm: list[tuple[str, bytes]] = []
        self._silent_until: Cure | None = None
        self._tick_timer: asyncio.TimerHandle | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._controller = AirController(f"sensor {self.address}", link=air.medium)
        self._peripheral = Peripheral(self._controller, self)
        self._port = Port(self._controller, radio, air.begins_s, self._rng)
        air.add(self, self._peripheral.address, self._port)
        device.power_on(air.now_s())
        self._run(self._start(board.advertising_s))

    @property
    def is_connected(self) -> bool:
        """Whether the sensor considers itself connected."""
        return self._peripheral.is_connected

    # what can happen to it

    def script(self, *events: tuple[float, Action]) -> None:
        """Schedule actions at times of the air: ``script((5.0, "vanish"), (8.0, "return_"))``."""
        for time_s, action in events:
            self._timers.append(self._loop.call_at(self._air.begins_s + time_s, getattr(self, action)))

    def vanish(self) -> None:
        """Go out of range, or be connected elsewhere: nothing passes.

        After the supervision timeout both sides give up the link.
        """
        self._port.audible = False
        self._port.hold(self._controller.lose, self._air.loss_of(self._peripheral.address))

    def return_(self) -> None:
        """Come back into range."""
        self._port.audible = True
        self._port.go_on()

    def reboot(self) -> None:
        """Restart: the link ends without informing the computer, clock and counters restart."""
        self._port.audible = False
        self._port.close()
        self._controller.lose()
        self._cure("rebooted")
        # the computer notices only after the supervision timeout, however soon the sensor is back
        lose = self._air.loss_of(self._peripheral.address)
        self._timers.append(self._loop.call_later(self._plan.supervision_s, lose))
        self._timers.append(self._loop.call_later(self.board.boot_s, self._booted))

    def drop_link(self) -> None:
        """Disconnect from the sensor's side."""
        if (end := self._peripheral.hang_up()) is not None:
            self._run(end)

    def stop_streaming(self, cure: Cure = "connected") -> None:
        """Stay connected but stop streaming, until the event `cure`."""
        self._silent_until = cure

    def go_on(self) -> None:
        """Resume streaming."""
        self._silent_until = None

    def storm(self, packets: int = 500) -> None:
        """Send notifications of random bytes as fast as the link takes them."""
        offered = [spec.uuid for service in self.device.services for spec in service.characteristics]
        subscribed = [uuid for uuid in offered if self._peripheral.is_subscribed(uuid)]
        self._storm += [(uuid, self._rng.bytes(20)) for uuid in subscribed[:1] for _ in range(packets)]

    def computer_gone(self) -> None:
        """React to the loss of the computer's adapter: give up the link after the supervision timeout."""
        if self.is_connected:
            self._port.hold(self._controller.lose)

    async def close(self) -> None:
        """Remove the sensor from the air."""
        self._port.audible = False
        self._port.close()
        self._controller.silence()
        for timer in (*self._timers, self._tick_timer):
            if timer is not None:
                timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # calls from its Bluetooth side

    def read(self, characteristic: str) -> bytes:
        """Return the value of a characteristic."""
        with self._watched():
            return self.device.read(characteristic, self._air.now_s())

    def written(self, characteristic: str, data: bytes) -> None:
        """Handle written bytes."""
        with self._watched():
            self._answers += self.device.written(characteristic, data, self._air.now_s())

    def subscribed(self, characteristic: str, on: bool) -> None:
        """Handle a subscription to a characteristic, or its end."""
        if on:
            self._cure("subscribed")
        with self._watched():
            self._answers += self.device.subscribed(characteristic, on, self._air.now_s())

    def connected(self) -> None:
        """Handle a new connection."""
        self._cure("connected")
        self._tick()

    def disconnected(self) -> None:
        """Handle the end of the connection."""
        self._answers.clear()
        self._storm.clear()
        if self._tick_timer is not None:
            self._tick_timer.cancel()
        with self._watched():
            self.device.link_lost()

    # what it sends

    def _tick(self) -> None:
        """Pass complete packets to the radio, once per connection event."""
        timetable = self._port.timetable
        if timetable is None or not self.is_connected:
            return
        self._tick_timer = self._loop.call_at(timetable.turn_after(self._loop.time()), self._tick)
        for characteristic, data in self._storm[: self._plan.packets_per_event]:
            self._send(characteristic, data)
        del self._storm[: self._plan.packets_per_event]
        with self._watched():
            for packet in self._ready(self._air.now_s()):
                for data in spoil(packet.data, self.faults, self._rng):
                    self._send(packet.characteristic, data)

    def _ready(self, now_s: float) -> list[SentPacket]:
        stream = self.device.produce(now_s, self._peripheral.longest_notification)
        if self._silent_until is not None:
            stream = []
        if not self._answers:
            return stream
        due = [packet for packet in self._answers if packet.time_s <= now_s]
        self._answers = [packet for packet in self._answers if packet.time_s > now_s]
        return sorted(due + stream, key=lambda packet: packet.time_s)

    def _send(self, characteristic: str, data: bytes) -> None:
        if not self._peripheral.is_subscribed(characteristic):
            return
        if self._port.up is not None and self._port.up.waiting >= self._plan.queue_packets:
            self.dropped += 1
            return
        self.sent += 1
        self._peripheral.notify(characteristic, data)

    # its lifetime

    async def _start(self, advertising_s: float) -> None:
        # sensors switched on together must not advertise in step
        await asyncio.sleep(self._rng.uniform(0.0, advertising_s))
        self._port.audible = True
        await self._peripheral.start(advertising_s)

    def _booted(self) -> None:
        with self._watched():
            self.device.power_on(self._air.now_s())
        self.return_()

    def _cure(self, happened: Cure) -> None:
        if self._silent_until == happened:
            self._silent_until = None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Answer exceptions of the firmware with ATT errors; note those that are none of its own."""
        try:
            yield
        except RefusedError as refused:
            raise att.ATT_Error(att.ErrorCode(refused.code)) from refused
        except Exception as error:
            self._air.failures.append(error)
            raise att.ATT_Error(att.ErrorCode.UNLIKELY_ERROR) from error

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._air.failures.append(error)


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
        return self._sensor.read(spec.uuid)

    def _write(self, spec: CharacteristicSpec, data: bytes) -> None:
        if not (spec.write or spec.write_without_response):
            raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED)
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
