"""The file of a set on the disk: begun under a free name, and written anew elsewhere if it is taken away."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from imu_reps.domain.recording import Header, Note
from imu_reps.domain.samples import SampleBlock
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import make_folder
from imu_reps.storage.recording import RecordingWriter


class SetFile:
    """A set's file; it stays whole whatever happens to its folder.

    Parameters
    ----------
    folders : sequence of Path
        The first is the file's; the others are for a file whose folder is gone and cannot be made again.
    name : str
        Without ``.csv``; a number is added where it is taken.
    header : Header
        As it will stand in the file.

    Attributes
    ----------
    path : str
        Where it is now.
    refused : FileAccessError or None
        The first time the disk would not take something, if ever: it is tried again with what comes next.

    Raises
    ------
    FileAccessError
        The file cannot be made.
    """

    def __init__(self, folders: Sequence[Path], name: str, header: Header) -> None:
        self._folders = folders
        self._name = name
        self.refused: FileAccessError | None = None
        self.path = os.fspath(free_path(folders[0], name))
        self._writer = RecordingWriter(self.path, header)

    def write(self, what: SampleBlock | Note) -> None:
        """Append samples, or a note."""
        try:
            if isinstance(what, Note):
                self._writer.note(what)
            else:
                self._writer.write(what)
        except FileAccessError as error:
            self.refused = self.refused or error

    def close(self) -> FileAccessError | None:
        """Close the file; gives what the disk had against the last rows."""
        try:
            self._writer.close()
        except FileAccessError as error:
            return error
        return None

    def moved(self) -> str | None:
        """Write all of it anew if it was removed, or its folder; gives where, None: nothing was done."""
        if self._writer.is_there():
            return None
        for folder in self._folders:
            try:
                make_folder(folder)
                path = os.fspath(free_path(folder, self._name))
                self._writer.move(path)
            except FileAccessError as error:
                self.refused = self.refused or error
            else:
                self.path = path
                return path
        return None


def free_path(folder: Path, name: str) -> Path:
    """A name for a file that is not taken; the file is not made."""
    names = itertools.chain([name], (f"{name}_{again}" for again in itertools.count(2)))
    return next(path for each in names if not (path := folder / f"{each}.csv").exists())
