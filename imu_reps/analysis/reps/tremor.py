"""Tremor: the pelvis's shake while lowering, against the person's own rest. Information, never a fault."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from imu_reps.analysis.filters import tremor_band
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.finding import Finding
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.rest import STILL_WINDOW_S

#: A heartbeat reaches a lying pelvis about once a second: the baseline must average over several.
BASELINE_S = 5.0

#: Turns and contacts shake too, and are left out on both ends.
MARGIN_S = 0.3

#: A faster lowering has energy of its own above 4 Hz.
SHORTEST_S = 0.8

#: So many times the person's own rest is worth a mention, and is strong.
MENTIONED, STRONG = 2.0, 4.0

#: A single repetition may shake for any reason; so many in a row shake from work.
MIN_IN_A_ROW = 3


def shake_squared(motion: SetMotion) -> FloatArray:
    """Squared angular rate of the pelvis in 4 to 12 Hz, (n,) (deg/s)²; NaN where not measured."""
    return np.asarray((tremor_band(motion.track.pelvis_gyr_dps) ** 2).sum(axis=1))


def baseline_dps(shake: FloatArray, motion: SetMotion) -> float | None:
    """RMS shake over the still stretches; None with less than `BASELINE_S` of them."""
    still = motion.track.pelvis_still & np.isfinite(shake)
    if still.sum() < (BASELINE_S - STILL_WINDOW_S) * GRID_HZ:
        return None
    return float(np.sqrt(shake[still].mean()))


def tremor_ratio(shake: FloatArray, baseline: float | None, start: float, end: float) -> float | None:
    """RMS shake of an eccentric phase (ticks) over the baseline; None where it cannot be told."""
    if baseline is None or baseline <= 0.0 or end - start < SHORTEST_S * GRID_HZ:
        return None
    margin = MARGIN_S * GRID_HZ
    piece = shake[int(start + margin) : int(end - margin) + 1]
    known = piece[np.isfinite(piece)]
    return float(np.sqrt(known.mean()) / baseline) if len(known) else None


def tremor_findings(reps: Sequence[Rep]) -> list[Finding]:
    """Tells of a pelvis that shook: good news, never a fault."""
    fewest = min(MIN_IN_A_ROW, len(reps))
    shaking: list[Rep] = []
    for shakes, group in groupby(reps, lambda rep: (rep.tremor_ratio or 0.0) >= MENTIONED):
        row = list(group)
        if shakes and len(row) >= fewest:
            shaking += row
    if not shaking:
        return []
    maximum = max(rep.tremor_ratio or 0.0 for rep in shaking)
    values = {"reps": len(reps), "shaking": len(shaking), "ratio": maximum, "strong": maximum >= STRONG}
    return [Finding("tremor", tuple(rep.number for rep in shaking), values)]
