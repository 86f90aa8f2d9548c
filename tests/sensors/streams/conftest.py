"""A bench of two virtual sensors, what they sent and what was received."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from imu_reps.sensors.stream_items import LinkChange, SensorRequest

pytest.importorskip("bumble", reason="virtual sensors need the extra `virtual`")

from imu_reps import SampleBlock
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace, concatenate
from imu_reps.sensors.ble import Radio
from imu_reps.sensors.families import family
from imu_reps.sensors.streams import Streams
from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.device import DeviceClock
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.radio.link_plan import WELL_BEHAVED, Quirks
from imu_reps.sim.radio.virtual_sensor import VirtualSensor

Story = Callable[["Bench"], Awaitable[Any]]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ADDRESS: dict[SensorPlace, str] = {"pelvis": "F0:00:00:00:00:01", "ankle": "F0:00:00:00:00:02"}
#: The two oscillators drift apart, as any two do.
RATE_ERROR: dict[SensorPlace, float] = {"pelvis": 4e-4, "ankle": -3e-4}
#: Angular rates about z that tell the sensors' readings apart.
MARK_DPS: dict[SensorPlace, float] = {"pelvis": 100.0, "ankle": -100.0}
_TURN = 1000


class Numbered:
    """Readings that carry the number of their sample and a mark of their sensor."""

    def __init__(self, mark_dps: float) -> None:
        self.made_s: list[FloatArray] = []
        self._made = 0
        self._mark_dps = mark_dps

    def __call__(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        number = self._made + np.arange(len(time_s))
        self._made += len(time_s)
        self.made_s.append(time_s)
        acc = np.tile([0.0, 0.0, 9.80665], (len(time_s), 1))
        mark = np.full(len(number), self._mark_dps)
        gyr = np.stack([number % _TURN - 500.0, number // _TURN - 500.0, mark], axis=1)
        return acc, gyr

    @staticmethod
    def number_of(block: SampleBlock) -> IntArray:
        """Return the numbers of these samples, counted from the first ever taken."""
        low, high = np.rint(block.gyr_dps[:, :2]).astype(np.int64).T + 500
        return np.asarray(low + _TURN * high)

    def true_rate_hz(self, first: int, last: int) -> float:
        """Return the rate at which samples `first` to `last` were taken."""
        taken_s = np.concatenate(self.made_s)
        return float((last - first) / (taken_s[last] - taken_s[first]))


@dataclass
class Bench:
    """Both sensors within reach, as an async context manager; `listen` collects what the streams deliver.

    `device` are settings of both devices, `sensor` of both virtual sensors.
    """

    family: str = "open_profile"
    rate_hz: float = 100.0
    quirks: Quirks = WELL_BEHAVED
    seed: int = 1
    device: dict[str, Any] = field(default_factory=dict)
    sensor: dict[str, Any] = field(default_factory=dict)
    patience_s: float = 30.0

    async def __aenter__(self) -> Self:
        self.air = await Air(seed=self.seed, quirks=self.quirks).__aenter__()
        self.feeds = {place: Numbered(MARK_DPS[place]) for place in SENSOR_PLACES}
        self.sensors = {place: self._build(place) for place in SENSOR_PLACES}
        self.requests = {
            place: SensorRequest(family(self.family), ADDRESS[place], self.rate_hz) for place in SENSOR_PLACES
        }
        self.read: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self.delivered: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self.radio = Radio(scanner_backend=scanner_backend(self.air), client_backend=self._noting_client())
        self.items: list[Any] = []
        self.streams = self.build_streams()
        await asyncio.sleep(0.5)  # until both advertise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.streams.close()
        await self.air.__aexit__(kind, error, trace)

    def build_streams(self, **changes: Any) -> Streams:
        """Build streams for the current requests."""
        self.streams = Streams(self.radio, self.requests, patience_s=self.patience_s, **changes)
        return self.streams

    def _build(self, place: SensorPlace) -> VirtualSensor:
        clock = DeviceClock(rate_error=RATE_ERROR[place], start_s=4000.0)
        device = DEVICES[self.family](self.feeds[place], clock=clock, **self.device)
        return VirtualSensor(self.air, device, ADDRESS[place], **self.sensor)

    def _noting_client(self) -> Any:
        """Return bleak's backend of the virtual radio, noting every notification and answer it delivers."""
        read, delivered = self.read, self.delivered

        class Noting(client_backend(self.air)):  # type: ignore[name-defined,misc]
            async def read_gatt_char(self, characteristic: Any, **settings: Any) -> bytearray:
                data = await super().read_gatt_char(characteristic, **settings)
                read[self.address].append((characteristic.uuid, bytes(data)))
                return data

            async def start_notify(self, characteristic: Any, callback: Any, **settings: Any) -> None:
                def note(data: bytearray) -> None:
                    delivered[self.address].append((characteristic.uuid, bytes(data)))
                    callback(data)

                await super().start_notify(characteristic, note, **settings)

        return Noting

    async def open(self) -> None:
        """Open the streams and begin to note what is delivered, as their items begin here too."""
        await self.streams.open()
        self.delivered.clear()

    async def listen(self, seconds: float) -> None:
        """Take items for some seconds, and note how much had been delivered by then."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self.items += await self.streams.items()
        except TimeoutError:
            self.taken = {address: len(notifications) for address, notifications in self.delivered.items()}

    async def listen_until(self, place: SensorPlace, state: str, longest_s: float) -> float:
        """Take items until the link is in the given state; return how long that took, in s."""
        loop = asyncio.get_running_loop()
        began_s, seen = loop.time(), len(self.changes(place))
        while state not in [change.state for change in self.changes(place)[seen:]]:
            async with asyncio.timeout(began_s + longest_s - loop.time()):
                self.items += await self.streams.items()
        return loop.time() - began_s

    def block(self, place: SensorPlace) -> SampleBlock:
        """Return all samples of one sensor so far."""
        return concatenate(
            [item for item in self.items if isinstance(item, SampleBlock) and item.sensor == place]
        )

    def numbers(self, place: SensorPlace) -> IntArray:
        """Return the numbers of the samples that arrived from a sensor, in order of arrival."""
        return Numbered.number_of(self.block(place))

    def changes(self, place: SensorPlace) -> list[LinkChange]:
        """Return the changes of a link."""
        return [item for item in self.items if isinstance(item, LinkChange) and item.sensor == place]

    def states(self, place: SensorPlace) -> list[str]:
        """Return the states of a link, in order."""
        return [change.state for change in self.changes(place)]

    def delivered_samples(self, place: SensorPlace) -> int:
        """Return the number of samples in the notifications delivered by bleak until `listen` last ended."""
        kind, address = family(self.family), ADDRESS[place]
        state, count = kind.begin(self.rate_hz), 0
        for characteristic, data in self.read[address] + self.delivered[address][: self.taken[address]]:
            state, decoded = kind.decode(state, characteristic, data, 0.0)
            count += len(decoded.samples)
        return count


@pytest.fixture
def on_bench() -> Callable[..., Any]:
    """Run a story ``async (both) -> result`` on a bench with these settings, in simulated time.

    More than `longest_s` of it counts as a hang.
    """

    def told(story: Story, *settings: Any, longest_s: float = 200.0, **more: Any) -> Any:
        async def whole() -> Any:
            async with asyncio.timeout(longest_s), Bench(*settings, **more) as both:
                return await story(both)

        return run(whole())

    return told


@pytest.fixture
def streaming(on_bench: Callable[..., Any]) -> Callable[..., Any]:
    """Run a story like `on_bench`, from when both sensors stream."""

    def told(story: Story, *settings: Any, **more: Any) -> Any:
        async def whole(both: Bench) -> Any:
            await both.open()
            return await story(both)

        return on_bench(whole, *settings, **more)

    return told


@pytest.fixture
def other() -> Callable[[SensorPlace], SensorPlace]:
    """Return the place of the other sensor."""
    return lambda place: "ankle" if place == "pelvis" else "pelvis"
