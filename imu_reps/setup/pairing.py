"""Pair two sensors: identify them by moving one, check them while the wearer lies still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imu_reps.domain.recording import Axis
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SampleBlock, SensorPlace, concatenate
from imu_reps.errors import RadioError
from imu_reps.sensors.stream_items import Item, LinkChange, SensorRequest, SensorStatus, loop_time_s
from imu_reps.sensors.streams import Streams
from imu_reps.setup.candidates import DEFAULT_RATE_HZ, NearbyDevice
from imu_reps.setup.placement_check import (
    LIMITS,
    Placement,
    is_standing_still,
    is_still,
    judge_placement,
    moved_sensor,
    rms_dps,
    sensor_axes,
)
from imu_reps.storage.profile import PairedSensor

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio


@dataclass(frozen=True, slots=True)
class PairingTimes:
    """How long pairing looks, waits and asks, in seconds."""

    #: Window over which the movement that identifies a sensor is judged.
    move_window_s: float = 1.0
    #: Timeout for lifting a sensor, and number of attempts.
    lift_s: float = 10.0
    lift_tries: int = 3
    #: Window for standing still, and timeout including strapping both on.
    stand_window_s: float = 2.0
    stand_patience_s: float = 120.0
    #: Window for lying still: at least half a breath.
    lie_window_s: float = 3.0
    #: Timeout for strapping both on and lying down: a minute, twice that to turn one round.
    lie_patience_s: float = 120.0
    #: Lying still this long after a hint means that the wearer wants it that way.
    insistence_s: float = 20.0
    #: Interval of checks.
    check_every_s: float = 0.25


TIMES = PairingTimes()


class RecentSamples:
    """The last seconds of samples of each sensor.

    Parameters
    ----------
    rates_hz : mapping
        By sensor.
    """

    def __init__(self, seconds: float, rates_hz: Mapping[SensorPlace, float]) -> None:
        self._most = {place: round(seconds * rate) for place, rate in rates_hz.items()}
        self._blocks: dict[SensorPlace, SampleBlock] = {}

    def take(self, items: list[Item]) -> None:
        """Add samples; a sensor whose link broke starts over."""
        for item in items:
            if isinstance(item, SampleBlock):
                known = self._blocks.get(item.sensor)
                joined = item if known is None else concatenate([known, item])
                self._blocks[item.sensor] = joined[-self._most[item.sensor] :]
            elif isinstance(item, LinkChange) and item.state != "streaming":
                self._blocks.pop(item.sensor, None)

    def whole(self) -> dict[SensorPlace, SampleBlock]:
        """Return the sensors whose whole window has arrived."""
        return {p: block for p, block in self._blocks.items() if len(block) >= self._most[p]}


class SensorPair:
    """Two streaming sensors, whose places may not be known yet.

    Parameters
    ----------
    streams : Streams
        Open.
    devices : mapping
        Devices by assumed place.
    """

    def __init__(
        self,
        streams: Streams,
        devices: Mapping[SensorPlace, NearbyDevice],
        rates_hz: Mapping[SensorPlace, float],
    ) -> None:
        self._streams = streams
        self._devices = devices
        self._rates_hz = rates_hz
        self._stream_of: dict[SensorPlace, SensorPlace] = {place: place for place in SENSOR_PLACES}

    def swap(self) -> None:
        """Swap the places of the two sensors."""
        self._stream_of = {"pelvis": self._stream_of["ankle"], "ankle": self._stream_of["pelvis"]}

    def device(self, place: SensorPlace) -> NearbyDevice:
        """Return the device at `place`."""
        return self._devices[self._stream_of[place]]

    def rate_hz(self, place: SensorPlace) -> float:
        """Return the requested rate of the sensor at `place`."""
        return self._rates_hz[self._stream_of[place]]

    def status(self, place: SensorPlace) -> SensorStatus:
        """Return the status of the sensor at `place`."""
        return self._streams.status()[self._stream_of[place]]

    async def identify(self, place: SensorPlace) -> bool:
        """Make the sensor at `place` blink or buzz; False if it cannot or does not answer."""
        return await self._streams.identify(self._stream_of[place])

    async def moved_sensor(self, seconds: float = TIMES.lift_s) -> SensorPlace | None:
        """Wait until one sensor moves clearly more than the other; None on timeout."""
        async for blocks in self._blocks(TIMES.move_window_s, seconds):
            if (place := moved_sensor(blocks)) is not None:
                return place
        return None

    async def wait_standing(self) -> FloatArray | None:
        """Wait until both were put on, which moves them, and stand still.

        Returns specific force at the pelvis (3,), or None on timeout.
        """
        moved_yet: set[SensorPlace] = set()
        async for blocks in self._blocks(TIMES.stand_window_s, TIMES.stand_patience_s):
            moved_yet |= {
                place for place, block in blocks.items() if rms_dps(block.gyr_dps) >= LIMITS.moved_dps
            }
            both = len(blocks) == len(moved_yet) == len(SENSOR_PLACES)
            if both and all(is_standing_still(block) for block in blocks.values()):
                return _force(blocks["pelvis"])
        return None

    async def wait_lying(self, standing_mps2: FloatArray) -> FloatArray | None:
        """Wait until they lie still, the pelvis about perpendicular to standing; return its force (3,)."""
        async for blocks in self._blocks(TIMES.lie_window_s, TIMES.lie_patience_s):
            still = all(is_still(block, self.rate_hz(place)) for place, block in blocks.items())
            if still and len(blocks) == len(SENSOR_PLACES):
                force = _force(blocks["pelvis"])
                if sensor_axes(standing_mps2, force) is not None:
                    return force
        return None

    async def wait_lying_still(
        self, anterior: Axis, seen: Callable[[Placement], None], seconds: float = TIMES.lie_patience_s
    ) -> Placement:
        """Wait until the wearer lies still with the pelvis sensor the right way round.

        Parameters
        ----------
        anterior : Axis
            The pelvis sensor's axis that should point forward.
        seen : callable
            Called with the placement whenever it changes.
        seconds : float
            Timeout.

        Returns
        -------
        Placement
            Correct, or as they last lay still, or else what prevented it. Ends early if the wearer keeps
            lying still despite a hint.
        """
        rates_hz = {place: self.rate_hz(place) for place in SENSOR_PLACES}
        before, lay, since_s = Placement("no_samples", "pelvis"), None, 0.0
        async for blocks in self._blocks(TIMES.lie_window_s, seconds):
            now = judge_placement(blocks, rates_hz, anterior)
            if now.fault is None:
                return now
            if now.what != before.what:
                seen(now)
                since_s = loop_time_s()
            before = now
            if now.is_lying_still:
                lay = now
                if loop_time_s() - since_s >= TIMES.insistence_s:
                    break
        return lay or before

    async def _blocks(self, window_s: float, seconds: float) -> AsyncIterator[dict[SensorPlace, SampleBlock]]:
        """Yield the last `window_s` of each sensor that has sent as much, not more often than is checked."""
        latest = RecentSamples(window_s, self._rates_hz)
        until_s, next_s = loop_time_s() + seconds, loop_time_s()
        while (items := await next_items(self._streams, until_s)) is not None:
            latest.take(items)
            if loop_time_s() >= next_s:
                next_s = loop_time_s() + TIMES.check_every_s
                # a swap is its own inverse
                yield {self._stream_of[stream]: block for stream, block in latest.whole().items()}

    def paired(self, place: SensorPlace) -> PairedSensor:
        """Return the sensor at `place` as it is stored, its axes not yet known."""
        device = self.device(place)
        assert device.family is not None
        return PairedSensor(
            family=device.family.name,
            host_id=device.found.host_id,
            rate_hz=self.rate_hz(place),
            name=device.found.advertisement.name,
            identity=self.status(place).identity,
        )


def _force(block: SampleBlock) -> FloatArray:
    """Return the mean specific force, (3,)."""
    return np.asarray(block.acc_mps2.mean(axis=0))


@asynccontextmanager
async def streaming(
    radio: Radio, devices: Mapping[SensorPlace, NearbyDevice], asked_hz: float
) -> AsyncIterator[SensorPair]:
    """Stream two usable sensors at about the requested rate within a context.

    Raises
    ------
    RadioError
        For a sensor that cannot be connected or does not stream.
    """
    requests = {place: sensor_request(device, asked_hz) for place, device in devices.items()}
    streams = Streams(radio, requests)
    try:
        with _without_places():
            await streams.open()
        yield SensorPair(streams, devices, {place: request.rate_hz for place, request in requests.items()})
    finally:
        await streams.close()


@contextmanager
def _without_places() -> Iterator[None]:
    """Remove places from error messages, since they are not known yet."""
    try:
        yield
    except RadioError as error:
        message = error.message
        for place in SENSOR_PLACES:
            message = message.replace(f"he {place} sensor (", "he sensor (")
        raise RadioError(message, hint=error.hint, code=error.code) from error


def sensor_request(device: NearbyDevice, asked_hz: float = DEFAULT_RATE_HZ) -> SensorRequest:
    """Return a usable sensor as `Streams` takes it."""
    assert device.family is not None
    rate_hz = device.family.nearest_rate_hz(asked_hz)
    return SensorRequest(device.family, device.found.host_id, rate_hz, name=device.found.advertisement.name)


async def next_items(streams: Streams, until_s: float) -> list[Item] | None:
    """Return the next items; None after `until_s`."""
    if loop_time_s() >= until_s:
        return None
    try:
        async with asyncio.timeout_at(until_s):
            return await streams.items()
    except TimeoutError:
        return None
