"""How the leg is moved: the share of a phase that coasts (momentum, dropping), and how smoothly.

The leg is taken as a pendulum about the hip. Its net hip moment over its weight's moment when level is
``tau = alpha / w0² + s`` with s the share of gravity's lever (cosine of elevation lying, sine hanging).
Smoothness is the spectral arc length (SPARC) of Balasubramanian, Melendez-Calderon, Roby-Brami and Burdet,
J NeuroEng Rehabil 2015. Never proof of control: a swing is smooth.

Tremor: the pelvis's shake while lowering, against the person's own rest. Information, never a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from imu_reps.analysis.filters import tremor_band
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Posture
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.rest import STILL_WINDOW_S

#: Squared natural frequency of a straight adult leg as a pendulum, rad²/s².
PENDULUM_RAD2_S2 = 16.0

#: Net moment under this is coasting.
COASTING_MOMENT = 0.2

#: Where gravity's lever is shorter than this the ratio says little.
MIN_LEVER = 0.34

#: Fewer degrees than this cannot be judged.
MIN_DEG = 10.0

#: Of the spectral arc length: frequencies and amplitudes (of the largest) that count, and doublings of the
#: length by padding, as in the paper.
CUTOFF_HZ, AMPLITUDE, PADDING = 10.0, 0.05, 4


def coasting_share(
    elevation_deg: FloatArray, acceleration_dps2: FloatArray, posture: Posture, direction: int
) -> float | None:
    """Share of the degrees moved in one direction under a net hip moment below `COASTING_MOMENT`.

    Parameters
    ----------
    elevation_deg, acceleration_dps2 : (n,) float
        Low-passed, over one phase.
    direction : {1, -1}
        1: degrees of rise (momentum), -1: degrees of lowering (dropping the leg).

    Returns
    -------
    float or None
        0 (muscle) to 1 (swing); None where fewer than `MIN_DEG` can be judged.
    """
    coasting, total = coasting_degrees(elevation_deg, acceleration_dps2, posture, direction)
    return None if total < MIN_DEG else coasting / total


def coasting_degrees(
    elevation_deg: FloatArray, acceleration_dps2: FloatArray, posture: Posture, direction: int
) -> tuple[float, float]:
    """Degrees moved in one direction under that moment, and all that can be judged; see `coasting_share`."""
    elevation = np.radians(elevation_deg)
    lever = np.sin(elevation) if posture == "hanging" else np.cos(elevation)
    moment = np.radians(acceleration_dps2) / PENDULUM_RAD2_S2 + lever
    degrees = np.maximum(direction * np.gradient(elevation_deg), 0.0)
    degrees[lever < MIN_LEVER] = 0.0
    return float(degrees[moment < COASTING_MOMENT].sum()), float(degrees.sum())


def spectral_arc_length(speed_dps: FloatArray) -> float | None:
    """Arc length of the normalised speed spectrum, negative; nearer 0 is smoother; None if too short."""
    if len(speed_dps) < 10 or not np.any(speed_dps):
        return None
    length = 1 << (int(np.ceil(np.log2(len(speed_dps)))) + PADDING)
    frequency = np.arange(int(CUTOFF_HZ * length / GRID_HZ) + 1) * GRID_HZ / length
    spectrum = np.abs(np.fft.rfft(speed_dps, length)[: len(frequency)])
    spectrum /= spectrum.max()
    loud = np.flatnonzero(spectrum >= AMPLITUDE)
    spectrum, frequency = spectrum[loud[0] : loud[-1] + 1], frequency[loud[0] : loud[-1] + 1]
    if len(frequency) < 2:
        return None
    steps = np.hypot(np.diff(frequency) / (frequency[-1] - frequency[0]), np.diff(spectrum))
    return -float(steps.sum())


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
