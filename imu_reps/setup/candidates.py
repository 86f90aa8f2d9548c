"""Sensors that were heard: which of them can do the job, and which two are meant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RadioError, UsageError
from imu_reps.sensors.families import Recognised, recognise
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.wire import Family

if TYPE_CHECKING:
    from imu_reps.sensors.found import Found
if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio

#: Once two fit sensors were heard, others may still turn up for so long, so that one can choose.
SETTLE_S = 3.0

#: Asked for where nobody said otherwise: enough for jolts and tempo, and the radio carries it twice.
USUAL_RATE_HZ = 100.0


@dataclass(frozen=True, slots=True)
class Nearby:
    """A device that was heard, and what it is taken for.

    Attributes
    ----------
    found : Found
    kind : Recognised or None
        None: nothing this program knows.
    """

    found: Found
    kind: Recognised | None

    @property
    def family(self) -> Family | None:
        """Its family if it can do the job."""
        return self.kind.family if self.kind else None

    @property
    def name(self) -> str:
        """What it calls itself, or its host id."""
        return self.found.advertisement.name or self.found.host_id


def nearby(found: Iterable[Found]) -> list[Nearby]:
    """What each device that was heard is taken for, in the same order."""
    return [Nearby(device, recognise(device.advertisement)) for device in found]


def fit(devices: Iterable[Nearby]) -> list[Nearby]:
    """Those that can do the job."""
    return [device for device in devices if device.family]


def matching(devices: Iterable[Nearby], words: str) -> Nearby | None:
    """The device with this host id, or else this name; None if there is none.

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


def two_heard() -> Callable[[list[Found]], bool]:
    """Whether two fit sensors were heard, and `SETTLE_S` have passed since; for one scan."""
    since_s: float | None = None

    def enough(found: list[Found]) -> bool:
        nonlocal since_s
        now_s = asyncio.get_running_loop().time()
        if since_s is None and len(fit(nearby(found))) >= 2:
            since_s = now_s
        return since_s is not None and now_s - since_s >= SETTLE_S

    return enough


def all_heard(wanted: Collection[str]) -> Callable[[list[Found]], bool]:
    """Whether every one of these host ids or names was heard."""
    words = {word.strip().casefold() for word in wanted}

    def enough(found: list[Found]) -> bool:
        ids = {device.host_id.casefold() for device in found}
        names = {(device.advertisement.name or "").casefold() for device in found}
        return words <= ids | names

    return enough


def nearest_rate(family: Family, asked_hz: float = USUAL_RATE_HZ) -> float:
    """The rate of the family that is nearest to the one asked for."""
    return min(family.rates_hz, key=lambda rate: abs(rate - asked_hz))


async def listen(radio: Radio, seconds: float, named: Mapping[SensorPlace, str]) -> list[Nearby]:
    """One scan for both; it ends early once those named, or two that can do the job, were heard.

    Parameters
    ----------
    radio : Radio
    seconds : float
    named : mapping
        Host id or name of the sensors the user has named.
    """
    two, all_named = two_heard(), all_heard(named.values())
    both = len(named) == len(SENSOR_PLACES)
    return nearby(await radio.scan(seconds, lambda found: all_named(found) and (both or two(found))))


def named_sensors(devices: Sequence[Nearby], named: Mapping[SensorPlace, str]) -> dict[SensorPlace, Nearby]:
    """The sensors the user named.

    Raises
    ------
    RadioError
        ``not_found``; ``unknown_sensor``: it cannot do the job.
    UsageError
        ``same_name``, ``same_sensor``.
    """
    picked = {place: _named(devices, place, words) for place, words in named.items()}
    if len({device.found.host_id for device in picked.values()}) < len(picked):
        raise UsageError(
            "One sensor was named for both places.", hint="Name two different ones.", code="same_sensor"
        )
    return picked


def _named(devices: Sequence[Nearby], place: SensorPlace, words: str) -> Nearby:
    device = matching(devices, words)
    who = f"The {place} sensor ({words})"
    if device is None:
        raise radio_error("not_found", who)
    if device.family is None:
        raise radio_error("unknown_sensor", who, _unfit(device))
    return device


def others(devices: Sequence[Nearby], picked: Mapping[SensorPlace, Nearby]) -> list[Nearby]:
    """Those that can do the job and may be chosen for the places still open.

    Raises
    ------
    RadioError
        ``not_found``: there are too few of them.
    """
    taken = {device.found.host_id for device in picked.values()}
    able = fit(devices)
    free = [device for device in able if device.found.host_id not in taken]
    if len(picked) + len(free) >= len(SENSOR_PLACES):
        return free
    raise _too_few(able, [device for device in devices if device.kind and not device.family])


def _too_few(able: Sequence[Nearby], unfit: Sequence[Nearby]) -> RadioError:
    if able:
        message = f"Only one sensor that can do the job was heard: {able[0].name} ({able[0].found.host_id})."
    else:
        message = "No sensor that can do the job was heard."
    if unfit:
        message += "".join(f" Not usable: {device.name}: {_unfit(device)}" for device in unfit)
    hint = (
        "Switch both on, move them, bring them near, and disconnect them from any phone or other program: "
        "a sensor that is connected elsewhere cannot be heard."
    )
    return RadioError(message, hint=hint, code="not_found")


def _unfit(device: Nearby) -> str | None:
    return device.kind.unfit if device.kind else None
