"""What was commanded, in the words of docs/definitions.md: the truth beside a simulated recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from statistics import fmean, stdev
from typing import Any

import numpy as np

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.rep import Partial, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.tempo import Tempo
from imu_reps.domain.track import GRID_HZ
from imu_reps.sim.wearer.body import Commanded, turned
from imu_reps.sim.wearer.cutting import spells, within
from imu_reps.sim.wearer.hold_truth import (
    HoldTruth,
    held_peak,
    held_rotation,
    longest_hold,
    passive_share,
    smoothness_sparc,
)
from imu_reps.sim.wearer.judged import Evidence, judge, not_judged
from imu_reps.sim.wearer.leg_phases import CommandedPhases, LegCurve, leg_curve, low_pass, split
from imu_reps.sim.wearer.score import Score, Span
from imu_reps.sim.wearer.set_plan import SetPlan

TRUTH_FORMAT = "imu-reps-truth/1"
_LONGEST_PAUSE_S = 10.0
_LIFT_OFF_DEG = Settings().lift_off_deg
_HOLD_S = Settings().angle_hold_s
# a pelvis that follows the leg late arches at the bottom; less than a degree more than before is no arch
_BOTTOM_S, _ARISEN_DEG = 1.0, 1.0
_NO_LEVEL = 0.3


@dataclass(frozen=True, slots=True)
class TruthAngles:
    """Commanded angles on a regular 100 Hz grid of the recording's `time_s`.

    NaN where docs/definitions.md does not measure: tilt without a zero, rotation while hanging, everything
    outside the commanded motion.

    Attributes
    ----------
    time_s, leg_elevation_deg, pelvic_tilt_deg, pelvic_rotation_deg : (n,) float
    """

    time_s: FloatArray
    leg_elevation_deg: FloatArray
    pelvic_tilt_deg: FloatArray
    pelvic_rotation_deg: FloatArray


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one simulated set.

    Its time is the recording's `time_s` with the arrival's floor: the true instant plus the shortest
    transport time of the (ankle) sensor's radio. A clock fit to the lower envelope of the arrivals finds
    the same axis.

    Attributes
    ----------
    angles : TruthAngles
    reps : tuple of Rep
        Figures that do not follow from the commanded motion are None.
    partials : tuple of Partial
        Those that the recording cuts off have the reason `cut_off`.
    has_stalls : bool
        Whether a stall was commanded in any repetition.
    hold : HoldTruth or None
        The longest hold, of an exercise that is held.
    breaks_s : tuple of tuple of float
        When the set was broken off: from where the legs leave their resting end to where they are back.
    """

    angles: TruthAngles
    reps: tuple[Rep, ...]
    partials: tuple[Partial, ...]
    has_stalls: bool
    hold: HoldTruth | None = None
    breaks_s: tuple[Span, ...] = ()

    def __repr__(self) -> str:
        return f"Truth({len(self.reps)} reps, {len(self.partials)} partials)"

    @property
    def rep_count(self) -> int:
        """How many repetitions were done."""
        return len(self.reps)

    def to_dict(self) -> dict[str, Any]:
        """The truth as plain data, with the names of the JSON summary."""
        document: dict[str, Any] = {
            "format": TRUTH_FORMAT,
            "reps": [asdict(rep) for rep in self.reps],
            "partials": [asdict(partial) for partial in self.partials],
            "set": _set_figures(self.reps, self.partials),
            "has_stalls": self.has_stalls,
        }
        if self.hold is not None:
            document["set"] |= self.hold.figures()
            document["hold"] = asdict(self.hold)
        if self.breaks_s:
            document["breaks"] = [{"start_s": start_s, "end_s": end_s} for start_s, end_s in self.breaks_s]
        return document


