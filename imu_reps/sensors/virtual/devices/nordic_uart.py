"""A sketch that sends lines of text over the Nordic UART service."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.virtual.device import CharacteristicSpec, DeviceClock, Feed, Packet, ServiceSpec
from imu_reps.sensors.virtual.devices.sampling import Oscillator, Ticks

_BASE = "-b5a3-f393-e0a9-e50e24dcca9e"
SERVICE = "6e400001" + _BASE
WRITE = "6e400002" + _BASE
NOTIFY = "6e400003" + _BASE
SEQ_WRAP = 1 << 16
CLOCK_WRAP = 1 << 32


class NordicUart:
    """A board with a sketch: it sends at its own rate as soon as somebody listens.

    Parameters
    ----------
    feed : Feed
        True readings at true instants.
    clock : DeviceClock, optional
    battery_percent : float
        Not told to anybody.
    name : str
    rate_hz : float
    wraps : bool
        Its number wraps at 65536 and its clock at 2^32 us; otherwise they go on for ever.
    """

    family = "nordic_uart"
    company_id: int | None = None
    service_uuids: tuple[str, ...] = (SERVICE,)
    services: tuple[ServiceSpec, ...] = (
        ServiceSpec(
            SERVICE,
            (
                CharacteristicSpec(WRITE, write=True, write_without_response=True),
                CharacteristicSpec(NOTIFY, notify=True),
            ),
        ),
    )

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = DeviceClock(),  # noqa: B008 - frozen
        battery_percent: float = 80.0,
        *,
        name: str = "Puck.js 1a2b",
        rate_hz: float = 50.0,
        wraps: bool = True,
    ) -> None:
        self.default_name = name
        self.battery_percent = battery_percent
        self._feed, self._rate_hz = feed, rate_hz
        self._seq_wrap, self._clock_wrap = (SEQ_WRAP, CLOCK_WRAP) if wraps else (1 << 62, 1 << 62)
        self._oscillator = Oscillator(clock)
        self._ticks = Ticks(0.0, rate_hz)
        self._listened = False

    def power_on(self, time_s: float) -> None:
        """Begin to count samples and time."""
        self._oscillator.power_on(time_s)
        self._ticks = Ticks(time_s, self._rate_hz * self._oscillator.speed)
        self._listened = False

    def link_lost(self) -> None:
        """It goes on sampling; nobody listens."""
        self._listened = False

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[Packet]:
        """Lines from now on."""
        if characteristic == NOTIFY:
            self._ticks.due(time_s)
            self._listened = on
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[Packet]:  # noqa: ARG002
        """Nothing is obeyed."""
        return []

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """Nothing can be read."""
        return b""

    def produce(self, until_s: float, max_notification: int) -> list[Packet]:
        """Lines of the samples taken by `until_s`, cut where a notification is full."""
        first = self._ticks.taken
        instants_s = self._ticks.due(until_s)
        if not self._listened or not len(instants_s):
            return []
        ticks_us = np.floor(self._oscillator.shows_s(instants_s) * 1e6).astype(np.int64)
        acc_mps2, gyr_dps = self._feed(instants_s)
        packets = []
        for i, time_s in enumerate(instants_s):
            seq, us = (first + i) % self._seq_wrap, int(ticks_us[i]) % self._clock_wrap
            line = encode_line(seq, us, acc_mps2[i], gyr_dps[i])
            packets += [
                Packet(float(time_s), NOTIFY, line[at : at + max_notification])
                for at in range(0, len(line), max_notification)
            ]
        return packets


def encode_line(seq: int, us: int, acc_mps2: FloatArray, gyr_dps: FloatArray) -> bytes:
    """One sample as text: acceleration to the mm/s2, angular rate to the hundredth of a deg/s."""
    readings = [f"{value:.3f}" for value in acc_mps2] + [f"{value:.2f}" for value in gyr_dps]
    return ",".join([str(seq), str(us), *readings]).encode() + b"\n"
