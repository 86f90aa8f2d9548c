"""Momentum: the share of a lift in which the hip's muscles had nothing to do.

The leg is taken as a pendulum about the hip. Its net hip moment over its weight's moment when level is
``tau = alpha / w0² + s`` with s the share of gravity's lever (cosine of elevation lying, sine hanging).
"""

from __future__ import annotations

import numpy as np

from imu_reps.domain.recording import Posture
from imu_reps.domain.samples import FloatArray

#: Squared natural frequency of a straight adult leg as a pendulum, rad²/s².
PENDULUM_RAD2_S2 = 16.0

#: Net moment under this is coasting.
COASTING_MOMENT = 0.2

#: Where gravity's lever is shorter than this the ratio says little.
LEAST_LEVER = 0.34

#: Fewer degrees than this cannot be judged.
LEAST_DEG = 10.0


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
        0 (muscle) to 1 (swing); None where fewer than `LEAST_DEG` can be judged.
    """
    coasting, total = coasting_degrees(elevation_deg, acceleration_dps2, posture, direction)
    return None if total < LEAST_DEG else coasting / total


def coasting_degrees(
    elevation_deg: FloatArray, acceleration_dps2: FloatArray, posture: Posture, direction: int
) -> tuple[float, float]:
    """Degrees moved in one direction under that moment, and all that can be judged; see `coasting_share`."""
    elevation = np.radians(elevation_deg)
    lever = np.sin(elevation) if posture == "hanging" else np.cos(elevation)
    moment = np.radians(acceleration_dps2) / PENDULUM_RAD2_S2 + lever
    degrees = np.maximum(direction * np.gradient(elevation_deg), 0.0)
    degrees[lever < LEAST_LEVER] = 0.0
    return float(degrees[moment < COASTING_MOMENT].sum()), float(degrees.sum())
