"""Firmware of a sensor with the open profile, version 1 (`firmware_notes/open-profile.md`)."""

from __future__ import annotations

import struct

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, BoolArray, FloatArray, IntArray
from imu_reps.sensors.wire import BATTERY_LEVEL
from imu_reps.sim.radio.device import (
    CharacteristicSpec,
    DeviceClock,
    Feed,
    RefusedError,
    SentPacket,
    ServiceSpec,
)

_BASE = "-b277-4069-b9f6-a8d937c46c72"
SERVICE = "ba1a0001" + _BASE
STREAM = "ba1a0002" + _BASE
INFO = "ba1a0003" + _BASE
CONTROL = "ba1a0004" + _BASE
_BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"

_VERSION, _SIMULATED = 1, 240
_ACC_RANGE_G, _GYRO_RANGE_DPS = 8, 1000
_FULL_SCALE = 32768
_RATES_HZ = (50, 100, 200)
_FIRST_RATE_HZ = 100
_PACKETS_PER_S = 20
_MAX_SAMPLES = 19
_HEADER = struct.Struct("<HIBB")
_SAMPLE_BYTES = 12
_SATURATED, _BATTERY_LOW = 1, 4
_LOW_PERCENT = 15.0

_START, _STOP, _RATE, _IDENTIFY, _HOST_TIME = 1, 2, 3, 4, 5
_LENGTHS = {_START: 1, _STOP: 1, _RATE: 3, _IDENTIFY: 1, _HOST_TIME: 9}
_WRONG_LENGTH, _NOT_ALLOWED, _UNKNOWN = 0x0D, 0x13, 0x80
#: Times that differ by less are the same, which allows for rounding.
_ROUNDING_S = 1e-9


