"""Unsuitable devices are recognised and refused with the reason."""

from __future__ import annotations

import pytest

from imu_reps.sensors.families import SENSORTAG_MOVEMENT, Unfit, nordic_uart, recognise
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

    assert isinstance(recognised, Unfit)
    assert recognised.title == title
    assert reason in recognised.why
    assert "Use a" in recognised.why


@pytest.mark.parametrize("name", ["Polar Sense 12345678", "Puck.js 1a2b", "Thingy", None])
def test_suitable_devices_are_not_refused(name: str | None) -> None:
    assert not isinstance(recognise(Advertisement(name)), Unfit)
