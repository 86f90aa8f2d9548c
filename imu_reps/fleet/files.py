"""Files of a batch: where recordings come from and results go, in folders or object stores."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from imu_reps.errors import FileAccessError, ImuRepsError, RecordingError, UsageError, require_extra
from imu_reps.storage.file_access import (
    access_error,
    create,
    file_errors,
    make_folder,
    replace,
    require_regular_file,
)
from imu_reps.storage.folders import ENDINGS
from imu_reps.storage.recording.format import LIMITS

#: Keys of file systems' info that change with a file's content, best first.
_STAMPS = ("ETag", "etag", "mtime", "updated", "LastModified", "last_modified", "created")

#: Object stores raise OSErrors without errno.
_ERRNOS = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES}


@contextlib.contextmanager
def store_errors(address: str) -> Iterator[None]:
    """Translate the exceptions of a file system to errors that name the file.

    Raises
    ------
    FileAccessError
        As `access_error`; ``file_access`` for other exceptions.
    """
    try:
        yield
    except ImuRepsError:
        raise
    except OSError as error:
        number = error.errno or next((one for kind, one in _ERRNOS.items() if isinstance(error, kind)), None)
        raise access_error(error if number is None else OSError(number, str(error)), address) from error
    except Exception as error:  # every object store has exceptions of its own
        raise FileAccessError(
            f"{address}: {type(error).__name__}: {error}",
            hint="Check the address, the network and your credentials.",
            code="file_access",
        ) from error


def _file_system(address: str) -> tuple[Any, str]:
    """Return the fsspec file system of a URL, and the path in it."""
    require_extra("batch", "fsspec")
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(address)
    except ImportError as error:
        raise UsageError(
            f"{address} cannot be reached: {error}.",
            hint="Install what it names with pip.",
            code="missing_extra",
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{address} is no address that is known: {error}.",
            hint="Write a path, or an address such as s3://bucket/folder.",
            code="unknown_address",
        ) from error
    return system, path


class FileStore:
    """Files under a folder or URL; methods raise `FileAccessError` as `store_errors`.

    Parameters
    ----------
    address : str
        A path, or a URL of fsspec.
    """

    def __init__(self, address: str) -> None:
        self.system, path = _file_system(address)
        self.root = path.rstrip("/")
        self.address = address.rstrip("/") or "/"
        protocol = self.system.protocol
        self.is_local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def path(self, name: str) -> str:
        """Return the path of a file in the file system."""
        return f"{self.root}/{name}"

    def names(self, under: str = "") -> list[str]:
        """Return the names of all files below, including hidden ones."""
        folder = f"{self.root}/{under}".rstrip("/")
        with store_errors(f"{self.address}/{under}"):
            self.system.invalidate_cache()
            if not self.system.exists(folder):
                return []
            found = self.system.find(folder)
        return sorted(os.path.relpath(path, self.root).replace(os.sep, "/") for path in found)

    def put(self, name: str, content: bytes) -> None:
        """Write a file atomically: by renaming, or as one (multipart) upload."""
        with store_errors(f"{self.address}/{name}"):
            if self.is_local:
                path = Path(self.path(name))
                make_folder(path.parent)
                replace(path, content)
            else:
                self.system.pipe_file(self.path(name), content)

    def get(self, name: str) -> bytes:
        """Read a file."""
        with store_errors(f"{self.address}/{name}"):
            return bytes(self.system.cat_file(self.path(name)))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with store_errors(f"{self.address}/{name}"):
            self.system.rm_file(self.path(name))


def open_private(path: Path) -> FileIO:
    """Open a file to read and append, created for this user only if it does not exist.

    Raises
    ------
    OSError
        As `open`.
    """
    make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        create(path).close()
    return FileIO(path, "a+")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A listed recording.

    Attributes
    ----------
    file : str
        Absolute path or address.
    size : int or None
        Size in bytes.
    stamp : str or None
        Modification time, or an object store's ETag.
    """

    file: str
    size: int | None = None
    stamp: str | None = None


