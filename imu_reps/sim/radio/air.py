"""The virtual air: one computer with a Bluetooth adapter and the sensors in its range, in this process.

`Medium` is what lies between the controllers: packets leave at connection events and arrive later, in order.
Everything above it (HCI, L2CAP, ATT, GATT) is a real Bluetooth host stack.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from imu_reps.errors import require_extra
from imu_reps.sim.radio.link_plan import WELL_BEHAVED, Carrier, Habits, LinkPlan, Quirks, Timetable

require_extra("virtual", "bumble")

from bumble import core, hci, ll  # noqa: E402 - only after the check
from bumble.controller import Controller  # noqa: E402
from bumble.device import Advertisement, Connection, DeviceConfiguration  # noqa: E402
from bumble.device import Device as Host  # noqa: E402
from bumble.host import Host as HostStack  # noqa: E402
from bumble.link import LocalLink  # noqa: E402
from bumble.transport.common import AsyncPipeSink  # noqa: E402

if TYPE_CHECKING:
    from imu_reps.sim.radio.virtual_sensor import VirtualSensor

# the stack's messages on intended faults are only noise
_STACK_LOG = logging.getLogger("bumble")
_STACK_LOG.addHandler(logging.NullHandler())
_STACK_LOG.propagate = False

#: Why the adapter cannot be used, in bleak's names.
Trouble = Literal["powered_off", "no_bluetooth", "denied_by_user", "denied_by_system"]

_COMPUTER = "F1:F1:F1:F1:F1:F1"
_POWERED_OFF = hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR


class Air:
    """The radio medium with a computer and its sensors; an async context manager.

    Its time `now_s` is 0 when it is entered, which is time 0 of the devices' feeds.

    Parameters
    ----------
    seed : int
        Seed of all randomness. The same seed, sensors and program give the same arrivals on a `fast_loop`.
    quirks : Quirks
        Quirks of the computer's Bluetooth.

    Attributes
    ----------
    trouble : Trouble or None
        Why the adapter cannot be used; None if it can.
    sensors : dict of str to VirtualSensor
        Sensors by address.
    failures : list of exception
        Exceptions raised by firmware; the first is raised again on exit.
    """

    def __init__(self, *, seed: int = 0, quirks: Quirks = WELL_BEHAVED) -> None:
        self.seed = seed
        self.trouble: Trouble | None = None
        self.sensors: dict[str, VirtualSensor] = {}
        self.failures: list[BaseException] = []
        self.begins_s = 0.0
        self.rng = self.chance_of("computer")
        self.habits = Habits(quirks, self.rng)
        self._listeners: list[Callable[[Advertisement], None]] = []
        self._connecting: asyncio.Task[Connection] | None = None

    async def __aenter__(self) -> Self:
        self.begins_s = asyncio.get_running_loop().time()
        self.medium = Medium()
        self._controller = AirController("computer", link=self.medium)
        self.medium.computer = self._controller
        configuration = DeviceConfiguration(name="computer", address=hci.Address(_COMPUTER))
        self.host = Host(config=configuration, host=Stack(self._controller))
        self.host.on(Host.EVENT_ADVERTISEMENT, self._on_advertisement)
        await self.host.power_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        self._controller.lose(reason=_POWERED_OFF)
        for sensor in self.sensors.values():
            await sensor.close()
        # lets callbacks that the stack has scheduled run while their targets still exist
        await asyncio.sleep(0.1)
        if error is None and self.failures:
            raise self.failures[0]

    def now_s(self) -> float:
        """Return the time in seconds since the air was entered."""
        return asyncio.get_running_loop().time() - self.begins_s

    def chance_of(self, name: str) -> np.random.Generator:
        """Return a separate random generator for `name`."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def add(self, sensor: VirtualSensor, address: hci.Address, port: Port) -> None:
        """Add a sensor."""
        if address in self.medium.ports:
            raise ValueError(f"address in use: {address}")
        self.medium.ports[address] = port
        self.sensors[sensor.address] = sensor

    # the adapter

    def power_off(self, trouble: Trouble = "powered_off") -> None:
        """Disable the adapter: links end, nothing is received, scanning and connecting are refused."""
        self.trouble = trouble
        self.medium.computer_hears = False
        if self._connecting is not None:
            self._connecting.cancel()
        for sensor in self.sensors.values():
            sensor.computer_gone()
        self._controller.lose(reason=_POWERED_OFF)

    def power_on(self) -> None:
        """Enable the adapter."""
        self.trouble = None
        self.medium.computer_hears = True

    async def scan(self, listener: Callable[[Advertisement], None]) -> None:
        """Call `listener` for every advertisement; several may listen at once."""
        self._listeners.append(listener)
        if len(self._listeners) == 1:
            await self.host.start_scanning(active=False)

    async def scan_no_more(self, listener: Callable[[Advertisement], None]) -> None:
        """Stop calling `listener`."""
        self._listeners.remove(listener)
        if not self._listeners:
            await self.host.stop_scanning()

    @property
    def scanning(self) -> bool:
        """Whether a scan is running."""
        return bool(self._listeners)

    @property
    def connecting(self) -> bool:
        """Whether a connection is being made."""
        return self._connecting is not None

    async def connect(self, address: str) -> Connection:
        """Connect as soon as the sensor advertises.

        Raises
        ------
        asyncio.CancelledError
            The adapter is disabled meanwhile, or the caller is cancelled.
        """
        connecting = asyncio.ensure_future(self.host.connect_le(hci.Address(address), timeout=None))
        self._connecting = connecting
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # by the controller: a connection made just before then reaches the stack before the answer
            await self.host.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            connecting.cancel()
            await asyncio.wait([connecting])
            raise
        finally:
            self._connecting = None

    def loss_of(self, address: hci.Address) -> Callable[[], None]:
        """Return a function that makes the computer give up its current link to a silent sensor."""
        return self._controller.loss_of(address)

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        # a scan response only repeats the advertisement
        if not advertisement.is_scan_response:
            self.habits.heard(advertisement.address.to_string(False), self.now_s())
            for listener in list(self._listeners):
                listener(advertisement)


