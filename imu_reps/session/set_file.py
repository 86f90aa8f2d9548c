"""The file of a set on disk: created under a free name, and rewritten elsewhere if it cannot stay."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from imu_reps.domain.recording import Header, Note
from imu_reps.domain.samples import SampleBlock
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import file_errors, make_folder
from imu_reps.storage.recording.writer import RecordingWriter

T = TypeVar("T")


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