def emit(
    plan: SetPlan, commanded: Commanded, shift_s: float, end_s: float, span_s: Span | None = None
) -> Truth:
    """Work the truth out from the commanded motion.

    Parameters
    ----------
    shift_s : float
        Recording's `time_s` less the simulation's own time.
    end_s : float
        Last `time_s` of the recording.
    span_s : tuple of float, optional
        What of the simulation's own time was recorded; by default all.
    """
    tilt, rotation = pelvic_angles(plan, commanded)
    angles = _on_grid(commanded, tilt, rotation, shift_s, end_s)
    score = commanded.score
    whole = leg_curve(commanded.time_s, commanded.leg_elevation_deg)
    if plan.exercise in HOLDS:
        hold = longest_hold(whole, _low_passed(tilt), score.excursions)
        return Truth(angles, (), (), False, None if hold is None else hold.shifted(shift_s))
    if not score.excursions:
        return Truth(angles, (), (), has_stalls=False)
    start, span_s = plan.resting_end, span_s or (float(whole.time_s[0]), float(whole.time_s[-1]))
    recorded = slice(int(np.searchsorted(whole.time_s, span_s[0])), _after(whole, span_s[1]))
    held = [within(whole, spell, span_s, start) for spell in spells(score, span_s)]
    leg = whole.part(recorded)
    phases, partials = split(leg, [spell for spell, _ in held if spell.excursions], start)
    pelvis = (_low_passed(tilt)[recorded], _low_passed(rotation)[recorded])
    evidence = [_measure(plan, leg, pelvis, phases, k) for k in range(len(phases))]
    told = [Partial(e.start_s, e.end_s, size) for e, size in partials]
    told += [partial for _, cut_off in held for partial in cut_off]
    return Truth(
        angles,
        tuple(_shifted(_judged(e, plan, evidence), shift_s) for e in evidence),
        tuple(_moved(partial, shift_s) for partial in sorted(told, key=lambda partial: partial.start_s)),
        has_stalls=any(p.excursion.plan.stalls for p in phases),
        breaks_s=_recorded_breaks_s(score, span_s, shift_s),
    )


def _after(leg: LegCurve, end_s: float) -> int:
    return int(np.searchsorted(leg.time_s, end_s, side="right"))


def _recorded_breaks_s(score: Score, span_s: Span, shift_s: float) -> tuple[Span, ...]:
    inside = [(a, b) for a, b in score.breaks_s if span_s[0] < b and a < span_s[1]]
    return tuple((a + shift_s, b + shift_s) for a, b in inside)


def pelvic_angles(plan: SetPlan, commanded: Commanded) -> tuple[FloatArray, FloatArray]:
    """Pelvic tilt (anterior positive) and rotation (opposite side rising positive), in degrees."""
    up = commanded.pelvis.inv().apply([0.0, 0.0, 1.0])
    level = turned("Z", commanded.reference_deg)
    x, y, z = level.apply(up).T
    missing = np.full_like(x, np.nan)
    if plan.posture == "hanging":
        return np.degrees(np.arctan2(-x, y)), missing
    rotation = plan.rotation_sign * np.degrees(np.arctan2(z, x))
    rotation = np.where(np.hypot(x, z) > _NO_LEVEL, rotation, np.nan)
    return np.degrees(np.arctan2(y, x)) if commanded.has_zero else missing, rotation


def _on_grid(
    commanded: Commanded, tilt: FloatArray, rotation: FloatArray, shift_s: float, end_s: float
) -> TruthAngles:
    grid = np.arange(0.0, end_s, 1.0 / GRID_HZ)
    host = commanded.time_s + shift_s
    curves = (commanded.leg_elevation_deg, tilt, rotation)
    return TruthAngles(grid, *(np.interp(grid, host, c, left=np.nan, right=np.nan) for c in curves))


def _low_passed(angle: FloatArray) -> FloatArray:
    """Low-pass; NaN stays NaN, and where an angle is missing for a while the rest is filtered around it."""
    missing = np.isnan(angle)
    if missing.all():
        return angle
    indices = np.arange(len(angle))
    whole = np.interp(indices, indices[~missing], angle[~missing])
    return np.where(missing, np.nan, low_pass(whole))


def _measure(
    plan: SetPlan, leg: LegCurve, pelvis: tuple[FloatArray, FloatArray], phases: list[CommandedPhases], k: int
) -> Evidence:
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
        pelvic_tilt_deg=held_peak(tilt[whole], _HOLD_S),
        pelvic_curl_deg=held_peak(-tilt[whole], _HOLD_S),
        pelvic_rotation_deg=held_rotation(rotation[whole], _HOLD_S),
        lift_off_angle_deg=None if heel_tap else _lift_off(leg, tilt, lowering),
        smoothness_sparc=_worse_sparc(leg, rising, lowering),
        tremor_ratio=None,
        momentum=None if heel_tap else passive_share(leg, rising, plan.posture, rising=True),
        flags=(),
        not_judged=(),
        clean=None,
        faults=(),
    )
    drop = None if heel_tap else passive_share(leg, lowering, plan.posture, rising=False)
    arch_deg = _arch_deg(leg, tilt, phases, k, low)
    return Evidence(
        rep, found.excursion, arch_deg, drop, float(np.radians(np.abs(leg.acceleration_dps2[whole]).max()))
    )


