"""Files and folders, private to the user and written whole; errors of the system with a hint."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import Any

from imu_reps.domain.file_kinds import DocumentKind
from imu_reps.errors import FileAccessError, RecordingError

_CAUSES = {
    errno.ENOENT: ("not_found", "there is no such file or folder.", "Check the name and the folder."),
    errno.EEXIST: (
        "exists",
        "the file exists already, and is never overwritten.",
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


#: What files that are often named by mistake begin with, and what they are.
_OTHER_FILES = (
    (rb"\x89PNG", "a picture (PNG)"),
    (rb"\xff\xd8\xff", "a picture (JPEG)"),
    (rb"GIF8", "a picture (GIF)"),
    (rb"....ftyp(?:hei|mif|avif)", "a picture (HEIC)"),
    (rb"%PDF-", "a PDF"),
    (rb"PK\x03\x04", "an Excel workbook or another ZIP archive"),
    (rb"(?i:\s*<(?:!doctype html|html|svg|\?xml))", "a web page or a drawing"),
    (rb"\s*[{\[]", "a JSON file"),
)


def refuse_other_file(head: bytes, name: str) -> None:
    """Refuse a picture, a PDF, an archive, a page or JSON, by the first bytes of the file.

    Raises
    ------
    RecordingError
        ``other_file``.
    """
    kind = next((kind for sign, kind in _OTHER_FILES if re.match(sign, head, re.DOTALL)), None)
    if kind is None:
        return
    unpack = "Unpack it, or save the sheet as CSV: then imu-reps import makes a recording of that."
    hint = unpack if kind.endswith("archive") else "Name the recording itself, the .csv."
    raise RecordingError(f"{name} is {kind}, no recording.", hint=hint, code="other_file")


def access_error(error: OSError, name: str) -> FileAccessError:
    """Return the error with a hint for an exception on the file or folder `name`."""
    unknown = ("file_access", f"{error.strerror or error}.", "Check the disk and the path.")
    code, what, hint = _CAUSES.get(error.errno or 0, unknown)
    return FileAccessError(f"{name}: {what}", hint=hint, code=code)


@contextlib.contextmanager
def file_errors(name: str | os.PathLike[str]) -> Iterator[None]:
    """Raise exceptions on the file or folder `name` as errors with a hint.

    Raises
    ------
    FileAccessError
        As `access_error`.
    """
    try:
        yield
    except OSError as error:
        raise access_error(error, os.fspath(name)) from error


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How much of a file is looked at, in bytes."""

    #: Largest TOML file that is read: the profiles of thirty thousand persons.
    max_toml_bytes: int = 10 << 20
    #: Bytes at the beginning of a document that identify it.
    top_bytes: int = 1024
    #: Bytes at the end that identify a columnar file.
    footer_bytes: int = 1 << 16


LIMITS = FileLimits()


def read_toml(path: Path) -> dict[str, Any] | None:
    """Return the tree in a TOML file; None if there is no file.

    Raises
    ------
    FileAccessError
        ``no_file``: a pipe or a device; ``permission`` and the like.
    ValueError
        The file is not TOML, or larger than `LIMITS.max_toml_bytes`.
    """
    import tomllib

    with file_errors(path):
        require_regular_file(path)
        try:
            with path.open("rb") as file:
                content = file.read(LIMITS.max_toml_bytes + 1)
        except FileNotFoundError:
            return None
    if len(content) > LIMITS.max_toml_bytes:
        raise ValueError("it is larger than 10 MB")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write_toml(path: Path, tree: Mapping[str, Any]) -> None:
    """Write a tree to a TOML file, by `replace`; its folder is created if missing.

    Raises
    ------
    FileAccessError
        ``permission``, ``disk_full`` and the like; the old file is unchanged.
    """
    import tomli_w

    content = tomli_w.dumps(tree).encode("utf-8")
    make_folder(path.parent)
    with file_errors(path):
        replace(path, content)


