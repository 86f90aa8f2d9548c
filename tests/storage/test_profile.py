"""Profiles of persons: selection, content of the file, and errors of a broken one."""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.domain.exercise import Exercise, Side
from imu_reps.domain.progress import Floor
from imu_reps.domain.recording import Axis
from imu_reps.domain.untrusted import parse_name
from imu_reps.errors import FileAccessError, RadioError, UsageError
from imu_reps.storage.profile import (
    PairedSensor,
    Person,
    Profiles,
    load_profiles,
    profile_path,
    save_profiles,
)

PELVIS = PairedSensor("witmotion", "FD:08:90:1A:11:47", 100.0, "WT901", "ab12", "+y", "+z")
ANKLE = PairedSensor("open_profile", "C0:FF:EE:00:00:02", 104.0)
ME = Person("me", PELVIS, ANKLE)
YOU = Person("You & i", ANKLE, PELVIS)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
VALUES = st.one_of(
    TEXTS, st.integers(-(2**40), 2**40), st.booleans(), st.lists(st.integers(0, 9), max_size=3)
)
FLOORS = st.builds(
    Floor, st.floats(0.0, 180.0), st.floats(0.0, 180.0), st.dates(), st.sampled_from(get_args(Exercise))
)


@st.composite
def sensors(draw: st.DrawFn) -> PairedSensor:
    cranial, anterior = draw(
        st.tuples(*[st.none() | st.sampled_from(get_args(Axis))] * 2).filter(
            lambda pair: None in pair or pair[0][1] != pair[1][1]
        )
    )
    rate = draw(st.floats(0.1, 2000.0))
    name_and_identity = [draw(st.none() | TEXTS) for _ in range(2)]
    extra = draw(st.dictionaries(TEXTS.map("x_".__add__), VALUES, max_size=2))
    return PairedSensor(draw(TEXTS), draw(TEXTS), rate, *name_and_identity, cranial, anterior, extra)


@st.composite
def profiles(draw: st.DrawFn) -> Profiles:
    extra = st.dictionaries(TEXTS.map("x_".__add__), VALUES, max_size=2)
    names = draw(st.lists(TEXTS, max_size=3, unique=True))
    floors = st.dictionaries(st.sampled_from(get_args(Side)), FLOORS)
    persons = tuple(
        Person(name, draw(sensors()), draw(sensors()), draw(extra), draw(floors)) for name in names
    )
    return Profiles(persons, draw(st.none() | st.sampled_from(names)) if names else None, draw(extra))


@settings(max_examples=40, deadline=None)
@given(profiles())
def test_saved_profiles_are_loaded_with_unknown_keys(tmp_path_factory, known: Profiles) -> None:
    file = tmp_path_factory.mktemp("profile") / "profile.toml"
    save_profiles(known, file)

    assert load_profiles(file) == known


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | st.text("[]person.mexplvikh_ta=\"'{},1e9\n", max_size=80).map(str.encode))
def test_any_bytes_are_profiles_or_give_a_clear_error(tmp_path_factory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("profile") / "profile.toml"
    file.write_bytes(content)
    refused = None
    try:
        load_profiles(file)
    except FileAccessError as error:
        refused = error

    assert refused is None or (refused.code == "bad_profile" and str(file) in refused.message)


def test_the_file_is_plain_readable_toml(tmp_path: Path) -> None:
    file = save_profiles(Profiles().with_person(ME), tmp_path / "new" / "profile.toml")
    tree = tomllib.loads(file.read_text("utf-8"))

    assert tree["default"] == "me"
    assert tree["person"]["me"]["pelvis"]["cranial_axis"] == "+y"
    assert tree["person"]["me"]["ankle"] == {
        "family": "open_profile",
        "host_id": "C0:FF:EE:00:00:02",
        "rate_hz": 104.0,
    }


def test_nobody_is_known_without_a_file(tmp_path: Path) -> None:
    nobody = load_profiles(tmp_path / "profile.toml")

    assert nobody == Profiles()
    with pytest.raises(RadioError) as caught:
        nobody.person()
    assert caught.value.code == "not_paired"
    assert "imu-reps pair" in caught.value.hint


def test_the_default_is_the_only_person_or_the_one_paired_last() -> None:
    one = Profiles().with_person(ME)
    two = one.with_person(YOU)

    assert Profiles((ME,), default="gone").person() is ME
    assert one.person() is ME
    assert two.person() is YOU
    assert two.person("ME") is ME
    assert two.with_person(ME).person() is ME


def test_pairing_again_replaces_the_person_in_place() -> None:
    other = replace(ME, name="Me", ankle=PELVIS)

    assert Profiles().with_person(ME).with_person(YOU).with_person(other).persons == (other, YOU)


def test_a_forgotten_person_is_no_longer_the_default() -> None:
    two = Profiles().with_person(ME).with_person(YOU)

    assert two.without("you & I") == Profiles((ME,), default=None)
    assert two.without("me") == Profiles((YOU,), default="You & i")


def test_a_wrong_name_and_several_persons_without_a_default_list_the_known_ones() -> None:
    two = Profiles((ME, YOU))
    for call, code in ((lambda: two.person("mee"), "unknown_person"), (two.person, "which_person")):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.code == code
        assert "me, You & i" in str(caught.value)


@pytest.mark.parametrize("text", ["", "  ", "a\x07b", "x" * 61, "\udc80"])
def test_a_text_that_cannot_be_shown_is_no_name(text: str) -> None:
    with pytest.raises(UsageError):
        parse_name(text)


def test_spaces_within_a_name_are_collapsed() -> None:
    assert parse_name("  You \t & i ") == "You & i"


SENSOR = 'family = "witmotion"\nhost_id = "A"\nrate_hz = 100\n'


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('default = "me"\n\n[person.me\n', "line 3"),
        ("default = 3\n", "default"),
        ("person = 3\n", "person is no table"),
        (f"[person.me.pelvis]\n{SENSOR}", "[person.me.ankle] is missing"),
        ('[person.me.pelvis]\nfamily = "witmotion"\n', "[person.me.pelvis] has no host_id"),
        (f"[person.me.pelvis]\n{SENSOR.replace('100', '-1')}", "person.me.pelvis.rate_hz is -1"),
        (f"[person.me.pelvis]\n{SENSOR.replace('100', 'true')}", "person.me.pelvis.rate_hz is True"),
        (f"[person.me.pelvis]\n{SENSOR.replace('100', 'inf')}", "person.me.pelvis.rate_hz is inf"),
        (f'[person.me.pelvis]\n{SENSOR}cranial_axis = "up"\n', "cranial_axis is 'up'; allowed is one of +x"),
        (f'[person.me.pelvis]\n{SENSOR}cranial_axis = "+z"\nanterior_axis = "-z"\n', "lies along"),
        ("\x80", "UTF-8"),
        ("a = " + "[" * 5000, "nested"),
    ],
)
def test_a_broken_file_is_refused_with_the_position(tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "profile.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(FileAccessError) as caught:
        load_profiles(file)

    assert caught.value.code == "bad_profile"
    assert named in caught.value.message
    assert str(file) in caught.value.message


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch) -> None:
    file = save_profiles(Profiles((ME,)), tmp_path / "profile.toml")

    def full(descriptor: int) -> None:  # noqa: ARG001 - as os.fsync
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileAccessError) as caught:
        save_profiles(Profiles((YOU,)), file)

    assert caught.value.code == "disk_full"
    assert load_profiles(file) == Profiles((ME,))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights elsewhere")
