"""Unusual ranges, rates and copies of real sensors: corrected where certain, reported where not."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from mutations import KINDS

from imu_reps import ImuRepsError, Recording, RepPlan, SampleBlock, SetPlan, analyze, simulate
from imu_reps.domain.samples import SensorPlace, concatenate
from imu_reps.quality.plausibility import check_recording
from imu_reps.report.findings import sentence
from imu_reps.sim.wearer import RadioPlan, SensorPlan

PLACES: tuple[SensorPlace, ...] = ("pelvis", "ankle")


@pytest.fixture(scope="module")
def clean() -> Recording:
    return simulate(seed=2).recording


def of_host(recording: Recording) -> Recording:
    """Return the recording as of sensors that neither count nor have a clock."""
    header = recording.header
    for block in recording.blocks:
        header = header.with_sensor(block.sensor, replace(header.sensor(block.sensor), counter="host"))
        no_clock = np.full(len(block), np.nan)
        recording = recording.with_samples(
            replace(block, sample=np.arange(len(block)), device_time_s=no_clock)
        )
    return replace(recording, header=header)


def chosen(block: SampleBlock, rows: np.ndarray) -> SampleBlock:
    columns = (block.time_s, block.sample, block.device_time_s, block.acc_mps2, block.gyr_dps)
    return SampleBlock(block.sensor, *(column[rows] for column in columns))


def sentences(recording: Recording, code: str, place: SensorPlace = "ankle") -> list[str]:
    return [sentence(f) for f in check_recording(recording) if (f.code, f.sensor) == (code, place)]


@pytest.mark.parametrize("count", [2, 3, 5, 40])
def test_a_sensor_that_sent_hardly_anything_is_named(clean: Recording, count: int) -> None:
    for place in PLACES:
        block = clean.samples(place)
        assert block is not None
        found = sentences(clean.with_samples(block[:count]), "too_short", place)
        assert found == [f"The {place} sensor sent {count} samples, within {(count - 1) / 100:.1f} s."]


def test_a_rate_that_falls_for_a_while_is_reported_twice_and_every_repetition_counts(
    clean: Recording,
) -> None:
    recording = clean
    for block in clean.blocks:
        start, end = np.searchsorted(block.time_s, np.array([0.35, 0.7]) * block.time_s[-1])
        recording = recording.with_samples(chosen(block, np.r_[0:start, start:end:4, end : len(block)]))
    recording = of_host(recording)
    first, second = sentences(recording, "rate_changed")
    assert "from 100 to 25" in first
    assert "from 25 to 100" in second
    assert analyze(recording).summary.set.rep_count == analyze(clean).summary.set.rep_count


def test_a_rate_that_halves_is_seen_in_large_packets_too() -> None:
    """Ten samples per packet at 50 Hz: 1.5 s contain seven or eight packets."""
    slow = SensorPlan(rate_hz=50.0, radio=RadioPlan(batch=10, counter="host", device_clock=False))
    recording = simulate(SetPlan(pelvis=slow, ankle=slow)).recording
    ankle = recording.ankle
    assert ankle is not None
    row = len(ankle) // 3
    halved = of_host(recording.with_samples(chosen(ankle, np.r_[0:row, row : len(ankle) : 2])))

    (text,) = sentences(halved, "rate_changed")
    assert "from 50 to 25" in text
    assert analyze(halved).summary.set.rep_count == analyze(recording).summary.set.rep_count


def test_samples_missing_without_a_counter_are_reported_in_time(clean: Recording) -> None:
    ankle = clean.ankle
    assert ankle is not None
    received = np.flatnonzero(np.arange(len(ankle)) % 100 >= 10)
    (text,) = sentences(of_host(clean.with_samples(chosen(ankle, received))), "loss")

    share = int(text.split(" missing ")[1].split(" %")[0])
    assert share == pytest.approx(10, abs=2)


def test_a_gyroscope_clipped_at_a_low_level_is_reported_as_clipped_and_not_as_frozen(
    clean: Recording,
) -> None:
    ankle = clean.ankle
    assert ankle is not None
    level = 0.5 * float(np.abs(ankle.gyr_dps).max())
    low = clean.with_samples(replace(ankle, gyr_dps=np.clip(ankle.gyr_dps, -level, level)))
    assert len(sentences(low, "cut_off_samples")) == 1
    assert sentences(low, "frozen_samples") == []


def test_a_range_that_wraps_too_fast_is_reported_and_left_unchanged(clean: Recording) -> None:
    ankle = clean.ankle
    assert ankle is not None
    rng = np.random.default_rng(3)
    gyr = ankle.gyr_dps.copy()
    jolted = (np.arange(len(gyr)) // 50 % 5 == 0)[:, None] & np.array([True, False, False])
    gyr = np.where(jolted, rng.uniform(-700.0, 700.0, gyr.shape), gyr)
    wrapped = replace(ankle, gyr_dps=(gyr + 250.0) % 500.0 - 250.0)
    (words,) = sentences(clean.with_samples(wrapped), "wrapped")
    assert "cannot be told" in words


@pytest.mark.parametrize("times", [2, 3, 4])
def test_repeated_packets_of_one_sample_are_left_out(clean: Recording, times: int) -> None:
    recording = clean
    for block in clean.blocks:
        again = np.arange(len(block)) % 7 == 3
        recording = recording.with_samples(
            chosen(block, np.repeat(np.arange(len(block)), np.where(again, times, 1)))
        )
    recording = of_host(recording)
    assert len(sentences(recording, "copies")) == 1
    was, now = analyze(clean).summary.set, analyze(recording).summary.set
    assert now.rep_count == was.rep_count
    assert now.eccentric_s_mean == pytest.approx(was.eccentric_s_mean, abs=0.1)


def test_a_coarse_clock_costs_no_samples(clean: Recording) -> None:
    recording = clean
    for block in clean.blocks:
        coarse = np.floor(block.device_time_s / 0.0104) * 0.0104
        recording = recording.with_samples(replace(block, device_time_s=coarse))
    assert not {f.code for f in check_recording(recording)} & {"duplicates", "loss", "reordered"}


def test_damaged_sample_numbers_of_any_size_are_no_hindrance(clean: Recording) -> None:
    """The first and the last number at either end of 64 bits: their difference does not overflow."""
    for block in clean.blocks:
        number = block.sample.copy()
        number[[0, -1]] = -(2**63), 2**63 - 1
        clean = clean.with_samples(replace(block, sample=number))
    assert all(finding.severity != "refuse" for finding in check_recording(clean))


@pytest.mark.parametrize("spell_s", [4.0, 5.0])
def test_a_sensor_that_numbers_on_while_its_clock_skips_is_told(clean: Recording, spell_s: float) -> None:
    """In every second spell two of three samples are missing, by the clock alone."""
    ankle = clean.ankle
    assert ankle is not None
    clock_s = np.arange(len(ankle)) / 100.0
    sent = (clock_s // spell_s % 2 == 0) | (np.arange(len(ankle)) % 3 == 0)
    slow = replace(chosen(replace(ankle, device_time_s=clock_s), sent), sample=np.arange(sent.sum()))
    (text,) = sentences(clean.with_samples(slow), "loss_severe")
    assert text.startswith("The ankle sensor's samples are missing 3")


@pytest.mark.parametrize("most", [256, 65536])
def test_sample_numbers_without_an_order_are_named_and_left_aside(clean: Recording, most: int) -> None:
    ankle = clean.ankle
    assert ankle is not None
    checksum = np.random.default_rng(0).integers(0, most, len(ankle))
    spoilt = clean.with_samples(replace(ankle, sample=checksum))
    (text,) = sentences(spoilt, "counter_random")
    assert text.startswith("The ankle sensor's sample numbers come in no order")
    assert analyze(spoilt).summary.set.rep_count == analyze(clean).summary.set.rep_count


def test_a_short_recording_is_not_reported_as_having_swapped_columns() -> None:
    """One swing of 10 s fits any columns."""
    for seed in range(8):
        whole = simulate(seed=seed).recording
        for block in whole.blocks:
            whole = whole.with_samples(chosen(block, np.flatnonzero(block.time_s < 12.0)))
        assert "gyro_axes" not in {f.code for f in check_recording(whole)}


@pytest.mark.parametrize(
    ("acc", "gyr", "severity"),
    [(0.1, 0.1, "caution"), (0.0980665, 0.01, "caution"), (0.01, 1.0, "caution"), (1.0, 1.0, "refuse")],
)
def test_rounded_values_are_reported_as_such_and_not_as_a_sensor_that_fails(
    clean: Recording, acc: float, gyr: float, severity: str
) -> None:
    recording = clean
    for block in clean.blocks:
        coarse = replace(
            block, acc_mps2=np.round(block.acc_mps2 / acc) * acc, gyr_dps=np.round(block.gyr_dps / gyr) * gyr
        )
        recording = recording.with_samples(coarse)
    found = [finding for finding in check_recording(recording) if finding.severity != "info"]
    assert {finding.code for finding in found} == {"rounded"}
    assert severity in {finding.severity for finding in found}
    if severity == "caution":
        assert analyze(recording).summary.set.rep_count == analyze(clean).summary.set.rep_count


@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_two_sensors_under_one_name_are_told_of_fast_legs_too(rate_hz: float) -> None:
    fast = RepPlan(concentric_s=0.6, eccentric_s=0.6, top_pause_s=0.1, bottom_pause_s=0.1, top_deg=85.0)
    sensor = SensorPlan(rate_hz=rate_hz)
    recording = simulate(SetPlan(reps=(fast,) * 15, pelvis=sensor, ankle=sensor)).recording
    assert [found.code for found in check_recording(recording) if found.severity == "refuse"] == []
    both = KINDS["both streams under one name, numbered by the host"].spoil(
        recording, ("ankle",), np.random.default_rng(1)
    )
    assert "two_streams" in {found.code for found in check_recording(both)}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.75])
def test_two_sensors_that_come_under_one_name_from_mid_set_on_are_told_with_the_time(
    clean: Recording, name: SensorPlace, share: float
) -> None:
    own, other = clean.samples(name), clean.samples(PLACES[1 - PLACES.index(name)])
    assert own is not None
    assert other is not None
    at_s = share * float(own.time_s[-1])
    late = replace(chosen(other, np.flatnonzero(other.time_s >= at_s)), sensor=name)
    both = concatenate([own, late])
    joined = chosen(both, np.argsort(both.time_s, kind="stable"))
    kept = chosen(other, np.flatnonzero(other.time_s < at_s))
    recording = of_host(clean.with_samples(joined).with_samples(kept))
    (found,) = [finding for finding in check_recording(recording) if finding.severity == "refuse"]
    assert (found.code, found.sensor) == ("two_streams", name)
    if share > 0.5:  # of most of the recording, they are told throughout
        assert found.start_s == pytest.approx(at_s, abs=0.5)
        assert sentence(found).startswith(f"From {found.start_s:.0f} s on two different streams")


def test_exchanged_columns_at_a_low_rate_are_named() -> None:
    sensor = SensorPlan(rate_hz=25.0)
    recording = simulate(SetPlan(reps=(RepPlan(),) * 8, pelvis=sensor, ankle=sensor)).recording
    assert recording.ankle is not None
    exchanged = replace(recording.ankle, acc_mps2=recording.ankle.gyr_dps, gyr_dps=recording.ankle.acc_mps2)
    codes = {found.code for found in check_recording(recording.with_samples(exchanged))}
    assert "columns_exchanged" in codes


def late(time_s: np.ndarray, at_s: float, for_s: float, how: str) -> np.ndarray:
    """Return arrivals that are late from a moment on, and then catch up."""
    since = time_s - at_s
    due = {
        "all at once": np.where(since < for_s, for_s, since),
        "at twice the rate": np.maximum(since, (for_s + since) / 2.0),
        "slowly, then all at once": np.where(2.0 * since < for_s, 2.0 * since, np.maximum(since, for_s)),
    }
    return np.where(since > 0.0, at_s + due[how], time_s)


@pytest.mark.parametrize("how", ["all at once", "at twice the rate", "slowly, then all at once"])
@pytest.mark.parametrize("kind", ["clock", "counter", "neither"])
@pytest.mark.parametrize("for_s", [3.0, 9.0])
def test_samples_that_come_late_and_catch_up_change_nothing(
    kind: str, how: str, for_s: float, clean: Recording
) -> None:
    """Nothing is said of a computer's clock that jumped, of another rate, or of a restart."""
    sent = clean if kind == "clock" else of_host(clean)
    if kind == "counter":
        header = sent.header
        for place in PLACES:
            header = header.with_sensor(place, replace(header.sensor(place), counter="device"))
        sent = replace(sent, header=header)
    before = check_recording(sent)
    came = sent
    for block in sent.blocks:
        came = came.with_samples(replace(block, time_s=late(block.time_s, 12.3, for_s, how)))

    assert {(f.code, f.sensor) for f in check_recording(came)} == {(f.code, f.sensor) for f in before}
    was, now = (np.array([(rep.start_s, rep.end_s) for rep in analyze(r).summary.reps]) for r in (sent, came))
    assert now == pytest.approx(was, abs=0.05)


