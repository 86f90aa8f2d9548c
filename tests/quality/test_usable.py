"""Corrections that make a recording usable, and what each leaves unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from mutations import KINDS, rows
from scipy.signal import butter, filtfilt

from imu_reps import Recording, RepPlan, SampleBlock, SetPlan, simulate
from imu_reps.domain.recording import Note
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.quality.plausibility import examined
from imu_reps.report.findings import hint, sentence


@pytest.fixture(scope="module")
def good() -> Recording:
    return simulate(SetPlan(reps=(RepPlan(),) * 5)).recording


def codes(recording: Recording) -> dict[str, str]:
    return {finding.code: sentence(finding) for finding in examined(recording).findings}


def spoilt(recording: Recording, kind: str, seed: int = 0) -> Recording:
    return KINDS[kind].spoil(recording, ("ankle",), np.random.default_rng(seed))


def test_a_good_recording_is_used_unchanged(good: Recording) -> None:
    checked = examined(good)

    assert checked.findings == ()
    assert checked.recording.ankle is good.ankle or np.array_equal(
        checked.recording.ankle.sample, good.ankle.sample
    )
    assert not any(readings.bad.any() for readings in checked.readings.values())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["rows of zeros", "rows of -1", "rows at the rails", "single spikes"])
def test_rows_that_are_no_readings_and_no_others_are_left_out(kind: str, seed: int, good: Recording) -> None:
    bad = spoilt(good, kind, seed)
    changed = (bad.ankle.acc_mps2 != good.ankle.acc_mps2).any(axis=1)
    changed |= (bad.ankle.gyr_dps != good.ankle.gyr_dps).any(axis=1)
    readings = examined(bad).readings["ankle"]
    found = np.sort(readings.timed.order[readings.bad])

    assert set(found) <= set(np.flatnonzero(changed))
    assert len(found) >= 0.9 * changed.sum()  # spikes next to each other are not single


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("column", range(6))
@pytest.mark.parametrize("where", ["start", "end", "before a hole", "after a hole"])
def test_garbage_without_neighbours_on_one_side_is_left_out(
    where: str, column: int, count: int, good: Recording
) -> None:
    values = np.hstack([good.ankle.acc_mps2, good.ankle.gyr_dps])
    start = {"start": 0, "end": len(values) - count, "before a hole": 1200 - count, "after a hole": 1230}[
        where
    ]
    garbage = np.arange(start, start + count)
    values[garbage, column] = 156.9 if column < 3 else -2000.0
    spoilt_block = replace(good.ankle, acc_mps2=values[:, :3].copy(), gyr_dps=values[:, 3:].copy())
    kept = np.flatnonzero((np.arange(len(values)) < 1200) | (np.arange(len(values)) >= 1230))
    readings = examined(good.with_samples(rows(spoilt_block, kept))).readings["ankle"]

    assert kept[readings.timed.order[readings.bad]].tolist() == garbage.tolist()


def test_a_value_that_no_part_gives_is_left_out_alone_or_as_a_sign_of_no_reading(good: Recording) -> None:
    for count in (1, 40):
        acc = good.ankle.acc_mps2.copy()
        acc[1000 : 1000 + count] = -9999.0
        readings = examined(good.with_samples(replace(good.ankle, acc_mps2=acc))).readings["ankle"]
        bad = np.sort(readings.timed.order[readings.bad])
        assert bad.tolist() == list(range(1000, 1000 + count))


@pytest.mark.parametrize("columns", [slice(0, 3), slice(3, 6), slice(0, 6)])
def test_a_hole_that_was_filled_by_straight_lines_is_a_hole_again(columns: slice, good: Recording) -> None:
    values = np.hstack([good.ankle.acc_mps2, good.ankle.gyr_dps])
    values[1000:1060, columns] = np.linspace(values[999, columns], values[1060, columns], 62)[1:-1]
    filled = replace(good.ankle, acc_mps2=values[:, :3].copy(), gyr_dps=values[:, 3:].copy())
    checked = examined(good.with_samples(filled))
    bad = checked.readings["ankle"]
    assert np.sort(bad.timed.order[bad.bad]).tolist() == list(range(1000, 1060))
    assert [finding.code for finding in checked.findings] == ["filled_samples"]


@pytest.mark.parametrize("put_in", [np.mean, np.median])
def test_rows_filled_with_the_mean_of_each_column_are_holes_again(
    put_in: Callable[..., np.ndarray], good: Recording
) -> None:
    values = np.hstack([good.ankle.acc_mps2, good.ankle.gyr_dps])
    filled = np.arange(100, 3000, 60)
    values[filled] = put_in(np.delete(values, filled, axis=0), axis=0)
    altered = replace(good.ankle, acc_mps2=values[:, :3].copy(), gyr_dps=values[:, 3:].copy())
    checked = examined(good.with_samples(altered))
    bad = checked.readings["ankle"]
    assert np.sort(bad.timed.order[bad.bad]).tolist() == filled.tolist()
    assert "put_in_samples" in [finding.code for finding in checked.findings]


@pytest.mark.parametrize("digits", [0, 1, 2])
def test_coarse_readings_are_not_taken_for_ones_put_in(digits: int, good: Recording) -> None:
    coarse = replace(
        good.ankle,
        acc_mps2=np.round(good.ankle.acc_mps2, digits),
        gyr_dps=np.round(good.ankle.gyr_dps, digits),
    )
    assert "put_in_samples" not in codes(good.with_samples(coarse))


def test_readings_raised_to_a_higher_rate_by_straight_lines_are_kept(good: Recording) -> None:
    slow = rows(good.ankle, np.arange(0, len(good.ankle), 8))
    row = np.arange(0, 8 * (len(slow) - 1)) / 8.0
    acc, gyr = (
        np.stack([np.interp(row, np.arange(len(slow)), axis) for axis in values.T], axis=1)
        for values in (slow.acc_mps2, slow.gyr_dps)
    )
    raised = replace(rows(good.ankle, np.arange(len(row))), acc_mps2=acc, gyr_dps=gyr)
    checked = examined(good.with_samples(raised))
    assert not checked.readings["ankle"].bad.any()
    assert checked.refusal is not None
    assert checked.refusal.code == "interpolated_rows"
    assert checked.refusal.values["real_hz"] == pytest.approx(
        checked.clocks["ankle"].clock.rate_hz / 8, abs=1.0
    )


def test_a_small_spike_of_one_axis_of_the_gyroscope_is_left_out_and_a_blow_is_kept(good: Recording) -> None:
    gyr = good.ankle.gyr_dps.copy()
    gyr[[500, 1500], [0, 2]] += [40.0, -90.0]
    gyr[2500] += [40.0, -30.0, 60.0]  # felt in all axes
    readings = examined(good.with_samples(replace(good.ankle, gyr_dps=gyr))).readings["ankle"]
    assert np.sort(readings.timed.order[readings.bad]).tolist() == [500, 1500]


def test_a_burst_of_noise_is_left_out_and_a_shaken_limb_is_kept(good: Recording) -> None:
    rng = np.random.default_rng(5)
    for burst in (rng.standard_normal((100, 6)), np.sin(np.arange(100) * 0.7)[:, None] * np.ones(6)):
        values = np.hstack([good.ankle.acc_mps2, good.ankle.gyr_dps])
        values[1000:1100] += burst * ([6.0] * 3 + [60.0] * 3)
        noisy = replace(good.ankle, acc_mps2=values[:, :3].copy(), gyr_dps=values[:, 3:].copy())
        readings = examined(good.with_samples(noisy)).readings["ankle"]
        bad = np.sort(readings.timed.order[readings.bad])
        if burst[0, 0] == 0.0:
            assert not len(bad)
        else:
            assert set(range(1000, 1100)) <= set(bad.tolist()) <= set(range(900, 1200))


@pytest.mark.parametrize("corner_hz", [1.0, 3.0])
def test_readings_that_a_program_smoothed_are_told(corner_hz: float, good: Recording) -> None:
    rate_hz = examined(good).clocks["ankle"].clock.rate_hz
    values = np.hstack([good.ankle.acc_mps2, good.ankle.gyr_dps])
    values = filtfilt(*butter(2, corner_hz / (rate_hz / 2.0)), values, axis=0)
    smooth = replace(good.ankle, acc_mps2=values[:, :3].copy(), gyr_dps=values[:, 3:].copy())
    measured = replace(good, header=replace(good.header, simulated=False))
    assert "smoothed" not in codes(measured)
    assert "smoothed" in codes(measured.with_samples(smooth))


def test_a_gyroscope_reads_nothing_at_rest_but_not_between_fast_turns(good: Recording) -> None:
    gyr = good.ankle.gyr_dps - np.median(good.ankle.gyr_dps[:100], axis=0)
    size = np.linalg.norm(gyr, axis=1)
    with_dead_band = replace(good.ankle, gyr_dps=np.where(size[:, None] < 4.0, 0.0, gyr))
    assert "flat_samples" not in codes(good.with_samples(with_dead_band))

    small = replace(good.ankle, gyr_dps=np.where(np.abs(gyr) < 1.5, 0.0, gyr))
    assert not codes(good.with_samples(small)).keys() & {"frozen_samples", "cut_off_samples"}

    fast = int(np.argmax(size > 25.0))
    gyr[fast : fast + 10] = 0.0
    assert "flat_samples" in codes(good.with_samples(replace(good.ankle, gyr_dps=gyr)))


def test_a_gyroscope_that_stops_while_gravity_turns_slowly_is_left_out(good: Recording) -> None:
    """As a leg begins its lift, or hardly moves at the top: the force changes by a tenth of gravity."""
    pieces = [slice(start, start + 60) for start in range(0, len(good.ankle) - 60, 10)]
    forces = [good.ankle.acc_mps2[piece] for piece in pieces]
    turned = [np.abs(acc[45:].mean(axis=0) - acc[:15].mean(axis=0)).max() for acc in forces]
    slow = next(
        piece
        for piece, acc, size in zip(pieces, forces, turned, strict=True)
        if size > 0.5 and np.ptp(acc, axis=0).max() < 1.0
    )
    gyr = good.ankle.gyr_dps.copy()
    gyr[slow] = gyr[slow.start]
    readings = examined(good.with_samples(replace(good.ankle, gyr_dps=gyr))).readings["ankle"]
    assert readings.bad.sum() == pytest.approx(59, abs=2)


def test_a_knock_beyond_the_range_in_all_axes_is_kept(good: Recording) -> None:
    acc = good.ankle.acc_mps2.copy()
    acc[1000:1004] += np.array([[45.0], [90.0], [95.0], [40.0]])
    knocked = replace(good.ankle, acc_mps2=np.clip(acc, -78.45, 78.45))
    assert not examined(good.with_samples(knocked)).readings["ankle"].bad.any()


@pytest.mark.parametrize("kind", ["a counter of 8 bits", "a counter of 16 bits", "a counter of 32 bits"])
def test_a_wrapping_counter_is_continued_and_losses_stay_gaps(kind: str, good: Recording) -> None:
    lost = rows(good.ankle, np.flatnonzero(np.arange(len(good.ankle)) % 40 != 7))
    checked = examined(spoilt(good.with_samples(lost), kind))

    assert np.array_equal(np.diff(checked.recording.ankle.sample), np.diff(lost.sample))
    assert checked.clocks["ankle"].clock.lost == len(good.ankle) - len(lost)
    assert checked.clocks["ankle"].clock.restarts == 0


@pytest.mark.parametrize("modulus", [100, 1000])
def test_a_decimal_counter_is_continued_without_a_gap(modulus: int, good: Recording) -> None:
    checked = examined(good.with_samples(replace(good.ankle, sample=np.arange(len(good.ankle)) % modulus)))

    assert np.array_equal(np.diff(checked.recording.ankle.sample), np.ones(len(good.ankle) - 1))
    assert checked.clocks["ankle"].clock.lost == 0


def test_a_restarted_sensor_is_no_wrap(good: Recording) -> None:
    number = good.ankle.sample.copy()
    number[1200:] -= number[1200]
    found = codes(
        good.with_samples(replace(good.ankle, sample=number, device_time_s=good.ankle.device_time_s))
    )

    assert "counter_wraps" not in found


def test_repeated_packets_are_removed_and_nothing_else(good: Recording) -> None:
    header = good.header.with_sensor("ankle", replace(good.header.ankle, counter="host"))
    checked = examined(spoilt(replace(good, header=header), "packets that come again"))

    assert np.array_equal(checked.recording.ankle.acc_mps2, good.ankle.acc_mps2)
    assert "copies" in {finding.code for finding in checked.findings}


def test_a_clock_that_wraps_is_no_restart(good: Recording) -> None:
    checked = examined(spoilt(good, "a clock that wraps"))

    assert checked.clocks["ankle"].clock.restarts == 0
    assert checked.findings == ()


@pytest.mark.parametrize("counter", ["device", "host"])
@pytest.mark.parametrize("away_s", [9.4, 7.5])
def test_sensors_switched_on_again_have_neither_a_wrapped_clock_nor_a_computer_whose_clock_jumped(
    counter: Literal["device", "host"], away_s: float, good: Recording
) -> None:
    """The clocks fall by 10 s, which a wrap at 2**24 µs after an absence of 6.8 s would look like."""
    again = replace(good, notes=(*good.notes, Note(12.0 + away_s, "restart", "both")))
    for block in good.blocks:
        later = block.time_s >= 12.0
        first = int(later.argmax())
        number = block.sample if counter == "host" else block.sample - block.sample[first] * later
        moved = replace(
            block,
            time_s=block.time_s + away_s * later,
            device_time_s=block.device_time_s - 10.0 * later,
            sample=number,
        )
        sensor = replace(again.header.sensor(block.sensor), counter=counter)
        again = replace(again.with_samples(moved), header=again.header.with_sensor(block.sensor, sensor))
    checked = examined(again)

    assert {finding.code for finding in checked.findings} & {"clock_jumped"} == set()
    for place in SENSOR_PLACES:
        clock = checked.clocks[place]
        assert clock.clock.longest_gap_s == pytest.approx(away_s, abs=0.1)
        assert clock.time_s[-1] == pytest.approx(good.ankle.time_s[-1] + away_s, abs=0.1)


@pytest.mark.parametrize("by_s", [3600.0, 11.0])
def test_a_jump_of_the_computers_clock_is_undone_in_samples_and_notes(by_s: float, good: Recording) -> None:
    jumped = good
    for block in good.blocks:
        jumped = jumped.with_samples(replace(block, time_s=block.time_s + by_s * (block.time_s > 12.0)))
    checked = examined(jumped)
    (finding,) = checked.findings

    assert finding.code == "clock_jumped"
    assert finding.values["by_s"] == pytest.approx(by_s, abs=0.1)
    assert finding.start_s == pytest.approx(12.0, abs=0.2)
    assert checked.recording.ankle.time_s[-1] == pytest.approx(good.ankle.time_s[-1], abs=0.1)


@pytest.mark.parametrize("has_clock", [True, False])
@pytest.mark.parametrize(("stalled_s", "spacing_s"), [(5.9, 0.0), (5.0, 0.0005), (5.0, 0.002), (3.0, 0.005)])
def test_samples_that_all_arrive_after_a_stall_of_the_program_are_no_clock_that_was_set(
    stalled_s: float, spacing_s: float, has_clock: bool, good: Recording
) -> None:
    """As after a disk that took nothing, or a program that was stopped: the system kept the packets."""
    for block in good.blocks:
        clock = block.device_time_s if has_clock else np.full(len(block), np.nan)
        good = good.with_samples(replace(block, device_time_s=clock))
    stalled = good
    for block in good.blocks:
        ramp = spacing_s * np.arange(len(block))
        free_s = np.where(
            (block.time_s >= 8.0) & (block.time_s < 8.0 + stalled_s), 8.0 + stalled_s, block.time_s
        )
        time_s = np.maximum.accumulate(free_s - ramp) + ramp  # one after the other
        stalled = stalled.with_samples(replace(block, time_s=time_s))
    checked, expected = examined(stalled), examined(good)

    assert {finding.code for finding in checked.findings} & {"clock_jumped", "restarts", "drop_out"} == set()
    for place in SENSOR_PLACES:
        assert checked.clocks[place].time_s == pytest.approx(expected.clocks[place].time_s, abs=0.1)


@pytest.mark.parametrize(
    ("unit", "factor"), [("ms", 1e3), ("µs", 1e6), ("ns", 1e9), ("minutes", 1 / 60), ("days", 1 / 86400)]
)
def test_times_in_another_unit_are_named_with_the_factor(unit: str, factor: float, good: Recording) -> None:
    other = good
    for block in good.blocks:
        other = other.with_samples(replace(block, time_s=block.time_s * factor))
    finding = examined(other).refusal

    assert finding is not None
    assert f"in {unit}" in sentence(finding)
    assert f"{max(factor, 1 / factor):g}" in hint(finding)


@pytest.mark.parametrize("step", [2, 4])
@pytest.mark.parametrize("kind", ["counted", "uncounted"])
def test_a_changing_rate_is_reported_and_each_stretch_keeps_its_times(
    step: int, kind: str, good: Recording
) -> None:
    row = len(good.ankle) // 2
    slow = rows(good.ankle, np.r_[0:row, row : len(good.ankle) : step])
    header = good.header
    if kind == "uncounted":
        slow = replace(slow, sample=np.arange(len(slow)), device_time_s=np.full(len(slow), np.nan))
        header = header.with_sensor("ankle", replace(header.ankle, counter="host"))
    checked = examined(replace(good.with_samples(slow), header=header))
    true = examined(good).clocks["ankle"]
    (changed,) = [finding for finding in checked.findings if finding.code == "rate_changed"]
    block, timed = checked.recording.ankle, checked.clocks["ankle"]

    assert changed.start_s == pytest.approx(good.ankle.time_s[row], abs=0.3)
    assert changed.values["before_hz"] / changed.values["after_hz"] == pytest.approx(step, rel=0.02)
    for column in range(3):
        was = np.interp(timed.time_s, true.time_s, good.ankle.acc_mps2[true.order, column])
        assert np.sqrt(np.mean((block.acc_mps2[timed.order, column] - was) ** 2)) < 0.25


def test_a_wrapped_range_is_continued(good: Recording) -> None:
    reach = 0.7 * float(np.abs(good.ankle.gyr_dps).max())
    fast = replace(good.ankle, gyr_dps=good.ankle.gyr_dps * 125.0 / reach)
    wrapped = replace(fast, gyr_dps=(fast.gyr_dps + 125.0) % 250.0 - 125.0)
    checked = examined(good.with_samples(wrapped))

    assert checked.recording.ankle.gyr_dps == pytest.approx(fast.gyr_dps, abs=3.0)


def turning(peaks_dps: np.ndarray, axes: list[int], good: Recording) -> tuple[SampleBlock, np.ndarray]:
    """Return an ankle that turns fast about some axes, with such a peak every two seconds, and its rates."""
    ankle = good.ankle
    since_s = (ankle.sample[:, None] / 100.0 - (6.0 + 2.0 * np.arange(len(peaks_dps)))) / 0.05
    rate_dps = (np.exp(-0.5 * since_s**2) * peaks_dps).sum(axis=1)
    gyr = ankle.gyr_dps.copy()
    gyr[:, axes] += rate_dps[:, None]
    return ankle, gyr


@pytest.mark.parametrize(
    ("peaks_dps", "axes"), [([250.4, -250.4, 250.4, -250.4], [0]), ([0.0, -270.0, 265.0, -265.0], [1, 2])]
)
def test_a_range_that_few_samples_exceed_is_continued_on_every_axis(
    peaks_dps: list[float], axes: list[int], good: Recording
) -> None:
    """Single samples beyond ±250 deg/s, of one axis; and few, of two axes in the same samples."""
    ankle, gyr = turning(np.array(peaks_dps), axes, good)
    sent = np.where(np.abs(gyr) < 250.0, gyr, gyr - 500.0 * np.sign(gyr))
    assert 3 <= (sent != gyr).any(axis=1).sum() <= 24
    checked = examined(good.with_samples(replace(ankle, gyr_dps=sent)))
    wrapped = [finding for finding in checked.findings if finding.code == "wrapped"]
    assert [finding.values["continued"] for finding in wrapped] == [True] * len(axes)
    assert checked.recording.ankle is not None
    assert np.abs(checked.recording.ankle.gyr_dps - gyr).max() < 0.02 * 500.0


def test_a_dead_ankle_ends_the_set_and_keeps_everything_before(good: Recording) -> None:
    dead = spoilt(good, "a sensor that dies", 1)
    checked = examined(dead)
    (finding,) = [finding for finding in checked.findings if finding.code == "sensor_died"]
    left = checked.without_invalid(checked.clocks)

    assert f"died at {finding.start_s:.0f} s" in sentence(finding)
    assert max(timed.time_s[-1] for timed in left.values()) <= finding.start_s


@pytest.mark.parametrize("unit", [1e3, 1e6])
def test_times_in_place_of_numbers_count_nothing(unit: float, good: Recording) -> None:
    recording = good
    for block in good.blocks:
        number = np.round(block.time_s * unit).astype(np.int64)
        no_clock = np.full(len(block), np.nan)
        recording = recording.with_samples(replace(block, sample=number, device_time_s=no_clock))
    checked = examined(recording)
    assert set(codes(recording)) == {"counter_is_time"}
    assert checked.clocks["ankle"].clock.lost is None
    assert np.array_equal(checked.recording.ankle.sample, np.arange(len(good.ankle)))


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize("clock", [True, False])
def test_times_of_another_scale_are_no_scale_of_the_gyroscope(
    factor: float, clock: bool, good: Recording
) -> None:
    recording = good
    for block in good.blocks:
        device_time_s = block.device_time_s if clock else np.full(len(block), np.nan)
        scaled = replace(block, time_s=block.time_s * factor, device_time_s=device_time_s)
        recording = recording.with_samples(scaled)
    refused = [finding for finding in examined(recording).findings if finding.severity == "refuse"]
    assert {finding.code for finding in refused} == {"time_unit"}
    assert refused[0].values["factor"] == pytest.approx(factor, rel=0.02)
    assert "gyr" not in hint(refused[0])


@pytest.mark.parametrize("band_dps", [0.4, 1.5])
def test_a_dead_band_of_a_gyroscope_is_told(band_dps: float, good: Recording) -> None:
    gyr = np.where(np.abs(good.ankle.gyr_dps) < band_dps, 0.0, good.ankle.gyr_dps)
    found = examined(good.with_samples(replace(good.ankle, gyr_dps=gyr))).findings
    (band,) = [finding for finding in found if finding.code == "gyro_dead_band"]
    assert band.values["band_dps"] == pytest.approx(band_dps, abs=0.2)
    rounded = replace(good.ankle, gyr_dps=np.round(good.ankle.gyr_dps))
    assert "gyro_dead_band" not in codes(good.with_samples(rounded))


@pytest.mark.parametrize("loud_mps2", [5.0, 20.0])
def test_noise_of_the_accelerometer_alone_is_left_out_and_named(loud_mps2: float, good: Recording) -> None:
    """A loose contact; the sensor does not turn with what would be blows."""
    acc = good.ankle.acc_mps2.copy()
    acc[1000:1200] += loud_mps2 * np.random.default_rng(5).standard_normal((200, 3))
    checked = examined(good.with_samples(replace(good.ankle, acc_mps2=acc)))
    readings = checked.readings["ankle"]
    bad = np.sort(readings.timed.order[readings.bad])
    assert set(range(1000, 1200)) <= set(bad.tolist()) <= set(range(900, 1300))
    (noisy,) = [finding for finding in checked.findings if finding.code == "noise_samples"]
    assert noisy.values["columns"] == ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")
