"""Momentum: the leg is swung up rather than lifted."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, fastest_tick, make_fault
from imu_reps.domain.rep import Fault


def momentum(view: RepView) -> Verdict:
    """Share of the rise that coasts; hanging also the swing of the whole body that the lift begins in.

    For heel taps, whose lever is shorter, the peak speed stands for the share.
    """
    coasting = _coasting(view)
    if not coasting.judged:
        return coasting
    found = [fault for fault in (coasting.fault, _swaying(view)) if fault is not None]
    found.sort(key=lambda fault: fault.level)
    return Verdict("momentum", True, found[0] if found else None)


def _swaying(view: RepView) -> Fault | None:
    settings, value = view.settings, view.rep.sway_deg
    limits = Limits(settings.sway_watch_deg, settings.sway_flag_deg, "deg", "fair")
    passed = None if value is None else limits.level_over(abs(value))
    if value is None or passed is None:
        return None
    return make_fault(view, "momentum", passed, value, limits, view.rep.whole.ticks.start)


def _coasting(view: RepView) -> Verdict:
    if not view.rep.leg_known:
        return Verdict("momentum", judged=False)
    settings = view.settings
    if view.motion.header.exercise == "heel_tap":
        value = view.rep.peak_concentric_dps
        limits = Limits(settings.peak_speed_watch_dps, settings.peak_speed_flag_dps, "deg/s", "low")
    else:
        value = view.rep.momentum
        limits = Limits(settings.momentum_watch, settings.momentum_flag, "share", "fair")
    if value is None:
        return Verdict("momentum", judged=False)
    passed = limits.level_over(value)
    if passed is None:
        return Verdict("momentum", judged=True)
    fault = make_fault(view, "momentum", passed, value, limits, fastest_tick(view, view.rep.concentric, 1.0))
    return Verdict("momentum", True, fault)
