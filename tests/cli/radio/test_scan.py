"""``imu-reps scan``: sensors within reach, and which are suitable."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from bleak.backends.device import BLEDevice


def test_each_sensor_is_one_line_with_kind_signal_and_battery(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor("movesense", battery_percent=50.0)]
    result = computer.call("scan")
    titles, *lines = result.stdout.splitlines()

    assert result.exit_code == 0
    assert titles.split() == ["name", "kind", "id", "signal", "battery", "usable"]
    assert len(lines) == 2
    for kind, host_id, percent in (
        ("Open profile", "F0:00:00:00:00:01", 80),
        ("Movesense", "F0:00:00:00:00:02", 50),
    ):
        (line,) = (line for line in lines if host_id in line)
        assert kind in line
        assert " dBm, " in line
        assert line.endswith(f" {percent} %     yes")


def test_the_strongest_is_first(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor(), make_sensor()]
    devices = json.loads(computer.call("scan", "--quick", "--json").stdout)["devices"]
    strengths = [device["rssi_dbm"] for device in devices]

    assert strengths == sorted(strengths, reverse=True)


def test_json_is_one_object_with_every_figure(computer, make_sensor) -> None:
    computer.sensors = [make_sensor("movesense", battery_percent=70.0)]
    (device,) = json.loads(computer.call("scan", "--json").stdout)["devices"]

    assert device["family"] == "movesense"
    assert device["host_id"] == "F0:00:00:00:00:01"
    assert device["battery_percent"] == 70.0
    assert device["fit"] is True
    assert -100 < device["rssi_dbm"] < 0


def test_quick_does_not_connect(computer, make_sensor) -> None:
    computer.sensors = [make_sensor()]
    (device,) = json.loads(computer.call("scan", "--quick", "--json").stdout)["devices"]

    assert device["battery_percent"] is None


def test_a_sensor_that_another_program_streams_from_is_known_and_its_link_left_alone(
    computer, make_sensor
) -> None:
    """On Linux it is known by its services; who reads its battery ends the other program's link."""
    computer.sensors = [make_sensor(), make_sensor(fault="vanish")]
    services = ["00001801-0000-1000-8000-00805F9B34FB", "BA1A0001-B277-4069-B9F6-A8D937C46C72"]
    details = {"path": "/org/bluez/hci0/dev_F0_00_00_00_00_02", "props": {"UUIDs": services}}
    computer.connected = [BLEDevice("F0:00:00:00:00:02", "hip", details)]
    lines = computer.call("scan").stdout.splitlines()
    held = json.loads(computer.call("scan", "--json").stdout)["devices"][1]

    assert lines[2].split() == ["hip", "Open", "profile", "F0:00:00:00:00:02", "connected", "-", "yes"]
    assert (held["family"], held["connected"], held["battery_percent"]) == ("open_profile", True, None)


def test_an_unsuitable_device_is_listed_with_the_reason(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor("witmotion", name="Polar H10 12345678")]
    result = computer.call("scan")
    as_json = json.loads(computer.call("scan", "--json").stdout)["devices"]
    (unfit,) = (device for device in as_json if not device["fit"])

    assert result.exit_code == 0
    assert next(line for line in result.stdout.splitlines() if "12345678" in line).endswith("-        no")
    assert "Polar H10: It has no gyroscope" in result.stdout
    assert unfit["reason"].startswith("It has no gyroscope")


def test_an_untried_kind_is_marked(computer, make_sensor) -> None:
    computer.sensors = [make_sensor("witmotion", name=f"Polar Sense {number}") for number in "12"]
    result = computer.call("scan", "--quick")

    assert result.stdout.count("  untried\n") == 2
    assert result.stdout.count("nobody has tried this kind") == 1


def test_unknown_devices_are_shown_only_on_request(computer, make_sensor) -> None:
    computer.sensors = [make_sensor(), make_sensor("witmotion", name="Fridge")]
    shown = computer.call("scan", "--quick").stdout
    everything = computer.call("scan", "--quick", "--all").stdout

    assert "Fridge" not in shown
    assert "1 device was heard: --all" in shown
    assert "Fridge" in everything
    assert "--all" not in everything


def test_only_unknown_devices_near_is_exit_code_3_and_explains_how_to_list_them(
    computer, make_sensor
) -> None:
    computer.sensors = [make_sensor("witmotion", name="Fridge")]
    result = computer.call("scan", "--quick")

    assert result.exit_code == 3
    assert "1 device was heard: --all lists them" in result.stderr


def test_nothing_near_is_exit_code_3_with_hints(computer) -> None:
    result = computer.call("scan")

    assert result.exit_code == 3
    assert result.stdout == ""
    assert "No sensor was heard in 10 s." in result.stderr
    assert "phone" in result.stderr


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        ("powered_off", "bluetooth_off", "Bluetooth is switched off"),
        ("no_bluetooth", "no_adapter", "adapter"),
        ("denied_by_system", "no_permission", "may not use Bluetooth"),
    ],
)
def test_unusable_bluetooth_is_exit_code_3_with_a_hint(computer, trouble, code, words) -> None:
    computer.trouble = trouble
    result = computer.call("scan")
    as_json = computer.call("scan", "--json")

    assert (result.exit_code, as_json.exit_code) == (3, 3)
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 2
    assert json.loads(as_json.stdout)["error"]["code"] == code


def test_it_works_without_hardware() -> None:
    from click.testing import CliRunner

    from imu_reps.cli.main import main

    result = CliRunner().invoke(main, ["scan", "--virtual", "witmotion"])

    assert result.exit_code == 0
    assert result.stdout.count("WitMotion") == 2


def test_an_unknown_virtual_sensor_is_a_usage_error() -> None:
    from click.testing import CliRunner

    from imu_reps.cli.main import main

    result = CliRunner().invoke(main, ["scan", "--virtual", "toaster"])

    assert result.exit_code == 2
    assert "witmotion" in result.stderr


def test_an_advertised_name_is_shown_without_its_control_characters(computer, make_sensor) -> None:
    computer.sensors = [
        make_sensor(name="IMUREPS-\x1b[2J\nz"),
        make_sensor("witmotion", name="WT\x9b31m\u202e"),
    ]
    table, as_json = computer.call("scan", "--quick"), computer.call("scan", "--quick", "--json")

    assert len(table.stdout.splitlines()) >= 3
    assert all(line.isprintable() for line in (table.stdout + as_json.stdout).splitlines())
    assert "IMUREPS-\\u001b[2J\\nz" in table.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus is how Linux reaches its Bluetooth service")
def test_an_address_of_the_bus_that_is_none_is_told_without_a_traceback() -> None:
    environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "garbage"}
    words = [sys.executable, "-m", "imu_reps", "scan"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode not in (0, 2)
    assert "Traceback" not in done.stderr
    assert "Bluetooth service" in done.stderr
