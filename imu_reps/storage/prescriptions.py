"""Prescriptions of all persons: one TOML file next to the history, which may be edited by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from imu_reps.domain.programme import Prescription
from imu_reps.domain.tempo import Tempo
from imu_reps.domain.untrusted import normalize_name
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import read_toml, write_toml
from imu_reps.storage.folders import data_folder

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
    return [known.prescription for known in _load() if known.person == person]


def prescribed_to() -> set[str | None]:
    """Return all persons with prescriptions."""
    return {known.person for known in _load()}


def prescribe(person: str | None, new: Prescription) -> None:
    """Store a prescription, replacing the person's one for the same exercise and side.

    Raises
    ------
    FileAccessError
        As `prescriptions`; ``disk_full``.
    """
    kept = (known for known in _load() if not _is_for_same(known, person, new))
    _save([*kept, Prescribed(new, person)])


def reassign(old: str | None, new: str | None) -> None:
    """Transfer a person's prescriptions to another, whose own for the same exercise and side stay.

    Parameters
    ----------
    old : str or None
    new : str or None
        None: delete them.

    Raises
    ------
    FileAccessError
        As `prescribe`.
    """
    known = _load()
    rest = [each for each in known if each.person != old]
    if len(rest) == len(known):
        return
    own = [] if new is None else [each.prescription for each in known if each.person == old]
    moved = (each for each in own if not any(_is_for_same(had, new, each) for had in rest))
    _save([*rest, *(Prescribed(each, new) for each in moved)])


def save_prescriptions(some: Iterable[Prescription], person: str | None, path: Path) -> None:
    """Write a person's prescriptions to a separate file.

    Raises
    ------
    FileAccessError
        As `prescribe`.
    """
    _save((Prescribed(each, person) for each in some), path)


def _is_for_same(known: Prescribed, person: str | None, new: Prescription) -> bool:
    had = known.prescription
    return (known.person, had.exercise, had.side) == (person, new.exercise, new.side)


def _path() -> Path:
    return data_folder() / PRESCRIPTIONS_FILE


def _load() -> list[Prescribed]:
    path = _path()
    try:
        content = msgspec.convert(read_toml(path) or {}, _Content)
        for entry in content.prescribed:
            _check(entry.prescription)
    except ValueError as error:  # not UTF-8, not TOML, or an error of msgspec
        raise FileAccessError(
            f"The prescriptions {path} cannot be used: {error}.",
            hint="Correct it there, or move it away.",
            code="bad_prescriptions",
        ) from error
    return [Prescribed(entry.prescription, normalize_name(entry.person)) for entry in content.prescribed]


def _check(prescription: Prescription) -> None:
    if prescription.sets < 1 or prescription.reps < 1:
        raise ValueError("sets and reps are 1 or more")
    if prescription.tempo is not None:
        Tempo.parse(prescription.tempo)


def _save(some: Iterable[Prescribed], path: Path | None = None) -> None:
    write_toml(path or _path(), {"prescribed": [_table(each) for each in some]})


def _table(entry: Prescribed) -> dict[str, Any]:
    fields = {
        name: value
        for name in Prescription.__slots__
        if (value := getattr(entry.prescription, name)) is not None
    }
    return ({} if entry.person is None else {"person": entry.person}) | {"prescription": fields}
