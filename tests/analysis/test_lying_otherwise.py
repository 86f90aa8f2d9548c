"""Whoever lies on the side, or face down, for far longer than on the back does the set on the back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imu_reps import Header, Recording, SensorHeader, analyze

HEADER = Header(side="left", simulated=True, pelvis=SensorHeader(cranial_axis="+y", anterior_axis="+z"))
RAISE = ((1.5, {"thigh": 60.0, "curl": 8.0}), (0.3, {}), (1.9, {"thigh": 0.0, "curl": 0.0}), (0.8, {}))
LEG_FORWARD = ((1.0, {"thigh": 40.0}), (1.0, {"thigh": 0.0}), (0.5, {}))
HEEL_CURL = ((1.0, {"knee": 80.0}), (1.0, {"knee": 0.0}), (0.5, {}))


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    ("rolled_deg", "moves"),
    [(90.0, ()), (90.0, LEG_FORWARD), (-90.0, LEG_FORWARD), (180.0, ()), (180.0, HEEL_CURL)],
    ids=["side", "raises_on_the_left", "raises_on_the_right", "prone", "heel_curls"],
)
def test_only_the_set_on_the_back_counts(
    rolled_deg: float,
    moves: tuple,
    before: bool,
    after: bool,
    joints: Callable[..., dict],
    worn: Callable[..., Recording],
) -> None:
    over, back = {"rolled": rolled_deg}, {"rolled": 0.0}
    otherwise = ((1.5, over), (20.0, {}), *moves * 8, (20.0, {}), (1.5, back), (2.0, {}))
    moved = joints([(3.0, {}), *otherwise * before, *RAISE * 5, (1.0, {}), *otherwise * after])
    found = analyze(worn(HEADER, moved)).summary

    assert [rep.top_angle_deg for rep in found.reps] == pytest.approx([60.0] * 5, abs=1.5)
