"""Unsuitable devices are recognised and refused with the reason."""

from __future__ import annotations

import pytest

from imu_reps.sensors.families import SENSORTAG_MOVEMENT, nordic_uart, recognise
from imu_reps.sensors.wire import Advertisement


@pytest.mark.parametrize(
    ("advertisement", "title", "reason"),
    [
        (Advertisement("Polar H10 12345678", company_ids=(0x006B,)), "Polar H10", "no gyroscope"),
        (Advertisement("Polar OH1 12345678", company_ids=(0x006B,)), "Polar OH1", "no gyroscope"),
        (Advertisement("Bangle.js 1a2b", (nordic_uart.SERVICE,)), "Bangle.js", "no gyroscope"),
        (Advertisement("CC2650 SensorTag"), "SensorTag", "10 readings a second"),
        (Advertisement(None, (SENSORTAG_MOVEMENT,)), "SensorTag", "10 readings a second"),
    ],
)
def test_an_unsuitable_device_is_refused_with_the_reason(
    advertisement: Advertisement, title: str, reason: str
) -> None:
    recognised = recognise(advertisement)

    assert recognised is not None
    assert (recognised.title, recognised.family) == (title, None)
    assert reason in (recognised.unfit or "")
    assert "Use a" in (recognised.unfit or "")


@pytest.mark.parametrize("name", ["Polar Sense 12345678", "Puck.js 1a2b", "Thingy", None])
def test_suitable_devices_are_not_refused(name: str | None) -> None:
    recognised = recognise(Advertisement(name))

    assert recognised is None or recognised.unfit is None
