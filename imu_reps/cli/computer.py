"""What a command can find out of the computer it runs on."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from imu_reps.errors import FileAccessError

if TYPE_CHECKING:
    from imu_reps.errors import ImuRepsError
    from imu_reps.setup.computer_check import ComputerFacts

#: `bluetoothctl` answers at once; where its service hangs, it is not waited for.
ANSWER_S = 5.0


def computer_facts(heard: int | None, radio_trouble: ImuRepsError | None) -> ComputerFacts:
    """Everything `check_computer` judges; the scan was the caller's."""
    from imu_reps.setup.computer_check import ComputerFacts
    from imu_reps.storage.folders import default_folder

    folder = default_folder()
    return ComputerFacts(
        system=platform.system(),
        python=platform.python_version(),
        bleak=_version("bleak"),
        bluez=_bluez() if platform.system() == "Linux" else None,
        heard=heard,
        radio_trouble=radio_trouble,
        folder=str(folder),
        folder_trouble=_folder_trouble(folder),
        free_bytes=_free_bytes(folder),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _bluez() -> str | None:
    """The version in what ``bluetoothctl --version`` says: ``bluetoothctl: 5.66``."""
    program = shutil.which("bluetoothctl")
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=ANSWER_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = said.split()
    return words[-1] if words and words[-1][:1].isdigit() else None


def _standing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)


def _folder_trouble(folder: Path) -> FileAccessError | None:
    """Why no recording can be written; tried, not guessed from permissions. Nothing is left behind."""
    from imu_reps.storage.file_access import access_error

    try:
        with tempfile.NamedTemporaryFile(dir=_standing(folder)):
            return None
    except OSError as error:
        return access_error(error, str(folder))


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(_standing(folder)).free
    except OSError:
        return None