def list_sources(named: Sequence[str], *, leave_out: str | None = None) -> list[ListedFile]:
    """List every named file once, in the order named; those of a folder or a pattern by name.

    Parameters
    ----------
    named : sequence of str
        Files, folders (with all below them), patterns with ``*``, addresses of these kinds, and ``@LIST``:
        a file of such names, one a line (``@-``: standard input); lines with ``#`` are left out.
    leave_out : str, optional
        A folder or URL to exclude: the result itself.

    Raises
    ------
    FileAccessError
        ``not_found``, ``no_recordings``; else as `imu_reps.fleet.files.store_errors`.
    UsageError
        ``missing_extra``: the library for this kind of URL is not installed; ``unknown_address``.
    """
    found = _each_once(source for name in named for source in _listed(name))
    if not found:
        raise FileAccessError(
            f"There are no recordings in {', '.join(named)}.",
            hint="Name recordings, or their folder.",
            code="no_recordings",
        )
    if leave_out is None:
        return found
    within = f"{_whole(leave_out).rstrip('/')}/"
    outside = [source for source in found if not source.file.startswith(within)]
    if not outside:
        raise FileAccessError(
            f"All recordings named are in {leave_out}, where the result is to be.",
            hint="Name another folder for the result.",
            code="no_recordings",
        )
    return outside


def fetch(file: str) -> bytes:
    """Read a file at a path or URL.

    Raises
    ------
    FileAccessError
        As `imu_reps.storage.recording.load`, and as `store_errors`.
    RecordingError
        ``too_large``.
    """
    if "://" in file:
        system, path = _file_system(file)
        with store_errors(file):
            _refuse_large(file, system.info(path)["size"])
            return bytes(system.cat_file(path))
    with file_errors(file):
        require_regular_file(Path(file))
        _refuse_large(file, Path(file).stat().st_size)
        return Path(file).read_bytes()


def _each_once(sources: Iterable[ListedFile]) -> list[ListedFile]:
    """Keep one of the files that are the same through links, by its real name if listed."""
    found: dict[str, ListedFile] = {}
    for source in sources:
        itself = source.file if "://" in source.file else os.path.realpath(source.file)
        if itself not in found or source.file == itself:
            found[itself] = source
    return list(found.values())


def _listed(name: str) -> Iterator[ListedFile]:
    if not name.startswith("@"):
        yield from _matching(name)
        return
    for line in _list_lines(name[1:]):
        try:
            yield from _matching(line)
        except FileAccessError:
            yield ListedFile(_whole(line))  # reported as a row of the errors


def _list_lines(list_file: str) -> Iterable[str]:
    try:
        text = sys.stdin.read() if list_file == "-" else Path(list_file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise access_error(error, list_file) from error
    except UnicodeDecodeError as error:
        raise FileAccessError(
            f"{list_file} is no text.",
            hint="Write one name of a recording a line, in UTF-8.",
            code="not_text",
        ) from error
    lines = map(str.strip, text.splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def _matching(name: str) -> Iterator[ListedFile]:
    """Yield the file of that name, all recordings in that folder, or all files matching the pattern."""
    system, path = _file_system(_whole(name))
    with store_errors(name):
        system.invalidate_cache()
        if glob.has_magic(path) and not system.exists(path):
            found = system.glob(path, detail=True)
            files = {one: info for one, info in found.items() if _is_file(info) and not _is_hidden(one)}
        elif _is_file(info := system.info(path)):
            files = {path: info}
        else:
            found = system.find(path, detail=True)
            files = {one: info for one, info in found.items() if _is_recording(one)}
    if not files:
        raise FileAccessError(
            f"There are no recordings in {name}.", hint="Name another folder.", code="no_recordings"
        )
    for one, info in sorted(files.items()):
        file = system.unstrip_protocol(one) if "://" in name else one
        stamp = next((str(info[key]) for key in _STAMPS if info.get(key) is not None), None)
        yield ListedFile(_in_utf8(file), info.get("size"), stamp)


def _is_file(info: dict[str, Any]) -> bool:
    return str(info["type"]) != "directory"


def _is_recording(path: str) -> bool:
    return path.endswith(ENDINGS) and not _is_hidden(path)


def _is_hidden(path: str) -> bool:
    return path.rpartition("/")[2].startswith(".")


def _in_utf8(file: str) -> str:
    """Escape a name that is not valid UTF-8; it is then reported as not found."""
    return file.encode("utf-8", "backslashreplace").decode("utf-8")


def _whole(name: str) -> str:
    return name if "://" in name else os.path.abspath(name)  # noqa: PTH100 - resolve() would follow links


def _refuse_large(file: str, size: int) -> None:
    if size > LIMITS.max_bytes:
        raise RecordingError(
            f"{file} holds more than {LIMITS.max_bytes >> 20} MB: that is no recording of one set.",
            hint="Record each set in a file of its own.",
            code="too_large",
        )
