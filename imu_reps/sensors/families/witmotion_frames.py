"""The bytes of WitMotion BLE 5.0: frames out of a stream, values out of frames, commands.

A frame has 20 bytes and begins 55 61 (data) or 55 71 (eight registers that were asked for). Frames follow
each other without regard to where a notification ends. There is no clock, counter or checksum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.sensors.families.readings import STANDARD_GRAVITY_MPS2
from imu_reps.sensors.wire import Facts

FRAME_LENGTH = 20
HEAD, DATA, REGISTERS = 0x55, 0x61, 0x71
_FRAME_START = re.compile(rb"\x55(?:[\x61\x71]|\Z)")
MPS2_PER_COUNT = STANDARD_GRAVITY_MPS2 / 2048
DPS_PER_COUNT = 2000 / 32768
END_OF_SCALE = 32767

RATE_REGISTER = 0x03
READ_REGISTER = 0x27
VERSION_REGISTER = 0x2E
BATTERY_REGISTER = 0x64
ADDRESS_REGISTER = 0x66
UNLOCK_REGISTER, UNLOCK_KEY = 0x69, 0xB588
#: In displacement mode frames of the same type hold other things than acceleration and angular rate.
DISPLACEMENT_REGISTER = 0x96

#: Rate codes, the likelier first: of 0B and 0A, sources and units disagree which is 200 Hz.
RATE_CODES: dict[float, tuple[int, ...]] = {50.0: (0x08,), 100.0: (0x09,), 200.0: (0x0B, 0x0A)}
#: Volt x 100, and the percentage from there up.
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
    """Where the byte stream stands.

    Attributes
    ----------
    buffer : bytes
        Of an unfinished frame.
    in_step : bool
        False while bytes are being skipped.
    """

    buffer: bytes = b""
    in_step: bool = True


def split_frames(stream: FrameStream, data: bytes) -> tuple[FrameStream, list[bytes], int]:
    """Cut frames out of the byte stream.

    In step, the next frame begins where the last one ended, whatever bytes it holds. Out of step, bytes are
    dropped up to the next beginning of a frame.

    Returns
    -------
    Stream, list of bytes, int
        The frames, and how often the step was lost.
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
    """Whether the unfinished frame does not go on in this notification.

    A notification that lost its end on the way leaves a piece of a frame; joined with the next one's
    beginning it would be a reading that nobody took. It is known by what follows: the notification begins
    with a frame of its own, and where the joined frame would end there begins none.
    """
    rest = FRAME_LENGTH - len(stream.buffer)
    if not stream.buffer or len(data) < rest + 2:
        return False
    return bool(_FRAME_START.match(data)) and not _FRAME_START.match(data, rest)


def parse_data(frames: Iterable[bytes]) -> IntArray:
    """Raw values of data frames, (n, 9): acceleration, angular rate, angles."""
    raw = np.frombuffer(b"".join(frames), dtype="<i2").reshape(-1, FRAME_LENGTH // 2)
    return raw[:, 1:].astype(np.int64)


def acc_mps2(raw: IntArray) -> FloatArray:
    """Specific force from the raw values of `parse_data`."""
    return np.asarray(raw[:, 0:3] * MPS2_PER_COUNT, dtype=np.float64)


def gyr_dps(raw: IntArray) -> FloatArray:
    """Angular rate from the raw values of `parse_data`."""
    return np.asarray(raw[:, 3:6] * DPS_PER_COUNT, dtype=np.float64)


def parse_registers(frame: bytes) -> dict[int, int]:
    """Registers of a reply, address to unsigned value."""
    first, *values = np.frombuffer(frame, dtype="<u2")[1:].tolist()
    return {first + i: value for i, value in enumerate(values)}


def facts_of(registers: dict[int, int]) -> Facts:
    """What a register reply says of the sensor."""
    centivolt = registers.get(BATTERY_REGISTER)
    return Facts(
        battery_percent=None if centivolt is None else battery_percent(centivolt),
        identity=hardware_address(registers),
        firmware=firmware_version(registers),
    )


def battery_percent(centivolt: int) -> float | None:
    """Charge from the battery's voltage; 0 is "unknown", not "empty"."""
    if centivolt == 0:
        return None
    return float(next((percent for minimum, percent in BATTERY_STEPS if centivolt >= minimum), 0))


def hardware_address(registers: dict[int, int]) -> str | None:
    """The six bytes of the sensor's own address, kept least significant first."""
    words = [registers.get(ADDRESS_REGISTER + i) for i in range(3)]
    known = [word for word in words if word is not None]
    if len(known) < 3 or not any(known):
        return None
    octets = [octet for word in known for octet in (word & 0xFF, word >> 8)]
    return ":".join(f"{octet:02X}" for octet in reversed(octets))


def firmware_version(registers: dict[int, int]) -> str | None:
    """The firmware's version: three numbers where the highest bit of two words is set, else one."""
    low, high = registers.get(VERSION_REGISTER), registers.get(VERSION_REGISTER + 1)
    if low is None or high is None or not (low or high):
        return None
    whole = high << 16 | low
    if whole >> 31:
        return f"{whole >> 14 & 0x1FFFF}.{whole >> 8 & 0x3F}.{whole & 0xFF}"
    return str(low)


def command(register: int, value: int) -> bytes:
    """Set a register."""
    return bytes((0xFF, 0xAA, register, value & 0xFF, value >> 8))


def read_command(register: int) -> bytes:
    """Ask for eight registers from `register` on."""
    return command(READ_REGISTER, register)


def unlock_command() -> bytes:
    """Open the settings for about ten seconds."""
    return command(UNLOCK_REGISTER, UNLOCK_KEY)


def set_rate_command(rate_hz: float, attempt: int = 0) -> bytes:
    """Ask for the nearest known rate; a later attempt tries the code that other units have for it."""
    codes = RATE_CODES[min(RATE_CODES, key=lambda known: abs(known - rate_hz))]
    return command(RATE_REGISTER, codes[attempt % len(codes)])
