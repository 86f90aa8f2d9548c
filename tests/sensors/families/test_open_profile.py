"""The open profile: every sample gets its number and time, whatever packets are lost or repeated."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import open_profile as profile
from imu_reps.sensors.wire import BATTERY_LEVEL, Decoded, Read, Subscribe, Write

FAMILY = profile.FAMILY
G = 9.80665
INFO = struct.pack("<BHBHB", 1, 100, 8, 1000, 3) + b"IMUREPS-A00FF"
Decode = Callable[..., tuple[Any, Decoded]]
Same = Callable[[Any, Any], bool]


def stream(
    packets: int, *, first: int = 0, n: int = 5, rate_hz: float = 100.0, t0_us: int = 0, from_s: float = 0.0
) -> list[tuple[str, bytes, float]]:
    """Return packets as sent from `from_s` on; sample k holds k in its first reading."""
    sent = []
    for k in range(first, first + packets):
        us = round((k - first) * n / rate_hz * 1e6)
        raw = [((k * n + i) % 30000, -1, 4096, 3, -3, 0) for i in range(n)]
        header = struct.pack("<HIBB", k % 2**16, (t0_us + us) % 2**32, n, 0)
        data = header + b"".join(struct.pack("<6h", *row) for row in raw)
        sent.append((profile.STREAM, data, from_s + us / 1e6 + n / rate_hz))
    return sent


def known(rate_hz: float = 100.0) -> Any:
    info = struct.pack("<BHBHB", 1, round(rate_hz), 8, 1000, 3) + b"IMUREPS-A00FF"
    return FAMILY.decode(FAMILY.begin(rate_hz), profile.INFO, info, 0.0)[0]


def counts(decoded: Decoded) -> list[int]:
    """Return the sample counts that `stream` wrote into the samples."""
    return [round(x) for x in (decoded.samples.acc_mps2[:, 0] * 32768 / 8 / G).tolist()]


def test_golden_packets_decode_to_their_stated_values(
    golden: Callable[..., list[dict[str, Any]]], decode_all: Decode
) -> None:
    items = golden("open-")
    for item in items:
        packet, expected = profile.parse_packet(bytes.fromhex(item["hex"])), item["decoded"]
        assert packet is not None
        assert (packet.seq, packet.t0_us, packet.flags) == tuple(
            expected[name] for name in ("seq", "t0_us", "flags")
        )
        assert packet.raw.tolist() == expected["samples"]
        assert len(packet.raw) == expected["count"]

    arrivals = [(profile.STREAM, bytes.fromhex(item["hex"]), 0.02 * i) for i, item in enumerate(items)]
    _, decoded = decode_all(FAMILY, known(104.0), arrivals)
    assert np.diff(decoded.samples.number).tolist() == [1, 1, 1]
    np.testing.assert_allclose(np.diff(decoded.samples.device_time_s), 1 / 104, atol=1e-5)


def test_packets_decode_to_what_they_were_built_from(
    vectors: Callable[[str], Any], decode_all: Decode
) -> None:
    own = vectors("open_profile")
    state, decoded_info = decode_all(
        FAMILY, FAMILY.begin(50.0), [(profile.INFO, bytes.fromhex(own["info"]["hex"]))]
    )
    info = profile.parse_info(bytes.fromhex(own["info"]["hex"]))
    assert info == profile.Info(**{name: own["info"][name] for name in profile.Info.__dataclass_fields__})
    assert (decoded_info.facts.rate_hz, decoded_info.facts.identity) == (100.0, own["info"]["name"])

    number = None
    for i, item in enumerate(own["packets"]):
        packet = profile.parse_packet(bytes.fromhex(item["hex"]))
        assert packet is not None
        assert (packet.seq, packet.t0_us, packet.flags) == (item["seq"], item["t0_us"], item["flags"])
        assert packet.raw.tolist() == item["raw"]

        state, decoded = FAMILY.decode(state, profile.STREAM, bytes.fromhex(item["hex"]), 7.0 + 0.02 * i)
        samples = decoded.samples
        np.testing.assert_allclose(samples.acc_mps2, item["acc_mps2"], atol=5e-5)
        np.testing.assert_allclose(samples.gyr_dps, item["gyr_dps"], atol=5e-4)
        np.testing.assert_allclose(samples.device_time_s, item["device_time_s"], atol=1e-9)
        if number is not None:
            assert samples.number[0] - number == 1 + item.get("lost_before", 0)
        number = samples.number[-1]


def test_damaged_packets_and_infos_are_only_counted(
    vectors: Callable[[str], Any], decode_all: Decode
) -> None:
    own = vectors("open_profile")
    for text in own["damaged"]:
        _, decoded = decode_all(FAMILY, known(), [(profile.STREAM, bytes.fromhex(text))])
        assert (decoded.damaged, len(decoded.samples)) == (1, 0)
    for text in own["damaged_info"]:
        state, decoded = decode_all(FAMILY, FAMILY.begin(100.0), [(profile.INFO, bytes.fromhex(text))])
        assert (decoded.damaged, state.info) == (1, None)


def test_an_unknown_version_is_refused_and_not_decoded(
    vectors: Callable[[str], Any], decode_all: Decode
) -> None:
    other = bytes.fromhex(vectors("open_profile")["other_version"])

    _, decoded = decode_all(FAMILY, FAMILY.begin(100.0), [(profile.INFO, other), *stream(1)])

    assert decoded.facts.refused is not None
    assert "version 2" in decoded.facts.refused
    assert len(decoded.samples) == 0


def test_commands_are_the_published_bytes(vectors: Callable[[str], Any]) -> None:
    commands = {name: bytes.fromhex(text) for name, text in vectors("open_profile")["commands"].items()}
    steps = FAMILY.start(100.0, 0)

    assert [step.data for step in steps if isinstance(step, Write)] == [
        commands["rate 100"],
        commands["start"],
    ]
    assert isinstance(steps[0], Subscribe)
    assert steps.index(Read(profile.INFO)) < steps.index(Write(profile.CONTROL, commands["start"]))
    assert profile.set_rate_command(200.0) == commands["rate 200"]
    assert [step.data for step in FAMILY.stop if isinstance(step, Write)] == [commands["stop"]]


def test_nothing_is_scaled_before_the_info_was_read(decode_all: Decode) -> None:
    _, decoded = decode_all(
        FAMILY, FAMILY.begin(100.0), [*stream(3), (profile.INFO, INFO), *stream(2, first=3)]
    )

    assert decoded.damaged == 3
    assert counts(decoded) == list(range(15, 25))


@settings(max_examples=40, deadline=None)
@given(
    received=st.lists(st.booleans(), min_size=30, max_size=30),
    first=st.sampled_from([0, 2**16 - 12]),
    t0_us=st.sampled_from([0, 2**32 - 700_000]),
    real_hz=st.sampled_from([98.5, 100.0, 101.5]),
    n=st.sampled_from([1, 5, 19]),
)
def test_losses_leave_gaps_exactly_where_they_were(
    received: list[bool], first: int, t0_us: int, real_hz: float, n: int, decode_all: Decode
) -> None:
    sent = stream(30, first=first, n=n, rate_hz=real_hz, t0_us=t0_us)
    arrived = [packet for packet, was_received in zip(sent, received, strict=True) if was_received]

    _, decoded = decode_all(FAMILY, known(), arrived)

    number = decoded.samples.number
    decoded_counts = np.array(counts(decoded), dtype=np.int64)
    assert len(number) == n * sum(received)
    assert np.array_equal(np.diff(number) % 30000, np.diff(decoded_counts) % 30000)
    assert (decoded.damaged, decoded.repeated, decoded.restarted) == (0, 0, False)
    if len(number):
        truth_s = t0_us / 1e6 + (decoded_counts - (first * n) % 30000) % 30000 / real_hz
        decoded_s = decoded.samples.device_time_s
        wrap_s = 2**32 / 1e6  # a wrap before the first received packet cannot be known
        truth_s -= wrap_s * np.round((truth_s[0] - decoded_s[0]) / wrap_s)
        np.testing.assert_allclose(decoded_s, truth_s, atol=0.02 * n / 100)


@settings(max_examples=40, deadline=None)
@given(copies=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 8)), max_size=12))
def test_repeated_packets_change_nothing(
    copies: list[tuple[int, int]], decode_all: Decode, same: Same
) -> None:
    sent = stream(20)
    arrived = list(enumerate(sent))
    for which, later in copies:
        at = next(i for i, (k, _) in enumerate(arrived) if k == min(which + later, 19)) + 1
        arrived.insert(at, (which, sent[which]))
    times = np.maximum.accumulate([arrival for _, (_, _, arrival) in arrived])
    again = [(packet[0], packet[1], float(time)) for (_, packet), time in zip(arrived, times, strict=True)]

    _, once = decode_all(FAMILY, known(), sent)
    _, twice = decode_all(FAMILY, known(), again)

    assert same(once.samples, twice.samples)
    assert twice.repeated == 5 * len(copies)
    assert not twice.restarted


@pytest.mark.parametrize("away_s", [3.0, 30.0, 3600.0, 3 * 3600.0])
def test_numbering_and_clock_continue_over_a_lost_link(away_s: float, decode_all: Decode) -> None:
    before = stream(40)
    skipped = round(away_s * 20)
    after = stream(40, first=40 + skipped, t0_us=2_000_000 + round(away_s * 1e6), from_s=2.0 + away_s)

    state, _ = decode_all(FAMILY, known(), before)
    _, decoded = decode_all(FAMILY, FAMILY.resume(state), after)

    assert not decoded.restarted
    assert decoded.samples.number[0] == 200 + 5 * skipped
    assert decoded.samples.device_time_s[0] == pytest.approx(2.0 + away_s)


@pytest.mark.parametrize("ran_s", [20.0, 600.0, 5000.0])
@pytest.mark.parametrize("away_s", [4.0, 60.0])
def test_a_restart_is_noticed_and_loses_no_sample(ran_s: float, away_s: float, decode_all: Decode) -> None:
    before = stream(40, first=round(20 * ran_s), t0_us=round(ran_s * 1e6))
    after = stream(10, t0_us=250_000, from_s=2.0 + away_s)

    state, _ = decode_all(FAMILY, known(), before)
    _, decoded = decode_all(FAMILY, FAMILY.resume(state), after)

    assert decoded.restarted
    assert decoded.samples.number.tolist() == list(range(50))
    assert decoded.samples.device_time_s[0] == pytest.approx(0.25)
    assert decoded.damaged == 0


def test_one_packet_with_a_wild_clock_is_damage_and_no_restart(decode_all: Decode, same: Same) -> None:
    sent = stream(20)
    wild = bytearray(sent[10][1])
    wild[2:6] = b"\xff\x00\xff\x5a"
    with_wild = [*sent[:10], (profile.STREAM, bytes(wild), sent[10][2]), *sent[10:]]

    _, clean = decode_all(FAMILY, known(), sent)
    _, decoded = decode_all(FAMILY, known(), with_wild)

    assert same(decoded.samples, clean.samples)
    assert (decoded.damaged, decoded.restarted) == (1, False)


def test_a_stall_on_an_unbroken_link_is_no_restart(decode_all: Decode, same: Same) -> None:
    sent = stream(200)
    stalled = [(c, data, max(arrival, 8.0) if arrival > 2 else arrival) for c, data, arrival in sent]

    _, decoded = decode_all(FAMILY, known(), stalled)

    assert same(decoded.samples, decode_all(FAMILY, known(), sent)[1].samples)
    assert not decoded.restarted


def test_the_clock_counts_samples_where_the_packet_number_paused(decode_all: Decode) -> None:
    before = stream(40)
    after = stream(10, first=40, t0_us=9_000_000, from_s=9.0)

    _, decoded = decode_all(FAMILY, known(), [*before, *after])

    assert decoded.samples.number[200] == 900


def test_samples_missed_where_the_packet_length_changes_count_by_the_new_length(decode_all: Decode) -> None:
    before, after = stream(10), stream(10, first=13, n=2, t0_us=560_000, from_s=0.56)

    _, decoded = decode_all(FAMILY, known(), [*before, *after])

    assert decoded.samples.number[50:].tolist() == list(range(56, 76))


def test_the_real_rate_spaces_the_samples_of_a_packet(decode_all: Decode) -> None:
    _, decoded = decode_all(FAMILY, known(), stream(400, rate_hz=101.5))

    late = decoded.samples.device_time_s[-200:]
    np.testing.assert_allclose(np.diff(late), 1 / 101.5, rtol=2e-3)


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(
        st.tuples(
            st.sampled_from([profile.STREAM, profile.INFO, profile.CONTROL, BATTERY_LEVEL, "?"]),
            st.binary(max_size=60) | st.sampled_from([data for _, data, _ in stream(5)] + [INFO]),
            st.floats(0, 1e5),
        ),
        max_size=12,
    )
)
def test_no_bytes_make_the_decoder_raise(pieces: list[tuple[str, bytes, float]]) -> None:
    state = FAMILY.begin(100.0)
    for characteristic, data, arrival_s in pieces:
        state, decoded = FAMILY.decode(state, characteristic, data, arrival_s)
        assert np.isfinite(decoded.samples.device_time_s).all()
        state = FAMILY.resume(state) if len(data) % 5 == 0 else state


def test_the_battery_is_read_in_percent(decode_all: Decode) -> None:
    _, decoded = decode_all(FAMILY, known(), [(BATTERY_LEVEL, bytes([63]))])

    assert decoded.facts.battery_percent == 63.0


def test_a_newly_read_info_changes_the_scale_only(decode_all: Decode) -> None:
    state, _ = decode_all(FAMILY, known(), stream(10))
    twice = struct.pack("<BHBHB", 1, 100, 16, 1000, 3)

    state, _ = decode_all(FAMILY, state, [(profile.INFO, twice)])
    _, decoded = decode_all(FAMILY, state, stream(1, first=10, t0_us=500_000, from_s=0.5))

    assert decoded.samples.number.tolist() == list(range(50, 55))
    np.testing.assert_allclose(decoded.samples.acc_mps2[:, 2], 2 * G)
    assert replace(state.info, acc_range_g=8, name="IMUREPS-A00FF") == known().info
