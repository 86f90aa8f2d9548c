"""Movella DOT: settings, device information, and the messages that align the clocks of several tags.

Source: "Xsens DOT BLE Services Specifications", firmware 2.0.0.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SYNC_SERVICE = 2
RECORDING_SERVICE = 1
START_SYNC = 1
SYNC_RESULT = 3
ADDRESS_BYTES = 6
CONTROL_BYTES = 32
INFO_BYTES = 34
APPLY_RATE = 0x10
#: What became of an alignment of clocks.
SYNC_RESULTS: Mapping[int, str] = MappingProxyType(
    {0: "good", 5: "too few samples", 7: "skew", 8: "start time", 9: "not started"}
)
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


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the message service: which part it is for, and its content."""

    service: int
    content: bytes


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


def message(service: int, content: bytes) -> bytes:
    """A message with its checksum: all its bytes add up to 0, modulo 256."""
    body = bytes([service, len(content)]) + content
    return body + bytes([-sum(body) % 256])


def parse_message(data: bytes) -> Message | None:
    """Read a message; None if it is cut short or its checksum is wrong."""
    if len(data) < 3 or len(data) < 3 + data[1]:
        return None
    whole = data[: 3 + data[1]]
    return None if sum(whole) % 256 else Message(whole[0], whole[2:-1])


def start_sync(root_address: str) -> bytes:
    """Ask a tag to align its clock with the root's; written to every tag, the root too.

    Parameters
    ----------
    root_address : str
        Hardware address of the tag whose clock the others take, ``DB:F0:3F:28:7A:C9``.
    """
    address = bytes.fromhex(root_address.replace(":", ""))
    return message(SYNC_SERVICE, bytes([START_SYNC]) + address[::-1])


def sync_result(data: bytes) -> str | None:
    """What became of an alignment, by `SYNC_RESULTS`; None if the bytes say nothing of it."""
    answer = parse_message(data)
    if answer is None or answer.service != SYNC_SERVICE or len(answer.content) < 2:
        return None
    kind, result = answer.content[:2]
    return SYNC_RESULTS.get(result, f"result {result}") if kind == SYNC_RESULT else None
