"""The virtual air: one computer with a Bluetooth adapter and the sensors in its range, in this process."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Protocol, Self

import numpy as np

from imu_reps.sim.radio.link_plan import WELL_BEHAVED, Habits, Quirks
from imu_reps.sim.radio.medium import AirController, Medium, Port

# isort: split
from bumble import hci
from bumble.device import Advertisement, Connection, DeviceConfiguration
from bumble.device import Device as Host
from bumble.host import Host as HostStack
from bumble.transport.common import AsyncPipeSink

#: Why the adapter cannot be used, in bleak's names.
Trouble = Literal["powered_off", "no_bluetooth", "denied_by_user", "denied_by_system"]

_COMPUTER = "F1:F1:F1:F1:F1:F1"
_POWERED_OFF = hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR


class AirSensor(Protocol):
    """A sensor as the air uses it: see `imu_reps.sim.radio.virtual_sensor.VirtualSensor`."""

    address: str
    name: str

    @property
    def rssi_dbm(self) -> int:
        """Mean signal strength at the computer."""

    def computer_gone(self) -> None:
        """React to the loss of the computer's adapter."""

    async def close(self) -> None:
        """Remove the sensor from the air."""


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
    sensors : dict of str to AirSensor
        Sensors by address.
    failures : list of exception
        Exceptions raised by firmware; the first is raised again on exit.
    """

    def __init__(self, *, seed: int = 0, quirks: Quirks = WELL_BEHAVED) -> None:
        self.seed = seed
        self.trouble: Trouble | None = None
        self.sensors: dict[str, AirSensor] = {}
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
        stack = HostStack(self._controller, AsyncPipeSink(self._controller))
        configuration = DeviceConfiguration(name="computer", address=hci.Address(_COMPUTER))
        self.host = Host(config=configuration, host=stack)
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

    def add(self, sensor: AirSensor, address: hci.Address, port: Port) -> None:
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
        connection = self.host.connect_le(hci.Address(address), timeout=None)
        self._connecting = asyncio.ensure_future(connection)
        try:
            return await self._connecting
        finally:
            self._connecting.cancel()
            self._connecting = None
            self._controller.give_up_connecting()

    def loss_of(self, address: hci.Address) -> Callable[[], None]:
        """Return a function that makes the computer give up its current link to a silent sensor."""
        return self._controller.loss_of(address)

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        # a scan response only repeats the advertisement
        if not advertisement.is_scan_response:
            self.habits.heard(advertisement.address.to_string(False), self.now_s())
            for listener in list(self._listeners):
                listener(advertisement)
