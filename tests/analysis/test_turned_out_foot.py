"""A foot that is turned out in each lift turns the axes of the lifts, but it is no strap that slipped."""

from __future__ import annotations

import numpy as np
import pytest

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
