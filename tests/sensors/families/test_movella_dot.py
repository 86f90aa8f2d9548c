"""Movella DOT: golden packets, numbers from the clock, commands."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import movella_dot
from imu_reps.sensors.families import movella_dot_packets as dot
from imu_reps.sensors.wire import Advertisement, Subscribe, Write

Golden = Callable[..., list[dict[str, Any]]]
STEP_US = 16667


def payload(time_us: int, x: float = 0.0) -> bytes:
    """Mode 21: time, acceleration and angular rate as floats, padded with zeros."""
    return struct.pack("<I6f", time_us % 2**32, x, 0.0, 9.81, 0.0, 0.0, 0.0).ljust(40, b"\0")


def fed(times_us: list[int], decode_all: Callable[..., Any]) -> Any:
    packets = [(dot.MEDIUM, payload(t, i), (t - times_us[0]) / 1e6 + 0.01) for i, t in enumerate(times_us)]
    return decode_all(movella_dot.FAMILY, movella_dot.begin(60.0), packets)[1]


def test_golden_payloads_decode_to_their_stated_values(golden: Golden) -> None:
    for item in golden("dot-custom1", "dot-rate"):
        stated = item["decoded"]

        read = dot.parse_payload(stated["mode"], bytes.fromhex(item["hex"]))

        assert read is not None
        assert dot.MODES[stated["mode"]].characteristic == item["characteristic"]
        assert read.time_us == stated["timestamp_us"]
        for name in ("acc_mps2", "gyr_dps", "euler_deg", "free_acc_mps2"):
            assert (name in stated) == (name in read.values)
            if name in stated:
                np.testing.assert_allclose(read.values[name], stated[name], rtol=1e-5, atol=1e-5)


def test_the_golden_clock_goes_on_over_its_wrap(golden: Golden, decode_all: Callable[..., Any]) -> None:
    items = sorted(golden("dot-rate-wrap"), key=lambda item: item["index"])
    packets = [(item["characteristic"], bytes.fromhex(item["hex"]), 0.02 * i) for i, item in enumerate(items)]

    samples = decode_all(movella_dot.FAMILY, movella_dot.begin(60.0), packets)[1].samples

    deltas_us = (samples.device_time_s - samples.device_time_s[0]) * 1e6
    np.testing.assert_allclose(deltas_us, [item["decoded"]["unwrapped_delta_us"] for item in items], atol=1)
    assert samples.number.tolist() == list(range(len(items)))


def test_golden_commands_are_built_byte_by_byte(golden: Golden) -> None:
    hexes = {item["id"]: item["hex"] for item in golden("dot-")}

    assert dot.start_command(21).hex() == hexes["dot-start-rate"]
    assert dot.stop_command(21).hex() == hexes["dot-stop-rate"]
    assert dot.start_command(26).hex() == hexes["dot-start-custom5"]


def test_the_golden_settings_are_those_stated(golden: Golden) -> None:
    (item,) = golden("dot-control-read")
    stated, read = item["decoded"], dot.parse_control(bytes.fromhex(item["hex"]))

    assert read is not None
    assert (read.apply, read.identify, read.power) == (
        stated["visit"],
        stated["identify"],
        stated["power_options"],
    )
    assert (read.timeouts, read.tag) == ((10, 0, 30, 0), stated["tag"])
    assert len(read.tag) == stated["tag_len"]
    assert (read.rate_hz, read.filter) == (stated["output_rate_hz"], stated["filter_index"])


def test_to_blink_changes_nothing_else() -> None:
    (step,) = movella_dot.FAMILY.identify
    control = dot.parse_control(step.data)

    assert isinstance(step, Write)
    assert step.characteristic == movella_dot.CONTROL
    assert control is not None
    assert (control.apply, control.identify) == (1, 1)
    assert len(step.data) == 32


def test_every_mode_fits_its_characteristic() -> None:
    longest = {dot.LONG: 63, dot.MEDIUM: 40, dot.SHORT: 20}
    stated = {
        4: 16,
        5: 20,
        6: 16,
        2: 36,
        7: 32,
        3: 32,
        16: 28,
        18: 38,
        19: 32,
        20: 34,
        21: 28,
        22: 40,
        23: 34,
    }

    assert all(mode.size <= longest[mode.characteristic] for mode in dot.MODES.values())
    assert {number: dot.MODES[number].size for number in stated} == stated
    assert (dot.MODES[24].size, dot.MODES[26].size) == (32, 44)


@pytest.mark.parametrize("mode", sorted(dot.MODES))
def test_a_payload_cut_short_is_none(mode: int) -> None:
    size = dot.MODES[mode].size

    assert dot.parse_payload(mode, bytes(size)) is not None
    assert dot.parse_payload(mode, bytes(size - 1)) is None


@given(present=st.lists(st.booleans(), min_size=2, max_size=40), begin_us=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_lost_samples_leave_holes_wherever_the_clock_wraps(
    present: list[bool], begin_us: int, decode_all: Callable[..., Any]
) -> None:
    kept = [0, *(i + 1 for i, there in enumerate(present) if there)]

    samples = fed([begin_us + i * STEP_US for i in kept], decode_all).samples

    assert samples.number.tolist() == kept
    assert np.all(np.diff(samples.device_time_s) > 0)


def test_samples_delivered_twice_count_once(decode_all: Callable[..., Any]) -> None:
    decoded = fed([t * STEP_US for t in (1, 1, 2, 2, 3, 3)], decode_all)

    assert decoded.samples.number.tolist() == [0, 1, 2]
    assert decoded.repeated == 3


def test_the_notification_is_switched_on_before_the_start() -> None:
    steps = movella_dot.start(30.0, 0)
    rate, begin = (i for i, step in enumerate(steps) if isinstance(step, Write) and not step.optional)

    assert steps.index(Subscribe(dot.MEDIUM)) < begin
    assert rate < begin
    written = steps[rate]
    assert isinstance(written, Write)
    control = dot.parse_control(written.data)
    assert control is not None
    assert (control.apply, control.rate_hz) == (dot.APPLY_RATE, 30)


def test_it_is_known_by_either_brand_or_by_the_company_alone() -> None:
    assert movella_dot.recognises(Advertisement("Xsens DOT"))
    assert movella_dot.recognises(Advertisement("Movella DOT"))
    assert movella_dot.recognises(Advertisement("left knee", company_ids=(0x0886,)))
    assert not movella_dot.recognises(Advertisement("left knee"))
