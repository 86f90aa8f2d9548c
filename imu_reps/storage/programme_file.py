"""Reading of the training programme from TOML: the one in the package, or a person's own."""

from __future__ import annotations

import errno
import os
from importlib.resources import as_file, files
from pathlib import Path

import msgspec

from imu_reps.domain.programme import Programme
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error, read_toml


def load_programme(file: str | os.PathLike[str] | None = None) -> Programme:
    """Read a programme, by default the one in the package.

    Raises
    ------
    FileAccessError
        ``bad_programme``: not TOML, or not of the expected form (the message names the place);
        ``not_found``, ``permission``.
    """
    if file is None:
        with as_file(files("imu_reps.storage").joinpath("programme.toml")) as path:
            return _load(path, path.name)
    return _load(Path(file), os.fspath(file))


def _load(path: Path, name: str) -> Programme:
    try:
        tree = read_toml(path)
        if tree is None:
            raise access_error(FileNotFoundError(errno.ENOENT, "", name), name)
        programme = msgspec.convert(tree, Programme)
        _check(programme)
    except ValueError as error:  # not UTF-8, not TOML, or an error of msgspec
        raise FileAccessError(
            f"The programme {name} cannot be used: {error}.",
            hint="Correct it there; the file that comes with imu_reps shows the shape.",
            code="bad_programme",
        ) from error
    return programme


def _check(programme: Programme) -> None:
    plan = programme.plan
    for what, (minimum, maximum) in (("sets", plan.sets), ("reps", plan.reps)):
        if not 1 <= minimum <= maximum:
            raise ValueError(f"plan.{what} goes from {minimum} to {maximum}")
    if not 1 <= plan.sessions_a_week <= 7 or plan.rest_days < 0 or plan.easy_reps < 1:
        raise ValueError("plan.sessions_a_week is 1 to 7, rest_days 0 or more, easy_reps 1 or more")
    exercises = [rung.exercise for rung in programme.ladder]
    if not exercises or len(set(exercises)) < len(exercises):
        raise ValueError("the ladder needs at least one rung, and no exercise twice")
