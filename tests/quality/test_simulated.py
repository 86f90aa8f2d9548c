"""Random simulated sets with other movements have no findings; the same sets with faults have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Recording, RepPlan, SensorPlan, SetPlan, simulate
from imu_reps.quality.plausibility import check_recording
from imu_reps.sim.wearer import idle_plan, random_plan

#: Correct findings about the radio and the rate of a simulated set.
TRUE_OF_RADIO = {"loss", "drop_out", "rate_low"}


def codes(recording: Recording) -> set[str]:
    return {finding.code for finding in check_recording(recording)}


def swapped(recording: Recording) -> Recording:
    assert recording.pelvis is not None
    assert recording.ankle is not None
    return replace(
        recording,
        pelvis=replace(recording.ankle, sensor="pelvis"),
        ankle=replace(recording.pelvis, sensor="ankle"),
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_random_set_has_no_findings_and_a_spoiled_one_has(seed: int) -> None:
    plan = random_plan(np.random.default_rng(seed))
    good = simulate(plan, seed=seed).recording
    found = check_recording(good)
    assert {finding.code for finding in found} <= TRUE_OF_RADIO
    assert not [finding for finding in found if finding.severity == "refuse"]
    assert good.ankle is not None
    in_radians = replace(good.ankle, gyr_dps=np.radians(good.ankle.gyr_dps))
    assert "gyro_unit_radps" in codes(replace(good, ankle=in_radians))
    in_g = replace(good.ankle, acc_mps2=good.ankle.acc_mps2 / 9.80665)
    assert "acc_unit_g" in codes(replace(good, ankle=in_g))


@pytest.mark.parametrize("seed", range(8))
def test_swapped_sensors_of_a_random_set_are_found(seed: int) -> None:
    plan = random_plan(np.random.default_rng(1000 + seed), drop_outs=False)
    enough = replace(plan, reps=(plan.reps * 4)[: max(4, len(plan.reps))])
    assert "swapped" in codes(swapped(simulate(enough, seed=seed).recording))


@pytest.mark.parametrize("seed", range(8))
def test_a_recording_without_repetitions_has_no_findings(seed: int) -> None:
    recording = simulate(idle_plan(np.random.default_rng(seed)), seed=seed).recording
    assert codes(recording) <= TRUE_OF_RADIO


@pytest.mark.parametrize("seed", range(6))
def test_a_cranial_axis_of_the_wrong_sign_is_found(seed: int) -> None:
    plan = random_plan(
        np.random.default_rng(2000 + seed), exercise="single_leg_raise", alignment="mounted", drop_outs=False
    )
    recording = simulate(plan, seed=seed).recording
    named = recording.header.pelvis.cranial_axis
    assert named is not None
    turned = ("-" if named[0] == "+" else "+") + named[1]
    wrong = replace(recording.header, pelvis=replace(recording.header.pelvis, cranial_axis=turned))
    assert codes(replace(recording, header=wrong)) & {"upside_down", "maybe_upside_down"}


def test_cheap_parts_lead_to_the_hint_to_calibrate_and_are_not_refused() -> None:
    cheap = SensorPlan(
        named=True, acc_bias_mg=(40.0, -40.0, 40.0), acc_scale=(0.03,) * 3, gyr_scale=(0.03,) * 3
    )
    found = check_recording(simulate(SetPlan(pelvis=cheap, ankle=cheap)).recording)
    assert {(finding.code, finding.severity) for finding in found} == {("acc_scale", "caution")}


def test_a_range_too_small_for_a_swing_is_found() -> None:
    narrow = SensorPlan(acc_range_g=2.0, gyr_range_dps=125.0)
    fast = tuple(replace(rep, concentric_s=0.5, eccentric_s=0.5) for rep in SetPlan().reps)
    assert "clipped" in codes(simulate(SetPlan(reps=fast, ankle=narrow)).recording)
    assert "clipped" not in codes(simulate(SetPlan(reps=fast)).recording)


def test_walking_before_a_set_at_25_hz_is_no_second_sensor() -> None:
    """Steps jump from one sample to the next there, for a quarter of this recording (seed 14296)."""
    recording = simulate(random_plan(np.random.default_rng(14296)), seed=14296).recording

    assert "two_streams" not in codes(recording)


@pytest.mark.parametrize("seed", range(6))
def test_biases_of_the_gyroscopes_do_not_turn_both_sensors_as_one(seed: int) -> None:
    """Slow, small raises without a rest: the biases are larger than the rates of the leg."""
    rng = np.random.default_rng([54, seed])
    slow = RepPlan(top_deg=12.0, concentric_s=5.0, eccentric_s=5.0, bottom_pause_s=0.0)
    pelvis, ankle = (
        SensorPlan(gyr_bias_dps=(float(b[0]), float(b[1]), float(b[2]))) for b in rng.normal(0.0, 7.0, (2, 3))
    )
    plan = SetPlan(reps=(slow,) * 2, pelvis=replace(pelvis, named=True), ankle=ankle)
    simulated = simulate(plan, seed=seed)
    reps, recording = simulated.truth.reps, simulated.recording
    for block in (recording.pelvis, recording.ankle):
        assert block is not None
        moving = (block.time_s > reps[0].start_s + 0.3) & (block.time_s < reps[-1].end_s - 0.3)
        recording = recording.with_samples(block[np.flatnonzero(moving)])
    assert "one_limb" not in codes(recording)
