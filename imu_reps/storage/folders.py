"""The user's folders of recordings, data and settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error

HOME_VARIABLE = "IMU_REPS_HOME"

#: File name endings of recordings.
ENDINGS = (".csv", ".csv.gz")


def default_folder() -> Path:
    """Return the folder of recordings: ``recordings`` in the data folder (see `data_folder`).

    It is not created here and may not exist yet.
    """
    return data_folder() / "recordings"


def data_folder() -> Path:
    """Return ``IMU_REPS_HOME`` if that is set, else the user's data folder; it may not exist yet."""
    return _own_home() or _of_user("data")


def profile_folder() -> Path:
    """Return ``IMU_REPS_HOME`` if that is set, else the user's settings folder; it may not exist yet."""
    return _own_home() or _of_user("config")


def _of_user(kind: Literal["data", "config"]) -> Path:
    import platformdirs

    find = platformdirs.user_data_path if kind == "data" else platformdirs.user_config_path
    try:
        return find("imu-reps", appauthor=False)
    except RuntimeError as error:
        raise _no_home() from error


def user_home() -> Path:
    """Return the user's home folder.

    Raises
    ------
    FileAccessError
        ``not_found``: the user has none.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise _no_home() from error


def _no_home() -> FileAccessError:
    return FileAccessError(
        "Nobody knows where your files belong: this user has no home.",
        hint=f"Set HOME, or {HOME_VARIABLE}, to a folder of yours.",
        code="not_found",
    )


def _own_home() -> Path | None:
    """Return the folder ``IMU_REPS_HOME``; None if that is not set."""
    home = os.environ.get(HOME_VARIABLE)
    if not home:
        return None
    try:
        return Path(home).expanduser()
    except RuntimeError as error:
        raise FileAccessError(
            f"{HOME_VARIABLE} is {home}: nobody knows that user's folder.",
            hint="Write the folder's path out.",
            code="not_found",
        ) from error


def newest_first(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the recordings (``.csv``, ``.csv.gz``) in `folder`, the latest change first; at least one.

    Of several that were changed at the same time, the last by name comes first.

    Raises
    ------
    FileAccessError
        ``no_recordings``: there are none; ``permission``.
    """
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.stat().st_mtime, entry.name)
                for entry in entries
                if entry.name.endswith(ENDINGS) and entry.is_file()
            ]
    except FileNotFoundError:
        found = []
    except OSError as error:
        raise access_error(error, os.fspath(folder)) from error
    if not found:
        raise FileAccessError(
            f"There are no recordings in {os.fspath(folder)}.",
            hint="Name a file, or record a set first.",
            code="no_recordings",
        )
    return [Path(folder) / name for _, name in sorted(found, reverse=True)]


def all_recordings(folder: Path) -> list[Path]:
    """Return the recordings in a folder, sorted by name; empty if there is no folder."""
    return sorted(path for path in folder.iterdir() if path.name.endswith(ENDINGS)) if folder.is_dir() else []


def recordings_in(folder: Path) -> list[Path]:
    """Return the recordings in a folder, sorted by name; at least one.

    Raises
    ------
    FileAccessError
        ``not_found``: there is no such folder; ``no_recordings``: it has none.
    """
    if not folder.is_dir():
        raise FileAccessError(
            f"There is no folder {folder}.", hint="Name the folder of the recordings.", code="not_found"
        )
    files = all_recordings(folder)
    if not files:
        raise FileAccessError(
            f"There are no recordings in {folder}.", hint="Name another folder.", code="no_recordings"
        )
    return files