def require_regular_file(path: Path) -> None:
    """Refuse a pipe or a device, reading from which may never end.

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
    """Create a folder and its missing parents, private to the user; an existing folder is left alone.

    Raises
    ------
    FileAccessError
        ``permission``, ``disk_full``; ``exists``, ``not_found``: a part of the path is not a folder, such as
        a broken link.
    """
    with file_errors(folder):
        try:
            missing = [each for each in (folder, *folder.parents) if not each.exists()]
            for each in reversed(missing):
                each.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise FileAccessError(
                f"{error.filename}: this is no folder, or a link that leads nowhere.",
                hint="Move it away, or choose another folder.",
                code="exists",
            ) from error


def create(path: Path) -> FileIO:
    """Create a file, private to the user, to read and append to without a buffer; never overwrites.

    Data that another program appends meanwhile is kept: every write goes to the current end of the file.

    Raises
    ------
    OSError
        As `open`; `access_error` has the words.
    """
    return FileIO(path, "x+b", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_APPEND, 0o600)


def give_name(draft: Path, path: Path) -> None:
    """Give a finished file its name, at which no other is replaced.

    Raises
    ------
    OSError
        As `open`; the draft stays.
    """
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if _exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path)) from None
        draft.rename(path)
    else:
        draft.unlink()


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
        except BaseException:  # Ctrl-C and the signals that end the program, too
            path.unlink(missing_ok=True)
            raise


def replace(path: Path, content: bytes) -> None:
    """Replace a file's content, whole or not at all, by writing a temporary file and renaming it.

    A link to the file stays a link.

    Raises
    ------
    OSError
        As `open`; the old file is unchanged.
    """
    path = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # private to the user
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def save_document(
    path: str | os.PathLike[str], text: str | bytes, *, kind: DocumentKind, force: bool = False
) -> None:
    """Write a document (page, table, simulated recording), whole or not at all; for all files made.

    Parameters
    ----------
    text : str or bytes
        Content; text is encoded as UTF-8.
    kind : DocumentKind
        Recognises existing documents of the same kind.
    force : bool
        Whether to replace a document of the same kind; nothing else is ever replaced.

    Raises
    ------
    FileAccessError
        ``exists``: there is such a document, and `force` is off; ``not_ours``: there is something else;
        ``not_found``, ``permission``, ``disk_full``.
    """
    path, content = Path(path), text.encode("utf-8") if isinstance(text, str) else text
    with file_errors(path):
        if not _exists(path):
            write_new(path, content)
            return
        _refuse(path, kind, force=force)
        replace(path, content)


def require_free(path: Path, kind: DocumentKind, *, force: bool) -> None:
    """Raise the error with which `save_document` would refuse to write, before any other work.

    Raises
    ------
    FileAccessError
        As `save_document`.
    """
    with file_errors(path):
        if _exists(path):
            _refuse(path, kind, force=force)
        else:
            path.parent.stat()


def not_ours_error(path: Path) -> FileAccessError:
    """Return the error for a file or folder that this program did not write and never replaces."""
    return FileAccessError(
        f"{path}: there is something else under that name, and it is never replaced.",
        hint="Choose another name.",
        code="not_ours",
    )


def _refuse(path: Path, kind: DocumentKind, *, force: bool) -> None:
    """Refuse to replace a file that is of another kind, or any file without `force`."""
    if not _is_of(kind, path):
        raise not_ours_error(path)
    if not force:
        raise FileAccessError(
            f"{path}: the file exists already.",
            hint="Choose another name, or replace it with --force.",
            code="exists",
        )


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _is_of(kind: DocumentKind, path: Path) -> bool:
    """Whether a file is a document of a kind; anything but a regular file is not opened."""
    if not path.is_file():
        return False
    top, end = _ends_of(path)
    return (
        top.startswith(kind.begins.encode())
        and any(line.lstrip().startswith(kind.line.encode()) for line in top.splitlines())
        and kind.footer.encode() in end
    )


def _ends_of(path: Path) -> tuple[bytes, bytes]:
    """Return the first and the last bytes of a file; of a compressed one its first, unpacked, for both."""
    with path.open("rb") as file:
        top = file.read(LIMITS.top_bytes)
        if path.suffix != ".gz":
            file.seek(-min(LIMITS.footer_bytes, path.stat().st_size), os.SEEK_END)
            return top, file.read()
    with gzip.open(path) as unpacked:
        try:
            top = unpacked.read(LIMITS.top_bytes)
        except (gzip.BadGzipFile, zlib.error, EOFError):
            return top, b""  # plain text under this name, or damaged
    return top, top
