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


@pytest.mark.parametrize(("bends", "hugs"), [(0, 1), (0, 2), (1, 2)])
def test_knees_bent_and_drawn_to_the_chest_before_heel_taps_do_not_count(
    bends: int, hugs: int, joints: Callable[..., dict], worn: Callable[..., Recording]
) -> None:
    """The shank dips out of a pelvis that lies flat, further than in a tap; at table top it is tipped."""
    flat = {"thigh": 0.0, "knee": 0.0, "curl": 0.0}
    heel_in, table_top = {"thigh": 46.0, "knee": 92.0, "curl": 4.5}, {"thigh": 90.0, "curl": 12.0}
    tap = ((1.3, {"thigh": 66.0, "curl": 6.0}), (0.4, {}), (1.3, table_top), (0.5, {}))
    bend = ((1.0, {"thigh": 36.0, "knee": 68.0, "curl": 3.0}), (3.5, {}), (0.5, flat), (2.5, {}))
    half_way = {"thigh": 45.0, "knee": 80.0, "curl": 5.0}
    hug = ((0.5, half_way), (0.8, {"thigh": 72.0, "curl": 10.0}), (5.0, {}), (0.5, half_way), (0.5, flat))
    begin = ((1.0, {}), *bend * bends, *((*hug, (3.0, {})) * hugs))
    into = ((0.8, heel_in), (1.0, {}), (0.8, table_top), (1.5, {}))
    lowered = ((1.0, heel_in), (0.5, {}), (1.0, flat), (3.0, {}))
    moved = joints([*begin, *into, *tap * 6, *lowered])
    recording = worn(Header(exercise="heel_tap", side="left", simulated=True), moved)

    assert analyze(recording).summary.set.rep_count == 6