def _arch_deg(
    leg: LegCurve, tilt: FloatArray, phases: list[CommandedPhases], k: int, low: bool
) -> float | None:
    """Tilt held on the way down and at the bottom; 0 where it is still that of the repetition before."""
    found, last = phases[k], k + 1 == len(phases) or phases[k].ends_spell
    bottom_end_s = found.back_s[1] + _BOTTOM_S if last else phases[k + 1].out_s[0]
    bottom_end_s = min(bottom_end_s, found.back_s[1] + _BOTTOM_S)
    down_s = (found.back_s[0], bottom_end_s) if low else (found.out_s[0], found.back_s[0])
    begin, down = _span(leg, (found.out_s[0], down_s[1])).start, _span(leg, down_s)
    greatest = held_peak(tilt[down], _HOLD_S)
    until = down.start + int(np.argmax(tilt[down])) + 1
    if greatest is None or np.isnan(tilt[begin:until]).any():
        return None
    return greatest if greatest - float(tilt[begin:until].min()) >= _ARISEN_DEG else 0.0


def _span(leg: LegCurve, between_s: tuple[float, float]) -> slice:
    begin, end = np.searchsorted(leg.time_s, between_s)
    return slice(int(begin), int(end) + 1)


def _pause_after(phases: list[CommandedPhases], k: int) -> float | None:
    if phases[k].ends_spell:
        return None
    pause_s = phases[k + 1].out_s[0] - phases[k].back_s[1]
    return pause_s if pause_s <= _LONGEST_PAUSE_S else None


def _lift_off(leg: LegCurve, tilt: FloatArray, lowering: slice) -> float | None:
    over = tilt[lowering] > _LIFT_OFF_DEG
    return float(leg.elevation_deg[lowering][int(np.argmax(over))]) if over.any() else None


def _worse_sparc(leg: LegCurve, rising: slice, lowering: slice) -> float | None:
    both = (smoothness_sparc(leg.speed_dps[rising]), smoothness_sparc(leg.speed_dps[lowering]))
    return min((s for s in both if s is not None), default=None)


def _judged(evidence: Evidence, plan: SetPlan, of_set: list[Evidence]) -> Rep:
    faults = tuple(judge(evidence, plan, of_set, Settings()))
    flags = tuple(fault.code for fault in faults if fault.level == "flag")
    missing = not_judged(evidence.rep)
    # what hanging never shows keeps no repetition from being clean
    needed = set(missing) - ({"hip_pop"} if plan.posture == "hanging" else set())
    clean = False if flags else None if needed else True
    return replace(evidence.rep, faults=faults, flags=flags, not_judged=missing, clean=clean)


def _moved(partial: Partial, shift_s: float) -> Partial:
    return replace(partial, start_s=partial.start_s + shift_s, end_s=partial.end_s + shift_s)


def _shifted(rep: Rep, shift_s: float) -> Rep:
    return replace(rep, start_s=rep.start_s + shift_s, end_s=rep.end_s + shift_s)


_MEANS = ("concentric_s", "eccentric_s", "top_pause_s", "bottom_pause_s", "range_deg")


def _set_figures(reps: tuple[Rep, ...], partials: tuple[Partial, ...]) -> dict[str, Any]:
    values = {name: [v for rep in reps if (v := getattr(rep, name)) is not None] for name in _measured()}
    figures: dict[str, Any] = {
        "rep_count": len(reps),
        "clean_count": sum(rep.clean is True for rep in reps) if _any_judged(reps) else None,
        "partial_count": len(partials),
    }
    for name in _MEANS:
        figures[f"{name}_mean"] = fmean(values[name]) if values[name] else None
        figures[f"{name}_sd"] = stdev(values[name]) if len(values[name]) > 1 else None
    pace = [figures[f"{n}_mean"] for n in ("eccentric_s", "bottom_pause_s", "concentric_s", "top_pause_s")]
    figures["tempo"] = None if None in pace else str(Tempo(*pace))
    figures["pelvic_tilt_deg_max"] = max(values["pelvic_tilt_deg"], default=None)
    figures["pelvic_rotation_deg_max"] = max(values["pelvic_rotation_deg"], key=abs, default=None)
    figures["floor_angle_deg"], figures["floor_below_deg"] = _floor(reps)
    return figures


def _measured() -> list[str]:
    return [field.name for field in fields(Rep) if field.name.endswith(("_s", "_deg"))]


def _any_judged(reps: tuple[Rep, ...]) -> bool:
    return any(rep.clean is not None for rep in reps)


def _floor(reps: tuple[Rep, ...]) -> tuple[float | None, float | None]:
    angles = [rep.lift_off_angle_deg for rep in reps if rep.lift_off_angle_deg is not None]
    bottoms = [rep.bottom_angle_deg for rep in reps if rep.bottom_angle_deg is not None]
    if len(angles) >= 2:
        return float(np.percentile(angles, 80.0, method="higher")), None
    return None, min(bottoms, default=None)
