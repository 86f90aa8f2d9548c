"""Profiles of persons and their sensors: a TOML file, written by ``imu-reps pair`` and editable by hand."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta

from imu_reps.domain.exercise import EXERCISES, SIDES, Exercise, Side
from imu_reps.domain.progress import Floor
from imu_reps.domain.recording import Axis
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.untrusted import matches_name
from imu_reps.errors import FileAccessError, RadioError, UsageError
from imu_reps.storage.file_access import read_toml, write_toml
from imu_reps.storage.folders import profile_folder

PROFILE_FILE = "profile.toml"

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_NO_FLOORS: Mapping[Side, Floor] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PairedSensor:
    """A paired sensor.

    Attributes
    ----------
    family : str
        Sensor family, as in a recording's header: ``witmotion``.
    host_id : str
        Its id on this computer: its address, on macOS an id given by the computer.
    rate_hz : float
        Rate to request.
    name : str or None
        Its advertised name; two sensors may share one.
    identity : str or None
        Identity reported by the device itself, the same on every computer.
    cranial_axis : Axis or None
        Sensor axis that points to the head (pelvis) or up the shank (ankle; None: found from the motion).
    anterior_axis : Axis or None
        Pelvis only: sensor axis that points forward, up while lying.
    extra : mapping
        Keys unknown to this version, kept as written.
    """

    family: str
    host_id: str
    rate_hz: float
    name: str | None = None
    identity: str | None = None
    cranial_axis: Axis | None = None
    anterior_axis: Axis | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Person:
    """A person, their sensors, and the floor of each leg.

    Attributes
    ----------
    extra : mapping
        Keys unknown to this version, kept as written.
    floors : mapping of Side to Floor
        Results of the end-range test.
    """

    name: str
    pelvis: PairedSensor
    ankle: PairedSensor
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    floors: Mapping[Side, Floor] = field(default_factory=lambda: _NO_FLOORS)

    def sensor(self, place: SensorPlace) -> PairedSensor:
        """Return the sensor worn at `place`."""
        return self.pelvis if place == "pelvis" else self.ankle

    def floor_deg(self, exercise: Exercise, side: Side | None) -> float | None:
        """Return the floor angle in an exercise on a side; None if not measured with that exercise."""
        floor = None if side is None else self.floors.get(side)
        return floor.deg if floor is not None and floor.exercise == exercise else None

    def with_floor(self, side: Side, floor: Floor) -> Person:
        """Return the person with another floor on that side."""
        return replace(self, floors=MappingProxyType({**self.floors, side: floor}))


@dataclass(frozen=True, slots=True)
class Profiles:
    """All paired persons.

    Attributes
    ----------
    persons : tuple of Person
        In the order of the file.
    default : str or None
        Person used if none is named: the one paired last.
    extra : mapping
        Keys unknown to this version, kept as written.
    """

    persons: tuple[Person, ...] = ()
    default: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    def find(self, name: str) -> Person | None:
        """Return the person of this name, ignoring case unless there is an exact match; None if none."""
        same = [person for person in self.persons if matches_name(person.name, name)]
        exact = [person for person in same if person.name == name]
        return next(iter(exact or same), None)

    def person(self, name: str | None = None) -> Person:
        """Return the person of this name; without a name, the only person, or else the default.

        Raises
        ------
        RadioError
            ``not_paired``: nobody is paired yet.
        UsageError
            ``unknown_person``; ``which_person``: there are several and none is the default.
        """
        if not self.persons:
            raise RadioError(
                "No sensors are paired yet.",
                hint="Put both sensors near this computer and run `imu-reps pair`.",
                code="not_paired",
            )
        if name is not None:
            return self._named(name)
        if len(self.persons) == 1:
            return self.persons[0]
        if self.default is not None and (default := self.find(self.default)):
            return default
        raise UsageError(
            f"There are several persons: {self.names()}.",
            hint="Name one: --person NAME.",
            code="which_person",
        )

    def names(self) -> str:
        """Return all names in one line."""
        return ", ".join(person.name for person in self.persons)

    def with_person(self, person: Person) -> Profiles:
        """Return the profiles with `person` added, or replacing the one of that name, and as the default."""
        old = self.find(person.name)
        if old is None:
            persons = (*self.persons, person)
        else:
            persons = tuple(person if known is old else known for known in self.persons)
        return replace(self, persons=persons, default=person.name)

    def changed(self, person: Person) -> Profiles:
        """Return the profiles with `person` added, or replacing the one of that name; the default stays."""
        return replace(self.with_person(person), default=self.default)

    def without(self, name: str) -> Profiles:
        """Return the profiles without the person of this name.

        Raises
        ------
        RadioError, UsageError
            As `person`.
        """
        removed = self.person(name)
        rest = tuple(person for person in self.persons if person is not removed)
        default = None if self.default is None or self.find(self.default) is removed else self.default
        return replace(self, persons=rest, default=default)

    def _named(self, name: str) -> Person:
        person = self.find(name)
        if person is not None:
            return person
        raise UsageError(
            f"Nobody called {name!r} is paired.",
            hint=f"Known: {self.names()}. To add somebody: imu-reps pair --person NAME.",
            code="unknown_person",
        )


def profile_path() -> Path:
    """Return the path of the profiles: in ``IMU_REPS_HOME`` if that is set, else in the settings folder.

    It may not exist yet.
    """
    return profile_folder() / PROFILE_FILE


Table = Mapping[str, Any]

_HINT = "Correct it there, or run `imu-reps pair` anew after moving the file away."


def load_profiles(file: str | os.PathLike[str] | None = None) -> Profiles:
    """Read the profiles, by default those at `profile_path`; empty if there is no file.

    Raises
    ------
    FileAccessError
        ``bad_profile``: not TOML, or an invalid value (the message names line or key); ``permission``.
    """
    path = Path(file) if file is not None else profile_path()
    try:
        tree = read_toml(path)
        return Profiles() if tree is None else _profiles(tree)
    except UnicodeDecodeError:
        what = "it is not UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        what = f"it is not TOML: {error}"
    except ValueError as error:
        what = str(error)
    raise FileAccessError(f"The profile {path} cannot be used: {what}.", hint=_HINT, code="bad_profile")


def save_profiles(profiles: Profiles, file: str | os.PathLike[str] | None = None) -> Path:
    """Write all profiles, whole or not at all, and return the path; comments made by hand are lost.

    Raises
    ------
    FileAccessError
        ``permission``, ``disk_full`` and the like; the old file is unchanged.
    """
    path = Path(file) if file is not None else profile_path()
    write_toml(path, _tree(profiles))
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
    values = {key: getattr(sensor, key) for key in _KINDS}
    return {key: value for key, value in values.items() if value is not None} | dict(sensor.extra)


_TEXT = (Annotated[str, Meta(min_length=1)], "a text")
_AXIS = (Axis, "one of " + ", ".join(get_args(Axis)))
_ANGLE = (Annotated[float, Meta(ge=0.0, le=180.0)], "an angle from 0 to 180")

#: Keys of a sensor: the type of the value, and the allowed values in words.
_KINDS: dict[str, tuple[Any, str]] = {
    "family": _TEXT,
    "host_id": _TEXT,
    "rate_hz": (Annotated[float, Meta(gt=0.0, le=sys.float_info.max)], "a number above 0"),
    "name": _TEXT,
    "identity": _TEXT,
    "cranial_axis": _AXIS,
    "anterior_axis": _AXIS,
}
_NEEDED = ("family", "host_id", "rate_hz")

#: Keys of a floor, all required.
_FLOOR_KINDS: dict[str, tuple[Any, str]] = {
    "deg": _ANGLE,
    "spread_deg": _ANGLE,
    "taken": (date, "a day such as 2026-11-21"),
    "exercise": (Exercise, "one of " + ", ".join(EXERCISES)),
}


def _profiles(tree: Table) -> Profiles:
    """Parse the tree of the file; a ValueError names the place of an invalid value."""
    default = tree.get("default")
    if default is not None and not isinstance(default, str):
        raise ValueError("default is no name")
    persons = tuple(
        _person(name, _table(table, f"person.{name}"))
        for name, table in _table(tree.get("person", {}), "person").items()
    )
    return Profiles(persons, default, _unknown_keys(tree, ("default", "person")))


def _person(name: str, table: Table) -> Person:
    pelvis, ankle = (_sensor(table.get(place), f"person.{name}.{place}") for place in SENSOR_PLACES)
    floors = _floors(_table(table.get("floor", {}), f"person.{name}.floor"), f"person.{name}.floor")
    return Person(name, pelvis, ankle, _unknown_keys(table, (*SENSOR_PLACES, "floor")), floors)


def _floors(table: Table, where: str) -> Mapping[Side, Floor]:
    strange = [side for side in table if side not in SIDES]
    if strange:
        raise ValueError(f"[{where}] has a {strange[0]}; allowed is one of {', '.join(SIDES)}")
    floors: dict[Side, Floor] = {}
    for side in SIDES:
        if side in table:
            place = f"{where}.{side}"
            floors[side] = Floor(**_values(_table(table[side], place), place, _FLOOR_KINDS))
    return MappingProxyType(floors)


def _sensor(value: Any, where: str) -> PairedSensor:
    table = _table(value, where)
    values = _values(table, where, _KINDS, _NEEDED)
    cranial, anterior = values.get("cranial_axis"), values.get("anterior_axis")
    if cranial and anterior and cranial[1] == anterior[1]:
        raise ValueError(f"in [{where}] the anterior axis {anterior} lies along the cranial axis {cranial}")
    return PairedSensor(**values, extra=_unknown_keys(table, tuple(_KINDS)))


def _values(
    table: Table, where: str, kinds: Mapping[str, tuple[Any, str]], needed: Iterable[str] | None = None
) -> dict[str, Any]:
    """Return the values of the known keys, of which some are needed, by default all."""
    for key in kinds if needed is None else needed:
        if key not in table:
            raise ValueError(f"[{where}] has no {key}")
    values = {}
    for key, (kind, allowed) in kinds.items():
        if key in table:
            try:
                values[key] = msgspec.convert(table[key], kind, builtin_types=(date,))
            except msgspec.ValidationError:
                raise ValueError(f"{where}.{key} is {table[key]!r}; allowed is {allowed}") from None
    return values


def _table(value: Any, where: str) -> Table:
    if value is None:
        raise ValueError(f"[{where}] is missing")
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no table")  # noqa: TRY004 - the file's error, not the program's
    return value


def _unknown_keys(table: Table, known: tuple[str, ...]) -> Table:
    return MappingProxyType({key: value for key, value in table.items() if key not in known})
