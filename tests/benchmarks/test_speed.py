"""How fast a set is analysed, followed live, and the command starts.

Run with ``pytest tests/benchmarks --benchmark-enable``; otherwise every test runs its work once and holds
the result only, because a shared machine cannot be timed by the way.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture
from vqf import offlineVQF

from imu_reps import Pipeline, Recording, SampleBlock, analyze
from imu_reps.sources.replay_source import replay_blocks

Medians = Callable[..., list[float]]

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
    """The offline orientation filter on both sensors' samples, ready to run."""
    readings = [
        (np.ascontiguousarray(np.radians(samples.gyr_dps)), np.ascontiguousarray(samples.acc_mps2))
        for samples in (recording.pelvis, recording.ankle)
        if samples is not None
    ]

    def run() -> None:
        for gyr, acc in readings:
            offlineVQF(gyr, acc, None, 0.01)

    return run


def test_a_finished_set_costs_at_most_four_times_its_orientation(
    benchmark: BenchmarkFixture, medians_s: Medians, minute_set: Recording
) -> None:
    analysis = benchmark(analyze, minute_set)
    assert analysis.summary.set.rep_count == 10
    if not benchmark.disabled:
        alone = orientation_alone(minute_set)
        ours_s, alone_s = medians_s(ROUNDS, lambda: analyze(minute_set), alone)
        benchmark.extra_info["times_of_orientation_alone"] = ours_s / alone_s
        assert ours_s <= 4.0 * alone_s


def slots(recording: Recording) -> Iterator[list[SampleBlock]]:
    """Blocks of both sensors that arrived in the same `BLOCK_S`."""
    slot: list[SampleBlock] = []
    for block in replay_blocks(recording, BLOCK_S):
        if slot and (block.sensor == slot[-1].sensor or len(slot) == 2):
            yield slot
            slot = []
        slot.append(block)
    yield slot


def test_pushing_a_block_costs_at_most_a_hundredth_of_its_own_duration(
    benchmark: BenchmarkFixture, medians_s: Medians, minute_set: Recording
) -> None:
    arrived = list(slots(minute_set))

    def follow() -> int:
        pipeline = Pipeline(minute_set.header)
        for blocks in arrived:
            pipeline.push(*blocks)
        return pipeline.rep_count

    assert benchmark.pedantic(follow, rounds=1) == 10
    if not benchmark.disabled:
        (whole_s,) = medians_s(5, follow)
        blocks = sum(len(slot) for slot in arrived)
        share = whole_s / blocks / BLOCK_S
        benchmark.extra_info["share_of_its_own_duration"] = share
        benchmark.extra_info["both_sensors_share_of_the_time"] = whole_s / len(arrived) / BLOCK_S
        assert share <= 0.01


def started(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_help_starts_within_half_as_much_again_as_a_bare_command(
    benchmark: BenchmarkFixture, medians_s: Medians
) -> None:
    benchmark.pedantic(started, args=(OURS,), rounds=1)
    if not benchmark.disabled:
        ours_s, bare_s = medians_s(ROUNDS, lambda: started(OURS), lambda: started(BARE))
        benchmark.extra_info["times_of_a_bare_command"] = ours_s / bare_s
        assert ours_s <= 1.5 * bare_s
