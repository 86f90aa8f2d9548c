"""Movesense: whole and partial packets, sample numbers from the millisecond clock."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import movesense
from imu_reps.sensors.wire import BATTERY_LEVEL, Decoded, Read, Subscribe, Write

FAMILY = movesense.FAMILY
NOTIFY = movesense.NOTIFY[0]
Decode = Callable[..., tuple[Any, Decoded]]
Same = Callable[[Any, Any], bool]


def stream(
    count: int,
    *,
    first: int = 0,
    n: int = 8,
    real_hz: float = 104.0,
    on_s: float = 0.0,
    from_s: float = 0.0,
    room: int = 244,
) -> list[tuple[str, bytes, float]]:
    """Return notifications as the sensor sends them: sample k holds k / 100 in its first angular rate."""
    sent = []
    for k in range(first, first + count):
        at_s = (k - first) * n / real_hz
        rows = np.zeros((2, n, 3), dtype="<f4")
        rows[0, :, 2] = 9.75
        rows[1, :, 0] = (k * n + np.arange(n)) % 100_000 / 100
        payload = struct.pack("<I", int((on_s + at_s) * 1000) % 2**32) + rows.tobytes()
        for at in range(0, len(payload), room):
            kind = movesense.Kind.DATA if at == 0 else movesense.Kind.DATA_GOES_ON
            piece = bytes((kind, movesense.Reference.STREAM)) + payload[at : at + room]
            sent.append((NOTIFY, piece, from_s + at_s + n / real_hz))
    return sent


def counts(decoded: Decoded) -> list[int]:
    """Return the sample counts that `stream` wrote into the samples."""
    return [round(100 * x) for x in decoded.samples.gyr_dps[:, 0].tolist()]


def test_golden_packets_decode_to_their_stated_values(
    golden: Callable[..., list[dict[str, Any]]], decode_all: Decode
) -> None:
    items = {item["id"]: item for item in golden("movesense-")}
    expected = items["movesense-meas-imu6-52"]["decoded"]
    for name in ("movesense-meas-imu6-52", "movesense-imu6-part2"):
        chunks = items[name].get("chunks", [items[name]["hex"]])
        # the subscriber chooses the reference
        pieces = [(NOTIFY, bytes((piece[0], 99)) + piece[2:]) for piece in map(bytes.fromhex, chunks)]

        _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), pieces)

        assert decoded.samples.device_time_s[0] == expected["timestamp_ms"] / 1000
        np.testing.assert_allclose(decoded.samples.acc_mps2, expected["acc_mps2"], rtol=1e-5)
        np.testing.assert_allclose(decoded.samples.gyr_dps, expected["gyr_dps"], rtol=1e-5)
        np.testing.assert_allclose(np.diff(decoded.samples.device_time_s), 1 / 52)
        assert decoded.damaged == 0


def test_a_golden_packet_of_acceleration_alone_has_the_same_layout(
    golden: Callable[..., list[dict[str, Any]]],
) -> None:
    (item,) = golden("movesense-meas-acc-52")
    payload, expected = bytes.fromhex(item["hex"])[2:], item["decoded"]
    still = bytes(12 * expected["samples_per_array"])

    reading = movesense.parse_imu6(payload + still)

    assert reading is not None
    assert reading.time_ms == expected["timestamp_ms"]
    np.testing.assert_allclose(reading.acc_mps2, expected["acc_mps2"], rtol=1e-5)


def test_golden_commands_are_built_and_answers_read(
    golden: Callable[..., list[dict[str, Any]]], decode_all: Decode
) -> None:
    items = {item["id"]: bytes.fromhex(item["hex"]) for item in golden("movesense-")}

    assert movesense.subscribe_command(104.0) == items["movesense-subscribe"]
    assert items["movesense-unsubscribe"] == movesense.UNSUBSCRIBE_COMMAND
    _, decoded = decode_all(FAMILY, FAMILY.begin(104.0), [(NOTIFY, items["movesense-status-200"])])
    assert (decoded.facts.refused, decoded.damaged) == (None, 0)


def test_packets_decode_to_what_they_were_built_from(
    vectors: Callable[[str], Any], decode_all: Decode
) -> None:
    for item in vectors("movesense")["packets"]:
        pieces = [(NOTIFY, bytes.fromhex(chunk)) for chunk in item["chunks"]]

        _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), pieces)

        np.testing.assert_allclose(decoded.samples.acc_mps2, item["acc_mps2"], rtol=1e-6)
        np.testing.assert_allclose(decoded.samples.gyr_dps, item["gyr_dps"], rtol=1e-6)
        assert decoded.samples.device_time_s[0] == item["time_ms"] / 1000, item["what"]
        assert decoded.damaged == 0


def test_the_millisecond_clock_wraps(vectors: Callable[[str], Any], decode_all: Decode) -> None:
    own = vectors("movesense")["wrapped"]
    pieces = [(NOTIFY, bytes.fromhex(own[name])) for name in ("first", "second")]

    _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), pieces)

    assert decoded.samples.device_time_s[4] == pytest.approx(own["second_time_s"], abs=1e-6)
    assert np.diff(decoded.samples.number).tolist() == [1] * 7


def test_answers_become_facts(vectors: Callable[[str], Any], decode_all: Decode) -> None:
    own = vectors("movesense")
    for answer in own["answers"]:
        _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), [(NOTIFY, bytes.fromhex(answer["hex"]))])
        for name in ("identity", "firmware", "battery_percent", "refused"):
            assert getattr(decoded.facts, name) == answer["facts"].get(name)
        assert decoded.damaged == 0
    for text, words in own["refusals"].items():
        _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), [(NOTIFY, bytes.fromhex(text))])
        assert decoded.facts.refused is not None
        assert words in decoded.facts.refused


def test_damage_is_counted(vectors: Callable[[str], Any], decode_all: Decode) -> None:
    for text in vectors("movesense")["damaged"]:
        _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), [(NOTIFY, bytes.fromhex(text))])
        assert (decoded.damaged, len(decoded.samples)) == (1, 0), text


def test_commands_are_the_published_bytes(vectors: Callable[[str], Any]) -> None:
    expected = {name: bytes.fromhex(text) for name, text in vectors("movesense")["commands"].items()}

    assert expected == {
        "hello": movesense.HELLO_COMMAND,
        "battery": movesense.BATTERY_COMMAND,
        "subscribe 52": movesense.subscribe_command(52.0),
        "subscribe 208": movesense.subscribe_command(208.0),
        "unsubscribe": movesense.UNSUBSCRIBE_COMMAND,
    }
    steps = FAMILY.start(104.0, 0)
    assert isinstance(steps[0], Subscribe)
    assert Read(BATTERY_LEVEL, optional=True) in steps
    assert [step.data for step in steps if isinstance(step, Write)][-1] == movesense.subscribe_command(104.0)


@settings(max_examples=40, deadline=None)
@given(
    received=st.lists(st.booleans(), min_size=30, max_size=30),
    on_s=st.sampled_from([3.0, 2**32 / 1000 - 1.0]),
    real_hz=st.sampled_from([103.5, 104.0, 104.5]),
)
def test_losses_leave_gaps_exactly_where_they_were(
    received: list[bool], on_s: float, real_hz: float, decode_all: Decode
) -> None:
    sent = stream(30, on_s=on_s, real_hz=real_hz)
    arrived = [packet for packet, was_received in zip(sent, received, strict=True) if was_received]

    _, decoded = decode_all(FAMILY, FAMILY.begin(104.0), arrived)

    assert np.array_equal(np.diff(decoded.samples.number), np.diff(np.array(counts(decoded), dtype=np.int64)))
    assert len(decoded.samples) == 8 * sum(received)
    assert (decoded.damaged, decoded.repeated, decoded.restarted) == (0, 0, False)


@settings(max_examples=30, deadline=None)
@given(copies=st.lists(st.integers(0, 19), max_size=10))
def test_repeated_packets_change_nothing(copies: list[int], decode_all: Decode, same: Same) -> None:
    sent = stream(20)
    again = [packet for k, packet in enumerate(sent) for _ in range(1 + copies.count(k))]

    _, once = decode_all(FAMILY, FAMILY.begin(104.0), sent)
    _, twice = decode_all(FAMILY, FAMILY.begin(104.0), again)

    assert same(once.samples, twice.samples)
    assert twice.repeated == 8 * len(copies)


@pytest.mark.parametrize("room", [100, 150])
def test_parts_that_all_arrive_twice_change_no_sample(room: int, decode_all: Decode, same: Same) -> None:
    sent = stream(20, room=room)

    _, once = decode_all(FAMILY, FAMILY.begin(104.0), sent)
    _, twice = decode_all(FAMILY, FAMILY.begin(104.0), [packet for packet in sent for _ in range(2)])

    assert same(once.samples, twice.samples)
    assert not twice.restarted


@settings(max_examples=40, deadline=None)
@given(room=st.integers(20, 244), n=st.sampled_from([4, 8, 16]))
def test_parts_of_any_length_give_the_same_samples(room: int, n: int, decode_all: Decode, same: Same) -> None:
    _, whole = decode_all(FAMILY, FAMILY.begin(13.0 * n), stream(6, n=n, real_hz=13.0 * n, room=1000))
    _, parts = decode_all(FAMILY, FAMILY.begin(13.0 * n), stream(6, n=n, real_hz=13.0 * n, room=room))

    assert same(whole.samples, parts.samples)
    assert parts.damaged == 0


def test_a_lost_part_costs_only_its_packet(decode_all: Decode) -> None:
    sent = stream(10, room=150)

    _, decoded = decode_all(FAMILY, FAMILY.begin(104.0), [*sent[:7], *sent[8:]])

    assert counts(decoded) == [*range(24), *range(32, 80)]
    assert decoded.samples.number[24] - decoded.samples.number[23] == 9
    assert decoded.damaged == 1


def test_shorter_packets_than_expected_are_accepted(decode_all: Decode) -> None:
    _, decoded = decode_all(FAMILY, FAMILY.begin(208.0), stream(20, n=8, real_hz=208.0))

    assert counts(decoded) == list(range(160))
    assert decoded.damaged == 0


@pytest.mark.parametrize("away_s", [3.0, 30.0, 7200.0])
def test_numbering_and_clock_continue_over_a_lost_link(away_s: float, decode_all: Decode) -> None:
    state, before = decode_all(FAMILY, FAMILY.begin(104.0), stream(52, on_s=20.0))
    after = stream(20, on_s=24.0 + away_s, from_s=4.0 + away_s)

    _, decoded = decode_all(FAMILY, FAMILY.resume(state), after)

    assert not decoded.restarted
    passed_s = decoded.samples.device_time_s[0] - before.samples.device_time_s[0]
    assert passed_s == pytest.approx(4.0 + away_s, abs=1.1e-3)
    passed = decoded.samples.number[0] - before.samples.number[0]
    assert passed == pytest.approx((4.0 + away_s) * 104, rel=1e-3, abs=1)


def test_a_restart_is_noticed_and_loses_no_sample(decode_all: Decode) -> None:
    state, _ = decode_all(FAMILY, FAMILY.begin(104.0), stream(52, on_s=20.0))

    _, decoded = decode_all(FAMILY, FAMILY.resume(state), stream(20, on_s=1.0, from_s=9.0))

    assert decoded.restarted
    assert counts(decoded) == list(range(160))
    assert decoded.samples.number[0] == 104
    assert decoded.samples.device_time_s[0] == 1.0


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(
        st.tuples(
            st.sampled_from([*movesense.NOTIFY, BATTERY_LEVEL, "?"]),
            st.binary(max_size=60)
            | st.binary(max_size=200).map(lambda rest: b"\x02\x63" + rest)
            | st.sampled_from([data for _, data, _ in stream(3, room=90)]),
            st.floats(0, 1e5),
        ),
        max_size=12,
    )
)
def test_no_bytes_make_the_decoder_raise(pieces: list[tuple[str, bytes, float]]) -> None:
    state = FAMILY.begin(104.0)
    for characteristic, data, arrival_s in pieces:
        state, decoded = FAMILY.decode(state, characteristic, data, arrival_s)
        assert np.isfinite(decoded.samples.acc_mps2).all()
        state = FAMILY.resume(state) if len(data) % 5 == 0 else state


def test_bytes_that_are_no_readings_are_damaged(decode_all: Decode) -> None:
    for wrong in (b"\x01\x00\xa0\x7f", struct.pack("<f", np.inf), struct.pack("<f", 1e9)):
        _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), [(NOTIFY, b"\x02\x63" + bytes(4) + wrong * 24)])
        assert (decoded.damaged, len(decoded.samples)) == (1, 0)


def test_the_second_set_of_characteristics_is_read_the_same_way(decode_all: Decode, same: Same) -> None:
    first = stream(3)
    second = [(movesense.NOTIFY[1], data, arrival) for _, data, arrival in first]

    assert same(
        decode_all(FAMILY, FAMILY.begin(104.0), first)[1].samples,
        decode_all(FAMILY, FAMILY.begin(104.0), second)[1].samples,
    )


@pytest.mark.parametrize("rate_hz", FAMILY.rates_hz)
def test_nine_axis_packets_are_refused_rather_than_read_as_more_six_axis_samples(rate_hz: float) -> None:
    rng, n = np.random.default_rng(1), round(rate_hz / 13)
    state, samples = FAMILY.begin(rate_hz), 0
    for k in range(20):
        acc, gyr = rng.normal((0.0, 0.0, 9.8), 0.1, (n, 3)), rng.normal(0.0, 20.0, (n, 3))
        mag = rng.normal((20.0, 5.0, -42.0), 1.0, (n, 3))
        payload = struct.pack("<I", 77 * k) + np.stack([acc, gyr, mag]).astype("<f4").tobytes()
        head = bytes((movesense.Kind.DATA, movesense.Reference.STREAM))
        state, decoded = FAMILY.decode(state, NOTIFY, head + payload, 0.077 * k)
        samples += len(decoded.samples)

        assert decoded.facts.refused is not None
        assert "IMU9" in decoded.facts.refused
    assert samples == 0


def test_nine_axis_packets_shorter_than_expected_are_refused_too(decode_all: Decode) -> None:
    one = np.zeros((3, 2, 3), "<f4").tobytes()
    head = bytes((movesense.Kind.DATA, movesense.Reference.STREAM))
    sent = [(NOTIFY, head + struct.pack("<I", 77 * k) + one, 0.077 * k) for k in range(10)]

    _, decoded = decode_all(FAMILY, FAMILY.begin(52.0), sent)

    assert "IMU9" in (decoded.facts.refused or "")
    assert len(decoded.samples) == 0


def in_parts(axes: int, packets: int, n: int, room: int) -> list[tuple[str, bytes, float]]:
    """Return notifications of a stream of so many axes, random values of a possible size."""
    rng = np.random.default_rng(n)
    sent = []
    for k in range(packets):
        arrays = [rng.normal(mean, sd, (n, 3)) for mean, sd in ((5.0, 1.0), (0.0, 40.0), (30.0, 5.0))]
        payload = (
            struct.pack("<I", round(k * 1000 / 13)) + np.stack(arrays[: axes // 3]).astype("<f4").tobytes()
        )
        for at in range(0, len(payload), room):
            kind = movesense.Kind.DATA_GOES_ON if at else movesense.Kind.DATA
            piece = bytes((kind, movesense.Reference.STREAM)) + payload[at : at + room]
            sent.append((NOTIFY, piece, k / 13))
    return sent


@pytest.mark.parametrize("rate_hz", FAMILY.rates_hz)
def test_nine_axis_packets_in_parts_of_any_length_are_refused_by_the_second(
    rate_hz: float, decode_all: Decode
) -> None:
    n = round(rate_hz / 13)
    for room in range(18, 600):
        sent = in_parts(9, 12, n, room)

        _, decoded = decode_all(FAMILY, FAMILY.begin(rate_hz), sent)

        assert "IMU9" in (decoded.facts.refused or ""), room
        # what ends where a packet of six axes would is one, until its third array arrives
        assert len(decoded.samples) in ((0, n) if (4 + 24 * n) % room == 0 else (0,)), room


@settings(max_examples=300, deadline=None)
@example(n=4, room=76, seed=328, lost=0.5, again=0.0)
@given(
    n=st.sampled_from([4, 8, 16]),
    room=st.integers(18, 400) | st.sampled_from([28, 49, 52, 76, 97, 100, 194, 196]),
    seed=st.integers(0, 1_000_000),
    lost=st.sampled_from([0.0, 0.1, 0.5]),
    again=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
def test_six_axis_packets_are_never_refused_whatever_is_lost_or_repeated(
    n: int, room: int, seed: int, lost: float, again: float, decode_all: Decode
) -> None:
    rng = np.random.default_rng(seed)
    sent = [each for each in in_parts(6, 40, n, room) if rng.random() >= lost]
    sent = [copy for each in sent for copy in [each] * (1 + int(rng.random() < again))]

    _, decoded = decode_all(FAMILY, FAMILY.begin(13.0 * n), sent)

    assert decoded.facts.refused is None
