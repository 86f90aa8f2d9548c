"""Firmware of a Nordic Thingy:52: raw motion, one sample per notification."""

from __future__ import annotations

import struct

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.virtual.device import CharacteristicSpec, DeviceClock, Feed, Packet, ServiceSpec
from imu_reps.sensors.virtual.devices.sampling import Ticks
from imu_reps.sensors.wire import BATTERY_LEVEL

_BASE = "-9b35-4933-9b10-52ffa9740042"
CONFIGURATION_SERVICE = "ef680100" + _BASE
MOTION_SERVICE = "ef680400" + _BASE
CONFIG = "ef680401" + _BASE
RAW = "ef680406" + _BASE
_BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
GRAVITY_MPS2 = 9.80665
ACC_COUNTS_PER_MPS2 = 1024 / GRAVITY_MPS2
GYRO_COUNTS_PER_DPS = 32
SLOWEST_HZ, FASTEST_HZ = 5, 200
#: A field of about 50 uT, in sixteenths.
COMPASS = (320, 0, -704)
_CONFIG = struct.Struct("<4HB")


class Thingy:
    """A device as it comes: 10 Hz until told otherwise.

    Parameters
    ----------
    feed : Feed
        True readings at true instants.
    clock : DeviceClock, optional
    battery_percent : float
    name : str
    """

    family = "thingy"
    company_id: int | None = None
    service_uuids: tuple[str, ...] = (CONFIGURATION_SERVICE,)
    services: tuple[ServiceSpec, ...] = (
        ServiceSpec(
            MOTION_SERVICE,
            (CharacteristicSpec(CONFIG, read=True, write=True), CharacteristicSpec(RAW, notify=True)),
        ),
        ServiceSpec(_BATTERY_SERVICE, (CharacteristicSpec(BATTERY_LEVEL, read=True, notify=True),)),
    )

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = DeviceClock(),  # noqa: B008 - frozen
        battery_percent: float = 80.0,
        *,
        name: str = "Thingy",
    ) -> None:
        self.default_name = name
        self._feed, self._battery = feed, battery_percent
        self._speed = 1.0 + clock.rate_error
        self._config = _CONFIG.pack(1000, 1000, 1000, 10, 1)
        self._ticks: Ticks | None = None

    def power_on(self, time_s: float) -> None:  # noqa: ARG002
        """Begin; the configuration is kept in flash."""
        self._ticks = None

    def link_lost(self) -> None:
        """It stops with the connection."""
        self._ticks = None

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[Packet]:
        """Notifications of raw motion start and stop it."""
        if characteristic == RAW:
            self._ticks = self._new_ticks(time_s) if on else None
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[Packet]:
        """Take a configuration over if it makes sense."""
        if characteristic == CONFIG and len(data) == _CONFIG.size:
            rate_hz = _CONFIG.unpack(data)[3]
            if SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
                self._config = data
                self._ticks = None if self._ticks is None else self._new_ticks(time_s)
        return []

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """Configuration or battery."""
        return bytes([round(self._battery)]) if characteristic == BATTERY_LEVEL else self._config

    def produce(self, until_s: float, max_notification: int) -> list[Packet]:
        """Samples taken by `until_s`, each its own notification."""
        instants_s = np.zeros(0) if self._ticks is None else self._ticks.due(until_s)
        if not len(instants_s):
            return []
        rows = encode_raw(*self._feed(instants_s))
        return [
            Packet(float(time_s), RAW, row[:max_notification])
            for time_s, row in zip(instants_s, rows, strict=True)
        ]

    def _new_ticks(self, time_s: float) -> Ticks:
        return Ticks(time_s, float(_CONFIG.unpack(self._config)[3]) * self._speed)


def encode_raw(acc_mps2: FloatArray, gyr_dps: FloatArray) -> list[bytes]:
    """Raw motion of samples (n, 3): acceleration, angular rate and compass, 18 bytes each."""
    exact = np.hstack([acc_mps2 * ACC_COUNTS_PER_MPS2, gyr_dps * GYRO_COUNTS_PER_DPS])
    counts = np.clip(np.round(exact), -32768, 32767).astype("<i2")
    compass = struct.pack("<3h", *COMPASS)
    return [row.tobytes() + compass for row in counts]
