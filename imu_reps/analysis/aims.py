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
        found.append(Finding("floor_aim", values=_floor(header, header.floor_deg, reps)))
    return found


def _floor(header: Header, floor_deg: float, reps: Sequence[Rep]) -> dict[str, object]:
    """Whether the floor angle was kept, within how many degrees, and whether the last lowering went on."""
    judged = [rep for rep in reps if "below_floor" not in rep.not_judged]
    below = any(fault.code == "below_floor" for rep in reps for fault in rep.faults)
    bottoms_deg = [rep.bottom_angle_deg for rep in judged if rep.bottom_angle_deg is not None]
    last_deg = None if reps[-1] in judged else reps[-1].bottom_angle_deg
    return {
        "floor_deg": floor_deg,
        "floor_from": header.floor_from,
        "kept": bool(judged) and not below,
        "within_deg": max(0, round(floor_deg) - round(min(bottoms_deg, default=floor_deg))),
        "last_below": last_deg is not None and round(last_deg) < round(floor_deg),
    }
