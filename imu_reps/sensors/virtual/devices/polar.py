"""Firmware of a Polar Verity Sense: two streams of delta coded frames behind one control point."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.sensors.virtual.device import CharacteristicSpec, DeviceClock, Feed, Packet, ServiceSpec
from imu_reps.sensors.virtual.devices.polar_encoder import encode_fitting, encode_header
from imu_reps.sensors.virtual.devices.sampling import Oscillator, Ticks
from imu_reps.sensors.wire import BATTERY_LEVEL

_BASE = "-02e7-f387-1cad-8acd2d8df0c8"
SERVICE = "fb005c80" + _BASE
CONTROL = "fb005c81" + _BASE
DATA = "fb005c82" + _BASE
_BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"

GRAVITY_MPS2 = 9.80665
RATE_HZ = 52
ACC, GYRO = 2, 5
ACC_FACTOR = 0.000244
GYRO_FACTOR = 2000 / 32768
FEATURES = bytes.fromhex("0f6e02").ljust(16, b"\0")
SETTINGS = {
    ACC: bytes.fromhex("000134000101100002010800040103"),
    GYRO: bytes.fromhex("00013400010110000204f500f401e803d007040103"),
}
#: After power-on the clock shows 2019-01-01, in seconds since 2000-01-01.
FIRST_DATE_S = 6940 * 86400
LONGEST_FRAME = 232
_GOOD, _NOT_SUPPORTED, _IN_STATE, _BAD_RATE, _IN_CHARGER = 0, 3, 6, 8, 13
_ASK, _START, _STOP = 1, 2, 3


@dataclass(slots=True)
class _Stream:
    """A running stream: its instants, and the samples that do not fill a frame yet."""

    ticks: Ticks
    times_s: FloatArray = field(default_factory=lambda: np.zeros(0))
    counts: IntArray = field(default_factory=lambda: np.zeros((0, 3), np.int64))


class Polar:
    """A sensor as it is worn: it streams when told to, and goes on when the link is lost.

    Parameters
    ----------
    feed : Feed
        True readings at true instants.
    clock : DeviceClock, optional
    battery_percent : float
    name : str
    new_firmware : bool
        Accelerometer in mg and gyroscope as floats; otherwise counts, with factors in the replies.
    in_charger : bool
        It then refuses to stream.
    """

    family = "polar"
    company_id: int | None = 0x006B
    service_uuids: tuple[str, ...] = ()
    services: tuple[ServiceSpec, ...] = (
        ServiceSpec(
            SERVICE,
            (
                CharacteristicSpec(CONTROL, read=True, write=True, indicate=True, value=FEATURES),
                CharacteristicSpec(DATA, notify=True),
            ),
        ),
        ServiceSpec(_BATTERY_SERVICE, (CharacteristicSpec(BATTERY_LEVEL, read=True, notify=True),)),
    )

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = DeviceClock(),  # noqa: B008 - frozen
        battery_percent: float = 80.0,
        *,
        name: str = "Polar Sense 7C5A1B2D",
        new_firmware: bool = True,
        in_charger: bool = False,
    ) -> None:
        self.default_name = name
        self._feed, self._battery = feed, battery_percent
        self._new, self._in_charger = new_firmware, in_charger
        self._oscillator = Oscillator(clock)
        self._streams: dict[int, _Stream] = {}
        self._subscribed = False

    def power_on(self, time_s: float) -> None:
        """Begin with the clock at its first date."""
        self._oscillator.power_on(time_s)
        self._streams = {}
        self._subscribed = False

    def link_lost(self) -> None:
        """Streams that were not stopped go on; nobody hears them."""
        self._subscribed = False

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[Packet]:  # noqa: ARG002
        """Nothing is answered."""
        if characteristic == DATA:
            self._subscribed = on
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[Packet]:
        """Obey and answer a command of the control point."""
        if characteristic != CONTROL or len(data) < 2:
            return []
        command, measurement = data[:2]
        status, parameters = self._obey(command, measurement, data[2:], time_s)
        more = b"\0" if status == _GOOD else b""
        reply = bytes([0xF0, command, measurement, status]) + more + parameters
        return [Packet(time_s, CONTROL, reply)]

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """What it can measure, or the battery."""
        return bytes([round(self._battery)]) if characteristic == BATTERY_LEVEL else FEATURES

    def produce(self, until_s: float, max_notification: int) -> list[Packet]:
        """Frames that were full by `until_s`; a frame leaves when the next samples do not fit into it."""
        packets: list[Packet] = []
        for measurement, stream in self._streams.items():
            more = self._sample(measurement, stream, until_s)
            if not self._subscribed:
                stream.times_s, stream.counts = stream.times_s[:0], stream.counts[:0]
            elif more:
                packets += self._frames(measurement, stream, min(max_notification, LONGEST_FRAME))
        return sorted(packets, key=lambda packet: packet.time_s)

    def _obey(self, command: int, measurement: int, settings: bytes, time_s: float) -> tuple[int, bytes]:
        if measurement not in SETTINGS:
            return _NOT_SUPPORTED, b""
        if command == _ASK:
            return _GOOD, SETTINGS[measurement]
        if command == _START:
            return self._start(measurement, settings, time_s)
        if command == _STOP:
            return (_IN_STATE if self._streams.pop(measurement, None) is None else _GOOD), b""
        return _NOT_SUPPORTED, b""

    def _start(self, measurement: int, settings: bytes, time_s: float) -> tuple[int, bytes]:
        if self._in_charger:
            return _IN_CHARGER, b""
        if measurement in self._streams:
            return _IN_STATE, b""
        if struct.pack("<BBH", 0, 1, RATE_HZ) not in settings:
            return _BAD_RATE, b""
        self._streams[measurement] = _Stream(Ticks(time_s, RATE_HZ * self._oscillator.speed))
        factor = ACC_FACTOR if measurement == ACC else GYRO_FACTOR
        return _GOOD, b"" if self._new else struct.pack("<BBf", 5, 1, factor)

    def _sample(self, measurement: int, stream: _Stream, until_s: float) -> bool:
        """Take the samples due; whether there were any."""
        times_s = stream.ticks.due(until_s)
        if len(times_s):
            acc_mps2, gyr_dps = self._feed(times_s)
            counts = self.counts(measurement, acc_mps2 if measurement == ACC else gyr_dps)
            stream.times_s = np.concatenate([stream.times_s, times_s])
            stream.counts = np.concatenate([stream.counts, counts])
        return bool(len(times_s))

    def counts(self, measurement: int, readings: FloatArray) -> IntArray:
        """The integers a frame is made of: counts, mg, or the images of floats."""
        if measurement == GYRO and self._new:
            return readings.astype(np.float32).view(np.int32).astype(np.int64)
        if measurement == GYRO:
            exact = readings / GYRO_FACTOR
        else:
            exact = readings / GRAVITY_MPS2 / (1e-3 if self._new else ACC_FACTOR)
        return np.clip(np.round(exact), -32768, 32767).astype(np.int64)

    def _frames(self, measurement: int, stream: _Stream, longest: int) -> list[Packet]:
        kind = 0x81 if self._new else 0x80
        width = 4 if measurement == GYRO and self._new else 2
        packets = []
        while (fitting := encode_fitting(stream.counts, width, longest)) is not None:
            content, used, known = fitting
            shown_s = float(self._oscillator.shows_s(stream.times_s[used - 1 : used])[0])
            header = encode_header(measurement, FIRST_DATE_S * 10**9 + round(shown_s * 1e9), kind)
            packets.append(Packet(float(stream.times_s[known - 1]), DATA, header + content))
            stream.times_s, stream.counts = stream.times_s[used:], stream.counts[used:]
        return packets
