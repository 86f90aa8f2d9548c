"""The gyroscope's scale where the limb is never calm: what its turns leave unexplained of the force.

Carried along by the right rate, gravity stays where it is, and the rest of the force is that of a sensor
which is carried round a joint: ``alpha x p + omega x (omega x p)`` with one lever `p`. With a wrong scale
neither holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.quality.gyroscope import calm_windows, unbiased_dps
from imu_reps.quality.windows import HOP_S, Windows

#: Pieces of so many windows are looked at each by itself: ten seconds, in which a gyroscope hardly drifts.
PIECE = 40
#: Windows that are shaken by more are left out; half of a piece is not, and within it the sensor turns so
#: far.
SHAKEN_MPS2, MOST_OF, TURNS_DEG = 1.5, 0.5, 8.0
#: A quarter second is too long for what turns faster, as a shank in walking does.
FASTEST_DPS = 150.0
#: Fewer windows say nothing.
FEWEST = 60
#: Factors tried first; where the best is that near to 1, no other ones are.
FIRST, NEAR = (0.9, 1.0, 1.1), 0.05
OTHERS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.55)
#: A scale is told from that much on, where it leaves so many times less unexplained, the more so of few
#: windows (ours: good gyroscopes of 500 random simulated sets miss by up to 11 % then), or of much that is
#: left (RMS), as of a body that swings on a bar.
OFF, GAIN, GAIN_WINDOWS, LEFT_MPS2 = 0.13, 1.15, 30.0, 0.3
#: From the bar to the hip, and to the ankle, with room; what the force leaves then (RMS; ours).
BAR_M, EXPLAINED_MPS2 = (0.95, 2.5), 0.6


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What is looked at: the windows' force and rate, and which of them, piece by piece."""

    force_mps2: FloatArray
    rate_rad_s: FloatArray
    chosen: BoolArray


def scale_in_motion(windows: Windows, apart: Sequence[int] = ()) -> dict[str, float]:
    """The ratio of the gyroscope's turns to true ones, and its error; empty where it is 1, or not known.

    Parameters
    ----------
    windows : Windows
    apart : sequence of int
        Windows at which the sensor turned against its limb: no piece holds one.
    """
    pieces = _pieces(windows, apart)
    if pieces is None:
        return {}
    tried = {factor: _unexplained(pieces, factor) for factor in FIRST}
    if abs(_best(tried) - 1.0) < NEAR:
        return {}
    tried |= {factor: _unexplained(pieces, factor) for factor in OTHERS if factor not in tried}
    best = _best(tried)
    if best == min(tried):
        return {}  # a body that swings leaves the less, the less it turned
    left = _unexplained(pieces, best)
    count = float(pieces.chosen.sum())
    gain = max(GAIN + GAIN_WINDOWS / count, np.sqrt(left / count) / LEFT_MPS2)
    return (
        {"ratio": 1.0 / best, "error": OFF / 2.0}
        if abs(best - 1.0) > OFF and tried[1.0] > gain * left
        else {}
    )


def swings_as_a_pendulum(windows: Windows) -> bool:
    """Whether the sensor is carried round a point that is further away than the hip, as on a bar.

    On a body that swings as a whole the force stays in the sensor while the gyroscope turns: that contradicts
    nothing, and any scale explains it with a lever of its own.
    """
    pieces = _pieces(windows, ())
    if pieces is None:
        return False
    left, lever_m = _fit(pieces, 1.0)
    return BAR_M[0] < lever_m < BAR_M[1] and left < EXPLAINED_MPS2**2 * pieces.chosen.sum()


def _best(tried: dict[float, float]) -> float:
    """The factor that leaves least, by a parabola through the least and its neighbours."""
    factors = np.array(sorted(tried))
    left = np.array([tried[factor] for factor in factors.tolist()])
    middle = int(np.clip(left.argmin(), 1, len(factors) - 2))
    around = slice(middle - 1, middle + 2)
    curve, slope, _ = np.polyfit(factors[around], left[around], 2)
    return float(np.clip(-slope / (2.0 * curve), factors[0], factors[-1])) if curve > 0.0 else 1.0


def _pieces(windows: Windows, apart: Sequence[int]) -> _Pieces | None:
    """The pieces in which gravity turns and nothing is missing; None where there is too little."""
    count = len(windows) // PIECE * PIECE
    known = np.append(np.isfinite(windows.gyr_dps[:, 0]), True) & np.isfinite(windows.size_mps2)
    known[list(apart)] = False
    quiet = known & (windows.acc_sd_mps2 < SHAKEN_MPS2)
    rate = np.radians(unbiased_dps(windows, calm_windows(windows)))
    rate = np.vstack([rate, rate[-1:]])
    pieces = [slice(start, start + PIECE) for start in range(0, count, PIECE)]
    used = [one.start for one in pieces if known[one].all() and _turns(rate[one], quiet[one])]
    rows = np.add.outer(used, np.arange(PIECE)).astype(np.int64)
    if not used or quiet[rows].sum() < FEWEST:
        return None
    return _Pieces(windows.acc_mps2[rows], rate[rows], quiet[rows])


def _turns(rate_rad_s: FloatArray, quiet: BoolArray) -> bool:
    """Whether the sensor turns far enough in a piece, and enough of it is quiet."""
    turned = np.degrees(np.cumsum(rate_rad_s, axis=0) * HOP_S)
    if quiet.sum() < MOST_OF * PIECE or np.abs(rate_rad_s).max() > np.radians(FASTEST_DPS):
        return False
    return bool(np.ptp(turned[quiet], axis=0).max() > TURNS_DEG)


def _unexplained(pieces: _Pieces, factor: float) -> float:
    """Sum of squares of the force that neither gravity nor a lever explains, the rate times a factor."""
    return _fit(pieces, factor)[0]


def _fit(pieces: _Pieces, factor: float) -> tuple[float, float]:
    """The same, and the lever's length, m."""
    rate = pieces.rate_rad_s * factor
    count = len(rate)
    hop = (
        Rotation.from_rotvec(rate[:, :-1].reshape(-1, 3) * HOP_S).as_matrix().reshape(count, PIECE - 1, 3, 3)
    )
    carry = np.concatenate([np.broadcast_to(np.eye(3), (count, 1, 3, 3)), hop], axis=1)
    lag = 1
    while lag < PIECE:
        carry[:, lag:] = carry[:, :-lag] @ carry[:, lag:]
        lag *= 2
    middle = np.concatenate([rate[:, :1], 0.5 * (rate[:, 1:-1] + rate[:, :-2]), rate[:, -2:-1]], axis=1)
    change = np.zeros_like(rate)
    change[:, 1:-1] = (rate[:, 1:-1] - rate[:, :-2]) / HOP_S
    lever = _cross_matrix(change) + _cross_matrix(middle) @ _cross_matrix(middle)
    weight = pieces.chosen[..., None].astype(np.float64)
    force = np.einsum("knij,knj->kni", carry, pieces.force_mps2)
    a = _about_mean((carry @ lever).reshape(count, PIECE, 9), weight).reshape(-1, 3)
    b = _about_mean(force, weight).reshape(-1)
    arm = np.linalg.solve(a.T @ a + 1e-6 * np.eye(3), a.T @ b)
    return float(((b - a @ arm) ** 2).sum()), float(np.linalg.norm(arm))


def _cross_matrix(vectors: FloatArray) -> FloatArray:
    """The matrices (..., 3, 3) that multiply a vector crosswise from the left."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)


def _about_mean(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Less their mean over each piece, what is left out at 0."""
    mean = (values * weight).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    return np.asarray((values - mean) * weight)
