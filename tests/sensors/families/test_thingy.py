"""Thingy:52: the golden packet, and its configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from imu_reps.sensors.families import thingy
from imu_reps.sensors.wire import Write


def test_the_golden_acceleration_is_the_stated_one(golden: Callable[..., list[dict[str, Any]]]) -> None:
    (item,) = golden("thingy-raw-partial")

    acc_g = thingy.acc_g(bytes.fromhex(item["hex"]))

    np.testing.assert_allclose(acc_g * 1024, item["decoded"]["raw"])
    np.testing.assert_allclose(acc_g, item["decoded"]["acc_g"], atol=5.1e-7)


@pytest.mark.parametrize("rate_hz", thingy.RATES_HZ)
def test_the_rate_is_in_bytes_six_and_seven_of_nine(rate_hz: float) -> None:
    (written,) = (step for step in thingy.start(rate_hz, 0) if isinstance(step, Write))

    assert len(written.data) == 9
    assert int.from_bytes(written.data[6:8], "little") == rate_hz
