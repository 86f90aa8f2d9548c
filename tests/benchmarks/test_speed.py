"""Speed of the analysis of a set, of following it live, and of starting the command.

Run with ``pytest tests/benchmarks --benchmark-enable``; otherwise every test runs its work once and checks
the result only, because timings on a shared machine are unreliable.
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from vqf import offlineVQF

from imu_reps import Pipeline, Recording, SampleBlock, analyze, load
from imu_reps.domain.events import RepCompleted
from imu_reps.domain.samples import concatenate
from imu_reps.kinematics.clock.offline import fit_clock
from imu_reps.kinematics.rest import bias_at_rest, window_length
from imu_reps.quality.plausibility import check_recording
from imu_reps.sources.replay_source import replay_blocks
from imu_reps.storage.recording.format import COLUMNS
from imu_reps.storage.recording.writer import save

Durations = Callable[..., list[float]]

BLOCK_S = 0.05
ROUNDS = 25

OURS = "from imu_reps.cli.main import main; main(['--help'])"
BARE = """
import click
@click.group()
def main():
    'A bare group.'
@main.command()
def one():
    'One command.'
main(['--help'])
"""


def orientation_alone(recording: Recording) -> Callable[[], None]:
    """Return the offline orientation filter on both sensors' samples, ready to run."""
    readings = [
        (np.ascontiguousarray(np.radians(samples.gyr_dps)), np.ascontiguousarray(samples.acc_mps2))
        for samples in (recording.pelvis, recording.ankle)
        if samples is not None
    ]

    def run() -> None:
        for gyr, acc in readings:
            offlineVQF(gyr, acc, None, 0.01)

    return run


def test_a_finished_set_costs_about_four_times_its_orientation(
    benchmark: BenchmarkFixture, min_s: Durations, minute_set: Recording
) -> None:
    analysis = benchmark(analyze, minute_set)
    assert analysis.summary.set.rep_count == 10
    if not benchmark.disabled:
        alone = orientation_alone(minute_set)
        ours_s, alone_s = min_s(ROUNDS, lambda: analyze(minute_set), alone)
        benchmark.extra_info["times_of_orientation_alone"] = ours_s / alone_s
        assert ours_s <= 4.7 * alone_s


def clocks_and_rests(recording: Recording) -> Callable[[], None]:
    """Return the fits of both sensors' clocks and the search for their rests, ready to run."""

    def run() -> None:
        for block in recording.blocks:
            timed = fit_clock(block, recording.header.sensor(block.sensor))
            bias_at_rest(block.gyr_dps, block.acc_mps2, window_length(timed.period_s))

    return run


def test_quality_checks_add_about_a_seventh_of_an_analysis(
    benchmark: BenchmarkFixture, min_s: Durations, minute_set: Recording
) -> None:
    """Clocks and rests are not counted: an analysis needs them anyway and takes them over from the check."""
    assert benchmark(check_recording, minute_set) == ()
    if not benchmark.disabled:
        needed = clocks_and_rests(minute_set)
        check_s, needed_s, analysis_s = min_s(
            ROUNDS, lambda: check_recording(minute_set), needed, lambda: analyze(minute_set)
        )
        benchmark.extra_info["share_of_an_analysis"] = (check_s - needed_s) / analysis_s
        benchmark.extra_info["share_with_clocks_and_rests"] = check_s / analysis_s
        assert check_s - needed_s <= 0.155 * analysis_s


@pytest.mark.parametrize(("minutes", "limit"), [(1, 1.35), (10, 1.55)])
def test_reading_a_recording_costs_little_more_than_parsing_its_table(
    benchmark: BenchmarkFixture,
    min_s: Durations,
    minute_set: Recording,
    tmp_path: Path,
    minutes: int,
    limit: float,
) -> None:
    """The table is parsed by pandas, types declared; reading also checks every byte and value."""
    path = tmp_path / "set.csv"
    save(repeated_minutes(minute_set, minutes), path)
    read = benchmark.pedantic(load, args=(path,), rounds=1)
    assert len(read.ankle) == minutes * len(minute_set.ankle)
    if not benchmark.disabled:
        types = dict.fromkeys(COLUMNS, "float64") | {"sample": "int64", "sensor": "object"}
        ours_s, table_s = min_s(
            ROUNDS, lambda: load(path), lambda: pd.read_csv(path, comment="#", dtype=types)
        )
        benchmark.extra_info["times_of_pandas"] = ours_s / table_s
        assert ours_s <= limit * table_s


