"""How a sensor is carried round a joint: what its turns leave unexplained of the force.

Carried along by the right rate, gravity stays where it is, and the rest of the force is that of a sensor
which is carried round a joint: ``alpha x p + omega x (omega x p)`` with one lever `p`. A factor of the rate,
the lever and a bias of each piece are fitted together (Gauss-Newton); a body that swings and soft tissue
leave much of the force unexplained, and by that the factor vague.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.motion import bridged_columns
from imu_reps.quality.gyroscope import calm_windows, unbiased_dps
from imu_reps.quality.windows import HOP_S, Windows

#: Pieces of at most so many windows are looked at each by itself: ten seconds, in which a gyroscope hardly
#: drifts. Within one the sensor turns so far.
PIECE, TURNS_DEG = 40, 8.0
#: Windows that are shaken by this count half, what is shaken more less; a piece counts so much at the least,
#: and all of them together as so many windows.
SHAKEN_MPS2, CALM_SHARE, FEWEST = 1.5, 0.25, 20.0
#: A quarter second is too long for what turns faster, as a shank in walking does; so many may be bridged.
FASTEST_DPS, BRIDGED = 150.0, 2
#: How far the joint and how large a bias may be (standard deviations), and of how many windows what is left
#: of the force is one reading (ours).
LEVER_M, BIAS_DPS, ALIKE = 1.0, 1.0, 4.0
#: Steps of the fit: at most so many, so large each, none beyond these factors, and no more once they are that
#: small. On a swinging body the force stays in the sensor, whatever that turns by: there the factor falls.
STEPS, LARGEST, FACTORS, SMALLEST = 10, 0.25, (0.3, 3.0), 0.003
#: Mean square of what is left of the force before it is known, (m/s²)².
LEFT_AT_FIRST = 0.25
#: Standard errors: that of the model, or of one piece alone, and that of a force left over which goes with
#: the turns in this share (ours: over 1,200 sets of two simulators 3 good gyroscopes are off by 3.3 of them).
MODEL_ERROR, GOES_WITH = 0.03, 0.15


@dataclass(frozen=True, slots=True)
class TurningPieces:
    """Pieces of a recording in which gravity turns and hardly anything is missing.

    Attributes
    ----------
    force_mps2, rate_rad_s : (k, n, 3) float
        Windows of each piece; the rate is that of the hop after the window.
    weight : (k, n) float
        How much each window counts.
    """

    force_mps2: FloatArray
    rate_rad_s: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class TurningFit:
    """What explains the force best.

    Attributes
    ----------
    factor, error : float
        What the rate is to be multiplied by, and the standard error of that.
    left : float
        Mean square of the force that is left without biases, (m/s²)².
    pieces : TurningPieces
        What it was fitted to.
    """

    factor: float
    error: float
    left: float
    pieces: TurningPieces


def _turning_pieces(windows: Windows) -> TurningPieces | None:
    """The pieces in which gravity turns and hardly anything is missing; None where there is too little."""
    number = -(-len(windows) // PIECE)
    length = len(windows) // number
    rows = np.arange(number * length).reshape(number, length)
    force = _sharpened(windows.acc_mps2)
    rate = np.radians(unbiased_dps(windows, calm_windows(windows)))
    rate = np.vstack([rate, rate[-1:]])
    holes = np.isnan(rate[rows, 0]).sum(axis=1)
    share = 1.0 / (1.0 + (np.nan_to_num(windows.acc_sd_mps2[rows]) / SHAKEN_MPS2) ** 2)
    share[np.isnan(force[rows, 0])] = 0.0
    force, rate = bridged_columns(force), bridged_columns(rate)
    turned_deg = np.degrees(np.ptp(np.cumsum(rate[rows], axis=1), axis=1).max(axis=1)) * HOP_S
    slow = np.abs(rate[rows]).max(axis=(1, 2)) < np.radians(FASTEST_DPS)
    used = (holes <= BRIDGED) & slow & (turned_deg > TURNS_DEG) & (share.mean(axis=1) > CALM_SHARE)
    if share[used].sum() < FEWEST:
        return None
    rows, weight = rows[used], np.sqrt(share[used])
    weight[:, [0, -1]] = 0.0  # how the rate changes there is not known
    return TurningPieces(force[rows], rate[rows], weight)


def _sharpened(means: FloatArray) -> FloatArray:
    """What half-second means are of, in their middles: a mean adds T²/24 of the second derivative."""
    sharp = means.copy()
    sharp[1:-1] -= np.diff(means, 2, axis=0) / 6.0
    return sharp


def fit_turning(windows: Windows) -> TurningFit | None:
    """Fit the factor of the rate; None where there is too little that turns.

    Its error is that of leaving out each piece in turn, of the model, and of what is left of the force.
    """
    pieces = _turning_pieces(windows)
    if pieces is None:
        return None
    factor, lever, left, least = 1.0, np.zeros(3), LEFT_AT_FIRST, np.inf
    for step in range(STEPS):
        square, product, left, unbiased = _normal_equations(pieces, factor, lever, left)
        least = min(least, unbiased) if step else least
        prior = np.diag([1e-9, *[ALIKE * left / LEVER_M**2] * 3])
        whole, towards = square.sum(axis=0) + prior, product.sum(axis=0) + prior @ np.append(0.0, lever)
        if not step:  # what turns at all needs a lever first
            lever = -np.linalg.solve(whole[1:, 1:], towards[1:])
            continue
        change = -np.linalg.solve(whole, towards)
        factor += float(np.clip(change[0], -LARGEST, LARGEST))
        lever = lever + change[1:]
        if not FACTORS[0] < factor < FACTORS[1] or abs(change[0]) < SMALLEST:
            break
    goes_with = GOES_WITH * np.sqrt(left * (pieces.weight**2).sum() * np.linalg.inv(whole)[0, 0])
    others, spread = len(square) - 1, MODEL_ERROR
    if others:
        without = np.linalg.solve(whole - square, (towards - product)[..., None])[:, 0, 0]
        spread = float(np.sqrt(others * without.var())) * (1.0 + 1.0 / others)
    return TurningFit(factor, float(np.linalg.norm([MODEL_ERROR, spread, goes_with])), least, pieces)


def unexplained(pieces: TurningPieces) -> float:
    """Mean square of the force that is left with the rate as it is, (m/s²)²."""
    square, product, _, left = _normal_equations(pieces, 1.0, np.zeros(3), LEFT_AT_FIRST)
    prior = ALIKE * LEFT_AT_FIRST / LEVER_M**2 * np.eye(3)
    towards = product.sum(axis=0)[1:]
    explained = towards @ np.linalg.solve(square.sum(axis=0)[1:, 1:] + prior, towards)
    return left - float(explained) / float((pieces.weight**2).sum())


def _normal_equations(
    pieces: TurningPieces, factor: float, lever: FloatArray, variance: float
) -> tuple[FloatArray, FloatArray, float, float]:
    """Those of factor and lever, (k, 4, 4) and (k, 4); mean square of the force left, with biases or not.

    The mean force of each piece is gravity, and its bias is eliminated, by the variance of a reading.
    """
    force, slopes = _carried(pieces, factor, lever)
    both = np.concatenate([slopes, force[..., None]], axis=-1)
    weight = pieces.weight[..., None, None]
    mean = (both * weight**2).sum(axis=1, keepdims=True) / (weight**2).sum(axis=1, keepdims=True)
    both = ((both - mean) * weight).reshape(len(both), -1, 8)
    sums = both.transpose(0, 2, 1) @ both
    kept = [0, 1, 2, 3, 7]
    bias = sums[:, 4:7, 4:7] + ALIKE * variance / np.radians(BIAS_DPS) ** 2 * np.eye(3)
    rest = sums[:, kept][..., kept] - sums[:, kept, 4:7] @ np.linalg.solve(bias, sums[:, 4:7][..., kept])
    total = float((weight**2).sum())
    left, unbiased = float(sums[:, 7, 7].sum()) / total, float(rest[:, 4, 4].sum()) / total
    return rest[:, :4, :4], rest[:, :4, 4], left, unbiased


def _carried(pieces: TurningPieces, factor: float, lever: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The force less the lever's, in the axes of each piece's first window, (k, n, 3); and its slopes.

    Slopes (k, n, 3, 7) are by the factor, by the lever (3) and by a bias of the rate (3), rad/s.
    """
    rate = pieces.rate_rad_s * factor
    turn = Rotation.from_rotvec(rate[:, :-1].reshape(-1, 3) * HOP_S).as_matrix()
    carry = np.zeros((*rate.shape, 3))
    carry[:, 0], carry[:, 1:] = np.eye(3), turn.reshape(len(rate), -1, 3, 3)
    lag = 1
    while lag < carry.shape[1]:
        carry[:, lag:] = carry[:, :-lag] @ carry[:, lag:]
        lag *= 2
    middle, change = np.zeros_like(rate), np.zeros_like(rate)
    middle[:, 1:] = 0.5 * (rate[:, 1:] + rate[:, :-1])
    change[:, 1:] = (rate[:, 1:] - rate[:, :-1]) / HOP_S
    round_it = middle[..., :, None] * middle[..., None, :]
    round_it -= (middle**2).sum(axis=-1)[..., None, None] * np.eye(3)
    carried = carry @ (_cross_matrix(change) + round_it)
    force = (carry @ pieces.force_mps2[..., None])[..., 0] - carried @ lever
    turned, spun = np.zeros_like(carry), np.zeros_like(rate)
    turned[:, 1:] = np.cumsum(carry[:, :-1], axis=1) * HOP_S
    spun[:, 1:] = np.cumsum((carry @ pieces.rate_rad_s[..., None])[:, :-1, :, 0], axis=1) * HOP_S
    twice = carried @ lever + (carry @ (round_it @ lever)[..., None])[..., 0]
    by_factor = np.cross(spun, force) - twice / factor
    slopes = [by_factor[..., None], -carried, -_cross_matrix(force) @ turned]
    return force, np.concatenate(slopes, axis=-1)


def _cross_matrix(vectors: FloatArray) -> FloatArray:
    """The matrices (..., 3, 3) that multiply a vector crosswise from the left."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)
