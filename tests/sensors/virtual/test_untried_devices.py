"""Virtual Polar, DOT, MetaMotion, Thingy and text boards: what they send is what was fed to them."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SensorPlace
from imu_reps.sensors.ble import Radio
from imu_reps.sensors.families import family
from imu_reps.sensors.stream_items import SensorStatus, Wanted
from imu_reps.sensors.streams import Streams
from imu_reps.sensors.virtual.air import Air
from imu_reps.sensors.virtual.device import Device, DeviceClock, Packet
from imu_reps.sensors.virtual.devices import DEVICES, metamotion, movella_dot, polar, thingy
from imu_reps.sensors.virtual.devices import polar_encoder as encoder
from imu_reps.sensors.virtual.fast_loop import run
from imu_reps.sensors.virtual.sensor import VirtualSensor
from imu_reps.sensors.wire import Decoded, Facts, Pause, Read, Samples, Step, Subscribe, Write, join_samples

G = 9.80665
NAMES = ("polar", "movella_dot", "metamotion", "thingy", "nordic_uart")
#: Half a count of acceleration (m/s2) and angular rate (deg/s); Polar's rate lies on a straight line between
#: samples, which a sine of half a hertz leaves by an eighth of its curvature.
HALF_COUNT = {
    "polar": (0.0005 * G, 150 * (np.pi / 52) ** 2 / 8),
    "movella_dot": (1e-6, 1e-5),
    "metamotion": (0.5 / 2048 * G, 0.5 / 32.8),
    "thingy": (0.5 / 1024 * G, 0.5 / 32),
    "nordic_uart": (0.0005, 0.005),
}
#: How well the instants are known, s: clocks in whole us, and MetaMotion's gyroscope starts 30 ms after its
#: accelerometer, which is three samples but for its clock's error.
TIMING_S = {"metamotion": 6e-5}
WHOLE_US_S = 1e-6
#: How fast the readings change, per s.
STEEPEST = (6.0 * np.pi, 150.0 * np.pi)
DESIGN = Path(os.environ.get("IMU_REPS_DESIGN") or Path(__file__).parents[4] / "shared" / "design")


def feed(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A sensor swung at half a hertz, about all axes."""
    phase = np.pi * time_s[:, None] + np.array([0.0, 0.7, 1.9])
    return 6.0 * np.sin(phase) + np.array([0.0, 0.0, G]), 150.0 * np.cos(phase)


