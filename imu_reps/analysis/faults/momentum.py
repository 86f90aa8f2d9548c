"""Momentum: the leg is swung up rather than lifted."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, fastest_tick, make_fault


def momentum(view: RepView) -> Verdict:
    """Share of the rise that coasts; for heel taps, whose lever is shorter, the peak speed instead."""
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