def by_count(block: SampleBlock, nominal_hz: float) -> SampleBlock:
    """Return a block whose clock is its count of samples over a nominal rate, as some programs write it."""
    number = np.arange(len(block))
    return replace(block, sample=number, device_time_s=12.5 + number / nominal_hz)


def test_a_clock_that_only_counts_does_not_hide_a_rate_that_falls(clean: Recording) -> None:
    recording = clean
    for block in clean.blocks:
        row = len(block) // 2
        halved = chosen(block, np.r_[0:row, row : len(block) : 2])
        recording = recording.with_samples(by_count(halved, 100.0))
    codes = {f.code for f in check_recording(recording)}
    assert codes == {"rate_changed", "clock_is_count", "rate_off"}
    was, now = (
        np.array([(rep.start_s, rep.end_s) for rep in analyze(one).summary.reps])
        for one in (clean, recording)
    )
    assert now == pytest.approx(was, abs=0.1)


def test_a_clock_that_only_counts_at_another_rate_is_told_and_the_arrivals_are_followed(
    clean: Recording,
) -> None:
    recording = clean
    for block in clean.blocks:
        recording = recording.with_samples(by_count(block, 85.0))
        named = replace(clean.header.sensor(block.sensor), rate_hz=85.0)
        recording = replace(recording, header=recording.header.with_sensor(block.sensor, named))
    assert {f.code for f in check_recording(recording)} == {"drift", "rate_off"}
    was, now = (
        np.array([(rep.start_s, rep.end_s) for rep in analyze(one).summary.reps])
        for one in (clean, recording)
    )
    assert now == pytest.approx(was, abs=0.05)


