"""Sets with irregular beginnings: a moving leg, jumping directions, a sensor readjusted."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Pipeline, Recording, RepPlan, SampleBlock, SetPlan, Simulated, simulate
from imu_reps.domain.finding import ImplausibleError
from imu_reps.sim.wearer import LifePlan

#: Concentric s, eccentric s, bottom pause s, top angle deg; s of rest before the first repetition.
PACES = (
    (1.8, 1.8, 0.6, 60, 3.0),
    (2.5, 2.0, 1.0, 60, 4.0),
    (2.0, 3.0, 0.5, 75, 3.0),
    (1.5, 1.5, 1.5, 30, 3.0),
)
KINDS = ("moving", "leap", "set right")
PUSH_S = 0.25


@cache
def whole(number: int) -> Simulated:
    """Return a complete set of six repetitions."""
    concentric_s, eccentric_s, pause_s, top_deg, still_s = PACES[number]
    rep = RepPlan(top_deg, concentric_s=concentric_s, eccentric_s=eccentric_s, bottom_pause_s=pause_s)
    return simulate(SetPlan(reps=(rep,) * 6, life=LifePlan(still_before_s=still_s)), seed=number)


def irregular_start(seed: int) -> Recording:
    """Return a set cut in its first two repetitions, or preceded by something else."""
    rng = np.random.default_rng(seed)
    kind, simulated = KINDS[seed % len(KINDS)], whole(seed // len(KINDS) % len(PACES))
    recording, reps = simulated.recording, simulated.truth.reps
    blocks = (recording.pelvis, recording.ankle)
    first_s = float(recording.ankle.time_s[0]) + 0.1
    if kind == "moving":
        at_s = rng.uniform(reps[0].start_s, reps[1].end_s)
        result = [between(block, at_s) for block in blocks]
    elif kind == "leap":
        at_s = rng.uniform(first_s, (reps[0].start_s if rng.random() < 0.6 else reps[1].end_s))
        other_s, lasts_s = rng.uniform(reps[2].start_s, reps[4].start_s), rng.uniform(0.3, 3.0)
        result = [spliced(block, at_s, other_s, lasts_s) for block in blocks]
    else:
        at_s = rng.uniform(first_s, reps[1].end_s)
        axis = rng.normal(size=3)
        turn = Rotation.from_rotvec(np.radians(rng.uniform(5.0, 40.0)) * axis / np.linalg.norm(axis))
        result = [blocks[0], turned(recording.ankle, at_s, turn)]
    return replace(recording, pelvis=result[0], ankle=result[1])


def between(block: SampleBlock, begin_s: float, end_s: float = np.inf) -> SampleBlock:
    return block[slice(*(int(row) for row in np.searchsorted(block.time_s, (begin_s, end_s))))]


def spliced(block: SampleBlock, at_s: float, other_s: float, lasts_s: float) -> SampleBlock:
    """Return the samples from `at_s` on after `lasts_s` from elsewhere in the set, seamlessly numbered."""
    before, after = between(block, other_s, other_s + lasts_s), between(block, at_s)
    shift_s = at_s - lasts_s - other_s
    return SampleBlock(
        block.sensor,
        np.concatenate([before.time_s + shift_s, after.time_s]),
        np.concatenate([before.sample - before.sample[-1] + after.sample[0] - 1, after.sample]),
        np.concatenate([before.device_time_s + shift_s, after.device_time_s]),
        np.concatenate([before.acc_mps2, after.acc_mps2]),
        np.concatenate([before.gyr_dps, after.gyr_dps]),
    )


def turned(block: SampleBlock, at_s: float, turn: Rotation) -> SampleBlock:
    """Return the samples with the sensor turned on its segment until `at_s`."""
    before = (block.time_s < at_s)[:, None]
    acc, gyr = turn.apply(block.acc_mps2), turn.apply(block.gyr_dps)
    return replace(
        block,
        acc_mps2=np.where(before, acc, block.acc_mps2),
        gyr_dps=np.where(before, gyr, block.gyr_dps),
    )


def counts(recording: Recording) -> tuple[int, int]:
    """Return the live count at the last sample, and that of the report."""
    pipeline, blocks = Pipeline(recording.header), (recording.pelvis, recording.ankle)
    begin_s, end_s = blocks[1].time_s[[0, -1]]
    for now_s in np.arange(begin_s, end_s + PUSH_S, PUSH_S):
        pipeline.push(*(between(block, now_s, now_s + PUSH_S) for block in blocks))
    return pipeline.rep_count, pipeline.finish()[1].summary.set.rep_count


def test_the_final_live_count_equals_the_report_however_a_set_begins() -> None:
    different = {}
    for seed in (0, 1, 2, 4, 7, 8):
        live, final = counts(irregular_start(seed))
        assert final >= 4
        if live != final:
            different[seed] = live, final

    assert different == {}


@pytest.mark.soak
def test_300_sets_with_irregular_beginnings(capsys: pytest.CaptureFixture[str]) -> None:
    """A jump in mid-lift without a rest after it keeps the live angle wrong for some repetitions."""
    different, silent, judged = [], 0, 0
    for seed in range(300):
        try:
            live, final = counts(irregular_start(seed))
        except ImplausibleError:
            continue
        judged += 1
        silent += live == 0 < final
        if live != final:
            different.append(f"seed {seed}, {KINDS[seed % len(KINDS)]}: live {live}, report {final}")
    with capsys.disabled():
        print(f"\n{judged} sets that begin anyhow, seeds 0 to 299: {len(different)} counts differ from the")
        print(f"report's, {silent} counted nothing", *different, sep="\n")

    assert len(different) <= 0.03 * judged
    assert silent <= 0.005 * judged
