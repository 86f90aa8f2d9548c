"""Wobble: how much the pelvis wanders around its own path while the leg moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.polynomial import legendre

from imu_reps.analysis.reps.measure import Measured, Span
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.analysis.trend import find_change
from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import FloatArray

#: A pelvis follows the leg smoothly: its path over one way is a polynomial of this degree in leg elevation.
PATH_DEGREE = 4

#: More than this around the path is much, and a change smaller than the second is within what can be told.
MUCH_DEG, MIN_CHANGE_DEG = 2.0, 0.7

#: Ways with fewer ticks, or over fewer degrees, have no path.
MIN_TICKS, MIN_WAY_DEG = 40, 8.0


def wobble_deg(motion: SetMotion, rep: Measured) -> float | None:
    """RMS of pelvic tilt around its smooth path over leg elevation, each way by itself.

    None where the pelvis or the leg was not measured, or a way is too short.
    """
    if not (rep.pelvis_known and rep.leg_known):
        return None
    parts = [_around_path(motion, way) for way in (rep.concentric, rep.eccentric)]
    known = [part for part in parts if part is not None]
    return float(np.sqrt(np.mean(np.concatenate(known) ** 2))) if len(known) == len(parts) else None


def _around_path(motion: SetMotion, way: Span) -> FloatArray | None:
    elevation, tilt = motion.elevation_deg[way.ticks], motion.tilt_deg[way.ticks]
    span = float(np.ptp(elevation)) if len(elevation) else 0.0
    if len(tilt) < MIN_TICKS or span < MIN_WAY_DEG or not np.isfinite(tilt).all():
        return None
    along = 2.0 * (elevation - elevation.min()) / span - 1.0
    basis = legendre.legvander(along, PATH_DEGREE)
    # by its few normal equations: a tenth of the time that all of its rows take
    path = np.linalg.lstsq(basis.T @ basis, basis.T @ tilt, rcond=None)[0]
    return np.asarray(tilt - basis @ path)


def wobble_findings(motion: SetMotion, measured: Sequence[Measured]) -> list[Finding]:
    """Tells of a pelvis that wanders more than in the first repetitions, or much in most of them."""
    found = [(number, wobble_deg(motion, rep)) for number, rep in enumerate(measured, start=1)]
    known = [(number, value) for number, value in found if value is not None]
    change = find_change(found, MIN_CHANGE_DEG)
    if change is not None and change.certain and change.last > change.first:
        since = 1 if change.from_rep is None else change.from_rep
        values = {"from_rep": change.from_rep, "first_deg": change.first, "last_deg": change.last}
        return [Finding("wobble", tuple(number for number, _ in known if number >= since), values)]
    much = tuple(number for number, value in known if value > MUCH_DEG)
    if not known or len(much) < max(2, len(known) / 2):
        return []
    typical = float(np.median([value for number, value in known if number in much]))
    return [Finding("wobble", much, {"typical_deg": typical, "much": len(much), "reps": len(measured)})]
