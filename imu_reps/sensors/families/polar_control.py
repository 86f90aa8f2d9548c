"""Polar measurement data (PMD): the control point, its commands and replies."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from imu_reps.sensors.families.polar_frames import ACC, AXES, GYRO

ASK_SETTINGS = 1
START = 2
STOP = 3
SDK_MODE = 9
FEATURES = 0x0F
REPLY = 0xF0
ALREADY_STREAMING = 6
WRONG_STATE = 12
RESOLUTION_BITS = 16
ACC_RANGE_G = 8
GYRO_RANGE_DPS = 2000

#: Names of the measurement types, by the bit of the feature mask.
MEASUREMENTS: Mapping[int, str] = MappingProxyType(
    {0: "ECG", 1: "PPG", ACC: "ACC", 3: "PPI", GYRO: "GYRO", 6: "MAG", SDK_MODE: "SDK_MODE"}
)
#: Settings by their number: name and bytes per value.
SETTINGS: Mapping[int, tuple[str, int]] = MappingProxyType(
    {
        0: ("sample_rate", 2),
        1: ("resolution", 2),
        2: ("range", 2),
        3: ("range_milliunit", 4),
        4: ("channels", 1),
        5: ("factor", 4),
    }
)
#: Why a start was refused, in words that follow "The sensor ".
REFUSALS: Mapping[int, str] = MappingProxyType(
    {
        3: "cannot send its accelerometer and gyroscope",
        ALREADY_STREAMING: "already streams elsewhere: end it in the other app or device, then try again",
        7: "does not know the asked resolution: update its firmware with the Polar app",
        8: "does not know the asked rate: update its firmware with the Polar app",
        9: "does not know the asked range: update its firmware with the Polar app",
        10: "needs longer packets than this computer gave it: try another Bluetooth adapter",
        WRONG_STATE: "is in a state that allows no stream: switch it off and on again, to the blue light",
        13: "is in its charger: take it out, then try again",
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command.

    Attributes
    ----------
    command : int
        What is answered: `ASK_SETTINGS`, `START`, `STOP`.
    measurement : int
    status : int
        0 is good.
    more : bool
        Whether more answers follow.
    parameters : bytes
    """

    command: int
    measurement: int
    status: int
    more: bool
    parameters: bytes


def start_command(measurement: int, rate_hz: int) -> bytes:
    """Start a stream of 16 bits and three axes, +-8 g or +-2000 deg/s."""
    span = ACC_RANGE_G if measurement == ACC else GYRO_RANGE_DPS
    values = struct.pack("<BBHBBHBBHBBB", 0, 1, rate_hz, 1, 1, RESOLUTION_BITS, 2, 1, span, 4, 1, AXES)
    return bytes([START, measurement]) + values


def stop_command(measurement: int) -> bytes:
    """End a stream."""
    return bytes([STOP, measurement])


def parse_reply(data: bytes) -> Reply | None:
    """Read an answer of the control point; None if the bytes are none.

    The byte that says whether more follows stands only in good answers of some firmwares.
    """
    if len(data) < 4 or data[0] != REPLY:
        return None
    more = len(data) > 4 and data[4] != 0
    return Reply(data[1], data[2], data[3], more, data[5:])


def parse_settings(data: bytes) -> dict[str, tuple[float, ...]] | None:
    """Read settings: type, number of values, values; None if cut short or of a type not known."""
    settings: dict[str, tuple[float, ...]] = {}
    at = 0
    while at < len(data):
        head = data[at : at + 2]
        if len(head) < 2 or head[0] not in SETTINGS:
            return None
        name, width = SETTINGS[head[0]]
        values = data[at + 2 : at + 2 + width * head[1]]
        if len(values) < width * head[1]:
            return None
        settings[name] = tuple(
            _value(values[i : i + width], name == "factor") for i in range(0, len(values), width)
        )
        at += 2 + width * head[1]
    return settings


def _value(data: bytes, is_float: bool) -> float:
    return float(struct.unpack("<f", data)[0]) if is_float else int.from_bytes(data, "little")


def factor_of(reply: Reply) -> float:
    """The factor in the reply to a start, 1 where it says none."""
    settings = parse_settings(reply.parameters) or {}
    factor = next(iter(settings.get("factor", ())), 1.0)
    return factor if math.isfinite(factor) and factor > 0 else 1.0


def parse_features(data: bytes) -> frozenset[int] | None:
    """Measurement types the sensor has, from a read of the control point; None if the bytes say none."""
    if len(data) < 2 or data[0] != FEATURES:
        return None
    mask = int.from_bytes(data[1:], "little")
    return frozenset(number for number in MEASUREMENTS if mask >> number & 1)


def refusal(reply: Reply) -> str | None:
    """Why a start failed, in words that follow "The sensor "; None for any other reply."""
    if reply.command != START or reply.status == 0:
        return None
    return REFUSALS.get(reply.status, f"refused to stream (answer {reply.status})")
