"""The floor: the leg angle above which the back stays down, on the safe side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.domain.rep import Rep

#: Of the angles at which the back lets go, the floor is this percentile: docs/definitions.md#per-set.
FLOOR_PERCENT = 80.0


def safe_angle(lift_offs_deg: Sequence[float]) -> float:
    """Of the angles at which the back let go, at least one, that above which it stays down.

    It stayed down above it in four of five repetitions that lift off; of two neighbours the higher one, since
    advice must err to the safe side.
    """
    return float(np.percentile(lift_offs_deg, FLOOR_PERCENT, method="higher"))


def floor_angle(reps: Sequence[Rep]) -> tuple[float | None, float | None]:
    """The leg angle above which the back stays down, or else the lowest angle reached without lifting off."""
    judged = [rep for rep in reps if rep.pelvic_tilt_deg is not None]
    lift_offs = [rep.lift_off_angle_deg for rep in judged if rep.lift_off_angle_deg is not None]
    if len(lift_offs) >= 2:
        return safe_angle(lift_offs), None
    bottoms = [rep.bottom_angle_deg for rep in judged if rep.bottom_angle_deg is not None]
    return None, min(bottoms) if bottoms else None
