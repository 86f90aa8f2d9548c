"""Below the floor: the leg was lowered further than the person's own floor."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, make_fault


def below_floor(view: RepView) -> Verdict | None:
    """Bottom angle under the header's floor by more than its uncertainty; None without a known floor.

    The last lowering of a set that starts low ends on the floor whatever the floor angle: not judged.
    """
    header = view.motion.header
    if header.floor_deg is None or header.exercise == "heel_tap":
        return None
    bottom = view.rep.bottom_angle_deg
    if bottom is None or (view.ends_set and header.start == "low"):
        return Verdict("below_floor", judged=False)
    if bottom >= header.floor_deg - view.settings.floor_margin_deg:
        return Verdict("below_floor", judged=True)
    limits = Limits(header.floor_deg, header.floor_deg, "deg", "fair")
    tick = view.lowest_tick
    passed = limits.level_under(bottom)
    fault = None if passed is None else make_fault(view, "below_floor", passed, bottom, limits, tick)
    return Verdict("below_floor", True, fault)
