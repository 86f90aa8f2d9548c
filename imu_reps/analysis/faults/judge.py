"""Fault detection: turns a measured repetition into a `Rep` with flags, faults and what was not judged.

Every detector takes a `RepView` and returns a `Verdict`, or None where the fault cannot occur.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from statistics import median

import numpy as np

from imu_reps.analysis.reps.impacts import NEAR_FLOOR_DEG, jolt_limit, sees_impulses
from imu_reps.analysis.reps.measure import Measured, Span
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty, Fault, Flag, Level, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings

#: A slower sensor may miss an impact of 10 ms between its samples: an impact it does not see is not judged
#: absent.
SURE_RATE_HZ = 100.0

#: Smallest peak acceleration of a leg that shows its lever, rad/s².
MIN_RAD_S2 = 1.5

#: The lever's reference is the first third of the set, at most this many repetitions, without those whose
#: lever has a standard deviation above this share of its length.
MAX_FIRST, CLEAR_SHARE = 3, 0.1

#: Longest lever of a straight leg, of a person 2 m tall, from hip to ankle sensor. A knee that bends with the
#: lift makes it appear longer, and is no reference (ours).
MAX_LEVER_M = 1.0

#: Jolts in fewer repetitions, or further apart, are chance (ours): docs/definitions.md#faults.
MIN_JOLTS, SAME_DEG = 3, 5.0


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """Reference values of a set that each of its repetitions is compared with.

    Attributes
    ----------
    range_deg : float or None
        Median range; None if none was measured.
    lever_m : (3,) float or None
        Mean lever of the first repetitions that show it clearly, in ankle sensor axes; None if none does.
    first : sequence of Measured
        Those first repetitions, clear or not.
    jolts_deg : sequence of float
        Leg elevation at each jolt of the set.
    """

    range_deg: float | None
    lever_m: FloatArray | None
    first: Sequence[Measured]
    jolts_deg: Sequence[float]

    @classmethod
    def of(cls, reps: Sequence[Measured]) -> Yardsticks:
        """Return the reference values of the repetitions of a set."""
        ranges = [rep.range_deg for rep in reps if rep.range_deg is not None]
        first = reps[: max(1, min(MAX_FIRST, len(reps) // 3))]
        known = [
            rep.lever.vector_m
            for rep in first
            if rep.leg_known
            and rep.lever is not None
            and rep.lever.sd_m < CLEAR_SHARE * rep.lever.length_m
            and rep.lever.length_m < MAX_LEVER_M
        ]
        return cls(
            range_deg=median(ranges) if ranges else None,
            lever_m=np.mean(known, axis=0) if known else None,
            first=first,
            jolts_deg=[rep.jolt.angle_deg for rep in reps if rep.jolt is not None],
        )


@dataclass(frozen=True, slots=True)
class RepView:
    """One repetition as the detectors see it.

    Attributes
    ----------
    of_set : Yardsticks
        Reference values of all repetitions so far (live) or of the whole set, including this one.
    ankle_rate_hz : float or None
        Real rate of the ankle sensor; None if not known.
    ends_set : bool
        Whether it is known to be the set's last.
    """

    rep: Measured
    motion: SetMotion
    settings: Settings
    of_set: Yardsticks
    ankle_rate_hz: float | None
    ends_set: bool = False

    @property
    def lowest_tick(self) -> int:
        """Tick of the lowest leg elevation while lowering."""
        down = self.rep.eccentric.ticks
        return int(down.start + np.argmin(self.motion.elevation_deg[down]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a detector: whether the fault was judged, and the fault if there is one."""

    code: Flag
    judged: bool
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The watch and flag levels of a quantity, in its unit, and the certainty of a fault found by them."""

    watch: float
    flag: float
    unit: str
    certainty: Certainty

    def level_over(self, value: float) -> tuple[Level, float] | None:
        """Return the highest level that `value` exceeds, with its limit; None if neither."""
        if value > self.flag:
            return "flag", self.flag
        return ("watch", self.watch) if value > self.watch else None

    def level_under(self, value: float) -> tuple[Level, float] | None:
        """Return the highest level that `value` falls below, with its limit; None if neither."""
        if value < self.flag:
            return "flag", self.flag
        return ("watch", self.watch) if value < self.watch else None


def verdict(
    view: RepView,
    code: Flag,
    value: float,
    passed: tuple[Level, float] | None,
    limits: Limits,
    tick: int | None,
) -> Verdict:
    """Return a verdict with a fault if a limit was passed, at `tick`; None if the fault has no instant."""
    if passed is None:
        return Verdict(code, judged=True)
    at_s = None if tick is None else float(view.motion.track.time_s[tick])
    angle = None if tick is None else float(view.motion.elevation_deg[tick])
    fault = Fault(code, passed[0], value, passed[1], limits.unit, at_s, angle, limits.certainty)
    return Verdict(code, True, fault)


def fastest_tick(view: RepView, span: Span, direction: float) -> int:
    """Return the tick of `span` with the fastest leg: upwards for `direction` 1, downwards for -1."""
    ticks = span.ticks
    return int(ticks.start + np.argmax(direction * view.motion.speed_dps[ticks]))


def passing_tick(values: FloatArray, limit: float, maximum: int, start: int) -> int:
    """Return the tick, from `start` on, at which `values` last passed `limit` before tick `maximum`."""
    within = np.flatnonzero(values[start : maximum + 1] <= limit)
    return start if len(within) == 0 else min(maximum, start + int(within[-1]) + 1)


def momentum(view: RepView) -> Verdict:
    """Judge whether the leg is swung up: the coasting share of the rise; hanging also the body's prior swing.

    For heel taps, whose lever is shorter, the peak speed is judged instead of the share.
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
    """Judge whether the eccentric phase is too short, for one leg or two, or drops for too large a share.

    For heel taps, whose lever is shorter, the peak speed is judged instead of the share.
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
    """Return the verdict with the more serious fault: flag before watch before none; the first of equals."""
    if one.fault is None or (other.fault is not None and other.fault.level < one.fault.level):
        return other
    return one


def back_arch(view: RepView) -> Verdict:
    """Judge anterior tilt that arose on the way down or at the bottom and was held.

    Needs the pelvis sensor and a zero on the floor. Certainty is high after pelvic rocks, else fair, and
    never more than fair with a zero taken between repetitions.
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
    """Judge whether the pelvis rolls, one hip leaving the floor, by rotation held; the value is signed.

    Needs the pelvis sensor; not judged when hanging, where gravity does not show rotation.
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
    """Judge whether the heel hits the floor: an impact above the local noise.

    None for heel taps, where touching is the exercise, and hanging.
    """
    motion, rep = view.motion, view.rep
    if motion.header.exercise == "heel_tap" or motion.header.posture == "hanging":
        return None
    if not rep.contact_known or not sees_impulses(view.ankle_rate_hz) or rep.bottom_angle_deg is None:
        return Verdict("heel_touch", judged=False)
    limits = _only(view.settings.heel_touch_mps2, "m/s²", "fair")
    peak = 0.0 if rep.contact is None else rep.contact.peak_mps2 - rep.contact.noise_mps2
    passed = limits.level_over(peak)
    if rep.contact is None or passed is None:
        sure = sees_impulses(view.ankle_rate_hz, SURE_RATE_HZ) or rep.bottom_angle_deg > NEAR_FLOOR_DEG
        return Verdict("heel_touch", judged=sure)
    return verdict(view, "heel_touch", peak, passed, limits, rep.contact.tick)


def short_range(view: RepView) -> Verdict:
    """Judge whether the range is much smaller than the target, or without one than the set's median."""
    reference = view.motion.header.range_target_deg or view.of_set.range_deg
    value = view.rep.range_deg
    if value is None or reference is None:
        return Verdict("short_range", judged=False)
    limits = _only(view.settings.short_range_share * reference, "deg", "high")
    return verdict(view, "short_range", value, limits.level_under(value), limits, None)


