"""Quick swings that do not show the hip, such as bicycle kicks, leave the count of a set undecided."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set.reading import _unlike_the_clear
from imu_reps.kinematics.lever import Lever


def swings(ticks: list[int], clear: list[bool]) -> tuple[list[Excursion], list[Lever]]:
    """Return swings of these durations, one after the other, and the lever that each shows."""
    ends = np.cumsum([0, *ticks]).tolist()
    reps = [
        Excursion(Turn(start, 0.0), Turn((start + end) // 2, 50.0), Turn(end, 0.0))
        for start, end in pairwise(ends)
    ]
    return reps, [Lever(np.array([0.0, 0.7, 0.0]), 0.05 if known else 0.5) for known in clear]


@pytest.mark.parametrize("before", [True, False])
def test_a_series_of_kicks_beside_a_set_is_unlike_it(before: bool) -> None:
    kinds = [(80, False)] * 4 + [(400, True)] * 6
    ticks, clear = zip(*(kinds if before else kinds[::-1]), strict=True)
    unlike = _unlike_the_clear(*swings(list(ticks), list(clear)))

    assert unlike.tolist() == [not known for known in clear]


@pytest.mark.parametrize(
    ("ticks", "clear"),
    [
        ([400] * 8, [False] * 4 + [True] * 4),  # as slow as the others
        ([80] * 4 + [400] * 4, [True] * 8),  # carried round the hip
        ([400, 80, 400, 80, 400, 400], [True, False, True, False, True, True]),  # no series
        ([80] * 4 + [400] * 2, [False] * 4 + [True] * 2),  # no set that shows the hip
    ],
)
def test_other_swings_are_not(ticks: list[int], clear: list[bool]) -> None:
    assert not _unlike_the_clear(*swings(ticks, clear)).any()
