"""Polar: golden packets, delta coding against an encoder of our own, paired streams, losses."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import polar
from imu_reps.sensors.families import polar_protocol as protocol
from imu_reps.sensors.wire import Subscribe, Write

G = 9.80665
STEP_NS = 1e9 / 52
START_NS = 600_000_000 * 10**9
Golden = Callable[..., list[dict[str, Any]]]


def frame_of(item: dict[str, Any]) -> protocol.Frame:
    frame = protocol.parse_frame(bytes.fromhex(item["hex"]))
    assert frame is not None
    return frame


def acc_frame(last_sample: int, count: int = 20, offset_ns: int = 0) -> bytes:
    """Return accelerometer samples up to number `last_sample`; x in mg is the sample number."""
    rows = [[number, 0, 1000] for number in range(last_sample - count + 1, last_sample + 1)]
    return _frame(2, rows, last_sample, offset_ns)


def gyr_frame(last_sample: int, count: int = 20, offset_ns: int = 0) -> bytes:
    """Return gyroscope samples up to number `last_sample`; x in deg/s is the sample number."""
    rows = [
        np.array([number, 1, -1], np.float32).view(np.int32).tolist()
        for number in range(last_sample - count + 1, last_sample + 1)
    ]
    return _frame(5, rows, last_sample, offset_ns)


def _frame(measurement: int, rows: list[list[int]], last_sample: int, offset_ns: int) -> bytes:
    time_ns = START_NS + round(last_sample * STEP_NS) + offset_ns
    content = encode_content(rows, 2 if measurement == 2 else 4, [(32, len(rows) - 1)])
    return encode_header(measurement, time_ns, 0x81) + content


def fed(data: list[bytes], decode_all: Callable[..., Any], spacing_s: float = 0.2) -> Any:
    packets = [(polar.DATA, one, spacing_s * i) for i, one in enumerate(data)]
    return decode_all(polar.FAMILY, polar.begin(52.0), packets)[1]


# delta coding as in the sensor: with integers, sample by sample


def encode_header(measurement: int, time_ns: int, kind: int) -> bytes:
    """Return measurement type, time of the last sample, and frame type with the compression bit."""
    return bytes([measurement]) + time_ns.to_bytes(8, "little") + bytes([kind])


def encode_content(samples: list[list[int]], width: int, blocks: list[tuple[int, int]]) -> bytes:
    """Return the first sample in full, then blocks of the given bits and counts."""
    content = b"".join(axis.to_bytes(width, "little", signed=True) for axis in samples[0])
    at = 0
    for bits, count in blocks:
        content += encode_block(_differences(samples[at : at + count + 1], width), bits)
        at += count
    return content


def encode_block(differences: list[list[int]], bits: int | None = None) -> bytes:
    """Return bits per difference, number of samples, and the differences, least significant bit first."""
    numbers = [number for sample in differences for number in sample]
    if bits is None:
        bits = max((number if number >= 0 else ~number).bit_length() + 1 for number in numbers)
    packed = sum((number & ((1 << bits) - 1)) << (bits * i) for i, number in enumerate(numbers))
    return bytes([bits, len(differences)]) + packed.to_bytes((bits * len(numbers) + 7) // 8, "little")


def _differences(samples: list[list[int]], width: int) -> list[list[int]]:
    """Return the differences from each sample to the next; those of 32 bits wrap."""
    return [[_wrapped(new - old, width) for old, new in zip(a, b, strict=True)] for a, b in pairwise(samples)]


def _wrapped(number: int, width: int) -> int:
    return (number + 2**31) % 2**32 - 2**31 if width == 4 else number


# golden packets


def test_golden_frames_decode_to_their_stated_values(golden: Golden) -> None:
    for item in golden("polar-acc", "polar-gyro"):
        frame, stated = frame_of(item), item["decoded"]

        assert (frame.measurement, frame.time_ns) == (stated["measurement_type"], stated["timestamp_ns"])
        assert (frame.compressed, frame.kind) == (stated["compressed"], stated["frame_type"])
        raw = protocol.raw_samples(frame)
        assert raw is not None
        for name in ("raw", "samples_mg"):
            assert raw.tolist() == stated.get(name, raw.tolist())
        assert len(raw) == stated.get("count", len(raw))


def test_golden_frames_have_their_stated_blocks(golden: Golden) -> None:
    for item in golden("polar-acc-comp", "polar-gyro"):
        frame = frame_of(item)
        wide = item["id"] == "polar-gyro-comp1"

        blocks = protocol.delta_blocks(frame.content[12 if wide else 6 :])

        assert blocks is not None
        assert [[b.bits, b.count] for b in blocks] == item["decoded"]["blocks_bits_count"]


def test_golden_accelerations_and_rates_are_the_stated_ones(golden: Golden) -> None:
    (item,) = golden("polar-acc-comp0")
    acc = protocol.acceleration_mps2(frame_of(item), item["decoded"]["factor"])
    assert acc is not None
    np.testing.assert_allclose(acc[0] / G * 1000, item["decoded"]["first_mg"], atol=1)
    np.testing.assert_allclose(acc[1] / G * 1000, item["decoded"]["second_mg"], atol=1)

    for item in golden("polar-acc-raw1", "polar-acc-comp1"):
        acc = protocol.acceleration_mps2(frame_of(item), 1.0)
        assert acc is not None
        np.testing.assert_allclose(acc / G * 1000, item["decoded"]["samples_mg"], rtol=1e-12)

    for item in golden("polar-gyro"):
        gyr = protocol.angular_rate_dps(frame_of(item), item["decoded"]["factor"])
        assert gyr is not None
        np.testing.assert_allclose(gyr, item["decoded"]["gyr_dps"], rtol=1e-5)


def test_golden_sample_times_are_the_stated_ones(golden: Golden) -> None:
    for item in golden("polar-acc-comp"):
        stated, frame = item["decoded"], frame_of(item)
        raw = protocol.raw_samples(frame)
        assert raw is not None
        step_ns = protocol.measured_step_ns(frame.time_ns, stated["previous_timestamp_ns"], len(raw))

        times_ns = protocol.sample_times_ns(frame.time_ns, len(raw), step_ns)

        assert times_ns.tolist() == stated.get("sample_timestamps_ns", times_ns.tolist())
        assert times_ns[0] == stated.get("first_sample_timestamp_ns", times_ns[0])
        assert times_ns[-1] == frame.time_ns


def test_golden_settings_and_features_are_the_stated_ones(golden: Golden) -> None:
    (item,) = golden("polar-settings-tlv")
    parsed = protocol.parse_settings(bytes.fromhex(item["hex"]))
    assert parsed == {name: tuple(values) for name, values in item["decoded"]["settings"].items()}

    for item in golden("polar-feature"):
        features = protocol.parse_features(bytes.fromhex(item["hex"]))
        assert features is not None
        assert {protocol.MEASUREMENTS[number] for number in features} == set(item["decoded"]["features"])


def test_golden_replies_are_the_stated_ones(golden: Golden) -> None:
    for item in golden("polar-cp", "polar-start-acc-ok", "polar-start-ppg"):
        stated = item["decoded"]

        reply = protocol.parse_reply(bytes.fromhex(item["hex"]))

        assert reply is not None
        assert (reply.command, reply.measurement, reply.status) == (
            stated["op"],
            stated["type"],
            stated["status"],
        )
        assert reply.parameters.hex() == stated.get("parameters", reply.parameters.hex())
        assert protocol.factor_of(reply) == (stated.get("factor") or 1.0)


def test_golden_commands_are_built_byte_by_byte(golden: Golden) -> None:
    (start,) = (item for item in golden("polar-start-acc") if item["id"] == "polar-start-acc")

    assert protocol.start_command(protocol.ACC, 52).hex() == start["hex"]


# delta coding


@given(
    samples=st.lists(
        st.lists(st.integers(-(2**15), 2**15 - 1), min_size=3, max_size=3), min_size=1, max_size=40
    ),
    cut=st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_encoded_samples_decode_to_themselves(samples: list[list[int]], cut: int) -> None:
    deltas = len(samples) - 1
    blocks = [(17, min(cut, deltas - at)) for at in range(0, deltas, cut)]

    raw = protocol.delta_samples(encode_content(samples, 2, blocks), 2)

    assert raw is not None
    assert raw.tolist() == samples


@given(
    values=st.lists(
        st.lists(st.floats(-2000, 2000, width=32), min_size=3, max_size=3), min_size=1, max_size=20
    )
)
@settings(max_examples=60, deadline=None)
def test_floats_decode_to_the_last_bit(values: list[list[float]]) -> None:
    images = np.array(values, np.float32).view(np.int32).tolist()
    content = encode_content(images, 4, [(32, len(images) - 1)] if len(images) > 1 else [])

    rates = protocol.angular_rate_dps(protocol.Frame(protocol.GYRO, 0, True, 1, content))

    assert rates is not None
    assert rates.tolist() == values


@pytest.mark.parametrize("number", [0, 1, -1, 511, -512, 32767, -32768, 2**31 - 1, -(2**31)])
def test_the_narrowest_block_that_holds_a_number_decodes_to_it(number: int) -> None:
    block = protocol.delta_blocks(encode_block([[number, 0, -1]]))

    assert block is not None
    assert protocol.deltas(block[0]).tolist() == [[number, 0, -1]]


# streams


def test_the_gyroscope_is_interpolated_at_the_times_of_the_accelerometer(
    decode_all: Callable[..., Any],
) -> None:
    shift_ns = round(0.25 * STEP_NS)
    data = [
        frame(last, 20, off)
        for last in (19, 39, 59)
        for frame, off in ((acc_frame, 0), (gyr_frame, shift_ns))
    ]

    samples = fed(data, decode_all).samples

    assert samples.number.tolist() == list(range(1, 60))
    np.testing.assert_allclose(samples.acc_mps2[:, 0] / G * 1000, samples.number, atol=1e-6)
    np.testing.assert_allclose(samples.gyr_dps[:, 0], samples.number - 0.25, atol=1e-4)
    np.testing.assert_allclose(np.diff(samples.device_time_s), 1 / 52, atol=1e-6)


@pytest.mark.parametrize(("lost", "missing"), [(2, range(20, 40)), (3, range(20, 40)), (6, range(60, 80))])
def test_a_lost_frame_of_either_stream_leaves_a_gap(
    decode_all: Callable[..., Any], lost: int, missing: range
) -> None:
    data = [frame(last) for last in range(19, 120, 20) for frame in (acc_frame, gyr_frame)]
    del data[lost]

    samples = fed(data, decode_all).samples

    assert samples.number.tolist() == sorted(set(range(120)) - set(missing))
    np.testing.assert_allclose(samples.acc_mps2[:, 0] / G * 1000, samples.number, atol=1e-6)
    np.testing.assert_allclose(samples.gyr_dps[:, 0], samples.number, atol=1e-4)


def test_frames_delivered_twice_count_once(decode_all: Callable[..., Any]) -> None:
    data = [frame(last) for last in (19, 39, 59) for frame in (acc_frame, gyr_frame) for _ in range(2)]

    decoded = fed(data, decode_all, 0.1)

    assert decoded.samples.number.tolist() == list(range(60))
    assert decoded.repeated == 60
    assert decoded.damaged == 0


def test_a_restarted_clock_is_noticed_and_numbers_begin_with_it(decode_all: Callable[..., Any]) -> None:
    early = [frame(last + 1000) for last in (19, 39) for frame in (acc_frame, gyr_frame)]
    late = [frame(last) for last in (19, 39, 59, 79) for frame in (acc_frame, gyr_frame)]

    state, before = decode_all(
        polar.FAMILY, polar.begin(52.0), [(polar.DATA, d, 0.2 * i) for i, d in enumerate(early)]
    )
    state, after = decode_all(
        polar.FAMILY, polar.resume(state), [(polar.DATA, d, 30 + 0.2 * i) for i, d in enumerate(late)]
    )

    assert not before.restarted
    assert after.restarted
    assert after.samples.number[0] <= 20
    np.testing.assert_allclose(
        after.samples.gyr_dps[:, 0], after.samples.acc_mps2[:, 0] / G * 1000, atol=1e-4
    )
    assert after.samples.acc_mps2[-1, 0] / G * 1000 == pytest.approx(79)


def test_a_garbled_frame_restarts_nothing(decode_all: Callable[..., Any]) -> None:
    data = [frame(last) for last in (19, 39, 59) for frame in (acc_frame, gyr_frame)]
    garbled = acc_frame(30_000)
    data.insert(2, garbled)

    decoded = fed(data, decode_all)

    assert not decoded.restarted
    assert decoded.damaged == 1
    assert decoded.samples.number.tolist() == list(range(60))


# recipe


@pytest.mark.parametrize(
    ("status", "words"), [(6, "already streams elsewhere"), (13, "in its charger"), (99, "answer 99")]
)
def test_a_refused_start_is_reported_with_its_reason(status: int, words: str) -> None:
    reply = bytes([0xF0, 2, 5, status])

    _, decoded = polar.decode(polar.begin(52.0), polar.CONTROL, reply, 0.0)

    assert words in (decoded.facts.refused or "")


@pytest.mark.parametrize("reply", ["f0030206", "f002020000", "f00102000000013400", "0f6e02"])
def test_other_answers_refuse_nothing(reply: str) -> None:
    _, decoded = polar.decode(polar.begin(52.0), polar.CONTROL, bytes.fromhex(reply), 0.0)

    assert decoded.facts.refused is None
    assert decoded.damaged == 0


def test_it_subscribes_and_stops_before_it_starts() -> None:
    steps = polar.start(52.0, 0)
    order = [step for step in steps if isinstance(step, Subscribe | Write)]

    assert [step.characteristic for step in order[:2]] == [polar.CONTROL, polar.DATA]
    assert [step.data[0] for step in order[2:] if isinstance(step, Write)] == [3, 3, 2, 2]
