"""Scale and axes of a gyroscope on a limb that is never calm, by the force they leave unexplained.

Rotated along by the true rate, gravity is constant, and the rest of the force is that of a sensor carried
round a joint: ``alpha x p + omega x (omega x p)`` with one lever `p`. A factor of the rate, the lever and a
bias of each piece are fitted together (Gauss-Newton); a swinging body and soft tissue leave much of the force
unexplained and make the factor uncertain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import ACC_COLUMNS, GYR_COLUMNS, BoolArray, FloatArray, IntArray, SensorPlace
from imu_reps.kinematics.motion import bridged
from imu_reps.kinematics.robust import medians, quantiles
from imu_reps.kinematics.rotations import products, rotations_by
from imu_reps.quality.windows import MIN_HOP_S, Windows


@dataclass(frozen=True, slots=True)
class MotionFitParams:
    """Parameters of the gyroscope's comparison with the force in motion.

    Attributes
    ----------
    piece_s, min_turn_deg : float
        Greatest length of a piece, in which a gyroscope hardly drifts; and smallest turn within a piece.
    shaken_mps2, min_calm_share, min_s : float
        Scatter of the force at which a window has half the weight; smallest mean weight of a piece, and
        smallest total weight as a time.
    max_hop_deg : float
        Greatest turn within a hop: 220 deg/s in a quarter second; a shank in walking turns faster.
    fast_dps, well_share : float
        Rate, and unexplained share of the force, from which shorter windows are tried: the usual ones hardly
        show a lift of half a second, but shorter ones show how soft tissue rings (ours).
    max_bridged_s : float
        Greatest time that is missing from a piece.
    lever_sd_m, bias_sd_dps : float
        Prior standard deviations of the lever and of the bias (ours).
    reading_s : float
        Time in which the remaining force counts as one independent reading (ours).
    max_steps, max_step, min_step : int or float
        Greatest number of steps of the fit, greatest change of the factor per step, and change at which the
        fit has converged.
    factor_range : tuple
        Limits of the factor, beyond which the fit ends. On a swinging body the force stays constant in the
        sensor, however it turns: the factor then falls.
    initial_variance : float
        Initial mean square of the remaining force, (m/s²)².
    trusted_mps2 : float
        Remaining force of a piece, RMS, at which it has half the weight: what is done before and after a set
        shows no scale (ours: 0.15 to 0.3 in repetitions).
    starts, poor_share : tuple or float
        Factors to begin with if the fit from 1 leaves more than this share of the force unexplained: a limb
        that seems to turn round and round has more than one factor that explains some of it.
    known_share : float
        Greatest unexplained share of the force at which the factor is known: arms that swing like a pendulum
        feel the same force however they turn (ours).
    model_error, correlated_share : float
        Standard error of the model, and of a single piece; and share of the remaining force that is
        correlated with the turns (ours: over 1,200 sets of two simulators 3 good gyroscopes are off by 3.3
        standard errors).
    own_model_error, own_reading_s : float
        Error of a piece's own factor by what the model leaves out, such as soft tissue, and time in which the
        remaining force counts as one independent reading for it (ours: at half of that error one calm piece
        outweighs all others, and 4 of 800 good sensors seem to drift).
    sure_sds : float
        Number of standard errors from which a wrong scale is reported (ours).
    near, near_error : float
        Greatest difference of the factor from 1, and greatest error, that show correct axes.
    repaired_share : float
        Greatest share of the remaining force, as mean squares, that changed columns may leave (ours: at least
        0.4 with good gyroscopes in 1,000 sets of two simulators; 9 of 10 inverted axes leave less).
    repaired_share_alone : float
        The same for a single piece of ten seconds, which other columns fit more easily.
    dead_times, dead_share, dead_turning, dead_left_mps2, dead_error : float
        Limits for a dead axis: its rate in the fastest third of the hops as a multiple of that in the
        slowest, and as a share of another axis's; how much the force turns about it, as a share of another
        axis's; the remaining force, m/s², and the factor's error (ours: on a swinging body as much remains,
        but the factor is known to within 0.12).
    """

    piece_s: float = 10.0
    min_turn_deg: float = 8.0
    shaken_mps2: float = 1.5
    min_calm_share: float = 0.25
    min_s: float = 5.0
    max_hop_deg: float = 55.0
    fast_dps: float = 100.0
    well_share: float = 0.02
    max_bridged_s: float = 0.5
    lever_sd_m: float = 1.0
    bias_sd_dps: float = 1.0
    reading_s: float = 1.0
    max_steps: int = 10
    max_step: float = 0.25
    factor_range: tuple[float, float] = (0.3, 3.0)
    min_step: float = 0.003
    initial_variance: float = 0.25
    trusted_mps2: float = 0.3
    starts: tuple[float, ...] = (0.5, 2.0)
    poor_share: float = 0.1
    known_share: float = 0.2
    model_error: float = 0.03
    correlated_share: float = 0.15
    own_model_error: float = 0.03
    own_reading_s: float = 0.3
    sure_sds: float = 3.3
    near: float = 0.1
    near_error: float = 0.08
    repaired_share: float = 0.25
    repaired_share_alone: float = 0.1
    dead_times: float = 1.5
    dead_share: float = 0.05
    dead_turning: float = 0.3
    dead_left_mps2: float = 1.0
    dead_error: float = 0.12


PARAMS = MotionFitParams()


_EYE = np.eye(3)


@dataclass(frozen=True, slots=True)
class TurningPieces:
    """Pieces of a recording in which gravity turns and hardly anything is missing.

    Attributes
    ----------
    force_mps2, rate_rad_s : (3, k, n) float
        Windows of each piece; the rate is that of the hop after the window.
    weight : (k, n) float
        Weight of each window, as a factor of its residuals.
    first : (k,) int
        First window of each piece.
    hop_s : float
        Length of a hop.
    left_out : int
        Number of pieces that turn, but too fast or too shaken for windows of this length.
    """

    force_mps2: FloatArray
    rate_rad_s: FloatArray
    weight: FloatArray
    first: IntArray
    hop_s: float
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, pieces: slice | BoolArray) -> TurningPieces:
        return TurningPieces(
            self.force_mps2[:, pieces],
            self.rate_rad_s[:, pieces],
            self.weight[pieces],
            self.first[pieces],
            self.hop_s,
        )

    @property
    def total_weight(self) -> FloatArray:
        """Weight of each piece's squares, (k,)."""
        return np.asarray((self.weight**2).sum(axis=1))

    def turned_otherwise(self, matrices: FloatArray) -> TurningPieces:
        """Return all pieces with the rate changed by each matrix, (m, 3, 3), in turn: m times as many."""
        times = len(matrices)
        rate = np.einsum("mij,ikn->jmkn", matrices, self.rate_rad_s)
        return TurningPieces(
            np.tile(self.force_mps2, (1, times, 1)),
            rate.reshape(3, -1, rate.shape[-1]),
            np.tile(self.weight, (times, 1)),
            np.tile(self.first, times),
            self.hop_s,
        )

    def at_other_times(self, late_hops: int) -> TurningPieces:
        """Return the pieces with the rate of `late_hops` later, as if it had come so late; earlier if < 0."""
        weight, beyond = self.weight.copy(), abs(late_hops) + 1
        weight[:, slice(-beyond, None) if late_hops > 0 else slice(beyond)] = 0.0
        return replace(self, rate_rad_s=np.roll(self.rate_rad_s, -late_hops, axis=-1), weight=weight)


