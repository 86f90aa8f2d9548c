"""Figures of a set: counts, means, the floor angle; and whether it kept to its target angles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.analysis.trend import trends
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty, Partial, PartialReason, Rep, floor_angle, judged
from imu_reps.domain.summary import SetSummary
from imu_reps.domain.tempo import Tempo

#: Reasons of partial repetitions; other swings that did not count were no attempts at one.
PARTIAL_REPS: tuple[PartialReason, ...] = ("too_small", "cut_off")


def summarise_set(
    reps: Sequence[Rep], partials: Sequence[Partial], header: Header, certainty: Certainty | None
) -> SetSummary:
    """Return the figures of a set with an ankle sensor."""
    columns = {
        name: mean_and_sd([getattr(rep, name) for rep in reps])
        for name in ("concentric_s", "eccentric_s", "top_pause_s", "bottom_pause_s", "range_deg")
    }
    floor, below = (None, None) if header.exercise == "heel_tap" else floor_angle(reps)
    return SetSummary(
        rep_count=len(reps),
        rep_count_certainty=certainty,
        rep_count_by_sensors=None,
        clean_count=sum(rep.clean is True for rep in reps) if judged(reps) else None,
        partial_count=sum(partial.reason in PARTIAL_REPS for partial in partials),
        tempo=_tempo(columns),
        tempo_target=None if header.tempo_target is None else str(header.tempo_target),
        time_under_tension_s=sum(rep.end_s - rep.start_s for rep in reps) if reps else None,
        pelvic_tilt_deg_max=_largest(reps, "pelvic_tilt_deg"),
        pelvic_rotation_deg_max=_largest(reps, "pelvic_rotation_deg"),
        floor_angle_deg=floor,
        floor_below_deg=below,
        trend=trends(reps),
        **{f"{name}_{part}": columns[name][k] for name in columns for k, part in enumerate(("mean", "sd"))},
    )


def uncounted_set(header: Header) -> SetSummary:
    """Return the figures of a set without an ankle sensor: no counts and no means."""
    empty = summarise_set((), (), header, None)
    values = {name: getattr(empty, name) for name in SetSummary.__slots__}
    return SetSummary(**{**values, "rep_count": None, "clean_count": None, "partial_count": None})


def mean_and_sd(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Return mean and standard deviation, ignoring None; each is None with too few values (one, two)."""
    known = np.array([value for value in values if value is not None])
    mean = float(known.mean()) if len(known) else None
    return mean, float(known.std(ddof=1)) if len(known) > 1 else None


def _tempo(columns: dict[str, tuple[float | None, float | None]]) -> str | None:
    """Return the mean tempo; None with a single repetition, whose resting pause is unknown."""
    names = ("eccentric_s", "bottom_pause_s", "concentric_s", "top_pause_s")
    means = [columns[name][0] for name in names]
    known = [mean for mean in means if mean is not None]
    return str(Tempo(*known)) if len(known) == len(means) else None


def _largest(reps: Sequence[Rep], name: str) -> float | None:
    """Return the value of greatest magnitude, signed; None if none was measured."""
    values = [getattr(rep, name) for rep in reps if getattr(rep, name) is not None]
    return max(values, key=abs) if values else None


def aim_findings(header: Header, reps: Sequence[Rep]) -> list[Finding]:
    """Return findings on the target angles of a set; none without repetitions."""
    found = []
    ranges_deg = [rep.range_deg for rep in reps if rep.range_deg is not None]
    if header.range_target_deg is not None and ranges_deg:
        aim_deg = round(header.range_target_deg)  # compared as both are shown
        reached = sum(round(range_deg) >= aim_deg for range_deg in ranges_deg)
        values = {"aim_deg": header.range_target_deg, "reached": reached, "reps": len(ranges_deg)}
        found.append(Finding("range_aim", values=values))
    if header.floor_deg is not None and header.exercise != "heel_tap" and reps:
        found.append(Finding("floor_aim", values=_floor_aim(header, header.floor_deg, reps)))
    return found


def _floor_aim(header: Header, floor_deg: float, reps: Sequence[Rep]) -> dict[str, object]:
    """Return whether the floor angle was kept, by how much not, and whether the last lowering went below."""
    known = judged(reps, "below_floor")
    below = any(fault.code == "below_floor" for rep in reps for fault in rep.faults)
    bottoms_deg = [rep.bottom_angle_deg for rep in known if rep.bottom_angle_deg is not None]
    last_deg = None if reps[-1] in known else reps[-1].bottom_angle_deg
    return {
        "floor_deg": floor_deg,
        "floor_from": header.floor_from,
        "kept": bool(known) and not below,
        "within_deg": max(0, round(floor_deg) - round(min(bottoms_deg, default=floor_deg))),
        "last_below": last_deg is not None and round(last_deg) < round(floor_deg),
    }
