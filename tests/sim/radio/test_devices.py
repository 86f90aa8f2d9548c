"""Virtual WitMotion, Movesense and open-profile firmware: the decoder reads what the sensor measured."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.families import family
from imu_reps.sensors.families import witmotion as frames
from imu_reps.sensors.wire import Decoded, Facts, Family, Pause, Read, Subscribe, Write, join_samples
from imu_reps.sim.radio.device import Device, DeviceClock, SentPacket
from imu_reps.sim.radio.devices import virtual_movesense as firmware_m
from imu_reps.sim.radio.devices import virtual_witmotion as firmware_w
from imu_reps.sim.radio.devices.virtual_movesense import Movesense
from imu_reps.sim.radio.devices.virtual_open_profile import OpenProfile
from imu_reps.sim.radio.devices.virtual_witmotion import WitMotion

G = 9.80665
WRITE, NOTIFY = firmware_w.WRITE, firmware_w.NOTIFY


def feed(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return readings of a swinging leg, different at every time."""
    swing = np.sin(2 * np.pi * 0.5 * time_s)
    acc = np.column_stack([G * swing / 2, 0 * time_s, G * np.sqrt(1 - swing**2 / 4)])
    return acc, np.column_stack([0 * time_s, 90 * np.cos(2 * np.pi * 0.5 * time_s), 10 * swing])


