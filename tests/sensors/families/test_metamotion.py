"""MetaMotion: golden packets, streams paired by turn, two kinds of IMU chip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from imu_reps.sensors.families import metamotion
from imu_reps.sensors.wire import Write

Golden = Callable[..., list[dict[str, Any]]]


def test_golden_vectors_decode_to_their_stated_values(golden: Golden) -> None:
    for item in golden("mw-acc", "mw-gyro"):
        data, stated = bytes.fromhex(item["hex"]), item["decoded"]
        assert (data[0], data[1]) == (stated["module"], stated["register"])
        assert stated["register"] in metamotion.STREAMS[stated["module"]][1]

        counts = metamotion.parse_vectors(data)

        assert counts is not None
        if "acc_g" in stated:
            read = metamotion.acc_g(counts, stated["range_g"])
            np.testing.assert_allclose(read, stated["acc_g"], atol=5.1e-4)
        else:
            read = metamotion.gyr_dps(counts, stated["range_dps"])
            np.testing.assert_allclose(read, stated["gyr_dps"], atol=5.1e-4)


def test_the_golden_battery_level_is_the_stated_one(golden: Golden) -> None:
    (item,) = golden("mw-battery")

    read = metamotion.parse_battery(bytes.fromhex(item["hex"]))

    assert read == item["decoded"]["battery_percent"]


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("03800100", None),
        ("03800400", None),
        ("13800000", None),
        ("13800100", None),
        ("1380", "has no gyroscope"),
        ("03800000", "has a make of accelerometer (number 0) that is not known here"),
    ],
)
def test_a_probe_shows_whether_the_chips_are_supported(answer: str, refused: str | None) -> None:
    state = metamotion.begin(100.0)

    _, decoded = metamotion.decode(state, metamotion.NOTIFY, bytes.fromhex(answer), 0.0)

    assert decoded.facts.refused == refused
    assert decoded.damaged == 0


@pytest.mark.parametrize(
    ("rate_hz", "attempt", "acc", "gyro"),
    [
        (50.0, 0, "0303270c", "13032701"),
        (100.0, 0, "0303280c", "13032801"),
        (200.0, 0, "0303290c", "13032901"),
        (100.0, 1, "0303a803", "1303a801"),
        (200.0, 1, "0303a903", "1303a901"),
        (100.0, 2, "0303280c", "13032801"),
    ],
)
def test_each_attempt_addresses_the_other_kind_of_chip(
    rate_hz: float, attempt: int, acc: str, gyro: str
) -> None:
    written = [step.data.hex() for step in metamotion.start(rate_hz, attempt) if isinstance(step, Write)]

    assert acc in written
    assert gyro in written
    assert written.index(acc) > written.index("030100")
    assert written.index("030101") > written.index(acc)
