"""The faults of a repetition: what each detector holds against its limits.

Every detector takes a `RepView` and returns a `Verdict`; None where the fault cannot occur.

Judgement: a measured repetition becomes a `Rep` with flags, faults and what could not be judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, fastest_tick, passing_tick, verdict
from imu_reps.analysis.reps.impacts import NEAR_FLOOR_DEG, jolt_limit, sees_impulses
from imu_reps.analysis.reps.measure import Measured
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty, Flag, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings

#: A sensor slower than this may miss an impact of 10 ms between its samples: what it does not see is not
#: judged.
SURE_RATE_HZ = 100.0

#: A leg that is not accelerated more than this says too little of its lever, rad/s².
MIN_RAD_S2 = 1.5

#: The first third of the set is the yardstick of the lever, at most this many repetitions; one known less
#: well than this share of its length is none.
MAX_FIRST, CLEAR_SHARE = 3, 0.1

#: Jolts of fewer repetitions, or further apart, are chance (ours): docs/definitions.md#faults.
MIN_JOLTS, SAME_DEG = 3, 5.0


def momentum(view: RepView) -> Verdict:
    """The leg is swung up: the share of the rise that coasts; hanging also the body's swing it begins in.

    For heel taps, whose lever is shorter, the peak speed stands for the share.
    """
    settings, rep = view.settings, view.rep
    if view.motion.header.exercise == "heel_tap":
        value = rep.peak_concentric_dps
        limits = Limits(settings.peak_speed_watch_dps, settings.peak_speed_flag_dps, "deg/s", "low")
    else:
        value = rep.momentum
        limits = Limits(settings.momentum_watch, settings.momentum_flag, "share", "fair")
    if not rep.leg_known or value is None:
        return Verdict("momentum", judged=False)
    fastest = fastest_tick(view, rep.concentric, 1.0)
    coasting = verdict(view, "momentum", value, limits.level_over(value), limits, fastest)
    if rep.sway_deg is None:
        return coasting
    limits = Limits(settings.sway_watch_deg, settings.sway_flag_deg, "deg", "fair")
    passed, start = limits.level_over(abs(rep.sway_deg)), rep.whole.ticks.start
    return _graver(coasting, verdict(view, "momentum", rep.sway_deg, passed, limits, start))


def fast_lowering(view: RepView) -> Verdict:
    """The eccentric phase too short for one leg or two, or too large a share of it dropping.

    For heel taps, whose lever is shorter, the peak speed stands for the share.
    """
    settings, rep, exercise = view.settings, view.rep, view.motion.header.exercise
    if not rep.leg_known or rep.eccentric_s is None:
        return Verdict("fast_lowering", judged=False)
    fastest = fastest_tick(view, rep.eccentric, -1.0)
    if exercise == "double_leg_raise":
        pair = settings.two_leg_eccentric_watch_s, settings.two_leg_eccentric_flag_s
    else:
        pair = settings.one_leg_eccentric_watch_s, settings.one_leg_eccentric_flag_s
    limits = Limits(*pair, "s", "high")
    passed = limits.level_under(rep.eccentric_s)
    short = verdict(view, "fast_lowering", rep.eccentric_s, passed, limits, fastest)
    if exercise == "heel_tap":
        value = rep.peak_eccentric_dps
        limits = Limits(settings.peak_speed_watch_dps, settings.peak_speed_flag_dps, "deg/s", "low")
    else:
        value = rep.drop
        limits = Limits(settings.drop_watch, settings.drop_flag, "share", "fair")
    if value is None:
        return short
    return _graver(short, verdict(view, "fast_lowering", value, limits.level_over(value), limits, fastest))


def _graver(one: Verdict, other: Verdict) -> Verdict:
    """The verdict whose fault is flagged, else the one with a fault, the first of two equal ones."""
    if one.fault is None or (other.fault is not None and other.fault.level < one.fault.level):
        return other
    return one


def back_arch(view: RepView) -> Verdict:
    """Anterior tilt held past its limits, arisen on the way down or at the bottom.

    Needs the pelvis sensor and a zero on the floor; surer after pelvic rocks, never more than fair
    against a zero from between the repetitions.
    """
    arch, motion, settings = view.rep.arch, view.motion, view.settings
    if arch is None:
        return Verdict("back_arch", judged=False)
    sure = motion.header.pelvis.alignment == "functional" and not motion.zero_between_reps
    limits = Limits(settings.tilt_watch_deg, settings.tilt_flag_deg, "deg", "high" if sure else "fair")
    passed = limits.level_over(arch.tilt_deg)
    start = view.rep.eccentric.ticks.start
    tick = None if passed is None else passing_tick(motion.tilt_deg, passed[1], arch.tick, start)
    return verdict(view, "back_arch", arch.tilt_deg, passed, limits, tick)


def hip_pop(view: RepView) -> Verdict:
    """The pelvis rolls, one hip leaving the floor: rotation held past its limits, the value with its sign.

    Needs the pelvis sensor; not judged when hanging, where gravity does not see rotation.
    """
    rotation = view.rep.pelvic_rotation_deg
    if rotation is None:
        return Verdict("hip_pop", judged=False)
    settings = view.settings
    limits = Limits(settings.rotation_watch_deg, settings.rotation_flag_deg, "deg", "fair")
    passed, tick = limits.level_over(abs(rotation)), None
    if passed is not None:
        ticks, turned = view.rep.whole.ticks, np.sign(rotation) * view.motion.rotation_deg
        maximum = ticks.start + int(np.argmax(turned[ticks]))
        tick = passing_tick(turned, passed[1], maximum, ticks.start)
    return verdict(view, "hip_pop", rotation, passed, limits, tick)


def heel_touch(view: RepView) -> Verdict | None:
    """The heel hits the floor: an impact above the local noise; None where touching is the exercise."""
    motion, rep = view.motion, view.rep
    if motion.header.exercise == "heel_tap" or motion.header.posture == "hanging":
        return None
    if not rep.leg_known or not sees_impulses(view.ankle_rate_hz) or rep.bottom_angle_deg is None:
        return Verdict("heel_touch", judged=False)
    limits = _only(view.settings.heel_touch_mps2, "m/s²", "fair")
    peak = 0.0 if rep.contact is None else rep.contact.peak_mps2 - rep.contact.noise_mps2
    passed = limits.level_over(peak)
    if rep.contact is None or passed is None:
        sure = sees_impulses(view.ankle_rate_hz, SURE_RATE_HZ) or rep.bottom_angle_deg > NEAR_FLOOR_DEG
        return Verdict("heel_touch", judged=sure)
    return verdict(view, "heel_touch", peak, passed, limits, rep.contact.tick)


def short_range(view: RepView) -> Verdict:
    """The repetition is much smaller than what was aimed at, else than the others."""
    ranges = [rep.range_deg for rep in view.of_set if rep.range_deg is not None]
    reference = view.motion.header.range_target_deg or (float(np.median(ranges)) if ranges else None)
    value = view.rep.range_deg
    if value is None or reference is None:
        return Verdict("short_range", judged=False)
    limits = _only(view.settings.short_range_share * reference, "deg", "high")
    return verdict(view, "short_range", value, limits.level_under(value), limits, None)


def below_floor(view: RepView) -> Verdict | None:
    """Lowered under the person's own floor by more than its uncertainty; None without a known floor.

    The last lowering of a set that starts low ends on the floor whatever the floor angle: not judged.
    """
    header, bottom = view.motion.header, view.rep.bottom_angle_deg
    if header.floor_deg is None or header.exercise == "heel_tap":
        return None
    if bottom is None or (view.ends_set and header.start == "low"):
        return Verdict("below_floor", judged=False)
    limits = _only(header.floor_deg, "deg", "fair")
    passed = limits.level_under(bottom + view.settings.floor_margin_deg)
    return verdict(view, "below_floor", bottom, passed, limits, view.lowest_tick)


def knee_bend(view: RepView) -> Verdict | None:
    """A bent knee, suspected: how far off the hip seems to lie, as a share of the set's first levers.

    Of a straight leg the hip lies on the shank's line, as far as the leg is long. A knee held bent by 40°
    brings it nearer and off that line, by 37 % of the leg's length: ``2 thigh sin(bend / 2)``. A knee that
    bends with the lift moves the thigh faster than the shank, which puts the hip off the line as well.

    Not judged are the first ones themselves, and a leg that moved too evenly to show its lever; None for heel
    taps.
    """
    if view.motion.header.exercise == "heel_tap":
        return None
    first = view.of_set[: max(1, min(MAX_FIRST, len(view.of_set) // 3))]
    lever, yardstick, quick = view.rep.lever, _yardstick(first), view.rep.peak_rad_s2
    known = view.rep.leg_known and quick is not None and quick >= MIN_RAD_S2
    if lever is None or yardstick is None or not known or any(rep is view.rep for rep in first):
        return Verdict("knee_bend", judged=False)
    off = float(np.linalg.norm(lever.vector_m - yardstick) / np.linalg.norm(yardstick))
    limits = _only(view.settings.knee_bend_share, "share", "low")
    tick = fastest_tick(view, view.rep.concentric, 1.0)
    return verdict(view, "knee_bend", off, limits.level_over(off), limits, tick)


def _yardstick(first: Sequence[Measured]) -> FloatArray | None:
    """The mean lever of repetitions that show it clearly, in sensor axes; None without one."""
    known = [
        rep.lever.vector_m
        for rep in first
        if rep.leg_known and rep.lever is not None and rep.lever.sd_m < CLEAR_SHARE * rep.lever.length_m
    ]
    return np.mean(known, axis=0) if known else None


def snap(view: RepView) -> Verdict:
    """A jolt in lowering that `MIN_JOLTS` repetitions of the set have within `SAME_DEG`.

    The value is the jolt's peak, the limit what the noise around it allows.
    """
    jolt = view.rep.jolt
    if not view.rep.leg_known or not sees_impulses(view.ankle_rate_hz):
        return Verdict("snap", judged=False)
    angles = [rep.jolt.angle_deg for rep in view.of_set if rep.jolt is not None]
    if jolt is None or sum(abs(angle - jolt.angle_deg) <= SAME_DEG for angle in angles) < MIN_JOLTS:
        return Verdict("snap", judged=True)
    limits = _only(float(jolt_limit(jolt.noise_mps2, view.settings)), "m/s²", "experimental")
    return verdict(view, "snap", jolt.peak_mps2, ("flag", limits.flag), limits, jolt.tick)


def _only(limit: float, unit: str, certainty: Certainty) -> Limits:
    """One limit that is the flag's at once."""
    return Limits(limit, limit, unit, certainty)


