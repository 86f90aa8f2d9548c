"""Which faults a commanded repetition has, by the default settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.rep import Certainty, Fault, Flag, Rep
from imu_reps.domain.settings import Settings
from imu_reps.sim.wearer.score import CommandedExcursion
from imu_reps.sim.wearer.set_plan import SetPlan

_SNAP_REPS = 3
_SNAP_WITHIN_DEG = 5.0
_BENT_KNEE_DEG = 40.0
_BENT_KNEE_RAD_S2 = 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the judgement of one repetition needs beyond its figures.

    Attributes
    ----------
    rep : Rep
    excursion : CommandedExcursion
        What was commanded.
    arch_deg : float or None
        Anterior tilt of the way down and the bottom after it, 0 where none arose in this repetition.
    drop : float or None
        Share of the lowering without muscle.
    peak_rad_s2 : float
        Greatest angular acceleration of the leg.
    """

    rep: Rep
    excursion: CommandedExcursion
    arch_deg: float | None
    drop: float | None
    peak_rad_s2: float


def judge(evidence: Evidence, plan: SetPlan, of_set: list[Evidence], settings: Settings) -> Iterator[Fault]:
    """All faults of one repetition, with their level."""
    yield from _speed(evidence, plan, settings)
    rep, s = evidence.rep, settings
    yield from _above("back_arch", evidence.arch_deg, s.tilt_watch_deg, s.tilt_flag_deg, "deg")
    rotation = None if rep.pelvic_rotation_deg is None else abs(rep.pelvic_rotation_deg)
    yield from _above("hip_pop", rotation, s.rotation_watch_deg, s.rotation_flag_deg, "deg")
    yield from _short_range(evidence, plan, of_set, s)
    yield from _impacts(evidence, plan, of_set, s)
    yield from _below_floor(evidence, plan, of_set, s)
    bend = evidence.excursion.plan.faults.knee_bend_deg
    if bend >= _BENT_KNEE_DEG and evidence.peak_rad_s2 >= _BENT_KNEE_RAD_S2:
        yield _fault("knee_bend", bend, _BENT_KNEE_DEG, "deg", certainty="low")


def not_judged(rep: Rep) -> tuple[Flag, ...]:
    """Flags none can judge here (docs/definitions.md#faults): no zero, or a rotation from the gyro alone."""
    missing: list[Flag] = []
    if rep.pelvic_tilt_deg is None:
        missing.append("back_arch")
    if rep.pelvic_rotation_deg is None:
        missing.append("hip_pop")
    return tuple(missing)


def _speed(evidence: Evidence, plan: SetPlan, s: Settings) -> Iterator[Fault]:
    rep = evidence.rep
    if plan.exercise == "heel_tap":
        limits = (s.peak_speed_watch_dps, s.peak_speed_flag_dps, "deg/s")
        yield from _above("momentum", rep.peak_concentric_dps, *limits)
        lowering = list(_above("fast_lowering", rep.peak_eccentric_dps, *limits))
    else:
        yield from _above("momentum", rep.momentum, s.momentum_watch, s.momentum_flag, "share")
        lowering = list(_above("fast_lowering", evidence.drop, s.drop_watch, s.drop_flag, "share"))
    two = plan.exercise == "double_leg_raise"
    watch_s = s.two_leg_eccentric_watch_s if two else s.one_leg_eccentric_watch_s
    flag_s = s.two_leg_eccentric_flag_s if two else s.one_leg_eccentric_flag_s
    lowering += _below("fast_lowering", rep.eccentric_s, watch_s, flag_s, "s")
    lowering.sort(key=lambda fault: fault.level)
    yield from lowering[:1]


def _short_range(evidence: Evidence, plan: SetPlan, of_set: list[Evidence], s: Settings) -> Iterator[Fault]:
    ranges = [e.rep.range_deg for e in of_set if e.rep.range_deg is not None]
    expected = max(float(np.median(ranges)), plan.range_target_deg or 0.0)
    measured = evidence.rep.range_deg
    if measured is not None and measured < s.short_range_share * expected:
        yield _fault("short_range", measured / expected, s.short_range_share, "share")


def _below_floor(evidence: Evidence, plan: SetPlan, of_set: list[Evidence], s: Settings) -> Iterator[Fault]:
    """The last lowering of a low start ends on the floor in any case."""
    ends_set = evidence is of_set[-1] and plan.resting_end == "low"
    bottom, floor = evidence.rep.bottom_angle_deg, plan.floor_deg
    if floor is None or bottom is None or ends_set or plan.exercise == "heel_tap":
        return
    if bottom < floor - s.floor_margin_deg:
        yield _fault("below_floor", bottom, floor, "deg")


def _impacts(evidence: Evidence, plan: SetPlan, of_set: list[Evidence], s: Settings) -> Iterator[Fault]:
    faults = evidence.excursion.plan.faults
    if faults.heel_touch_mps2 > s.heel_touch_mps2 and plan.exercise != "heel_tap":
        yield _fault("heel_touch", faults.heel_touch_mps2, s.heel_touch_mps2, "m/s2")
    same = [
        e.excursion.plan.faults
        for e in of_set
        if e.excursion.plan.faults.jolt_mps2 > 0.0
        and abs(e.excursion.plan.faults.jolt_at_deg - faults.jolt_at_deg) <= _SNAP_WITHIN_DEG
    ]
    if faults.jolt_mps2 > 0.0 and len(same) >= _SNAP_REPS:
        yield _fault("snap", float(len(same)), float(_SNAP_REPS), "reps", certainty="experimental")


def _above(code: Flag, value: float | None, watch: float, flag: float, unit: str) -> Iterator[Fault]:
    if value is not None and value > flag:
        yield _fault(code, value, flag, unit)
    elif value is not None and value > watch:
        yield Fault(code, "watch", value, watch, unit, None, None, "high")


def _below(code: Flag, value: float | None, watch: float, flag: float, unit: str) -> Iterator[Fault]:
    for fault in _above(code, None if value is None else -value, -watch, -flag, unit):
        yield Fault(code, fault.level, -fault.value, -fault.limit, unit, None, None, "high")


def _fault(code: Flag, value: float, limit: float, unit: str, certainty: Certainty = "high") -> Fault:
    return Fault(code, "flag", value, limit, unit, None, None, certainty)
