"""Swings that pass through the floor are no raises: bicycle kicks, a foot that rolls about where it rests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from imu_reps import Settings
from imu_reps.analysis.reps.segmentation import TurnFinder, above_floor, find_reps
from imu_reps.analysis.set.hypotheses import _without_through_floor

Way = tuple[float, float]  # to this angle, in this time
RAISE: tuple[Way, ...] = ((70.0, 1.5), (0.0, 1.8), (0.0, 0.6))


def counted(ways: tuple[Way, ...], leg: Callable[..., np.ndarray]) -> int:
    """How many swings of a leg that begins at the floor are left."""
    travel = leg(0.0, [(0.0, 1.0), *ways])
    finder = TurnFinder(Settings().min_range_deg)
    finder.push(0, travel)
    above = above_floor([finder.turns], 0.0, None)
    return len(_without_through_floor(find_reps(above, Settings()), travel, 0.0).reps)


@pytest.mark.parametrize("lasts_s", [0.6, 1.5])
def test_bicycle_kicks_before_and_after_raises_do_not_count(
    lasts_s: float, leg: Callable[..., np.ndarray]
) -> None:
    kicks = ((45.0, lasts_s), (-45.0, lasts_s)) * 4 + ((0.0, lasts_s), (0.0, 1.0))

    assert counted((*kicks, *RAISE * 5), leg) == 5
    assert counted((*RAISE * 5, *kicks), leg) == 5


def test_a_foot_that_rolls_to_and_fro_makes_no_set(leg: Callable[..., np.ndarray]) -> None:
    assert counted(((20.0, 0.4), (-20.0, 0.4)) * 6, leg) == 0


@pytest.mark.parametrize(
    "way_back",
    [
        ((-25.0, 0.6), (0.0, 0.6)),  # over the edge of a bed
        ((-45.0, 0.8), (0.0, 0.8), (0.0, 0.6)),  # the knee is drawn up, and the leg rests again
        ((-45.0, 0.8), (-45.0, 2.0)),  # the foot is set flat
    ],
)
def test_a_raise_beside_a_bent_knee_counts(way_back: tuple[Way, ...], leg: Callable[..., np.ndarray]) -> None:
    assert counted((*RAISE * 3, *RAISE[:2], *way_back), leg) == 4
    assert counted((*way_back[:-1], (0.0, 0.8), *RAISE * 3), leg) == 3
