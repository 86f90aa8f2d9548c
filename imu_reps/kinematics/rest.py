"""Rest: stillness of a sensor, and the gyroscope's bias it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.kinematics.robust import medians

STILL_WINDOW_S = 0.5

#: Number of instants computed at once: all of a long set at once takes several times as long.
AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class RestParams:
    """Parameters of rests and of the gyroscope's bias.

    Attributes
    ----------
    still_gyr_rms_dps : float
        Greatest root mean square of the angular rate in a still half second
        (docs/definitions.md#still-ready-spell).
    noise_times : float
        Greatest scatter of a noisy sensor at rest, as a multiple of its own noise:
        docs/definitions.md#still-ready-spell.
    noisy_acc_sd_mps2 : float
        Greatest scatter of any sensor at rest: slightly more than twice the 0.07 m/s² per axis of an MPU-6050
        at 200 Hz (ours).
    slow_turn_mps2 : float
        Change of the specific force between the halves of the window by a turn of 1 deg/s.
    wander_dps : float
        Smallest wander of the bias that is corrected: less leaves every rest still, as the limit of stillness
        is twice it (ours).
    wander_readings, wander_span : int
        Number of rests, and their span in half seconds, that must be exceeded to show a wander: a body that
        sways at the bar turns as smoothly for a while, a gyroscope takes half a minute and more to warm up
        (ours).
    wander_explained : float
        Smallest share of the variance of the rests' readings explained by the curve of a gyroscope that warms
        up; slow movement of a body comes and goes (ours: none of 226 sets of other people's simulators and 30
        of real people is above).
    """

    still_gyr_rms_dps: float = 2.0
    noise_times: float = 2.0
    noisy_acc_sd_mps2: float = 0.30
    slow_turn_mps2: float = 0.05
    wander_dps: float = 1.0
    wander_readings: int = 8
    wander_span: int = 30
    wander_explained: float = 0.9


PARAMS = RestParams()

STILL_ACC_SD_MPS2 = 0.15


#: Greatest bias of a gyroscope at rest: 20 (MPU-6050, as delivered), and some for its temperature. A faster
#: turn is no rest.
MAX_BIAS_DPS = 22.0


def pieces(count: int) -> list[slice]:
    """Return the slices of so many instants that are computed at once."""
    return [slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE)]


def window_length(period_s: float) -> int:
    """Return the number of samples in the half second that decides stillness."""
    return max(3, round(STILL_WINDOW_S / period_s))


def still_mask(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> BoolArray:
    """Return which samples end a still window: docs/definitions.md#still-ready-spell.

    The sensor's own noise is distinguished from movement by the differences between successive samples: half
    of their mean square is the variance of white noise (von Neumann, Ann. Math. Stat. 1941).

    Parameters
    ----------
    gyr_dps, acc_mps2 : (n, 3) float
        Bias-free angular rate, and specific force.
    length : int
        Window length in samples.

    Returns
    -------
    (n,) bool
        False for the first `length - 1` samples, whose window is incomplete.
    """
    mask = np.zeros(len(gyr_dps), bool)
    if len(gyr_dps) < length:
        return mask
    # contiguous samples per axis are several times faster
    gyr, acc = np.ascontiguousarray(gyr_dps.T), np.ascontiguousarray((acc_mps2 - acc_mps2[0]).T)
    squares = np.array([(gyr**2).sum(axis=0), (acc**2).sum(axis=0)])
    gyr_mean_square, acc_mean_square = _window_mean(squares, length)
    variance = acc_mean_square - (_window_mean(acc, length) ** 2).sum(axis=0)
    noise = _window_mean((np.diff(acc) ** 2).sum(axis=0), length - 1) / 2.0
    mask[length - 1 :] = _is_still(gyr_mean_square, variance, noise)
    return mask


def _is_still(gyr_mean_square: FloatArray, variance: FloatArray, noise: FloatArray) -> BoolArray:
    limit = np.maximum(PARAMS.noise_times**2 * noise, STILL_ACC_SD_MPS2**2)
    limit = np.minimum(limit, PARAMS.noisy_acc_sd_mps2**2)
    return np.asarray((gyr_mean_square < PARAMS.still_gyr_rms_dps**2) & (variance < limit))


class RunningStillness:
    """`still_mask` of samples as they arrive, by running sums; begun anew now and then, these stay small."""

    def __init__(self, length: int) -> None:
        self._length = length
        # squares of rate, force and its differences, and the force; NaN before the first sample
        self._sums = np.full((length, 6), np.nan)
        self._sums[-1] = 0.0
        self._last_mps2 = np.zeros((1, 3))  # the first difference is in no whole window

    def push(self, gyr_dps: FloatArray, acc_mps2: FloatArray) -> BoolArray:
        """Return which of the next samples, (n, 3), end a still window, (n,)."""
        length = self._length
        steps = acc_mps2 - np.concatenate([self._last_mps2, acc_mps2[:-1]])
        values = np.concatenate([gyr_dps, acc_mps2, steps], axis=1)
        squares = (values * values).reshape(-1, 3, 3).sum(axis=2)
        added = np.concatenate([self._sums[-1:], np.concatenate([squares, acc_mps2], axis=1)])
        sums = np.concatenate([self._sums[:-1], added.cumsum(axis=0)])
        self._sums, self._last_mps2 = sums[-length:], acc_mps2[-1:]
        mean = (sums[length:] - sums[:-length]) / length
        if not (mean[:, 0] < PARAMS.still_gyr_rms_dps**2).any():
            return np.zeros(len(mean), bool)
        variance = mean[:, 1] - (mean[:, 3:] ** 2).sum(axis=1)
        noise = (sums[length:, 2] - sums[1 : 1 - length, 2]) / (length - 1) / 2.0
        return _is_still(mean[:, 0], variance, noise)


@dataclass(frozen=True, slots=True)
class Rests:
    """The still half seconds of a sensor.

    Attributes
    ----------
    start : (k,) int
        First sample of each.
    gyr_dps, acc_mps2 : (k, 3) float
        Mean readings over each.
    """

    start: IntArray
    gyr_dps: FloatArray
    acc_mps2: FloatArray


def find_rests(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> Rests:
    """Return which consecutive half seconds of samples (n, 3), of `length` samples each, are still."""
    count = len(gyr_dps) // length
    gyr, acc = (values[: count * length].reshape(count, length, 3) for values in (gyr_dps, acc_mps2))
    # contiguous samples per axis are several times faster
    gyr = np.ascontiguousarray(gyr.transpose(2, 0, 1))
    mean = gyr.mean(axis=2)
    slow = _squares(gyr - mean[..., None]) / length < (PARAMS.still_gyr_rms_dps / 2) ** 2
    (few,) = (slow & (np.abs(mean) < MAX_BIAS_DPS).all(axis=0)).nonzero()
    if not len(few):
        return Rests(few, np.empty((0, 3)), np.empty((0, 3)))
    acc = np.ascontiguousarray(acc.take(few, axis=0).transpose(2, 0, 1))
    force, half = acc.mean(axis=2), length // 2
    turned = np.abs(acc[..., -half:].mean(axis=2) - acc[..., :half].mean(axis=2)).max(axis=0)
    noise = _squares(np.diff(acc)) / (length - 1) / 2.0
    # twice the noise's variance allows for its random error; the other limits are half of those of stillness
    limit = np.clip(2.0 * noise, (STILL_ACC_SD_MPS2 / 2.0) ** 2, (PARAMS.noisy_acc_sd_mps2 / 2.0) ** 2)
    rest = (turned < PARAMS.slow_turn_mps2) & (_squares(acc - force[..., None]) / length < limit)
    return Rests(few[rest] * length, mean.T[few[rest]], force.T[rest])


def _squares(values: FloatArray) -> FloatArray:
    """Return the sums of squares over the axes and samples of each window, (k,) from (3, k, n)."""
    return np.asarray(np.einsum("ijk,ijk->j", values, values))


def bias_at_rest(gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> FloatArray | None:
    """Return the gyroscope's bias by the rests among samples (n, 3), half seconds of `length` samples each.

    A constant bias, (3,), is the median over the rests; one that warms up is (n, 3); None without rests.
    These are judged by scatter alone, so that a bias cannot hide the rest that shows it.
    """
    rests = find_rests(gyr_dps, acc_mps2, length)
    readings = rests.gyr_dps
    bias = warming_curve(rests.start / length + 0.5, readings, np.arange(len(gyr_dps)) / length)
    if bias is None and len(readings):
        bias = medians(readings)
    return bias


def warming_curve(at: FloatArray, readings: FloatArray, when: FloatArray | IntArray) -> FloatArray | None:
    """Fit a parabola through the readings at rest, constant outside of them; None if they show no wander.

    They must also show it without the reading furthest off: a body that sways is still for a moment as it
    turns. VQF's own bias estimate cannot be used, since it follows a change of 0.1 deg/s per second too
    slowly for the rests to be detected.

    Parameters
    ----------
    at : (k,) float
        Times of the rests in half seconds, increasing.
    readings : (k, 3) float
        The gyroscope's readings at rest, deg/s.
    when : (n,) float
        Times to evaluate the bias at, in half seconds.

    Returns
    -------
    (n, 3) float or None
    """
    if len(readings) <= PARAMS.wander_readings or at[-1] - at[0] < PARAMS.wander_span:
        return None
    # the fit's variation is at most that of the readings, and its range at most √2 times its root sum of
    # squares
    if 2.0 * readings.var(axis=0).max() * len(readings) < PARAMS.wander_dps**2:
        return None
    middle, half = (at[0] + at[-1]) / 2.0, (at[-1] - at[0]) / 2.0
    along = (at - middle) / half
    curve = _parabola(along, readings)
    if curve is None:
        return None
    furthest = int(np.linalg.norm(readings - medians(readings), axis=1).argmax())
    if _parabola(np.delete(along, furthest), np.delete(readings, furthest, axis=0)) is None:
        return None
    return np.asarray(polynomial.polyval((np.clip(when, at[0], at[-1]) - middle) / half, curve).T)


def _parabola(along: FloatArray, readings: FloatArray) -> FloatArray | None:
    """Return the coefficients (3, 3) of a parabola through readings; None if it explains too little."""
    basis = np.linalg.qr(polynomial.polyvander(along, 2))[0]
    fitted = basis @ (basis.T @ readings)
    left = ((readings - fitted) ** 2).sum()
    explained = 1.0 - left / max(float(((readings - readings.mean(axis=0)) ** 2).sum()), 1e-12)
    if np.ptp(fitted, axis=0).max() < PARAMS.wander_dps or explained < PARAMS.wander_explained:
        return None
    return np.asarray(polynomial.polyfit(along, readings, 2))


def runs_of(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the starts and the (exclusive) ends of the spans in which a mask holds."""
    padded = np.concatenate([[False], mask, [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return edges[::2], edges[1::2]


def mask_of_runs(count: int, starts: IntArray, ends: IntArray) -> BoolArray:
    """Return a mask of `count` samples that holds within the spans."""
    mask = np.zeros(count, bool)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        mask[start:end] = True
    return mask


def stretches(mask: BoolArray, gap: int = 0, shortest: int = 1) -> list[tuple[int, int]]:
    """Return the half-open spans in which `mask` holds, merging those at most `gap` apart.

    Of a noisy mask most are shorter than `shortest`, and left out.
    """
    starts, ends = runs_of(mask)
    if gap:
        apart = starts[1:] - ends[:-1] > gap
        starts, ends = np.append(starts[:1], starts[1:][apart]), np.append(ends[:-1][apart], ends[-1:])
    if shortest > 1:
        long = ends - starts >= shortest
        starts, ends = starts[long], ends[long]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _window_mean(values: FloatArray, length: int) -> FloatArray:
    """Return moving means of `length` values along the last axis, from sums of 1, 2, 4, ... of them."""
    count = values.shape[-1] - length + 1
    total = np.zeros((*values.shape[:-1], count))
    for piece in pieces(count):
        part = total[..., piece]
        done, sums, size = 0, values[..., piece.start : piece.stop + length - 1], 1
        while size <= length:
            if length & size:
                part += sums[..., done : done + part.shape[-1]]
                done += size
            sums, size = sums[..., :-size] + sums[..., size:], 2 * size
    return np.asarray(total / length)
