"""Sources of a session: paired sensors by radio, phones, a replayed recording, or virtual sensors.

The source for sensors by radio is `imu_reps.sensors.streams.Streams`.
"""

from __future__ import annotations

from typing import Protocol

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import Item, Links, SensorRequest
from imu_reps.storage.profile import PairedSensor, Person


class Source(Protocol):
    """A source of samples; its users do not depend on which kind it is."""

    async def open(self) -> None:
        """Open the source; returns once every sensor is streaming."""

    async def items(self) -> list[Item]:
        """Return the next items in order of arrival, waiting for at least one; empty at the end."""

    async def close(self) -> None:
        """Close the source; closing twice does nothing."""

    def status(self) -> Links:
        """Return the current status of each sensor."""


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
