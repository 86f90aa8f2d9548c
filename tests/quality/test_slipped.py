"""A sensor turned against its limb in mid-set, and columns in another order, are reported as such."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Recording, simulate
from imu_reps.domain.samples import SensorPlace, concatenate
from imu_reps.quality.plausibility import check_recording
from imu_reps.report.findings import hint


@pytest.fixture(scope="module")
def clean() -> Recording:
    return simulate(seed=2).recording


def turned(recording: Recording, place: SensorPlace, at_s: float, by_deg: float, axis: int) -> Recording:
    """Return the recording with one sensor turned about one of its axes, unnoticed by its gyroscope."""
    block = recording.samples(place)
    assert block is not None
    turn = Rotation.from_rotvec(np.radians(by_deg) * np.eye(3)[axis])
    acc, gyr, late = block.acc_mps2.copy(), block.gyr_dps.copy(), block.time_s > at_s
    acc[late], gyr[late] = turn.apply(acc[late]), turn.apply(gyr[late])
    return recording.with_samples(replace(block, acc_mps2=acc, gyr_dps=gyr))


@pytest.mark.parametrize(("place", "axis"), [("pelvis", 0), ("pelvis", 1), ("pelvis", 2)])
@pytest.mark.parametrize(("at_share", "by_deg"), [(0.4, 25.0), (0.6, -50.0)])
def test_a_turned_sensor_is_reported_with_time_and_angle(
    clean: Recording, place: SensorPlace, axis: int, at_share: float, by_deg: float
) -> None:
    at_s = at_share * float(clean.blocks[0].time_s[-1])
    before = clean.samples(place)
    assert before is not None
    up = before.acc_mps2[before.time_s < 1.0].mean(axis=0)
    after = Rotation.from_rotvec(np.radians(by_deg) * np.eye(3)[axis]).apply(up)
    seen_deg = np.degrees(np.arccos(up @ after / (up @ up)))
    findings = [
        f for f in check_recording(turned(clean, place, at_s, by_deg, axis)) if f.code == "sensor_turned"
    ]
    if seen_deg < 5.0:
        assert findings == []  # about gravity: not visible
        return
    assert [finding.sensor for finding in findings] == [place]
    assert findings[0].start_s == pytest.approx(at_s, abs=2.0)
    assert findings[0].values["turned_deg"] == pytest.approx(seen_deg, abs=8.0)


def test_a_turn_there_and_back_may_be_a_failing_gyroscope(clean: Recording) -> None:
    end_s = float(clean.blocks[0].time_s[-1])
    once_turned = turned(clean, "pelvis", 0.35 * end_s, 40.0, 0)
    finding_codes = [f.code for f in check_recording(turned(once_turned, "pelvis", 0.7 * end_s, -40.0, 0))]
    assert [code for code in finding_codes if code in ("gyro_axes", "sensor_turned")] == [
        "gyro_axes",
        "sensor_turned",
        "sensor_turned",
    ]
    assert "gyro_axes" not in [f.code for f in check_recording(once_turned)]


def test_a_sensor_that_stays_is_not_reported_as_turned(clean: Recording) -> None:
    assert [finding for finding in check_recording(clean) if finding.severity != "info"] == []


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_swapped_columns_of_the_gyroscope_are_named(clean: Recording, pair: tuple[int, int]) -> None:
    assert clean.ankle is not None
    order = np.arange(3)
    order[list(pair)] = order[list(pair[::-1])]
    if np.ptp(clean.ankle.gyr_dps[:, list(pair)].std(axis=0)) < 5.0:
        pytest.skip("nothing turns about either")
    spoilt = clean.with_samples(replace(clean.ankle, gyr_dps=clean.ankle.gyr_dps[:, order]))
    (found,) = [finding for finding in check_recording(spoilt) if finding.code == "gyro_axes"]
    names = [f"gyr_{'xyz'[axis]}_dps" for axis in pair]
    assert found.values["swap"] == tuple(names)
    assert all(name in hint(found) for name in names)


def test_two_sensors_under_one_name_are_reported_even_if_both_point_the_same_way(clean: Recording) -> None:
    """Packets of both sensors arrive in any order, each numbered by its own sensor."""
    assert clean.pelvis is not None
    rng, count = np.random.default_rng(0), len(clean.pelvis)
    noise = rng.normal(0.0, 0.05, (count, 3))
    tipped = Rotation.from_rotvec([0.0, np.radians(5.0), 0.0]).apply(clean.pelvis.acc_mps2)
    joined = concatenate([clean.pelvis, replace(clean.pelvis, acc_mps2=tipped + noise)])
    lag_s = np.concatenate([rng.uniform(0.0, 0.3, count)[np.arange(count) // 3] for _ in range(2)])
    arrived = joined[np.argsort(joined.time_s + lag_s, kind="stable")]
    found = check_recording(replace(clean, pelvis=None, ankle=None).with_samples(arrived))
    assert "two_streams" in {finding.code for finding in found}


@pytest.mark.parametrize("axis", [0, 1])
def test_a_pelvis_sensor_that_turns_over_in_mid_set_has_no_other_sign(clean: Recording, axis: int) -> None:
    over = turned(clean, "pelvis", 15.0, 180.0, axis)
    codes = {finding.code for finding in check_recording(over)}

    assert "acc_sign" not in codes
    assert "sensor_turned" in codes
