"""What becomes of the sets of a session: a file each, or, for a recording that is played again, nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from imu_reps.domain.recording import Header, Note
from imu_reps.domain.samples import SensorPlace
from imu_reps.sensors.stream_items import SensorStatus
from imu_reps.session.recorder import SetRecorder
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_file import SetFile, make_folder
from imu_reps.session.worn import SetIdentity, header
from imu_reps.storage.profile import Person

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


class Keeping(Protocol):
    """Begins what is kept of a set."""

    def prepare(self) -> None:
        """Do what has to be done once, before anything is recorded."""

    def begin(self, goal: SetGoal, number: int, links: Links, lost: frozenset[SensorPlace]) -> Begun:
        """Begin set `number` (from 1), with the sensors as they are now."""


class Place:
    """Keeps a file of every set.

    Parameters
    ----------
    folder : Path
        Of the files; made if it is not there.
    person : Person
    now : callable
        The date and time, with its zone.
    simulated : bool
        No person moves.
    """

    def __init__(
        self, folder: Path, person: Person, now: Callable[[], datetime], *, simulated: bool = False
    ) -> None:
        self._folder = folder
        self._person = person
        self._now = now
        self._simulated = simulated
        self._session: str | None = None

    def prepare(self) -> None:
        """Make the folder.

        Raises
        ------
        FileAccessError
            It cannot be made.
        """
        make_folder(self._folder)

    def begin(self, goal: SetGoal, number: int, links: Links, lost: frozenset[SensorPlace]) -> Begun:
        """Begin the set's file.

        Raises
        ------
        FileAccessError
            The file cannot be made.
        """
        created = self._now()
        stamp = f"{created:%Y-%m-%d_%H%M%S}"
        self._session = self._session or stamp
        head = header(self._person, goal, SetIdentity(created, self._session, number, self._simulated), links)
        name = "_".join(word for word in (stamp, goal.exercise, goal.side, f"set{number}") if word)
        file = SetFile((self._folder, Path.home()), name, head)
        return Begun(head, file.path, SetRecorder(file, lost))
