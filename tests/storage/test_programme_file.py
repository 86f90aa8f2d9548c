"""The programme: the one that comes with the package, and a person's own."""

from __future__ import annotations

import pytest

from imu_reps.errors import FileAccessError
from imu_reps.storage.programme_file import load_programme

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


def test_the_packages_own_is_the_texts_dose_and_climbs_from_taps_to_hanging():
    programme = load_programme()

    assert (programme.plan.sets, programme.plan.reps, programme.plan.sessions_a_week) == ((2, 3), (10, 15), 2)
    assert [rung.exercise for rung in programme.ladder] == [
        "heel_tap",
        "single_leg_raise_bent",
        "single_leg_raise",
        "double_leg_raise",
        "hanging_leg_raise",
    ]


def test_a_persons_own_is_taken(tmp_path):
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
def test_what_cannot_be_is_named(tmp_path, old, new, named):
    file = tmp_path / "own.toml"
    file.write_text("beside = []\n" + OWN.replace(old, new))
    with pytest.raises(FileAccessError, match=named) as caught:
        load_programme(file)

    assert caught.value.code == "bad_programme"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileAccessError) as caught:
        load_programme(tmp_path / "none.toml")

    assert caught.value.code == "not_found"
