"""Stretches that stand twice are copies, whatever counters and clocks say; a motion that repeats is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mutations import KINDS, rows

from imu_reps import Recording, RepPlan, SampleBlock, SetPlan, analyze, simulate
from imu_reps.domain.recording import Counter
from imu_reps.quality.channels import Stream, channels_of
from imu_reps.quality.copies import copied, repeated_stretches, signatures
from imu_reps.quality.plausibility import check_recording
from imu_reps.report.findings import sentence


@pytest.fixture(scope="module")
def good() -> Recording:
    return simulate(SetPlan(reps=(RepPlan(),) * 5)).recording


def _ankle(recording: Recording) -> SampleBlock:
    assert recording.ankle is not None
    return recording.ankle


@pytest.mark.parametrize("kind", ["a stretch that is pasted again", "a file joined to itself"])
@pytest.mark.parametrize("seed", range(3))
def test_what_stands_twice_counts_once(kind: str, seed: int, good: Recording) -> None:
    spoilt = KINDS[kind].spoil(good, ("pelvis", "ankle"), np.random.default_rng(seed))
    summary = analyze(spoilt).summary

    assert summary.set.rep_count == analyze(good).summary.set.rep_count
    told = [finding for finding in summary.findings if finding.code == "stretch_repeated"]
    assert {finding.sensor for finding in told} == {"pelvis", "ankle"}
    assert all("repeat those from" in sentence(finding) for finding in told)
    assert "sensor_died" not in {finding.code for finding in summary.findings}


@pytest.mark.parametrize("counter", ["device", "host"])
def test_packets_that_come_twice_with_their_numbers_count_once(counter: Counter, good: Recording) -> None:
    header = good.header.with_sensor("ankle", replace(good.header.ankle, counter=counter))
    spoilt = KINDS["packets that come twice with their numbers"].spoil(
        replace(good, header=header), ("ankle",), np.random.default_rng(0)
    )
    summary = analyze(spoilt).summary
    assert {finding.code for finding in check_recording(spoilt)} <= {"copies", "duplicates"}
    assert summary.set.rep_count == analyze(good).summary.set.rep_count


def coarse(block: SampleBlock) -> SampleBlock:
    return replace(block, acc_mps2=np.round(block.acc_mps2, 1), gyr_dps=np.round(block.gyr_dps / 0.5) * 0.5)


@pytest.mark.parametrize("size", [1, 4, 10])
@pytest.mark.parametrize("share", [0.0, 0.4])
def test_doubled_packets_of_rounded_values_are_copies_and_no_change_of_rate(
    good: Recording, size: int, share: float
) -> None:
    rounded = good.with_samples(coarse(_ankle(good)))
    count = len(_ankle(rounded))
    packets = np.split(np.arange(count), range(size, count, size))
    twice = [np.tile(one, 2) if at >= share * len(packets) else one for at, one in enumerate(packets)]
    block = rows(_ankle(rounded), np.concatenate(twice))
    no_clock = np.full(len(block), np.nan)
    time_s = np.maximum.accumulate(block.time_s)
    block = replace(block, time_s=time_s, sample=np.arange(len(block)), device_time_s=no_clock)
    header = good.header.with_sensor("ankle", replace(good.header.ankle, counter="host"))
    spoilt = replace(rounded, header=header).with_samples(block)
    found = {finding.code: finding for finding in check_recording(spoilt) if finding.severity != "info"}
    assert set(found) == {"rounded", "copies"}
    assert found["copies"].values["samples"] == pytest.approx((1.0 - share) * count, rel=0.02)
    assert analyze(spoilt).summary.set.rep_count == analyze(good).summary.set.rep_count


@pytest.mark.parametrize("acc_mps2", [0.1, 1.0])
def test_rounded_values_that_repeat_by_chance_are_no_copies(good: Recording, acc_mps2: float) -> None:
    block = _ankle(good)
    rough = replace(
        block, acc_mps2=np.round(block.acc_mps2 / acc_mps2) * acc_mps2, gyr_dps=np.round(block.gyr_dps)
    )
    values = channels_of(rough)
    assert not copied(values, signatures({"ankle": values})["ankle"], counted=False).any()


def test_a_motion_without_noise_may_repeat_itself() -> None:
    turn = 2.0 * np.pi * np.arange(4000) / 200.0
    waves = np.stack([np.sin(turn + phase) for phase in range(6)], axis=1) * ([9.8] * 3 + [60.0] * 3)
    quantized = np.round(waves / 0.0024) * 0.0024
    for turns in (waves, quantized):
        values = np.tile(turns[:200], (20, 1))
        no_clock = np.full(4000, np.nan)
        block = SampleBlock("ankle", turn / 6.0, np.arange(4000), no_clock, values[:, :3], values[:, 3:])
        channels = channels_of(block)
        reads = signatures({"ankle": channels})["ankle"]
        assert repeated_stretches(Stream.of(block, channels), reads) == []


def test_a_sensor_at_rest_may_read_the_same_again(good: Recording) -> None:
    still = rows(good.ankle, np.arange(1000))
    coarse = replace(
        still,
        acc_mps2=np.round(0.0 * still.acc_mps2 + [0.0, 0.0, 9.8], 1),
        gyr_dps=np.round(still.gyr_dps - still.gyr_dps.mean(axis=0)),
    )
    channels = channels_of(coarse)
    assert repeated_stretches(Stream.of(coarse, channels), signatures({"ankle": channels})["ankle"]) == []


@pytest.mark.parametrize("step_dps", [0.0, 0.5])
def test_a_file_joined_to_itself_counts_once_also_with_a_coarse_axis(step_dps: float) -> None:
    recording = simulate(SetPlan(reps=(RepPlan(),) * 5)).recording
    assert recording.ankle is not None
    gyr = recording.ankle.gyr_dps.copy()
    if step_dps:
        gyr[:, 0] = step_dps * np.round(gyr[:, 0] / step_dps)
    block = replace(recording.ankle, gyr_dps=gyr, device_time_s=np.full(len(gyr), np.nan))
    twice = block[np.r_[0 : len(gyr), 0 : len(gyr)]]
    second = np.arange(len(twice)) >= len(gyr)
    joined = replace(
        twice,
        time_s=twice.time_s + second * (np.ptp(block.time_s) + 0.05),
        sample=twice.sample + second * (np.ptp(block.sample) + 1),
    )
    summary = analyze(recording.with_samples(joined)).summary

    assert summary.set.rep_count == 5
    assert "stretch_repeated" in [finding.code for finding in summary.findings]