#: Data bytes of one radio packet with data length extension.
_RADIO_PACKET_BYTES = 251
_TIMED_OUT = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


class Port:
    """A sensor's port to the medium: whether it is in range, and its connection while there is one."""

    def __init__(
        self, controller: AirController, plan: LinkPlan, zero_s: float, rng: np.random.Generator
    ) -> None:
        self.controller = controller
        self.plan = plan
        self.audible = False
        self.up: Carrier | None = None
        self.down: Carrier | None = None
        self.timetable: Timetable | None = None
        self._zero_s, self._rng = zero_s, rng
        self._supervision: list[asyncio.TimerHandle] = []

    def connect(self) -> None:
        """Begin a connection, with a random phase of its events."""
        self.close()
        now_s = asyncio.get_running_loop().time()
        self.timetable = Timetable(self.plan, now_s, self._zero_s, self._rng)
        self.up = Carrier(self.timetable, self.plan, self.plan.jitter_s, self._rng)
        self.down = Carrier(self.timetable, self.plan, 0.0, self._rng)

    def hold(self, *given_up: Callable[[], None]) -> None:
        """Hold all packets; after the supervision timeout, drop the connection and call `given_up`."""
        self._unsupervised()
        for carrier in self._carriers():
            carrier.hold(True)
        loop = asyncio.get_running_loop()
        self._supervision = [
            loop.call_later(self.plan.supervision_s, gives_up) for gives_up in (self._forget, *given_up)
        ]

    def go_on(self) -> None:
        """Release all packets."""
        self._unsupervised()
        for carrier in self._carriers():
            carrier.hold(False)

    def close(self) -> None:
        """Drop the connection and its packets at once."""
        self._unsupervised()
        self._forget()

    def _forget(self) -> None:
        for carrier in self._carriers():
            carrier.close()
        self.up = self.down = None

    def _unsupervised(self) -> None:
        for timer in self._supervision:
            timer.cancel()

    def _carriers(self) -> list[Carrier]:
        return [carrier for carrier in (self.up, self.down) if carrier is not None]


