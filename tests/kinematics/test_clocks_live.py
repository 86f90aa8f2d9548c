"""Live clocks: causal, smooth, independent of block sizes, and close to the whole-set fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import SampleBlock, SensorHeader
from imu_reps.kinematics.clock.offline import fit_clock
from imu_reps.kinematics.clock.stream import LiveClock

COUNTED = ("clock", "stamps", "number")


def push_all(block, header, cuts=()):
    """Return times, indices and rows of the whole block, pushed in pieces."""
    clock = LiveClock(header)
    edges = [0, *sorted(cuts), len(block)]
    times, indices, rows = [], [], []
    for start, stop in pairwise(edges):
        timed = clock.push(block[start:stop])
        times.append(timed.time_s)
        indices.append(timed.index)
        rows.append(timed.order + start)
    return np.concatenate(times), np.concatenate(indices), np.concatenate(rows), clock


@pytest.mark.parametrize("kind", [*COUNTED, "host"])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_times_do_not_depend_on_the_block_size(link, kind, size):
    made = link(kind, seed=1, duration_s=20, silent_s=((8.0, 10.0),)).renumbered(1400, -900, -9.0)
    whole = push_all(made.block, made.header)
    cut = push_all(made.block, made.header, range(size, len(made.block), size))
    for whole_column, cut_column in zip(whole[:3], cut[:3], strict=True):
        assert np.array_equal(whole_column, cut_column)


@pytest.mark.parametrize("kind", [*COUNTED, "host"])
def test_later_samples_change_nothing(link, kind):
    made = link(kind, seed=2, duration_s=20)
    whole = push_all(made.block, made.header)[0]
    for count in (1, 3, 250, 1111):
        assert np.array_equal(push_all(made.block[:count], made.header)[0], whole[:count])


@given(
    st.lists(
        st.tuples(st.floats(0.0, 0.6), st.integers(-40, 60), st.one_of(st.just(0.01), st.floats(-3.0, 3.0))),
        min_size=1,
        max_size=60,
    ),
    st.sets(st.integers(1, 59)),
    st.sampled_from(["device", "host"]),
    st.booleans(),
    st.sampled_from([None, 100.0]),
)
@settings(deadline=None, max_examples=100)
def test_any_samples_in_any_blocks_give_the_same_increasing_times(steps, cuts, counter, has_clock, rate_hz):
    arrival, sample, stamp = (np.cumsum(column) for column in zip(*steps, strict=True))
    zeros = np.zeros((len(arrival), 3))
    stamp = stamp.astype(float) if has_clock else np.full(len(arrival), np.nan)
    block = SampleBlock("pelvis", arrival, sample, stamp, zeros, zeros)
    header = SensorHeader(rate_hz=rate_hz, counter=counter)
    whole = push_all(block, header)
    cut = push_all(block, header, [c for c in cuts if c < len(block)])
    for whole_column, cut_column in zip(whole[:3], cut[:3], strict=True):
        assert np.array_equal(whole_column, cut_column)
    time_s, index, rows, _ = whole
    assert np.isfinite(time_s).all()
    assert np.all(np.diff(time_s) > 0)
    assert np.all(np.diff(index) >= 1)
    assert np.all(np.diff(rows) >= 1)


@pytest.mark.parametrize("kind", COUNTED)
@pytest.mark.parametrize(
    ("hz", "batch", "jitter_s"), [(100, 1, 0.01), (100, 5, 0.005), (100, 10, 0.01), (25, 1, 0.01)]
)
def test_after_three_seconds_live_times_are_within_a_few_ms_of_the_whole_set_fit(
    link, kind, hz, batch, jitter_s
):
    for seed in range(6):
        made = link(
            kind, seed=seed, nominal_hz=hz, batch=batch, jitter_s=jitter_s, rate_error=0.007 * (-1) ** seed
        )
        time_s, index, rows, clock = push_all(made.block, made.header)
        later = made.block.time_s > made.block.time_s[0] + 3.0
        difference_s = np.abs(time_s - fit_clock(made.block, made.header).time_s)[later]
        assert len(rows) == len(made.block)
        assert np.quantile(difference_s, 0.95) < 0.004
        assert difference_s.max() < 0.01
        assert np.array_equal(index, made.tick - made.tick[0])
        assert clock.period_s == pytest.approx(1 / made.rate_hz, rel=5e-4)


@pytest.mark.parametrize(("hz", "batch"), [(100, 5), (100, 1), (25, 1)])
def test_losses_hidden_by_a_host_counter_are_corrected_within_a_second(link, hz, batch):
    for seed in range(6):
        made = link("host", seed=seed, nominal_hz=hz, batch=batch, rate_error=0.007 * (-1) ** seed)
        time_s, _, _, clock = push_all(made.block, made.header)
        settled = made.long_after_loss(1.0) & (made.block.time_s > made.block.time_s[0] + 10.0)
        error_s = np.abs(time_s - made.taken_s)[settled]
        assert np.quantile(error_s, 0.95) < 1.0 / hz
        assert clock.period_s == pytest.approx(1 / made.rate_hz, rel=1e-3)


@pytest.mark.parametrize("kind", COUNTED)
def test_a_dropout_is_a_gap_at_once(link, kind):
    made = link(kind, seed=3, loss=0.0, silent_s=((20.0, 24.0),))
    time_s, index, _, _ = push_all(made.block, made.header)
    hole = np.argmax(np.diff(made.tick)) + 1
    assert np.argmax(np.diff(index)) + 1 == hole
    assert np.abs(time_s - made.taken_s)[hole:].max() < 0.1
    assert np.abs(time_s - made.taken_s)[hole + 100 :].max() < 0.01


def test_an_uncounted_dropout_is_a_gap_once_arrivals_distinguish_it_from_a_backlog(link):
    made = link("host", seed=3, loss=0.0, silent_s=((20.0, 24.0),))
    time_s, index, rows, _ = push_all(made.block, made.header)
    hole = np.argmax(np.diff(made.tick)) + 1
    in_doubt = np.setdiff1d(np.arange(len(made.block)), rows)
    assert in_doubt.min() == hole
    assert made.block.time_s[in_doubt.max()] - made.block.time_s[hole] < 0.5
    assert rows[np.argmax(np.diff(index)) + 1] == in_doubt.max() + 1
    assert np.abs(time_s - made.taken_s[rows])[rows > hole].max() < 0.03


def test_a_refitted_line_is_approached_smoothly(link):
    made = link("number", seed=4, batch=1, loss=0.0, stalls_hz=0.0)
    time_s, *_ = push_all(made.block, made.header)
    step = np.diff(time_s[300:]) * made.rate_hz
    assert step.min() > 0.8
    assert step.max() < 1.2


@pytest.mark.parametrize("kind", [*COUNTED, "host"])
def test_the_times_of_a_sensor_that_restarts_its_count_continue(link, kind):
    made = link(kind, seed=5, loss=0.0).renumbered(3000, -3000, -29.0)
    time_s, _, rows, _ = push_all(made.block, made.header)
    assert len(rows) == len(made.block)
    assert np.abs(time_s - made.taken_s)[3100:].max() < 0.015


@pytest.mark.parametrize("kind", COUNTED)
def test_duplicates_and_late_samples_are_left_out(link, kind):
    made = link(kind, seed=6, loss=0.0)
    rows = np.arange(len(made.block))
    rows = np.concatenate([rows[:500], rows[505:510], rows[500:505], rows[510:1000], rows[990:]])
    mixed = made.rows(rows)
    mixed = replace(mixed, block=replace(mixed.block, time_s=np.maximum.accumulate(mixed.block.time_s)))
    _, _, pushed_rows, _ = push_all(mixed.block, mixed.header)
    assert len(mixed.block) - len(pushed_rows) == 15
    assert np.array_equal(mixed.tick[pushed_rows], np.delete(made.tick, range(500, 505)))


@pytest.mark.parametrize("kind", ["number", "host"])
@pytest.mark.parametrize("header_hz", [None, 50.0, 300.0])
def test_a_rate_that_is_unknown_or_wrong_in_the_header_is_soon_measured(link, kind, header_hz):
    made = link(kind, seed=7, loss=0.0)
    header = replace(made.header, rate_hz=header_hz)
    time_s, _, _, clock = push_all(made.block, header)
    later = made.block.time_s > made.block.time_s[0] + 8.0
    assert clock.period_s == pytest.approx(1 / made.rate_hz, rel=1e-3)
    assert np.quantile(np.abs(time_s - made.taken_s)[later], 0.95) < 0.005


def test_a_clock_that_stamps_only_packets_is_replaced_by_the_sample_number(link):
    made = link("clock", seed=8)
    block = replace(made.block, device_time_s=np.repeat(made.block.device_time_s[::5], 5))
    time_s, _, rows, _ = push_all(block, made.header)
    assert len(block) - len(rows) <= 3
    assert np.abs(time_s - made.taken_s[rows])[400:].max() < 0.01


def test_before_any_sample_an_unknown_rate_has_no_period():
    assert LiveClock(SensorHeader()).period_s is None


@pytest.mark.parametrize("kind", COUNTED)
def test_samples_after_a_computer_sleep_are_timed_from_the_wake_up(link, kind):
    """An hour passes between two arrivals, but the sensor's count does not show it."""
    made = link(kind, seed=3, duration_s=20, loss=0.0)
    half = len(made.block) // 2
    arrival_s = made.block.time_s.copy()
    arrival_s[half:] += 3600.0
    times, _, rows, _ = push_all(replace(made.block, time_s=arrival_s), made.header)
    times_after_wake = times[rows >= half + 5]
    late_s = arrival_s[rows[rows >= half + 5]] - times_after_wake
    assert np.abs(late_s).max() < 0.5
    assert (np.diff(times) > 1.0).sum() <= 1
