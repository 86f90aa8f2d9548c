"""Verdicts from facts, and facts measured from virtual sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.errors import FileAccessError
from imu_reps.kinematics.clock.offline import SensorClock
from imu_reps.sensors.ble import Radio
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.stream_items import SensorStatus
from imu_reps.setup.computer_check import (
    Check,
    ComputerFacts,
    check_computer,
    exit_code,
    version_numbers,
)
from imu_reps.setup.sensor_check import (
    RestReading,
    SensorFacts,
    check_sensor,
    examine,
    scan_for,
    sensors_to_examine,
)
from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.device import DeviceClock
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.radio.link_plan import Faults
from imu_reps.sim.radio.virtual_sensor import VirtualSensor
from imu_reps.storage.profile import PairedSensor, Person

HEALTHY = ComputerFacts("Linux", "3.12.1", "3.1.0", "5.66", 4, None, "/recordings", None, 50_000_000_000)
STATUS = SensorStatus("streaming", 100.0, 80.0, rssi_dbm=-60, samples=1000, lost=0, delay_s=0.02)
CLOCK = SensorClock(100.02, 0, 0.0, 20.0, 3.0, 0.4, 0, 0, 0)
GOOD = SensorFacts(100.0, None, STATUS, CLOCK, 0.05, RestReading(0.5, 9.81))


def levels(checks: list[Check]) -> dict[str, str]:
    return {check.code: check.level for check in checks}


def test_a_healthy_computer_passes_every_check_without_a_hint() -> None:
    checks = check_computer(HEALTHY)

    assert set(levels(checks).values()) == {"ok"}
    assert all(check.hint is None and check.sensor is None for check in checks)
    assert exit_code(checks) == 0


@pytest.mark.parametrize(
    ("change", "code", "level"),
    [
        ({"devices_found": None, "radio_error": radio_error("bluetooth_off")}, "adapter", "bad"),
        ({"devices_found": None, "radio_error": radio_error("no_adapter")}, "adapter", "bad"),
        ({"devices_found": None, "radio_error": radio_error("no_permission")}, "adapter", "bad"),
        ({"devices_found": 0}, "adapter", "watch"),
        ({"bluez": "5.54"}, "bluez", "bad"),
        ({"bluez": "5.55"}, "bluez", "ok"),
        ({"bluez": "5.9"}, "bluez", "bad"),
        ({"bluez": "6.0"}, "bluez", "ok"),
        ({"bluez": None}, "bluez", "watch"),
        ({"bleak": None}, "versions", "bad"),
        ({"free_bytes": 100_000_000}, "folder", "watch"),
        ({"free_bytes": 1_000_000}, "folder", "bad"),
        ({"free_bytes": None}, "folder", "ok"),
        ({"folder_error": FileAccessError("no", hint="do", code="permission")}, "folder", "bad"),
    ],
)
def test_each_problem_of_the_computer_is_rated_and_has_a_hint(change, code: str, level: str) -> None:
    checks = check_computer(replace(HEALTHY, **change))
    (check,) = (check for check in checks if check.code == code)

    assert check.level == level
    assert (check.hint is None) == (level == "ok")
    assert {c.code for c in checks if c.level != "ok"} <= {code}


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_bluez_is_checked_on_linux_only(system: str) -> None:
    assert "bluez" not in levels(check_computer(replace(HEALTHY, system=system, bluez=None)))


@pytest.mark.parametrize(
    ("text", "numbers"), [("5.66", (5, 66)), ("5.66-2ubuntu1", (5, 66)), ("5", (5,)), ("x", ()), ("", ())]
)
def test_the_numbers_of_a_version_are_extracted(text: str, numbers: tuple[int, ...]) -> None:
    assert version_numbers(text) == numbers


def test_a_good_sensor_passes_every_check() -> None:
    checks = check_sensor("ankle", GOOD)

    assert set(levels(checks).values()) == {"ok"}
    assert {check.sensor for check in checks} == {"ankle"}
    assert all(check.hint is None for check in checks)


@pytest.mark.parametrize(
    ("part", "change", "code", "level"),
    [
        ("status", {"battery_percent": 14.0}, "battery", "watch"),
        ("status", {"battery_percent": 4.0}, "battery", "bad"),
        ("status", {"battery_percent": None}, "battery", "ok"),
        ("status", {"rssi_dbm": -90}, "signal", "watch"),
        ("status", {"restarts": 1}, "restarts", "bad"),
        ("status", {"damaged": 3}, "damage", "watch"),
        ("status", {"dropped": 3}, "overload", "bad"),
        ("clock", {"rate_hz": 99.3}, "rate", "ok"),
        ("clock", {"rate_hz": 95.0}, "rate", "watch"),
        ("clock", {"rate_hz": 49.5}, "rate", "bad"),
        ("clock", {"lost": 20}, "loss", "watch"),
        ("clock", {"lost": 300}, "loss", "bad"),
        ("clock", {"longest_gap_s": 0.3}, "loss", "watch"),
        ("clock", {"longest_gap_s": 2.0}, "loss", "bad"),
        ("clock", {"lost": None}, "loss", "ok"),
        ("clock", {"uncertainty_ms": 20.0}, "clock", "watch"),
        ("clock", {"uncertainty_ms": 80.0}, "clock", "bad"),
        ("clock", {"uncertainty_ms": None}, "clock", "watch"),
        ("clock", {"drift_ppm": None}, "clock", "ok"),
        (None, {"delay_s": 0.5}, "delay", "watch"),
        (None, {"delay_s": 3.0}, "delay", "bad"),
        (None, {"rest": None}, "rest", "watch"),
        (None, {"rest": RestReading(5.0, 9.81)}, "gyroscope", "watch"),
        (None, {"rest": RestReading(30.0, 9.81)}, "gyroscope", "bad"),
        (None, {"rest": RestReading(0.5, 9.81 * 0.93)}, "accelerometer", "watch"),
        (None, {"rest": RestReading(0.5, 9.81 * 1.2)}, "accelerometer", "bad"),
        (None, {"clock": None, "delay_s": None, "rest": None}, "link", "bad"),
    ],
)
def test_each_problem_of_a_sensor_is_rated_and_has_a_hint(part, change, code: str, level: str) -> None:
    facts = replace(GOOD, **({part: replace(getattr(GOOD, part), **change)} if part else change))
    checks = check_sensor("pelvis", facts)
    (check,) = (check for check in checks if check.code == code)

    assert check.level == level
    assert (check.hint is None) == (level == "ok")
    assert {c.code for c in checks if c.level != "ok"} <= {code}
    assert exit_code(checks) == (3 if level == "bad" else 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "drift +20 ± 3 ppm"),
        ({"drift_sd_ppm": None}, "drift unknown"),
        ({"drift_ppm": None}, "no clock of its own"),
    ],
)
def test_a_clock_is_told_in_the_words_that_check_uses(change: dict[str, None], words: str) -> None:
    clock = replace(CLOCK, **change)
    (told,) = (one for one in check_sensor("pelvis", replace(GOOD, clock=clock)) if one.code == "clock")

    assert told.message.endswith(f", {words}.")


def test_a_slow_sensor_is_rated_watch_even_at_the_requested_rate() -> None:
    slow = replace(GOOD, asked_hz=26.0, clock=replace(CLOCK, rate_hz=26.0))
    too_slow = replace(GOOD, asked_hz=10.0, clock=replace(CLOCK, rate_hz=10.0))

    assert levels(check_sensor("ankle", slow))["rate"] == "watch"
    assert levels(check_sensor("ankle", too_slow))["rate"] == "bad"


def test_a_sensor_that_did_not_stream_is_reported_by_its_error_only() -> None:
    error = radio_error("not_found", "The ankle sensor (X)")
    (check,) = check_sensor("ankle", SensorFacts(100.0, error=error))

    assert (check.code, check.level, check.message, check.hint) == ("link", "bad", error.message, error.hint)


# with virtual sensors

PLACES: tuple[SensorPlace, ...] = ("pelvis", "ankle")
IDS: dict[SensorPlace, str] = {"pelvis": "F0:00:00:00:00:01", "ankle": "F0:00:00:00:00:02"}
BIAS_DPS = np.array([0.0, -4.0, 1.0])


def readings_on_a_table(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(len(time_s))
    shape = (len(time_s), 3)
    return np.array([0.0, 0.0, 9.7]) + rng.normal(0.0, 0.02, shape), BIAS_DPS + rng.normal(0.0, 0.1, shape)


Facts = dict[SensorPlace, SensorFacts]


def examined(
    kind: str,
    prepare: Callable[[dict[SensorPlace, VirtualSensor]], None] = lambda _: None,
    faults: Faults | None = None,
    paired: bool = True,
) -> Facts:
    """Return the facts found for two sensors on a table; `prepare` may change the sensors beforehand."""
    person = Person(
        "me", *(PairedSensor(kind, IDS[place], 104.0 if kind == "movesense" else 100.0) for place in PLACES)
    )

    async def examine_sensors() -> Facts:
        async with Air(seed=2) as air:
            sensors = {
                place: VirtualSensor(
                    air,
                    DEVICES[kind](
                        readings_on_a_table, clock=DeviceClock(rate_error=1e-3), battery_percent=60.0
                    ),
                    IDS[place],
                    **({"faults": faults} if faults else {}),
                )
                for place in PLACES
            }
            radio = Radio(scanner_backend=scanner_backend(air), client_backend=client_backend(air))
            devices = await scan_for(radio, person if paired else None, min_s=3.0, max_s=15.0)
            prepare(sensors)
            to_examine, missing = sensors_to_examine(person if paired else None, devices)
            return missing | await examine(radio, to_examine, 10.0)

    return run(examine_sensors())


@pytest.mark.parametrize("kind", ["witmotion", "open_profile", "movesense"])
def test_rate_rest_and_delay_of_two_sensors_on_a_table_are_measured(kind: str) -> None:
    for facts in examined(kind).values():
        assert facts.clock is not None
        assert facts.clock.rate_hz == pytest.approx(facts.asked_hz * 1.001, rel=1e-3)
        assert facts.clock.lost in (None, 0)
        assert facts.rest is not None
        assert facts.rest.bias_dps == pytest.approx(4.0, abs=0.1)
        assert facts.rest.force_mps2 == pytest.approx(9.7, abs=0.05)
        assert facts.delay_s is not None
        assert 0.0 < facts.delay_s < 0.2
        assert levels(check_sensor("ankle", facts))["gyroscope"] == "watch"
        assert exit_code(check_sensor("ankle", facts)) == 0


def test_lost_packets_are_counted() -> None:
    facts = examined("open_profile", faults=Faults(loss=0.05))

    for place, found in facts.items():
        assert found.clock is not None
        assert found.clock.lost
        assert levels(check_sensor(place, found))["loss"] == "watch"


def test_without_a_profile_the_two_nearby_sensors_are_examined() -> None:
    assert set(examined("open_profile", paired=False)) == set(PLACES)


def test_a_failing_sensor_does_not_hide_the_other() -> None:
    facts = examined("open_profile", lambda sensors: sensors["ankle"].stop_streaming("never"))

    assert facts["ankle"].error is not None
    assert facts["ankle"].error.code == "no_stream"
    assert facts["pelvis"].error is None
    assert facts["pelvis"].clock is not None


def test_a_paired_sensor_that_is_absent_is_named() -> None:
    person = Person("me", PairedSensor("witmotion", "A", 100.0), PairedSensor("witmotion", "B", 100.0))
    to_examine, missing = sensors_to_examine(person, [])

    assert to_examine == {}
    assert {place: facts.error.code for place, facts in missing.items() if facts.error} == {
        "pelvis": "not_found",
        "ankle": "not_found",
    }