class AirController(Controller):
    """A Bluetooth controller that can lose links and cancel connecting."""

    le_acl_data_packet_length = _RADIO_PACKET_BYTES
    supported_max_tx_octets = supported_max_rx_octets = _RADIO_PACKET_BYTES

    # without bumble's log messages, whose texts would take most of the time though nobody reads them

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Pass a packet to the host."""
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the host."""
        match packet:
            case hci.HCI_AclDataPacket():
                self.on_hci_acl_data_packet(packet)
            case hci.HCI_Command():
                self.on_hci_command_packet(packet)
            case _:
                super().on_hci_packet(packet)

    def lose(self, reason: int = _TIMED_OUT) -> None:
        """End every link without informing the other side."""
        for connection in list(self.le_connections.values()):
            self.on_le_disconnected(connection, reason)

    def loss_of(self, peer: hci.Address) -> Callable[[], None]:
        """Return a function that ends the current link to `peer` if it still exists then."""
        connection = self.le_connections.get(peer)

        def lose() -> None:
            if connection is not None and self.le_connections.get(peer) is connection:
                self.on_le_disconnected(connection, _TIMED_OUT)

        return lose

    def silence(self) -> None:
        """Stop advertising."""
        for advertised in self.advertising_sets.values():
            advertised.stop()

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Cancel connecting, and report success."""
        self.pending_le_connection = None
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)


class Stack(HostStack):
    """The lower half of a host, on its controller, without bumble's log messages.

    Its requests can be given up at any moment, as a signal of the user does.
    """

    def __init__(self, controller: AirController) -> None:
        super().__init__(controller, AsyncPipeSink(controller))

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Pass a packet to the controller."""
        if self.hci_sink:
            self.hci_sink.on_packet(bytes(packet))

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the controller."""
        match packet:
            case hci.HCI_AclDataPacket():
                self.on_hci_acl_data_packet(packet)
            case hci.HCI_Event():
                self.on_hci_event_packet(packet)
            case _:
                super().on_hci_packet(packet)

    def on_packet(self, packet: bytes) -> None:
        """Take a packet, unless it answers what was given up a moment ago: that future is cancelled."""
        with suppress(asyncio.InvalidStateError):
            super().on_packet(packet)

    async def _send_command(
        self, command: hci.HCI_SyncCommand[Any] | hci.HCI_AsyncCommand, _timeout_s: float | None = None
    ) -> hci.HCI_Command_Complete_Event[Any] | hci.HCI_Command_Status_Event:
        # Every command is answered here, so none needs a timeout. With one, Python 3.11 swallows that the
        # caller was cancelled, if the answer has just come: https://bugs.python.org/issue42130
        return await super()._send_command(command)

    def on_command_processed(
        self, event: hci.HCI_Command_Complete_Event[Any] | hci.HCI_Command_Status_Event
    ) -> None:
        """Take an answer, unless its command was given up: whoever asks next would be given it."""
        if self.pending_command is not None and self.pending_command.op_code == event.command_opcode:
            super().on_command_processed(event)


class Medium(LocalLink):
    """The medium: one computer and any number of sensors."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ports: dict[hci.Address, Port] = {}
        self.computer: AirController | None = None
        self.computer_hears = True

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Send data, to arrive by the connection's events."""
        receiver = self.find_le_controller(destination_address)
        source = sender_controller.random_address
        if receiver is not None:
            arrive = partial(receiver.on_link_acl_data, source, transport, data)
            self._carry(sender_controller, destination_address, arrive)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Send a control packet, in order with the data."""
        sender = self.find_le_controller(sender_address)
        receiver = self.find_le_controller(receiver_address)
        if sender is not None and receiver is not None:
            self._carry(sender, receiver_address, lambda: _if_connected(receiver, sender_address, packet))

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Advertise to the computer, or request a connection to a sensor."""
        loop = asyncio.get_running_loop()
        if isinstance(packet, ll.ConnectInd):
            port = self.ports.get(packet.advertiser_address)
            if port is not None and port.audible:
                port.connect()
                loop.call_soon(port.controller.on_ll_advertising_pdu, packet)
            return
        port = self.ports.get(sender_controller.random_address)
        listener = self.computer
        if port is None or not port.audible or listener is None or not self.computer_hears:
            return
        if listener.le_scan_enable or listener.pending_le_connection:
            loop.call_soon(listener.on_ll_advertising_pdu, packet)

    def _carry(self, sender: Controller, address: hci.Address, deliver: Callable[[], None]) -> None:
        to_sensor = sender is self.computer
        port = self.ports.get(address if to_sensor else sender.random_address)
        carrier = None if port is None else port.down if to_sensor else port.up
        if carrier is not None:
            carrier.send(deliver)


def _if_connected(receiver: Controller, sender: hci.Address, packet: ll.ControlPdu) -> None:
    if receiver.le_connections.get(sender) is not None:
        receiver.on_ll_control_pdu(sender, packet)
