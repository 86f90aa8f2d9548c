"""Small TOML files that may be edited by hand: the programme, prescriptions, column maps of imports."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec

from imu_reps.domain.programme import Prescription, Programme
from imu_reps.domain.tempo import Tempo
from imu_reps.domain.untrusted import normalize_name
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.storage.file_access import access_error, read_toml, write_toml
from imu_reps.storage.folders import data_folder
from imu_reps.storage.profile import profile_path


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
            return _read_programme(path, path.name)
    return _read_programme(Path(file), os.fspath(file))


def _read_programme(path: Path, name: str) -> Programme:
    try:
        tree = read_toml(path)
        if tree is None:
            raise access_error(FileNotFoundError(errno.ENOENT, "", name), name)
        programme = msgspec.convert(tree, Programme)
        _check_programme(programme)
    except ValueError as error:  # not UTF-8, not TOML, or an error of msgspec
        raise FileAccessError(
            f"The programme {name} cannot be used: {error}.",
            hint="Correct it there; the file that comes with imu_reps shows the shape.",
            code="bad_programme",
        ) from error
    return programme


def _check_programme(programme: Programme) -> None:
    plan = programme.plan
    for what, (minimum, maximum) in (("sets", plan.sets), ("reps", plan.reps)):
        if not 1 <= minimum <= maximum:
            raise ValueError(f"plan.{what} goes from {minimum} to {maximum}")
    if not 1 <= plan.sessions_a_week <= 7 or plan.rest_days < 0 or plan.easy_reps < 1:
        raise ValueError("plan.sessions_a_week is 1 to 7, rest_days 0 or more, easy_reps 1 or more")
    exercises = [rung.exercise for rung in programme.ladder]
    if not exercises or len(set(exercises)) < len(exercises):
        raise ValueError("the ladder needs at least one rung, and no exercise twice")


PRESCRIPTIONS_FILE = "prescriptions.toml"


@dataclass(frozen=True, slots=True)
class Prescribed:
    """A prescription and its person; None: for sets without a person."""

    prescription: Prescription
    person: str | None = None


@dataclass(frozen=True, slots=True)
class _Content:
    prescribed: tuple[Prescribed, ...] = ()


def prescriptions(person: str | None) -> list[Prescription]:
    """Return the prescriptions of a person, in the order they were given.

    Raises
    ------
    FileAccessError
        ``bad_prescriptions``: not TOML, or not of the expected form; ``permission``.
    """
    return [known.prescription for known in _load_prescribed() if known.person == person]


def prescribed_to() -> set[str | None]:
    """Return all persons with prescriptions."""
    return {known.person for known in _load_prescribed()}


def prescribe(person: str | None, new: Prescription) -> None:
    """Store a prescription, replacing the person's one for the same exercise and side.

    Raises
    ------
    FileAccessError
        As `prescriptions`; ``disk_full``.
    """
    kept = (known for known in _load_prescribed() if not _is_for_same(known, person, new))
    _save_prescribed([*kept, Prescribed(new, person)])


def reassign(old: str | None, new: str | None) -> None:
    """Transfer a person's prescriptions to another, whose own for the same exercise and side stay.

    Parameters
    ----------
    new : str or None
        None: delete them.

    Raises
    ------
    FileAccessError
        As `prescribe`.
    """
    known = _load_prescribed()
    rest = [each for each in known if each.person != old]
    if len(rest) == len(known):
        return
    own = [] if new is None else [each.prescription for each in known if each.person == old]
    moved = (each for each in own if not any(_is_for_same(had, new, each) for had in rest))
    _save_prescribed([*rest, *(Prescribed(each, new) for each in moved)])


def save_prescriptions(some: Iterable[Prescription], person: str | None, path: Path) -> None:
    """Write a person's prescriptions to a separate file.

    Raises
    ------
    FileAccessError
        As `prescribe`.
    """
    _save_prescribed((Prescribed(each, person) for each in some), path)


def _is_for_same(known: Prescribed, person: str | None, new: Prescription) -> bool:
    had = known.prescription
    return (known.person, had.exercise, had.side) == (person, new.exercise, new.side)


def _prescriptions_path() -> Path:
    return data_folder() / PRESCRIPTIONS_FILE


def _load_prescribed() -> list[Prescribed]:
    path = _prescriptions_path()
    try:
        content = msgspec.convert(read_toml(path) or {}, _Content)
        for entry in content.prescribed:
            _check_prescription(entry.prescription)
    except ValueError as error:  # not UTF-8, not TOML, or an error of msgspec
        raise FileAccessError(
            f"The prescriptions {path} cannot be used: {error}.",
            hint="Correct it there, or move it away.",
            code="bad_prescriptions",
        ) from error
    return [Prescribed(entry.prescription, normalize_name(entry.person)) for entry in content.prescribed]


def _check_prescription(prescription: Prescription) -> None:
    amounts = [value for value in (prescription.reps, prescription.duration_s) if value is not None]
    if len(amounts) != 1 or not all(value >= 1 for value in (prescription.sets, *amounts)):
        raise ValueError("sets are 1 or more, and so is one of reps and, of a hold, duration_s")
    if prescription.tempo is not None:
        Tempo.parse(prescription.tempo)


def _save_prescribed(some: Iterable[Prescribed], path: Path | None = None) -> None:
    write_toml(path or _prescriptions_path(), {"prescribed": [_prescribed_table(each) for each in some]})


def _prescribed_table(entry: Prescribed) -> dict[str, Any]:
    fields = {
        name: value
        for name in Prescription.__slots__
        if (value := getattr(entry.prescription, name)) is not None
    }
    return ({} if entry.person is None else {"person": entry.person}) | {"prescription": fields}


MAPS_FILE = "column-maps.toml"


def _maps_path() -> Path:
    return profile_path().parent / MAPS_FILE


def load_maps() -> dict[str, str]:
    """Return all maps by name; empty if there is no file.

    Raises
    ------
    FileAccessError
        ``bad_maps``: not TOML, or with values other than text; ``permission``.
    """
    path = _maps_path()
    try:
        tree = msgspec.convert(read_toml(path) or {}, dict[str, str])
    except ValueError as error:
        raise FileAccessError(
            f'{path} cannot be read: each line is NAME = "time=...; acc=...; gyr=...".',
            hint="Correct it there, or move the file away and save the map again.",
            code="bad_maps",
        ) from error
    return tree


def find_map(name: str) -> str:
    """Return the map of that name.

    Raises
    ------
    UsageError
        ``no_map``.
    FileAccessError
        As `load_maps`.
    """
    maps = load_maps()
    if name not in maps:
        known = ", ".join(sorted(maps)) or "none yet"
        raise UsageError(
            f"There is no map called {name!r}; there are: {known}.",
            hint="Write the map itself, and keep it with --save-map NAME.",
            code="no_map",
        )
    return maps[name]


def save_map(name: str, text: str) -> Path:
    """Store a map under a name, replacing an older one of that name; return the path of the file.

    Raises
    ------
    FileAccessError
        As `load_maps`; ``permission``, ``disk_full``.
    """
    path = _maps_path()
    write_toml(path, load_maps() | {name: text})
    return path
