"""Files and folders: made for this user alone, written whole, and what the system refuses, with its hint."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping
from io import BufferedWriter, FileIO
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
    errno.ENAMETOOLONG: ("too_long", "the name is too long.", "Choose a shorter one."),
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


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone; one that is there stays.

    Raises
    ------
    FileAccessError
        ``permission``, ``disk_full``; ``exists``, ``not_found``: something on the way is no folder.
    """
    try:
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        for place in reversed(missing):
            place.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise access_error(error, str(folder)) from error


def create(path: Path) -> FileIO:
    """A new file for this user alone, to read and append to without a buffer; never over one that is there.

    What another program appends meanwhile stays: the system writes every piece at the end there is.

    Raises
    ------
    OSError
        As `open`; `access_error` has the words.
    """
    return FileIO(path, "x+b", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_APPEND, 0o600)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file, whole or not at all.

    Raises
    ------
    OSError
        As `open`.
    """
    with create(path) as raw:
        try:
            with BufferedWriter(raw) as file:
                file.write(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def replace(path: Path, content: bytes) -> None:
    """Put `content` in a file's place: written beside it, then renamed; whole or not at all.

    A link to the file stays a link.

    Raises
    ------
    OSError
        As `open`; the old file is as it was.
    """
    path = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # for this user alone
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


#: A document says within so many bytes what it is.
_MARK_WITHIN = 1024
#: A file of columns says it after them.
_FOOTER_WITHIN = 1 << 16


def save_document(path: str | os.PathLike[str], text: str | bytes, *, mark: str, force: bool = False) -> None:
    """Write a page or a table, whole or not at all; the one way for everything but recordings.

    Parameters
    ----------
    path : path-like
    text : str or bytes
    mark : str
        What stands at the top of every document of this kind, and in nobody else's; of bytes, at the end.
    force : bool
        Replace a document of the same kind; nothing else is ever replaced.

    Raises
    ------
    FileAccessError
        ``exists``: there is one, and no `force`; ``not_ours``: something else is there; ``not_found``,
        ``permission``, ``disk_full``.
    """
    path, content = Path(path), text.encode("utf-8") if isinstance(text, str) else text
    try:
        if not _is_there(path):
            write_new(path, content)
            return
        _refuse(path, mark, force=force, at_end=content is text)
        replace(path, content)
    except OSError as error:
        raise access_error(error, str(path)) from error


def refuse_taken(path: Path, mark: str, *, force: bool) -> None:
    """Stop, before anything else is done, where `save_document` would not write a text.

    Raises
    ------
    FileAccessError
        As `save_document`.
    """
    try:
        if _is_there(path):
            _refuse(path, mark, force=force)
        else:
            path.parent.stat()
    except OSError as error:
        raise access_error(error, str(path)) from error


def make_way(marks: Mapping[Path, str], *, force: bool) -> None:
    """Take older files away that are to be made anew, by the rule of `save_document`; all of them or none.

    Parameters
    ----------
    marks : mapping
        By path: what stands at the top of every file of that kind.
    force : bool

    Raises
    ------
    FileAccessError
        As `save_document`.
    """
    there = [path for path in marks if _is_there(path)]
    for path in there:
        try:
            _refuse(path, marks[path], force=force)
        except OSError as error:
            raise access_error(error, str(path)) from error
    for path in there:
        try:
            path.unlink()
        except OSError as error:
            raise access_error(error, str(path)) from error


def _refuse(path: Path, mark: str, *, force: bool, at_end: bool = False) -> None:
    """Stop where a file must stay: it is of another kind, or nobody said `force`."""
    if not _has_mark(path, mark, at_end=at_end):
        raise FileAccessError(
            f"{path}: there is something else under that name, and it is never replaced.",
            hint="Choose another name.",
            code="not_ours",
        )
    if not force:
        raise FileAccessError(
            f"{path}: the file exists already.",
            hint="Choose another name, or replace it with --force.",
            code="exists",
        )


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _has_mark(path: Path, mark: str, *, at_end: bool) -> bool:
    """Whether a file says where it should that it is such a document; what is no file is not opened."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if at_end:
            file.seek(-min(_FOOTER_WITHIN, path.stat().st_size), os.SEEK_END)
            return mark.encode() in file.read()
        return mark.encode() in file.read(_MARK_WITHIN)
