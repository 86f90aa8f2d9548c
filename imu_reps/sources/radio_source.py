"""A person's paired sensors, as the source of a radio takes them: `imu_reps.sensors.streams.Streams`."""

from __future__ import annotations

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import Wanted
from imu_reps.storage.profile import PairedSensor, Person


def wanted(person: Person) -> dict[SensorPlace, Wanted]:
    """Both sensors of a person.

    Raises
    ------
    UsageError
        If the profile names a family that is not known.
    """
    return {place: _wanted(person.sensor(place)) for place in SENSOR_PLACES}


def _wanted(sensor: PairedSensor) -> Wanted:
    return Wanted(family(sensor.family), sensor.host_id, sensor.rate_hz, sensor.identity, sensor.name)