class Listener:
    """A central without a radio: applies the steps of a family to a device and decodes its answers."""

    def __init__(self, device: Device, room: int = 244) -> None:
        self.device, self.room, self.now_s = device, room, 0.0
        self.family: Family = family(device.family)
        self.packets: list[SentPacket] = []
        self.parts: list[Decoded] = []
        self.offered = {spec.uuid for service in device.services for spec in service.characteristics}
        self.state: Any = None

    def uuid(self, characteristic: str | tuple[str, ...]) -> str:
        known = (characteristic,) if isinstance(characteristic, str) else characteristic
        return next(uuid for uuid in known if uuid in self.offered)

    def take(self, packets: list[SentPacket]) -> None:
        for packet in packets:
            assert packet.time_s <= self.now_s + 1e-9
            self.packets.append(packet)
            self.receive(packet.characteristic, packet.data)

    def receive(self, characteristic: str, data: bytes) -> None:
        self.state, decoded = self.family.decode(self.state, characteristic, data, self.now_s)
        self.parts.append(decoded)

    def wait(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.now_s = min(self.now_s + 0.03, end_s)
            packets = self.device.produce(self.now_s, self.room)
            assert all(len(packet.data) <= self.room for packet in packets)
            self.take(packets)

    def start(self, rate_hz: float, attempt: int = 0) -> None:
        self.state = self.family.begin(rate_hz) if self.state is None else self.state
        for step in self.family.start(rate_hz, attempt):
            match step:
                case Subscribe(characteristic):
                    self.take(self.device.subscribed(self.uuid(characteristic), True, self.now_s))
                case Write(characteristic, data):
                    self.take(self.device.written(self.uuid(characteristic), data, self.now_s))
                case Read(characteristic):
                    uuid = self.uuid(characteristic)
                    self.receive(uuid, self.device.read(uuid, self.now_s))
                case Pause(seconds):
                    self.wait(seconds)

    def decoded(self) -> Decoded:
        return Decoded(
            join_samples([part.samples for part in self.parts]),
            damaged=sum(part.damaged for part in self.parts),
            repeated=sum(part.repeated for part in self.parts),
            restarted=any(part.restarted for part in self.parts),
        )

    def reported(self, name: str) -> Any:
        values = [getattr(part.facts, name) for part in self.parts]
        return next((value for value in reversed(values) if value is not None), None)

    def rate_hz(self, seconds: float = 4.0) -> float:
        before = len(self.decoded().samples)
        self.wait(seconds)
        return (len(self.decoded().samples) - before) / seconds


def listener(device: Device, room: int = 244) -> Listener:
    device.power_on(0.0)
    return Listener(device, room)


DEVICES: list[tuple[Callable[..., Device], float]] = [
    (WitMotion, 100.0),
    (Movesense, 104.0),
    (OpenProfile, 100.0),
]


@pytest.mark.parametrize(("build", "rate_hz"), DEVICES)
@pytest.mark.parametrize("room", [20, 61, 182, 244])
def test_the_measured_values_are_decoded(build: Callable[..., Device], rate_hz: float, room: int) -> None:
    near = listener(build(feed, DeviceClock(rate_error=2e-3)), room)
    near.start(rate_hz)
    near.wait(3.0)

    samples, ends = near.decoded().samples, [packet.time_s for packet in near.packets[-1:]]
    last = len(samples) - 1
    n = round(2.0 * rate_hz)
    instants = ends[0] - (last - np.arange(last - n, last + 1)) / (rate_hz * 1.002)
    acc, gyr = feed(instants)

    # the resolution of the wire format: 1/2048 g, 1/16 deg/s
    assert np.abs(samples.acc_mps2[-n - 1 :] - acc).max() < 0.51 * G / 2048
    assert np.abs(samples.gyr_dps[-n - 1 :] - gyr).max() < 0.51 * 2000 / 32768
    assert np.diff(samples.number).tolist()[-n:] == [1] * n
    assert near.decoded().damaged == 0


@pytest.mark.parametrize(("build", "rate_hz"), DEVICES)
def test_it_reports_its_identity_and_battery(build: Callable[..., Device], rate_hz: float) -> None:
    near = listener(build(feed, battery_percent=50.0))
    near.start(rate_hz)

    assert near.reported("battery_percent") == 50.0
    assert near.reported("identity")
    assert near.reported("firmware")


@pytest.mark.parametrize(("build", "rate_hz"), [(Movesense, 104.0), (OpenProfile, 100.0)])
def test_its_clock_continues_over_a_lost_link_and_restarts_after_a_reboot(
    build: Callable[..., Device], rate_hz: float
) -> None:
    near = listener(build(feed, DeviceClock(start_s=400.0)))
    near.start(rate_hz)
    near.wait(2.0)
    near.device.link_lost()
    near.wait(5.0)
    assert near.packets[-1].time_s < 3.0, "nobody subscribes, nothing is sent"

    near.state = near.family.resume(near.state)
    near.start(rate_hz)
    near.wait(1.0)
    samples = near.decoded().samples
    gap = int(np.argmax(np.diff(samples.number)))
    assert not near.decoded().restarted
    assert samples.device_time_s[gap + 1] - samples.device_time_s[gap] > 4.9
    # a subscription begins anywhere within a packet: a quarter packet of eight
    away = np.diff(samples.device_time_s)[gap] * rate_hz
    assert np.diff(samples.number)[gap] == pytest.approx(away, abs=2.5)

    near.device.link_lost()
    near.device.power_on(near.now_s)
    near.wait(2.0)
    near.state = near.family.resume(near.state)
    near.start(rate_hz)
    near.wait(1.0)
    assert near.decoded().restarted
    assert near.decoded().samples.device_time_s[-1] < 4.0


def test_witmotion_sends_ten_samples_per_second_by_default() -> None:
    near = listener(WitMotion(feed, DeviceClock()))
    near.state = near.family.begin(100.0)
    near.device.subscribed(NOTIFY, True, 0.0)
    assert near.rate_hz() == pytest.approx(10.0, abs=0.5)

    near.device.written(WRITE, frames.set_rate_command(100.0), near.now_s)
    assert near.rate_hz() == pytest.approx(10.0, abs=0.5), "locked"

    near.device.written(WRITE, frames.UNLOCK_COMMAND, near.now_s)
    near.wait(11.0)
    near.device.written(WRITE, frames.set_rate_command(100.0), near.now_s)
    assert near.rate_hz() == pytest.approx(10.0, abs=0.5), "locked again after ten seconds"

    near.device.written(WRITE, frames.UNLOCK_COMMAND, near.now_s)
    near.device.written(WRITE, frames.set_rate_command(100.0), near.now_s)
    assert near.rate_hz() == pytest.approx(100.0, abs=1.0)


@pytest.mark.parametrize(("rate_hz", "frames_each"), [(50.0, 2), (100.0, 4), (200.0, 8)])
def test_witmotion_packs_several_frames_into_a_notification(rate_hz: float, frames_each: int) -> None:
    near = listener(WitMotion(feed))
    near.start(rate_hz)
    near.packets.clear()
    near.wait(2.0)

    assert {len(packet.data) for packet in near.packets} == {20 * frames_each}


def test_witmotion_is_slightly_slow_as_real_ones_are() -> None:
    near = listener(WitMotion(feed))
    near.start(100.0)

    assert near.rate_hz(20.0) == pytest.approx(99.3, abs=0.25)


def test_a_unit_that_uses_0a_for_200_hz_is_set_on_the_second_attempt() -> None:
    near = listener(WitMotion(feed, DeviceClock(), code_0a_is_200=True))
    near.start(200.0, 0)
    assert near.rate_hz() < 20.0
    near.start(200.0, 1)
    assert near.rate_hz() == pytest.approx(200.0, abs=3.0)

    usual = listener(WitMotion(feed, DeviceClock()))
    usual.start(200.0, 0)
    assert usual.rate_hz() == pytest.approx(200.0, abs=3.0)


def test_witmotion_forgets_unsaved_settings_at_power_off() -> None:
    near = listener(WitMotion(feed, DeviceClock()))
    near.start(100.0)
    near.device.power_on(near.now_s)
    near.device.subscribed(NOTIFY, True, near.now_s)
    assert near.rate_hz() == pytest.approx(10.0, abs=0.5)

    near.start(100.0)
    near.device.written(WRITE, frames.UNLOCK_COMMAND, near.now_s)
    near.device.written(WRITE, frames.command(0, 0), near.now_s)
    near.device.power_on(near.now_s)
    near.device.subscribed(NOTIFY, True, near.now_s)
    assert near.rate_hz() == pytest.approx(100.0, abs=1.0)


def test_witmotion_stops_sending_when_the_choice_of_outputs_is_changed() -> None:
    near = listener(WitMotion(feed))
    near.start(100.0)
    near.device.written(WRITE, frames.command(0x02, 0x1E), near.now_s)

    assert near.rate_hz() == 0.0


def test_an_unknown_battery_of_witmotion_is_not_an_empty_one() -> None:
    near = listener(WitMotion(feed, battery_percent=0.0))
    near.start(100.0)

    assert near.reported("battery_percent") is None
    assert near.reported("identity") == "FD:08:90:1A:11:47"


@pytest.mark.parametrize("rate_hz", [52.0, 104.0, 208.0])
def test_movesense_splits_packets_that_do_not_fit(rate_hz: float) -> None:
    near = listener(Movesense(feed), room=120)
    near.start(rate_hz)
    near.packets.clear()
    near.wait(1.0)

    kinds = {packet.data[0] for packet in near.packets}
    assert kinds == ({2} if rate_hz == 52.0 else {2, 3})
    assert near.decoded().damaged == 0
    assert len(near.decoded().samples) >= 0.9 * rate_hz


def test_movesense_streams_the_same_with_the_second_set_of_characteristics() -> None:
    near = listener(Movesense(feed, second_set=True))
    near.start(104.0)
    assert near.rate_hz() == pytest.approx(104.0, abs=2.5)

    for step in near.family.stop:
        assert isinstance(step, Write)
        near.device.written(near.uuid(step.characteristic), step.data, near.now_s)
    assert near.rate_hz() == 0.0


def test_movesense_answers_unknown_requests_with_404() -> None:
    near = listener(Movesense(feed))
    near.state = near.family.begin(104.0)
    near.device.subscribed(firmware_m.NOTIFY, True, 0.0)
    near.take(near.device.written(firmware_m.WRITE, b"\x01\x63/Meas/IMU6/100", 0.0))

    assert near.parts[-1].facts.refused is not None
    assert "firmware" in near.parts[-1].facts.refused


@pytest.fixture(scope="module")
def golden() -> list[dict[str, Any]]:
    default = Path(__file__).parents[4] / "shared" / "design"
    folder = Path(os.environ.get("IMU_REPS_DESIGN") or default)
    if not folder.is_dir():
        pytest.skip(f"no design notes in {folder}: set IMU_REPS_DESIGN to their folder")
    items: list[dict[str, Any]] = json.loads((folder / "golden-packets.json").read_text(encoding="utf-8"))
    return items


def test_the_firmware_builds_golden_witmotion_frames_byte_for_byte(golden: list[dict[str, Any]]) -> None:
    captured = [item for item in golden if item["id"].startswith(("wit-100hz", "wit-iobroker", "wit-blog"))]
    assert captured
    for item in captured:
        rows = np.array([frame["raw"] for frame in item["decoded"]["frames"]], dtype=float)
        built = firmware_w.encode_frames(
            rows[:, :3] / 2048 * G, rows[:, 3:6] / 32768 * 2000, rows[:, 6:] / 32768 * 180
        )
        assert built.hex() == item["hex"]


def test_the_firmware_builds_the_golden_register_reply_byte_for_byte(golden: list[dict[str, Any]]) -> None:
    reply = next(item for item in golden if item["id"] == "wit-reg-battery")
    device = WitMotion(feed, battery_percent=100.0)
    device.power_on(0.0)

    built, expected = device.register_reply(0x64), bytes.fromhex(reply["hex"])
    assert built[:2] == expected[:2]
    # 3.96 V is where full begins, the captured one had 3.97; the last register is not modelled
    assert built[6:18] == expected[6:18]


def test_the_firmware_builds_golden_movesense_packets_byte_for_byte(golden: list[dict[str, Any]]) -> None:
    items = {item["id"]: item for item in golden}
    values = items["movesense-meas-imu6-52"]["decoded"]
    payload = firmware_m.encode_imu6(
        values["timestamp_ms"], np.array(values["acc_mps2"]), np.array(values["gyr_dps"])
    )
    captured = bytes.fromhex(items["movesense-meas-imu6-52"]["hex"])[2:]

    # printed to 7 decimals: the last bit of a float32 may differ
    np.testing.assert_allclose(
        np.frombuffer(payload[4:], "<f4"), np.frombuffer(captured[4:], "<f4"), rtol=2e-7
    )
    assert payload[:4] == captured[:4]
    whole = bytes.fromhex("0763") + captured
    parts = items["movesense-imu6-part2"]["chunks"]
    assert [part.hex() for part in firmware_m.notifications(7, whole[2:], len(parts[0]) // 2)] == parts
    assert firmware_m.notifications(0x63, captured, 244)[0].hex() == items["movesense-meas-imu6-52"]["hex"]


def test_facts_are_sent_only_on_request() -> None:
    near = listener(WitMotion(feed))
    near.state = near.family.begin(100.0)
    near.device.subscribed(NOTIFY, True, 0.0)
    near.wait(2.0)

    assert {part.facts for part in near.parts} == {Facts()}
