"""Polar measurement data (PMD): the commands that start and stop its streams, and the frames that they send.

The control point takes a command and answers it; an answer to a start may scale the stream by a factor. A
frame has its measurement type, the time of its last sample in ns since 2000-01-01, a frame type, and the
samples: plain, or a reference sample followed by blocks of packed differences.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray, IntArray
from imu_reps.sensors.wire import are_readings

#: Measurement types.
ACC = 2
GYRO = 5
AXES = 3
FEATURES, REPLY = 0x0F, 0xF0
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

#: Of frames: the bytes of their header, and the bit of compressed ones.
HEADER_BYTES = 10
COMPRESSED = 0x80


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
    settings = (0, 1, rate_hz, 1, 1, 16, 2, 1, RANGES[measurement], 4, 1, AXES)
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


@dataclass(frozen=True, slots=True)
class Frame:
    """One notification of the data characteristic.

    Attributes
    ----------
    measurement : int
        `ACC`, `GYRO` or another PMD measurement type.
    time_ns : int
        Time of the last sample.
    kind : int
        Frame type, without the bit for compression.
    content : bytes
        The samples, still coded.
    """

    measurement: int
    time_ns: int
    compressed: bool
    kind: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """Differences of one width: bits per value, number of samples, and the packed bytes."""

    bits: int
    count: int
    packed: bytes


def parse_frame(data: bytes) -> Frame | None:
    """Parse the header; None if the bytes are not a frame with content."""
    if len(data) <= HEADER_BYTES:
        return None
    time_ns = int.from_bytes(data[1:9], "little")
    if time_ns >= 2**63:  # the year 2292: does not fit a signed count, and no clock shows it
        return None
    kind = data[9]
    return Frame(data[0] & 0x3F, time_ns, bool(kind & COMPRESSED), kind & ~COMPRESSED, data[HEADER_BYTES:])


def raw_samples(frame: Frame) -> IntArray | None:
    """Return the samples as integers, (n, 3); None if the content is truncated or of unknown kind.

    The accelerometer's plain kinds 0, 1 and 2 have 8, 16 and 24 bits. Compressed kind 0 has 16 bits; so has
    kind 1 for the accelerometer, but for the gyroscope it is the 32-bit image of a float.
    """
    if frame.compressed and frame.kind in (0, 1):
        wide = frame.measurement == GYRO and frame.kind == 1
        return delta_samples(frame.content, 4 if wide else 2)
    if not frame.compressed and frame.measurement == ACC and frame.kind in (0, 1, 2):
        return plain_samples(frame.content, frame.kind + 1)
    return None


def acceleration_mps2(frame: Frame, factor: float = 1.0) -> FloatArray | None:
    """Return the samples of an accelerometer frame, (n, 3) m/s2; None if it cannot be read.

    Parameters
    ----------
    factor : float
        From the reply to the start command: g per count of compressed kind 0. Other kinds are in mg.
    """
    raw = raw_samples(frame)
    if raw is None:
        return None
    g_per_count = factor if frame.compressed and frame.kind == 0 else 1e-3
    return _if_readings(raw.astype(np.float64) * (g_per_count * STANDARD_GRAVITY_MPS2))


def angular_rate_dps(frame: Frame, factor: float = 1.0) -> FloatArray | None:
    """Return the samples of a gyroscope frame, (n, 3) deg/s; None if it cannot be read.

    Parameters
    ----------
    factor : float
        From the reply to the start command: deg/s per count, or per unit of the floats of kind 1.
    """
    raw = raw_samples(frame)
    if raw is None:
        return None
    values = _floats(raw) if frame.kind == 1 else raw.astype(np.float64)
    return _if_readings(values * factor)


def _floats(images: IntArray) -> FloatArray:
    """Reinterpret 32-bit integers as floats, which may be infinite or NaN."""
    with np.errstate(invalid="ignore"):
        return images.astype(np.int32).view(np.float32).astype(np.float64)


def _if_readings(values: FloatArray) -> FloatArray | None:
    return values if are_readings(values) else None


def plain_samples(content: bytes, width: int) -> IntArray | None:
    """Return signed little-endian integers of `width` bytes, (n, 3); None unless they fill the content."""
    if not content or len(content) % (AXES * width):
        return None
    return signed_integers(content, width).reshape(-1, AXES)


def signed_integers(content: bytes, width: int) -> IntArray:
    """Return signed little-endian integers of `width` bytes, 1 to 4."""
    image = np.frombuffer(content, np.uint8).reshape(-1, width).astype(np.int64)
    unsigned = image @ (1 << (8 * np.arange(width)))
    return _signed(unsigned, 8 * width)


def delta_samples(content: bytes, width: int) -> IntArray | None:
    """Undo the delta coding.

    Parameters
    ----------
    content : bytes
        Reference sample and blocks.
    width : int
        Bytes per axis of the reference sample, 2 or 4.

    Returns
    -------
    (n, 3) int or None
        Reference and running sums; sums of 4-byte numbers wrap at 32 bits. None if a block is cut short.
    """
    reference_bytes = AXES * width
    blocks = delta_blocks(content[reference_bytes:])
    if len(content) < reference_bytes or blocks is None:
        return None
    reference = signed_integers(content[:reference_bytes], width).reshape(1, AXES)
    sums = np.cumsum(np.concatenate([reference, *map(deltas, blocks)]), axis=0)
    return _signed(sums & 0xFFFF_FFFF, 32) if width == 4 else sums


def delta_blocks(content: bytes) -> tuple[Block, ...] | None:
    """Split the content after the reference sample; None if a block is truncated or its width impossible."""
    blocks = []
    at = 0
    while at < len(content):
        head = content[at : at + 2]
        if len(head) < 2 or head[0] > 32:
            return None
        bits, count = head
        size = -(-bits * count * AXES // 8)
        packed = content[at + 2 : at + 2 + size]
        if len(packed) < size:
            return None
        blocks.append(Block(bits, count, packed))
        at += 2 + size
    return tuple(blocks)


def deltas(block: Block) -> IntArray:
    """Return the differences of a block, (count, 3): two's complement, least significant bit first."""
    numbers = block.count * AXES
    bits = np.unpackbits(np.frombuffer(block.packed, np.uint8), count=numbers * block.bits, bitorder="little")
    unsigned = bits.reshape(numbers, block.bits).astype(np.int64) @ (1 << np.arange(block.bits))
    return _signed(unsigned, block.bits).reshape(block.count, AXES)


def _signed(unsigned: IntArray, bits: int) -> IntArray:
    """Convert unsigned numbers of `bits` bits in two's complement to signed ones."""
    return np.where(unsigned >> max(bits - 1, 0) & 1, unsigned - (1 << bits), unsigned)


def sample_times_ns(last_ns: int, count: int, step_ns: float) -> IntArray:
    """Return the times of a frame's samples, `step_ns` apart, the last at `last_ns`."""
    backwards = np.floor(step_ns * np.arange(count - 1, -1, -1) + 0.5).astype(np.int64)
    times: IntArray = last_ns - backwards
    return times


def measured_step_ns(last_ns: int, previous_last_ns: int, count: int) -> float:
    """Return the sample period of a frame of `count` samples, if none was lost since the previous one."""
    return (last_ns - previous_last_ns) / count
