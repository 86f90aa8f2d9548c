"""``imu-reps doctor``: one line per check with a hint below it, and an exit code."""

from __future__ import annotations

import json

import pytest

ONE, TWO = "F0:00:00:00:00:01", "F0:00:00:00:00:02"


def checks(result) -> list[dict]:
    return json.loads(result.stdout)["checks"]


def levels(result) -> dict[tuple[str | None, str], str]:
    return {(check["sensor"], check["code"]): check["level"] for check in checks(result)}


@pytest.fixture
def paired(computer, make_sensor):
    """A computer with two paired sensors that lie on a table."""
    computer.sensors = [make_sensor("movesense"), make_sensor("movesense")]
    result = computer.call("pair", "--pelvis", ONE, "--ankle", TWO, "--no-check", "--yes")
    assert result.exit_code == 0, result.stderr
    return computer


def test_every_figure_of_two_good_sensors_is_ok(paired) -> None:
    result = paired.call("doctor", "--json")
    found = levels(result)

    assert result.exit_code == 0
    assert found[None, "adapter"] == "ok"
    assert found[None, "folder"] == "ok"
    assert found[None, "profile"] == "ok"
    for place in ("pelvis", "ankle"):
        for code in ("battery", "signal", "rate", "loss", "delay", "gyroscope", "accelerometer", "clock"):
            assert found[place, code] == "ok", code


def test_text_gives_the_problem_and_its_hint(paired, make_sensor) -> None:
    paired.sensors[1] = make_sensor("movesense", battery_percent=12.0)
    lines = [line.strip() for line in paired.call("doctor").stdout.splitlines()]

    assert "computer" in lines
    assert "pelvis" in lines
    low = next(number for number, line in enumerate(lines) if "Battery 12 %." in line)
    assert lines[low].startswith("watch")
    assert lines[low + 1] == "Charge it."
    assert lines[-1].startswith("It will do")


def test_a_sensor_that_is_missing_is_bad_and_the_other_is_checked_all_the_same(paired, make_sensor) -> None:
    paired.sensors[1] = make_sensor("movesense", fault="vanish")
    result = paired.call("doctor", "--json")
    found = levels(result)

    assert result.exit_code == 3
    assert found["ankle", "link"] == "bad"
    assert ("pelvis", "link") not in found
    assert found["pelvis", "rate"] == "ok"


def test_a_sensor_in_motion_has_no_bias_to_measure(paired, make_sensor) -> None:
    paired.sensors[1] = make_sensor("movesense", swung_until_s=1e6)
    found = levels(paired.call("doctor", "--json"))

    assert found["ankle", "rest"] == "watch"
    assert found["pelvis", "gyroscope"] == "ok"


def test_no_sensors_skips_the_sensors(paired) -> None:
    found = levels(paired.call("doctor", "--no-sensors", "--json"))

    assert found[None, "adapter"] == "ok"
    assert {place for place, _ in found} == {None}


def test_without_a_profile_nearby_sensors_are_checked(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor()]
    result = computer.call("doctor", "--json")
    found = levels(result)

    assert result.exit_code == 0
    assert found[None, "profile"] == "watch"
    assert found["pelvis", "rate"] == "ok"


def test_bluetooth_off_is_bad_and_everything_else_is_still_reported(paired) -> None:
    paired.trouble = "powered_off"
    result = paired.call("doctor", "--json")
    found = levels(result)

    assert result.exit_code == 3
    assert found[None, "adapter"] == "bad"
    assert found[None, "folder"] == "ok"
    assert {place for place, _ in found} == {None}
    assert all(check["hint"] for check in checks(result) if check["level"] != "ok")


def test_nothing_near_is_bad(computer) -> None:
    result = computer.call("doctor", "--json")

    assert result.exit_code == 3
    assert levels(result)[None, "sensors"] == "bad"


def test_a_broken_profile_is_a_finding_and_a_wrong_name_a_usage_error(paired) -> None:
    wrong = paired.call("doctor", "--person", "nobody")
    (paired.home / "profile.toml").write_text("[person.\n")
    broken = paired.call("doctor", "--json")

    assert wrong.exit_code == 2
    assert broken.exit_code == 3
    assert levels(broken)[None, "profile"] == "bad"


def test_a_folder_that_cannot_be_written_is_bad(computer, make_sensor) -> None:
    (computer.home / "recordings").write_text("in the way")
    computer.sensors = [make_sensor(), make_sensor()]
    result = computer.call("doctor", "--no-sensors", "--json")

    assert result.exit_code == 3
    assert levels(result)[None, "folder"] == "bad"


def test_it_works_without_hardware() -> None:
    from click.testing import CliRunner

    from imu_reps.cli.main import main

    result = CliRunner().invoke(main, ["doctor", "--virtual", "witmotion", "--json"])

    assert levels(result)["ankle", "rate"] == "ok"
