"""Ground truth of repetitions and holds: figures from the commanded motion, and faults by default settings.

Written from docs/definitions.md alone, independently of the analysis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import minimum_filter1d

from imu_reps.domain.exercise import Posture
from imu_reps.domain.rep import Certainty, Fault, Flag, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.sim.wearer.body import DENSE_HZ
from imu_reps.sim.wearer.leg_phases import CommandedPhases, LegCurve
from imu_reps.sim.wearer.score import CommandedExcursion, Span
from imu_reps.sim.wearer.set_plan import SetPlan

_SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class HoldTruth:
    """Ground truth of one hold; times as in `Truth`, those named `after` or `from` relative to its start.

    Attributes
    ----------
    start_s, end_s : float
        From where the legs end their way up to where they leave it: the phases' boundaries.
    arch_after_s : float or None
        When the tilt exceeds its limit for `Settings.angle_hold_s`; None if it never does.
    clean_s, clean_from_s : float
        The longest stretch without that.
    greatest_tilt_deg : float
        Held for `Settings.angle_hold_s`.
    """

    start_s: float
    end_s: float
    arch_after_s: float | None
    clean_s: float
    clean_from_s: float
    greatest_tilt_deg: float | None

    @property
    def duration_s(self) -> float:
        """Duration of the hold."""
        return self.end_s - self.start_s

    def figures(self) -> dict[str, float | None]:
        """Return the set summary of the hold: its duration and greatest tilt."""
        return {
            "rep_count": None,
            "clean_count": None,
            "partial_count": None,
            "time_under_tension_s": self.duration_s,
            "pelvic_tilt_deg_max": self.greatest_tilt_deg,
        }


def longest_hold(
    leg: LegCurve, tilt_deg: FloatArray, excursions: list[CommandedExcursion]
) -> HoldTruth | None:
    """Return the longest commanded hold; None if there is none.

    Parameters
    ----------
    tilt_deg : (n,) float
        Low-passed pelvic tilt on the same times.
    """
    spans_s = [(_arrival_s(leg, e.rising), _departure_s(leg, e.lowering)) for e in excursions]
    if not spans_s:
        return None
    start_s, end_s = span_s = max(spans_s, key=lambda span_s: span_s[1] - span_s[0])
    inside = slice(*np.searchsorted(leg.time_s, span_s))
    arches = _arches(leg.time_s[inside] - start_s, tilt_deg[inside])
    begins_s, ends_s = [0.0, *(end for _, end in arches)], [*(start for start, _ in arches), end_s - start_s]
    clean_from_s, clean_to_s = max(zip(begins_s, ends_s, strict=True), key=lambda flat: flat[1] - flat[0])
    return HoldTruth(
        start_s,
        end_s,
        arches[0][0] if arches else None,
        clean_to_s - clean_from_s,
        clean_from_s,
        held_peak(tilt_deg[inside], _SETTINGS.angle_hold_s),
    )


def _arches(after_s: FloatArray, tilt_deg: FloatArray) -> list[Span]:
    """Return the stretches in which the tilt exceeded its limit for long enough."""
    over = np.diff(np.concatenate([[0], tilt_deg > _SETTINGS.tilt_flag_deg, [0]]).astype(np.int8))
    edges = zip(np.flatnonzero(over > 0), np.flatnonzero(over < 0) - 1, strict=True)
    spans = [(float(after_s[begin]), float(after_s[end])) for begin, end in edges]
    return [span for span in spans if span[1] - span[0] >= _SETTINGS.angle_hold_s]


def _arrival_s(leg: LegCurve, rising_s: Span) -> float:
    """Return the end of the way up, by extrapolating the line through 10 % and 40 % of its peak speed."""
    inside = slice(*np.searchsorted(leg.time_s, rising_s))
    return _line_end_s(leg.time_s[inside], leg.speed_dps[inside])


def _departure_s(leg: LegCurve, lowering_s: Span) -> float:
    """Return the beginning of the way down, by the same rule reversed in time."""
    inside = slice(*np.searchsorted(leg.time_s, lowering_s))
    return -_line_end_s(-leg.time_s[inside][::-1], -leg.speed_dps[inside][::-1])


def _line_end_s(time_s: FloatArray, speed_dps: FloatArray) -> float:
    peak = float(speed_dps.max())
    at_10, at_40 = (float(time_s[np.flatnonzero(speed_dps >= share * peak)[-1]]) for share in (0.1, 0.4))
    return at_10 + (at_10 - at_40) / 3.0


@dataclass(frozen=True, slots=True)
class FigureRules:
    """Limits of docs/definitions.md#per-repetition and #faults."""

    #: Momentum: the leg as a pendulum; static moment from which on, net moment up to which, degrees needed.
    pendulum_rad2_s2: float = 16.0
    min_static: float = 0.34
    low_moment: float = 0.2
    min_degrees: float = 10.0
    longest_pause_s: float = 10.0
    #: A pelvis that lags the leg arches at the bottom; an increase below a degree is not an arch.
    bottom_s: float = 1.0
    arisen_deg: float = 1.0
    snap_reps: int = 3
    snap_within_deg: float = 5.0
    bent_knee_deg: float = 40.0
    bent_knee_rad_s2: float = 1.5


