"""Movella DOT: commands, settings and device information.

Source: "Xsens DOT BLE Services Specifications", firmware 2.0.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

ADDRESS_BYTES = 6
CONTROL_BYTES = 32
INFO_BYTES = 34
APPLY_RATE = 0x10
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
