"""The interface of a sensor family: how its sensors are recognised, started and decoded.

A family is a set of facts and pure functions that never use the radio: it defines the steps to take, and
decodes the bytes that come back to samples. The link (`imu_reps.sensors.streams.Link`) takes the steps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from imu_reps.domain.recording import Counter
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.domain.untrusted import printable

#: Battery level in percent, of the Battery Service 1.0 (Bluetooth SIG).
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"

#: A characteristic by its full UUID in lower case, or alternatives of which the sensor has one.
Characteristic = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advertisement:
    """Advertising data of a sensor, known before it is connected.

    Attributes
    ----------
    service_uuids : tuple of str
        Full UUIDs, lower case.
    company_ids : tuple of int
        Company identifiers of the manufacturer data.
    """

    name: str | None = None
    service_uuids: tuple[str, ...] = ()
    company_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signs:
    """What shows in an advertisement that it is of one kind of device; any one sign is enough.

    Attributes
    ----------
    names : str
        Regular expression for the beginning of its name.
    service_uuids : tuple of str
        Services it may advertise.
    company_ids : tuple of int
        Company identifiers that only this kind has.
    """

    names: str
    service_uuids: tuple[str, ...] = ()
    company_ids: tuple[int, ...] = ()

    def are_in(self, advertisement: Advertisement) -> bool:
        """Whether the advertisement has one of them."""
        return (
            re.match(self.names, advertisement.name or "") is not None
            or not set(self.service_uuids).isdisjoint(advertisement.service_uuids)
            or not set(self.company_ids).isdisjoint(advertisement.company_ids)
        )


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe to notifications or indications of a characteristic."""

    characteristic: Characteristic
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Write bytes; with `response`, the sensor acknowledges them."""

    characteristic: Characteristic
    data: bytes
    response: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; its value goes to the family's `decode`, like a notification."""

    characteristic: Characteristic
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait; answers that arrive meanwhile are decoded."""

    seconds: float


Step = Subscribe | Write | Read | Pause


def are_readings(values: FloatArray) -> bool:
    """Whether all values are finite and within the range of an accelerometer or gyroscope."""
    return bool(np.all(np.abs(values) <= 1e5))  # m/s² or deg/s: bytes that decode to more are something else


@dataclass(frozen=True, slots=True)
class Samples:
    """Decoded samples, oldest first.

    Attributes
    ----------
    number : (n,) int
        The sensor's running sample number, unwrapped, so that lost samples leave a gap; for a family with
        ``counter = "host"``, a count of the samples received.
    device_time_s : (n,) float
        The sensor's own clock, unwrapped; NaN if it has none.
    acc_mps2, gyr_dps : (n, 3) float
        Specific force and turn rate in the sensor's own axes.
    """

    number: IntArray
    device_time_s: FloatArray
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def __len__(self) -> int:
        return len(self.number)

    def block(self, place: SensorPlace, arrival_s: float) -> SampleBlock:
        """Return them as samples of the sensor at `place` that arrived together."""
        return SampleBlock(
            place,
            np.full(len(self), arrival_s),
            self.number,
            self.device_time_s,
            self.acc_mps2,
            self.gyr_dps,
        )


def no_samples() -> Samples:
    """Return an empty set of samples."""
    return Samples(np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))


def join_samples(parts: Sequence[Samples]) -> Samples:
    """Concatenate samples in the order given."""
    if len(parts) == 1:
        return parts[0]
    parts = parts or (no_samples(),)
    return Samples(
        np.concatenate([part.number for part in parts]),
        np.concatenate([part.device_time_s for part in parts]),
        np.concatenate([part.acc_mps2 for part in parts]),
        np.concatenate([part.gyr_dps for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts a sensor reports besides samples; None: not reported.

    Attributes
    ----------
    battery_percent : float or None
        0 to 100.
    identity : str or None
        Serial number or hardware address, stored in the device and the same on every host.
    rate_hz : float or None
        Rate at which the sensor says it sends.
    refused : str or None
        Why the sensor refused a request, in words that follow "The sensor ".
    """

    battery_percent: float | None = None
    identity: str | None = None
    firmware: str | None = None
    rate_hz: float | None = None
    refused: str | None = None

    def then(self, later: Facts) -> Facts:
        """Return these facts, updated with those that are reported `later`."""
        if later is NO_FACTS:
            return self
        updates = {f.name: getattr(later, f.name) for f in fields(later)}
        return replace(self, **{name: fact for name, fact in updates.items() if fact is not None})


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded content of one notification or read.

    Attributes
    ----------
    damaged : int
        Pieces that could not be read: a truncated packet, bytes between frames, an unknown type.
    repeated : int
        Samples dropped because they had been delivered before.
    restarted : bool
        Whether the sensor restarted its numbering or clock; `samples` then count from the restart.
    """

    samples: Samples = field(default_factory=no_samples)
    facts: Facts = NO_FACTS
    damaged: int = 0
    repeated: int = 0
    restarted: bool = False

    def then(self, later: Decoded) -> Decoded:
        """Return both as one; samples from before a restart in `later` are dropped and count as damaged."""
        dropped = len(self.samples) if later.restarted else 0
        return Decoded(
            later.samples if later.restarted else join_samples((self.samples, later.samples)),
            self.facts.then(later.facts),
            self.damaged + later.damaged + dropped,
            self.repeated + later.repeated,
            self.restarted or later.restarted,
        )


#: Reads the battery level if the sensor has the standard service.
READ_BATTERY = Read(BATTERY_LEVEL, optional=True)


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of sensor, as facts and pure functions.

    The state is a frozen value of the family's own, which the caller passes from call to call.

    Attributes
    ----------
    name : str
        Name in a recording's header: ``witmotion``.
    title : str
        Name for people: ``WitMotion BLE 5.0``.
    tried : bool
        Whether it has been run from scan to report; False: its decoder is tested on bytes alone.
    rates_hz : tuple of float
        Rates that can be requested, ascending.
    counter : Counter
        Whether the device numbers its samples, or the host counts them.
    has_clock : bool
        Whether samples have the sensor's own time.
    caution : str or None
        What the user should know before relying on it, in one sentence.
    identify : tuple of Step
        Steps that make it blink or buzz for a few seconds while it streams; empty: not possible.
    signs : Signs
        What shows in its advertisement.
    begin : callable
        ``begin(rate_hz)``: the state before the first byte.
    decode : callable
        ``decode(state, characteristic, data, arrival_s)``: the next state and the decoded content, for a full
        UUID in lower case. Never raises, for any bytes.
    resume : callable
        ``resume(state)``: the state for a link that came back. Partly received pieces are dropped; the
        numbering and the clock go on.
    start : callable
        ``start(rate_hz, attempt)``: steps that make a connected sensor identify itself and stream. Where
        sources disagree, later attempts (0, 1, 2) ask in another way.
    stop : tuple of Step
        Steps that end the stream and restore the sensor's state; empty: it ends with the subscription.
    poll : tuple of Step
        Steps that ask for the battery level while it streams; by default they read it.
    """

    name: str
    title: str
    tried: bool
    rates_hz: tuple[float, ...]
    counter: Counter
    has_clock: bool
    signs: Signs
    begin: Callable[[float], Any]
    decode: Callable[[Any, str, bytes, float], tuple[Any, Decoded]]
    resume: Callable[[Any], Any]
    start: Callable[[float, int], tuple[Step, ...]]
    stop: tuple[Step, ...] = ()
    poll: tuple[Step, ...] = (READ_BATTERY,)
    caution: str | None = None
    identify: tuple[Step, ...] = ()

    def nearest_rate_hz(self, asked_hz: float) -> float:
        """Return the rate nearest to `asked_hz` that can be requested."""
        return min(self.rates_hz, key=lambda rate_hz: abs(rate_hz - asked_hz))


