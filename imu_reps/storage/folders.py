"""Where recordings are kept."""

from __future__ import annotations

import os
from pathlib import Path

from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error

HOME_VARIABLE = "IMU_REPS_HOME"


def default_folder() -> Path:
    """Folder of recordings: ``recordings`` in the user's data folder, or in ``IMU_REPS_HOME`` if that is set.

    It is not made here and may not exist yet.
    """
    return data_folder() / "recordings"


def data_folder() -> Path:
    """The user's data folder, or the folder ``IMU_REPS_HOME`` if that is set. It may not exist yet."""
    if home := own_home():
        return home
    import platformdirs

    return platformdirs.user_data_path("imu-reps", appauthor=False)


def own_home() -> Path | None:
    """The folder ``IMU_REPS_HOME``; None if that is not set.

    Raises
    ------
    FileAccessError
        ``not_found``: it begins with the name of a user whom nobody knows.
    """
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


def latest_recording(folder: str | os.PathLike[str]) -> Path:
    """Give the recording (``.csv``, ``.csv.gz``) in `folder` that was changed last.

    Of those changed at the same time it is the last by name.

    Raises
    ------
    FileAccessError
        ``no_recordings``: there is none; ``permission``.
    """
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.stat().st_mtime, entry.name)
                for entry in entries
                if entry.name.endswith((".csv", ".csv.gz")) and entry.is_file()
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
    return Path(folder) / max(found)[1]


def recordings_in(folder: Path) -> list[Path]:
    """All recordings of a folder, by name.

    Raises
    ------
    FileAccessError
        ``not_found``: there is no such folder; ``no_recordings``: it holds none.
    """
    if not folder.is_dir():
        raise FileAccessError(
            f"There is no folder {folder}.", hint="Name the folder of the recordings.", code="not_found"
        )
    files = sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz")))
    if not files:
        raise FileAccessError(
            f"There are no recordings in {folder}.", hint="Name another folder.", code="no_recordings"
        )
    return files
