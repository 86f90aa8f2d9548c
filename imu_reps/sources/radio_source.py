"""A person's paired sensors in the form that `imu_reps.sensors.streams.Streams` takes."""

from __future__ import annotations

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import SensorRequest
from imu_reps.storage.profile import PairedSensor, Person


def sensor_requests(person: Person) -> dict[SensorPlace, SensorRequest]:
    """Return both sensors of a person, to be connected.

    Raises
    ------
    UsageError
        The profile names an unknown sensor family.
    """
    return {place: _request(person.sensor(place)) for place in SENSOR_PLACES}


def _request(sensor: PairedSensor) -> SensorRequest:
    return SensorRequest(family(sensor.family), sensor.host_id, sensor.rate_hz, sensor.identity, sensor.name)
