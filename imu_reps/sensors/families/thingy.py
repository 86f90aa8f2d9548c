"""Nordic Thingy:52: raw motion, one sample per notification, without number or time.

Source: Nordic Thingy:52 firmware (ble_tms.h, m_motion.c).
"""

from __future__ import annotations

import struct

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.sensors.wire import (
    READ_INFORMATION,
    Decoded,
    Family,
    Samples,
    Signs,
    Step,
    Subscribe,
    Write,
    read_information,
)

#: The advertised service, and the one with the motion sensor.
CONFIGURATION_SERVICE = "ef680100-9b35-4933-9b10-52ffa9740042"
MOTION_SERVICE = "ef680400-9b35-4933-9b10-52ffa9740042"
CONFIG = "ef680401-9b35-4933-9b10-52ffa9740042"
RAW = "ef680406-9b35-4933-9b10-52ffa9740042"
RATES_HZ = (50.0, 100.0, 200.0)


def config_command(rate_hz: float) -> bytes:
    """Return the motion service's configuration: three intervals in ms, motion in Hz, wake on motion."""
    # defaults but for the rate: steps, temperature and compass each second, and waking when moved
    return struct.pack("<4HB", 1000, 1000, 1000, round(rate_hz), 1)


def acc_g(data: bytes) -> FloatArray:
    """Return the specific force in the first 6 bytes of raw motion, in g, (3,)."""
    return np.frombuffer(data[:6], "<i2") / 1024  # fixed point: 10 bits of fraction


def gyr_dps(data: bytes) -> FloatArray:
    """Return the angular rate in the next 6 bytes of raw motion, in deg/s, (3,)."""
    return np.frombuffer(data[6:12], "<i2") / 32  # 5 bits of fraction


def begin(_rate_hz: float) -> int:
    """Return the state before the first byte: the number of the next sample."""
    return 0


def resume(number: int) -> int:
    """Return the same state: samples are whole, and the host numbers them."""
    return number


def decode(number: int, characteristic: str, data: bytes, _arrival_s: float) -> tuple[int, Decoded]:
    """Decode raw motion, or one of the standard characteristics."""
    if characteristic != RAW:
        return number, read_information(characteristic, data)
    if len(data) != 18:
        return number, Decoded(damaged=1)
    samples = Samples(
        np.array([number], np.int64),
        np.array([np.nan]),
        acc_g(data)[None] * STANDARD_GRAVITY_MPS2,
        gyr_dps(data)[None],
    )
    return number + 1, Decoded(samples)


def start(rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Return steps that set the rate and subscribe; it then starts to send."""
    return (*READ_INFORMATION, Write(CONFIG, config_command(rate_hz)), Subscribe(RAW))


FAMILY = Family(
    name="thingy",
    title="Nordic Thingy:52",
    tried=False,
    rates_hz=RATES_HZ,
    counter="host",
    has_clock=False,
    signs=Signs(r"(?i)thingy", (CONFIGURATION_SERVICE, MOTION_SERVICE)),
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    caution="It sends neither number nor time: losses cannot be counted.",
)
