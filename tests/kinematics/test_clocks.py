"""Whole-set clocks, compared with the truth of a synthetic link and with real arrivals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import SampleBlock, SensorHeader
from imu_reps.errors import RecordingError
from imu_reps.kinematics.clock.offline import fit_clock

COUNTED = ("clock", "stamps", "number")
#: Nominal rate in Hz, samples per packet, mean jitter in s, duration in s.
POPULATIONS = (
    (100, 1, 0.010, 20),
    (100, 5, 0.005, 60),
    (100, 10, 0.010, 20),
    (200, 10, 0.010, 60),
    (25, 1, 0.010, 30),
)


def errors_s(link, timed):
    return timed.time_s - link.taken_s[timed.order]


def number_blocks(arrival, sample, stamp):
    zeros = np.zeros((len(arrival), 3))
    return SampleBlock(
        "ankle", np.asarray(arrival, float), np.asarray(sample), np.asarray(stamp, float), zeros, zeros
    )


@pytest.mark.parametrize("kind", COUNTED)
@pytest.mark.parametrize(("hz", "batch", "jitter_s", "duration_s"), POPULATIONS)
def test_sample_times_are_within_3_ms_and_the_rate_within_a_fifth_of_a_permille(
    link, kind, hz, batch, jitter_s, duration_s
):
    for seed in range(8):
        made = link(
            kind,
            seed=seed,
            nominal_hz=hz,
            batch=batch,
            jitter_s=jitter_s,
            duration_s=duration_s,
            rate_error=0.007 * (-1) ** seed,
        )
        timed = fit_clock(made.block, made.header)
        assert np.quantile(np.abs(errors_s(made, timed)), 0.95) < 0.003
        assert timed.clock.rate_hz == pytest.approx(made.rate_hz, rel=2e-4)
        assert timed.period_s == pytest.approx(1 / timed.clock.rate_hz)
        assert np.array_equal(timed.index, made.tick - made.tick[0])


@pytest.mark.parametrize(("hz", "batch"), [(100, 5), (100, 10), (50, 4), (25, 1)])
@pytest.mark.parametrize("rate_known", [True, False])
def test_losses_hidden_by_a_host_counter_are_found_from_arrival_times(link, hz, batch, rate_known):
    for seed in range(6):
        made = link("host", seed=seed, nominal_hz=hz, batch=batch, rate_error=0.007 * (-1) ** seed)
        timed = fit_clock(made.block, made.header if rate_known else SensorHeader(counter="host"))
        # a packet delayed by nearly its own length just before a loss looks as if it came after the loss
        settled = np.abs(errors_s(made, timed)[made.long_after_loss(1.0)])
        assert np.quantile(settled, 0.99) < 1.1 / hz
        assert np.quantile(np.abs(errors_s(made, timed)), 0.95) < 0.003
        assert timed.clock.rate_hz == pytest.approx(made.rate_hz, rel=2e-4)
        assert timed.clock.lost is None


def test_a_least_squares_line_through_arrivals_would_follow_the_delays(link):
    """Delays grow over the set, as on a deteriorating link: a straight line through the arrivals tilts."""
    biased, measured = [], []
    for seed in range(10):
        made = link("number", seed=seed, jitter_s=0.002, rate_error=0.0)
        packets = len(made.block) // 5
        growing_delay = np.random.default_rng(seed).exponential(0.03, packets) * np.linspace(0, 1, packets)
        arrival = np.maximum.accumulate(made.block.time_s + np.repeat(growing_delay, 5))
        block = replace(made.block, time_s=arrival)
        line = np.polyfit(block.sample, arrival, 1)
        biased.append(np.quantile(np.abs(np.polyval(line, block.sample) - made.taken_s), 0.95))
        measured.append(np.quantile(np.abs(fit_clock(block, made.header).time_s - made.taken_s), 0.95))
    assert min(biased) > 0.02
    assert max(measured) < 0.003


@pytest.mark.parametrize("kind", ["clock", "stamps"])
@pytest.mark.parametrize("drift_ppm", [-7000.0, -20.0, 0.0, 120.0, 7000.0])
def test_a_fast_sensor_clock_has_a_positive_drift(link, kind, drift_ppm):
    made = link(kind, seed=1, drift_ppm=drift_ppm)
    assert fit_clock(made.block, made.header).clock.drift_ppm == pytest.approx(drift_ppm, abs=30.0)


@pytest.mark.parametrize("shown_s", [3.0, 20.0])
def test_the_drift_of_a_clock_is_known_within_its_deviation(link, shown_s):
    """After three seconds a clock that is right may seem off by more than 1000 ppm, and is not called so."""
    made = link("clock", seed=4, drift_ppm=0.0)
    short = made.block[made.block.time_s < made.block.time_s[0] + shown_s]
    clock = fit_clock(short, made.header).clock

    assert abs(clock.drift_ppm) < 4.0 * clock.drift_sd_ppm
    assert 1.0 < clock.drift_sd_ppm * shown_s < 20000.0


@pytest.mark.parametrize("kind", ["number", "host"])
def test_without_a_device_clock_there_is_no_drift(link, kind):
    made = link(kind, seed=1)
    assert fit_clock(made.block, made.header).clock.drift_ppm is None


@pytest.mark.parametrize("kind", [*COUNTED, "host"])
def test_a_dropout_stays_a_gap(link, kind):
    made = link(kind, seed=2, loss=0.0, silent_s=((20.0, 24.0),))
    timed = fit_clock(made.block, made.header)
    hole = np.argmax(np.diff(timed.index))
    assert np.array_equal(timed.index, made.tick)
    assert timed.clock.longest_gap_s == pytest.approx(
        (made.tick[hole + 1] - made.tick[hole] - 1) / made.rate_hz, rel=1e-5
    )
    assert timed.clock.restarts == 0
    assert np.abs(errors_s(made, timed)).max() < 0.003
    if made.header.counter == "device":
        assert timed.clock.lost == made.tick[-1] + 1 - len(made.block)


def test_without_a_loss_nothing_is_lost_and_no_gap_is_long(link):
    for kind in (*COUNTED, "host"):
        made = link(kind, seed=3, loss=0.0)
        clock = fit_clock(made.block, made.header).clock
        assert clock.lost in (0, None)
        assert (clock.longest_gap_s, clock.duplicates, clock.reordered, clock.restarts) == (0.0, 0, 0, 0)


@pytest.mark.parametrize("kind", [*COUNTED, "host"])
@pytest.mark.parametrize(("by", "by_s"), [(-1500, -15.2), (-1600, -510.0)])
def test_the_times_of_a_sensor_that_restarts_its_count_continue(link, kind, by, by_s):
    made = link(kind, seed=4)
    again = made.renumbered(len(made.block) // 2, by, by_s)
    timed = fit_clock(again.block, again.header)
    assert timed.clock.restarts == 1
    assert len(timed.order) == len(made.block)
    assert np.quantile(np.abs(errors_s(made, timed)), 0.95) < 0.003


@pytest.mark.parametrize("kind", COUNTED)
def test_a_clock_that_jumps_ahead_is_a_restart_and_not_a_loss(link, kind):
    made = link(kind, seed=5, loss=0.0)
    jumped = made.renumbered(3000, 0 if kind == "stamps" else 100_000, 1000.0)
    timed = fit_clock(jumped.block, jumped.header)
    assert timed.clock.restarts == 1
    assert timed.clock.lost in (0, None)
    assert np.abs(errors_s(made, timed)).max() < 0.003


@pytest.mark.parametrize("kind", COUNTED)
def test_duplicates_are_dropped_late_packets_sorted_in_and_both_are_counted(link, kind):
    made = link(kind, seed=6, loss=0.0)
    rows = np.arange(len(made.block))
    rows = np.concatenate([rows[:500], rows[505:510], rows[500:505], rows[510:1000], rows[990:]])
    mixed = made.rows(rows)
    mixed = replace(mixed, block=replace(mixed.block, time_s=np.maximum.accumulate(mixed.block.time_s)))
    if kind == "stamps":
        mixed = replace(mixed, block=replace(mixed.block, sample=np.arange(len(rows))))
    timed = fit_clock(mixed.block, mixed.header)
    assert (timed.clock.duplicates, timed.clock.reordered, timed.clock.restarts) == (10, 5, 0)
    assert np.array_equal(mixed.tick[timed.order], made.tick)
    assert np.abs(errors_s(mixed, timed)).max() < 0.003


def test_one_outlying_number_does_not_move_the_other_samples(link):
    made = link("number", seed=7)
    with_outlier = made.block.sample.copy()
    with_outlier[700] = 10**9
    timed = fit_clock(replace(made.block, sample=with_outlier), made.header)
    assert timed.clock.restarts == 2
    assert np.quantile(np.abs(errors_s(made, timed)), 0.95) < 0.003
    assert timed.clock.longest_gap_s < 1.0


@pytest.mark.parametrize("kind", [*COUNTED, "host"])
@pytest.mark.parametrize("header_hz", [50.0, 300.0])
def test_a_wrong_rate_in_the_header_is_ignored(link, kind, header_hz):
    made = link(kind, seed=8)
    timed = fit_clock(made.block, replace(made.header, rate_hz=header_hz))
    assert timed.clock.rate_hz == pytest.approx(made.rate_hz, rel=2e-4)


def test_a_clock_that_stamps_only_packets_is_replaced_by_the_sample_number(link):
    made = link("clock", seed=9)
    stamps = np.repeat(made.block.device_time_s[::5], 5)
    timed = fit_clock(replace(made.block, device_time_s=stamps), made.header)
    assert len(timed.order) == len(made.block)
    assert timed.clock.drift_ppm is None
    assert np.abs(errors_s(made, timed)).max() < 0.003


def test_the_stated_uncertainty_is_that_of_the_fit(link):
    """Over 40 links, the spread of the error agrees with the stated uncertainty within a factor of two."""
    stated, error_ms = [], []
    for seed in range(40):
        made = link("number", seed=seed, batch=10, jitter_s=0.01, duration_s=30)
        timed = fit_clock(made.block, made.header)
        error = errors_s(made, timed)
        stated.append(timed.clock.uncertainty_ms)
        error_ms.append(1e3 * error[[0, -1]])
    spread = np.std(np.array(error_ms), axis=0).mean()
    assert 0.5 < np.mean(stated) / spread < 2.0


@pytest.mark.parametrize("kind", [*COUNTED, "host"])
@pytest.mark.parametrize("count", [1, 2, 5, 12, 30, 60, 200])
def test_short_recordings_use_the_rate_of_the_data_sheet_or_a_better_one(link, kind, count):
    made = link(kind, seed=10, loss=0.0).rows(slice(0, count))
    timed = fit_clock(made.block, made.header)
    assert len(timed.order) == count
    assert timed.clock.rate_hz == pytest.approx(made.rate_hz, rel=0.01)
    if count <= 30:
        assert timed.clock.uncertainty_ms is None


def test_a_rate_that_cannot_be_determined_is_an_error_that_names_the_header_field(link):
    made = link("number", seed=11).rows(slice(0, 5))
    with pytest.raises(RecordingError, match=r"ankle\.rate_hz") as error:
        fit_clock(made.block, SensorHeader())
    assert error.value.code == "no_rate"
    with pytest.raises(RecordingError):
        fit_clock(made.block[0:0], made.header)


def test_hours_of_samples_are_timed_within_a_millisecond(link):
    for kind in ("clock", "host"):
        made = link(kind, seed=12, duration_s=10_800.0)
        timed = fit_clock(made.block, made.header)
        assert np.quantile(np.abs(errors_s(made, timed)), 0.95) < 0.001


@given(
    st.lists(
        st.tuples(st.floats(0.0, 0.2), st.integers(-40, 60), st.one_of(st.just(0.01), st.floats(-3.0, 3.0))),
        min_size=1,
        max_size=60,
    ),
    st.sampled_from(["device", "host"]),
    st.booleans(),
    st.sampled_from([None, 100.0]),
)
@settings(deadline=None, max_examples=100)
def test_samples_in_any_order_get_increasing_times(steps, counter, has_clock, rate_hz):
    arrival, sample, stamp = (np.cumsum(column) for column in zip(*steps, strict=True))
    block = number_blocks(arrival, sample, stamp if has_clock else np.full(len(sample), np.nan))
    try:
        timed = fit_clock(block, SensorHeader(rate_hz=rate_hz, counter=counter))
    except RecordingError:
        return
    assert np.all(np.diff(timed.time_s) > 0)
    assert np.isfinite(timed.time_s).all()
    assert np.all(np.diff(timed.index) >= 1)
    assert len(np.unique(timed.order)) == len(timed.order)
    assert len(timed.order) + timed.clock.duplicates == len(block)


def test_real_arrivals_yield_the_nominal_rate_that_their_regression_misses(datasets):
    """200 Hz over Wi-Fi: one second of samples queued at the start, stalls of up to 44 ms, a few losses."""
    arrival = pd.read_csv(datasets / "static" / "riot_idle_dev0.csv.gz")["t_s"].to_numpy()
    number = np.arange(len(arrival))
    block = number_blocks(arrival, number, np.full(len(arrival), np.nan))
    regression_hz = 1 / np.polyfit(number, arrival, 1)[0]
    for rate_hz in (200.0, None):
        timed = fit_clock(block, SensorHeader(rate_hz=rate_hz, counter="host"))
        delay = arrival - timed.time_s
        every_second = [delay[k : k + 200].min() for k in range(200, len(delay) - 200, 200)]
        assert timed.clock.rate_hz == pytest.approx(200.0, rel=2e-5)
        assert abs(regression_hz - 200.0) > 0.1
        assert np.abs(every_second).max() < 0.001
