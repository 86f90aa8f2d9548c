"""Persons and their two sensors: one TOML file, written by ``imu-reps pair``, that may be edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from imu_reps.domain.end_range import Floor
from imu_reps.domain.exercise import Exercise
from imu_reps.domain.person_name import is_called
from imu_reps.domain.recording import Axis, Side
from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import RadioError, UsageError
from imu_reps.storage.folders import own_home

PROFILE_FILE = "profile.toml"

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_NO_FLOORS: Mapping[Side, Floor] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PairedSensor:
    """One sensor as pairing got to know it.

    Attributes
    ----------
    family : str
        Kind of sensor, as in a recording's header: ``witmotion``.
    host_id : str
        What this computer calls it: its address, on macOS an id of this computer's own.
    rate_hz : float
        The rate to ask for.
    name : str or None
        What it calls itself; two sensors may share it.
    identity : str or None
        What the device itself says it is, the same on every computer.
    cranial_axis : Axis or None
        Sensor axis that points to the head (pelvis) or up the shank (ankle; None: found from the motion).
    anterior_axis : Axis or None
        Pelvis only: sensor axis that points forward, up while lying.
    extra : mapping
        Keys this version does not know, kept as they were written.
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
    """A person, the sensors they wear, and how low each leg may go.

    Attributes
    ----------
    extra : mapping
        Keys this version does not know, kept as they were written.
    floors : mapping of Side to Floor
        As the end-range test found them.
    """

    name: str
    pelvis: PairedSensor
    ankle: PairedSensor
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    floors: Mapping[Side, Floor] = field(default_factory=lambda: _NO_FLOORS)

    def sensor(self, place: SensorPlace) -> PairedSensor:
        """The sensor worn at `place`."""
        return self.pelvis if place == "pelvis" else self.ankle

    def floor_deg(self, exercise: Exercise, side: Side | None) -> float | None:
        """Their floor in an exercise on a side; None where it was not taken with that exercise."""
        floor = None if side is None else self.floors.get(side)
        return floor.deg if floor is not None and floor.exercise == exercise else None

    def with_floor(self, side: Side, floor: Floor) -> Person:
        """The same with another floor on that side."""
        return replace(self, floors=MappingProxyType({**self.floors, side: floor}))


@dataclass(frozen=True, slots=True)
class Profiles:
    """Everybody who was paired.

    Attributes
    ----------
    persons : tuple of Person
        In the order of the file.
    default : str or None
        Who is meant where nobody is named: whoever was paired last.
    extra : mapping
        Keys this version does not know, kept as they were written.
    """

    persons: tuple[Person, ...] = ()
    default: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    def find(self, name: str) -> Person | None:
        """The person of this name, whatever its capitals; None if there is nobody."""
        same = [person for person in self.persons if is_called(person.name, name)]
        exact = [person for person in same if person.name == name]
        return next(iter(exact or same), None)

    def person(self, name: str | None = None) -> Person:
        """The person of this name; without one the only person there is, or whoever was paired last.

        Raises
        ------
        RadioError
            ``not_paired``: nobody is known yet.
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
        """All names in one line."""
        return ", ".join(person.name for person in self.persons)

    def with_person(self, person: Person) -> Profiles:
        """The same with `person` in it, instead of whoever had that name, and the default from now on."""
        old = self.find(person.name)
        if old is None:
            persons = (*self.persons, person)
        else:
            persons = tuple(person if known is old else known for known in self.persons)
        return replace(self, persons=persons, default=person.name)

    def changed(self, person: Person) -> Profiles:
        """The same with `person` instead of whoever has that name; who is the default stays so."""
        return replace(self.with_person(person), default=self.default)

    def without(self, name: str) -> Profiles:
        """The same without the person of this name.

        Raises
        ------
        RadioError, UsageError
            As `person`.
        """
        gone = self.person(name)
        left = tuple(person for person in self.persons if person is not gone)
        default = None if self.default is None or self.find(self.default) is gone else self.default
        return replace(self, persons=left, default=default)

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
    """Where profiles are kept: in the user's configuration folder, or in ``IMU_REPS_HOME`` if that is set.

    It may not exist yet.
    """
    if home := own_home():
        return home / PROFILE_FILE
    import platformdirs

    return platformdirs.user_config_path("imu-reps", appauthor=False) / PROFILE_FILE
