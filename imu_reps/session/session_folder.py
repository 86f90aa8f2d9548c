"""Opens the recording of each set of a session, with a header on the goal, the person and the sensors."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imu_reps.domain.exercise import default_posture
from imu_reps.domain.recording import FloorFrom, Header, Note, SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.untrusted import printable
from imu_reps.errors import FileAccessError
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import Links
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_recorder import SetFile, SetRecorder
from imu_reps.sources.phone_readings import PHONES
from imu_reps.storage.file_access import make_folder
from imu_reps.storage.folders import user_home
from imu_reps.storage.profile import PairedSensor, Person


@dataclass(frozen=True, slots=True)
class OpenedSet:
    """A set whose recording is open.

    Attributes
    ----------
    header : Header
    path : str
        Path of its recording.
    recorder : SetRecorder
    notes : tuple of Note or None
        Notes of the recording that is replayed; None: use those the recorder makes.
    """

    header: Header
    path: str
    recorder: SetRecorder
    notes: tuple[Note, ...] | None = None


#: Opens the recording of a set, given its goal, its number (from 1), the link status and the lost sensors.
SetOpener = Callable[[SetGoal, int, Links, frozenset[SensorPlace]], OpenedSet]


class SessionFolder:
    """Opens one file per set: a `SetOpener`.

    Parameters
    ----------
    folder : Path
        Folder of the files; created if missing.
    person : Person
    now : callable
        Returns the current date and time, with time zone.
    simulated : bool
        Whether the wearer is virtual.

    Raises
    ------
    FileAccessError
        The folder cannot be created.
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

    def __call__(self, goal: SetGoal, number: int, links: Links, lost: frozenset[SensorPlace]) -> OpenedSet:
        """Create the file of a set.

        Raises
        ------
        FileAccessError
            The file cannot be created.
        """
        created = self._now()
        stamp = f"{created:%Y-%m-%d_%H%M%S}"
        self._session = self._session or stamp
        header = self._header(goal, number, created, links)
        name = "_".join(word for word in (stamp, goal.exercise, goal.side, f"set{number}") if word)
        # the first set does not start if its folder cannot be written; later sets may go to another folder
        file = SetFile((self._folder, *_fallback_folders()), name, header, anywhere=number > 1)
        return OpenedSet(header, file.path, SetRecorder(file, lost))

    def _header(self, goal: SetGoal, number: int, created: datetime, links: Links) -> Header:
        """Return the header: the goal, how the sensors are worn, and which devices they are."""
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


def _fallback_folders() -> tuple[Path, ...]:
    """Return fallback folders: home, then the temporary folder, which is often on another disk."""
    folders: list[Path] = []
    with suppress(FileAccessError):
        folders.append(user_home())
    with suppress(FileNotFoundError):
        folders.append(Path(tempfile.gettempdir()))
    return tuple(folders)


def _floor(person: Person, goal: SetGoal) -> tuple[float | None, FloorFrom | None]:
    """Return the floor angle asked for, else the person's own, and where it comes from."""
    if goal.floor_deg is not None:
        return goal.floor_deg, "asked"
    own_deg = person.floor_deg(goal.exercise, goal.side)
    return own_deg, None if own_deg is None else "end_range"


def _sensor_header(place: SensorPlace, sensor: PairedSensor) -> SensorHeader:
    is_phone = sensor.family in PHONES  # a phone chooses its own rate
    return SensorHeader(
        sensor=sensor.family,
        rate_hz=None if is_phone else sensor.rate_hz,
        counter="host" if is_phone else family(sensor.family).counter,
        cranial_axis=sensor.cranial_axis or ("+y" if place == "pelvis" else None),
        anterior_axis=sensor.anterior_axis or "+z" if place == "pelvis" else None,
    )


def _devices(person: Person, links: Links) -> Iterator[tuple[str, str]]:
    """Yield header entries that identify each device later, and its firmware and battery at the start.

    The format keeps unknown keys as they are.
    """
    for place in SENSOR_PLACES:
        sensor, now = person.sensor(place), links.get(place)
        entries = {
            "name": sensor.name,
            "host_id": sensor.host_id,
            "identity": sensor.identity if now is None else now.identity or sensor.identity,
            "firmware": None if now is None else now.firmware,
            "battery_percent": None if now is None or now.battery_percent is None else now.battery_percent,
        }
        for key, value in entries.items():
            if value is not None and (text := _one_line(value)):
                yield f"{place}.{key}", text


def _one_line(value: str | float) -> str:
    """Return a value as printable text on one line; device names may hold anything."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return printable(" ".join(text.split()))
