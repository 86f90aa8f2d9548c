"""Unit, scale and axes of the angular rate, held against the accelerometer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.domain.finding import Finding
from imu_reps.domain.frames import GYR_COLUMNS
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.rest import gyroscope_bias, window_length
from imu_reps.quality.windows import HOP_S, Windows, angle_deg

#: Windows in which the specific force hardly varies and has gravity's length point up within a few degrees.
CALM_SD_MPS2 = 0.5
CALM_OFF_MPS2 = 0.7

#: Calm windows that are compared are so many hops apart, doubling: 1, 2 and 4 s, the time of a slow lift.
SHORTEST_LAG = 4
LONGEST_LAG = 16

#: A turn that both must have seen: far above the error of a calm window, and short of a flip.
MIN_TURN_DEG = 8.0
MAX_TURN_DEG = 120.0

#: Pairs of calm windows with such a turn between them, below which nothing is said: two lifts' worth.
MIN_PAIRS = 8

#: Pairs of windows that begin a quarter second apart see much the same: so many of them, over 1, 2 and 4 s,
#: are one turn seen (ours). What is told is sure by so many standard errors.
PAIRS_A_TURN = 8
SURE_SDS = 2.0

#: The scale is told finely where gravity turns far between calmer moments, and less so between calm ones.
#: What accelerations make of its direction there is so many degrees (ours, over 100 random simulated sets).
#: One median for each four seconds is one reading, since pairs that begin together see much the same.
CALMER_MPS2, READING_HOPS, MIN_READINGS = 0.2, 16, 6
CALMER_FAR_DEG, CALMER_ERROR_DEG = 12.0, 0.6
CALM_FAR_DEG, CALM_ERROR_DEG = 20.0, 1.4
FINE_OFF, FINE_SDS = 0.045, 4.25
#: Elsewhere only what is off by this is told.
DOUBTFUL = (0.8, 1.25)
WRONG = (0.5, 2.0)

#: rad/s read as deg/s make the ratio 1/57.3 = 0.017.
RADIANS = (0.011, 0.026)

#: The direction the gyroscope leads to may miss that of the accelerometer by this share of the turn;
#: good sensors miss by 0.01 to 0.1, unrelated axes by about 1 and more.
MAX_MISS = 0.6

#: A miss from which on a dead axis is looked for.
DEAD_MISS = 0.12

#: A sensor on a body that swings from a bar turns at most so many times as far as its force does back (ours:
#: 1 to 3 at the end of two metres), and no body turns faster.
SWINGS_BACK, SWINGS_DPS = -4.0, 500.0

#: Gravity turns this fast (RMS) about an axis of which the gyroscope shows less than this share.
DEAD_TURN_DPS, DEAD_SHARE = 1.5, 0.15

#: Where nothing is calm: a change of direction within a second that no push of a limb feigns (0.5 g all the
#: while), and the share of it below which the gyroscope cannot be in deg/s. A dead one is no unit.
SWING_DEG = 25.0
SWING_SHARE = 0.1
DEAD = 0.004


def check_gyroscope(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Unit, scale and axes of one sensor's angular rate, by the turns of gravity that it must explain.

    Between two calm moments 1, 2 or 4 s apart the direction of up, carried along by the gyroscope,
    must arrive where the accelerometer sees it. Turns about the vertical do not show and do not matter.
    Where nothing turns, or nothing is calm, nothing is said; nor where the pairs contradict each other: on a
    swinging body (a pendulum) the specific force stays in the sensor while the gyroscope turns.
    """
    turns = seen_turns(windows)
    ratio, miss = turns.ratio, turns.miss
    if len(ratio) < MIN_PAIRS:
        yield from _by_the_way(place, windows)
        return
    middle, error = _median_and_error(ratio)
    missed, missed_error = _median_and_error(miss)
    values = {"ratio": middle, "error": error}
    if RADIANS[0] < middle < RADIANS[1] and error < middle:
        yield Finding("gyro_unit_radps", values=values, severity="refuse", sensor=place)
    elif missed > DEAD_MISS and (dead := _dead_axis(windows)):
        yield Finding("gyro_axes", values={"dead": dead}, severity="refuse", sensor=place)
    elif missed - SURE_SDS * missed_error > MAX_MISS and not _same_plane(ratio, miss):
        # a body that swings turns its force back, alike in all turns
        if not _swings(ratio, miss) or np.nanmax(np.abs(windows.gyr_dps)) > SWINGS_DPS:
            yield Finding("gyro_axes", severity="refuse", sensor=place)
    elif _beyond(middle, error, WRONG):
        yield Finding("gyro_scale", values=values, severity="refuse", sensor=place)
    elif off := _fine_scale(turns):
        yield Finding("gyro_scale", values=off, severity="caution", sensor=place)
    elif _beyond(middle, error, DOUBTFUL):
        yield Finding("gyro_scale", values=values, severity="caution", sensor=place)


