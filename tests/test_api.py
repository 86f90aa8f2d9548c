"""The public names."""

from __future__ import annotations

import imu_reps

NAMES = {
    "Analysis",
    "AngleTrack",
    "Fault",
    "Header",
    "ImuRepsError",
    "Pipeline",
    "Recording",
    "Rep",
    "SampleBlock",
    "SensorHeader",
    "SetPlan",
    "Settings",
    "Summary",
    "Tempo",
    "__version__",
    "analyze",
    "load",
    "save",
    "simulate",
}


def test_the_public_names_are_these_and_no_more_than_25() -> None:
    assert set(imu_reps.__all__) == NAMES
    assert len(imu_reps.__all__) == len(NAMES) <= 25


def test_every_public_name_is_there_and_comes_from_the_project() -> None:
    for name in NAMES - {"__version__"}:
        assert getattr(imu_reps, name).__module__.startswith("imu_reps."), name


def test_the_names_are_listed_before_they_are_loaded() -> None:
    assert set(dir(imu_reps)) >= NAMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(imu_reps, "no_such_name")
