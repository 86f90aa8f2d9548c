"""What the standard characteristics say: serial number, firmware, battery.

Bluetooth SIG, Device Information Service 1.1 and Battery Service 1.0.

What raw numbers have to be to count as readings.
"""

from __future__ import annotations

import numpy as np

from imu_reps.domain.foreign_text import shown
from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.wire import BATTERY_LEVEL, Decoded, Facts, Read

#: 1 g, standard gravity (CGPM 1901), m/s2.
STANDARD_GRAVITY_MPS2 = 9.80665
#: Larger numbers, in m/s2 or deg/s, are no reading of any worn sensor: such bytes mean something else.
LARGEST_READING = 1e5


def are_readings(values: FloatArray) -> bool:
    """Whether all values are finite and of a size that an accelerometer or gyroscope can give."""
    return bool(np.all(np.abs(values) <= LARGEST_READING))


SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"
FIRMWARE_REVISION = "00002a26-0000-1000-8000-00805f9b34fb"

READ_INFORMATION = (
    Read(SERIAL_NUMBER, optional=True),
    Read(FIRMWARE_REVISION, optional=True),
    Read(BATTERY_LEVEL, optional=True),
)


def read_information(characteristic: str, data: bytes) -> Decoded | None:
    """What a standard characteristic holds; None if the characteristic is another one.

    Parameters
    ----------
    characteristic : str
        Full UUID, lower case.
    data : bytes
    """
    if characteristic == SERIAL_NUMBER:
        return Decoded(facts=Facts(identity=_text(data)))
    if characteristic == FIRMWARE_REVISION:
        return Decoded(facts=Facts(firmware=_text(data)))
    if characteristic == BATTERY_LEVEL:
        return battery(data)
    return None


def battery(data: bytes) -> Decoded:
    """Battery in percent from the first byte; damaged where there is none or it is above 100."""
    if not data or data[0] > 100:
        return Decoded(damaged=1)
    return Decoded(facts=Facts(battery_percent=float(data[0])))


def _text(data: bytes) -> str | None:
    """Text without the padding; None if nothing is left."""
    text = data.split(b"\0")[0].decode("utf-8", errors="ignore")
    return shown(text.strip()) or None
