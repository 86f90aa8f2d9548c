"""A folder on this machine or an address in an object store: files listed, read, and written whole."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from imu_reps.errors import FileAccessError, ImuRepsError, UsageError, need
from imu_reps.storage.file_access import access_error, create, make_folder, replace

#: Where file systems keep what changes with a file's content, best first.
_STAMPS = ("ETag", "etag", "mtime", "updated", "LastModified", "last_modified", "created")

#: Object stores raise the system's errors without their number.
_NUMBERS = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES}


@contextlib.contextmanager
def naming(address: str) -> Iterator[None]:
    """Turn whatever a file system raises into words that name the file.

    Raises
    ------
    FileAccessError
        As `access_error`; ``file_access`` for what is no error of the operating system.
    """
    try:
        yield
    except ImuRepsError:
        raise
    except OSError as error:
        number = error.errno or next((one for kind, one in _NUMBERS.items() if isinstance(error, kind)), None)
        raise access_error(error if number is None else OSError(number, str(error)), address) from error
    except Exception as error:  # every object store has exceptions of its own
        raise FileAccessError(
            f"{address}: {type(error).__name__}: {error}",
            hint="Check the address, the network and your credentials.",
            code="file_access",
        ) from error


def file_system(address: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path in it.

    Raises
    ------
    UsageError
        ``missing_extra``: the library for this kind of address is not installed; ``unknown_address``.
    """
    need("batch", "fsspec")
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


def stamp_of(info: dict[str, Any]) -> str | None:
    """What changes with a file's content, as its file system lists it; None if it lists nothing such."""
    return next((str(info[name]) for name in _STAMPS if info.get(name) is not None), None)


class FilePlace:
    """A folder or an address under which files are kept.

    Parameters
    ----------
    address : str
        A path, or an address of fsspec.
    """

    def __init__(self, address: str) -> None:
        self.system, path = file_system(address)
        self.root = path.rstrip("/")
        self.address = address.rstrip("/") or "/"
        self.is_local = "file" in _protocols(self.system)

    def path(self, name: str) -> str:
        """The path of a file in the place's file system."""
        return f"{self.root}/{name}"

    def names(self, under: str = "") -> list[str]:
        """Names of all files below, hidden ones too; none if there is nothing.

        Raises
        ------
        FileAccessError
            As `naming`.
        """
        folder = f"{self.root}/{under}".rstrip("/")
        with naming(f"{self.address}/{under}"):
            self.system.invalidate_cache()
            if not self.system.exists(folder):
                return []
            found = self.system.find(folder)
        return sorted(os.path.relpath(path, self.root).replace(os.sep, "/") for path in found)

    def put(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all: beside it and renamed, or as one (multipart) upload.

        Raises
        ------
        FileAccessError
            As `naming`.
        """
        with naming(f"{self.address}/{name}"):
            if self.is_local:
                path = Path(self.path(name))
                make_folder(path.parent)
                replace(path, content)
            else:
                self.system.pipe_file(self.path(name), content)

    def get(self, name: str) -> bytes:
        """The content of a file.

        Raises
        ------
        FileAccessError
            As `naming`.
        """
        with naming(f"{self.address}/{name}"):
            return bytes(self.system.cat_file(self.path(name)))

    def remove(self, name: str) -> None:
        """Remove a file.

        Raises
        ------
        FileAccessError
            As `naming`.
        """
        with naming(f"{self.address}/{name}"):
            self.system.rm_file(self.path(name))


def open_private(path: Path) -> FileIO:
    """A file to read and to write at its end, made for this user alone if it is not there.

    Raises
    ------
    OSError
        As `open`.
    """
    make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        create(path).close()
    return FileIO(path, "a+")


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)