RULES = FigureRules()


def passive_share(leg: LegCurve, span: slice, posture: Posture, *, rising: bool) -> float | None:
    """Return the share of the range with a net hip moment under 0.2: `momentum`, or the drop.

    None if fewer than 10 degrees remain where the static moment is at least 0.34.
    """
    angle = np.radians(leg.elevation_deg[span])
    static = np.sin(angle) if posture == "hanging" else np.cos(angle)
    moment = np.radians(leg.acceleration_dps2[span]) / RULES.pendulum_rad2_s2 + static
    speed = leg.speed_dps[span] if rising else -leg.speed_dps[span]
    way = np.where(static >= RULES.min_static, np.maximum(speed, 0.0), 0.0) / DENSE_HZ
    total = float(way.sum())
    if total < RULES.min_degrees:
        return None
    return float(way[moment < RULES.low_moment].sum()) / total


def held_peak(values: FloatArray, hold_s: float) -> float | None:
    """Return the greatest value held for `hold_s`; None for a shorter stretch, or without values."""
    size = round(hold_s * DENSE_HZ)
    if len(values) < size or np.isnan(values).any():
        return None
    whole = minimum_filter1d(values, size)[size // 2 : len(values) - (size - 1) // 2]
    return float(whole.max())


def held_rotation(values: FloatArray, hold_s: float) -> float | None:
    """Return the rotation of greatest magnitude held for `hold_s`, signed."""
    positive, negative = held_peak(values, hold_s), held_peak(-values, hold_s)
    if positive is None or negative is None:
        return None
    return positive if positive >= negative else -negative


def smoothness_sparc(speed_dps: FloatArray) -> float | None:
    """Spectral arc length of one movement (Balasubramanian et al. 2015): 10 Hz, 0.05, padding 4."""
    speed = np.abs(speed_dps[:: round(DENSE_HZ / 100.0)])
    if len(speed) < 8:
        return None
    size = int(2 ** (np.ceil(np.log2(len(speed))) + 4))
    frequency = np.arange(size // 2) * (100.0 / size)
    magnitude = np.abs(np.fft.rfft(speed, size))[: size // 2]
    magnitude /= magnitude.max()
    inside = frequency <= 10.0
    strong = np.flatnonzero(inside & (magnitude >= 0.05))
    kept = slice(strong[0], strong[-1] + 1)
    f, m = frequency[kept], magnitude[kept]
    return -float(np.sum(np.hypot(np.diff(f) / (f[-1] - f[0]), np.diff(m))))


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Inputs of the judgement of one repetition beyond its figures.

    Attributes
    ----------
    arch_deg : float or None
        Anterior tilt of the way down and the bottom after it, 0 if none arose in this repetition.
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


def true_reps(
    plan: SetPlan,
    leg: LegCurve,
    pelvis: tuple[FloatArray, FloatArray],
    phases: list[CommandedPhases],
) -> tuple[Rep, ...]:
    """Return every repetition with its figures, judged by the default settings.

    Parameters
    ----------
    leg : LegCurve
        Recorded part of the leg's curve.
    pelvis : (n,), (n,) float
        Low-passed tilt and rotation at the leg's times, in degrees.
    """
    of_set = [_measure(plan, leg, pelvis, phases, k) for k in range(len(phases))]
    return tuple(_judged(evidence, plan, of_set) for evidence in of_set)


def _measure(
    plan: SetPlan, leg: LegCurve, pelvis: tuple[FloatArray, FloatArray], phases: list[CommandedPhases], k: int
) -> _Evidence:
    found, low = phases[k], plan.resting_end == "low"
    rising_s, lowering_s = (found.out_s, found.back_s) if low else (found.back_s, found.out_s)
    rising, lowering = _span(leg, rising_s), _span(leg, lowering_s)
    whole = _span(leg, (found.out_s[0], found.back_s[1]))
    far_pause_s = found.back_s[0] - found.out_s[1]
    near_pause_s = _pause_after(phases, k)
    top = float(leg.elevation_deg[whole].max())
    bottom = float(leg.elevation_deg[lowering].min())
    tilt, rotation = pelvis
    heel_tap = plan.exercise == "heel_tap"
    smoothness = [smoothness_sparc(leg.speed_dps[way]) for way in (rising, lowering)]
    rep = Rep(
        number=k + 1,
        start_s=found.out_s[0],
        end_s=found.back_s[1],
        concentric_s=rising_s[1] - rising_s[0],
        eccentric_s=lowering_s[1] - lowering_s[0],
        top_pause_s=far_pause_s if low else near_pause_s,
        bottom_pause_s=near_pause_s if low else far_pause_s,
        top_angle_deg=top,
        bottom_angle_deg=bottom,
        range_deg=top - bottom,
        peak_concentric_dps=float(leg.speed_dps[rising].max()),
        peak_eccentric_dps=float(-leg.speed_dps[lowering].min()),
        pelvic_tilt_deg=held_peak(tilt[whole], _SETTINGS.angle_hold_s),
        pelvic_curl_deg=held_peak(-tilt[whole], _SETTINGS.angle_hold_s),
        pelvic_rotation_deg=held_rotation(rotation[whole], _SETTINGS.angle_hold_s),
        lift_off_angle_deg=None if heel_tap else _lift_off(leg, tilt, lowering),
        smoothness_sparc=min((s for s in smoothness if s is not None), default=None),
        tremor_ratio=None,
        momentum=None if heel_tap else passive_share(leg, rising, plan.posture, rising=True),
        flags=(),
        not_judged=(),
        clean=None,
        faults=(),
    )
    drop = None if heel_tap else passive_share(leg, lowering, plan.posture, rising=False)
    arch_deg = _arch_deg(leg, tilt, phases, k, low)
    return _Evidence(
        rep, found.excursion, arch_deg, drop, float(np.radians(np.abs(leg.acceleration_dps2[whole]).max()))
    )


def _arch_deg(
    leg: LegCurve, tilt: FloatArray, phases: list[CommandedPhases], k: int, low: bool
) -> float | None:
    """Return the tilt held on the way down and at the bottom; 0 if it is that of the previous repetition."""
    found, last = phases[k], k + 1 == len(phases) or phases[k].ends_spell
    bottom_end_s = found.back_s[1] + RULES.bottom_s if last else phases[k + 1].out_s[0]
    bottom_end_s = min(bottom_end_s, found.back_s[1] + RULES.bottom_s)
    down_s = (found.back_s[0], bottom_end_s) if low else (found.out_s[0], found.back_s[0])
    begin, down = _span(leg, (found.out_s[0], down_s[1])).start, _span(leg, down_s)
    greatest = held_peak(tilt[down], _SETTINGS.angle_hold_s)
    until = down.start + int(np.argmax(tilt[down])) + 1
    if greatest is None or np.isnan(tilt[begin:until]).any():
        return None
    return greatest if greatest - float(tilt[begin:until].min()) >= RULES.arisen_deg else 0.0


def _span(leg: LegCurve, between_s: Span) -> slice:
    begin, end = np.searchsorted(leg.time_s, between_s)
    return slice(int(begin), int(end) + 1)


def _pause_after(phases: list[CommandedPhases], k: int) -> float | None:
    if phases[k].ends_spell:
        return None
    pause_s = phases[k + 1].out_s[0] - phases[k].back_s[1]
    return pause_s if pause_s <= RULES.longest_pause_s else None


def _lift_off(leg: LegCurve, tilt: FloatArray, lowering: slice) -> float | None:
    over = tilt[lowering] > _SETTINGS.lift_off_deg
    return float(leg.elevation_deg[lowering][int(np.argmax(over))]) if over.any() else None


def _judged(evidence: _Evidence, plan: SetPlan, of_set: list[_Evidence]) -> Rep:
    faults = tuple(_faults(evidence, plan, of_set))
    flags = tuple(fault.code for fault in faults if fault.level == "flag")
    # without a zero there is no tilt, and rotation by the gyroscope alone does not count
    figures: dict[Flag, float | None] = {
        "back_arch": evidence.rep.pelvic_tilt_deg,
        "hip_pop": evidence.rep.pelvic_rotation_deg,
    }
    missing = tuple(flag for flag, figure in figures.items() if figure is None)
    # flags that cannot be judged while hanging do not prevent a clean repetition
    needed = set(missing) - ({"hip_pop"} if plan.posture == "hanging" else set())
    clean = False if flags else None if needed else True
    return replace(evidence.rep, faults=faults, flags=flags, not_judged=missing, clean=clean)


def _faults(evidence: _Evidence, plan: SetPlan, of_set: list[_Evidence]) -> Iterator[Fault]:
    yield from _speed(evidence, plan)
    rep, s = evidence.rep, _SETTINGS
    yield from _above("back_arch", evidence.arch_deg, s.tilt_watch_deg, s.tilt_flag_deg, "deg")
    rotation = None if rep.pelvic_rotation_deg is None else abs(rep.pelvic_rotation_deg)
    yield from _above("hip_pop", rotation, s.rotation_watch_deg, s.rotation_flag_deg, "deg")
    yield from _short_range(evidence, plan, of_set)
    yield from _impacts(evidence, plan, of_set)
    yield from _below_floor(evidence, plan, of_set)
    bend = evidence.excursion.plan.faults.knee_bend_deg
    if bend >= RULES.bent_knee_deg and evidence.peak_rad_s2 >= RULES.bent_knee_rad_s2:
        yield _fault("knee_bend", bend, RULES.bent_knee_deg, "deg", certainty="low")


def _speed(evidence: _Evidence, plan: SetPlan) -> Iterator[Fault]:
    rep, s = evidence.rep, _SETTINGS
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
    # the lowering is too fast below its limit in time
    quick = _above(
        "fast_lowering", None if rep.eccentric_s is None else -rep.eccentric_s, -watch_s, -flag_s, "s"
    )
    lowering += [replace(fault, value=-fault.value, limit=-fault.limit) for fault in quick]
    lowering.sort(key=lambda fault: fault.level)
    yield from lowering[:1]


def _short_range(evidence: _Evidence, plan: SetPlan, of_set: list[_Evidence]) -> Iterator[Fault]:
    ranges = [e.rep.range_deg for e in of_set if e.rep.range_deg is not None]
    expected = max(float(np.median(ranges)), plan.range_target_deg or 0.0)
    measured = evidence.rep.range_deg
    if measured is not None and measured < _SETTINGS.short_range_share * expected:
        yield _fault("short_range", measured / expected, _SETTINGS.short_range_share, "share")


def _below_floor(evidence: _Evidence, plan: SetPlan, of_set: list[_Evidence]) -> Iterator[Fault]:
    """Exempt the last lowering of a low start, which always ends on the floor."""
    ends_set = evidence is of_set[-1] and plan.resting_end == "low"
    bottom, floor = evidence.rep.bottom_angle_deg, plan.floor_deg
    if floor is None or bottom is None or ends_set or plan.exercise == "heel_tap":
        return
    if bottom < floor - _SETTINGS.floor_margin_deg:
        yield _fault("below_floor", bottom, floor, "deg")


def _impacts(evidence: _Evidence, plan: SetPlan, of_set: list[_Evidence]) -> Iterator[Fault]:
    faults = evidence.excursion.plan.faults
    if faults.heel_touch_mps2 > _SETTINGS.heel_touch_mps2 and plan.exercise != "heel_tap":
        yield _fault("heel_touch", faults.heel_touch_mps2, _SETTINGS.heel_touch_mps2, "m/s2")
    same = [
        e.excursion.plan.faults
        for e in of_set
        if e.excursion.plan.faults.jolt_mps2 > 0.0
        and abs(e.excursion.plan.faults.jolt_at_deg - faults.jolt_at_deg) <= RULES.snap_within_deg
    ]
    if faults.jolt_mps2 > 0.0 and len(same) >= RULES.snap_reps:
        yield _fault("snap", float(len(same)), float(RULES.snap_reps), "reps", certainty="experimental")


def _above(code: Flag, value: float | None, watch: float, flag: float, unit: str) -> Iterator[Fault]:
    if value is not None and value > flag:
        yield _fault(code, value, flag, unit)
    elif value is not None and value > watch:
        yield Fault(code, "watch", value, watch, unit, None, None, "high")


def _fault(code: Flag, value: float, limit: float, unit: str, certainty: Certainty = "high") -> Fault:
    return Fault(code, "flag", value, limit, unit, None, None, certainty)