@dataclass(frozen=True, slots=True)
class TurningFit:
    """Fit of the rate's factor that explains the force best.

    Attributes
    ----------
    factor, error : float
        Factor to multiply the rate by, and its standard error.
    lever_m : float
        Distance of the sensor from what it turns about, with that factor.
    residual_variance : float
        Mean square of the remaining force without biases, (m/s²)².
    pieces : TurningPieces
        The pieces it was fitted to.
    own_factor : (k,) float
        Factor that explains the force of each piece best by itself, to first order.
    left, own_left : (k,) float
        Sum of squares of each piece's force that the common factor, and its own one, leave unexplained.
    unturned : (k,) float
        The same if nothing turns.
    """

    factor: float
    error: float
    lever_m: float
    residual_variance: float
    pieces: TurningPieces
    own_factor: FloatArray
    left: FloatArray
    own_left: FloatArray
    unturned: FloatArray

    @property
    def unexplained(self) -> float:
        """Share of the force, where it is explained best, that the turns leave: without them it is 1."""
        trust = _trust(self.left / self.pieces.total_weight)
        return float(trust @ self.left) / max(float(trust @ self.unturned), 1e-9)


def may_show_more(windows: Windows, fit: TurningFit | None) -> bool:
    """Whether shorter windows may explain the force better, or more of it: of a limb that turns fast."""
    fast = bool((np.abs(windows.unbiased_dps) > PARAMS.fast_dps).any())
    poor = fit is None or fit.pieces.left_out > 0 or fit.unexplained > PARAMS.well_share
    return fast and windows.hop_s > MIN_HOP_S and poor


