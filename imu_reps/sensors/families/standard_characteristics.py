"""Standard characteristics: serial number, firmware, battery level.

Bluetooth SIG, Device Information Service 1.1 and Battery Service 1.0.
"""

from __future__ import annotations

from imu_reps.domain.untrusted import printable
from imu_reps.sensors.wire import BATTERY_LEVEL, Decoded, Facts, Read

SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"
FIRMWARE_REVISION = "00002a26-0000-1000-8000-00805f9b34fb"

READ_INFORMATION = (
    Read(SERIAL_NUMBER, optional=True),
    Read(FIRMWARE_REVISION, optional=True),
    Read(BATTERY_LEVEL, optional=True),
)


def read_information(characteristic: str, data: bytes) -> Decoded | None:
    """Decode a standard characteristic; None if it is another one.

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
    """Decode the battery level in percent from the first byte; damaged if missing or above 100."""
    if not data or data[0] > 100:
        return Decoded(damaged=1)
    return Decoded(facts=Facts(battery_percent=float(data[0])))


def _text(data: bytes) -> str | None:
    """Return text without padding; None if it is empty."""
    text = data.split(b"\0")[0].decode("utf-8", errors="ignore")
    return printable(text.strip()) or None
