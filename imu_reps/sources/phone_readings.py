"""Decoding of phones: messages pushed by Sensor Logger, and answers of phyphox, to samples.

The formats are as published in github.com/tszheichoi/awesome-sensor-logger (PUSHING.md, UNITS.md,
CROSSPLATFORM.md) and phyphox.org/wiki "Remote-interface communication". Untried with real phones.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imu_reps.domain.samples import FloatArray, SampleBlock, SensorPlace
from imu_reps.sensors.families.paired_streams import TimedStreams, pair_by_time

#: Their names as sensors in a recording's header.
SENSOR_LOGGER, PHYPHOX = "sensor_logger_phone", "phyphox_phone"
PHONES = (SENSOR_LOGGER, PHYPHOX)

#: Buffers of phyphox's experiment with accelerometer and gyroscope: time first, then the axes.
PHYPHOX_ACC = ("acc_time", "accX", "accY", "accZ")
PHYPHOX_GYR = ("gyr_time", "gyrX", "gyrY", "gyrZ")


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Which readings of a phone are taken."""

    #: Readings further apart than this are not interpolated across; phones send at 50 Hz or more.
    longest_gap_s: float = 0.1
    #: Maximum number of readings in a message: ten seconds of all quantities at 200 Hz.
    max_readings: int = 20_000
    #: Beyond the range of any phone's accelerometer (m/s²) or gyroscope (rad/s), and of any clock (s).
    max_value: float = 1e4
    max_time_s: float = 1e10


LIMITS = ReadingLimits()

_DEG_A_RAD = 180.0 / np.pi


@dataclass(frozen=True, slots=True)
class PhoneReadings:
    """Readings of one message, each quantity sorted by time.

    Attributes
    ----------
    acc : (n, 4) float
        Rows of time in seconds on the phone's clock, then specific force x, y, z in m/s².
    gyr : (m, 4) float
        Rows of time, then turn rate x, y, z in deg/s.
    device : str or None
        Id of the phone, if the message has one.
    """

    acc: FloatArray
    gyr: FloatArray
    device: str | None = None


def sensor_logger_readings(body: bytes, *, inverted: bool) -> PhoneReadings:
    """Decode one message pushed by Sensor Logger.

    Parameters
    ----------
    body : bytes
        JSON.
    inverted : bool
        Whether acceleration has the opposite sign, as on iOS unless units and frames are standardised.

    Raises
    ------
    ValueError
        The body is not such a message.
    """
    tree = _json(body)
    payload, device = tree.get("payload"), tree.get("deviceId")
    if not isinstance(payload, list) or len(payload) > LIMITS.max_readings:
        raise ValueError("no payload")
    rows: dict[str, list[list[float]]] = {}
    for reading in payload:
        if not isinstance(reading, dict) or not isinstance(reading.get("values"), dict):
            continue
        name, values = str(reading.get("name")).lower(), reading["values"]
        if name in ("accelerometer", "gravity", "totalacceleration", "gyroscope"):
            rows.setdefault(name, []).append(
                [_float(reading.get("time")), *(_float(values.get(a)) for a in "xyz")]
            )
    table = {name: _ordered(np.array(values) * [1e-9, 1.0, 1.0, 1.0]) for name, values in rows.items()}
    empty = np.zeros((0, 4))
    acc = table.get("totalacceleration", _sum(table.get("accelerometer", empty), table.get("gravity", empty)))
    signs = [1.0, -1.0, -1.0, -1.0] if inverted else [1.0] * 4
    gyr = table.get("gyroscope", empty) * [1.0, _DEG_A_RAD, _DEG_A_RAD, _DEG_A_RAD]
    return PhoneReadings(acc * signs, gyr, str(device)[:100] if device is not None else None)


