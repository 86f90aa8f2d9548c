"""Movella DOT: commands, settings and device information.

Source: "Xsens DOT BLE Services Specifications", firmware 2.0.0.

Movella DOT: what its measurement modes send.

Source: "Xsens DOT BLE Services Specifications", firmware 2.0.0. All numbers are little-endian; every payload
begins with the time in us, 32 bits, and is padded with zeros to the length of its characteristic.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from imu_reps.domain.samples import FloatArray

ADDRESS_BYTES = 6
CONTROL_BYTES = 32
INFO_BYTES = 34
APPLY_IDENTIFY, APPLY_RATE = 0x01, 0x10
_CONTROL = struct.Struct("<BBBBBBBB16sHB5x")


@dataclass(frozen=True, slots=True)
class DeviceControl:
    """What a tag is set to.

    Attributes
    ----------
    apply : int
        Mask of what a write changes: 1 identify, 2 power, 4 time-outs, 8 tag, 16 rate, 32 filter.
    identify, power : int
    timeouts : tuple of int
        Four bytes as they stand: while advertising, then while connected.
    tag : str
        The name.
    rate_hz : int
    filter : int
        0 general, 1 dynamic.
    """

    apply: int
    identify: int
    power: int
    timeouts: tuple[int, int, int, int]
    tag: str
    rate_hz: int
    filter: int


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A tag's own hardware address and its firmware."""

    address: str
    firmware: str


def start_command(mode: int) -> bytes:
    """Begin to measure. The mode is its decimal number: 26 is the byte 0x1a."""
    return bytes([1, 1, mode])


def stop_command(mode: int) -> bytes:
    """Stop measuring."""
    return bytes([1, 0, mode])


def set_rate_command(rate_hz: int) -> bytes:
    """Device control that changes the rate alone."""
    return _CONTROL.pack(APPLY_RATE, 0, 0, 0, 0, 0, 0, 0, b"", rate_hz, 0)


def identify_command() -> bytes:
    """Device control that has the tag blink and changes nothing."""
    return _CONTROL.pack(APPLY_IDENTIFY, 1, 0, 0, 0, 0, 0, 0, b"", 0, 0)


def parse_control(data: bytes) -> DeviceControl | None:
    """Read the device control; None if it is cut short."""
    if len(data) < CONTROL_BYTES:
        return None
    apply, identify, power, *timeouts, length, tag, rate_hz, filter_index = _CONTROL.unpack_from(data)
    name = tag[:length].decode("utf-8", errors="replace").rstrip("\0")
    first, second, third, fourth = timeouts
    return DeviceControl(apply, identify, power, (first, second, third, fourth), name, rate_hz, filter_index)


def parse_info(data: bytes) -> DeviceInfo | None:
    """Read the device information; None if it is cut short."""
    if len(data) < INFO_BYTES:
        return None
    return DeviceInfo(data[:ADDRESS_BYTES][::-1].hex(":").upper(), ".".join(str(part) for part in data[6:9]))


LONG = "15172002-4947-11e9-8646-d663bd873d93"
MEDIUM = "15172003-4947-11e9-8646-d663bd873d93"
SHORT = "15172004-4947-11e9-8646-d663bd873d93"
TIME_BYTES = 4
#: Counts per unit of the magnetometer's field, normalised to the local field's strength.
MAGNETOMETER_COUNTS = 4096
#: Acceleration m/s2 and angular velocity deg/s: the mode used here.
RATE_QUANTITIES = 21


@dataclass(frozen=True, slots=True)
class Field:
    """One quantity of a payload: name, numpy type of its numbers, how many."""

    name: str
    dtype: str
    count: int

    @property
    def size(self) -> int:
        """Bytes."""
        return np.dtype(self.dtype).itemsize * self.count


EULER = Field("euler_deg", "<f4", 3)
QUATERNION = Field("quaternion", "<f4", 4)
FREE_ACC = Field("free_acc_mps2", "<f4", 3)
ACC = Field("acc_mps2", "<f4", 3)
GYR = Field("gyr_dps", "<f4", 3)
TURN = Field("orientation_increment", "<f4", 4)
PUSH = Field("velocity_increment_mps", "<f4", 3)
MAG = Field("magnetometer", "<i2", 3)
STATUS = Field("status", "<u2", 1)
CLIPPED = Field("clip_counts", "<u1", 2)


@dataclass(frozen=True, slots=True)
class Mode:
    """One measurement mode: the characteristic it is sent on, and its fields after the time."""

    characteristic: str
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Bytes with the time, without the padding."""
        return TIME_BYTES + sum(field.size for field in self.fields)


#: Modes by their number, which is the byte of the start command. Modes 1, 17 and 25 are coded by the maker.
MODES: Mapping[int, Mode] = MappingProxyType(
    {
        2: Mode(MEDIUM, (QUATERNION, FREE_ACC, STATUS, CLIPPED)),
        3: Mode(MEDIUM, (QUATERNION, FREE_ACC)),
        4: Mode(SHORT, (EULER,)),
        5: Mode(SHORT, (QUATERNION,)),
        6: Mode(SHORT, (FREE_ACC,)),
        7: Mode(MEDIUM, (EULER, FREE_ACC, STATUS, CLIPPED)),
        16: Mode(MEDIUM, (EULER, FREE_ACC)),
        18: Mode(MEDIUM, (TURN, PUSH, MAG)),
        19: Mode(MEDIUM, (TURN, PUSH)),
        20: Mode(MEDIUM, (ACC, GYR, MAG)),
        RATE_QUANTITIES: Mode(MEDIUM, (ACC, GYR)),
        22: Mode(MEDIUM, (EULER, FREE_ACC, GYR)),
        23: Mode(MEDIUM, (EULER, FREE_ACC, MAG)),
        24: Mode(MEDIUM, (QUATERNION, GYR)),
        26: Mode(LONG, (QUATERNION, ACC, GYR)),
    }
)


@dataclass(frozen=True, slots=True)
class Payload:
    """One sample of a mode: the sensor's clock, and its quantities by name."""

    time_us: int
    values: Mapping[str, FloatArray]


def parse_payload(mode: int, data: bytes) -> Payload | None:
    """Read one notification of a mode in `MODES`; None if it is cut short."""
    layout = MODES[mode]
    if len(data) < layout.size:
        return None
    values: dict[str, FloatArray] = {}
    at = TIME_BYTES
    for field in layout.fields:
        values[field.name] = _numbers(field, data[at : at + field.size])
        at += field.size
    return Payload(int.from_bytes(data[:TIME_BYTES], "little"), MappingProxyType(values))


def _numbers(field: Field, data: bytes) -> FloatArray:
    with np.errstate(invalid="ignore"):
        numbers = np.frombuffer(data, field.dtype).astype(np.float64)
    return numbers / MAGNETOMETER_COUNTS if field is MAG else numbers
