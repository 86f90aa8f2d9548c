"""A person's paired sensors as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import Wanted
from imu_reps.sensors.streams import Streams

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio
    from imu_reps.storage.profile import PairedSensor, Person


def radio_source(radio: Radio, person: Person) -> Streams:
    """Both sensors of a person over a radio.

    Raises
    ------
    UsageError
        If the profile names a family that is not known.
    """
    return Streams(radio, wanted(person))


def wanted(person: Person) -> dict[SensorPlace, Wanted]:
    """Both sensors of a person, as `Streams` takes them; raises as `radio_source`."""
    return {place: _wanted(person.sensor(place)) for place in SENSOR_PLACES}


def _wanted(sensor: PairedSensor) -> Wanted:
    return Wanted(family(sensor.family), sensor.host_id, sensor.rate_hz, sensor.identity, sensor.name)
