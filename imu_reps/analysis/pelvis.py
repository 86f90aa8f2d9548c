"""The pelvis of a finished set: its zero, and the turn of its sensor about gravity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.alignment import Rest
from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.mounting import MAX_TURN_DEG, TURN_SPREAD_DEG, PelvisAxes, unit

#: The tilt zero needs a rest this long.
ZERO_S = 1.0

#: A hip that rolls with every lift looks like a turned sensor; it is as likely, by this much (1 SD).
ROLL_SPREAD_DEG = 3.0

#: Fewer repetitions do not tell a turned sensor from a rolling hip.
FEWEST_FOR_TURN = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn of the pelvis sensor about gravity: what is corrected, and its standard deviation, degrees."""

    turn_deg: float
    sd_deg: float


def mean_up(up: FloatArray, rest: Rest) -> FloatArray | None:
    """Mean direction of up over a rest, None if nothing was measured then."""
    piece = up[rest.start : rest.end]
    piece = piece[np.isfinite(piece[:, 0])]
    return unit(piece.mean(axis=0)) if len(piece) else None


def zero_rest(rests: Sequence[Rest]) -> Rest | None:
    """The last rest long enough for the tilt zero."""
    long_enough = [rest for rest in rests if rest.duration_s >= ZERO_S]
    return long_enough[-1] if long_enough else None


def estimate_turn(axes: PelvisAxes, up: FloatArray, spans: Sequence[slice]) -> Turn:
    """How far the pelvis sensor is turned about gravity, from rotation that follows tilt.

    Parameters
    ----------
    axes : PelvisAxes
        At the zero.
    up : (n, 3) float
        Direction of up in pelvis axes.
    spans : sequence of slice
        Ticks of each repetition.

    Returns
    -------
    Turn
        The median over the repetitions, shared between belt and hip by how likely each is
        (`TURN_SPREAD_DEG`, `ROLL_SPREAD_DEG`), and limited to ±`MAX_TURN_DEG`.
    """
    slopes = [slope for span in spans if (slope := _slope(axes, up[span])) is not None]
    if len(slopes) < FEWEST_FOR_TURN:
        return Turn(0.0, TURN_SPREAD_DEG)
    turns = np.degrees(np.arctan(slopes))
    spread = 1.4826 * float(np.median(np.abs(turns - np.median(turns)))) / np.sqrt(len(turns))
    other = ROLL_SPREAD_DEG**2 + spread**2
    belt = TURN_SPREAD_DEG**2
    turn = float(np.median(turns)) * belt / (belt + other)
    return Turn(
        float(np.clip(turn, -MAX_TURN_DEG, MAX_TURN_DEG)), float(np.sqrt(belt * other / (belt + other)))
    )


def _slope(axes: PelvisAxes, up: FloatArray) -> float | None:
    """Sideways against fore-and-aft lean over one repetition."""
    lean = up[np.isfinite(up[:, 0])] @ axes.matrix[1:].T
    power = float((lean[:, 0] ** 2).sum())
    if len(lean) == 0 or np.abs(lean[:, 0]).max() < np.sin(np.radians(3.0)):
        return None
    return float((lean[:, 0] * lean[:, 1]).sum() / power)