#: Characteristics of the Device Information Service 1.1 (Bluetooth SIG).
SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"
FIRMWARE_REVISION = "00002a26-0000-1000-8000-00805f9b34fb"

READ_INFORMATION = (
    Read(SERIAL_NUMBER, optional=True),
    Read(FIRMWARE_REVISION, optional=True),
    READ_BATTERY,
)


def read_information(characteristic: str, data: bytes) -> Decoded:
    """Decode a standard characteristic; any other counts as damaged.

    Parameters
    ----------
    characteristic : str
        Full UUID, lower case.
    """
    if characteristic == SERIAL_NUMBER:
        return Decoded(facts=Facts(identity=_text(data)))
    if characteristic == FIRMWARE_REVISION:
        return Decoded(facts=Facts(firmware=_text(data)))
    if characteristic == BATTERY_LEVEL:
        return battery(data)
    return Decoded(damaged=1)


def battery(data: bytes) -> Decoded:
    """Decode the battery level in percent from the first byte; damaged if missing or above 100."""
    if not data or data[0] > 100:
        return Decoded(damaged=1)
    return Decoded(facts=Facts(battery_percent=float(data[0])))


def _text(data: bytes) -> str | None:
    """Return text without padding; None if it is empty."""
    text = data.split(b"\0")[0].decode("utf-8", errors="ignore")
    return printable(text.strip()) or None
