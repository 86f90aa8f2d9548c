"""The virtual open-profile sensor follows the text of the profile, byte for byte."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.radio.device import Device, DeviceClock, RefusedError, SentPacket
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.radio.devices.virtual_open_profile import CONTROL, INFO, STREAM, OpenProfile

LONG = 244


def ramp(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    acc_mps2, gyr_dps = np.zeros((len(time_s), 3)), np.zeros((len(time_s), 3))
    acc_mps2[:, 1], gyr_dps[:, 2] = 0.5 * time_s, 10.0 * time_s
    return acc_mps2, gyr_dps


def switched_on(feed: Any = ramp, **settings: Any) -> OpenProfile:
    device = OpenProfile(feed, **settings)
    device.power_on(0.0)
    return device


def parsed(packet: SentPacket) -> tuple[int, int, int, np.ndarray]:
    seq, tick_us, n, flags = struct.unpack_from("<HIBB", packet.data)
    raw = np.frombuffer(packet.data, "<i2", offset=8).reshape(-1, 6)
    assert len(raw) == n
    return seq, tick_us, flags, raw


def stream(device: OpenProfile, start_s: float, end_s: float, longest: int = LONG) -> list[SentPacket]:
    device.written(CONTROL, b"\x01", start_s)
    return device.produce(end_s, longest)


def test_every_device_is_found_by_the_name_of_its_family() -> None:
    device: Device = DEVICES["open_profile"](ramp, clock=DeviceClock(1e-4, 5.0), battery_percent=50.0)

    assert device.family == "open_profile"


def test_nothing_is_sent_before_start_or_after_stop() -> None:
    device = switched_on()
    device.subscribed(STREAM, True, 0.0)

    assert device.produce(1.0, LONG) == []
    assert len(stream(device, 1.0, 2.0)) == 20
    device.written(CONTROL, b"\x02", 2.0)
    assert device.produce(3.0, LONG) == []


@pytest.mark.parametrize(("rate_hz", "count"), [(50, 2), (100, 5), (200, 10)])
def test_packets_contain_about_50_ms(rate_hz: int, count: int) -> None:
    device = switched_on()
    device.written(CONTROL, b"\x03" + rate_hz.to_bytes(2, "little"), 0.0)

    packets = [parsed(packet) for packet in stream(device, 0.0, 2.0)]

    assert {len(raw) for *_, raw in packets} == {count}
    assert [seq for seq, *_ in packets] == list(range(2 * rate_hz // count))
    assert np.diff([tick_us for _, tick_us, *_ in packets]) == pytest.approx(1e6 * count / rate_hz, abs=1)


@pytest.mark.parametrize(("longest", "count"), [(20, 1), (32, 2), (31, 1), (68, 5)])
def test_packets_fit_a_short_notification(longest: int, count: int) -> None:
    packets = stream(switched_on(), 0.0, 1.0, longest)

    assert {len(packet.data) for packet in packets} == {8 + 12 * count}


def test_samples_are_the_true_readings_at_their_stated_times() -> None:
    device = switched_on(clock=DeviceClock(rate_error=1e-3, start_s=7.0))

    for packet in stream(device, 0.305, 3.0):
        _, tick_us, _, raw = parsed(packet)
        true_s = (tick_us * 1e-6 - 7.0) / 1.001 + np.arange(5) / 100.1
        acc_mps2, gyr_dps = ramp(true_s)
        assert raw[:, :3] == pytest.approx(acc_mps2 / (8 * 9.80665) * 32768, abs=0.6)
        assert raw[:, 3:] == pytest.approx(gyr_dps / 1000 * 32768, abs=0.6)
        assert packet.time_s == pytest.approx(true_s[-1], abs=2e-6)


@given(st.lists(st.floats(0.001, 0.4), min_size=1, max_size=30))
@settings(deadline=None, max_examples=25)
def test_packets_do_not_depend_on_when_they_are_requested(steps_s: list[float]) -> None:
    piecewise, whole = switched_on(), switched_on()
    piecewise.written(CONTROL, b"\x01", 0.0)
    packets = [packet for until_s in np.cumsum(steps_s) for packet in piecewise.produce(float(until_s), LONG)]

    assert packets == stream(whole, 0.0, float(np.cumsum(steps_s)[-1]))


@pytest.mark.parametrize("pause_s", [0.0, 0.05, 1.0, 61.0])
def test_the_packet_number_counts_a_pause(pause_s: float) -> None:
    device = switched_on()
    before = [parsed(packet) for packet in stream(device, 0.0, 1.0)]
    device.link_lost()
    after = [parsed(packet) for packet in stream(device, 1.0 + pause_s, 3.0 + pause_s)]

    passed_s = 1e-6 * (after[0][1] - before[-1][1])
    assert after[0][0] == before[-1][0] + max(1, round(passed_s / 0.05))


@pytest.mark.parametrize("again", [b"\x02", b"\x03\x64\x00"], ids=["stop and start", "the rate it has"])
def test_a_packet_cut_short_keeps_its_number_and_no_pause_is_an_overrun(again: bytes) -> None:
    device = switched_on()
    before = [parsed(packet) for packet in stream(device, 0.0, 0.104)]
    device.written(CONTROL, again, 0.105)
    after = [parsed(packet) for packet in stream(device, 0.105, 0.3)]

    assert [seq for seq, *_ in before] == [0, 1]
    assert after[0][:3] == (3, pytest.approx(110_000, abs=1), 0)


def test_the_last_host_time_is_kept_after_the_link_is_lost() -> None:
    device = switched_on()
    device.written(CONTROL, bytes([5, *range(8)]), 1.0)
    given = device.read(CONTROL, 1.0)
    device.link_lost()

    assert len(given) == 13
    assert device.read(CONTROL, 9.0) == given


def test_number_and_clock_wrap() -> None:
    device = switched_on(clock=DeviceClock(start_s=2**32 * 1e-6 - 1.0))
    numbers, ticks = zip(*[parsed(packet)[:2] for packet in stream(device, 0.0, 3300.0)], strict=True)

    assert set(np.diff(np.array(numbers)) % 2**16) == {1}
    assert max(numbers) == 2**16 - 1
    steps_us = np.diff(np.array(ticks)) % 2**32
    assert steps_us == pytest.approx(50_000, abs=1)
    assert (np.diff(np.array(ticks)) < 0).sum() == 1


def test_a_reboot_resets_clock_number_and_rate() -> None:
    device = switched_on(clock=DeviceClock(start_s=100.0))
    device.written(CONTROL, b"\x03\xc8\x00", 0.0)
    stream(device, 0.0, 5.0)
    device.power_on(10.0)

    seq, tick_us, _, raw = parsed(stream(device, 11.0, 12.0)[0])

    assert seq == 0
    assert tick_us == pytest.approx(1e6, abs=10_000)
    assert len(raw) == 5


def test_flags_show_saturation_and_a_low_battery() -> None:
    def swing(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        acc_mps2, gyr_dps = ramp(time_s)
        gyr_dps[:, 0] = np.where(time_s > 1.0, -1200.0, 0.0)
        return acc_mps2, gyr_dps

    packets = [parsed(packet) for packet in stream(switched_on(swing, battery_percent=10.0), 0.0, 2.0)]

    assert {flags for _, _, flags, raw in packets if raw[:, 3].max() == 0 == raw[:, 3].min()} == {4}
    assert {flags for _, _, flags, raw in packets if raw[:, 3].min() == -32768} == {5}


def test_info_contains_rate_ranges_and_name() -> None:
    device = switched_on(name="IMUREPS-A00FF")

    assert device.read(INFO, 0.0) == bytes.fromhex("01 64 00 08 e8 03 f0") + b"IMUREPS-A00FF"


@pytest.mark.parametrize(("asked_hz", "given_hz"), [(1, 50), (74, 50), (75, 100), (150, 200), (9999, 200)])
def test_the_nearest_supported_rate_is_used(asked_hz: int, given_hz: int) -> None:
    device = switched_on()
    device.written(CONTROL, b"\x03" + asked_hz.to_bytes(2, "little"), 0.0)

    assert int.from_bytes(device.read(INFO, 0.0)[1:3], "little") == given_hz


@pytest.mark.parametrize(
    ("command", "code"),
    [(b"", 0x80), (b"\x09", 0x80), (b"\x01\x00", 0x0D), (b"\x03\x64", 0x0D), (b"\x03\x00\x00", 0x13)],
)
def test_an_invalid_command_is_refused(command: bytes, code: int) -> None:
    with pytest.raises(RefusedError) as refused:
        switched_on().written(CONTROL, command, 0.0)
    assert refused.value.code == code


def test_the_host_time_is_returned_with_that_of_the_sensor() -> None:
    device = switched_on(clock=DeviceClock(start_s=3.0))
    assert device.read(CONTROL, 0.0) == b""

    device.written(CONTROL, b"\x05" + (123_456_789).to_bytes(8, "little"), 2.5)

    opcode, host_us, sensor_us = struct.unpack("<BQI", device.read(CONTROL, 9.0))
    assert (opcode, host_us) == (5, 123_456_789)
    assert sensor_us == pytest.approx(5.5e6, abs=1)
