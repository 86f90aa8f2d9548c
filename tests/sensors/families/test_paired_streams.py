"""Two streams joined into one, by time or by turn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.families.paired_streams import (
    MAX_WAITING,
    AlternatingStreams,
    TimedStreams,
    pair_by_time,
    pair_by_turn,
)
from imu_reps.sensors.wire import Samples, join_samples

PERIOD_S = 0.02


def rows(values: FloatArray) -> FloatArray:
    return np.column_stack([values, values + 1, -values])


def fed(acc_cuts: list[int], gyr_cuts: list[int], gyr_s: FloatArray) -> Samples:
    """Feed streams of 60 samples in turn, split into packets anywhere; x of the gyroscope is its time."""
    number = np.arange(60)
    streams, parts = TimedStreams(), []
    acc = np.split(number, sorted(acc_cuts))
    gyr = np.split(gyr_s, sorted(gyr_cuts))
    for i in range(max(len(acc), len(gyr))):
        if i < len(acc):
            streams = streams.with_acc(acc[i], acc[i] * PERIOD_S, rows(acc[i] * 1.0))
        if i < len(gyr):
            streams = streams.with_gyr(gyr[i], rows(gyr[i]))
        streams, samples = pair_by_time(streams, 2 * PERIOD_S)
        parts.append(samples)
    return join_samples(parts)


@given(
    acc_cuts=st.lists(st.integers(0, 60), max_size=8),
    gyr_cuts=st.lists(st.integers(0, 60), max_size=8),
    shift_s=st.floats(-0.05, 0.05),
)
@settings(max_examples=60, deadline=None)
def test_packets_split_anywhere_give_the_same_pairs(
    acc_cuts: list[int], gyr_cuts: list[int], shift_s: float
) -> None:
    gyr_s = np.arange(60) * PERIOD_S + shift_s

    samples = fed(acc_cuts, gyr_cuts, gyr_s)

    covered = (np.arange(60) * PERIOD_S >= gyr_s[0]) & (np.arange(60) * PERIOD_S <= gyr_s[-1])
    assert samples.number.tolist() == np.flatnonzero(covered).tolist()
    np.testing.assert_allclose(samples.gyr_dps, rows(samples.device_time_s), atol=1e-12)
    np.testing.assert_array_equal(samples.acc_mps2, rows(samples.number * 1.0))


def test_nothing_is_paired_over_a_gap_of_the_gyroscope() -> None:
    gyr_s = np.delete(np.arange(60) * PERIOD_S + 0.005, range(20, 30))

    samples = fed([], [], gyr_s)

    assert sorted(set(range(1, 60)) - set(samples.number.tolist())) == list(range(20, 31))


def test_a_stream_without_its_partner_waits_up_to_a_limit() -> None:
    streams = TimedStreams()
    for i in range(30):
        number = np.arange(100 * i, 100 * i + 100)
        streams, samples = pair_by_time(streams.with_acc(number, number * PERIOD_S, rows(number * 1.0)), 0.04)
        assert not len(samples)

    assert len(streams.number) == MAX_WAITING
    assert streams.number[-1] == 2999


@given(lost=st.sets(st.integers(0, 39), max_size=12), leader=st.sampled_from(["acc", "gyr"]))
@settings(max_examples=100, deadline=None)
def test_a_lost_packet_costs_only_its_neighbour(lost: set[int], leader: str) -> None:
    lost = {number for number in lost if number - 1 not in lost}
    follower = "gyr" if leader == "acc" else "acc"
    streams, pairs, dropped = AlternatingStreams(leader), [], 0  # type: ignore[arg-type]
    for number in sorted(set(range(40)) - lost):
        stream = leader if number % 2 == 0 else follower
        values = np.full((3, 3), float(number // 2))
        streams, paired = pair_by_turn(streams, stream, values)  # type: ignore[arg-type]
        np.testing.assert_array_equal(paired.acc, paired.gyr)
        pairs += paired.acc[::3, 0].tolist()
        dropped += paired.dropped

    whole = [n for n in range(20) if not {2 * n, 2 * n + 1} & lost]
    assert pairs == whole
    assert dropped + len(streams.waiting) == 3 * (40 - len(lost)) - 6 * len(whole)


@pytest.mark.parametrize("stream", ["acc", "gyr"])
def test_the_stream_that_comes_first_leads(stream: str) -> None:
    streams, paired = pair_by_turn(AlternatingStreams(), stream, np.zeros((3, 3)))  # type: ignore[arg-type]

    assert (streams.leader, len(streams.waiting), len(paired.acc)) == (stream, 3, 0)
