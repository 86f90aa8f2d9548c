"""Profiles in and out of their TOML file: never half written, and what is not understood is kept."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from imu_reps.domain.end_range import Floor
from imu_reps.domain.exercise import EXERCISES, Exercise
from imu_reps.domain.recording import Axis, Side
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error, make_folder, replace
from imu_reps.storage.profile import PairedSensor, Person, Profiles, profile_path

Table = Mapping[str, Any]

_MEND = "Correct it there, or run `imu-reps pair` anew after moving the file away."


def load_profiles(file: str | os.PathLike[str] | None = None) -> Profiles:
    """Read the profiles, by default those at `profile_path`; nobody if there is no file.

    Raises
    ------
    FileAccessError
        ``bad_profile``: no TOML, or a value that cannot be, naming line or key; ``permission``.
    """
    path = Path(file) if file is not None else profile_path()
    try:
        return _profiles(tomllib.loads(path.read_bytes().decode("utf-8")))
    except FileNotFoundError:
        return Profiles()
    except OSError as error:
        raise access_error(error, str(path)) from error
    except UnicodeDecodeError:
        what = "it is not UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        what = f"it is not TOML: {error}"
    except RecursionError:
        what = "it is nested too deeply"
    except ValueError as error:
        what = str(error)
    raise FileAccessError(f"The profile {path} cannot be used: {what}.", hint=_MEND, code="bad_profile")


def save_profiles(profiles: Profiles, file: str | os.PathLike[str] | None = None) -> Path:
    """Write all profiles, whole or not at all; give the path. Comments made by hand are not kept.

    Raises
    ------
    FileAccessError
        ``permission``, ``disk_full`` and the like; the old file is as it was.
    """
    import tomli_w

    path = Path(file) if file is not None else profile_path()
    content = tomli_w.dumps(_tree(profiles)).encode("utf-8")
    make_folder(path.parent)
    try:
        replace(path, content)
    except OSError as error:
        raise access_error(error, str(path)) from error
    return path


def _tree(profiles: Profiles) -> dict[str, Any]:
    persons = {
        person.name: {
            **person.extra,
            "pelvis": _sensor_table(person.pelvis),
            "ankle": _sensor_table(person.ankle),
            **({"floor": _floor_tables(person.floors)} if person.floors else {}),
        }
        for person in profiles.persons
    }
    default = {} if profiles.default is None else {"default": profiles.default}
    return {**default, **profiles.extra, "person": persons}


def _floor_tables(floors: Mapping[Side, Floor]) -> dict[str, Any]:
    return {side: {key: getattr(floor, key) for key in _FLOOR_KINDS} for side, floor in floors.items()}


def _sensor_table(sensor: PairedSensor) -> dict[str, Any]:
    said = {key: getattr(sensor, key) for key in _KINDS}
    return {key: value for key, value in said.items() if value is not None} | dict(sensor.extra)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _rate(value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError
    rate = float(value)
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError
    return rate


def _angle(value: Any) -> float:
    if type(value) not in (int, float) or not 0.0 <= value <= 180.0:
        raise ValueError
    return float(value)


def _day(value: Any) -> date:
    if type(value) is not date:
        raise ValueError
    return value


def _exercise(value: Any) -> Exercise:
    if value not in EXERCISES:
        raise ValueError
    exercise: Exercise = value
    return exercise


def _axis(value: Any) -> Axis:
    if value not in get_args(Axis):
        raise ValueError
    axis: Axis = value
    return axis


#: Every key of a sensor: how it is read, and what is allowed.
_KINDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "family": (_text, "a text"),
    "host_id": (_text, "a text"),
    "rate_hz": (_rate, "a number above 0"),
    "name": (_text, "a text"),
    "identity": (_text, "a text"),
    "cranial_axis": (_axis, "one of " + ", ".join(get_args(Axis))),
    "anterior_axis": (_axis, "one of " + ", ".join(get_args(Axis))),
}
_NEEDED = ("family", "host_id", "rate_hz")

#: Every key of a floor; all are needed.
_FLOOR_KINDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "deg": (_angle, "an angle from 0 to 180"),
    "spread_deg": (_angle, "an angle from 0 to 180"),
    "taken": (_day, "a day such as 2026-11-21"),
    "exercise": (_exercise, "one of " + ", ".join(EXERCISES)),
}


def _profiles(tree: Table) -> Profiles:
    """Everybody in the file; a ValueError names the place of what cannot be."""
    default = tree.get("default")
    if default is not None and not isinstance(default, str):
        raise ValueError("default is no name")
    persons = tuple(
        _person(name, _table(table, f"person.{name}"))
        for name, table in _table(tree.get("person", {}), "person").items()
    )
    return Profiles(persons, default, _others(tree, ("default", "person")))


def _person(name: str, table: Table) -> Person:
    pelvis, ankle = (_sensor(table.get(place), f"person.{name}.{place}") for place in SENSOR_PLACES)
    floors = _floors(_table(table.get("floor", {}), f"person.{name}.floor"), f"person.{name}.floor")
    return Person(name, pelvis, ankle, _others(table, (*SENSOR_PLACES, "floor")), floors)


def _floors(table: Table, where: str) -> Mapping[Side, Floor]:
    strange = [side for side in table if side not in get_args(Side)]
    if strange:
        raise ValueError(f"[{where}] has a {strange[0]}; allowed is one of {', '.join(get_args(Side))}")
    floors: dict[Side, Floor] = {
        side: _floor(_table(table[side], f"{where}.{side}"), f"{where}.{side}")
        for side in get_args(Side)
        if side in table
    }
    return MappingProxyType(floors)


def _floor(table: Table, where: str) -> Floor:
    missing = [key for key in _FLOOR_KINDS if key not in table]
    if missing:
        raise ValueError(f"[{where}] has no {missing[0]}")
    return Floor(**{key: _value(table[key], f"{where}.{key}", _FLOOR_KINDS[key]) for key in _FLOOR_KINDS})


def _sensor(value: Any, where: str) -> PairedSensor:
    table = _table(value, where)
    missing = [key for key in _NEEDED if key not in table]
    if missing:
        raise ValueError(f"[{where}] has no {missing[0]}")
    said = {key: _value(table[key], f"{where}.{key}", kind) for key, kind in _KINDS.items() if key in table}
    cranial, anterior = said.get("cranial_axis"), said.get("anterior_axis")
    if cranial and anterior and cranial[1] == anterior[1]:
        raise ValueError(f"in [{where}] the anterior axis {anterior} lies along the cranial axis {cranial}")
    return PairedSensor(**said, extra=_others(table, tuple(_KINDS)))


def _value(value: Any, where: str, kind: tuple[Callable[[Any], Any], str]) -> Any:
    read, allowed = kind
    try:
        return read(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{where} is {value!r}; allowed is {allowed}") from None


def _table(value: Any, where: str) -> Table:
    if value is None:
        raise ValueError(f"[{where}] is missing")
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no table")  # noqa: TRY004 - the file's error, not the program's
    return value


def _others(table: Table, known: tuple[str, ...]) -> Table:
    return MappingProxyType({key: value for key, value in table.items() if key not in known})