def shows_more(finer: TurningFit, fit: TurningFit) -> bool:
    """Whether shorter windows explain the force better, or more of the recording well."""
    more = len(finer.pieces) > len(fit.pieces) and finer.unexplained < PARAMS.poor_share
    return more or finer.unexplained < fit.unexplained


def fit_turning(windows: Windows) -> TurningFit | None:
    """Fit the factor of a sensor's rate; None if too little of the recording turns."""
    pieces = _turning_pieces(windows)
    if pieces is None:
        return None
    unturned = unexplained_unturned(pieces)
    fit = _fitted(pieces, unturned, 1.0)
    if fit.unexplained > PARAMS.poor_share:
        others = [_fitted(pieces, unturned, start) for start in PARAMS.starts]
        return min([fit, *others], key=attrgetter("unexplained"))
    return fit


def _fitted(pieces: TurningPieces, unturned: FloatArray, factor: float) -> TurningFit:
    """Return the factor, near a first one, that explains the force best."""
    left, least = PARAMS.initial_variance, math.inf
    lever: FloatArray = np.zeros(3)
    rotated = _rotated(pieces, factor)
    counts = pieces.total_weight
    for step in range(PARAMS.max_steps):
        biased, unbiased = _normal_equations(pieces, rotated, lever, left)
        trust = np.ones(len(pieces)) if step == 0 else _trust(unbiased[:, 4, 4] / counts)
        trusted = trust[:, None, None] * unbiased
        sums, left = trusted.sum(axis=0), float(trust @ biased[:, 4, 4]) / float(trust @ counts)
        loose = np.append(1e-9, np.full(3, PARAMS.reading_s / pieces.hop_s * left / PARAMS.lever_sd_m**2))
        whole, towards = sums[:4, :4] + np.diag(loose), sums[:4, 4] + loose * np.append(0.0, lever)
        if step == 0:  # the lever alone
            lever = -np.linalg.solve(whole[1:, 1:], towards[1:])
            continue
        least = min(least, float(unbiased[:, 4, 4].sum()) / float(counts.sum()))
        change, fitted_at = -np.linalg.solve(whole, towards), factor
        factor += float(np.clip(change[0], -PARAMS.max_step, PARAMS.max_step))
        lever = lever + change[1:]
        inside = PARAMS.factor_range[0] < factor < PARAMS.factor_range[1]
        if not inside or abs(change[0]) < PARAMS.min_step:
            break
        rotated = _rotated(pieces, factor)
    error = _error(trusted, whole, towards, left * float(trust @ counts))
    own_change, by_lever, by_both = _each(unbiased, loose, lever - change[1:])
    lever_m = float(np.linalg.norm(lever))
    own_factor = fitted_at + own_change
    return TurningFit(factor, error, lever_m, least, pieces, own_factor, by_lever, by_both, unturned)


def _trust(variance: FloatArray) -> FloatArray:
    """Return the weight of each piece, by the force that it leaves unexplained, (k,), (m/s²)²."""
    return np.asarray(PARAMS.trusted_mps2**2 / (PARAMS.trusted_mps2**2 + variance))