def _dead_axis(windows: Windows) -> str | None:
    """The axis of the gyroscope that shows nothing of the turns that gravity does in calm moments."""
    calm = calm_windows(windows)
    both = calm[1:] & calm[:-1] & np.isfinite(windows.gyr_dps[:, 0])
    if both.sum() < MIN_PAIRS:
        return None
    needed = np.degrees(np.cross(windows.up[1:], windows.up[:-1])[both]) / HOP_S
    seen = windows.gyr_dps[both] - np.median(windows.gyr_dps[both], axis=0)
    strong, shown = (np.sqrt((turning**2).mean(axis=0)) for turning in (needed, seen))
    dead = (strong > DEAD_TURN_DPS) & (shown < DEAD_SHARE * strong)
    return GYR_COLUMNS[int(np.argmax(dead))] if dead.sum() == 1 else None


def _median_and_error(values: FloatArray) -> tuple[float, float]:
    """A median, and its standard error: that of a normal scatter with the same quartiles."""
    low, middle, high = np.percentile(values, (25.0, 50.0, 75.0))
    turns = max(1.0, len(values) / PAIRS_A_TURN)
    return float(middle), float(1.2533 * (high - low) / 1.349 / np.sqrt(turns))


def _beyond(middle: float, error: float, limits: tuple[float, float]) -> bool:
    """Whether a value is surely outside of limits; a gyroscope that turns the other way is no scale."""
    return middle + SURE_SDS * error < limits[0] or middle - SURE_SDS * error > limits[1]


def check_warming(block: SampleBlock, timed: TimedSamples) -> Iterator[Finding]:
    """Whether the gyroscope's bias wanders, as while the part warms up."""
    gyr_dps, acc_mps2 = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    bias = gyroscope_bias(gyr_dps, acc_mps2, window_length(timed.period_s))
    if bias is not None and bias.ndim > 1:
        values = {"bias_dps": float(np.ptp(bias, axis=0).max())}
        yield Finding("gyro_warms_up", values=values, severity="caution", sensor=block.sensor)


