"""Firmware of a WitMotion BLE 5.0 sensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.sensors.families.witmotion import BATTERY_STEPS
from imu_reps.sim.radio.device import CharacteristicSpec, DeviceClock, Feed, Sampling, SentPacket, ServiceSpec

SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE = "0000ffe9-0000-1000-8000-00805f9a34fb"

ACC_COUNTS_PER_MPS2 = 2048 / STANDARD_GRAVITY_MPS2
GYR_COUNTS_PER_DPS = 32768 / 2000
ANGLE_COUNTS_PER_DEG = 32768 / 180
FRAME_LENGTH = 20
#: Nominal rate by code; of the two codes that sources give for 200 Hz, the higher.
RATES_HZ = {1: 0.2, 2: 0.5, 3: 1.0, 4: 2.0, 5: 5.0, 6: 10.0, 7: 20.0, 8: 50.0, 9: 100.0, 10: 100.0, 11: 200.0}
FACTORY_RATE_HZ = 10.0
#: One notification every 40 ms, with the samples since the last.
NOTIFICATIONS_PER_S = 25.0
UNLOCKED_S = 10.0
HARDWARE_ADDRESS = bytes.fromhex("FD08901A1147")
#: Measured rates are lower than the nominal ones by about this fraction.
USUAL_CLOCK = DeviceClock(rate_error=-0.007)
_SAVE, _OUTPUTS, _RATE, _READ, _VERSION, _BATTERY, _ADDRESS, _UNLOCK = 0, 2, 3, 0x27, 0x2E, 0x64, 0x66, 0x69
_KEY = 0xB588


class WitMotion:
    """A sensor with factory settings: 10 Hz until changed, settings locked.

    Parameters
    ----------
    feed : Feed
        Readings at true times.
    clock : DeviceClock, optional
        By default 0.7 % slow; the stream has no clock.
    battery_percent : float
        0: its voltage reads 0, which means "unknown".
    code_0a_is_200 : bool
        Whether the unit takes code 0A as 200 Hz and ignores 0B.
    saved_rate_hz : float
        Rate after power-on.
    """

    family = "witmotion"
    default_name = "WT901BLE67"
    company_id: int | None = None
    service_uuids: tuple[str, ...] = ()
    services: tuple[ServiceSpec, ...] = (
        ServiceSpec(
            SERVICE,
            (
                CharacteristicSpec(NOTIFY, notify=True),
                CharacteristicSpec(WRITE, write=True, write_without_response=True),
            ),
        ),
    )

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = USUAL_CLOCK,
        battery_percent: float = 80.0,
        *,
        code_0a_is_200: bool = False,
        saved_rate_hz: float = FACTORY_RATE_HZ,
    ) -> None:
        self._feed, self._clock, self._battery = feed, clock, battery_percent
        self._saved_rate_hz = saved_rate_hz
        self._rates_hz = {**RATES_HZ, 10: 200.0} if code_0a_is_200 else dict(RATES_HZ)
        if code_0a_is_200:
            del self._rates_hz[11]

    def power_on(self, time_s: float) -> None:
        """Start with the saved settings; everything else is reset."""
        self._rate_hz = self._saved_rate_hz
        self._subscribed, self._outputs_wrong = False, False
        self._unlocked_until_s = -np.inf
        self._begin(time_s)

    def link_lost(self) -> None:
        """End the stream; settings are kept until power-off."""
        self._subscribed = False

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[SentPacket]:
        """Start or end the stream, which needs no other start."""
        if characteristic == NOTIFY and on != self._subscribed:
            self._subscribed = on
            self._begin(time_s)
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[SentPacket]:
        """Execute ``FF AA register low high``; settings need an unlock up to `UNLOCKED_S` before."""
        if characteristic != WRITE or len(data) != 5 or data[:2] != b"\xff\xaa":
            return []
        register, value = data[2], int.from_bytes(data[3:], "little")
        if register == _READ:
            return [SentPacket(time_s, NOTIFY, self.register_reply(value & 0xFF))] if self._subscribed else []
        if (register, value) == (_UNLOCK, _KEY):
            self._unlocked_until_s = time_s + UNLOCKED_S
        elif time_s <= self._unlocked_until_s:
            self._set(register, value, time_s)
        return []

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """Return nothing; the sensor has no readable characteristic."""
        return b""

    def produce(self, until_s: float, max_notification: int) -> list[SentPacket]:
        """Return notifications whose last sample was taken by `until_s`."""
        if not self._subscribed or self._outputs_wrong:
            return []
        batch = int(max(1, min(self._rate_hz // NOTIFICATIONS_PER_S, max_notification // FRAME_LENGTH)))
        instants_s = self._sampling.due(until_s, batch)
        if not len(instants_s):
            return []
        frames = encode_frames(*self._feed(instants_s))
        size = FRAME_LENGTH * batch
        return [
            SentPacket(float(sent_s), NOTIFY, frames[size * i : size * (i + 1)])
            for i, sent_s in enumerate(instants_s[batch - 1 :: batch])
        ]

    def register_reply(self, first: int) -> bytes:
        """Return the reply with eight registers from `first` on; unknown ones are 0."""
        octets = HARDWARE_ADDRESS[::-1]
        known = {
            _RATE: next((code for code, rate in self._rates_hz.items() if rate == self._rate_hz), 0),
            _VERSION: 0x4005,
            _VERSION + 1: 0x8001,
            _BATTERY: centivolt(self._battery),
            **{_ADDRESS + i: int.from_bytes(octets[2 * i : 2 * i + 2], "little") for i in range(3)},
        }
        values = [first, *(known.get(first + i, 0) for i in range(8))]
        return b"\x55\x71" + np.array(values, dtype="<u2").tobytes()

    def _begin(self, time_s: float) -> None:
        self._sampling = Sampling(time_s, self._rate_hz * (1.0 + self._clock.rate_error))

    def _set(self, register: int, value: int, time_s: float) -> None:
        if register == _SAVE and value == 0:
            self._saved_rate_hz = self._rate_hz
        elif register == _SAVE and value == 1:
            self._saved_rate_hz = self._rate_hz = FACTORY_RATE_HZ
            self._begin(time_s)
        elif register == _RATE and value in self._rates_hz:
            self._rate_hz = self._rates_hz[value]
            self._begin(time_s)
        elif register == _OUTPUTS:
            self._outputs_wrong = True


def centivolt(battery_percent: float) -> int:
    """Return the battery voltage x 100 of a battery level."""
    return next((volt for volt, percent in BATTERY_STEPS if percent <= battery_percent), 0)


def encode_frames(acc_mps2: FloatArray, gyr_dps: FloatArray, angle_deg: FloatArray | None = None) -> bytes:
    """Return the data frames of samples, (n, 3) each, concatenated."""
    angle = np.zeros_like(acc_mps2) if angle_deg is None else angle_deg
    exact = np.hstack(
        [acc_mps2 * ACC_COUNTS_PER_MPS2, gyr_dps * GYR_COUNTS_PER_DPS, angle * ANGLE_COUNTS_PER_DEG]
    )
    counts: NDArray[np.int16] = np.clip(np.round(exact), -32768, 32767).astype("<i2")
    head = np.full((len(counts), 1), int.from_bytes(b"\x55\x61", "little"), dtype="<i2")
    return np.hstack([head, counts]).astype("<i2").tobytes()
