"""Hip pop: the pelvis rolls, one hip leaving the floor."""

from __future__ import annotations

import numpy as np

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, first_tick_past, make_fault


def hip_pop(view: RepView) -> Verdict:
    """Rotation held past its limits, either direction; the value keeps its sign.

    Needs the pelvis sensor; not judged when hanging, where gravity does not see rotation.
    """
    rotation = view.rep.pelvic_rotation_deg
    if rotation is None:
        return Verdict("hip_pop", judged=False)
    settings = view.settings
    limits = Limits(settings.rotation_watch_deg, settings.rotation_flag_deg, "deg", "fair")
    passed = limits.level_over(abs(rotation))
    if passed is None:
        return Verdict("hip_pop", judged=True)
    tick = first_tick_past(view, np.sign(rotation) * view.motion.rotation_deg, passed[1])
    return Verdict("hip_pop", True, make_fault(view, "hip_pop", passed, rotation, limits, tick))
