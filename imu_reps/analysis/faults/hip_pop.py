"""Hip pop: the pelvis rolls, one hip leaving the floor."""

from __future__ import annotations

import numpy as np

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, make_fault, passing_tick


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
    ticks, turned = view.rep.whole.ticks, np.sign(rotation) * view.motion.rotation_deg
    most = ticks.start + int(np.argmax(turned[ticks]))
    fault = make_fault(
        view, "hip_pop", passed, rotation, limits, passing_tick(turned, passed[1], most, ticks.start)
    )
    return Verdict("hip_pop", True, fault)
