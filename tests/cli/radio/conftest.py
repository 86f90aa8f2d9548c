"""A computer with a virtual radio, for the commands that use Bluetooth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.device import BLEDevice
from click.testing import CliRunner, Result

from imu_reps.cli.main import main
from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.ble import Radio
from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.radio.virtual_sensor import VirtualSensor


@dataclass(frozen=True)
class Sensor:
    """A virtual sensor: what it is and how it lies.

    Attributes
    ----------
    up : tuple
        Upward direction in the axes of the sensor.
    swung_until_s : float
        Swung by hand until this time of the radio, then at rest.
    fault : str or None
        A method of the virtual sensor called at once, such as ``stop_streaming``.
    """

    kind: str = "open_profile"
    name: str | None = None
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    swung_until_s: float = 0.0
    battery_percent: float = 80.0
    fault: str | None = None

    def feed(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        noise = np.random.default_rng(len(time_s))
        acc = 9.80665 * np.asarray(self.up) + noise.normal(0.0, 0.02, (len(time_s), 3))
        gyr = noise.normal(0.0, 0.1, (len(time_s), 3))
        gyr[:, 0] += np.where(time_s < self.swung_until_s, 200.0 * np.sin(2.0 * np.pi * time_s), 0.0)
        return acc, gyr


class Computer:
    """Calls ``imu-reps`` on a computer within reach of `sensors`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.sensors: list[Sensor] = []
        self.connected: list[BLEDevice] = []
        self.trouble: str | None = None

    def call(self, *words: str, answers: str = "") -> Result:
        return CliRunner().invoke(main, words, input=answers)

    def on_the_air(self, virtual: str | None, work: Callable[..., Any]) -> Any:
        """Replace the command line's access to the computer's own Bluetooth."""
        assert virtual is None
        return run(self._on_the_air(work))

    async def _on_the_air(self, work: Callable[..., Any]) -> Any:
        async with Air(seed=5) as air:
            for number, sensor in enumerate(self.sensors, 1):
                device = DEVICES[sensor.kind](sensor.feed, battery_percent=sensor.battery_percent)
                virtual = VirtualSensor(air, device, f"F0:00:00:00:00:0{number}", sensor.name)
                if sensor.fault:
                    await asyncio.sleep(0.5)  # by then it advertises
                    getattr(virtual, sensor.fault)()
            if self.trouble:
                air.power_off(self.trouble)
            radio = Radio(
                scanner_backend=scanner_backend(air),
                client_backend=client_backend(air),
                adapter_backend=adapter_backend(self.connected),
            )
            return await work(radio, None)


def adapter_backend(connected: list[BLEDevice]) -> type[BaseBleakAdapter]:
    """Return a backend for bleak's adapter, of a computer that is connected to these devices already."""

    class Adapter(BaseBleakAdapter):
        @classmethod
        async def get(cls, **_: Any) -> Adapter:
            return cls()

        async def get_connected_devices(self, service_uuids: frozenset[str]) -> list[BLEDevice]:  # noqa: ARG002
            return connected

    return Adapter


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    """A computer without paired sensors."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    computer = Computer(tmp_path)
    for command in ("scan", "pair", "doctor"):
        monkeypatch.setattr(f"imu_reps.cli.{command}.run_with_radio", computer.on_the_air)
    return computer


@pytest.fixture
def make_sensor() -> type[Sensor]:
    """Sensors to place within reach."""
    return Sensor