class OpenProfile:
    """A board with the project's firmware; clock and sampling run from power-on, on one oscillator.

    Parameters
    ----------
    feed : Feed
        Readings at true times.
    name : str, optional
        Name in its info, and the default of its advertised name.

    Attributes
    ----------
    identified : int
        Number of requests to blink its LED.
    """

    family = "open_profile"
    company_id: int | None = None
    service_uuids: tuple[str, ...] = (SERVICE,)
    services: tuple[ServiceSpec, ...] = (
        ServiceSpec(
            SERVICE,
            (
                CharacteristicSpec(STREAM, notify=True),
                CharacteristicSpec(INFO, read=True),
                CharacteristicSpec(CONTROL, read=True, write=True),
            ),
        ),
        ServiceSpec(_BATTERY_SERVICE, (CharacteristicSpec(BATTERY_LEVEL, read=True),)),
    )

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = DeviceClock(),  # noqa: B008 - frozen
        battery_percent: float = 80.0,
        *,
        name: str = "IMUREPS-P1A2B",
    ) -> None:
        self.default_name = name
        self.identified = 0
        self._feed, self._clock, self._battery_percent = feed, clock, battery_percent
        self._pace = 1.0 + clock.rate_error
        self._shown_next_s = clock.start_s
        self._streaming = False

    def power_on(self, time_s: float) -> None:
        """Start: the clock begins at its start time at first, at 0 after a reboot."""
        self._on_s = time_s
        self._shown_s, self._shown_next_s = self._shown_next_s, 0.0
        self._rate_hz = _FIRST_RATE_HZ
        self._streaming = False
        self._seq = 0
        self._last_seq: int | None = None
        self._last_began_s = 0.0
        self._host_time = b""

    def link_lost(self) -> None:
        """Stop streaming with the connection; rate, clock, packet number and host time are kept."""
        self._streaming = False

    def _stop(self, time_s: float) -> None:
        """Stop sampling: the incomplete packet is dropped, and its number stays used."""
        if self._streaming and self._count is not None and time_s >= self._first_s:
            packet_s = self._count / (self._rate_hz * self._pace)
            started = int((time_s - self._first_s + _ROUNDING_S) / packet_s)
            self._last_seq = (self._first_seq + started) % 2**16
            self._last_began_s = self._first_s + started * packet_s
        self._streaming = False

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[SentPacket]:
        """Stop the stream if notifications are switched off; switching them on does not start it."""
        if characteristic == STREAM and not on:
            self._stop(time_s)
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[SentPacket]:  # noqa: ARG002
        """Execute a control command, or refuse it."""
        if not data or data[0] not in _LENGTHS:
            raise RefusedError(_UNKNOWN)
        if len(data) != _LENGTHS[data[0]]:
            raise RefusedError(_WRONG_LENGTH)
        match data[0]:
            case 1:
                self._start(time_s)
            case 2:
                self._stop(time_s)
            case 3:
                self._set_rate(int.from_bytes(data[1:], "little"), time_s)
            case 4:
                self.identified += 1
            case _:
                self._host_time = data + struct.pack("<I", self._tick_us(time_s))
        return []

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """Return the info, the battery level, or the last exchange of times."""
        if characteristic == BATTERY_LEVEL:
            return bytes([round(self._battery_percent)])
        if characteristic == CONTROL:
            return self._host_time
        fields = (_VERSION, self._rate_hz, _ACC_RANGE_G, _GYRO_RANGE_DPS, _SIMULATED)
        return struct.pack("<BHBHB", *fields) + self.default_name.encode()

    def produce(self, until_s: float, max_notification: int) -> list[SentPacket]:
        """Return packets whose last sample was taken by `until_s`."""
        if not self._streaming:
            return []
        if self._count is None:
            self._begin(max_notification)
        rate_hz, count = self._rate_hz * self._pace, self._count or 1
        taken = int((until_s - self._first_s + _ROUNDING_S) * rate_hz) + 1
        packets = (taken - self._sent) // count
        if until_s < self._first_s or packets <= 0:
            return []
        instants_s = self._first_s + (self._sent + np.arange(packets * count)) / rate_hz
        self._sent += packets * count
        raw, saturated = _quantised(*self._feed(instants_s))
        return [self._packet(instants_s[k : k + count], raw[k : k + count], saturated[k : k + count])
                for k in range(0, len(raw), count)]  # fmt: skip

    def _packet(self, instants_s: FloatArray, raw: IntArray, saturated: BoolArray) -> SentPacket:
        began_s, ended_s = float(instants_s[0]), float(instants_s[-1])
        seq = self._seq
        self._seq = (seq + 1) % 2**16
        self._last_seq, self._last_began_s = seq, began_s
        flags = _SATURATED * bool(saturated.any()) | _BATTERY_LOW * (self._battery_percent < _LOW_PERCENT)
        header = _HEADER.pack(seq, self._tick_us(began_s), len(raw), flags)
        return SentPacket(ended_s, STREAM, header + raw.tobytes())

    def _start(self, time_s: float) -> None:
        if not self._streaming:
            # sampling runs from power-on, so the stream begins with its next tick
            rate_hz = self._rate_hz * self._pace
            self._first_s = self._on_s + float(np.ceil((time_s - self._on_s) * rate_hz)) / rate_hz
            self._count: int | None = None
            self._streaming = True

    def _begin(self, max_notification: int) -> None:
        """Determine the samples per packet of this stream, and the packet number after the pause."""
        fitting = min((max_notification - _HEADER.size) // _SAMPLE_BYTES, _MAX_SAMPLES)
        count = max(1, min(self._rate_hz // _PACKETS_PER_S, fitting))
        packets = (self._first_s - self._last_began_s) * self._rate_hz * self._pace / count
        self._seq = 0 if self._last_seq is None else (self._last_seq + max(1, round(packets))) % 2**16
        self._first_seq, self._count, self._sent = self._seq, count, 0

    def _set_rate(self, requested_hz: int, time_s: float) -> None:
        if requested_hz == 0:
            raise RefusedError(_NOT_ALLOWED)
        streaming = self._streaming
        self._stop(time_s)
        self._rate_hz = min(reversed(_RATES_HZ), key=lambda rate_hz: abs(rate_hz - requested_hz))
        if streaming:
            self._start(time_s)

    def _tick_us(self, time_s: float) -> int:
        return int((self._shown_s + (time_s - self._on_s) * self._pace) * 1e6) % 2**32


def _quantised(acc_mps2: FloatArray, gyr_dps: FloatArray) -> tuple[IntArray, BoolArray]:
    """Return little-endian 16-bit counts, (n, 6), and which samples reach the end of the scale, (n,)."""
    per_count = np.repeat([_ACC_RANGE_G * STANDARD_GRAVITY_MPS2, _GYRO_RANGE_DPS], 3) / _FULL_SCALE
    exact = np.round(np.hstack([acc_mps2, gyr_dps]) / per_count)
    raw = np.clip(exact, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    return raw, np.asarray((np.abs(exact) >= _FULL_SCALE - 1).any(axis=1))
