"""Which two of the sensors that were heard are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RadioError, UsageError
from imu_reps.sensors.mends import radio_error
from imu_reps.session.candidates import Nearby, all_heard, fit, matching, nearby, two_heard

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio


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
