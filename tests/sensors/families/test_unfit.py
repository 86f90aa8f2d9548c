"""Devices that cannot do the job are told apart and refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from imu_reps.sensors.families import nordic_uart, recognise, unfit
from imu_reps.sensors.wire import Advertisement


@pytest.mark.parametrize(
    ("advertisement", "title", "reason"),
    [
        (Advertisement("Polar H10 12345678", company_ids=(0x006B,)), "Polar H10", "no gyroscope"),
        (Advertisement("Polar OH1 12345678", company_ids=(0x006B,)), "Polar OH1", "no gyroscope"),
        (Advertisement("Bangle.js 1a2b", (nordic_uart.SERVICE,)), "Bangle.js", "no gyroscope"),
        (Advertisement("CC2650 SensorTag"), "SensorTag", "10 readings a second"),
        (Advertisement(None, (unfit.SENSORTAG_MOVEMENT,)), "SensorTag", "10 readings a second"),
    ],
)
def test_a_device_that_cannot_do_the_job_is_refused_with_the_reason(
    advertisement: Advertisement, title: str, reason: str
) -> None:
    recognised = recognise(advertisement)

    assert recognised is not None
    assert (recognised.title, recognised.family) == (title, None)
    assert reason in (recognised.unfit or "")
    assert "Use a" in (recognised.unfit or "")


@pytest.mark.parametrize("name", ["Polar Sense 12345678", "Puck.js 1a2b", "Thingy", None])
def test_devices_that_can_are_not_refused(name: str | None) -> None:
    assert unfit.unfit_device(Advertisement(name)) is None


def test_the_golden_movement_of_a_sensortag_is_that_stated(
    golden: Callable[..., list[dict[str, Any]]],
) -> None:
    (item,) = golden("sensortag-mov")

    read = unfit.sensortag_movement(bytes.fromhex(item["hex"]))

    assert read is not None
    np.testing.assert_allclose(read[0], item["decoded"]["gyr_dps"], atol=5.1e-5)
    np.testing.assert_allclose(read[1], item["decoded"]["acc_g"], atol=1e-9)
    assert unfit.sensortag_movement(bytes(17)) is None
