"""Back arching: the pelvis tips forward past the flat-back zero."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, first_tick_past, make_fault


def back_arch(view: RepView) -> Verdict:
    """Anterior tilt held past its limits. Needs the pelvis sensor and a zero on the floor."""
    tilt = view.rep.pelvic_tilt_deg
    if tilt is None:
        return Verdict("back_arch", judged=False)
    aligned = view.motion.header.pelvis.alignment == "functional"
    settings = view.settings
    limits = Limits(settings.tilt_watch_deg, settings.tilt_flag_deg, "deg", "high" if aligned else "fair")
    passed = limits.level_over(tilt)
    if passed is None:
        return Verdict("back_arch", judged=True)
    tick = first_tick_past(view, view.motion.tilt_deg, passed[1])
    return Verdict("back_arch", True, make_fault(view, "back_arch", passed, tilt, limits, tick))
