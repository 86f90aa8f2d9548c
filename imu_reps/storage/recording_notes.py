"""Notes added to a recording after it was closed: what the person said of the set."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from imu_reps.domain.recording import Note
from imu_reps.storage.file_access import access_error
from imu_reps.storage.recording_format import note_line


def append_notes(path: str | os.PathLike[str], notes: Iterable[Note]) -> None:
    """Append notes to a recording that exists.

    Raises
    ------
    FileAccessError
        The file is not there or cannot be written.
    ValueError
        A note's text cannot be written on one line.
    """
    lines = "".join(note_line(note) for note in notes).encode("utf-8")
    try:
        # not "a", which would make a file that is not there
        with Path(path).open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(lines)
    except OSError as error:
        raise access_error(error, os.fspath(path)) from error
