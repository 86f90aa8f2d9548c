"""Virtual sensors and a program that receives them, for the tests of the virtual radio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.device import SentPacket
from imu_reps.sim.radio.devices.virtual_open_profile import CONTROL, STREAM, OpenProfile
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.radio.link_plan import WELL_BEHAVED, Quirks

START = b"\x01"


def ramp(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return readings from which their time can be read: x acceleration and x rate grow with time."""
    acc_mps2, gyr_dps = np.zeros((len(time_s), 3)), np.zeros((len(time_s), 3))
    acc_mps2[:, 0] = 0.1 * time_s
    acc_mps2[:, 2] = 9.80665
    gyr_dps[:, 0] = time_s
    return acc_mps2, gyr_dps


class LoggedDevice(OpenProfile):
    """The firmware of the open profile, with a log of every packet it made."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(ramp, **settings)
        self.log: list[SentPacket] = []

    def produce(self, until_s: float, max_notification: int) -> list[SentPacket]:
        packets = super().produce(until_s, max_notification)
        self.log += packets
        return packets


@dataclass
class Listener:
    """A program that connects, streams, and notes what arrives and when the link ends."""

    air: Air
    arrivals: list[tuple[float, bytes]] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)
    client: BleakClient | None = None

    @property
    def data(self) -> list[bytes]:
        return [data for _, data in self.arrivals]

    async def listen(self, address: str, timeout: float = 10.0) -> BleakClient:
        """Scan, connect, subscribe and start."""
        device = await BleakScanner.find_device_by_address(
            address, timeout=5.0, backend=scanner_backend(self.air)
        )
        assert device is not None
        return await self.connect(device, timeout)

    async def connect(self, device: Any, timeout: float = 10.0) -> BleakClient:
        client = BleakClient(
            device,
            lambda _: self.ends_s.append(self.air.now_s()),
            timeout=timeout,
            backend=client_backend(self.air),
        )
        await client.connect()
        await client.start_notify(STREAM, self._note)
        await client.write_gatt_char(CONTROL, START, response=True)
        self.client = client
        return client

    def _note(self, _: Any, data: bytearray) -> None:
        self.arrivals.append((self.air.now_s(), bytes(data)))


Story = Callable[[Air], Awaitable[Any]]


def _on_air(story: Story, *, seed: int = 0, quirks: Quirks = WELL_BEHAVED, speed: float | None = None) -> Any:
    async def whole() -> Any:
        async with Air(seed=seed, quirks=quirks) as air:
            result = await story(air)
        # no task of the radio is left behind
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return run(whole(), speed)


@pytest.fixture
def on_air() -> Callable[..., Any]:
    """Run a story ``async (air) -> result`` on a virtual radio in simulated time."""
    return _on_air


@pytest.fixture
def logged_device() -> type[LoggedDevice]:
    """An open-profile device that reads a ramp and logs its packets."""
    return LoggedDevice


@pytest.fixture
def listener() -> type[Listener]:
    """A program for one sensor."""
    return Listener
