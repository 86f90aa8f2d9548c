"""Movella DOT: golden packets, sample numbers from the clock, commands."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import movella_dot
from imu_reps.sensors.wire import Subscribe, Write

Golden = Callable[..., list[dict[str, Any]]]
STEP_US = 16667


def payload(time_us: int, x: float = 0.0) -> bytes:
    """Return a payload of mode 21: time, acceleration and angular rate as floats, padded with zeros."""
    return struct.pack("<I6f", time_us % 2**32, x, 0.0, 9.81, 0.0, 0.0, 0.0).ljust(40, b"\0")


def fed(times_us: list[int], decode_all: Callable[..., Any]) -> Any:
    packets = [
        (movella_dot.MEDIUM, payload(t, i), (t - times_us[0]) / 1e6 + 0.01) for i, t in enumerate(times_us)
    ]
    return decode_all(movella_dot.FAMILY, movella_dot.begin(60.0), packets)[1]


def test_golden_payloads_decode_to_their_stated_values(
    golden: Golden, decode_all: Callable[..., Any]
) -> None:
    for item in golden("dot-rate"):
        stated = item["decoded"]
        packet = (item["characteristic"], bytes.fromhex(item["hex"]))

        samples = decode_all(movella_dot.FAMILY, movella_dot.begin(60.0), [packet])[1].samples

        assert samples.device_time_s * 1e6 == pytest.approx([stated["timestamp_us"]])
        np.testing.assert_allclose(samples.acc_mps2, [stated["acc_mps2"]], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(samples.gyr_dps, [stated["gyr_dps"]], rtol=1e-5, atol=1e-5)


def test_the_golden_clock_continues_over_its_wrap(golden: Golden, decode_all: Callable[..., Any]) -> None:
    items = sorted(golden("dot-rate-wrap"), key=lambda item: item["index"])
    packets = [(item["characteristic"], bytes.fromhex(item["hex"]), 0.02 * i) for i, item in enumerate(items)]

    samples = decode_all(movella_dot.FAMILY, movella_dot.begin(60.0), packets)[1].samples

    deltas_us = (samples.device_time_s - samples.device_time_s[0]) * 1e6
    np.testing.assert_allclose(deltas_us, [item["decoded"]["unwrapped_delta_us"] for item in items], atol=1)
    assert samples.number.tolist() == list(range(len(items)))


def test_golden_commands_are_built_byte_by_byte(golden: Golden) -> None:
    hexes = {item["id"]: item["hex"] for item in golden("dot-")}
    started = movella_dot.start(60.0, 0)[-1]
    (stopped,) = movella_dot.FAMILY.stop

    assert started == Write(movella_dot.MEASURE, bytes.fromhex(hexes["dot-start-rate"]))
    assert stopped == Write(movella_dot.MEASURE, bytes.fromhex(hexes["dot-stop-rate"]), optional=True)


def test_the_rate_in_the_golden_settings_is_the_stated_one(golden: Golden) -> None:
    (item,) = golden("dot-control-read")

    _, decoded = movella_dot.decode(
        movella_dot.begin(20.0), movella_dot.CONTROL, bytes.fromhex(item["hex"]), 0.0
    )

    assert decoded.facts.rate_hz == item["decoded"]["output_rate_hz"]


def test_blinking_changes_nothing_else() -> None:
    (step,) = movella_dot.FAMILY.identify

    assert step == Write(movella_dot.CONTROL, b"\1\1" + bytes(30))


def test_a_truncated_payload_is_damaged() -> None:
    cut = payload(1000)[:27]

    _, decoded = movella_dot.decode(movella_dot.begin(60.0), movella_dot.MEDIUM, cut, 0.0)

    assert decoded.damaged == 1
    assert not len(decoded.samples)


@given(present=st.lists(st.booleans(), min_size=2, max_size=40), begin_us=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_lost_samples_leave_gaps_wherever_the_clock_wraps(
    present: list[bool], begin_us: int, decode_all: Callable[..., Any]
) -> None:
    received = [0, *(i + 1 for i, was_received in enumerate(present) if was_received)]

    samples = fed([begin_us + i * STEP_US for i in received], decode_all).samples

    assert samples.number.tolist() == received
    assert np.all(np.diff(samples.device_time_s) > 0)


def test_samples_delivered_twice_count_once(decode_all: Callable[..., Any]) -> None:
    decoded = fed([t * STEP_US for t in (1, 1, 2, 2, 3, 3)], decode_all)

    assert decoded.samples.number.tolist() == [0, 1, 2]
    assert decoded.repeated == 3


def test_notifications_are_enabled_before_the_start() -> None:
    steps = movella_dot.start(30.0, 0)
    rate, begin = (i for i, step in enumerate(steps) if isinstance(step, Write) and not step.optional)

    assert steps.index(Subscribe(movella_dot.MEDIUM)) < begin
    assert rate < begin
    written = steps[rate]
    assert isinstance(written, Write)
    assert written == Write(movella_dot.CONTROL, b"\x10" + bytes(23) + b"\x1e" + bytes(7))
