"""A knee drawn to the chest along the floor and back, between raises, is no raise, and turns no strap."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imu_reps import Header, Recording, analyze

RAISE = ((1.5, {"thigh": 60.0, "curl": 8.0}), (0.3, {}), (1.9, {"thigh": 0.0, "curl": 0.0}), (0.8, {}))
FOOT_ON_FLOOR = {"thigh": 48.0, "knee": 90.0, "curl": 0.0}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("times", "held_s"), [(1, 5.0), (2, 1.0), (2, 2.5), (2, 5.0)])
def test_knees_drawn_to_the_chest_between_raises_do_not_count(
    times: int, held_s: float, seed: int, joints: Callable[..., dict], worn: Callable[..., Recording]
) -> None:
    drawn_in = (
        (1.0, FOOT_ON_FLOOR),
        (0.7, {"thigh": 112.0, "knee": 112.0, "curl": 15.0}),
        (held_s, {}),
        (0.7, FOOT_ON_FLOOR),
        (1.0, {"thigh": 0.0, "knee": 0.0}),
        (1.0, {}),
    )
    moved = joints([(3.0, {}), *RAISE * 3, *drawn_in * times, *RAISE * 3, (2.0, {})])
    found = analyze(worn(Header(side="left", simulated=True), moved, seed)).summary

    assert found.set.rep_count == 6
    assert not {"ankle_turned", "turned_unseen"} & {finding.code for finding in found.findings}