def test_a_shaken_sensor_at_a_low_rate_is_not_two_sensors(clean: Recording) -> None:
    """At 25 Hz a strap that swings at 11 Hz leaps to and fro from sample to sample."""
    ankle = clean.ankle
    assert ankle is not None
    swing = 4.0 * np.sin(2 * np.pi * 11.3 * ankle.time_s)[:, None] * [1.0, 0.0, 0.0]
    shaken = replace(ankle, acc_mps2=ankle.acc_mps2 + swing)
    row = 3 * len(ankle) // 4
    recording = of_host(clean.with_samples(chosen(shaken, np.r_[0:row:4, row : len(ankle)])))
    assert not sentences(recording, "two_streams")


@pytest.mark.parametrize("end_s", [24.7, None])
def test_names_that_are_exchanged_for_a_while_are_told_with_the_time(
    end_s: float | None, clean: Recording
) -> None:
    pelvis, ankle = clean.pelvis, clean.ankle
    assert pelvis is not None
    assert ankle is not None
    last_s = np.inf if end_s is None else end_s
    theirs = [(block.time_s >= 17.3) & (block.time_s < last_s) for block in (pelvis, ankle)]
    both = [pelvis, ankle]
    exchanged = clean
    for own, other, place in ((0, 1, PLACES[0]), (1, 0, PLACES[1])):
        rows = [
            chosen(both[own], np.flatnonzero(~theirs[own])),
            chosen(both[other], np.flatnonzero(theirs[other])),
        ]
        columns = [
            np.concatenate([getattr(block, name) for block in rows])
            for name in ("time_s", "sample", "device_time_s", "acc_mps2", "gyr_dps")
        ]
        order = np.argsort(columns[0], kind="stable")
        exchanged = exchanged.with_samples(SampleBlock(place, *(column[order] for column in columns)))
    (found,) = [f for f in check_recording(exchanged) if f.code == "names_exchanged"]
    assert found.severity == "refuse"
    (span,) = found.values["spans"]
    assert span == pytest.approx((17.3, clean.ankle.time_s[-1] if end_s is None else end_s), abs=0.1)


