"""What a set was to keep to beside its tempo: the range aimed at, the floor angle, and whose that is."""

from __future__ import annotations

from collections.abc import Sequence

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep


def aim_findings(header: Header, reps: Sequence[Rep]) -> list[Finding]:
    """What is to be told of the angles that a set aimed at; nothing of a set without repetitions."""
    found = []
    ranges_deg = [rep.range_deg for rep in reps if rep.range_deg is not None]
    if header.range_target_deg is not None and ranges_deg:
        aim_deg = round(header.range_target_deg)  # as both are told
        reached = sum(round(range_deg) >= aim_deg for range_deg in ranges_deg)
        values = {"aim_deg": header.range_target_deg, "reached": reached, "reps": len(ranges_deg)}
        found.append(Finding("range_aim", values=values))
    if header.floor_deg is not None and header.exercise != "heel_tap" and reps:
        judged = any("below_floor" not in rep.not_judged for rep in reps)
        below = any(fault.code == "below_floor" for rep in reps for fault in rep.faults)
        floor = {"floor_deg": header.floor_deg, "floor_from": header.floor_from, "kept": judged and not below}
        found.append(Finding("floor_aim", values=floor))
    return found
