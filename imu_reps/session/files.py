"""Where a set's file goes and what it is called."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

from imu_reps.session.plan import SetGoal
from imu_reps.storage.file_access import access_error


def make_folder(folder: Path) -> None:
    """Make the folder of recordings, unless it is there.

    Raises
    ------
    FileAccessError
        ``permission``, ``disk_full``; ``exists``, ``not_found``: something on the way is no folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise access_error(error, str(folder)) from error


def free_path(folder: Path, created: datetime, goal: SetGoal, number: int) -> Path:
    """A name for a set's file that is not taken; the file is not made."""
    words = [f"{created:%Y-%m-%d_%H%M%S}", goal.exercise, goal.side, f"set{number}"]
    name = "_".join(word for word in words if word)
    names = itertools.chain([name], (f"{name}_{again}" for again in itertools.count(2)))
    return next(path for name in names if not (path := folder / f"{name}.csv").exists())
