"""Writes one set while it is recorded, to a file that stays complete.

`SetRecorder` stamps what arrives with the file's time and writes it, nothing more; `SetFile` is the file on
disk, created under a free name, and rewritten elsewhere if it cannot stay.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from imu_reps.domain.recording import Header, Note
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.errors import FileAccessError
from imu_reps.sensors.stream_items import Item, LinkChange, Restarted
from imu_reps.storage.file_access import file_errors, make_folder
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
    file : SetFile or None
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
        """Return the block without non-finite samples, which a damaged packet can decode to."""
        rows = np.asarray(np.isfinite(np.hstack([block.acc_mps2, block.gyr_dps])).all(axis=1))
        if rows.all():
            return block
        self._left_out[block.sensor] += int((~rows).sum())
        return block[rows]

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
    header : Header
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
        """Close the file; return the error that kept the last rows out of it, in every folder, or None."""
        if self.is_held_up:
            self.moved()
        try:
            self._writer.close()
        except FileAccessError as error:
            return error
        return None

    def moved(self) -> str | None:
        """Rewrite the whole file if it or its folder was removed, or if its disk refuses writes.

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

    Raises
    ------
    FileAccessError
        The folder cannot be created, or may not be looked into; as `begin`.
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
