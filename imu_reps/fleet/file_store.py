"""Store of files in a local folder or an object store, with atomic writes."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from imu_reps.errors import FileAccessError, ImuRepsError, UsageError, require_extra
from imu_reps.storage.file_access import access_error, create, make_folder, replace

#: Keys of file systems' info that change with a file's content, best first.
_STAMPS = ("ETag", "etag", "mtime", "updated", "LastModified", "last_modified", "created")

#: Object stores raise OSErrors without errno.
_NUMBERS = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES}


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
        number = error.errno or next((one for kind, one in _NUMBERS.items() if isinstance(error, kind)), None)
        raise access_error(error if number is None else OSError(number, str(error)), address) from error
    except Exception as error:  # every object store has exceptions of its own
        raise FileAccessError(
            f"{address}: {type(error).__name__}: {error}",
            hint="Check the address, the network and your credentials.",
            code="file_access",
        ) from error


def file_system(address: str) -> tuple[Any, str]:
    """Return the fsspec file system of a URL, and the path in it.

    Raises
    ------
    UsageError
        ``missing_extra``: the library for this kind of URL is not installed; ``unknown_address``.
    """
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


def content_stamp(info: dict[str, Any]) -> str | None:
    """Return a stamp that changes with a file's content; None if the file system has none."""
    return next((str(info[name]) for name in _STAMPS if info.get(name) is not None), None)


class FileStore:
    """Files under a folder or URL; methods raise `FileAccessError` as `store_errors`.

    Parameters
    ----------
    address : str
        A path, or a URL of fsspec.
    """

    def __init__(self, address: str) -> None:
        self.system, path = file_system(address)
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
