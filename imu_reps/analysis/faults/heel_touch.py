"""Heel touch-down: the heel hits the floor at the end of the lowering."""

from __future__ import annotations

import numpy as np

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, make_fault
from imu_reps.domain.track import GRID_HZ

#: Touch-downs come in the last degrees of lowering, as the leg comes to its end.
LAST_DEG = 10.0
BEFORE_S = 0.25
AFTER_S = 0.15

#: A leg that turns higher than this has not met the floor, however sharply it turns.
NEAR_FLOOR_DEG = 8.0

#: Slower sensors do not see an impact of 10 to 60 ms.
LEAST_RATE_HZ = 50.0


def heel_touch(view: RepView) -> Verdict | None:
    """An impact above the local noise; None where there is no floor to touch or touching is the exercise."""
    motion, rep = view.motion, view.rep
    if motion.header.exercise == "heel_tap" or motion.header.posture == "hanging":
        return None
    slow = view.ankle_rate_hz is not None and view.ankle_rate_hz < LEAST_RATE_HZ * 0.98
    if not rep.leg_known or slow or rep.bottom_angle_deg is None:
        return Verdict("heel_touch", judged=False)
    if rep.bottom_angle_deg > NEAR_FLOOR_DEG:
        return Verdict("heel_touch", judged=True)
    down = rep.eccentric.ticks
    low = np.flatnonzero(motion.elevation_deg[down] <= rep.bottom_angle_deg + LAST_DEG)
    start = max(down.start + int(low[0]), down.stop - int(BEFORE_S * GRID_HZ))
    impact = motion.track.ankle_impact_mps2[start : down.stop + int(AFTER_S * GRID_HZ)]
    noise = float(np.nanmedian(motion.track.ankle_impact_mps2[down]))
    peak = float(np.nanmax(impact)) - noise
    limit = view.settings.heel_touch_mps2
    limits = Limits(limit, limit, "m/s²", "fair")
    passed = limits.level_over(peak)
    if passed is None:
        return Verdict("heel_touch", judged=True)
    tick = start + int(np.nanargmax(impact))
    return Verdict("heel_touch", True, make_fault(view, "heel_touch", passed, peak, limits, tick))
