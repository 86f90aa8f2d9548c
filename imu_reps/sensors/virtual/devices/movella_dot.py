"""Firmware of a Movella DOT: one float sample per notification in mode 21, with its us clock."""

from __future__ import annotations

import struct

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.virtual.device import CharacteristicSpec, DeviceClock, Feed, Packet, ServiceSpec
from imu_reps.sensors.virtual.devices.sampling import Oscillator, Ticks


def _uuid(short: str) -> str:
    return f"1517{short}-4947-11e9-8646-d663bd873d93"


CONFIGURATION_SERVICE, INFO, CONTROL = _uuid("1000"), _uuid("1001"), _uuid("1002")
MEASUREMENT_SERVICE, MEASURE, MEDIUM = _uuid("2000"), _uuid("2001"), _uuid("2003")
BATTERY_SERVICE, BATTERY = _uuid("3000"), _uuid("3001")
MESSAGE_SERVICE, MESSAGE, ANSWER = _uuid("7000"), _uuid("7001"), _uuid("7002")

RATES_HZ = (1, 4, 10, 12, 15, 20, 30, 60)
FACTORY_RATE_HZ = 60
MODE = 21
PAYLOAD_BYTES = 40
ACC_RANGE_MPS2 = 16 * 9.80665
GYRO_RANGE_DPS = 2000.0
_APPLY_RATE = 0x10


class MovellaDot:
    """A tag that measures in mode 21 when it is told to.

    Parameters
    ----------
    feed : Feed
        True readings at true instants.
    clock : DeviceClock, optional
    battery_percent : float
    name : str
        Its tag.
    address : str
        Hardware address, as its device information has it.
    rate_hz : int
        As it was last set.
    """

    family = "movella_dot"
    company_id: int | None = 0x0886
    service_uuids: tuple[str, ...] = ()
    services: tuple[ServiceSpec, ...] = (
        ServiceSpec(
            CONFIGURATION_SERVICE,
            (CharacteristicSpec(INFO, read=True), CharacteristicSpec(CONTROL, read=True, write=True)),
        ),
        ServiceSpec(
            MEASUREMENT_SERVICE,
            (CharacteristicSpec(MEASURE, read=True, write=True), CharacteristicSpec(MEDIUM, notify=True)),
        ),
        ServiceSpec(BATTERY_SERVICE, (CharacteristicSpec(BATTERY, read=True, notify=True),)),
        ServiceSpec(
            MESSAGE_SERVICE,
            (CharacteristicSpec(MESSAGE, write=True), CharacteristicSpec(ANSWER, read=True)),
        ),
    )

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = DeviceClock(),  # noqa: B008 - frozen
        battery_percent: float = 80.0,
        *,
        name: str = "Xsens DOT",
        address: str = "D4:22:CD:00:12:34",
        rate_hz: int = FACTORY_RATE_HZ,
    ) -> None:
        self.default_name = name
        self._feed, self._battery, self._address = feed, battery_percent, address
        self._oscillator = Oscillator(clock)
        self._rate_hz = rate_hz
        self._subscribed = False
        self._ticks: Ticks | None = None
        self._answer = b""

    def power_on(self, time_s: float) -> None:
        """Begin with the clock at 0; the rate is kept."""
        self._oscillator.power_on(time_s)
        self.link_lost()

    def link_lost(self) -> None:
        """The measurement ends with the connection."""
        self._subscribed, self._ticks = False, None

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[Packet]:  # noqa: ARG002
        """Has to come before the start."""
        if characteristic == MEDIUM:
            self._subscribed = on
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[Packet]:
        """Start, stop, settings and messages."""
        if characteristic == MEASURE:
            self._measure(data, time_s)
        elif characteristic == CONTROL and len(data) == 32:
            rate_hz = int.from_bytes(data[24:26], "little")
            if data[0] & _APPLY_RATE and rate_hz in RATES_HZ and self._ticks is None:
                self._rate_hz = rate_hz
        elif characteristic == MESSAGE and sum(data) % 256 == 0 and data[:1] == b"\x02":
            self._answer = bytes.fromhex("02020300f9")
        return []

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """Device information, settings, state of the measurement, battery, answer to the last message."""
        values = {
            INFO: self._info(),
            CONTROL: self._control(),
            MEASURE: bytes([1, self._ticks is not None, MODE]),
            BATTERY: bytes([round(self._battery), 0]),
        }
        return values.get(characteristic, self._answer)

    def produce(self, until_s: float, max_notification: int) -> list[Packet]:
        """Samples taken by `until_s`, each its own notification, cut off if the link's packets are short."""
        if self._ticks is None:
            return []
        instants_s = self._ticks.due(until_s)
        if not len(instants_s):
            return []
        ticks_us = np.floor(self._oscillator.shows_s(instants_s) * 1e6).astype(np.int64) % 2**32
        payloads = encode_payloads(ticks_us, *self._feed(instants_s))
        return [
            Packet(float(time_s), MEDIUM, payload[:max_notification])
            for time_s, payload in zip(instants_s, payloads, strict=True)
        ]

    def _measure(self, data: bytes, time_s: float) -> None:
        if data == bytes([1, 1, MODE]) and self._subscribed:
            self._ticks = self._ticks or Ticks(time_s, self._rate_hz * self._oscillator.speed)
        elif data[:2] == b"\x01\x00":
            self._ticks = None

    def _info(self) -> bytes:
        address = bytes.fromhex(self._address.replace(":", ""))[::-1]
        return (address + bytes([2, 0, 0])).ljust(34, b"\0")

    def _control(self) -> bytes:
        tag = self.default_name.encode()[:16]
        head = bytes([0, 0, 2, 10, 0, 30, 0, len(tag)]) + tag.ljust(16, b"\0")
        return (head + struct.pack("<HB", self._rate_hz, 0)).ljust(32, b"\0")


def encode_payloads(ticks_us: np.ndarray, acc_mps2: FloatArray, gyr_dps: FloatArray) -> list[bytes]:
    """Mode 21: time, acceleration and angular rate as floats, padded with zeros."""
    acc = np.clip(acc_mps2, -ACC_RANGE_MPS2, ACC_RANGE_MPS2)
    gyr = np.clip(gyr_dps, -GYRO_RANGE_DPS, GYRO_RANGE_DPS)
    return [
        struct.pack("<I6f", int(tick), *a, *g).ljust(PAYLOAD_BYTES, b"\0")
        for tick, a, g in zip(ticks_us, acc, gyr, strict=True)
    ]
