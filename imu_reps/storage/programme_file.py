"""The programme read from its TOML file: the one that comes with the package, or a person's own."""

from __future__ import annotations

import os
import tomllib
from importlib.resources import files
from pathlib import Path

import msgspec

from imu_reps.domain.programme import Programme
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error


def load_programme(file: str | os.PathLike[str] | None = None) -> Programme:
    """Read a programme, by default the one of the package.

    Raises
    ------
    FileAccessError
        ``bad_programme``: no TOML, or not of the shape, naming the place; ``not_found``, ``permission``.
    """
    if file is None:
        return _parsed(files("imu_reps.storage").joinpath("programme.toml").read_bytes(), "programme.toml")
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise access_error(error, os.fspath(file)) from error
    return _parsed(content, os.fspath(file))


def _parsed(content: bytes, name: str) -> Programme:
    try:
        programme = msgspec.convert(tomllib.loads(content.decode("utf-8")), Programme)
        _check(programme)
    except ValueError as error:
        # no UTF-8, no TOML, and msgspec's own complaint are all ValueErrors
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
