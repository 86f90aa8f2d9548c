"""What every sensor family shares: how a sensor is recognised, asked to stream, and read.

A family is a handful of facts and pure functions. It never touches the radio: it says which steps to take,
and turns the bytes that come back into samples. The link (`imu_reps.sensors.link`) takes the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imu_reps.domain.recording import Counter
from imu_reps.domain.samples import FloatArray, IntArray

#: Bluetooth SIG characteristics that many sensors have: battery level in percent.
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"

#: One characteristic by its full UUID, or several of which the sensor has one; lower case.
Characteristic = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a sensor says of itself before anybody connects.

    Attributes
    ----------
    name : str or None
    service_uuids : tuple of str
        Full UUIDs, lower case.
    company_ids : tuple of int
        Of the manufacturer data.
    """

    name: str | None = None
    service_uuids: tuple[str, ...] = ()
    company_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Have notifications or indications of a characteristic sent."""

    characteristic: Characteristic
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Write bytes; with `response` the sensor acknowledges them."""

    characteristic: Characteristic
    data: bytes
    response: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; what it holds goes to the family's `decode`, as a notification would."""

    characteristic: Characteristic
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Give the sensor time; answers that arrive meanwhile are decoded."""

    seconds: float


Step = Subscribe | Write | Read | Pause


@dataclass(frozen=True, slots=True)
class Samples:
    """Decoded samples, oldest first.

    Attributes
    ----------
    number : (n,) int
        The sensor's running sample number, unwrapped, so that lost samples leave a hole; from a family
        with ``counter = "host"`` it numbers what arrived.
    device_time_s : (n,) float
        The sensor's own clock, unwrapped; NaN where it has none.
    acc_mps2, gyr_dps : (n, 3) float
        In the sensor's own axes.
    """

    number: IntArray
    device_time_s: FloatArray
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def __len__(self) -> int:
        return len(self.number)


def no_samples() -> Samples:
    """No samples."""
    return Samples(np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))


def join_samples(parts: Sequence[Samples]) -> Samples:
    """Samples of several pieces, in the order given."""
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
    """What a sensor said beside samples; None is "nothing said".

    Attributes
    ----------
    battery_percent : float or None
        0 to 100.
    identity : str or None
        A name the device itself keeps, the same on every host: serial number or hardware address.
    firmware : str or None
    rate_hz : float or None
        The rate the sensor says it sends at.
    refused : str or None
        Why the sensor would not do what it was asked, in words that follow "The sensor ".
    saturated, overrun : bool
        A reading beyond the range; samples the sensor itself had to drop.
    """

    battery_percent: float | None = None
    identity: str | None = None
    firmware: str | None = None
    rate_hz: float | None = None
    refused: str | None = None
    saturated: bool = False
    overrun: bool = False


NOTHING_SPOKEN = Facts()


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one notification (or read) held.

    Attributes
    ----------
    samples : Samples
    facts : Facts
    damaged : int
        Pieces that could not be read: a packet cut short, bytes between frames, an unknown type.
    repeated : int
        Samples dropped because they had been delivered before.
    restarted : bool
        The sensor began its numbering or its clock anew; `samples` count from its new beginning.
    """

    samples: Samples = field(default_factory=no_samples)
    facts: Facts = NOTHING_SPOKEN
    damaged: int = 0
    repeated: int = 0
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of sensor, as facts and pure functions.

    The state is the family's own frozen dataclass, carried by the caller from call to call.

    Attributes
    ----------
    name : str
        As it stands in a recording's header: ``witmotion``.
    title : str
        For people: ``WitMotion BLE 5.0``.
    tried : bool
        Whether it was run from scan to report; False: its decoder is tested on bytes alone.
    rates_hz : tuple of float
        Rates that can be asked for, ascending.
    counter : {"device", "host"}
    has_clock : bool
        Whether samples carry the sensor's own time.
    caution : str or None
        What the user should know before relying on it, one sentence.
    identify : tuple of Step
        What makes it blink or buzz for a few seconds while it streams; empty: it cannot be asked to.
    recognises : callable
        Whether an advertisement is this family's.
    begin : callable
        ``begin(rate_hz)``: the state before the first byte.
    decode : callable
        ``decode(state, characteristic, data, arrival_s)`` gives the next state and what was in it. Never
        raises, whatever the bytes.
    resume : callable
        ``resume(state)``: the state for a link that came back. Half-read pieces are forgotten, the
        numbering and the clock go on.
    start : callable
        ``start(rate_hz, attempt)``: steps that make a connected sensor identify itself and stream. Where
        sources disagree, a later attempt (0, 1, 2) asks another way.
    stop : callable
        ``stop()``: steps that end the stream and leave the sensor as it was found.
    poll : callable
        ``poll()``: steps that ask for the battery while it streams; may be empty.
    """

    name: str
    title: str
    tried: bool
    rates_hz: tuple[float, ...]
    counter: Counter
    has_clock: bool
    recognises: Callable[[Advertisement], bool]
    begin: Callable[[float], Any]
    decode: Callable[[Any, str, bytes, float], tuple[Any, Decoded]]
    resume: Callable[[Any], Any]
    start: Callable[[float, int], tuple[Step, ...]]
    stop: Callable[[], tuple[Step, ...]]
    poll: Callable[[], tuple[Step, ...]]
    caution: str | None = None
    identify: tuple[Step, ...] = ()