def repeated_minutes(minute: Recording, minutes: int) -> Recording:
    """Return a set that repeats nearly the same minute `minutes` times; exact copies are left out."""
    length_s = 0.01 * np.ceil(100.0 * (minute.ankle.time_s[-1] - minute.ankle.time_s[0]) + 1.0)

    def shifted(block: SampleBlock, times: int) -> SampleBlock:
        by_s = times * length_s
        return replace(
            block,
            time_s=block.time_s + by_s,
            device_time_s=block.device_time_s + by_s,
            sample=block.sample + round(100.0 * by_s),
            acc_mps2=block.acc_mps2 * (1.0 + 1e-6 * times),
            gyr_dps=block.gyr_dps * (1.0 + 1e-6 * times),
        )

    pelvis, ankle = (
        concatenate([shifted(block, times) for times in range(minutes)])
        for block in (minute.pelvis, minute.ankle)
    )
    return replace(minute, pelvis=pelvis, ankle=ankle)


def test_a_two_hour_set_costs_about_four_times_a_half_hour_one(
    benchmark: BenchmarkFixture, min_s: Durations, minute_set: Recording
) -> None:
    short = repeated_minutes(minute_set, 30)
    analysis = benchmark.pedantic(analyze, args=(short,), rounds=1)
    assert analysis.summary.set.rep_count == 300
    if not benchmark.disabled:
        long = repeated_minutes(minute_set, 120)
        short_s, long_s = min_s(3, lambda: analyze(short), lambda: analyze(long))
        tracemalloc.start()
        analyze(long)
        _, maximum = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        benchmark.extra_info |= {"times_of_half_an_hour": long_s / short_s, "megabytes": maximum / 1e6}
        benchmark.extra_info["processor_s"] = long_s
        assert long_s <= 4.5 * short_s  # the longer set no longer fits into the cache
        assert maximum <= 300e6


def slots(recording: Recording) -> Iterator[list[SampleBlock]]:
    """Yield the blocks of both sensors that arrived in the same `BLOCK_S`."""
    slot: list[SampleBlock] = []
    for block in replay_blocks(recording, BLOCK_S):
        if slot and (block.sensor == slot[-1].sensor or len(slot) == 2):
            yield slot
            slot = []
        slot.append(block)
    yield slot


def test_pushing_the_blocks_of_both_sensors_costs_about_a_hundredth_of_their_duration(
    benchmark: BenchmarkFixture, min_s: Durations, minute_set: Recording
) -> None:
    arrived = list(slots(minute_set))
    completing_s: list[float] = []

    def follow() -> int:
        pipeline = Pipeline(minute_set.header)
        for blocks in arrived:
            begin = process_time()
            events = pipeline.push(*blocks)
            if any(isinstance(event, RepCompleted) for event in events):
                completing_s.append(process_time() - begin)
        return pipeline.rep_count

    assert benchmark.pedantic(follow, rounds=1) == 10
    if not benchmark.disabled:
        (whole_s,) = min_s(5, follow)
        share = whole_s / len(arrived) / BLOCK_S
        benchmark.extra_info["share_of_their_duration"] = share
        assert share <= 0.0125
        # the fastest of several rounds, without what a shared machine adds to single rounds
        completes_s = np.reshape(completing_s, (-1, 10)).min(axis=0).max()
        benchmark.extra_info["completing_block_share_of_its_own_duration"] = completes_s / BLOCK_S
        assert completes_s <= 0.25 * BLOCK_S


def start_python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_help_starts_within_one_and_a_half_times_a_bare_command(
    benchmark: BenchmarkFixture, medians_s: Durations
) -> None:
    benchmark.pedantic(start_python, args=(OURS,), rounds=1)
    if not benchmark.disabled:
        ours_s, bare_s = medians_s(ROUNDS, lambda: start_python(OURS), lambda: start_python(BARE))
        benchmark.extra_info["times_of_a_bare_command"] = ours_s / bare_s
        assert ours_s <= 1.5 * bare_s
