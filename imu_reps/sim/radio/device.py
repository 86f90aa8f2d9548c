"""The interface of a sensor's firmware, without Bluetooth, and the wearer whose readings it sends.

Times are true seconds on the feed's axis, where 0 is the beginning of the wearer's set. A device gets the
time of everything that happens to it and reads no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from imu_reps.domain.samples import SENSOR_PLACES, STANDARD_GRAVITY_MPS2, FloatArray, SensorPlace
from imu_reps.sim.wearer.body import DENSE_HZ, RigidMotion, command
from imu_reps.sim.wearer.choreography import choreograph
from imu_reps.sim.wearer.sensing import angular_rate, mounting, specific_force, with_errors, worn
from imu_reps.sim.wearer.sensor_plan import SensorPlan
from imu_reps.sim.wearer.set_plan import SetPlan
from imu_reps.sim.wearer.truth import Truth, emit

#: ``feed(time_s)``: the readings, acc_mps2 (n, 3) and gyr_dps (n, 3), of a sensor at true times (n,).
Readings = tuple[FloatArray, FloatArray]
Feed = Callable[[FloatArray], Readings]


@dataclass(frozen=True, slots=True)
class CharacteristicSpec:
    """A characteristic of a device.

    Attributes
    ----------
    uuid : str
        Full UUID, lower case.
    notify, read, write, write_without_response : bool
        Its properties.
    """

    uuid: str
    notify: bool = False
    read: bool = False
    write: bool = False
    write_without_response: bool = False


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service and its characteristics."""

    uuid: str
    characteristics: tuple[CharacteristicSpec, ...]


@dataclass(frozen=True, slots=True)
class SentPacket:
    """A notification.

    Attributes
    ----------
    time_s : float
        True time at which it leaves the firmware: that of its last sample, or of the answer.
    """

    time_s: float
    characteristic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """A sensor's oscillator.

    Attributes
    ----------
    rate_error : float
        Fraction by which it runs fast: with 1e-3, a nominal 100 Hz is 100.1 Hz.
    start_s : float
        Time of the device's own clock at its first power-on; after a reboot it is 0.
    """

    rate_error: float = 0.0
    start_s: float = 0.0


@dataclass(slots=True)
class Sampling:
    """The samples of a running stream, which leave in whole packets.

    Attributes
    ----------
    begun_s : float
        True time at which the stream began; the first sample is one interval later.
    rate_hz : float
        True rate.
    sent : int
        Number of samples that have left.
    """

    begun_s: float
    rate_hz: float
    sent: int = 0

    def due(self, until_s: float, batch: int) -> FloatArray:
        """Return the true times of the samples, (n,), of all packets of `batch` complete by `until_s`."""
        # allow for rounding: a sample exactly due counts
        taken = int(np.floor((until_s - self.begun_s) * self.rate_hz + 1e-6))
        numbers = self.sent + 1 + np.arange(max(taken - self.sent, 0) // batch * batch)
        self.sent += len(numbers)
        return self.begun_s + numbers / self.rate_hz


class RefusedError(Exception):
    """A request that the device answers with an ATT error.

    Parameters
    ----------
    code : int
        ATT error code, 0x80 and above the device's own.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


class Device(Protocol):
    """Firmware of a virtual sensor.

    Attributes
    ----------
    family : str
        Name of the sensor family that decodes it.
    service_uuids : tuple of str
        Services it advertises.
    company_id : int or None
        Company identifier in its manufacturer data; None: no such data.
    default_name : str
        Advertised name.
    """

    family: str
    services: tuple[ServiceSpec, ...]
    service_uuids: tuple[str, ...]
    company_id: int | None
    default_name: str

    def power_on(self, time_s: float) -> None:
        """Start, also after a reboot: counters are zero, settings as the real device keeps them."""

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[SentPacket]:
        """Handle a subscription to a characteristic, or its end; return the answers."""
        ...

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[SentPacket]:
        """Handle written bytes; return the answers, or raise `RefusedError`."""
        ...

    def read(self, characteristic: str, time_s: float) -> bytes:
        """Return the value of a characteristic."""
        ...

    def produce(self, until_s: float, max_notification: int) -> list[SentPacket]:
        """Return the packets complete by `until_s`, in order, each `max_notification` bytes at most."""
        ...

    def link_lost(self) -> None:
        """Stop and reset whatever the real device does when the link is lost."""


class Wearer:
    """A simulated set, computed once. Time 0 is its beginning; before and after it the wearer lies still.

    Parameters
    ----------
    plan : SetPlan
        The set and the person; of the planned sensors only how they are worn, their noise, bias and scale are
        used, as the virtual device defines rate and radio.
    seed : int
        Seed of all randomness.

    Attributes
    ----------
    truth : Truth
        In true time from 0, without delays of the radio.
    """

    def __init__(self, plan: SetPlan, seed: int = 0) -> None:
        of_life, of_body, *chances = np.random.default_rng(seed).spawn(4)
        commanded = command(plan, choreograph(plan, of_life), of_body)
        self._plan, self._commanded = plan, commanded
        self._chances = dict(zip(SENSOR_PLACES, chances, strict=True))
        self.duration_s = float(commanded.time_s[-1])
        self.truth: Truth = emit(plan, commanded, 0.0, self.duration_s, (0.0, self.duration_s))

    def feed(self, place: SensorPlace) -> Feed:
        """Return the readings of the sensor at `place`, with noise, bias and scale errors.

        A feed can be called for any times, in any order; its noise depends on the order of calls.

        Raises
        ------
        ValueError
            The plan has no sensor there.
        """
        sensor = self._plan.pelvis if place == "pelvis" else self._plan.ankle
        if sensor is None:
            raise ValueError(f"the plan has no sensor at the {place}")
        commanded, chance = self._commanded, self._chances[place]
        bone = commanded.pelvis_sensor if place == "pelvis" else commanded.ankle_sensor
        motion = worn(bone, commanded, sensor, self._plan.person, chance.spawn(1)[0])
        dense = with_errors(_readable(motion, sensor), sensor, commanded.time_s)
        steps, spread = np.diff(dense, axis=0), np.repeat([sensor.acc_noise_mps2, sensor.gyr_noise_dps], 3)

        def read(time_s: FloatArray) -> Readings:
            # between the samples of the dense grid, and held beyond its ends
            at = np.clip(np.asarray(time_s) * DENSE_HZ, 0.0, len(steps))
            row = np.minimum(at.astype(np.int64), len(steps) - 1)
            noise = chance.standard_normal((len(row), 6)) * spread
            values: FloatArray = dense[row] + (at - row)[:, None] * steps[row] + noise
            return values[:, :3], values[:, 3:]

        return read


def _readable(motion: RigidMotion, sensor: SensorPlan) -> FloatArray:
    """Return true specific force and angular rate, (n, 6), in sensor axes on the dense grid, ends at rest."""
    force, rate = specific_force(motion), angular_rate(motion)
    for end in (slice(1), slice(-1, None)):
        force[end] = motion.orientation[end].inverse().apply(np.array([0.0, 0.0, STANDARD_GRAVITY_MPS2]))
        rate[end] = 0.0
    to_sensor = mounting(sensor).inv()
    return np.hstack([to_sensor.apply(force), to_sensor.apply(rate)])
