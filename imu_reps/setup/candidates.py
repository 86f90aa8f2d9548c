"""Choose two usable sensors among those found in a scan; read the battery of one that is not streaming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RadioError, UsageError
from imu_reps.sensors.families import Unfit, recognise
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.starting import take_steps
from imu_reps.sensors.stream_items import loop_time_s
from imu_reps.sensors.wire import Family, Subscribe

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Found, Radio

#: After two usable sensors were found, the scan continues this long for others to choose from.
SETTLE_S = 3.0

#: Default rate: enough for jolts and tempo, and Bluetooth carries it for two sensors.
DEFAULT_RATE_HZ = 100.0


@dataclass(frozen=True, slots=True)
class NearbyDevice:
    """A device found in a scan, and its recognised kind.

    Attributes
    ----------
    kind : Family, Unfit or None
        None if unknown.
    """

    found: Found
    kind: Family | Unfit | None

    @property
    def family(self) -> Family | None:
        """Sensor family if it is usable."""
        return self.kind if isinstance(self.kind, Family) else None

    @property
    def unfit(self) -> str | None:
        """Why a known device is not usable, and what to use instead."""
        return self.kind.why if isinstance(self.kind, Unfit) else None

    @property
    def name(self) -> str:
        """Advertised name, or the host id."""
        return self.found.advertisement.name or self.found.host_id


def nearby(found: Iterable[Found]) -> list[NearbyDevice]:
    """Recognise each device found, in the same order."""
    return [NearbyDevice(device, recognise(device.advertisement)) for device in found]


def usable(devices: Iterable[NearbyDevice]) -> list[NearbyDevice]:
    """Return the usable devices."""
    return [device for device in devices if device.family]


def find_device(devices: Iterable[NearbyDevice], words: str) -> NearbyDevice | None:
    """Return the device with this host id, or else this name; None if there is none.

    Raises
    ------
    UsageError
        ``same_name``: several have this name.
    """
    known = list(devices)
    wanted = words.strip().casefold()
    by_id = [device for device in known if device.found.host_id.casefold() == wanted]
    by_name = [device for device in known if device.name.casefold() == wanted]
    if not by_id and len(by_name) > 1:
        ids = ", ".join(device.found.host_id for device in by_name)
        raise UsageError(
            f"{len(by_name)} sensors are called {words}.",
            hint=f"Name one by its id: {ids}.",
            code="same_name",
        )
    return next(iter(by_id or by_name), None)


def two_usable_found() -> Callable[[list[Found]], bool]:
    """Return a predicate for one scan: two usable sensors were found at least `SETTLE_S` ago."""
    since_s: float | None = None

    def enough(found: list[Found]) -> bool:
        nonlocal since_s
        now_s = loop_time_s()
        if since_s is None and len(usable(nearby(found))) >= 2:
            since_s = now_s
        return since_s is not None and now_s - since_s >= SETTLE_S

    return enough


def all_found(wanted: Collection[str]) -> Callable[[list[Found]], bool]:
    """Return a predicate: all of these host ids or names were found."""
    words = {word.strip().casefold() for word in wanted}

    def enough(found: list[Found]) -> bool:
        ids = {device.host_id.casefold() for device in found}
        names = {(device.advertisement.name or "").casefold() for device in found}
        return words <= ids | names

    return enough


async def scan_for_pair(radio: Radio, seconds: float, named: Mapping[SensorPlace, str]) -> list[NearbyDevice]:
    """Scan until the named sensors, or two usable ones, are found, for at most `seconds`.

    Parameters
    ----------
    named : mapping
        Host ids or names given by the user.
    """
    two, all_named = two_usable_found(), all_found(named.values())
    both = len(named) == len(SENSOR_PLACES)
    return nearby(await radio.scan(seconds, lambda found: all_named(found) and (both or two(found))))


def named_sensors(
    devices: Sequence[NearbyDevice], named: Mapping[SensorPlace, str]
) -> dict[SensorPlace, NearbyDevice]:
    """Return the devices of the sensors that the user named.

    Raises
    ------
    RadioError
        ``not_found``; ``unknown_sensor``: it is not usable.
    UsageError
        ``same_name``, ``same_sensor``.
    """
    picked = {place: _named(devices, place, words) for place, words in named.items()}
    if len({device.found.host_id for device in picked.values()}) < len(picked):
        raise UsageError(
            "One sensor was named for both places.", hint="Name two different ones.", code="same_sensor"
        )
    return picked


def _named(devices: Sequence[NearbyDevice], place: SensorPlace, words: str) -> NearbyDevice:
    device = find_device(devices, words)
    who = f"The {place} sensor ({words})"
    if device is None:
        raise radio_error("not_found", who)
    if device.family is None:
        raise radio_error("unknown_sensor", who, device.unfit)
    return device


def remaining_devices(
    devices: Sequence[NearbyDevice], picked: Mapping[SensorPlace, NearbyDevice]
) -> list[NearbyDevice]:
    """Return the usable devices that are not picked yet.

    Raises
    ------
    RadioError
        ``not_found``: there are too few.
    """
    taken = {device.found.host_id for device in picked.values()}
    able = usable(devices)
    free = [device for device in able if device.found.host_id not in taken]
    if len(picked) + len(free) >= len(SENSOR_PLACES):
        return free
    raise _too_few(able, [device for device in devices if device.unfit])


def _too_few(able: Sequence[NearbyDevice], unfit: Sequence[NearbyDevice]) -> RadioError:
    if able:
        message = f"Only one sensor that can do the job was heard: {able[0].name} ({able[0].found.host_id})."
    else:
        message = "No sensor that can do the job was heard."
    if unfit:
        message += "".join(f" Not usable: {device.name}: {device.unfit}" for device in unfit)
    hint = (
        "Switch both on, move them, bring them near, and disconnect them from any phone or other program: "
        "a sensor that is connected elsewhere cannot be heard."
    )
    return RadioError(message, hint=hint, code="not_found")


async def read_battery(radio: Radio, found: Found, family: Family) -> float | None:
    """Connect, read the battery level, and disconnect.

    Returns
    -------
    float or None
        Percent; None if the sensor does not report it.

    Raises
    ------
    RadioError
        If it cannot be connected.
    """
    state = family.begin(family.nearest_rate_hz(DEFAULT_RATE_HZ))
    percent: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def hear(characteristic: str, data: bytes) -> None:
        nonlocal state
        state, decoded = family.decode(state, characteristic, data, loop_time_s())
        if decoded.facts.battery_percent is not None and not percent.done():
            percent.set_result(decoded.facts.battery_percent)

    connection = radio.connection(found, lambda: None)
    try:
        await connection.open()
        # subscribes and polls, without starting a stream or changing a setting
        start = family.start(family.nearest_rate_hz(DEFAULT_RATE_HZ), 0)
        for step in (*(step for step in start if isinstance(step, Subscribe)), *family.poll):
            # an unsupported request does no harm: the others are still sent
            with suppress(RadioError):
                await take_steps((step,), connection, hear)
        # sensors that measure first take up to a second
        return await asyncio.wait_for(percent, 1.5)
    except TimeoutError:
        return None
    finally:
        percent.cancel()
        await connection.close()
