"""A world without hardware: two virtual sensors on a virtual air, and a wearer who does the planned sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SensorPlace
from imu_reps.errors import UsageError
from imu_reps.sensors.ble import Radio
from imu_reps.sensors.families import family
from imu_reps.sensors.streams import Streams
from imu_reps.sim.radio.device import DeviceClock, Feed, Wearer
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.wearer import SetPlan
from imu_reps.sources.radio_source import wanted
from imu_reps.storage.profile import PairedSensor, Person

if TYPE_CHECKING:
    from imu_reps.sim.radio.virtual_sensor import VirtualSensor

RATE_HZ = 100.0
ADDRESSES: dict[SensorPlace, str] = {"pelvis": "F0:00:00:00:00:01", "ankle": "F0:00:00:00:00:02"}

#: Two real oscillators are never alike, and two clocks never started together.
CLOCKS: dict[SensorPlace, DeviceClock] = {
    "pelvis": DeviceClock(rate_error=20e-6, start_s=12.0),
    "ankle": DeviceClock(rate_error=-35e-6, start_s=7.5),
}


Readings = tuple[FloatArray, FloatArray]


class Performance:
    """A wearer who lies still until told to begin, and does one set after the other.

    Parameters
    ----------
    plans : sequence of SetPlan
        The sets, in order; at least one.
    seed : int
    """

    def __init__(self, plans: Sequence[SetPlan], seed: int = 0) -> None:
        self._still_s = [plan.life.still_before_s for plan in plans]
        self._starts_s = [_start_s(plan) for plan in plans]
        self._wearers = [Wearer(plan, seed + k) for k, plan in enumerate(plans)]
        self._scenes: list[_Scene] = [_Scene(-np.inf, 0, 0.0, 0.0)]

    def begin(self, number: int, time_s: float) -> None:
        """Begin a set, from 1."""
        self._scenes.append(_Scene(time_s, number - 1, 0.0))

    def lie_down(self, number: int, time_s: float) -> None:
        """Lie as before a set, from 1."""
        self._scenes.append(_Scene(time_s, number - 1, 0.0, 0.0))

    @property
    def waits(self) -> bool:
        """Whether the wearer lies before a set, or holds the legs where it begins."""
        return self._scenes[-1].until_s < np.inf

    def lift(self, time_s: float) -> None:
        """Lift the legs into the high start of the set that is waited for, and hold them there."""
        number = self._scenes[-1].wearer
        if self._scenes[-1].until_s == 0.0:
            self._scenes.append(_Scene(time_s, number, self._still_s[number], self._starts_s[number]))

    def move(self, time_s: float) -> None:
        """Begin the set that is waited for with its first repetition, at once."""
        number = self._scenes[-1].wearer
        self._scenes.append(_Scene(time_s, number, self._starts_s[number]))

    def rest(self, time_s: float) -> None:
        """Lie as before the next set, if there is one."""
        number = self._scenes[-1].wearer
        if not self.waits and number + 1 < len(self._wearers):
            self.lie_down(number + 2, time_s)

    def feed(self, place: SensorPlace) -> Feed:
        """What a sensor worn at `place` reads."""
        feeds = [wearer.feed(place) for wearer in self._wearers]

        def read(time_s: FloatArray) -> Readings:
            acc_mps2, gyr_dps = np.zeros((len(time_s), 3)), np.zeros((len(time_s), 3))
            for scene, until_s in self._timetable():
                if len(time_s) == 0 or until_s <= time_s[0]:  # long over: a session has many
                    continue
                rows = (time_s >= scene.from_s) & (time_s < until_s)
                if rows.any():
                    acc_mps2[rows], gyr_dps[rows] = feeds[scene.wearer](scene.story_s(time_s[rows]))
            return acc_mps2, gyr_dps

        return read

    def _timetable(self) -> Iterator[tuple[_Scene, float]]:
        ends_s = [scene.from_s for scene in self._scenes[1:]] + [np.inf]
        return zip(self._scenes, ends_s, strict=True)


def _start_s(plan: SetPlan) -> float:
    """When, in a set's own time, its first repetition begins; before it legs are lifted into a high start."""
    life = plan.life
    lifted = plan.resting_end == "high"
    lift_s = life.lift_s if lifted and life.floor_stretch else 0.0
    return life.still_before_s + lift_s + (life.hold_s if lifted else 0.0)


@dataclass(frozen=True, slots=True)
class _Scene:
    """From `from_s` on a wearer does a set: from `begin_s` of its own time to `until_s`, and waits there."""

    from_s: float
    wearer: int
    begin_s: float
    until_s: float = np.inf

    def story_s(self, time_s: FloatArray) -> FloatArray:
        """The wearer's own time."""
        gone_s = np.maximum(time_s - self.from_s, 0.0) if np.isfinite(self.from_s) else np.zeros_like(time_s)
        return np.minimum(self.begin_s + gone_s, self.until_s)


class VirtualWorld:
    """Two sensors of one family, their wearer, and a computer to record with; an async context manager.

    Parameters
    ----------
    family_name : str
    plans : sequence of SetPlan
    seed : int

    Attributes
    ----------
    person : Person
        As pairing would have stored them.
    performance : Performance
    air : Air
    sensors : dict of VirtualSensor

    Raises
    ------
    UsageError
        There is no such virtual sensor, or bumble is not installed.
    """

    def __init__(self, family_name: str, plans: Sequence[SetPlan], *, seed: int = 0) -> None:
        if family_name not in DEVICES:
            raise UsageError(
                f"There is no virtual sensor called {family_name!r}.",
                hint=f"There are {', '.join(DEVICES)}.",
                code="unknown_family",
            )
        from imu_reps.sim.radio.air import Air

        rates = family(family_name).rates_hz
        rate_hz = min(rates, key=lambda rate: abs(rate - RATE_HZ))
        self.person = _person(family_name, rate_hz)
        self.performance = Performance(plans, seed)
        self.air = Air(seed=seed)
        self.sensors: dict[SensorPlace, VirtualSensor] = {}

    async def __aenter__(self) -> Self:
        from imu_reps.sim.radio.virtual_sensor import VirtualSensor

        await self.air.__aenter__()
        for place in SENSOR_PLACES:
            device = DEVICES[self.person.pelvis.family](self.performance.feed(place), clock=CLOCKS[place])
            self.sensors[place] = VirtualSensor(self.air, device, ADDRESSES[place])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.air.__aexit__(kind, error, trace)

    def radio(self) -> Radio:
        """The computer's Bluetooth."""
        from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend

        return Radio(scanner_backend=scanner_backend(self.air), client_backend=client_backend(self.air))


class VirtualSource(Streams):
    """The sensors of a virtual world as a source: the world begins and ends with it.

    Parameters
    ----------
    world : VirtualWorld
    """

    def __init__(self, world: VirtualWorld) -> None:
        super().__init__(world.radio(), wanted(world.person))
        self._world = world
        self._is_open = False

    async def open(self) -> None:
        """Begin the world, and stream from it; raises as `Streams.open`."""
        await self._world.__aenter__()
        self._is_open = True
        await super().open()

    async def close(self) -> None:
        """Stop streaming, and end the world."""
        await super().close()
        if self._is_open:
            self._is_open = False
            await self._world.__aexit__(None, None, None)


def _person(family_name: str, rate_hz: float) -> Person:
    pelvis, ankle = (PairedSensor(family_name, ADDRESSES[place], rate_hz) for place in SENSOR_PLACES)
    return Person("nobody", replace(pelvis, cranial_axis="+y", anterior_axis="+z"), ankle)
