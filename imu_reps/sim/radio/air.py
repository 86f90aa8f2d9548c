"""The virtual air: one computer with a Bluetooth adapter, and the sensors around it, in this process."""

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

#: Why the adapter cannot be used; the names bleak has for it.
Trouble = Literal["powered_off", "no_bluetooth", "denied_by_user", "denied_by_system"]

_COMPUTER = "F1:F1:F1:F1:F1:F1"
_POWERED_OFF = hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR


class AirSensor(Protocol):
    """What the air knows of a sensor on it: see `imu_reps.sim.radio.virtual_sensor.VirtualSensor`."""

    address: str
    name: str

    @property
    def rssi_dbm(self) -> int:
        """Mean strength of its signal at the computer."""

    def computer_gone(self) -> None:
        """Learn that the computer's adapter was taken away."""

    async def close(self) -> None:
        """Leave the air."""


class Air:
    """Everything within reach, as an async context manager.

    Its time `now_s` counts from the moment it is entered: time 0 of the devices' feeds.

    Parameters
    ----------
    seed : int
        Of all chance. The same seed, sensors and program give the same arrivals on a `fast_loop`.
    quirks : Quirks, optional

    Attributes
    ----------
    sensors : dict of str to AirSensor
        By address.
    failures : list of exception
        What firmware has raised; the first is raised on leaving.
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
        # what the stack has put on the loop's next rounds finds its targets still there
        await asyncio.sleep(0.1)
        if error is None and self.failures:
            raise self.failures[0]

    def now_s(self) -> float:
        """Seconds since the air was entered."""
        return asyncio.get_running_loop().time() - self.begins_s

    def chance_of(self, name: str) -> np.random.Generator:
        """A source of chance of one's own."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def add(self, sensor: AirSensor, address: hci.Address, port: Port) -> None:
        """Put a sensor on the air."""
        if address in self.medium.ports:
            raise ValueError(f"address in use: {address}")
        self.medium.ports[address] = port
        self.sensors[sensor.address] = sensor

    # the adapter

    def power_off(self, trouble: Trouble = "powered_off") -> None:
        """Take the adapter away: links end, nothing is heard, scanning and connecting are refused."""
        self.trouble = trouble
        self.medium.computer_hears = False
        if self._connecting is not None:
            self._connecting.cancel()
        for sensor in self.sensors.values():
            sensor.computer_gone()
        self._controller.lose(reason=_POWERED_OFF)

    def power_on(self) -> None:
        """Give the adapter back."""
        self.trouble = None
        self.medium.computer_hears = True

    async def scan(self, listener: Callable[[Advertisement], None]) -> None:
        """Have `heard` called for every advertisement; several may listen at once."""
        self._listeners.append(listener)
        if len(self._listeners) == 1:
            await self.host.start_scanning(active=False)

    async def scan_no_more(self, listener: Callable[[Advertisement], None]) -> None:
        """Stop calling `heard`."""
        self._listeners.remove(listener)
        if not self._listeners:
            await self.host.stop_scanning()

    @property
    def scanning(self) -> bool:
        """Whether a scan is under way."""
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
            If the adapter goes away meanwhile, as well as when the caller is cancelled.
        """
        wanted = self.host.connect_le(hci.Address(address), timeout=None)
        self._connecting = asyncio.ensure_future(wanted)
        try:
            return await self._connecting
        finally:
            self._connecting.cancel()
            self._connecting = None
            self._controller.give_up_connecting()

    def loss_of(self, address: hci.Address) -> Callable[[], None]:
        """What makes the computer give up its present link to a sensor that has fallen silent."""
        return self._controller.loss_of(address)

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        # the controller answers a scan with the same words again
        if not advertisement.is_scan_response:
            self.habits.heard(advertisement.address.to_string(False), self.now_s())
            for listener in list(self._listeners):
                listener(advertisement)
