"""Fast lowering: too short a way down, or the leg let drop."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, fastest_tick, make_fault
from imu_reps.domain.rep import Fault


def fast_lowering(view: RepView) -> Verdict:
    """The eccentric phase too short for one leg or two, or too large a share of it dropping.

    For heel taps, whose lever is shorter, the peak speed stands for the share.
    """
    if not view.rep.leg_known or view.rep.eccentric_s is None:
        return Verdict("fast_lowering", judged=False)
    found = [fault for fault in (_too_short(view), _dropped(view)) if fault is not None]
    found.sort(key=lambda fault: fault.level)
    return Verdict("fast_lowering", True, found[0] if found else None)


def _too_short(view: RepView) -> Fault | None:
    settings = view.settings
    if view.motion.header.exercise == "double_leg_raise":
        pair = settings.two_leg_eccentric_watch_s, settings.two_leg_eccentric_flag_s
    else:
        pair = settings.one_leg_eccentric_watch_s, settings.one_leg_eccentric_flag_s
    limits = Limits(*pair, "s", "high")
    value = view.rep.eccentric_s
    passed = None if value is None else limits.level_under(value)
    if value is None or passed is None:
        return None
    return make_fault(
        view, "fast_lowering", passed, value, limits, fastest_tick(view, view.rep.eccentric, -1.0)
    )


def _dropped(view: RepView) -> Fault | None:
    settings = view.settings
    if view.motion.header.exercise == "heel_tap":
        limits = Limits(settings.peak_speed_watch_dps, settings.peak_speed_flag_dps, "deg/s", "low")
        value = view.rep.peak_eccentric_dps
    else:
        limits = Limits(settings.drop_watch, settings.drop_flag, "share", "fair")
        value = view.rep.drop
    passed = None if value is None else limits.level_over(value)
    if value is None or passed is None:
        return None
    return make_fault(
        view, "fast_lowering", passed, value, limits, fastest_tick(view, view.rep.eccentric, -1.0)
    )