def below_floor(view: RepView) -> Verdict | None:
    """Judge whether the leg went below the person's floor angle by more than its uncertainty.

    None without a floor angle, and for heel taps. The last lowering of a set that starts low ends on the
    floor in any case and is not judged.
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
    """Judge a suspected bent knee: how far the hip is displaced, as a share of the first repetitions' lever.

    With a straight leg the hip lies on the shank's line, at the leg's length. A knee held bent by 40° brings
    it nearer and off that line, by 37 % of the leg's length: ``2 thigh sin(bend / 2)``. A knee that bends
    with the lift moves the thigh faster than the shank, which puts the hip off the line as well.

    The first repetitions themselves, a leg that moved too evenly to show its lever, and one at the bar whose
    hip is carried by a body that no pelvis sensor sees are not judged; None for heel taps.
    """
    motion = view.motion
    if motion.header.exercise == "heel_tap":
        return None
    lever, yardstick, quick = view.rep.lever, view.of_set.lever_m, view.rep.peak_rad_s2
    hip_known = motion.header.posture != "hanging" or not motion.pelvis_missing[view.rep.whole.ticks].any()
    known = hip_known and view.rep.leg_known and quick is not None and quick >= MIN_RAD_S2
    if lever is None or yardstick is None or not known or any(rep is view.rep for rep in view.of_set.first):
        return Verdict("knee_bend", judged=False)
    off = float(np.linalg.norm(lever.vector_m - yardstick) / np.linalg.norm(yardstick))
    limits = _only(view.settings.knee_bend_share, "share", "low")
    tick = fastest_tick(view, view.rep.concentric, 1.0)
    return verdict(view, "knee_bend", off, limits.level_over(off), limits, tick)


def snap(view: RepView) -> Verdict:
    """Judge a jolt while lowering that `MIN_JOLTS` repetitions of the set have within `SAME_DEG`.

    The value is the jolt's peak, the limit follows from the noise around it.
    """
    jolt = view.rep.jolt
    if not view.rep.leg_known or not sees_impulses(view.ankle_rate_hz):
        return Verdict("snap", judged=False)
    if (
        jolt is None
        or sum(abs(deg - jolt.angle_deg) <= SAME_DEG for deg in view.of_set.jolts_deg) < MIN_JOLTS
    ):
        return Verdict("snap", judged=True)
    limits = _only(float(jolt_limit(jolt.noise_mps2, view.settings)), "m/s²", "experimental")
    return verdict(view, "snap", jolt.peak_mps2, ("flag", limits.flag), limits, jolt.tick)


def _only(limit: float, unit: str, certainty: Certainty) -> Limits:
    """Return limits with one level, that of the flag."""
    return Limits(limit, limit, unit, certainty)


#: All detectors, in the order in which a repetition's faults are listed.
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
    of_set = Yardsticks.of(measured)
    return [
        judge_rep(number, RepView(rep, motion, settings, of_set, ankle_rate_hz, number == len(measured)))
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
    """Return the faults that must be judged for a repetition to be clean: those its posture can show."""
    return {"back_arch"} if header.posture == "hanging" else {"back_arch", "hip_pop"}


def _clean(flagged: bool, unjudged: set[Flag]) -> bool | None:
    if flagged:
        return False
    return None if unjudged else True
