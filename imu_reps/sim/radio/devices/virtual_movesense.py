"""Firmware of a Movesense sensor with the GATT sensor-data protocol."""

from __future__ import annotations

import re

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.wire import BATTERY_LEVEL
from imu_reps.sim.radio.device import CharacteristicSpec, DeviceClock, Feed, Sampling, SentPacket, ServiceSpec

SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
WRITE = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY = "34800002-7185-4d5d-b431-630e7050e8f0"
OTHER_SERVICE = "0000fdf3-0000-1000-8000-00805f9b34fb"
OTHER_WRITE = "6b200001-ff4e-4979-8186-fb7ba486fcd7"
OTHER_NOTIFY = "6b200002-ff4e-4979-8186-fb7ba486fcd7"
BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"

SERIAL = "174630000123"
RATES_HZ = (13, 26, 52, 104, 208)
SAMPLES_HZ_PER_PACKET = 13
PATH = re.compile(r"/Meas/IMU6/(\d+)\0?")
_HELLO, _SUBSCRIBE, _UNSUBSCRIBE, _GET = 0, 1, 2, 4
_RESULT, _DATA, _DATA_GOES_ON = 1, 2, 3
_OK, _NOT_FOUND, _NOT_IMPLEMENTED = 200, 404, 501


class Movesense:
    """A sensor that streams acceleration and angular rate on subscription.

    Parameters
    ----------
    feed : Feed
        Readings at true times.
    second_set : bool
        Whether to have the other service and characteristics, as newer firmware does.
    """

    family = "movesense"
    default_name = f"Movesense {SERIAL}"
    company_id: int | None = 0x009F
    service_uuids: tuple[str, ...] = ()

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = DeviceClock(),  # noqa: B008 - frozen
        battery_percent: float = 80.0,
        *,
        second_set: bool = False,
    ) -> None:
        self._feed, self._clock, self._battery = feed, clock, battery_percent
        self._write, self._notify = (OTHER_WRITE, OTHER_NOTIFY) if second_set else (WRITE, NOTIFY)
        own = (
            CharacteristicSpec(self._write, write=True, write_without_response=True),
            CharacteristicSpec(self._notify, notify=True),
        )
        battery = (CharacteristicSpec(BATTERY_LEVEL, read=True, notify=True),)
        self.services: tuple[ServiceSpec, ...] = (
            ServiceSpec(OTHER_SERVICE if second_set else SERVICE, own),
            ServiceSpec(BATTERY_SERVICE, battery),
        )
        self._shown_s = clock.start_s

    def power_on(self, time_s: float) -> None:
        """Start: the clock begins at its start time at first, at 0 after a reboot."""
        self._on_s = time_s
        self._shown_at_on_s, self._shown_s = self._shown_s, 0.0
        self._notifies = False
        self._rate_hz, self._reference = 0, 0

    def link_lost(self) -> None:
        """End subscriptions with the connection; the clock goes on."""
        self._notifies = False
        self._rate_hz = 0

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[SentPacket]:  # noqa: ARG002
        """Note that notifications are on; they alone do not start the stream."""
        if characteristic == self._notify:
            self._notifies = on
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[SentPacket]:
        """Answer a command."""
        if characteristic != self._write or len(data) < 2:
            return []
        answer = self._answer(data[0], data[1], data[2:].decode("ascii", errors="replace"), time_s)
        return (
            [SentPacket(time_s, self._notify, bytes((_RESULT, data[1])) + answer)] if self._notifies else []
        )

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """Return the battery level."""
        return bytes((round(self._battery),)) if characteristic == BATTERY_LEVEL else b""

    def produce(self, until_s: float, max_notification: int) -> list[SentPacket]:
        """Return notifications whose last sample was taken by `until_s`; long ones are split."""
        if not (self._rate_hz and self._notifies):
            return []
        batch = max(1, self._rate_hz // SAMPLES_HZ_PER_PACKET)
        instants_s = self._sampling.due(until_s, batch)
        if not len(instants_s):
            return []
        acc_mps2, gyr_dps = self._feed(instants_s)
        shown_s = self._shown_at_on_s + (instants_s - self._on_s) * (1.0 + self._clock.rate_error)
        times_ms = np.floor(shown_s * 1e3).astype(np.int64)
        packets = []
        for i in range(0, len(instants_s), batch):
            payload = encode_imu6(int(times_ms[i]), acc_mps2[i : i + batch], gyr_dps[i : i + batch])
            sent_s = float(instants_s[i + batch - 1])
            parts = notifications(self._reference, payload, max_notification)
            packets += [SentPacket(sent_s, self._notify, part) for part in parts]
        return packets

    def _answer(self, operation: int, reference: int, path: str, time_s: float) -> bytes:
        status, content = _NOT_IMPLEMENTED, b""
        if operation == _HELLO:
            texts = (SERIAL, "SensorMove4", "0C:8C:DC:00:01:23", "gatt_sensordata_app", "2.3.1")
            return b"\x01" + b"".join(text.encode("ascii") + b"\0" for text in texts)
        if operation == _SUBSCRIBE:
            status = self._subscribe(reference, path, time_s)
        elif operation == _UNSUBSCRIBE:
            status = _OK if self._rate_hz and reference == self._reference else _NOT_FOUND
            self._rate_hz = 0 if status == _OK else self._rate_hz
        elif operation == _GET:
            known = path.rstrip("\0") == "/System/Energy/Level"
            status, content = (_OK, bytes((round(self._battery),))) if known else (_NOT_FOUND, b"")
        return status.to_bytes(2, "little") + content

    def _subscribe(self, reference: int, path: str, time_s: float) -> int:
        match = PATH.fullmatch(path)
        if match is None or int(match[1]) not in RATES_HZ:
            return _NOT_FOUND
        self._rate_hz, self._reference = int(match[1]), reference
        self._sampling = Sampling(time_s, self._rate_hz * (1.0 + self._clock.rate_error))
        return _OK


def encode_imu6(time_ms: int, acc_mps2: FloatArray, gyr_dps: FloatArray) -> bytes:
    """Return the payload of a data packet: time of the first sample, all accelerations, all angular rates."""
    values = np.concatenate([acc_mps2, gyr_dps]).astype("<f4")
    return (time_ms % 2**32).to_bytes(4, "little") + values.tobytes()


def notifications(reference: int, payload: bytes, max_notification: int) -> list[bytes]:
    """Return the notifications of a payload, with type and reference, split to fit."""
    room = max_notification - 2
    return [
        bytes((_DATA if at == 0 else _DATA_GOES_ON, reference)) + payload[at : at + room]
        for at in range(0, len(payload), room)
    ]
