"""Real recordings have no findings, and the same recordings with faults have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imu_reps import Header, Recording, SampleBlock, SensorHeader, load
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.plausibility import check_recording

#: Findings allowed for real recordings: one sensor is missing, 25 Hz is low.
HARMLESS = {"no_pelvis", "no_ankle", "rate_low"}

SUPINE = [
    f"ptex_leg/s{s}_e3_supine_straight_leg_raise{part}.csv.gz" for s in (1, 2) for part in ("", "_template")
]


def block(table: pd.DataFrame, prefix: str, place: SensorPlace) -> SampleBlock:
    """Return one sensor of a tidy file, which is in rad/s."""
    return SampleBlock(
        place,
        table["t_s"].to_numpy(),
        np.arange(len(table)),
        np.full(len(table), np.nan),
        table[[f"{prefix}a{axis}" for axis in "xyz"]].to_numpy(),
        np.degrees(table[[f"{prefix}g{axis}" for axis in "xyz"]].to_numpy()),
    )


def alone(table: pd.DataFrame, prefix: str, place: SensorPlace) -> Recording:
    one = block(table, prefix, place)
    return Recording(Header(), one if place == "pelvis" else None, one if place == "ankle" else None)


def codes(recording: Recording) -> set[str]:
    return {finding.code for finding in check_recording(recording)} - HARMLESS


@pytest.mark.parametrize("name", SUPINE)
def test_a_real_leg_raise_has_no_findings(name: str, datasets: Path) -> None:
    assert codes(alone(pd.read_csv(datasets / name), "ankle_r_", "ankle")) == set()


@pytest.mark.parametrize("name", SUPINE)
@pytest.mark.parametrize(
    ("scale_acc", "scale_gyr", "code"),
    [
        (1 / 9.80665, 1.0, "acc_unit_g"),
        (208.9, 1.0, "acc_scale"),
        (1.0, np.pi / 180, "gyro_unit_radps"),
        (1.0, 16.4, "gyro_unit"),
        (1.0, 0.4, "gyro_scale"),
    ],
)
def test_a_real_leg_raise_in_a_wrong_unit_is_found(
    name: str, scale_acc: float, scale_gyr: float, code: str, datasets: Path
) -> None:
    recording = alone(pd.read_csv(datasets / name), "ankle_r_", "ankle")
    assert recording.ankle is not None
    ankle = replace(
        recording.ankle,
        acc_mps2=recording.ankle.acc_mps2 * scale_acc,
        gyr_dps=recording.ankle.gyr_dps * scale_gyr,
    )
    assert code in codes(replace(recording, ankle=ankle))


@pytest.mark.parametrize("subject", [1, 2])
def test_a_leg_sensor_labelled_as_the_pelvis_is_found(subject: int, datasets: Path) -> None:
    table = pd.read_csv(datasets / f"ptex_leg/s{subject}_e3_supine_straight_leg_raise.csv.gz")
    functional = Header(pelvis=SensorHeader(alignment="functional"))
    for trunk, leg, expected in (("chest_", "ankle_r_", set()), ("ankle_r_", "chest_", {"swapped"})):
        recording = Recording(functional, block(table, trunk, "pelvis"), block(table, leg, "ankle"))
        assert codes(recording) == expected


def test_a_real_sensor_that_contradicts_itself_is_found(datasets: Path) -> None:
    """Subject 2's right thigh turns by 160 deg/s while its accelerometer hardly sees gravity move."""
    table = pd.read_csv(datasets / SUPINE[2])
    assert codes(alone(table, "thigh_r_", "ankle")) == {"gyro_axes"}
    assert codes(alone(table, "thigh_l_", "ankle")) == set()


@pytest.mark.parametrize(
    ("name", "prefix", "place"),
    [
        ("negative_controls/mobgap_HA_001_TimeMeasure1_Test11_Trial1.csv.gz", "pelvis_", "pelvis"),
        ("negative_controls/mobgap_HA_001_TimeMeasure1_Test5_Trial1.csv.gz", "pelvis_", "pelvis"),
        ("negative_controls/qmt_walk_pelvis_shank.csv.gz", "ankle_l_", "ankle"),
        ("ptex_leg/s1_e2_seated_trunk_bend_NEGATIVE.csv.gz", "ankle_r_", "ankle"),
        ("ptex_leg/s2_e2_seated_trunk_bend_NEGATIVE.csv.gz", "ankle_r_", "ankle"),
        ("static/mpu9150_rest_and_turns_imu0.csv.gz", "", "ankle"),
        ("static/mpu9150_rest_and_turns_imu1.csv.gz", "", "ankle"),
    ],
)
def test_real_walking_sitting_and_lying_have_no_findings(
    name: str, prefix: str, place: SensorPlace, datasets: Path
) -> None:
    recording = alone(pd.read_csv(datasets / name), prefix, place)
    functional = replace(recording, header=Header(pelvis=SensorHeader(alignment="functional")))
    assert codes(functional) == set()


def test_walking_with_both_sensors_is_no_leg_raise_and_no_swap(datasets: Path) -> None:
    table = pd.read_csv(datasets / "negative_controls/qmt_walk_pelvis_shank.csv.gz")
    for trunk in ("pelvis_", "lower_back_"):
        recording = Recording(Header(), block(table, trunk, "pelvis"), block(table, "ankle_r_", "ankle"))
        assert not [f for f in check_recording(recording) if f.severity == "refuse"]
        assert not codes(recording) & {"swapped", "upside_down", "maybe_upside_down", "gyro_scale"}


def test_arrivals_with_jitter_on_a_table_are_measured_and_not_refused(datasets: Path) -> None:
    recording = alone(pd.read_csv(datasets / "static/riot_idle_dev0.csv.gz"), "", "ankle")
    assert not [f for f in check_recording(recording) if f.severity == "refuse"]


@pytest.mark.parametrize("watch", ["ABD", "ER", "FEL", "IR", "PEN", "ROW", "TRAP"])
def test_arms_swung_without_rest_are_not_refused(watch: str, datasets: Path) -> None:
    for side in "LR":
        recording = alone(pd.read_csv(datasets / f"spar_watch/S01_{watch}_{side}.csv.gz"), "", "ankle")
        assert codes(recording) == set()


def test_no_set_of_foreign_simulators_is_refused(datasets: Path) -> None:
    """Bodies that swing at the bar, small ranges with hip pops, feet that fall outward, cheap parts."""
    recordings = {path.name: load(path) for path in sorted((datasets / "foreign").glob("*.csv.gz"))}

    assert len(recordings) > 30
    found = {name: check_recording(recording) for name, recording in recordings.items()}
    assert [name for name, some in found.items() if any(f.severity == "refuse" for f in some)] == []
    assert [name for name, some in found.items() if {f.code for f in some} & {"swapped", "gyro_scale"}] == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("kinematic_hanging_swings", "pelvis"),
        ("kinematic_small_range", "pelvis"),
        ("kinematic_small_range", "ankle"),
        ("engine_hanging_slow", "ankle"),
    ],
)
def test_those_sets_are_refused_when_spoiled(name: str, place: SensorPlace, datasets: Path) -> None:
    good = load(datasets / f"foreign/{name}.csv.gz")
    sensor = good.samples(place)
    assert sensor is not None
    in_radians = replace(sensor, gyr_dps=np.radians(sensor.gyr_dps))
    in_g = replace(sensor, acc_mps2=sensor.acc_mps2 / 9.80665)

    assert "gyro_unit_radps" in codes(replace(good, **{place: in_radians}))
    assert "acc_unit_g" in codes(replace(good, **{place: in_g}))
