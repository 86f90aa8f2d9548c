"""MetaMotion (MbientLab): accelerometer and gyroscope as two packed streams, without number or time.

There are two chips with different commands: the first attempt to start addresses a BMI160 (R, RL), the second
a BMI270 (S). Both are set to the same ranges, so their samples are decoded in the same way. Packets of the
two streams alternate and are paired in turn; a lost packet costs its neighbour.

Source: MetaWear C++ SDK, its headers and unit tests.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.sensors.families.paired_streams import AlternatingStreams, Paired, Stream, pair_by_turn
from imu_reps.sensors.wire import (
    READ_INFORMATION,
    Decoded,
    Facts,
    Family,
    Pause,
    Samples,
    Signs,
    Step,
    Subscribe,
    Write,
    read_information,
)

SERVICE = "326a9000-85cb-9195-d9dd-464cfbbae75a"
COMMAND = "326a9001-85cb-9195-d9dd-464cfbbae75a"
NOTIFY = "326a9006-85cb-9195-d9dd-464cfbbae75a"
RATES_HZ = (50.0, 100.0, 200.0)


class Module(IntEnum):
    """Modules of the board."""

    ACC = 0x03
    SETTINGS = 0x11
    GYRO = 0x13


#: The register that identifies a module's chip, with the bit that marks a read and its answer.
INFO_REGISTER = 0x80
BATTERY_REGISTER = 0x8C
ASK_BATTERY = bytes([Module.SETTINGS, 0xCC])
CONNECTION_REGISTER = 0x09
RATE_CODES: Mapping[float, int] = MappingProxyType({50.0: 0x7, 100.0: 0x8, 200.0: 0x9})
#: Counts per g and per deg/s in the ranges the chips are set to.
ACC_RANGE_G = 16
GYRO_RANGE_DPS = 1000


@dataclass(frozen=True, slots=True)
class Chip:
    """Registers and codes of one inertial sensor chip.

    Attributes
    ----------
    acc_implementation, gyro_implementation : int
        Numbers by which the modules identify themselves.
    acc_rate, gyro_rate : int
        Upper half of the configuration byte whose lower half is the rate's code.
    acc_range, gyro_range : int
        Codes of 16 g and 1000 deg/s.
    acc_packed, gyro_packed : int
        Registers of the packed streams.
    """

    acc_implementation: int
    gyro_implementation: int
    acc_rate: int
    gyro_rate: int
    acc_range: int
    gyro_range: int
    acc_packed: int
    gyro_packed: int


BMI160 = Chip(1, 0, 0x20, 0x20, 0x0C, 1, 0x1C, 0x07)
BMI270 = Chip(4, 1, 0xA0, 0xA0, 3, 1, 0x05, 0x05)
CHIPS = (BMI160, BMI270)
#: Registers of samples, single and packed, which differ in length.
STREAMS: Mapping[int, tuple[Stream, frozenset[int]]] = MappingProxyType(
    {
        Module.ACC: ("acc", frozenset({0x04, BMI160.acc_packed, BMI270.acc_packed})),
        Module.GYRO: ("gyr", frozenset({0x04, 0x05, BMI160.gyro_packed, BMI270.gyro_packed})),
    }
)
IMPLEMENTATIONS: Mapping[int, frozenset[int]] = MappingProxyType(
    {
        Module.ACC: frozenset(chip.acc_implementation for chip in CHIPS),
        Module.GYRO: frozenset(chip.gyro_implementation for chip in CHIPS),
    }
)


@dataclass(frozen=True, slots=True)
class MetaMotionState:
    """State between packets: the packet that waits for its neighbour, and the next sample number."""

    streams: AlternatingStreams = field(default_factory=AlternatingStreams)
    next_number: int = 0


def parse_vectors(data: bytes) -> FloatArray | None:
    """Return the counts of one sample or of three packed ones, (n, 3); None if the length is neither."""
    if len(data) not in (8, 20):
        return None
    return np.frombuffer(data[2:], "<i2").reshape(-1, 3).astype(np.float64)


def acc_g(counts: FloatArray, range_g: float) -> FloatArray:
    """Convert counts in a range of 2, 4, 8 or 16 g to specific force in g."""
    return counts * (range_g / 32768)


def gyr_dps(counts: FloatArray, range_dps: float) -> FloatArray:
    """Convert counts in a range of 125 to 2000 deg/s to deg/s; 16.4 counts per deg/s at 2000."""
    return counts * (range_dps / (16.4 * 2000))


def parse_battery(data: bytes) -> float | None:
    """Parse the answer with the battery level in percent and the voltage; None if it is not one."""
    if len(data) < 5 or data[0] != Module.SETTINGS or data[1] != BATTERY_REGISTER or data[2] > 100:
        return None
    return float(data[2])


def begin(_rate_hz: float) -> MetaMotionState:
    """Return the state before the first byte."""
    return MetaMotionState()


def resume(state: MetaMotionState) -> MetaMotionState:
    """Drop the packet that waits, as its neighbour is lost."""
    return replace(state, streams=AlternatingStreams())


def decode(
    state: MetaMotionState, characteristic: str, data: bytes, _arrival_s: float
) -> tuple[MetaMotionState, Decoded]:
    """Decode a packet of either stream, the answer to a probe, or the battery level."""
    if characteristic != NOTIFY:
        return state, read_information(characteristic, data)
    if len(data) < 2:
        return state, Decoded(damaged=1)
    module, register = data[:2]
    if module in STREAMS and register == INFO_REGISTER:
        return state, Decoded(facts=Facts(refused=_unknown_chip(module, data[2:])))
    if module in STREAMS and register in STREAMS[module][1]:
        return _take_vectors(state, data)
    percent = parse_battery(data)
    return state, Decoded(damaged=1) if percent is None else Decoded(facts=Facts(battery_percent=percent))


def _unknown_chip(module: int, answer: bytes) -> str | None:
    """Return why a module cannot be used, in words that follow "The sensor "; None if it can."""
    part = "accelerometer" if module == Module.ACC else "gyroscope"
    if not answer:
        return f"has no {part}"
    known = answer[0] in IMPLEMENTATIONS[module]
    return None if known else f"has a make of {part} (number {answer[0]}) that is not known here"


def _take_vectors(state: MetaMotionState, data: bytes) -> tuple[MetaMotionState, Decoded]:
    counts = parse_vectors(data)
    if counts is None:
        return state, Decoded(damaged=1)
    streams, paired = pair_by_turn(state.streams, STREAMS[data[0]][0], counts)
    # packets of one stream from before the other has started are not damaged
    damaged = paired.dropped if state.next_number else 0
    after = MetaMotionState(streams, state.next_number + len(paired.acc))
    return after, Decoded(_samples(state.next_number, paired), damaged=damaged)


def _samples(first: int, paired: Paired) -> Samples:
    n = len(paired.acc)
    return Samples(
        np.arange(first, first + n, dtype=np.int64),
        np.full(n, np.nan),
        acc_g(paired.acc, ACC_RANGE_G) * STANDARD_GRAVITY_MPS2,
        gyr_dps(paired.gyr, GYRO_RANGE_DPS),
    )


#: Asks for the battery level.
POLL: tuple[Step, ...] = (Write(COMMAND, ASK_BATTERY, optional=True),)
#: Stops both modules, then switches off the streams of either chip.
STOP: tuple[Step, ...] = tuple(
    Write(COMMAND, bytes(command), optional=True)
    for command in (
        *((module, *rest) for module in STREAMS for rest in ((0x01, 0x00), (0x02, 0x00, 0x01))),
        *((Module.ACC, register, 0x00) for register in sorted({chip.acc_packed for chip in CHIPS})),
        *((Module.GYRO, register, 0x00) for register in sorted({chip.gyro_packed for chip in CHIPS})),
    )
)


def start(rate_hz: float, attempt: int) -> tuple[Step, ...]:
    """Return steps that ask for chips and battery, set a short connection interval, and start both chips."""
    chip = CHIPS[attempt % len(CHIPS)]
    # 15 ms in units of 1.25 ms, the shortest interval all systems allow; and 6 s in units of 10 ms without a
    # packet until the link ends
    connection = struct.pack("<HHHH", 12, 12, 0, 600)
    return (
        Subscribe(NOTIFY),
        *READ_INFORMATION,
        Write(COMMAND, bytes([Module.ACC, INFO_REGISTER])),
        Write(COMMAND, bytes([Module.GYRO, INFO_REGISTER])),
        Pause(0.3),  # for the answers
        *POLL,
        *STOP,
        Write(COMMAND, bytes([Module.SETTINGS, CONNECTION_REGISTER]) + connection),
        *(Write(COMMAND, command) for command in stream_commands(chip, rate_hz)),
    )


def stream_commands(chip: Chip, rate_hz: float) -> tuple[bytes, ...]:
    """Return commands that configure, subscribe, enable and start both chips, the accelerometer first."""
    code = RATE_CODES[min(RATE_CODES, key=lambda known: abs(known - rate_hz))]
    return (
        bytes([Module.ACC, 0x03, chip.acc_rate | code, chip.acc_range]),
        bytes([Module.GYRO, 0x03, chip.gyro_rate | code, chip.gyro_range]),
        bytes([Module.ACC, chip.acc_packed, 0x01]),
        bytes([Module.GYRO, chip.gyro_packed, 0x01]),
        bytes([Module.ACC, 0x02, 0x01, 0x00]),
        bytes([Module.GYRO, 0x02, 0x01, 0x00]),
        bytes([Module.ACC, 0x01, 0x01]),
        bytes([Module.GYRO, 0x01, 0x01]),
    )


FAMILY = Family(
    name="metamotion",
    title="MetaMotion",
    tried=False,
    rates_hz=RATES_HZ,
    counter="host",
    has_clock=False,
    signs=Signs(r"(?i)metawear|metamotion", (SERVICE,), (0x067E,)),
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=STOP,
    poll=POLL,
    caution="Its two streams carry no time: acceleration and turning can be three samples apart, and losses "
    "cannot be counted.",
)
