"""The bytes of the Movesense GATT sensor-data protocol: commands, answers and data packets.

Every command carries a reference byte that its answers repeat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.families.readings import STANDARD_GRAVITY_MPS2, battery
from imu_reps.sensors.wire import Decoded, Facts

HELLO, SUBSCRIBE, UNSUBSCRIBE, GET = 0, 1, 2, 4
RESULT, DATA, DATA_GOES_ON = 1, 2, 3
#: References we choose, to know what an answer is to.
HELLO_REFERENCE, BATTERY_REFERENCE, STREAM_REFERENCE = 97, 98, 99
BATTERY_PATH = "/System/Energy/Level"
OK_STATUS, FIRST_BAD_STATUS, NOT_FOUND = 200, 400, 404

TIME_BYTES = 4
#: Three floats of acceleration and three of angular rate.
SAMPLE_BYTES = 24
#: The widest ranges, and a little: what lies beyond is no reading.
MAX_ACC_MPS2 = 16 * STANDARD_GRAVITY_MPS2 * 1.1
MAX_GYR_DPS = 2000 * 1.1


@dataclass(frozen=True, slots=True)
class Imu6Reading:
    """A data packet: the time of its first sample in ms, and its samples."""

    time_ms: int
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def __len__(self) -> int:
        return len(self.acc_mps2)


def hello_command() -> bytes:
    """Ask who it is."""
    return bytes((HELLO, HELLO_REFERENCE))


def subscribe_command(rate_hz: float, reference: int = STREAM_REFERENCE) -> bytes:
    """Ask for acceleration and angular rate."""
    return bytes((SUBSCRIBE, reference)) + f"/Meas/IMU6/{round(rate_hz)}".encode("ascii")


def unsubscribe_command(reference: int = STREAM_REFERENCE) -> bytes:
    """End a subscription."""
    return bytes((UNSUBSCRIBE, reference))


def battery_command() -> bytes:
    """Ask for the battery."""
    return bytes((GET, BATTERY_REFERENCE)) + BATTERY_PATH.encode("ascii")


def parse_imu6(payload: bytes) -> Imu6Reading | None:
    """Read a whole packet: u32 ms, all accelerations, all angular rates; None if that is not what it is."""
    count, rest = divmod(len(payload) - TIME_BYTES, SAMPLE_BYTES)
    if count < 1 or rest:
        return None
    with np.errstate(invalid="ignore"):  # bytes that are no numbers are told below
        values = np.frombuffer(payload, "<f4", offset=TIME_BYTES).reshape(2, count, 3).astype(np.float64)
    possible = (np.abs(values[0]) <= MAX_ACC_MPS2) & (np.abs(values[1]) <= MAX_GYR_DPS)
    if not possible.all():
        return None
    return Imu6Reading(int.from_bytes(payload[:TIME_BYTES], "little"), values[0], values[1])


#: Why a sensor that sends IMU9 cannot be read.
NINE_AXES = (
    "sends the nine-axis stream (IMU9) instead of the six axes it was asked for: close other programs and "
    "apps that use it, take its battery out for a moment and try again"
)


def is_nine_axes(count: int, usual_count: int) -> bool:
    """Whether what looks like `count` samples of six axes holds two thirds as many of nine.

    A packet spans a thirteenth of a second, at rates of 13, 26, 52 ... Hz: 1, 2, 4 ... samples, never a
    multiple of three. With the three values of a magnetometer each they have the length of half as many more.
    """
    return count % 3 == 0 and usual_count % 3 != 0


def read_result(reference: int, rest: bytes) -> Decoded:
    """Read the answer to a command; that to hello has no status."""
    if reference == HELLO_REFERENCE:
        return Decoded(facts=parse_hello(rest))
    if len(rest) < 2:
        return Decoded(damaged=1)
    status = int.from_bytes(rest[:2], "little")
    if reference == BATTERY_REFERENCE:
        return battery(rest[2:]) if status == OK_STATUS else Decoded()
    if reference == STREAM_REFERENCE and status >= FIRST_BAD_STATUS:
        return Decoded(facts=Facts(refused=_refusal(status)))
    return Decoded()


def _refusal(status: int) -> str:
    if status == NOT_FOUND:
        return (
            "has firmware that does not know this data stream: update it to 2.3 or later with its maker's app"
        )
    return f"refused to send data (status {status}): take its battery out for a moment and try again"


def parse_hello(answer: bytes) -> Facts:
    """Read who it is: version byte, then serial number, product, address, application, its version."""
    texts = [text.decode("utf-8", errors="replace") for text in answer[1:].split(b"\0")]
    serial, application, version = (texts[i] if i < len(texts) else "" for i in (0, 3, 4))
    return Facts(identity=serial or None, firmware=f"{application} {version}".strip() or None)
