"""A foot that is turned out in each lift turns the axes of the lifts, but it is no strap that slipped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from imu_reps import Header, Recording, analyze
from imu_reps.analysis.set.leg_frames import _rolls
from imu_reps.kinematics.lever import Lever

SQUARE, OBLIQUE = np.array([1.0, 0.0, 0.0]), np.array([0.8, 0.6, 0.0])
FLAT, ROLLED = np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.6, 0.8])


@pytest.mark.parametrize(
    ("rests", "lever", "rolls"),
    [
        (FLAT, Lever(np.array([0.0, 0.7, 0.0]), 0.05), True),
        (ROLLED, Lever(np.array([0.0, 0.7, 0.0]), 0.05), False),  # the leg rests otherwise in the sensor
        (FLAT, Lever(np.array([0.0, 0.7, 0.0]), 0.5), False),  # the hip is not seen
        (FLAT, Lever(np.array([0.0, 0.0, 0.7]), 0.05), False),  # both axes are square to the leg
    ],
)
def test_an_axis_that_changes_while_the_leg_rests_as_before_is_a_roll(
    rests: np.ndarray, lever: Lever, rolls: bool
) -> None:
    axes = np.array([SQUARE] * 4 + [OBLIQUE] * 4)
    resting_up = np.array([FLAT] * 4 + [rests] * 5)

    assert _rolls((4, 36.9), axes, resting_up, lever) == rolls


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("side", "out_deg", "up_s"),
    [
        ("left", 40.0, 1.6),
        ("left", 45.0, 1.8),
        ("left", 55.0, 2.0),
        ("right", 45.0, 1.9),
        ("right", 55.0, 2.0),
    ],
)
def test_a_foot_that_is_turned_straight_as_the_leg_is_lifted_leaves_its_angle(
    side: str,
    out_deg: float,
    up_s: float,
    seed: int,
    joints: Callable[..., dict],
    worn: Callable[..., Recording],
) -> None:
    """It lies fallen outward: the sensor rolls and rises at once."""
    lies = {"thigh": 0.0, "foot": out_deg if side == "left" else -out_deg, "curl": 0.0}
    raised = {"thigh": 60.0, "foot": 0.0, "curl": 8.0}
    raises = [(up_s, raised), (0.3, {}), (1.2 * up_s, lies), (0.8, {})] * 6
    moved = joints([(3.0, {}), *raises, (2.0, {})], foot=lies["foot"])
    reps = analyze(worn(Header(side=side, simulated=True), moved, seed)).summary.reps

    assert [rep.top_angle_deg for rep in reps] == pytest.approx([60.0] * 6, abs=5.0)
