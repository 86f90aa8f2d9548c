"""The ready gate: where in a recording a set can be.

Walking to the mat, lying down and getting up swing the leg too. Only what happens after the person was
lying (hanging) and still, and before they leave that posture, can be a repetition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import BoolArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.rest import STILL_WINDOW_S, stretches

#: Leaving the posture this long ends a set; shorter is a movement within it.
LEFT_POSTURE_S = 2.0


@dataclass(frozen=True, slots=True)
class Window:
    """Where a set can be: `start` to `end`, half-open; it begins with the rest that is seen at `ready`."""

    start: int
    ready: int
    end: int
    left_posture: bool


def ready_windows(in_posture: BoolArray, ready_here: BoolArray, not_before: int = 0) -> list[Window]:
    """Spells in posture that became ready, in order.

    Parameters
    ----------
    in_posture : (n,) bool
        The pelvis has not left lying (hanging).
    ready_here : (n,) bool
        Lying (hanging) and still.
    not_before : int
        Nothing is ready before this tick.
    """
    lead = int(STILL_WINDOW_S * GRID_HZ) - 1
    windows = []
    for start, end in _spells(in_posture):
        earliest = max(start, not_before)
        ready = np.flatnonzero(ready_here[earliest:end])
        if len(ready):
            first = earliest + int(ready[0])
            windows.append(Window(max(start, first - lead), first, end, end < len(in_posture)))
    return windows


def _spells(in_posture: BoolArray) -> list[tuple[int, int]]:
    """Stretches in posture, with absences shorter than `LEFT_POSTURE_S` bridged."""
    spells: list[tuple[int, int]] = []
    for start, end in stretches(in_posture):
        if spells and start - spells[-1][1] < LEFT_POSTURE_S * GRID_HZ:
            spells[-1] = (spells[-1][0], end)
        else:
            spells.append((start, end))
    lost = int(LEFT_POSTURE_S * GRID_HZ)
    return [(a, len(in_posture) if len(in_posture) - b < lost else b) for a, b in spells]
