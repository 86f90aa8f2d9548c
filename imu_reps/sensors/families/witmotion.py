"""WitMotion BLE 5.0 (WT9011DCL-BT50, WT901BLECL, WT901BLE67, WT901BLE68): cheap, without clock or counter.

A frame has 20 bytes and begins with 55 61 (data) or 55 71 (eight requested registers). Frames may be split
anywhere between notifications. There is no checksum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import reduce

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray, IntArray
from imu_reps.sensors.wire import (
    NO_FACTS,
    Characteristic,
    Decoded,
    Facts,
    Family,
    Pause,
    Samples,
    Signs,
    Step,
    Subscribe,
    Write,
    no_samples,
)

#: The vendor's base UUID ends in 9a34fb; some units use that of the Bluetooth SIG, which ends in 9b34fb.
SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
#: Service of units that also have classic Bluetooth.
DUAL_SERVICE = "49535343-fe7d-4ae5-8fa9-9fafd205e455"
NOTIFY: Characteristic = (
    "0000ffe4-0000-1000-8000-00805f9a34fb",
    "0000ffe4-0000-1000-8000-00805f9b34fb",
    "49535343-1e4d-4bd9-ba61-23c647249616",
)
WRITE: Characteristic = (
    "0000ffe9-0000-1000-8000-00805f9a34fb",
    "0000ffe9-0000-1000-8000-00805f9b34fb",
    "49535343-8841-43f4-a8d4-ecbe34729bb3",
)


FRAME_LENGTH = 20
DATA, REGISTERS = 0x61, 0x71
_FRAME_START = re.compile(rb"\x55(?:[\x61\x71]|\Z)")
MPS2_PER_COUNT = STANDARD_GRAVITY_MPS2 / 2048
DPS_PER_COUNT = 2000 / 32768


class Register(IntEnum):
    """Registers of the sensor.

    In `DISPLACEMENT` mode, frames of the same type do not hold acceleration and angular rate.
    """

    RATE = 0x03
    READ = 0x27
    VERSION = 0x2E
    BATTERY = 0x64
    ADDRESS = 0x66
    UNLOCK = 0x69
    DISPLACEMENT = 0x96


UNLOCK_KEY = 0xB588

#: Rate codes, the likelier first: sources and units disagree on whether 0B or 0A is 200 Hz.
RATE_CODES: dict[float, tuple[int, ...]] = {50.0: (0x08,), 100.0: (0x09,), 200.0: (0x0B, 0x0A)}
#: Battery voltage x 100, and the percentage from that voltage up.
BATTERY_STEPS = (
    (396, 100),
    (393, 90),
    (387, 75),
    (382, 60),
    (379, 50),
    (377, 40),
    (373, 30),
    (370, 20),
    (368, 15),
    (350, 10),
    (340, 5),
)


@dataclass(frozen=True, slots=True)
class FrameStream:
    """State of the byte stream.

    Attributes
    ----------
    buffer : bytes
        Beginning of an incomplete frame.
    in_step : bool
        False while bytes are skipped up to the next frame.
    """

    buffer: bytes = b""
    in_step: bool = True


def split_frames(stream: FrameStream, data: bytes) -> tuple[FrameStream, list[bytes], int]:
    """Split the byte stream into frames.

    In step, the next frame begins where the last one ended. Out of step, bytes are skipped up to the next
    beginning of a frame.

    Returns
    -------
    FrameStream, list of bytes, int
        The state after `data`, the frames, and how often the step was lost.
    """
    buffer, in_step, lost = stream.buffer + data, stream.in_step, 0
    frames, position = [], 0
    while position < len(buffer):
        if _FRAME_START.match(buffer, position) is None:
            lost, in_step = lost + in_step, False
            found = _FRAME_START.search(buffer, position)
            position = found.start() if found else len(buffer)
        elif len(buffer) - position < FRAME_LENGTH:
            break
        else:
            frames.append(buffer[position : position + FRAME_LENGTH])
            position, in_step = position + FRAME_LENGTH, True
    return FrameStream(buffer[position:], in_step), frames, lost


def was_cut_short(stream: FrameStream, data: bytes) -> bool:
    """Whether the incomplete frame does not continue in this notification.

    A truncated notification leaves a piece of a frame; joined with the beginning of the next one, it would
    give a false reading. It is recognised by what follows: the notification begins with a frame of its own,
    and no frame begins where the joined one would end.
    """
    rest = FRAME_LENGTH - len(stream.buffer)
    if not stream.buffer or len(data) < rest + 2:
        return False
    return bool(_FRAME_START.match(data)) and not _FRAME_START.match(data, rest)


def parse_data(frames: Iterable[bytes]) -> IntArray:
    """Return the raw values of data frames, (n, 9): acceleration, angular rate, angles."""
    raw = np.frombuffer(b"".join(frames), dtype="<i2").reshape(-1, FRAME_LENGTH // 2)
    return raw[:, 1:].astype(np.int64)


def acc_mps2(raw: IntArray) -> FloatArray:
    """Return the specific force, (n, 3), from the raw values of `parse_data`."""
    return np.asarray(raw[:, 0:3] * MPS2_PER_COUNT, dtype=np.float64)


def gyr_dps(raw: IntArray) -> FloatArray:
    """Return the angular rate, (n, 3), from the raw values of `parse_data`."""
    return np.asarray(raw[:, 3:6] * DPS_PER_COUNT, dtype=np.float64)


def parse_registers(frame: bytes) -> dict[int, int]:
    """Return the registers in a reply, from address to unsigned value."""
    first, *values = np.frombuffer(frame, dtype="<u2")[1:].tolist()
    return {first + i: value for i, value in enumerate(values)}


def facts_of(registers: dict[int, int]) -> Facts:
    """Return the facts in the registers of a reply."""
    centivolt = registers.get(Register.BATTERY)
    return Facts(
        battery_percent=None if centivolt is None else battery_percent(centivolt),
        identity=hardware_address(registers),
        firmware=firmware_version(registers),
    )


def battery_percent(centivolt: int) -> float | None:
    """Return the battery level from its voltage; None for 0, which means "unknown", not "empty"."""
    if centivolt == 0:
        return None
    return float(next((percent for minimum, percent in BATTERY_STEPS if centivolt >= minimum), 0))


def hardware_address(registers: dict[int, int]) -> str | None:
    """Return the sensor's own address of six bytes, stored least significant first; None if unknown."""
    words = [registers.get(Register.ADDRESS + i) for i in range(3)]
    known = [word for word in words if word is not None]
    if len(known) < 3 or not any(known):
        return None
    octets = [octet for word in known for octet in (word & 0xFF, word >> 8)]
    return ":".join(f"{octet:02X}" for octet in reversed(octets))


