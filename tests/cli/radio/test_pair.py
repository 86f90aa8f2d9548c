"""``imu-reps pair``: from two sensors on a table to a stored profile."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from imu_reps.cli import pair as pair_module
from imu_reps.storage.profile import PairedSensor, Person, load_profiles, save_profiles

ONE, TWO, THREE = (f"F0:00:00:00:00:0{number}" for number in (1, 2, 3))


@pytest.fixture
def both(make_sensor):
    """Return two sensors, the second lifted for the first 25 s, as pairing requires."""
    return [make_sensor(), make_sensor(swung_until_s=25.0)]


def already_paired(*names: str) -> None:
    """Store profiles of the same two sensors, as if each person had paired them in turn."""
    pelvis, ankle = (PairedSensor("open_profile", host_id, 100.0) for host_id in (ONE, TWO))
    for name in names:
        save_profiles(load_profiles().with_person(Person(name, pelvis, ankle)))


def stored(computer) -> dict:
    return tomllib.loads((computer.home / "profile.toml").read_text("utf-8"))


def output(result) -> str:
    """Return standard output with all white space collapsed."""
    return " ".join(result.stdout.split())


def test_the_lifted_sensor_is_stored_as_that_of_the_ankle(computer, both) -> None:
    computer.sensors = both
    result = computer.call("pair", "--person", "Kim", "--yes")
    profile = stored(computer)

    assert result.exit_code == 0, result.stderr
    assert profile["default"] == "Kim"
    assert profile["person"]["Kim"]["ankle"]["host_id"] == TWO
    pelvis = profile["person"]["Kim"]["pelvis"]
    assert pelvis["host_id"] == ONE
    assert (pelvis["family"], pelvis["rate_hz"]) == ("open_profile", 100.0)
    assert (pelvis["anterior_axis"], pelvis["cranial_axis"]) == ("+z", "+y")
    assert "lift the ankle sensor" in output(result)
    assert "asked to blink" in output(result)
    assert "imu-reps record" in output(result)


def test_the_first_to_be_lifted_may_be_either(computer, both) -> None:
    computer.sensors = both[::-1]
    computer.call("pair", "--yes")

    assert stored(computer)["person"]["me"]["ankle"]["host_id"] == ONE


def test_the_side_towards_the_head_is_asked_for(computer, both) -> None:
    computer.sensors = both
    result = computer.call("pair", answers="up\n+z\n-x\n")

    assert result.exit_code == 0, result.stderr
    assert stored(computer)["person"]["me"]["pelvis"]["cranial_axis"] == "-x"


def test_where_nobody_can_answer_the_hint_is_yes(computer, both) -> None:
    computer.sensors = both
    result = computer.call("pair")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not (computer.home / "profile.toml").exists()


def test_named_sensors_need_no_lifting(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor(), make_sensor()]
    words = ["--ankle", ONE, "--pelvis", THREE, "--pelvis-head", "+y", "--no-check"]
    result = computer.call("pair", *words)

    assert result.exit_code == 0, result.stderr
    assert "lift" not in result.stdout
    profile = stored(computer)["person"]["me"]
    assert (profile["ankle"]["host_id"], profile["pelvis"]["host_id"]) == (ONE, THREE)


def test_of_several_sensors_one_is_chosen_by_its_number(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor(), make_sensor()]
    words = ["--pelvis", ONE, "--pelvis-head", "+y", "--no-check"]
    result = computer.call("pair", *words, answers=f"3\n1 2\n{'9' * 5000}\n2\n")
    listed = [line for line in result.stdout.splitlines() if "dBm" in line]

    assert result.exit_code == 0, result.stderr
    assert len(listed) == 2
    assert result.stdout.count("One number from 1 to 2, please.") == 3
    assert stored(computer)["person"]["me"]["ankle"]["host_id"] in listed[1]


def test_of_several_sensors_the_strongest_two_are_the_default(computer, both, make_sensor) -> None:
    computer.sensors = [*both, make_sensor()]
    result = computer.call("pair", "--no-check", "--yes")

    assert "Which two: 1 2" in result.stdout


def test_sensors_that_nobody_lifts_cannot_be_distinguished(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor()]
    result = computer.call("pair", "--yes")

    assert result.exit_code == 3
    assert output(result).count("ift the ankle sensor") == 3
    assert "--ankle ID" in result.stderr


def test_an_upside_down_sensor_is_reported_and_kept_if_confirmed(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(up=(0.0, 0.0, -1.0)), make_sensor()]
    words = ["pair", "--pelvis", ONE, "--ankle", TWO, "--pelvis-head", "+y"]
    refused = computer.call(*words, answers="n\n")
    confirmed = computer.call(*words, answers="y\n")

    assert refused.exit_code == 3
    assert "wrong way round" in output(refused)
    assert "imu-reps pair" in refused.stderr
    assert confirmed.exit_code == 0
    assert stored(computer)["person"]["me"]["pelvis"]["anterior_axis"] == "-z"


def test_a_sensor_on_its_edge_with_the_usual_head_side_up_asks_for_another(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(up=(0.0, 1.0, 0.0)), make_sensor()]
    result = computer.call("pair", "--pelvis", ONE, "--ankle", TWO, answers="y\n+y\n-z\n")

    assert "one of +x, -x, +z, -z" in result.stdout
    pelvis = stored(computer)["person"]["me"]["pelvis"]
    assert (pelvis["anterior_axis"], pelvis["cranial_axis"]) == ("+y", "-z")


def test_the_given_side_up_is_used(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(up=(-1.0, 0.0, 0.0)), make_sensor()]
    words = ["--pelvis", ONE, "--ankle", TWO, "--pelvis-up", "-x", "--pelvis-head", "-z"]
    result = computer.call("pair", *words)

    assert result.exit_code == 0, result.stderr
    assert stored(computer)["person"]["me"]["pelvis"]["anterior_axis"] == "-x"


def test_a_wearer_who_never_lies_still_is_not_stored(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor(swung_until_s=1e6)]
    result = computer.call("pair", "--pelvis", ONE, "--ankle", TWO, "--yes")

    assert result.exit_code == 3
    assert "The ankle sensor never lay still." in result.stderr
    assert not (computer.home / "profile.toml").exists()


def test_pairing_again_is_reported_and_keeps_the_others(computer, both) -> None:
    computer.sensors = both
    already_paired("Kim", "Jo")
    (computer.home / "profile.toml").write_text(
        (computer.home / "profile.toml")
        .read_text("utf-8")
        .replace("[person.Kim]", '[person.Kim]\nnote = "x"')
    )
    again = computer.call("pair", "--person", "kim", "--rate", "200", "--yes")
    profile = stored(computer)

    assert "Kim is paired already" in again.stdout
    assert list(profile["person"]) == ["Kim", "Jo"]
    assert profile["person"]["Kim"]["ankle"]["rate_hz"] == 200.0
    assert profile["person"]["Jo"]["ankle"]["rate_hz"] == 100.0
    assert profile["default"] == "Kim"


def test_who_is_paired_in_another_terminal_meanwhile_is_kept(computer, both, monkeypatch) -> None:
    computer.sensors = both
    already_paired("Kim")
    paired = pair_module.pair_sensors

    async def pair_slowly(*radio, **options):
        person = await paired(*radio, **options)
        save_profiles(load_profiles().with_person(replace(person, name="Meanwhile")))
        return person

    monkeypatch.setattr(pair_module, "pair_sensors", pair_slowly)
    computer.call("pair", "--person", "Jo", "--yes")

    assert list(stored(computer)["person"]) == ["Kim", "Meanwhile", "Jo"]


def test_without_a_name_the_person_paired_last_is_paired_again(computer, both) -> None:
    computer.sensors = both
    already_paired("Kim")
    result = computer.call("pair", "--yes")

    assert "Kim is paired already" in result.stdout
    assert list(stored(computer)["person"]) == ["Kim"]


def test_list_and_forget(computer) -> None:
    nobody = computer.call("pair", "--list")
    already_paired("Kim", "Jo")
    listed = computer.call("pair", "--list").stdout
    forgotten = computer.call("pair", "--forget", "jo")
    wrong = computer.call("pair", "--forget", "jo")

    assert nobody.exit_code == 0
    assert "imu-reps pair" in nobody.stdout
    assert len(listed.splitlines()) == 5
    assert "Jo *" in listed
    assert forgotten.exit_code == 0
    assert list(stored(computer)["person"]) == ["Kim"]
    assert wrong.exit_code == 2
    assert "Kim" in wrong.stderr


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (["--person", " "], 2),
        (["--rate", "5"], 2),
        (["--pelvis-up", "up"], 2),
        (["--pelvis-up", "+y", "--pelvis-head", "-y"], 2),
        (["--pelvis", ONE, "--ankle", ONE.lower()], 2),
        (["--forget", "Kim"], 3),
        (["--pelvis", "nothing", "--ankle", TWO], 3),
    ],
)
def test_impossible_requests_are_refused_with_a_message(computer, both, words, exit_code) -> None:
    computer.sensors = both
    result = computer.call("pair", *words, "--yes")

    assert result.exit_code == exit_code
    assert result.stderr.strip()


def test_one_sensor_is_not_enough(computer, make_sensor) -> None:
    computer.sensors = [make_sensor()]
    result = computer.call("pair", "--yes")

    assert result.exit_code == 3
    assert "Only one sensor" in result.stderr
    assert "phone" in result.stderr


def test_a_flat_battery_is_exit_code_3(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(battery_percent=1.0), make_sensor()]
    result = computer.call("pair", "--yes")

    assert result.exit_code == 3
    assert "battery" in result.stderr
    assert "pelvis" not in result.stderr
    assert "Charge it" in result.stderr


def test_a_low_battery_is_reported(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(battery_percent=10.0), make_sensor()]
    result = computer.call("pair", "--pelvis", ONE, "--ankle", TWO, "--no-check", "--yes")

    assert result.exit_code == 0
    assert "battery 10 %" in result.stdout
    assert "Charge it" in result.stdout


def test_a_broken_profile_is_named_and_left_unchanged(computer, both) -> None:
    computer.sensors = both
    (computer.home / "profile.toml").write_text("[person.\n")
    result = computer.call("pair", "--yes")

    assert result.exit_code == 1
    assert "line 1" in result.stderr
    assert (computer.home / "profile.toml").read_text() == "[person.\n"


def test_bluetooth_off_is_exit_code_3(computer) -> None:
    computer.trouble = "powered_off"
    result = computer.call("pair", "--yes")

    assert result.exit_code == 3
    assert "Bluetooth is switched off" in result.stderr


def test_virtual_sensors_are_paired_but_not_stored(tmp_path, monkeypatch) -> None:
    from click.testing import CliRunner

    from imu_reps.cli.main import main

    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    result = CliRunner().invoke(main, ["pair", "--virtual", "witmotion", "--yes"])

    assert result.exit_code == 0, result.stderr
    assert "It is WT901BLE67 (F0:00:00:00:00:02)." in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_where_names_the_profile(computer) -> None:
    assert computer.call("where", "--profile").stdout.strip() == str(computer.home / "profile.toml")
    assert computer.call("where").stdout.strip() == str(computer.home / "recordings")
