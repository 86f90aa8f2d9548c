"""Polar measurement data (PMD): the control point, its commands and replies."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from imu_reps.sensors.families.polar_frames import ACC, AXES, GYRO

FEATURES, REPLY = 0x0F, 0xF0
RESOLUTION_BITS = 16
RANGES: Mapping[int, int] = MappingProxyType({ACC: 8, GYRO: 2000})


class ControlCommand(IntEnum):
    """Commands to the control point."""

    ASK_SETTINGS = 1
    START = 2
    STOP = 3


#: Names of the measurement types, by the bit of the feature mask.
MEASUREMENTS: Mapping[int, str] = MappingProxyType(
    {0: "ECG", 1: "PPG", ACC: "ACC", 3: "PPI", GYRO: "GYRO", 6: "MAG", 9: "SDK_MODE"}
)
#: Settings by number: name and bytes per value.
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
        6: "already streams elsewhere: end it in the other app or device, then try again",
        7: "does not know the asked resolution: update its firmware with the Polar app",
        8: "does not know the asked rate: update its firmware with the Polar app",
        9: "does not know the asked range: update its firmware with the Polar app",
        10: "needs longer packets than this computer gave it: try another Bluetooth adapter",
        12: "is in a state that allows no stream: switch it off and on again, to the blue light",
        13: "is in its charger: take it out, then try again",
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command.

    Attributes
    ----------
    command : int
        The command answered, a `ControlCommand`.
    status : int
        0: success.
    parameters : bytes
        What follows the byte that says whether more answers come, which some firmwares send on success only.
    """

    command: int
    measurement: int
    status: int
    parameters: bytes


def start_command(measurement: int, rate_hz: int) -> bytes:
    """Return the command that starts a stream of 16 bits and three axes, +-8 g or +-2000 deg/s."""
    settings = (0, 1, rate_hz, 1, 1, RESOLUTION_BITS, 2, 1, RANGES[measurement], 4, 1, AXES)
    values = struct.pack("<BBHBBHBBHBBB", *settings)
    return bytes([ControlCommand.START, measurement]) + values


def stop_command(measurement: int) -> bytes:
    """Return the command that ends a stream."""
    return bytes([ControlCommand.STOP, measurement])


def parse_reply(data: bytes) -> Reply | None:
    """Parse an answer of the control point; None if the bytes are not one."""
    if len(data) < 4 or data[0] != REPLY:
        return None
    return Reply(data[1], data[2], data[3], data[5:])


def parse_settings(data: bytes) -> dict[str, tuple[float, ...]] | None:
    """Parse settings: type, number of values, values; None if truncated or of unknown type."""
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
    """Return the factor in the reply to a start; 1 if it has none."""
    settings = parse_settings(reply.parameters) or {}
    factor = next(iter(settings.get("factor", ())), 1.0)
    return factor if math.isfinite(factor) and factor > 0 else 1.0


def parse_features(data: bytes) -> frozenset[int] | None:
    """Parse the sensor's measurement types from a read of the control point; None if it is something else."""
    if len(data) < 2 or data[0] != FEATURES:
        return None
    mask = int.from_bytes(data[1:], "little")
    return frozenset(number for number in MEASUREMENTS if mask >> number & 1)


def refusal(reply: Reply) -> str | None:
    """Return why a start failed, in words that follow "The sensor "; None for any other reply."""
    if reply.command != ControlCommand.START or reply.status == 0:
        return None
    return REFUSALS.get(reply.status, f"refused to stream (answer {reply.status})")