def firmware_version(registers: dict[int, int]) -> str | None:
    """Return the firmware's version: three numbers if the highest bit of two words is set, else one."""
    low, high = registers.get(Register.VERSION), registers.get(Register.VERSION + 1)
    if low is None or high is None or not (low or high):
        return None
    whole = high << 16 | low
    if whole >> 31:
        return f"{whole >> 14 & 0x1FFFF}.{whole >> 8 & 0x3F}.{whole & 0xFF}"
    return str(low)


def command(register: int, value: int) -> bytes:
    """Return the command that sets a register."""
    return bytes((0xFF, 0xAA, register, value & 0xFF, value >> 8))


def read_command(register: int) -> bytes:
    """Return the command that asks for eight registers from `register` on."""
    return command(Register.READ, register)


#: Unlocks the settings for about ten seconds.
UNLOCK_COMMAND = command(Register.UNLOCK, UNLOCK_KEY)


def set_rate_command(rate_hz: float, attempt: int = 0) -> bytes:
    """Return the command that sets the nearest rate; a later attempt uses the code of other units for it."""
    codes = RATE_CODES[min(RATE_CODES, key=lambda known: abs(known - rate_hz))]
    return command(Register.RATE, codes[attempt % len(codes)])


@dataclass(frozen=True, slots=True)
class WitMotionState:
    """State between notifications: the byte stream, and the number of the next sample."""

    stream: FrameStream = field(default_factory=FrameStream)
    number: int = 0


def decode(
    state: WitMotionState, characteristic: str, data: bytes, _arrival_s: float
) -> tuple[WitMotionState, Decoded]:
    """Decode a notification; see `Family.decode`."""
    if characteristic not in NOTIFY:
        return state, Decoded()
    cut = was_cut_short(state.stream, data)
    stream, frames, lost = split_frames(FrameStream() if cut else state.stream, data)
    raw = parse_data(frame for frame in frames if frame[1] == DATA)
    answers = (facts_of(parse_registers(frame)) for frame in frames if frame[1] == REGISTERS)
    samples, facts = _samples(raw, state.number), reduce(Facts.then, answers, NO_FACTS)
    return WitMotionState(stream, state.number + len(samples)), Decoded(samples, facts, damaged=lost + cut)


def _samples(raw: IntArray, first: int) -> Samples:
    n = len(raw)
    if not n:
        return no_samples()
    return Samples(first + np.arange(n), np.full(n, np.nan), acc_mps2(raw), gyr_dps(raw))


def begin(_rate_hz: float) -> WitMotionState:
    """Return the state before the first byte; the stream looks the same at every rate."""
    return WitMotionState()


def resume(state: WitMotionState) -> WitMotionState:
    """Drop an incomplete frame; the numbering goes on."""
    return WitMotionState(number=state.number)


def start(rate_hz: float, attempt: int) -> tuple[Step, ...]:
    """Return steps that subscribe, set the rate (10 Hz from the factory) and ask for battery and version.

    Nothing is saved, so switching the sensor off restores its owner's settings. The choice of outputs
    (register 02) is never changed: some units then stop sending.
    """
    settings = (UNLOCK_COMMAND, command(Register.DISPLACEMENT, 0), set_rate_command(rate_hz, attempt))
    questions = (read_command(Register.BATTERY), read_command(Register.VERSION))
    return (
        Subscribe(NOTIFY),
        # it takes one command at a time, and answers a question within 0.3 s
        *(step for data in settings for step in (Write(WRITE, data), Pause(0.1))),
        *(step for data in questions for step in (Write(WRITE, data), Pause(0.3))),
    )


FAMILY = Family(
    name="witmotion",
    title="WitMotion BLE 5.0",
    tried=True,
    rates_hz=tuple(RATE_CODES),
    counter="host",
    has_clock=False,
    signs=Signs(r"WT|.*WT\d", (SERVICE, DUAL_SERVICE)),  # the service is not always advertised
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    poll=(Write(WRITE, read_command(Register.BATTERY)),),
)
