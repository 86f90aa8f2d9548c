"""Movement control: the share of a phase that coasts (momentum, dropping), smoothness, and tremor.

The leg is modelled as a pendulum about the hip. Its net hip moment, relative to its weight's moment when
level, is ``tau = alpha / w0² + s`` with s the share of gravity's lever (cosine of elevation lying, sine
hanging). Smoothness is the spectral arc length (SPARC) of Balasubramanian, Melendez-Calderon, Roby-Brami and
Burdet, J NeuroEng Rehabil 2015. It is no proof of control: a swing is smooth.

Tremor is the pelvis's shake while lowering relative to the person's own rest: information, never a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from imu_reps.analysis.set_motion import SetMotion, rate_of_change, tremor_band
from imu_reps.domain.exercise import Posture
from imu_reps.domain.finding import Finding
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import row_dots
from imu_reps.kinematics.rest import STILL_WINDOW_S

#: Squared natural frequency of a straight adult leg as a pendulum, rad²/s².
PENDULUM_RAD2_S2 = 16.0

#: Net moment below which the leg coasts, relative to its weight's moment when level.
COASTING_MOMENT = 0.2

#: Shortest share of gravity's lever at which the moment can be judged.
MIN_LEVER = 0.34

#: Fewest degrees that can be judged.
MIN_DEG = 10.0

#: Parameters of the spectral arc length, as in the paper: highest frequency, smallest amplitude relative to
#: the largest, and number of doublings of the length by zero padding.
CUTOFF_HZ, AMPLITUDE, PADDING = 10.0, 0.05, 4


def coasting_share(
    elevation_deg: FloatArray, acceleration_dps2: FloatArray, posture: Posture, direction: int
) -> float | None:
    """Return the share of the degrees moved in one direction with a net hip moment below `COASTING_MOMENT`.

    Parameters
    ----------
    elevation_deg, acceleration_dps2 : (n,) float
        Low-passed leg elevation and its second derivative over one phase.
    posture : {"supine", "hanging"}
    direction : {1, -1}
        1: degrees of rise (momentum), -1: degrees of lowering (dropping the leg).

    Returns
    -------
    float or None
        0 (muscle) to 1 (swing); None if fewer than `MIN_DEG` can be judged.
    """
    coasting, total = coasting_degrees(elevation_deg, acceleration_dps2, posture, direction)
    return None if total < MIN_DEG else coasting / total


def coasting_degrees(
    elevation_deg: FloatArray, acceleration_dps2: FloatArray, posture: Posture, direction: int
) -> tuple[float, float]:
    """Return the degrees that coasted in one direction, and all that can be judged; see `coasting_share`."""
    elevation = np.radians(elevation_deg)
    lever = np.sin(elevation) if posture == "hanging" else np.cos(elevation)
    moment = np.radians(acceleration_dps2) / PENDULUM_RAD2_S2 + lever
    degrees = np.maximum(direction * rate_of_change(elevation_deg) / GRID_HZ, 0.0)
    degrees[lever < MIN_LEVER] = 0.0
    return float(degrees[moment < COASTING_MOMENT].sum()), float(degrees.sum())


def spectral_arc_length(speed_dps: FloatArray) -> float | None:
    """Return the (negative) arc length of the normalised speed spectrum; None if the phase is short."""
    if len(speed_dps) < 10 or not speed_dps.any():
        return None
    length = 1 << ((len(speed_dps) - 1).bit_length() + PADDING)
    spectrum = np.abs(np.fft.rfft(speed_dps, length)[: int(CUTOFF_HZ * length / GRID_HZ) + 1])
    spectrum /= spectrum.max()
    (loud,) = (spectrum >= AMPLITUDE).nonzero()
    between = spectrum[loud[0] : loud[-1] + 1]
    if len(between) < 2:
        return None
    steps = between[1:] - between[:-1]
    return -float(np.sqrt(steps**2 + 1.0 / len(steps) ** 2).sum())


#: Shortest rest for a baseline: heartbeats reach a lying pelvis about once a second, so it averages several.
BASELINE_S = 5.0
MIN_BASELINE_TICKS = (BASELINE_S - STILL_WINDOW_S) * GRID_HZ

#: Margin left out at both ends of a lowering, where turns and contacts shake as well.
MARGIN_S = 0.3

#: Shortest lowering judged: a faster one has energy of its own above 4 Hz.
SHORTEST_S = 0.8

#: Ratios to the person's own rest from which tremor is mentioned, and strong.
MENTIONED, STRONG = 2.0, 4.0

#: Fewest repetitions in a row that shake from effort; a single one may shake for any reason.
MIN_IN_A_ROW = 3


def shake_squared(motion: SetMotion) -> FloatArray:
    """Return the squared angular rate of the pelvis in 4 to 12 Hz, (n,) (deg/s)²; NaN where not measured."""
    shake = tremor_band(motion.track.pelvis_gyr_dps)
    return row_dots(shake, shake)


def baseline_dps(shake: FloatArray, motion: SetMotion) -> float | None:
    """Return the RMS shake over the still stretches, deg/s; None with less than `BASELINE_S` of them."""
    still = motion.track.pelvis_still & np.isfinite(shake)
    if still.sum() < MIN_BASELINE_TICKS:
        return None
    return float(np.sqrt(shake[still].mean()))


def tremor_ratio(shake: FloatArray, baseline: float | None, start: float, end: float) -> float | None:
    """Return the RMS shake from tick `start` to `end`, a lowering, over the baseline; None if not known."""
    if baseline is None or baseline <= 0.0 or end - start < SHORTEST_S * GRID_HZ:
        return None
    margin = MARGIN_S * GRID_HZ
    piece = shake[int(start + margin) : int(end - margin) + 1]
    known = piece[np.isfinite(piece)]
    return float(np.sqrt(known.mean()) / baseline) if len(known) else None


def tremor_findings(reps: Sequence[Rep]) -> list[Finding]:
    """Return a finding if the pelvis shook in enough repetitions: good news, never a fault."""
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
