"""Samples that are no readings are left out of the running set as they arrive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mutations import KINDS

from imu_reps import Pipeline, Recording, SampleBlock, simulate
from imu_reps.domain.events import Event, FaultSeen
from imu_reps.quality.readings import LiveReadings
from imu_reps.sources.replay_source import replay_blocks


def _block(values: np.ndarray) -> SampleBlock:
    rows = np.arange(len(values))
    none = np.full(len(values), np.nan)
    return SampleBlock("ankle", rows / 100.0, rows, none, values[:, :3], values[:, 3:])


def _quiet(count: int = 60) -> np.ndarray:
    return np.random.default_rng(1).normal([0.0, 0.0, 9.8, 0.0, 0.0, 0.0], 0.05, (count, 6))


def _left(values: np.ndarray, *cuts: int) -> list[int]:
    readings, parts = LiveReadings(), np.split(np.arange(len(values)), cuts)
    whole = _block(values)
    return [
        n
        for part in parts
        if len(part)
        for n in readings.without_invalid(whole[part[0] : part[-1] + 1]).sample.tolist()
    ]


def _spoilt() -> np.ndarray:
    values = _quiet()
    values[10] = 0.0
    values[20, 4] += 900.0
    values[30:33, 0] -= 80.0
    values[40:50, 3:] = [60.0, -20.0, 3.0]
    values[40:50, :3] = values[40, :3]
    return values


def test_failed_transfers_spikes_and_a_sensor_that_hangs_in_motion_are_left_out() -> None:
    gone = set(range(60)) - set(_left(_spoilt()))
    assert gone == {10, 20, 30, 31, 32, *range(43, 50)}


@pytest.mark.parametrize("seed", range(20))
def test_any_cut_into_blocks_leaves_out_the_same(seed: int) -> None:
    cuts = np.sort(np.random.default_rng(seed).integers(0, 60, 15)).tolist()
    assert _left(_spoilt(), *cuts) == _left(_spoilt())


def test_a_knock_a_swing_and_a_rest_without_noise_are_kept() -> None:
    knock = _quiet()
    knock[20, :3] += [90.0, -40.0, 30.0]
    swing = _quiet()
    swing[:, 3] += 400.0 * np.sin(np.arange(60) / 4.0)
    rest = np.tile([0.0, 0.0, 9.81, 0.3, 0.1, 0.0], (60, 1))
    for values in (knock, swing, rest):
        assert _left(values) == list(range(60))


def test_a_value_that_no_part_gives_is_left_out_from_the_first_row_on() -> None:
    values = _quiet()
    values[0, 0], values[30, :3], values[40, 4] = 45000.0, -9999.0, 65535.0
    assert _left(values) == sorted(set(range(60)) - {0, 30, 40})


def test_a_value_that_jumps_and_stays_is_a_new_level() -> None:
    values = _quiet()
    values[30:, 3] += 300.0
    assert _left(values) == [*range(30), *range(33, 60)]


@pytest.fixture(scope="module")
def clean() -> Recording:
    return simulate(seed=3).recording


def _followed(recording: Recording) -> tuple[int, list[Event]]:
    pipeline = Pipeline(recording.header)
    events = [event for block in replay_blocks(recording) for event in pipeline.push(block)]
    return pipeline.rep_count, [event for event in events if isinstance(event, FaultSeen)]


@pytest.fixture(scope="module")
def clean_followed(clean: Recording) -> tuple[int, list[Event]]:
    return _followed(clean)


@pytest.mark.parametrize("kind", ["rows of zeros", "rows of -1", "rows at the rails"])
def test_failed_transfers_change_neither_count_nor_faults_of_a_running_set(
    clean: Recording, clean_followed: tuple[int, list[Event]], kind: str
) -> None:
    count, faults = clean_followed
    spoilt = KINDS[kind].spoil(clean, ("pelvis", "ankle"), np.random.default_rng(5))
    now, faults_seen = _followed(replace(spoilt, cautions=()))
    assert now == count
    assert {(f.number, f.fault.code) for f in faults_seen} <= {(f.number, f.fault.code) for f in faults}
