"""The recording of one set while it runs: a file that stays complete, and its header.

`SetRecorder` stamps what arrives with the file's time and writes it, nothing more; `SetFile` is the file on
disk, created under a free name, and rewritten elsewhere if it cannot stay; `SessionFolder` opens one per set.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np

from imu_reps.domain.exercise import default_posture
from imu_reps.domain.recording import FloorFrom, Header, Note, SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace, with_finite_readings
from imu_reps.domain.untrusted import printable
from imu_reps.errors import FileAccessError
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import Item, LinkChange, Links, Restarted
from imu_reps.session.session_plan import SetGoal
from imu_reps.sources.phone_readings import PHONES
from imu_reps.storage.file_access import file_errors, make_folder
from imu_reps.storage.folders import user_home
from imu_reps.storage.profile import PairedSensor, Person
from imu_reps.storage.recording.writer import RecordingWriter

T = TypeVar("T")

#: States of a link in which nothing more arrives.
LOST = ("away", "silent", "gone")

#: Decimal places of the times in the file.
DECIMALS = 6


class SetRecorder:
    """Writes one set; every set needs a new one.

    Parameters
    ----------
    file : SetFile or None
        None: nothing is written.
    lost : collection of {"pelvis", "ankle"}
        Sensors that are not streaming as the set begins.
    starts_at_s : float
        File time of the first sample.

    Attributes
    ----------
    notes : list of Note
        Everything noted so far.
    zero_s : float or None
        Time, on the clock of the items, that is 0 in the file; None before the first sample.
    """

    def __init__(
        self, file: SetFile | None, lost: Iterable[SensorPlace] = (), starts_at_s: float = 0.0
    ) -> None:
        self.notes: list[Note] = []
        self.zero_s: float | None = None
        self.file = file
        self._starts_at_s = starts_at_s
        self._left_out: Counter[SensorPlace] = Counter()
        self._lost: set[SensorPlace] = set()
        self._early: list[Note] = []
        for place in lost:
            self._lose(place, 0.0)

    def take(self, items: Iterable[Item]) -> list[SampleBlock]:
        """Write items that arrived and return the samples as written, in file time.

        Parameters
        ----------
        items : iterable of Item
            In order of arrival, as `Source.items` returns them.
        """
        written: list[SampleBlock] = []
        for item in items:
            if isinstance(item, Restarted):
                self.note("restart", item.sensor, item.time_s)
            elif isinstance(item, LinkChange):
                if item.state in LOST:
                    self._lose(item.sensor, item.time_s)
            elif len(block := self._finite(item)):
                written.append(self._written(block))
        return written

    def note(self, key: str, value: str, time_s: float) -> None:
        """Write a note of something that happened at `time_s` on the clock of the items.

        Notes from before the first sample follow that sample, at time 0.
        """
        if self.zero_s is None:
            self._early.append(Note(0.0, key, value))
        else:
            self._keep(Note(max(time_s - self.zero_s, 0.0), key, value))

    def finish(self, reason: str, time_s: float) -> FileAccessError | None:
        """Note why the set ended and close the file; return the error that kept the last rows out of it."""
        for place, count in self._left_out.items():
            self.note("left_out", f"{place} {count} not finite", time_s)
        self.note("end", reason, time_s)
        self._keep_early()
        return None if self.file is None else self.file.close()

    def _finite(self, block: SampleBlock) -> SampleBlock:
        """Return the block without non-finite samples, which are counted."""
        finite = with_finite_readings(block)
        if len(finite) < len(block):
            self._left_out[block.sensor] += len(block) - len(finite)
        return finite

    def _written(self, block: SampleBlock) -> SampleBlock:
        arrived_s = float(block.time_s[0])
        if block.sensor in self._lost:
            self._lost.discard(block.sensor)
            self.note("link", f"{block.sensor} back", arrived_s)
        if self.zero_s is None:
            self.zero_s = arrived_s - self._starts_at_s
        block = replace(block, time_s=np.round(block.time_s - self.zero_s, DECIMALS))
        if self.file is not None:
            self.file.write(block)
        self._keep_early()
        return block

    def _lose(self, place: SensorPlace, time_s: float) -> None:
        """Note that a sensor is lost: once, until its samples return."""
        if place not in self._lost:
            self._lost.add(place)
            self.note("link", f"{place} lost", time_s)

    def _keep_early(self) -> None:
        for note in self._early:
            self._keep(note)
        self._early = []

    def _keep(self, note: Note) -> None:
        self.notes.append(note)
        if self.file is not None:
            self.file.write(note)


class SetFile:
    """File of a set, which stays complete even if its folder is removed or its disk fails.

    Parameters
    ----------
    folders : sequence of Path
        Folder of the file, created if missing, then the fallbacks for a file that cannot stay there.
    name : str
        File name without ``.csv``; a number is appended if it is taken.
    anywhere : bool
        Whether the file may be created in a fallback folder.

    Attributes
    ----------
    path : str
        Current path of the file.
    refused : FileAccessError or None
        First error in writing, if any; what was refused is retried with the next write.

    Raises
    ------
    FileAccessError
        The file cannot be created.
    """

    def __init__(self, folders: Sequence[Path], name: str, header: Header, *, anywhere: bool = False) -> None:
        self._folders = folders
        self._name = name
        self.refused: FileAccessError | None = None
        refusals: list[FileAccessError] = []
        for folder in folders if anywhere else folders[:1]:
            try:
                self.path, self._writer = _in_new_file(
                    folder, name, lambda path: RecordingWriter(path, header)
                )
                break
            except FileAccessError as error:
                refusals.append(error)
        else:
            raise refusals[0]

    def write(self, what: SampleBlock | Note) -> None:
        """Append samples or a note."""
        try:
            if isinstance(what, Note):
                self._writer.note(what)
            else:
                self._writer.write(what)
        except FileAccessError as error:
            self.refused = self.refused or error

    @property
    def is_held_up(self) -> bool:
        """Whether the disk has not yet taken everything that was written."""
        return self._writer.is_held_up

    def close(self) -> FileAccessError | None:
        """Close the file; return the error that kept the last rows out of it, in every folder, or None.

        Whether it is still there is looked at once more; closing twice does nothing.
        """
        if self._writer.is_closed:
            return None
        self.moved()
        try:
            self._writer.close()
        except FileAccessError as error:
            return error
        return None

    def moved(self) -> str | None:
        """Rewrite the whole file if it was removed, replaced or cut short, or if its disk refuses writes.

        Returns the new path; None if nothing was done.
        """
        exists = self._writer.is_there()
        if exists and not self.is_held_up:
            return None
        for folder in self._folders[1:] if exists else self._folders:
            try:
                path, _ = _in_new_file(folder, self._name, self._writer.move)
            except FileAccessError as error:
                self.refused = self.refused or error
            else:
                self.path = path
                return path
        return None


def _in_new_file(folder: Path, name: str, begin: Callable[[str], T]) -> tuple[str, T]:
    """Begin a file under the first name that is not taken, in a folder created if missing.

    A name that another program takes meanwhile is given up for the next.
    """
    make_folder(folder)
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    while True:
        path = folder / f"{next(names)}.csv"
        with file_errors(folder):
            taken = path.exists()
        if not taken:
            try:
                return os.fspath(path), begin(os.fspath(path))
            except FileAccessError as error:
                if error.code != "exists":
                    raise


@dataclass(frozen=True, slots=True)
class OpenedSet:
    """A set whose recording is open.

    Attributes
    ----------
    path : str
        Path of its recording.
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
