"""What was prescribed to whom: one TOML file beside the history, that may be edited by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from imu_reps.domain.person_name import said_name
from imu_reps.domain.prescription import Prescription
from imu_reps.domain.tempo import Tempo
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error, make_folder, replace
from imu_reps.storage.folders import data_folder

PRESCRIPTIONS_FILE = "prescriptions.toml"


@dataclass(frozen=True, slots=True)
class Prescribed:
    """A prescription and whose it is; None: of whoever names nobody."""

    prescription: Prescription
    person: str | None = None


@dataclass(frozen=True, slots=True)
class _Content:
    prescribed: tuple[Prescribed, ...] = ()


def prescriptions(person: str | None) -> list[Prescription]:
    """What holds for a person, in the order it was given.

    Raises
    ------
    FileAccessError
        ``bad_prescriptions``: no TOML, or not of the shape; ``permission``.
    """
    return [one.prescription for one in _load() if one.person == person]


def prescribed_to() -> set[str | None]:
    """Everybody to whom something is prescribed."""
    return {one.person for one in _load()}


def prescribe(person: str | None, new: Prescription) -> None:
    """Keep a prescription, instead of the one for the same exercise and side.

    Raises
    ------
    FileAccessError
        As `prescriptions`; ``disk_full``.
    """
    _save([*(one for one in _load() if not _replaced(one, person, new)), Prescribed(new, person)])


def reassign(old: str | None, new: str | None) -> None:
    """Make a person's prescriptions another's; those they had for the same stay. None as `new`: delete.

    Raises
    ------
    FileAccessError
        As `prescribe`.
    """
    known = _load()
    if not any(one.person == old for one in known):
        return
    left = [one for one in known if one.person != old]
    moved = [] if new is None else [Prescribed(one.prescription, new) for one in known if one.person == old]
    _save([*left, *(one for one in moved if not any(_replaced(had, new, one.prescription) for had in left))])


def prescriptions_text(some: Sequence[Prescription], person: str | None) -> str:
    """Prescriptions as their file has them."""
    import tomli_w

    return tomli_w.dumps({"prescribed": [_table(Prescribed(one, person)) for one in some]})


def _replaced(one: Prescribed, person: str | None, new: Prescription) -> bool:
    had = one.prescription
    return (one.person, had.exercise, had.side) == (person, new.exercise, new.side)


def _path() -> Path:
    return data_folder() / PRESCRIPTIONS_FILE


def _load() -> list[Prescribed]:
    path = _path()
    try:
        content = msgspec.convert(tomllib.loads(path.read_bytes().decode("utf-8")), _Content)
        for one in content.prescribed:
            _check(one.prescription)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise access_error(error, str(path)) from error
    except ValueError as error:  # no UTF-8, no TOML, and msgspec's own complaint
        raise FileAccessError(
            f"The prescriptions {path} cannot be used: {error}.",
            hint="Correct it there, or move it away.",
            code="bad_prescriptions",
        ) from error
    return [Prescribed(one.prescription, said_name(one.person)) for one in content.prescribed]


def _check(one: Prescription) -> None:
    if one.sets < 1 or one.reps < 1:
        raise ValueError("sets and reps are 1 or more")
    if one.tempo is not None:
        Tempo.parse(one.tempo)


def _save(some: Sequence[Prescribed]) -> None:
    import tomli_w

    path = _path()
    make_folder(path.parent)
    try:
        replace(path, tomli_w.dumps({"prescribed": [_table(one) for one in some]}).encode("utf-8"))
    except OSError as error:
        raise access_error(error, str(path)) from error


def _table(one: Prescribed) -> dict[str, Any]:
    fields = {
        name: value
        for name in Prescription.__slots__
        if (value := getattr(one.prescription, name)) is not None
    }
    return ({} if one.person is None else {"person": one.person}) | {"prescription": fields}
