"""The sensors a person wears: what is asked of the radio, and what a recording's header says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from imu_reps.domain.foreign_text import shown
from imu_reps.domain.recording import Header, SensorHeader, default_posture
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import SensorStatus, Wanted
from imu_reps.session.session_plan import SetGoal
from imu_reps.storage.profile import PairedSensor, Person


@dataclass(frozen=True, slots=True)
class SetIdentity:
    """When and as which set of which session a recording is made."""

    created: datetime
    session: str
    number: int
    simulated: bool


def wanted(person: Person) -> dict[SensorPlace, Wanted]:
    """Both sensors of a person, as `Streams` takes them.

    Raises
    ------
    UsageError
        If the profile names a family that is not known.
    """
    return {place: _wanted(person.sensor(place)) for place in SENSOR_PLACES}


def _wanted(sensor: PairedSensor) -> Wanted:
    return Wanted(family(sensor.family), sensor.host_id, sensor.rate_hz, sensor.identity, sensor.name)


def header(
    person: Person, goal: SetGoal, identity: SetIdentity, status: Mapping[SensorPlace, SensorStatus]
) -> Header:
    """The header of a set: the aim, the sensors as they are worn, and which devices they are."""
    return Header(
        exercise=goal.exercise,
        side=goal.side,
        start=goal.start,
        posture=default_posture(goal.exercise),
        created=identity.created,
        session=identity.session,
        set_number=identity.number,
        tempo_target=goal.tempo,
        floor_deg=person.floor_deg(goal.exercise, goal.side),
        simulated=identity.simulated,
        pelvis=_sensor_header("pelvis", person.pelvis),
        ankle=_sensor_header("ankle", person.ankle),
        extra={"person": person.name, **dict(_devices(person, status))},
    )


def _sensor_header(place: SensorPlace, sensor: PairedSensor) -> SensorHeader:
    return SensorHeader(
        sensor=sensor.family,
        rate_hz=sensor.rate_hz,
        counter=family(sensor.family).counter,
        cranial_axis=sensor.cranial_axis or ("+y" if place == "pelvis" else None),
        anterior_axis=sensor.anterior_axis or "+z" if place == "pelvis" else None,
    )


def _devices(person: Person, status: Mapping[SensorPlace, SensorStatus]) -> Iterator[tuple[str, str]]:
    """What helps to tell later which device it was and how it did; keys the format keeps as they are."""
    for place in SENSOR_PLACES:
        sensor, now = person.sensor(place), status.get(place)
        said = {
            "name": sensor.name,
            "host_id": sensor.host_id,
            "identity": sensor.identity if now is None else now.identity or sensor.identity,
            "firmware": None if now is None else now.firmware,
            "battery_percent": None if now is None or now.battery_percent is None else now.battery_percent,
        }
        for key, value in said.items():
            if value is not None and (text := _one_line(value)):
                yield f"{place}.{key}", text


def _one_line(value: str | float) -> str:
    """Text that stands in one line, whatever a device calls itself."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return shown(" ".join(text.split()))