def _by_the_way(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Without calm moments only this is sure: a direction that swings far takes a gyroscope along.

    All that the gyroscope turned within a second, any way, is held against the change of direction.
    """
    turned = np.convolve(np.linalg.norm(windows.gyr_dps, axis=1) * HOP_S, np.ones(SHORTEST_LAG), "valid")
    change = angle_deg(windows.up[SHORTEST_LAG:], windows.up[:-SHORTEST_LAG])
    swings = (change > SWING_DEG) & np.isfinite(turned)
    share = turned[swings] / change[swings]
    if len(share) >= MIN_PAIRS and DEAD < np.median(share) < SWING_SHARE:
        values = {"ratio": float(np.median(share))}
        yield Finding("gyro_unit_radps", values=values, severity="refuse", sensor=place)


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns of gravity between pairs of calm windows, one row a pair.

    Attributes
    ----------
    ratio : (m,) float
        Angle that the gyroscope carried up along the way the accelerometer saw, over that way.
    miss : (m,) float
        Angle between where the gyroscope arrives and where the accelerometer is, over the way.
    way_deg : (m,) float
    start : (m,) int
        The first window of the pair.
    calmer : (m,) bool
        Both windows are calmer than need be.
    """

    ratio: FloatArray
    miss: FloatArray
    way_deg: FloatArray
    start: IntArray
    calmer: BoolArray


def seen_turns(windows: Windows) -> Turns:
    """Hold the turn by the gyroscope against that by the accelerometer, for pairs of calm windows."""
    calm = calm_windows(windows)
    calmer = calm_windows(windows, CALMER_MPS2, CALMER_MPS2)
    step = hop_rotations(windows, calm)
    found, lag = [np.empty((0, 5))], 1
    while lag < LONGEST_LAG and len(step) > lag:
        step, lag = step[lag:] @ step[:-lag], 2 * lag
        if lag >= SHORTEST_LAG:
            found.append(_compare(windows.up, calm, calmer, step, lag))
    ratio, miss, way, start, calmer = np.concatenate(found).T
    return Turns(ratio, miss, way, start.astype(np.int64), calmer > 0.0)


def _fine_scale(turns: Turns) -> dict[str, float]:
    """The scale and its error where it is surely off; empty where it is not, or that is not known."""
    calmer = turns.calmer & (turns.way_deg > CALMER_FAR_DEG)
    far = turns.way_deg > CALM_FAR_DEG
    return _off_by(turns, calmer, CALMER_ERROR_DEG) or _off_by(turns, far, CALM_ERROR_DEG)


def _off_by(turns: Turns, chosen: BoolArray, error_deg: float) -> dict[str, float]:
    ratio, when = turns.ratio[chosen], turns.start[chosen] // READING_HOPS
    order = np.lexsort((ratio, when))
    begins = np.flatnonzero(np.diff(when[order], prepend=-1))
    if len(begins) < MIN_READINGS:
        return {}
    readings = ratio[order][(begins + np.append(begins[1:], len(order))) // 2]
    middle = float(np.median(ratio))
    scatter = 1.2533 * 1.4826 * float(np.median(np.abs(readings - np.median(readings))))
    left = error_deg / float(np.median(turns.way_deg[chosen]))
    error = float(np.hypot(scatter / np.sqrt(len(readings)), left))
    return {"ratio": middle, "error": error} if abs(middle - 1.0) > max(FINE_OFF, FINE_SDS * error) else {}


def calm_windows(
    windows: Windows, sd_mps2: float = CALM_SD_MPS2, off_mps2: float = CALM_OFF_MPS2
) -> BoolArray:
    """Windows in which the specific force is as good as gravity's."""
    known = windows.size_mps2[np.isfinite(windows.size_mps2)]
    usual = float(np.median(known)) if len(known) else np.nan
    off = np.abs(windows.size_mps2 - usual)
    return np.asarray((windows.acc_sd_mps2 < sd_mps2) & (off < off_mps2))


def unbiased_dps(windows: Windows, calm: BoolArray) -> FloatArray:
    """The rate of each hop without what the gyroscope shows where nothing turns, (n - 1, 3)."""
    turned = angle_deg(windows.up[1:], windows.up[:-1])
    rest = calm[1:] & calm[:-1] & (turned < 0.3) & np.isfinite(windows.gyr_dps[:, 0])
    return windows.gyr_dps - (np.median(windows.gyr_dps[rest], axis=0) if rest.any() else 0.0)


def hop_rotations(windows: Windows, calm: BoolArray) -> FloatArray:
    """Matrix that carries up, in sensor axes, over each hop; NaN where samples are missing."""
    way = -np.radians(unbiased_dps(windows, calm)) * HOP_S
    matrix = Rotation.from_rotvec(np.nan_to_num(way)).as_matrix()
    matrix[np.isnan(way[:, 0])] = np.nan
    return np.asarray(matrix)


def _compare(up: FloatArray, calm: BoolArray, calmer: BoolArray, carry: FloatArray, lag: int) -> FloatArray:
    """The columns of `Turns` for pairs so many windows apart."""
    cosine = np.einsum("ni,ni->n", up[:-lag], up[lag:])
    turned = (cosine < np.cos(np.radians(MIN_TURN_DEG))) & (cosine > np.cos(np.radians(MAX_TURN_DEG)))
    chosen = np.flatnonzero(turned & calm[:-lag] & calm[lag:] & np.isfinite(carry[:, 0, 0]))
    start, end = up[chosen], up[chosen + lag]
    way = angle_deg(start, end)
    carried = np.einsum("nij,nj->ni", carry[chosen], start)
    along = end - start * cosine[chosen, None]
    along /= np.linalg.norm(along, axis=1)[:, None]
    angle = np.degrees(np.arctan2((carried * along).sum(axis=1), (carried * start).sum(axis=1)))
    both = calmer[chosen] & calmer[chosen + lag]
    return np.column_stack([angle / way, angle_deg(carried, end) / way, way, chosen, both])


def _same_plane(ratio: FloatArray, miss: FloatArray) -> bool:
    """Whether the miss is that of a wrong scale alone: along the way and forward."""
    return bool(np.median(ratio) > 0.0) and _along(ratio, miss)


def _swings(ratio: FloatArray, miss: FloatArray) -> bool:
    """Whether it is along the way and back, by much the same share in all turns."""
    low, middle, high = np.percentile(ratio, (25.0, 50.0, 75.0))
    return _along(ratio, miss) and bool(SWINGS_BACK < middle < 0.0 and high - low < -middle)


def _along(ratio: FloatArray, miss: FloatArray) -> bool:
    return bool(np.median(np.abs(miss - np.abs(ratio - 1.0))) < 0.3)
