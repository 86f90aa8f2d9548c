"""A great constant bias of a gyroscope: named by axis and value, and taken off; a small one is no finding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_findings import Motion, on, record

from imu_reps import Recording, SampleBlock, analyze
from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.plausibility import check_recording
from imu_reps.report.findings import sentence


@pytest.fixture(scope="module")
def resting() -> Recording:
    return record(Motion())


@pytest.fixture(scope="module")
def shaking() -> Recording:
    """A body that shakes too much for any rest: by 0.2 m/s² and 2 deg/s in each axis."""
    rng = np.random.default_rng(1)

    def shaken(block: SampleBlock) -> SampleBlock:
        noise = rng.normal(size=(2, len(block), 3))
        return replace(
            block, acc_mps2=block.acc_mps2 + 0.2 * noise[0], gyr_dps=block.gyr_dps + 2.0 * noise[1]
        )

    return on(on(record(Motion()), "pelvis", shaken), "ankle", shaken)


def biased(recording: Recording, place: SensorPlace, bias_dps: list[float]) -> Recording:
    return on(recording, place, lambda block: replace(block, gyr_dps=block.gyr_dps + np.array(bias_dps)))


def of_bias(recording: Recording) -> list[Finding]:
    return [finding for finding in check_recording(recording) if finding.code == "gyro_bias"]


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
@pytest.mark.parametrize("bias_dps", [[0.0, 30.0, 0.0], [-60.0, 0.0, 120.0], [0.0, 0.0, 200.0]])
def test_a_bias_greater_than_any_at_rest_is_named_and_taken_off(
    resting: Recording, place: SensorPlace, bias_dps: list[float]
) -> None:
    spoilt = biased(resting, place, bias_dps)
    (found,) = of_bias(spoilt)
    assert (found.sensor, found.severity) == (place, "caution")
    named = {f"gyr_{'xyz'[axis]}_dps": bias for axis, bias in enumerate(bias_dps) if bias}
    assert found.values["bias_dps"] == pytest.approx(named, abs=1.5)
    assert all(column in sentence(found) for column in named)
    before, after = analyze(resting).summary.set, analyze(spoilt).summary.set
    assert after.rep_count == before.rep_count == 6
    assert after.range_deg_mean == pytest.approx(before.range_deg_mean, abs=0.1)


@pytest.mark.parametrize("bias_dps", [[0.0, 8.0, 0.0], [0.0, 0.0, 40.0], [-25.0, 25.0, 0.0]])
def test_a_bias_of_a_sensor_that_never_rests_is_found_by_gravity(
    shaking: Recording, bias_dps: list[float]
) -> None:
    (found,) = of_bias(biased(shaking, "ankle", bias_dps))
    assert not found.values["at_rest"]
    named = {f"gyr_{'xyz'[axis]}_dps": bias for axis, bias in enumerate(bias_dps) if bias}
    assert found.values["bias_dps"] == pytest.approx(named, abs=2.5)


def test_a_bias_that_rests_show_or_that_is_small_is_no_finding(
    resting: Recording, shaking: Recording
) -> None:
    assert of_bias(biased(resting, "ankle", [12.0, -12.0, 0.0])) == []
    assert of_bias(shaking) == []
    assert of_bias(biased(shaking, "ankle", [0.0, 2.0, 0.0])) == []


@pytest.mark.parametrize("died_share", [0.3, 0.5])
def test_a_gyroscope_that_hangs_from_some_time_on_has_no_bias(resting: Recording, died_share: float) -> None:
    """Noise about the reading of a lift goes on, while gravity stays: the lifts before show no bias."""
    ankle = resting.ankle
    assert ankle is not None
    size_dps = np.linalg.norm(ankle.gyr_dps, axis=1)
    row = int(died_share * len(ankle))
    row += int(np.argmax(size_dps[row:] > 40.0))
    noise = np.random.default_rng(0).normal(size=(2, len(ankle) - row, 3))
    acc, gyr = ankle.acc_mps2.copy(), ankle.gyr_dps.copy()
    acc[row:], gyr[row:] = acc[row] + 0.02 * noise[0], gyr[row] + 0.1 * noise[1]
    spoilt = resting.with_samples(replace(ankle, acc_mps2=acc, gyr_dps=gyr))
    assert of_bias(spoilt) == []
    summary = analyze(spoilt).summary
    assert "gyro_contradicts" in {finding.code for finding in summary.findings}
    assert summary.set.rep_count_certainty == "low"