def phyphox_readings(body: bytes) -> PhoneReadings:
    """Decode one answer of phyphox.

    Raises
    ------
    ValueError
        The body is not such an answer, or lacks a buffer.
    """
    buffers = _json(body).get("buffer")
    if not isinstance(buffers, dict):
        raise ValueError("no buffers")  # noqa: TRY004 - the phone's error, not the program's
    acc, gyr = (_buffered(buffers, names) for names in (PHYPHOX_ACC, PHYPHOX_GYR))
    return PhoneReadings(acc, gyr * [1.0, _DEG_A_RAD, _DEG_A_RAD, _DEG_A_RAD])


def _buffered(buffers: dict[str, Any], names: tuple[str, ...]) -> FloatArray:
    columns = []
    for name in names:
        buffer = buffers.get(name)
        values = buffer.get("buffer") if isinstance(buffer, dict) else None
        if not isinstance(values, list) or len(values) > LIMITS.max_readings:
            raise ValueError(f"no buffer {name}")
        columns.append([_float(value) for value in values if value is not None])
    # the phone may write between reading the buffers, so they can differ in length
    count = min(map(len, columns))
    return _ordered(np.array([column[:count] for column in columns]).T.reshape(count, 4))


def _json(body: bytes) -> dict[str, Any]:
    try:
        tree = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(tree, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - the phone's error, not the program's
    return tree


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")  # noqa: TRY004 - the phone's error, not the program's
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("too large") from None
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _ordered(rows: FloatArray) -> FloatArray:
    """Sort rows by time, each time once; a ValueError if a value is out of range."""
    if len(rows) and (
        np.abs(rows[:, 1:]).max() > LIMITS.max_value or np.abs(rows[:, 0]).max() > LIMITS.max_time_s
    ):
        raise ValueError("beyond what a phone measures")
    return rows[np.unique(rows[:, 0], return_index=True)[1]]


def _sum(linear: FloatArray, gravity: FloatArray) -> FloatArray:
    """Add gravity to linear acceleration where both have a reading at the same time."""
    time_s, first, second = np.intersect1d(linear[:, 0], gravity[:, 0], return_indices=True)
    return np.column_stack([time_s, linear[first, 1:] + gravity[second, 1:]])


class PhoneReceiver:
    """Pairs one phone's accelerometer and gyroscope readings into samples as they arrive.

    Attributes
    ----------
    samples, damaged, repeated : int
        Samples made, messages that could not be read, and readings dropped as repeated or late.
    """

    def __init__(self, place: SensorPlace) -> None:
        self._place = place
        self._waiting = TimedStreams()
        self._reached_s = [-np.inf, -np.inf]
        self.samples = self.damaged = self.repeated = 0

    def take(self, readings: PhoneReadings, arrival_s: float) -> SampleBlock | None:
        """Return the samples these readings complete; None if there are none yet."""
        acc, gyr = self._new(readings.acc, 0), self._new(readings.gyr, 1)
        numbers = np.arange(len(acc), dtype=np.int64)
        waiting = self._waiting.with_acc(numbers, acc[:, 0], acc[:, 1:]).with_gyr(gyr[:, 0], gyr[:, 1:])
        self._waiting, paired = pair_by_time(waiting, LIMITS.longest_gap_s)
        if not len(paired):
            return None
        first, self.samples = self.samples, self.samples + len(paired)
        return replace(paired, number=np.arange(first, self.samples)).block(self._place, arrival_s)

    @property
    def reached_s(self) -> float:
        """Time of the newest acceleration on the phone's clock; -inf before the first."""
        return self._reached_s[0]

    def restart(self) -> None:
        """Reset after the phone's clock restarted."""
        self._waiting, self._reached_s = TimedStreams(), [-np.inf, -np.inf]

    def _new(self, rows: FloatArray, stream: int) -> FloatArray:
        """Return the rows later than all before; count the others as repeated."""
        new = rows[rows[:, 0] > self._reached_s[stream]]
        self.repeated += len(rows) - len(new)
        if len(new):
            self._reached_s[stream] = float(new[-1, 0])
        return new
