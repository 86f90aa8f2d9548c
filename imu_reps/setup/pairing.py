"""Getting to know two sensors: told apart by moving one, checked while their wearer lies still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from imu_reps.domain.recording import Axis
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SampleBlock, SensorPlace, concatenate
from imu_reps.errors import RadioError
from imu_reps.sensors.link import LinkChange
from imu_reps.sensors.streams import Item, SensorStatus, Streams, Wanted
from imu_reps.setup.candidates import USUAL_RATE_HZ, Nearby, nearest_rate
from imu_reps.setup.placement_check import (
    MOVED_DPS,
    Wear,
    axes_of,
    is_still,
    moved,
    rms_dps,
    stands_quietly,
    wear,
)
from imu_reps.storage.profile import PairedSensor

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio

#: The movement that tells the sensors apart is judged over this time.
MOVE_WINDOW_S = 1.0
#: How long a sensor is waited for to be lifted, and how often one is asked.
LIFT_S = 10.0
LIFT_TRIES = 3

#: Standing still is judged over this time; who is told to stand has put both on by then.
STAND_WINDOW_S = 2.0
STAND_PATIENCE_S = 120.0
#: Lying still is judged over this time: half a breath at least.
LIE_WINDOW_S = 3.0
#: Putting two sensors on and lying down takes a minute; twice that for who must turn one round.
LIE_PATIENCE_S = 120.0
#: Who was told what to change and goes on lying still so long wants it that way.
INSISTS_S = 20.0
#: How often they are looked at.
LOOK_EVERY_S = 0.25


class Latest:
    """The last seconds that arrived of each sensor.

    Parameters
    ----------
    seconds : float
    rates_hz : mapping
        By sensor.
    """

    def __init__(self, seconds: float, rates_hz: Mapping[SensorPlace, float]) -> None:
        self._most = {place: round(seconds * rate) for place, rate in rates_hz.items()}
        self._blocks: dict[SensorPlace, SampleBlock] = {}

    def take(self, items: list[Item]) -> None:
        """Add what arrived; a sensor whose link broke begins anew."""
        for item in items:
            if isinstance(item, SampleBlock):
                known = self._blocks.get(item.sensor)
                joined = item if known is None else concatenate([known, item])
                self._blocks[item.sensor] = joined[-self._most[item.sensor] :]
            elif isinstance(item, LinkChange) and item.state != "streaming":
                self._blocks.pop(item.sensor, None)

    def whole(self) -> dict[SensorPlace, SampleBlock]:
        """Those sensors of which the whole time has arrived."""
        return {p: block for p, block in self._blocks.items() if len(block) >= self._most[p]}


class TwoSensors:
    """Two streaming sensors, of which it may not be known yet which is worn where.

    Parameters
    ----------
    streams : Streams
        Open.
    devices : mapping
        What streams at which place.
    rates_hz : mapping
    """

    def __init__(
        self,
        streams: Streams,
        devices: Mapping[SensorPlace, Nearby],
        rates_hz: Mapping[SensorPlace, float],
    ) -> None:
        self._streams = streams
        self._devices = devices
        self._rates_hz = rates_hz
        self._stream_of: dict[SensorPlace, SensorPlace] = {place: place for place in SENSOR_PLACES}

    def swap(self) -> None:
        """Take the pelvis sensor for the ankle sensor, and the other way round."""
        self._stream_of = {"pelvis": self._stream_of["ankle"], "ankle": self._stream_of["pelvis"]}

    def device(self, place: SensorPlace) -> Nearby:
        """The sensor at `place`."""
        return self._devices[self._stream_of[place]]

    def rate_hz(self, place: SensorPlace) -> float:
        """The rate asked of the sensor at `place`."""
        return self._rates_hz[self._stream_of[place]]

    def status(self, place: SensorPlace) -> SensorStatus:
        """How the sensor at `place` is doing."""
        return self._streams.status()[self._stream_of[place]]

    async def identify(self, place: SensorPlace) -> bool:
        """Have the sensor at `place` blink or buzz; False: it cannot, or did not answer."""
        return await self._streams.identify(self._stream_of[place])

    async def who_moved(self, seconds: float = LIFT_S) -> SensorPlace | None:
        """Wait until one sensor moves clearly more than the other; None if none does in time."""
        latest = Latest(MOVE_WINDOW_S, self._rates_hz)
        until_s = asyncio.get_running_loop().time() + seconds
        while (items := await next_items(self._streams, until_s)) is not None:
            latest.take(items)
            stream = moved(latest.whole())
            if stream is not None:
                return self._stream_of[stream]  # a swap is its own inverse
        return None

    async def lie_still(
        self, anterior: Axis, seen: Callable[[Wear], None], seconds: float = LIE_PATIENCE_S
    ) -> Wear:
        """Wait until the wearer lies still with the pelvis sensor the right way round.

        Parameters
        ----------
        anterior : Axis
            The pelvis sensor's axis that should point forward.
        seen : callable
            Told what is in the way, whenever that changes.
        seconds : float
            How long.

        Returns
        -------
        Wear
            All well, or how they lay when they last lay still; if they never did, what was in the way.
            Who goes on lying as they were told not to is not waited for.
        """
        before, lay, since_s = Wear("no_samples", "pelvis"), None, 0.0
        async for now_s, now in self._looks(anterior, seconds):
            if now.fault is None:
                return now
            if now.what != before.what:
                seen(now)
                since_s = now_s
            before = now
            if now.lies:
                lay = now
                if now_s - since_s >= INSISTS_S:
                    break
        return lay or before

    async def stand(self, seconds: float = STAND_PATIENCE_S) -> FloatArray | None:
        """Wait until both were put on, which moves them, and stand still; gravity at the pelvis (3,) then.

        None if that was not seen in time.
        """
        moved_yet: set[SensorPlace] = set()
        latest = Latest(STAND_WINDOW_S, self._rates_hz)
        until_s = asyncio.get_running_loop().time() + seconds
        while (items := await next_items(self._streams, until_s)) is not None:
            latest.take(items)
            blocks = {self._stream_of[stream]: block for stream, block in latest.whole().items()}
            moved_yet |= {place for place, block in blocks.items() if rms_dps(block.gyr_dps) >= MOVED_DPS}
            both = len(blocks) == len(moved_yet) == len(SENSOR_PLACES)
            if both and all(stands_quietly(block) for block in blocks.values()):
                return np.asarray(blocks["pelvis"].acc_mps2.mean(axis=0))
        return None

    async def lie(self, standing_mps2: FloatArray, seconds: float = LIE_PATIENCE_S) -> FloatArray | None:
        """Wait until they lie still, the pelvis at about right angles to how it stood: gravity (3,) there."""
        latest = Latest(LIE_WINDOW_S, self._rates_hz)
        until_s = asyncio.get_running_loop().time() + seconds
        while (items := await next_items(self._streams, until_s)) is not None:
            latest.take(items)
            blocks = {self._stream_of[stream]: block for stream, block in latest.whole().items()}
            if len(blocks) < len(SENSOR_PLACES):
                continue
            force = np.asarray(blocks["pelvis"].acc_mps2.mean(axis=0))
            still = all(is_still(block, self.rate_hz(place)) for place, block in blocks.items())
            if still and axes_of(standing_mps2, force) is not None:
                return force
        return None

    async def _looks(self, anterior: Axis, seconds: float) -> AsyncIterator[tuple[float, Wear]]:
        """How they are worn, with the time, several times a second."""
        loop, latest = asyncio.get_running_loop(), Latest(LIE_WINDOW_S, self._rates_hz)
        until_s, next_s = loop.time() + seconds, loop.time()
        while (items := await next_items(self._streams, until_s)) is not None:
            latest.take(items)
            if loop.time() >= next_s:
                next_s = loop.time() + LOOK_EVERY_S
                yield loop.time(), self._wear(latest, anterior)

    def _wear(self, latest: Latest, anterior: Axis) -> Wear:
        blocks = {self._stream_of[stream]: block for stream, block in latest.whole().items()}
        rates = {place: self.rate_hz(place) for place in SENSOR_PLACES}
        return wear(blocks, rates, anterior)

    def paired(
        self, place: SensorPlace, cranial: Axis | None = None, anterior: Axis | None = None
    ) -> PairedSensor:
        """What is to be kept of the sensor at `place`."""
        device = self.device(place)
        assert device.family is not None
        return PairedSensor(
            family=device.family.name,
            host_id=device.found.host_id,
            rate_hz=self.rate_hz(place),
            name=device.found.advertisement.name,
            identity=self.status(place).identity,
            cranial_axis=cranial,
            anterior_axis=anterior,
        )


@asynccontextmanager
async def streaming(
    radio: Radio, devices: Mapping[SensorPlace, Nearby], asked_hz: float
) -> AsyncIterator[TwoSensors]:
    """Two fit sensors, streaming at about the rate asked for, and let go again.

    Raises
    ------
    RadioError
        Naming the sensor that cannot be connected or does not stream.
    """
    wanted = {place: wanted_sensor(device, asked_hz) for place, device in devices.items()}
    streams = Streams(radio, wanted)
    try:
        with _nameless():
            await streams.open()
        yield TwoSensors(streams, devices, {place: want.rate_hz for place, want in wanted.items()})
    finally:
        await streams.close()


@contextmanager
def _nameless() -> Iterator[None]:
    """Errors that do not say where a sensor is worn: nobody knows it yet."""
    try:
        yield
    except RadioError as error:
        message = error.message
        for place in SENSOR_PLACES:
            message = message.replace(f"he {place} sensor (", "he sensor (")
        raise RadioError(message, hint=error.hint, code=error.code) from error


def wanted_sensor(device: Nearby, asked_hz: float = USUAL_RATE_HZ) -> Wanted:
    """A sensor that can do the job, as `Streams` takes it."""
    assert device.family is not None
    rate = nearest_rate(device.family, asked_hz)
    return Wanted(device.family, device.found.host_id, rate, name=device.found.advertisement.name)


async def next_items(streams: Streams, until_s: float) -> list[Item] | None:
    """What arrives next; None once it is `until_s`."""
    if asyncio.get_running_loop().time() >= until_s:
        return None
    try:
        async with asyncio.timeout_at(until_s):
            return await streams.items()
    except TimeoutError:
        return None
