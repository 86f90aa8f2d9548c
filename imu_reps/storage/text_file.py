"""A document written whole."""

from __future__ import annotations

from pathlib import Path

from imu_reps.storage.file_access import access_error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, over an older version of the same document.

    Raises
    ------
    FileAccessError
        No such folder, no permission, disk full.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise access_error(error, str(path)) from error
