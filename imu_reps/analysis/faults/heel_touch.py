"""Heel touch-down: the heel hits the floor at the end of the lowering."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, make_fault
from imu_reps.analysis.reps.impacts import NEAR_FLOOR_DEG, sees_impulses

#: A slower sensor may miss an impact of 10 ms between its samples: what it does not see is not judged.
SURE_RATE_HZ = 100.0


def heel_touch(view: RepView) -> Verdict | None:
    """An impact above the local noise; None where there is no floor to touch or touching is the exercise."""
    motion, rep = view.motion, view.rep
    if motion.header.exercise == "heel_tap" or motion.header.posture == "hanging":
        return None
    if not rep.leg_known or not sees_impulses(view.ankle_rate_hz) or rep.bottom_angle_deg is None:
        return Verdict("heel_touch", judged=False)
    sure = sees_impulses(view.ankle_rate_hz, SURE_RATE_HZ) or rep.bottom_angle_deg > NEAR_FLOOR_DEG
    if rep.contact is None:
        return Verdict("heel_touch", judged=sure)
    peak = rep.contact.peak_mps2 - rep.contact.noise_mps2
    limit = view.settings.heel_touch_mps2
    limits = Limits(limit, limit, "m/s²", "fair")
    passed = limits.level_over(peak)
    if passed is None:
        return Verdict("heel_touch", judged=sure)
    return Verdict("heel_touch", True, make_fault(view, "heel_touch", passed, peak, limits, rep.contact.tick))
