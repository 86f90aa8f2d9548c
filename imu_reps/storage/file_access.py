"""What the operating system refuses, said with its hint; and documents written whole."""

from __future__ import annotations

import errno
from pathlib import Path

from imu_reps.errors import FileAccessError

_CAUSES = {
    errno.ENOENT: ("not_found", "there is no such file or folder.", "Check the name and the folder."),
    errno.EEXIST: (
        "exists",
        "the file exists already, and a recording is never overwritten.",
        "Choose another name, or move the old file away.",
    ),
    errno.EISDIR: ("is_folder", "this is a folder, not a file.", "Name a file in it."),
    errno.ENOTDIR: ("not_found", "a part of the path is not a folder.", "Check the path."),
    errno.EACCES: (
        "permission",
        "permission denied.",
        "Choose a place you may use, or change the permission.",
    ),
    errno.EPERM: ("permission", "not permitted.", "Choose a place you may use, or change the permission."),
    errno.EROFS: ("permission", "the disk is read-only.", "Choose a folder on another disk."),
    errno.ENOSPC: ("disk_full", "the disk is full.", "Free some space; what was written so far is kept."),
    errno.EDQUOT: (
        "disk_full",
        "your share of the disk is full.",
        "Free some space; what was written is kept.",
    ),
}


def access_error(error: OSError, name: str) -> FileAccessError:
    """Translate what went wrong with the file or folder `name`."""
    unknown = ("file_access", f"{error.strerror or error}.", "Check the disk and the path.")
    code, what, hint = _CAUSES.get(error.errno or 0, unknown)
    return FileAccessError(f"{name}: {what}", hint=hint, code=code)


def refuse_special(path: Path) -> None:
    """Stop before a pipe or a device is opened, which may never end.

    Raises
    ------
    FileAccessError
        ``no_file``.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise FileAccessError(
            f"{path}: this is a pipe or a device, not a file.",
            hint="Save what comes out of it in a file, and name that.",
            code="no_file",
        )


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
