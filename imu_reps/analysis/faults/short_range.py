"""Short range: the repetition is much smaller than the others, or than what was aimed at."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, make_fault
from imu_reps.kinematics.median import median


def short_range(view: RepView) -> Verdict:
    """Range under its share of the header's target, else of the set's median."""
    ranges = [rep.range_deg for rep in view.of_set if rep.range_deg is not None]
    reference = view.motion.header.range_target_deg or (median(ranges) if ranges else None)
    value = view.rep.range_deg
    if value is None or reference is None:
        return Verdict("short_range", judged=False)
    limit = view.settings.short_range_share * reference
    limits = Limits(limit, limit, "deg", "high")
    passed = limits.level_under(value)
    if passed is None:
        return Verdict("short_range", judged=True)
    fault = make_fault(view, "short_range", passed, value, limits, None)
    return Verdict("short_range", True, fault)
