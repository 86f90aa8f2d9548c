"""A gyroscope whose scale drifts: told with the scale at both ends, which good ones never are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Recording, RepPlan, SetPlan, analyze, simulate
from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.plausibility import check_recording
from imu_reps.report.findings import sentence

RESTLESS = RepPlan(concentric_s=2.0, eccentric_s=2.0, top_pause_s=0.0, bottom_pause_s=0.0)
RESTING = RepPlan(concentric_s=2.0, eccentric_s=2.0, top_pause_s=1.0, bottom_pause_s=1.0)


@pytest.fixture(scope="module", params=[RESTLESS, RESTING], ids=["restless", "resting"])
def whole(request: pytest.FixtureRequest) -> Recording:
    return simulate(SetPlan(reps=(request.param,) * 10)).recording


def scaled(recording: Recording, place: SensorPlace, last: float, *, at_once: bool) -> Recording:
    """Change the rate's scale from 1 to `last`, evenly or in the middle."""
    block = recording.samples(place)
    assert block is not None
    share = np.linspace(0.0, 1.0, len(block))[:, None]
    return recording.with_samples(
        replace(block, gyr_dps=block.gyr_dps * last ** (share > 0.5 if at_once else share))
    )


def of_gyroscope(recording: Recording) -> list[Finding]:
    return [finding for finding in check_recording(recording) if finding.code.startswith("gyro")]


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
@pytest.mark.parametrize("last", [0.7, 0.8, 1.25, 1.35])
def test_a_scale_that_drifts_is_told_with_its_values_at_both_ends(
    whole: Recording, place: SensorPlace, last: float
) -> None:
    (found,) = of_gyroscope(scaled(whole, place, last, at_once=False))
    assert (found.code, found.sensor, found.severity) == ("gyro_drifts", place, "caution")
    assert found.values["after"] / found.values["before"] == pytest.approx(last, rel=0.12)
    assert "its scale changes" in sentence(found)


@pytest.mark.parametrize("last", [0.85, 1.2])
def test_a_step_too_small_to_leave_a_part_out_is_told(whole: Recording, last: float) -> None:
    (found,) = of_gyroscope(scaled(whole, "ankle", last, at_once=True))
    assert found.code == "gyro_drifts"
    assert found.values["after"] / found.values["before"] == pytest.approx(last, rel=0.15)


def test_a_count_by_a_drifting_gyroscope_is_not_certain(whole: Recording) -> None:
    figures = analyze(scaled(whole, "ankle", 0.7, at_once=False)).summary.set
    assert figures.rep_count_certainty == "low"
    assert analyze(whole).summary.set.rep_count_certainty == "high"


def test_a_scale_that_is_wrong_all_along_does_not_drift(whole: Recording) -> None:
    block = whole.ankle
    assert block is not None
    spoilt = whole.with_samples(replace(block, gyr_dps=0.8 * block.gyr_dps))
    assert [finding.code for finding in of_gyroscope(spoilt)] == ["gyro_scale"]
    assert of_gyroscope(whole) == []