def _each(
    pieces: FloatArray, loose: FloatArray, lever: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the change of the factor by each piece alone, and the force that remains before and after it."""
    whole, towards = pieces[:, :4, :4] + np.diag(loose), pieces[:, :4, 4] + loose * np.append(0.0, lever)
    changes = np.linalg.solve(whole, towards[..., None])[..., 0]
    levers = np.linalg.solve(whole[:, 1:, 1:], towards[:, 1:, None])[..., 0]
    remains = pieces[:, 4, 4] + lever @ (loose[1:] * lever)
    by_lever = remains - np.einsum("ki,ki->k", towards[:, 1:], levers)
    by_both = remains - np.einsum("ki,ki->k", towards, changes)
    return -changes[:, 0], by_lever, by_both


def _error(pieces: FloatArray, whole: FloatArray, towards: FloatArray, left: float) -> float:
    """Return the factor's standard error.

    It combines those of leaving out each piece in turn, of the model, and of the remaining force.
    """
    goes_with = PARAMS.correlated_share * math.sqrt(left * np.linalg.inv(whole)[0, 0])
    others, spread = len(pieces) - 1, PARAMS.model_error
    if others:
        without = np.linalg.solve(whole - pieces[:, :4, :4], (towards - pieces[:, :4, 4])[..., None])
        spread = math.sqrt(others * without[:, 0, 0].var()) * (1.0 + 1.0 / others)
    return math.hypot(PARAMS.model_error, spread, goes_with)


def _turning_pieces(windows: Windows) -> TurningPieces | None:
    """Return the pieces in which gravity turns and hardly anything is missing; None if they are too few."""
    if not len(windows):
        return None
    number = -(-len(windows) // round(PARAMS.piece_s / windows.hop_s))
    length = len(windows) // number
    force = _sharpened(windows.acc_mps2)
    rate = np.radians(np.append(windows.unbiased_dps, windows.unbiased_dps[-1:], axis=0))
    holes = np.isnan(rate[:, 0])
    share = 1.0 / (1.0 + (windows.acc_sd_mps2 / PARAMS.shaken_mps2) ** 2)
    share[np.isnan(force[:, 0])] = 0.0
    force, rate, share, holes = (
        values[..., : number * length].reshape(*values.shape[:-1], number, length)
        for values in (bridged(force).T, bridged(rate).T, share, holes)
    )
    whole = holes.sum(axis=1) * windows.hop_s <= PARAMS.max_bridged_s
    turns = whole & (turned_deg(rate, windows.hop_s) > PARAMS.min_turn_deg)
    slow = np.abs(rate).max(axis=(0, 2)) < np.radians(PARAMS.max_hop_deg / windows.hop_s)
    used = turns & slow & (share.mean(axis=1) > PARAMS.min_calm_share)
    if share[used].sum() * windows.hop_s < PARAMS.min_s:
        return None
    weight = np.sqrt(share[used])
    weight[:, [0, -1]] = 0.0  # how the rate changes there is not known
    # contiguous windows per axis are several times faster
    force, rate = (np.ascontiguousarray(values[:, used]) for values in (force, rate))
    left_out = int((turns & ~used).sum())
    return TurningPieces(force, rate, weight, np.flatnonzero(used) * length, windows.hop_s, left_out)


def turned_deg(rate_rad_s: FloatArray, hop_s: float) -> FloatArray:
    """Return how far pieces turn, by rates (3, k, n), about the axis that they turn about most, (k,)."""
    return np.asarray(np.degrees(np.ptp(np.cumsum(rate_rad_s, axis=-1), axis=-1).max(axis=0)) * hop_s)


def _sharpened(means: FloatArray) -> FloatArray:
    """Return the values in the middles of half-second means: a mean adds T²/24 of the second derivative."""
    sharp = means.copy()
    sharp[1:-1] -= (means[2:] - 2.0 * means[1:-1] + means[:-2]) / 6.0
    return sharp


def _unexplained(pieces: TurningPieces) -> float:
    """Return the mean square of the force that remains with the rate unchanged, (m/s²)²."""
    return float(_remaining(_equations(pieces).sum(axis=0), pieces.hop_s)) / float(pieces.total_weight.sum())


def unexplained_each(pieces: TurningPieces) -> FloatArray:
    """Return the sum of squares of the force that remains in each piece by itself, (k,), (m/s²)²."""
    return _remaining(_equations(pieces), pieces.hop_s)


def unexplained_unturned(pieces: TurningPieces) -> FloatArray:
    """Return the same if nothing turns, so that a bias alone explains some of the force."""
    after_s = pieces.hop_s * np.arange(pieces.weight.shape[1])
    by_bias = _cross_matrix(pieces.force_mps2).swapaxes(0, 1) * -after_s
    rows = _weighted(pieces, np.concatenate([pieces.force_mps2[None], by_bias]))
    sums = rows @ rows.swapaxes(1, 2)
    bias = sums[:, 1:, 1:] + _bias_prior(pieces, PARAMS.initial_variance)
    fitted = np.linalg.solve(bias, sums[:, 1:, :1])[..., 0]
    return np.asarray(sums[:, 0, 0] - np.einsum("ki,ki->k", sums[:, 0, 1:], fitted))


def unexplained_in_windows(pieces: TurningPieces) -> FloatArray:
    """Return the square of the force that remains in each window of each piece, (k, n), (m/s²)²."""
    rows = _rows(pieces, _rotated(pieces, 1.0), np.zeros(3))
    slopes, force = rows[:, [1, 2, 3, 5, 6, 7]], rows[:, 4, :, None]
    prior = np.zeros((6, 6))
    prior[:3, :3], prior[3:, 3:] = _lever_prior(pieces.hop_s), _bias_prior(pieces, PARAMS.initial_variance)
    fitted = np.linalg.solve(slopes @ slopes.swapaxes(1, 2) + prior, slopes @ force)
    left = force[..., 0] - (slopes.swapaxes(1, 2) @ fitted)[..., 0]
    return np.asarray((left.reshape(len(left), 3, -1) ** 2).sum(axis=1))


def _equations(pieces: TurningPieces) -> FloatArray:
    rotated = _rotated(pieces, 1.0)
    return _normal_equations(pieces, rotated, np.zeros(3), PARAMS.initial_variance)[1]


def _remaining(sums: FloatArray, hop_s: float) -> FloatArray:
    """Return the remaining force of normal equations (..., 5, 5) with the lever that leaves least."""
    towards = sums[..., 1:4, 4]
    lever = np.linalg.solve(sums[..., 1:4, 1:4] + _lever_prior(hop_s), towards[..., None])[..., 0]
    return np.asarray(sums[..., 4, 4] - np.einsum("...i,...i->...", towards, lever))


def _lever_prior(hop_s: float) -> FloatArray:
    return PARAMS.reading_s / hop_s * PARAMS.initial_variance / PARAMS.lever_sd_m**2 * _EYE


@dataclass(frozen=True, slots=True)
class _Rotated:
    """Pieces rotated by the rate into the axes of each piece's first window.

    Attributes
    ----------
    force : (3, k, n) float
        Specific force.
    of_lever : (3, 3, k, n) float
        Derivative of the force on a sensor at the end of a lever by the lever.
    of_factor : (3, 3, k, n) float
        Derivative of `of_lever` by the factor of the rate.
    turned : (3, 4, k, n) float
        Rotation of the axes by a bias of the rate (1 rad/s about each axis) and by the factor, rad.
    """

    force: FloatArray
    of_lever: FloatArray
    of_factor: FloatArray
    turned: FloatArray


def _rotated(pieces: TurningPieces, factor: float) -> _Rotated:
    rate = pieces.rate_rad_s * factor
    carry = rotations_by(rate[..., :-1] * pieces.hop_s)
    middle, change = np.zeros_like(rate), np.zeros_like(rate)
    middle[..., 1:] = 0.5 * (rate[..., 1:] + rate[..., :-1])
    change[..., 1:] = (rate[..., 1:] - rate[..., :-1]) / pieces.hop_s
    round_it = middle[:, None] * middle
    round_it -= (middle**2).sum(axis=0) * _EYE[..., None, None]
    of_lever = products(carry, _cross_matrix(change) + round_it)
    force, turning = np.moveaxis(products(carry, np.stack([pieces.force_mps2, pieces.rate_rad_s], 1)), 1, 0)
    turned = np.zeros((3, 4, *pieces.weight.shape))
    turned[:, :3, :, 1:], turned[:, 3, :, 1:] = carry[..., :-1], turning[..., :-1]
    turned = np.cumsum(turned, axis=-1) * pieces.hop_s
    return _Rotated(force, of_lever, (of_lever + products(carry, round_it)) / factor, turned)


def _normal_equations(
    pieces: TurningPieces, rotated: _Rotated, lever: FloatArray, variance: float
) -> tuple[FloatArray, FloatArray]:
    """Return the normal equations of factor, lever (3) and remaining force, with and without biases.

    Both are (k, 5, 5). The mean force of each piece is taken for gravity, and its bias is eliminated, with a
    prior by the variance of a reading.
    """
    rows = _rows(pieces, rotated, lever)
    sums = rows @ rows.swapaxes(1, 2)
    bias = sums[:, 5:, 5:] + _bias_prior(pieces, variance)
    biased = sums[:, :5, :5]
    return biased, biased - sums[:, :5, 5:] @ np.linalg.solve(bias, sums[:, 5:, :5])


def _bias_prior(pieces: TurningPieces, variance: float) -> FloatArray:
    return np.asarray(
        PARAMS.reading_s / pieces.hop_s * variance / math.radians(PARAMS.bias_sd_dps) ** 2 * _EYE
    )


def _rows(pieces: TurningPieces, rotated: _Rotated, lever: FloatArray) -> FloatArray:
    """Return the weighted slopes of each piece's force about its mean, (k, 8, 3 * n).

    By the factor and by the lever (3), the force itself, and by a bias of the rate (3), 1/(rad/s).
    """
    force = rotated.force - _along(rotated.of_lever, lever)
    by_turns = products(_cross_matrix(force), rotated.turned).swapaxes(0, 1)
    both = np.empty((8, *force.shape))
    both[0] = -by_turns[3] - _along(rotated.of_factor, lever)
    both[1:4], both[4], both[5:] = -rotated.of_lever.swapaxes(0, 1), force, -by_turns[:3]
    return _weighted(pieces, both)


def _weighted(pieces: TurningPieces, slopes: FloatArray) -> FloatArray:
    """Return the weighted slopes, of (m, 3, k, n), about their means in each piece, (k, m, 3 * n)."""
    square = pieces.weight**2
    slopes -= ((slopes * square).sum(axis=-1) / square.sum(axis=-1))[..., None]
    slopes *= pieces.weight
    return np.asarray(slopes.transpose(2, 0, 1, 3).reshape(len(square), len(slopes), -1))


def _along(matrices: FloatArray, vector: FloatArray) -> FloatArray:
    """Return the products of matrices (3, 3, k, n) with one vector (3,), (3, k, n)."""
    return np.asarray(np.einsum("ij...,j->i...", matrices, vector))


def _cross_matrix(vectors: FloatArray) -> FloatArray:
    """Return the cross-product matrices (3, 3, ...) of vectors (3, ...)."""
    matrices = np.zeros((3, *vectors.shape))
    for row, column, part in ((1, 0, 2), (2, 1, 0), (0, 2, 1)):
        matrices[row, column], matrices[column, row] = vectors[part], -vectors[part]
    return matrices


def shows_axes(fit: TurningFit) -> bool:
    """Whether the turns explain the force so well that the axes must be right."""
    return abs(fit.factor - 1.0) < PARAMS.near and fit.error < PARAMS.near_error


def known_well(fit: TurningFit) -> bool:
    """Whether the turns explain so much of the force that their factor is known."""
    return fit.unexplained <= PARAMS.known_share


def check_axes_in_motion(place: SensorPlace, windows: Windows, fit: TurningFit | None) -> Iterator[Finding]:
    """Report a dead axis of the gyroscope, and columns that are swapped or have the wrong sign."""
    if fit is None or shows_axes(fit):
        return
    # on a swinging body the force is constant in the sensor, as if nothing turned; and of a limb that turns
    # fast, the factor may have strayed from the one at which other columns are tried
    unturned = float(fit.unturned.sum()) / float(fit.pieces.total_weight.sum())
    left = min(fit.residual_variance, unturned, _unexplained(fit.pieces))
    unexplained_by_turns = left > PARAMS.dead_left_mps2**2 and fit.error > PARAMS.dead_error
    values = _repaired(fit.pieces, left) or (_dead(windows) if unexplained_by_turns else {})
    if values:
        yield Finding("gyro_axes", values=values, severity="refuse", sensor=place)


def check_scale_in_motion(place: SensorPlace, fit: TurningFit | None) -> Iterator[Finding]:
    """Report a gyroscope with a wrong scale."""
    if fit is None or not known_well(fit):
        return
    # pieces that would all have another factor than the common one: the model is wrong, as with soft tissue
    error = math.hypot(fit.error, _usual_factor(fit) - fit.factor)
    # compared with the error of the factor and of its inverse: a swinging body gives a small, uncertain
    # factor
    if abs(fit.factor - 1.0) * min(1.0, fit.factor) > PARAMS.sure_sds * error:
        values = {"ratio": 1.0 / fit.factor, "error": error / fit.factor**2}
        yield Finding("gyro_scale", values=values, severity="caution", sensor=place)


def own_errors(fit: TurningFit) -> FloatArray:
    """Return the standard error of each piece's own factor, (k,)."""
    change = fit.own_factor - fit.factor
    # what a change of the factor explains, per square of the change
    shown = np.maximum(fit.left - fit.own_left, 1e-9) / np.maximum(change**2, 1e-9)
    variance = fit.own_left / fit.pieces.total_weight
    by_force = PARAMS.own_reading_s / fit.pieces.hop_s * variance / shown
    return np.asarray(np.sqrt(PARAMS.own_model_error**2 + by_force))


def _usual_factor(fit: TurningFit) -> float:
    """Return the median of the pieces' own factors, weighted by how well they are known."""
    order = np.argsort(fit.own_factor)
    known = np.cumsum(1.0 / own_errors(fit)[order] ** 2)
    return float(fit.own_factor[order[np.searchsorted(known, known[-1] / 2.0)]])


def _repaired(pieces: TurningPieces, left: float) -> dict[str, tuple[str, ...]]:
    """Return the columns that explain the remaining force if changed; empty if none do."""
    unexplained = {
        how: _unexplained(pieces.turned_otherwise(matrix[None])) for how, matrix in other_columns().items()
    }
    best = min(unexplained, key=unexplained.__getitem__)
    share = PARAMS.repaired_share if len(pieces) > 1 else PARAMS.repaired_share_alone
    return dict([best]) if unexplained[best] < share * left else {}


def other_columns() -> dict[tuple[str, tuple[str, ...]], FloatArray]:
    """Return the matrices of the rate, (3, 3), that belong to columns with changed signs or swapped.

    An inverted axis of the accelerometer appears as the two other axes of the gyroscope, and swapped ones as
    swapped axes of the gyroscope with the other sign.
    """
    tried: dict[tuple[str, tuple[str, ...]], FloatArray] = {("flip", GYR_COLUMNS): -_EYE}
    for axis, pair in enumerate(((1, 2), (0, 2), (0, 1))):
        sign, swap = np.eye(3), np.eye(3)
        sign[axis] *= -1.0
        swap[list(pair)] = swap[list(pair[::-1])]
        tried |= {("flip", (GYR_COLUMNS[axis],)): sign, ("flip", (ACC_COLUMNS[axis],)): -sign}
        tried["swap", (GYR_COLUMNS[pair[0]], GYR_COLUMNS[pair[1]])] = swap
        tried["swap", (ACC_COLUMNS[pair[0]], ACC_COLUMNS[pair[1]])] = -swap
    return tried


def _dead(windows: Windows) -> dict[str, str]:
    """Return the axis that shows only noise while the force turns about it; empty if there is none.

    An axis square to a swing shows only noise too, but the force does not turn about it.
    """
    rate = windows.gyr_dps[np.isfinite(windows.gyr_dps[:, 0])]
    rate = rate - medians(rate)
    size = np.linalg.norm(rate, axis=1)
    slow, fast = quantiles(size, 0.3, 0.7)
    still, moving = (np.sqrt((rate[chosen] ** 2).mean(axis=0)) for chosen in (size <= slow, size >= fast))
    least = int(moving.argmin())
    dead = moving[least] < min(PARAMS.dead_times * still[least], PARAMS.dead_share * moving.max())
    force = windows.acc_mps2[np.isfinite(windows.acc_mps2[:, 0])]
    turning = np.sqrt((np.cross(force[:-1], force[1:]) ** 2).mean(axis=0))
    dead &= bool(turning[least] > PARAMS.dead_turning * turning.max())
    return {"dead": GYR_COLUMNS[least]} if dead else {}