def test_a_knock_that_both_sensors_feel_exchanges_no_names(clean: Recording) -> None:
    """Three samples in which each reads what the other read before."""
    pelvis, ankle = clean.pelvis, clean.ankle
    assert pelvis is not None
    assert ankle is not None
    knocked = clean
    for block, other in ((pelvis, ankle), (ankle, pelvis)):
        acc = block.acc_mps2.copy()
        acc[1700:1703] = other.acc_mps2[1699]
        knocked = knocked.with_samples(replace(block, acc_mps2=acc))
    assert "names_exchanged" not in {f.code for f in check_recording(knocked)}


def test_bodies_that_swing_past_each_other_exchange_no_names(clean: Recording) -> None:
    """Within six samples each sensor turns to where the other was; another name does so within one."""
    pelvis, ankle = clean.pelvis, clean.ankle
    assert pelvis is not None
    assert ankle is not None
    turned = [1, 2, 0]
    ankle = replace(ankle, acc_mps2=ankle.acc_mps2[:, turned], gyr_dps=ankle.gyr_dps[:, turned])
    levels = {block.sensor: block.acc_mps2[140:150].mean(axis=0) for block in (pelvis, ankle)}
    swung = clean
    for block, other in ((pelvis, "ankle"), (ankle, "pelvis")):
        share = np.clip((np.arange(len(block)) - 150) / 6.0, 0.0, 1.0)[:, None]
        shift = share * (levels[other] - levels[block.sensor])
        swung = swung.with_samples(replace(block, acc_mps2=block.acc_mps2 + shift))
    assert "names_exchanged" not in {f.code for f in check_recording(swung)}