def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.toml").symlink_to(tmp_path / "real.toml")
    save_profiles(Profiles((ME,)), tmp_path / "link.toml")

    assert (tmp_path / "link.toml").is_symlink()
    assert load_profiles(tmp_path / "real.toml") == Profiles((ME,))


def test_a_folder_in_its_place_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        load_profiles(tmp_path)
    assert caught.value.code in {"is_folder", "permission"}


def test_the_environment_variable_moves_the_profile(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    assert profile_path() == tmp_path / "profile.toml"

    monkeypatch.delenv("IMU_REPS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = profile_path()
    assert path.is_relative_to(tmp_path)
    assert path.parts[-2:] == ("imu-reps", "profile.toml")
    assert not path.exists()


def test_a_floor_is_valid_for_one_person_side_and_exercise(tmp_path: Path) -> None:
    floor = Floor(28.0, 2.0, date(2026, 11, 21), "single_leg_raise")
    known = Profiles().with_person(ME).with_person(YOU)
    file = save_profiles(known.changed(ME.with_floor("left", floor)), tmp_path / "profile.toml")
    loaded = load_profiles(file)
    person = loaded.person("me")

    assert loaded.default == YOU.name
    assert person.floors == {"left": floor}
    assert person.floor_deg("single_leg_raise", "left") == 28.0
    assert person.floor_deg("double_leg_raise", "left") is None
    assert person.floor_deg("single_leg_raise", "right") is None
    assert person.floor_deg("single_leg_raise", None) is None


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("deg = -4.0", "floor.left.deg"),
        ("taken = 'today'", "floor.left.taken"),
        ("exercise = 'squat'", "floor.left.exercise"),
        ("spread_deg = true", "floor.left.spread_deg"),
        ("", "has no"),
    ],
)
def test_a_broken_floor_is_named(tmp_path: Path, broken: str, message: str) -> None:
    whole = {"deg": "28.0", "spread_deg": "2.0", "taken": "2026-11-21", "exercise": "'single_leg_raise'"}
    key, _, value = broken.partition(" = ")
    lines = {**whole, key: value} if key else {"deg": "28.0"}
    file = save_profiles(Profiles().with_person(ME), tmp_path / "profile.toml")
    table = "\n".join(f"{name} = {text}" for name, text in lines.items())
    file.write_text(file.read_text("utf-8") + f"\n[person.me.floor.left]\n{table}\n", "utf-8")
    with pytest.raises(FileAccessError) as refused:
        load_profiles(file)

    assert message in refused.value.message
