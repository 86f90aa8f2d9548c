"""The programme: the default one of the package, and a person's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imu_reps.errors import FileAccessError
from imu_reps.storage.profile import PROFILE_FILE, load_profiles
from imu_reps.storage.toml_files import (
    MAPS_FILE,
    PRESCRIPTIONS_FILE,
    load_maps,
    load_programme,
    prescriptions,
)

OWN = """
[plan]
sets = [1, 2]
reps = [5, 8]
sessions_a_week = 3
rest_days = 0
easy_reps = 30
[[ladder]]
exercise = "heel_tap"
title = "taps"
how = "Tap."
easier = ""
"""


def test_the_default_has_the_documented_dose_and_climbs_from_taps_to_hanging():
    programme = load_programme()

    assert (programme.plan.sets, programme.plan.reps, programme.plan.sessions_a_week) == ((2, 3), (10, 15), 2)
    assert [rung.exercise for rung in programme.ladder] == [
        "heel_tap",
        "single_leg_raise_bent",
        "single_leg_raise",
        "double_leg_raise",
        "hanging_leg_raise",
    ]


def test_a_persons_own_programme_is_used(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("beside = []\n" + OWN)

    assert load_programme(file).plan.reps == (5, 8)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[1, 2]", "[3, 2]", "plan.sets"),
        ('"heel_tap"', '"juggling"', "exercise"),
        ("[plan]", "[plan", "TOML|declaration|Expected"),
        ("sessions_a_week = 3", "sessions_a_week = 9", "sessions_a_week"),
        ("easy_reps = 30", "", "easy_reps"),
    ],
)
def test_impossible_values_are_named(tmp_path, old, new, named):
    file = tmp_path / "own.toml"
    file.write_text("beside = []\n" + OWN.replace(old, new))
    with pytest.raises(FileAccessError, match=named) as caught:
        load_programme(file)

    assert caught.value.code == "bad_programme"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileAccessError) as caught:
        load_programme(tmp_path / "none.toml")

    assert caught.value.code == "not_found"


def test_files_that_are_nested_too_deeply_are_refused_with_a_message(tmp_path, monkeypatch):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    nested = tmp_path / PRESCRIPTIONS_FILE
    nested.write_text("a = " + "[" * 5000)

    with pytest.raises(FileAccessError) as programme:
        load_programme(nested)
    with pytest.raises(FileAccessError) as prescribed:
        prescriptions(None)

    assert [programme.value.code, prescribed.value.code] == ["bad_programme", "bad_prescriptions"]


def readers():
    """Everything that reads TOML: the function, the name of its file in the home, and its error's code."""
    home = Path(os.environ["IMU_REPS_HOME"])
    return [
        (lambda: load_programme(home / "own.toml"), "own.toml", "bad_programme"),
        (lambda: prescriptions(None), PRESCRIPTIONS_FILE, "bad_prescriptions"),
        (load_profiles, PROFILE_FILE, "bad_profile"),
        (load_maps, MAPS_FILE, "bad_maps"),
    ]


@pytest.mark.parametrize("index", range(4))
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_pipes_and_devices_in_the_place_of_a_file_are_refused_and_not_waited_for(
    tmp_path, monkeypatch, index
):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    read, name, _ = readers()[index]
    os.mkfifo(tmp_path / name)

    with pytest.raises(FileAccessError) as refused:
        read()

    assert refused.value.code == "no_file"


@pytest.mark.parametrize("index", range(4))
def test_a_file_that_is_far_too_large_is_refused_and_not_read(tmp_path, monkeypatch, index):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    read, name, code = readers()[index]
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 40)  # sparse: takes no room

    with pytest.raises(FileAccessError) as refused:
        read()

    assert refused.value.code == code