def test_readings_that_fail_in_one_sensor_after_the_other_exchange_no_names(clean: Recording) -> None:
    recording = clean
    for block, first_s in zip(clean.blocks, (20.0, 19.7), strict=True):
        failed = (block.time_s > first_s) & (block.time_s < first_s + 0.3)
        acc_mps2, gyr_dps = block.acc_mps2.copy(), block.gyr_dps.copy()
        acc_mps2[failed], gyr_dps[failed] = 156.9, 2000.0
        recording = recording.with_samples(replace(block, acc_mps2=acc_mps2, gyr_dps=gyr_dps))
    codes = {finding.code for finding in check_recording(recording)}
    assert "flat_samples" in codes
    assert "names_exchanged" not in codes


def test_rail_readings_a_sample_apart_are_no_readings_either(clean: Recording) -> None:
    """Two of them a sample apart hide each other from a search for what leaps away and back."""
    assert clean.pelvis is not None
    gyr_dps = clean.pelvis.gyr_dps.copy()
    rows = np.array([500, 900, 902, 1300, 1700, 2101, 2103])
    gyr_dps[rows, 1] = 2000.0
    railed = clean.with_samples(replace(clean.pelvis, gyr_dps=gyr_dps))
    found = [f for f in check_recording(railed) if f.severity != "info"]

    assert [(f.code, f.sensor, f.values["samples"]) for f in found] == [
        ("spike_samples", "pelvis", len(rows))
    ]
    assert analyze(railed).summary.set.rep_count == analyze(clean).summary.set.rep_count


@pytest.mark.parametrize("time_s", [1e18, -1e18])
@pytest.mark.parametrize("row", [0, 283, -1])
def test_one_time_that_cannot_be_is_refused_and_checked_without_a_warning(
    clean: Recording, row: int, time_s: float
) -> None:
    recording = of_host(clean)
    assert recording.ankle is not None
    moments = recording.ankle.time_s.copy()
    moments[row] = time_s
    wrong = recording.with_samples(replace(recording.ankle, time_s=moments))

    with warnings.catch_warnings(action="error"):
        check_recording(wrong)
    with pytest.raises(ImuRepsError, match=r"time_s|within 0.0 s"):
        analyze(wrong)


def test_a_clock_that_is_infinite_now_and_then_is_no_clock(clean: Recording) -> None:
    assert clean.ankle is not None
    clock = clean.ankle.device_time_s.copy()
    clock[::7] = np.inf
    infinite = clean.with_samples(replace(clean.ankle, device_time_s=clock))
    assert analyze(infinite).summary.set.rep_count == analyze(clean).summary.set.rep_count
