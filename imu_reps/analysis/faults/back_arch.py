"""Back arching: the pelvis tips forward past the flat-back zero."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, make_fault, passing_tick


def back_arch(view: RepView) -> Verdict:
    """Anterior tilt held past its limits, arisen on the way down or at the bottom.

    Needs the pelvis sensor and a zero on the floor.
    """
    arch = view.rep.arch
    if arch is None:
        return Verdict("back_arch", judged=False)
    passed = _limits(view).level_over(arch.tilt_deg)
    if passed is None:
        return Verdict("back_arch", judged=True)
    tick = passing_tick(view.motion.tilt_deg, passed[1], arch.tick, view.rep.eccentric.ticks.start)
    return Verdict(
        "back_arch", True, make_fault(view, "back_arch", passed, arch.tilt_deg, _limits(view), tick)
    )


def _limits(view: RepView) -> Limits:
    """Of tilt; surer after pelvic rocks, and never more than fair against a zero from between the reps."""
    sure = view.motion.header.pelvis.alignment == "functional" and not view.motion.zero_between_reps
    settings = view.settings
    return Limits(settings.tilt_watch_deg, settings.tilt_flag_deg, "deg", "high" if sure else "fair")