#: Every detector there is, in the order that a repetition's faults are listed.
DETECTORS: tuple[Callable[[RepView], Verdict | None], ...] = (
    momentum,
    fast_lowering,
    back_arch,
    hip_pop,
    heel_touch,
    short_range,
    below_floor,
    knee_bend,
    snap,
)


_SHARED = tuple(
    field.name for field in fields(Rep) if field.name in {other.name for other in fields(Measured)}
)


def judge(
    measured: Sequence[Measured], motion: SetMotion, settings: Settings, ankle_rate_hz: float | None
) -> list[Rep]:
    """Judge the repetitions of a set, each against its limits and against the others."""
    return [
        judge_rep(number, RepView(rep, motion, settings, measured, ankle_rate_hz, number == len(measured)))
        for number, rep in enumerate(measured, start=1)
    ]


def judge_rep(number: int, view: RepView) -> Rep:
    """Judge one repetition."""
    verdicts = [verdict for detect in DETECTORS if (verdict := detect(view)) is not None]
    faults = tuple(verdict.fault for verdict in verdicts if verdict.fault is not None)
    flags = tuple(fault.code for fault in faults if fault.level == "flag")
    not_judged = tuple(verdict.code for verdict in verdicts if not verdict.judged)
    return Rep(
        number=number,
        flags=flags,
        not_judged=not_judged,
        clean=_clean(bool(flags), _needed(view.motion.header) & set(not_judged)),
        faults=faults,
        **{name: getattr(view.rep, name) for name in _SHARED},
    )


def _needed(header: Header) -> set[Flag]:
    """What must be judged before a repetition is clean: not what its posture never shows."""
    return {"back_arch"} if header.posture == "hanging" else {"back_arch", "hip_pop"}


def _clean(flagged: bool, unjudged: set[Flag]) -> bool | None:
    if flagged:
        return False
    return None if unjudged else True