@dataclass
class Hand:
    """Carries packets between a device and its family's decoder, as a faultless link would."""

    device: Device
    now_s: float = 0.0
    longest: int = 244

    def __post_init__(self) -> None:
        self.family = family(self.device.family)
        self.known = {c.uuid for service in self.device.services for c in service.characteristics}
        self.packets: list[Packet] = []

    def take(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            self.packets += self.device.produce(self.now_s, self.longest)
            self.packets += self._taken(step)
            self.now_s += step.seconds if isinstance(step, Pause) else 0.03

    def _taken(self, step: Step) -> list[Packet]:
        if isinstance(step, Pause):
            return []
        uuid = str(step.characteristic)
        if uuid not in self.known:
            assert getattr(step, "optional", False), uuid
            return []
        if isinstance(step, Subscribe):
            return self.device.subscribed(uuid, True, self.now_s)
        if isinstance(step, Write):
            return self.device.written(uuid, step.data, self.now_s)
        assert isinstance(step, Read)
        return [Packet(self.now_s, uuid, self.device.read(uuid, self.now_s))]

    def stream(self, seconds: float, every_s: float = 0.05) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(self.now_s + every_s, end_s)
            self.packets += self.device.produce(self.now_s, self.longest)

    def decoded(self, state: Any, lag_s: float = 0.0) -> tuple[Any, list[Decoded], FloatArray]:
        """Everything so far, and when each sample's packet arrived."""
        parts, arrivals = [], []
        for packet in self.packets:
            state, part = self.family.decode(state, packet.characteristic, packet.data, packet.time_s + lag_s)
            parts.append(part)
            arrivals += [packet.time_s] * len(part.samples)
        self.packets = []
        return state, parts, np.array(arrivals)


def streaming(device: Device, rate_hz: float, attempt: int = 0, longest: int = 244) -> Hand:
    hand = Hand(device, longest=longest)
    device.power_on(0.0)
    hand.take(hand.family.start(rate_hz, attempt))
    return hand


def samples_of(parts: list[Decoded]) -> Samples:
    return join_samples([part.samples for part in parts])


def said(parts: list[Decoded], name: str) -> Any:
    return next((getattr(p.facts, name) for p in parts if getattr(p.facts, name) is not None), None)


def true_instants(name: str, samples: Samples, arrivals: FloatArray, clock: DeviceClock) -> FloatArray:
    """When the samples were taken, by the device's clock, or by their packets where it has none."""
    if not np.isnan(samples.device_time_s).any():
        since = {"polar": polar.FIRST_DATE_S}.get(name, 0)
        return (samples.device_time_s - since - clock.start_s) / (1 + clock.rate_error)
    if name == "thingy":
        return arrivals
    period_s = 0.01 / (1 + clock.rate_error)
    return arrivals - np.tile([2, 1, 0], len(arrivals) // 3) * period_s


@pytest.mark.parametrize(
    ("name", "longest"), [*((name, 244) for name in NAMES), *((name, 20) for name in NAMES[2:])]
)
def test_what_is_read_is_what_was_fed(name: str, longest: int) -> None:
    clock = DeviceClock(rate_error=2e-3, start_s=100.0)
    rate_hz = {"polar": 52.0, "movella_dot": 60.0, "nordic_uart": 50.0}.get(name, 100.0)
    hand = streaming(DEVICES[name](feed, clock=clock, battery_percent=64.0), rate_hz, longest=longest)
    hand.stream(20.0)

    _, parts, arrivals = hand.decoded(hand.family.begin(rate_hz))

    samples = samples_of(parts)
    instants_s = true_instants(name, samples, arrivals, clock)
    acc_mps2, gyr_dps = feed(instants_s)
    timing_s = TIMING_S.get(name, WHOLE_US_S)
    acc_within, gyr_within = (
        half + slope * timing_s for half, slope in zip(HALF_COUNT[name], STEEPEST, strict=True)
    )
    np.testing.assert_allclose(samples.acc_mps2, acc_mps2, rtol=0, atol=acc_within)
    np.testing.assert_allclose(samples.gyr_dps, gyr_dps, rtol=0, atol=gyr_within)
    assert np.diff(samples.number).tolist() == [1] * (len(samples) - 1)
    span_s = instants_s[-1] - instants_s[0]
    assert (len(samples) - 1) / span_s == pytest.approx(rate_hz * 1.002, rel=2e-4)
    assert sum(part.damaged + part.repeated for part in parts) == 0
    assert said(parts, "refused") is None
    if name != "nordic_uart":
        assert said(parts, "battery_percent") == 64.0


@pytest.mark.parametrize("name", NAMES)
def test_how_often_it_is_asked_changes_nothing_it_sends(name: str) -> None:
    sent = []
    for every_s in (0.004, 0.31):
        hand = streaming(DEVICES[name](feed), family(name).rates_hz[0])
        hand.packets = []
        hand.stream(6.2, every_s)
        sent.append([(p.characteristic, p.data) for p in hand.packets])

    assert sent[0] == sent[1]
    assert len(sent[0]) > 2


@pytest.mark.parametrize("name", NAMES)
def test_packets_leave_in_order_and_fit_the_link(name: str) -> None:
    hand = streaming(DEVICES[name](feed), family(name).rates_hz[-1], longest=120)
    hand.packets = []
    hand.stream(10.0)

    times_s = [packet.time_s for packet in hand.packets]

    assert times_s == sorted(times_s)
    assert max(len(packet.data) for packet in hand.packets) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_after_stop_or_a_lost_link_nothing_is_sent(name: str) -> None:
    device = DEVICES[name](feed)
    hand = streaming(device, family(name).rates_hz[0])
    hand.stream(3.0)

    device.link_lost()

    assert device.produce(hand.now_s + 5.0, 244) == []


@pytest.mark.parametrize("name", NAMES)
def test_it_streams_again_after_the_link_was_lost(name: str) -> None:
    rate_hz = family(name).rates_hz[0]
    device = DEVICES[name](feed)
    hand = streaming(device, rate_hz)
    hand.stream(8.0)
    state, before, _ = hand.decoded(hand.family.begin(rate_hz))

    device.link_lost()
    hand.now_s += 10.0
    hand.take(hand.family.start(rate_hz, 0))
    hand.stream(8.0)
    _, after, _ = hand.decoded(hand.family.resume(state))

    first, second = samples_of(before), samples_of(after)
    assert not any(part.restarted for part in after)
    assert said(after, "refused") is None
    assert len(second) > 4 * rate_hz * 0.9
    if hand.family.counter == "device":
        passed_s = second.device_time_s[0] - first.device_time_s[-1]
        assert second.number[0] - first.number[-1] == pytest.approx(
            passed_s * {"polar": 52.0, "nordic_uart": 50.0}.get(name, rate_hz), abs=1
        )
    else:
        assert second.number[0] == first.number[-1] + 1


@pytest.mark.parametrize("name", ["polar", "movella_dot", "nordic_uart"])
def test_a_reboot_is_noticed(name: str) -> None:
    rate_hz = family(name).rates_hz[-1]
    device = DEVICES[name](feed, clock=DeviceClock(start_s=500.0))
    hand = streaming(device, rate_hz)
    hand.stream(8.0)
    state, _, _ = hand.decoded(hand.family.begin(rate_hz))

    device.link_lost()
    hand.now_s += 5.0
    device.power_on(hand.now_s)
    hand.take(hand.family.start(rate_hz, 0))
    hand.stream(10.0)
    _, after, _ = hand.decoded(hand.family.resume(state))

    assert sum(part.restarted for part in after) == 1
    begun = next(i for i, part in enumerate(after) if part.restarted)
    assert all(not len(part.samples) for part in after[:begun])
    since_s = {"polar": polar.FIRST_DATE_S}.get(name, 0)
    assert samples_of(after).device_time_s[-1] - since_s == pytest.approx(10, abs=4)


def test_the_clock_of_a_tag_wraps_unseen() -> None:
    device = DEVICES["movella_dot"](feed, clock=DeviceClock(start_s=2**32 / 1e6 - 3.0))
    hand = streaming(device, 60.0)
    hand.stream(6.0)

    _, parts, _ = hand.decoded(hand.family.begin(60.0))

    samples = samples_of(parts)
    assert np.diff(samples.number).tolist() == [1] * (len(samples) - 1)
    np.testing.assert_allclose(np.diff(samples.device_time_s), 1 / 60, atol=2e-6)


def test_a_tag_started_before_it_is_listened_to_stays_silent() -> None:
    device = DEVICES["movella_dot"](feed)
    device.power_on(0.0)
    device.written(movella_dot.MEASURE, bytes([1, 1, 21]), 0.1)
    device.subscribed(movella_dot.MEDIUM, True, 0.2)

    assert device.produce(5.0, 244) == []


@pytest.mark.parametrize(("chip", "attempt"), [("bmi160", 1), ("bmi270", 0)])
def test_the_wrong_attempt_brings_nothing_and_the_next_one_does(chip: str, attempt: int) -> None:
    hand = streaming(DEVICES["metamotion"](feed, chip=chip), 100.0, attempt)
    hand.stream(2.0)
    state, parts, _ = hand.decoded(hand.family.begin(100.0))
    assert not len(samples_of(parts))

    hand.take(hand.family.start(100.0, attempt + 1))
    hand.stream(2.0)
    _, parts, _ = hand.decoded(state)

    assert len(samples_of(parts)) > 150


@pytest.mark.parametrize("new_firmware", [True, False])
def test_either_firmware_of_the_polar_is_read(new_firmware: bool) -> None:
    hand = streaming(DEVICES["polar"](feed, new_firmware=new_firmware), 52.0)
    hand.stream(20.0)

    _, parts, _ = hand.decoded(hand.family.begin(52.0))

    samples = samples_of(parts)
    acc_mps2, gyr_dps = feed(samples.device_time_s - polar.FIRST_DATE_S)
    assert len(samples) > 800
    np.testing.assert_allclose(samples.acc_mps2, acc_mps2, atol=0.005)
    np.testing.assert_allclose(samples.gyr_dps, gyr_dps, atol=0.4)


def test_a_still_polar_fills_its_frames_for_more_than_a_second() -> None:
    def still(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.tile([0.0, 0.0, G], (len(time_s), 1)), np.zeros((len(time_s), 3))

    hand = streaming(DEVICES["polar"](still), 52.0)
    hand.packets = []
    hand.stream(12.0)

    frames = [packet for packet in hand.packets if packet.data[0] == polar.ACC]
    assert 1.0 < np.diff([packet.time_s for packet in frames]).max() < 3.0


def test_a_polar_in_its_charger_says_so() -> None:
    hand = streaming(DEVICES["polar"](feed, in_charger=True), 52.0)

    _, parts, _ = hand.decoded(hand.family.begin(52.0))

    assert "charger" in said(parts, "refused")


def test_a_polar_already_streaming_elsewhere_says_so() -> None:
    hand = streaming(DEVICES["polar"](feed), 52.0)
    (answer,) = hand.device.written(polar.CONTROL, bytes.fromhex("0202000134000101100002010800040103"), 3.0)

    _, decoded = hand.family.decode(hand.family.begin(52.0), polar.CONTROL, answer.data, 3.0)

    assert decoded.facts == Facts(refused=decoded.facts.refused)
    assert "already streams elsewhere" in (decoded.facts.refused or "")


# bytes of the real devices


@pytest.fixture(scope="module")
def golden() -> dict[str, dict[str, Any]]:
    file = DESIGN / "golden-packets.json"
    if not file.is_file():
        pytest.skip(f"no golden packets in {DESIGN}: set IMU_REPS_DESIGN to their folder")
    return {item["id"]: item for item in json.loads(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(
    ("item_id", "samples", "width"),
    [("polar-acc-comp0", "raw", 2), ("polar-gyro-comp0", "gyr_dps", 2)],
)
def test_the_polars_frames_are_the_golden_ones_byte_by_byte(
    golden: dict[str, dict[str, Any]], item_id: str, samples: str, width: int
) -> None:
    stated = golden[item_id]["decoded"]
    blocks = [(bits, count) for bits, count in stated["blocks_bits_count"]]

    header = encoder.encode_header(
        stated["measurement_type"], stated["timestamp_ns"], 0x80 | stated["frame_type"]
    )

    built = header + encoder.encode_content(stated[samples], width, blocks)
    assert built.hex() == golden[item_id]["hex"]


def test_the_polars_floats_are_the_golden_ones_byte_by_byte(golden: dict[str, dict[str, Any]]) -> None:
    stated = golden["polar-gyro-comp1"]["decoded"]
    images = DEVICES["polar"](feed).counts(polar.GYRO, np.array(stated["gyr_dps"]))  # type: ignore[attr-defined]

    built = encoder.encode_header(5, stated["timestamp_ns"], 0x81) + encoder.encode_content(
        images.tolist(), 4, [tuple(block) for block in stated["blocks_bits_count"]]
    )

    assert built.hex() == golden["polar-gyro-comp1"]["hex"]


def test_answers_of_the_polar_are_the_golden_ones(golden: dict[str, dict[str, Any]]) -> None:
    device = DEVICES["polar"](feed)
    device.power_on(0.0)

    (reply,) = device.written(polar.CONTROL, bytes.fromhex(golden["polar-start-acc"]["hex"]), 1.0)

    assert reply.data.hex() == golden["polar-start-acc-ok"]["hex"]
    assert device.read(polar.CONTROL, 1.0).hex() == golden["polar-feature-verity"]["hex"]
    assert polar.SETTINGS[polar.GYRO].hex() == golden["polar-settings-tlv"]["hex"]


@pytest.mark.parametrize("item_id", ["dot-rate-1", "dot-rate-wrap-0", "dot-rate-wrap-1"])
def test_the_tags_payloads_are_the_golden_ones(golden: dict[str, dict[str, Any]], item_id: str) -> None:
    stated = golden[item_id]["decoded"]

    (built,) = movella_dot.encode_payloads(
        np.array([stated["timestamp_us"]]), np.array([stated["acc_mps2"]]), np.array([stated["gyr_dps"]])
    )

    assert built.hex() == golden[item_id]["hex"]


def test_an_aligned_tag_answers_as_the_golden_one(golden: dict[str, dict[str, Any]]) -> None:
    device = DEVICES["movella_dot"](feed)
    device.power_on(0.0)

    device.written(movella_dot.MESSAGE, bytes.fromhex(golden["dot-sync-start"]["hex"]), 1.0)

    assert device.read(movella_dot.ANSWER, 2.0).hex() == golden["dot-sync-ack"]["hex"]


def test_counts_of_chip_and_thingy_are_the_golden_ones(golden: dict[str, dict[str, Any]]) -> None:
    for item_id in ("mw-acc-single", "mw-acc-packed"):
        stated = golden[item_id]["decoded"]
        acc = np.array(stated["acc_g"]) * G
        counts = metamotion.encode_counts(metamotion.ACC, stated["range_g"], acc, np.zeros_like(acc))
        want = np.frombuffer(bytes.fromhex(golden[item_id]["hex"])[2:], "<i2")
        np.testing.assert_allclose(counts.ravel(), want, atol=0.0005 * 32768 / stated["range_g"] + 0.5)

    raw = np.array([golden["thingy-raw-partial"]["decoded"]["raw"]]) / 1024 * G
    (row,) = thingy.encode_raw(raw, np.zeros((1, 3)))
    assert row[:6].hex() == golden["thingy-raw-partial"]["hex"]


# on the air


@pytest.mark.parametrize("name", NAMES)
def test_two_of_a_kind_stream_over_the_air_as_asked(name: str) -> None:
    known = family(name)
    rate_hz = 50.0 if name == "nordic_uart" else known.rates_hz[-1]

    async def listen() -> dict[SensorPlace, SensorStatus]:
        async with Air() as air:
            sensors = [VirtualSensor(air, DEVICES[name](feed), f"F0:00:00:00:00:0{i}") for i in (1, 2)]
            radio = Radio(scanner_backend=air.scanner_backend, client_backend=air.client_backend)
            wanted = {
                place: Wanted(known, sensor.address, rate_hz)
                for place, sensor in zip(SENSOR_PLACES, sensors, strict=True)
            }
            streams = Streams(radio, wanted)
            await streams.open()
            until_s = asyncio.get_running_loop().time() + 6.0
            while asyncio.get_running_loop().time() < until_s:
                await streams.items()
            status = streams.status()
            await streams.close()
            return status

    for status in run(listen()).values():
        assert status.state == "streaming"
        assert status.rate_hz == pytest.approx(rate_hz, rel=0.02)
        assert status.lost in (0, None)
        assert (status.damaged, status.repeated, status.restarts, status.dropped) == (0, 0, 0, 0)
        assert status.battery_percent == (None if name == "nordic_uart" else 80.0)
