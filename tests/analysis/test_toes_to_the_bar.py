"""Legs that go up by more than a hip bends, as the trunk rolls up with them, are counted all the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from imu_reps import Header, Recording, analyze


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("exercise", "tops_deg"),
    [
        ("hanging_leg_raise", (130.0, 150.0, 170.0)),
        ("hanging_leg_raise", (150.0, 145.0, 160.0)),
        ("double_leg_raise", (150.0, 150.0, 150.0)),  # the legs go over the head
    ],
)
def test_every_raise_counts_however_far_it_goes(
    exercise: str,
    tops_deg: Sequence[float],
    seed: int,
    joints: Callable[..., dict],
    worn: Callable[..., Recording],
) -> None:
    raises = [
        part
        for top_deg in tops_deg * 2
        for part in [
            (1.4, {"thigh": top_deg, "curl": top_deg - 100.0}),
            (0.2, {}),
            (1.6, {"thigh": 0.0, "curl": 0.0}),
            (0.7, {}),
        ]
    ]
    header = Header(exercise=exercise, side="both", simulated=True)
    found = analyze(worn(header, joints([(3.0, {}), *raises, (2.0, {})]), seed)).summary

    assert [rep.top_angle_deg for rep in found.reps] == pytest.approx(tops_deg * 2, abs=1.0)
    assert found.set.rep_count_certainty == "high"


@pytest.mark.parametrize("way_s", [1.0, 1.2, 1.5])
@pytest.mark.parametrize("top_deg", [130.0, 150.0, 170.0])
def test_gravity_is_seen_in_quick_legs_that_never_rest(
    top_deg: float, way_s: float, joints: Callable[..., dict], worn: Callable[..., Recording]
) -> None:
    """Of a force that turns so far, little is left over two seconds, and quick legs add to its size."""
    up, down = {"thigh": top_deg, "curl": top_deg - 100.0}, {"thigh": 0.0, "curl": 0.0}
    header = Header(exercise="double_leg_raise", side="both", simulated=True)

    assert analyze(worn(header, joints([(way_s, up), (way_s, down)] * 9), 1)).summary.set.rep_count == 9
