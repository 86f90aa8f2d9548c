"""Recording without hardware: two virtual sensors on a virtual radio, and a wearer who does planned sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SensorPlace
from imu_reps.errors import UsageError
from imu_reps.sensors.ble import Radio
from imu_reps.sensors.families import family
from imu_reps.sensors.streams import Streams
from imu_reps.sim.radio.device import DeviceClock, Feed, Readings, Wearer
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.wearer import SetPlan
from imu_reps.sources import sensor_requests
from imu_reps.storage.profile import PairedSensor, Person

if TYPE_CHECKING:
    from imu_reps.sim.radio.virtual_sensor import VirtualSensor

RATE_HZ = 100.0
ADDRESSES: dict[SensorPlace, str] = {"pelvis": "F0:00:00:00:00:01", "ankle": "F0:00:00:00:00:02"}

#: Clock errors and start times differ between the sensors, as those of real ones do.
CLOCKS: dict[SensorPlace, DeviceClock] = {
    "pelvis": DeviceClock(rate_error=20e-6, start_s=12.0),
    "ankle": DeviceClock(rate_error=-35e-6, start_s=7.5),
}


class Performance:
    """A wearer who lies still until a set begins, and does the sets in order.

    Times are those of the virtual radio (`Air.now_s`); set numbers count from 1.

    Parameters
    ----------
    plans : sequence of SetPlan
        The sets, in order; at least one.
    """

    def __init__(self, plans: Sequence[SetPlan]) -> None:
        self._still_s = [plan.life.still_before_s for plan in plans]
        self._starts_s = [_start_s(plan) for plan in plans]
        self._wearers = [Wearer(plan, seed) for seed, plan in enumerate(plans)]
        self._scenes: list[_Scene] = [_Scene(-np.inf, 0, 0.0, 0.0)]

    def begin(self, number: int, time_s: float) -> None:
        """Begin a set, with the stillness before it."""
        self._scenes.append(_Scene(time_s, number - 1, 0.0))

    def lie_down(self, number: int, time_s: float) -> None:
        """Lie still, as before set `number`."""
        self._scenes.append(_Scene(time_s, number - 1, 0.0, 0.0))

    @property
    def waits(self) -> bool:
        """Whether the wearer waits for a set, lying still or holding the legs up."""
        return self._scenes[-1].until_s < np.inf

    def lift(self, time_s: float) -> None:
        """Lift the legs into the high start of the awaited set, and hold them there."""
        number = self._scenes[-1].wearer
        if self._scenes[-1].until_s == 0.0:
            self._scenes.append(_Scene(time_s, number, self._still_s[number], self._starts_s[number]))

    def move(self, time_s: float) -> None:
        """Begin the awaited set at once with its first repetition."""
        number = self._scenes[-1].wearer
        self._scenes.append(_Scene(time_s, number, self._starts_s[number]))

    def rest(self, time_s: float) -> None:
        """Lie still, as before the next set, if there is one."""
        number = self._scenes[-1].wearer
        if not self.waits and number + 1 < len(self._wearers):
            self.lie_down(number + 2, time_s)

    def feed(self, place: SensorPlace) -> Feed:
        """Return the readings of a sensor worn at `place`, as a function of time."""
        feeds = [wearer.feed(place) for wearer in self._wearers]

        def read(time_s: FloatArray) -> Readings:
            acc_mps2, gyr_dps = np.zeros((len(time_s), 3)), np.zeros((len(time_s), 3))
            ends_s = [scene.from_s for scene in self._scenes[1:]] + [np.inf]
            for scene, until_s in zip(self._scenes, ends_s, strict=True):
                if len(time_s) == 0 or until_s <= time_s[0]:  # skip past scenes; a session has many
                    continue
                rows = (time_s >= scene.from_s) & (time_s < until_s)
                if rows.any():
                    acc_mps2[rows], gyr_dps[rows] = feeds[scene.wearer](scene.set_time_s(time_s[rows]))
            return acc_mps2, gyr_dps

        return read


def _start_s(plan: SetPlan) -> float:
    """Return when, in a set's own time, its first repetition begins, after any lift into a high start."""
    life = plan.life
    lifted = plan.resting_end == "high"
    lift_s = life.lift_s if lifted and life.floor_stretch else 0.0
    return life.still_before_s + lift_s + (life.hold_s if lifted else 0.0)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A stretch of a set: from `from_s` on, the set's own time runs from `begin_s` to `until_s` and stops."""

    from_s: float
    wearer: int
    begin_s: float
    until_s: float = np.inf

    def set_time_s(self, time_s: FloatArray) -> FloatArray:
        """Convert times, (n,), to the set's own time, (n,)."""
        gone_s = np.maximum(time_s - self.from_s, 0.0) if np.isfinite(self.from_s) else np.zeros_like(time_s)
        return np.minimum(self.begin_s + gone_s, self.until_s)


class VirtualWorld:
    """Two virtual sensors of one family, their wearer and a computer's Bluetooth; an async context manager.

    Attributes
    ----------
    person : Person
        With both sensors as pairing would store them.

    Raises
    ------
    UsageError
        The family has no virtual sensor, or bumble is not installed.
    """

    def __init__(self, family_name: str, plans: Sequence[SetPlan]) -> None:
        if family_name not in DEVICES:
            raise UsageError(
                f"There is no virtual sensor called {family_name!r}.",
                hint=f"There are {', '.join(DEVICES)}.",
                code="unknown_family",
            )
        from imu_reps.sim.radio.air import Air

        self.person = _person(family_name, family(family_name).nearest_rate_hz(RATE_HZ))
        self.performance = Performance(plans)
        self.air = Air()
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
        """Return the Bluetooth of a computer in this world."""
        from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend

        return Radio(scanner_backend=scanner_backend(self.air), client_backend=client_backend(self.air))


class VirtualSource(Streams):
    """Source with the sensors of a virtual world, which is opened and closed with it."""

    def __init__(self, world: VirtualWorld) -> None:
        super().__init__(world.radio(), sensor_requests(world.person))
        self._world = world
        self._is_open = False

    async def open(self) -> None:
        """Open the world and stream from it; raises as `Streams.open`."""
        await self._world.__aenter__()
        self._is_open = True
        await super().open()

    async def close(self) -> None:
        """Stop streaming and close the world."""
        await super().close()
        if self._is_open:
            self._is_open = False
            await self._world.__aexit__(None, None, None)


def _person(family_name: str, rate_hz: float) -> Person:
    pelvis, ankle = (PairedSensor(family_name, ADDRESSES[place], rate_hz) for place in SENSOR_PLACES)
    return Person("nobody", replace(pelvis, cranial_axis="+y", anterior_axis="+z"), ankle)
