"""Ground truth of a simulated recording, as defined in docs/definitions.md."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from statistics import fmean, stdev
from typing import Any, TypeVar

import numpy as np

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.rep import Partial, Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.tempo import Tempo
from imu_reps.domain.track import GRID_HZ
from imu_reps.sim.wearer.body import Commanded, Orientations
from imu_reps.sim.wearer.leg_phases import leg_curve, low_pass, spells, split, within
from imu_reps.sim.wearer.score import Span
from imu_reps.sim.wearer.set_plan import SetPlan
from imu_reps.sim.wearer.true_figures import HoldTruth, longest_hold, true_reps

TRUTH_FORMAT = "imu-reps-truth/1"


@dataclass(frozen=True, slots=True)
class TruthAngles:
    """Commanded angles on a regular 100 Hz grid of the recording's `time_s`.

    NaN if not measured by docs/definitions.md: tilt without a zero, rotation while hanging, everything
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
    """Ground truth of one simulated set.

    Its time is the recording's `time_s` with the arrival's floor: the true instant plus the shortest
    transport time of the (ankle) sensor's radio. A clock fit to the lower envelope of the arrivals finds
    the same axis.

    Attributes
    ----------
    reps : tuple of Rep
        Figures that cannot be derived from the commanded motion are None.
    partials : tuple of Partial
        Truncated ones have the reason `cut_off`.
    has_stalls : bool
        Whether a stall was commanded in any repetition.
    hold : HoldTruth or None
        The longest hold, of an exercise that is held.
    breaks_s : tuple of tuple of float
        Breaks: from where the legs leave their resting end to where they are back.
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
        """Number of repetitions."""
        return len(self.reps)

    def to_dict(self) -> dict[str, Any]:
        """Return the ground truth as plain data, with the names of the JSON summary."""
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


def emit(plan: SetPlan, commanded: Commanded, shift_s: float, end_s: float, span_s: Span) -> Truth:
    """Derive the ground truth from the commanded motion.

    Parameters
    ----------
    shift_s : float
        The recording's `time_s` less simulation time.
    end_s : float
        Last `time_s` of the recording.
    span_s : tuple of float
        Recorded span of simulation time.
    """
    tilt, rotation = pelvic_angles(plan, commanded)
    angles = _on_grid(commanded, tilt, rotation, shift_s, end_s)
    score, start = commanded.score, plan.resting_end
    whole = leg_curve(commanded.time_s, commanded.leg_elevation_deg)
    if plan.exercise in HOLDS:
        hold = longest_hold(whole, _low_passed(tilt), score.excursions)
        return Truth(angles, (), (), False, None if hold is None else _shifted(hold, shift_s))
    if not score.excursions:
        return Truth(angles, (), (), has_stalls=False)
    first, last = np.searchsorted(whole.time_s, span_s[0]), np.searchsorted(whole.time_s, span_s[1], "right")
    recorded = slice(int(first), int(last))
    held = [within(whole, spell, span_s, start) for spell in spells(score, span_s)]
    leg = whole.part(recorded)
    phases, too_small = split(leg, [spell for spell, _ in held if spell.excursions], start)
    pelvis = (_low_passed(tilt)[recorded], _low_passed(rotation)[recorded])
    cut_off = [partial for _, of_spell in held for partial in of_spell]
    return Truth(
        angles,
        tuple(_shifted(rep, shift_s) for rep in true_reps(plan, leg, pelvis, phases)),
        tuple(_shifted(p, shift_s) for p in sorted((*too_small, *cut_off), key=lambda p: p.start_s)),
        has_stalls=any(p.excursion.plan.stalls for p in phases),
        breaks_s=tuple(
            (a + shift_s, b + shift_s) for a, b in score.breaks_s if span_s[0] < b and a < span_s[1]
        ),
    )


def pelvic_angles(plan: SetPlan, commanded: Commanded) -> tuple[FloatArray, FloatArray]:
    """Return pelvic tilt (anterior positive) and rotation (opposite side rising positive), in degrees."""
    up = commanded.pelvis.inverse().apply(np.array([0.0, 0.0, 1.0]))
    level = Orientations.about("Z", np.full(len(up), commanded.reference_deg))
    x, y, z = level.apply(up).T
    missing = np.full_like(x, np.nan)
    if plan.posture == "hanging":
        return np.degrees(np.arctan2(-x, y)), missing
    rotation = plan.rotation_sign * np.degrees(np.arctan2(z, x))
    # a body that sits or stands is turned about gravity, which does not show
    rotation = np.where(np.hypot(x, z) > 0.3, rotation, np.nan)
    return np.degrees(np.arctan2(y, x)) if commanded.has_zero else missing, rotation


def _on_grid(
    commanded: Commanded, tilt: FloatArray, rotation: FloatArray, shift_s: float, end_s: float
) -> TruthAngles:
    grid = np.arange(0.0, end_s, 1.0 / GRID_HZ)
    host = commanded.time_s + shift_s
    curves = (commanded.leg_elevation_deg, tilt, rotation)
    return TruthAngles(grid, *(np.interp(grid, host, c, left=np.nan, right=np.nan) for c in curves))


def _low_passed(angle: FloatArray) -> FloatArray:
    """Low-pass an angle with gaps; NaN stays NaN."""
    missing = np.isnan(angle)
    if missing.all():
        return angle
    indices = np.arange(len(angle))
    whole = np.interp(indices, indices[~missing], angle[~missing])
    return np.where(missing, np.nan, low_pass(whole))


_Timed = TypeVar("_Timed", Rep, Partial, HoldTruth)


def _shifted(one: _Timed, shift_s: float) -> _Timed:
    return replace(one, start_s=one.start_s + shift_s, end_s=one.end_s + shift_s)


_MEANS = ("concentric_s", "eccentric_s", "top_pause_s", "bottom_pause_s", "range_deg")


def _set_figures(reps: tuple[Rep, ...], partials: tuple[Partial, ...]) -> dict[str, Any]:
    names = [field.name for field in fields(Rep) if field.name.endswith(("_s", "_deg"))]
    values = {name: [v for rep in reps if (v := getattr(rep, name)) is not None] for name in names}
    any_judged = any(rep.clean is not None for rep in reps)
    figures: dict[str, Any] = {
        "rep_count": len(reps),
        "clean_count": sum(rep.clean is True for rep in reps) if any_judged else None,
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


def _floor(reps: tuple[Rep, ...]) -> tuple[float | None, float | None]:
    angles = [rep.lift_off_angle_deg for rep in reps if rep.lift_off_angle_deg is not None]
    bottoms = [rep.bottom_angle_deg for rep in reps if rep.bottom_angle_deg is not None]
    if len(angles) >= 2:
        return float(np.percentile(angles, 80.0, method="higher")), None
    return None, min(bottoms, default=None)
