"""Where the sets of a session are kept: a file each, with a header that says who wears what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imu_reps.domain.foreign_text import shown
from imu_reps.domain.recording import FloorFrom, Header, Note, SensorHeader, default_posture
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import SensorStatus
from imu_reps.session.recorder import SetRecorder
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_file import SetFile
from imu_reps.sources.phone_readings import PHONES
from imu_reps.storage.file_access import make_folder
from imu_reps.storage.profile import PairedSensor, Person

Links = Mapping[SensorPlace, SensorStatus]


@dataclass(frozen=True, slots=True)
class Begun:
    """A set that begins.

    Attributes
    ----------
    header : Header
    path : str
        Of its recording.
    recorder : SetRecorder
    notes : tuple of Note or None
        What is known of a set that is played again; None: what the recorder notes.
    """

    header: Header
    path: str
    recorder: SetRecorder
    notes: tuple[Note, ...] | None = None


#: Begins what is kept of a set: goal, number from 1, the sensors as they are now, and those that are lost.
Keeping = Callable[[SetGoal, int, Links, frozenset[SensorPlace]], Begun]


class Place:
    """Keeps a file of every set: a `Keeping`.

    Parameters
    ----------
    folder : Path
        Of the files; made if it is not there.
    person : Person
    now : callable
        The date and time, with its zone.
    simulated : bool
        No person moves.

    Raises
    ------
    FileAccessError
        The folder cannot be made.
    """

    def __init__(
        self, folder: Path, person: Person, now: Callable[[], datetime], *, simulated: bool = False
    ) -> None:
        make_folder(folder)
        self._folder = folder
        self._person = person
        self._now = now
        self._simulated = simulated
        self._session: str | None = None

    def __call__(self, goal: SetGoal, number: int, links: Links, lost: frozenset[SensorPlace]) -> Begun:
        """Begin a set's file.

        Raises
        ------
        FileAccessError
            It cannot be made.
        """
        created = self._now()
        stamp = f"{created:%Y-%m-%d_%H%M%S}"
        self._session = self._session or stamp
        header = self._header(goal, number, created, links)
        name = "_".join(word for word in (stamp, goal.exercise, goal.side, f"set{number}") if word)
        file = SetFile((self._folder, *_elsewhere()), name, header)
        return Begun(header, file.path, SetRecorder(file, lost))

    def _header(self, goal: SetGoal, number: int, created: datetime, links: Links) -> Header:
        """The aim, the sensors as they are worn, and which devices they are."""
        person = self._person
        floor_deg, floor_from = _floor(person, goal)
        return Header(
            exercise=goal.exercise,
            side=goal.side,
            start=goal.start,
            posture=default_posture(goal.exercise),
            created=created,
            session=self._session,
            set_number=number,
            tempo_target=goal.tempo,
            range_target_deg=goal.range_target_deg,
            floor_deg=floor_deg,
            floor_from=floor_from,
            practice_reps=goal.practice_reps or None,
            simulated=self._simulated,
            pelvis=_sensor_header("pelvis", person.pelvis),
            ankle=_sensor_header("ankle", person.ankle),
            extra={
                **({} if self._simulated else {"person": _one_line(person.name)}),
                **dict(_devices(person, links)),
            },
        )


def _elsewhere() -> tuple[Path, ...]:
    """Where a set is written whose folder is taken away; nowhere for a user without a home."""
    try:
        return (Path.home(),)
    except RuntimeError:
        return ()


def _floor(person: Person, goal: SetGoal) -> tuple[float | None, FloorFrom | None]:
    """The floor angle asked for, or else the person's own, and which of them it is."""
    if goal.floor_deg is not None:
        return goal.floor_deg, "asked"
    own_deg = person.floor_deg(goal.exercise, goal.side)
    return own_deg, None if own_deg is None else "end_range"


def _sensor_header(place: SensorPlace, sensor: PairedSensor) -> SensorHeader:
    is_phone = sensor.family in PHONES  # which chooses its own rate
    return SensorHeader(
        sensor=sensor.family,
        rate_hz=None if is_phone else sensor.rate_hz,
        counter="host" if is_phone else family(sensor.family).counter,
        cranial_axis=sensor.cranial_axis or ("+y" if place == "pelvis" else None),
        anterior_axis=sensor.anterior_axis or "+z" if place == "pelvis" else None,
    )


def _devices(person: Person, links: Links) -> Iterator[tuple[str, str]]:
    """What helps to tell later which device it was and how it did; keys the format keeps as they are."""
    for place in SENSOR_PLACES:
        sensor, now = person.sensor(place), links.get(place)
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
