"""Unit, scale and axes of the angular rate, compared with the accelerometer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import GYR_COLUMNS, BoolArray, FloatArray, IntArray, SensorPlace
from imu_reps.kinematics.mounting import row_angles_deg
from imu_reps.kinematics.robust import QUARTILES, median, medians, quantiles
from imu_reps.quality.windows import HOP_S, Windows


@dataclass(frozen=True, slots=True)
class GyroscopeParams:
    """Parameters of the gyroscope's comparison with gravity between calm moments.

    Attributes
    ----------
    min_lag, max_lag : int
        Smallest and greatest distance of the calm windows compared, in hops, doubling: 1, 2 and 4 s, the time
        of a slow lift.
    min_turn_deg, max_turn_deg : float
        Range of the turns compared: far above the error of a calm window, and short of a flip.
    min_pairs : int
        Fewest pairs of calm windows with such a turn for a comparison, as many as two lifts give.
    pairs_a_turn : int
        Number of pairs, over 1, 2 and 4 s, that count as one independent turn, since pairs that begin a
        quarter second apart are nearly equal (ours).
    sure_pairs : int
        Fewest pairs, three turns' worth, that refuse a unit by the way turned, or axes whose error lies along
        the turns: a body that swings from a bar has a few calm moments by chance (ours).
    sure_sds : float
        Number of standard errors from which a deviation is reported (ours).
    calm_error_deg : float
        Error of gravity's direction by accelerations at calm moments (ours, over 100 random simulated sets).
    wrong : tuple
        Range of the scale beyond which it is refused; motion shows smaller errors.
    radians : tuple
        Range of the ratio for rad/s read as deg/s, which is 1/57.3 = 0.017.
    max_miss : float
        Greatest angle between the directions by gyroscope and by accelerometer, as a share of the turn; good
        sensors have 0.01 to 0.1, unrelated axes about 1 and more.
    dead_miss : float
        Miss from which a dead axis is considered.
    swings_back, swings_dps : float
        Limit of the ratio for a body that swings from a bar, whose force turns back in the sensor (ours: 1 to
        3 times at the end of two metres), and greatest rate of a body.
    dead_turn_dps, dead_share : float
        Smallest rate of gravity (RMS) about a dead axis, and greatest share of it that the gyroscope shows.
    scaled_share, follows : float
        Smallest share of gravity's rate that an axis shows, and smallest correlation with it, that make a
        weak axis one of a wrong scale rather than dead: cross-axis sensitivity leaves 1 to 2 % (ours).
    elsewhere_share : float
        Greatest rate that other axes show and gravity does not, as a share of that about a dead axis: if
        more, the turn is in another column (ours).
    far_pairs, far_times, much_too_far : int or float
        Fewest pairs, and times that a gyroscope turns as far as gravity in three of four of them, from which
        its unit is another: with fast rates, and by itself (ours: at most 1.9 in good sets, and once 4.4 in
        small turns).
    fast_dps, impossible_dps, quarter : float
        Mean rate over a second that confirms another unit, and that shows one by itself, if more than a
        quarter of all seconds exceed it (ours: at most 110 in good sets).
    swing_deg, swing_share, dead : float
        If nothing is calm: smallest change of direction within a second, which accelerations of a limb cannot
        imitate (0.5 g throughout), and greatest share of it for a gyroscope in rad/s; below the third value
        it is dead.
    one_way_deg, one_way_share, no_way_back : float
        Turn about one axis, at rates of at least this share of its greatest one, that no limb makes in one
        sense without one back; and greatest rate the other way, as a share of the greatest one (ours: a body
        rolls over by half a turn).
    small_share, small_pairs : float or int
        Greatest share of such changes, in three of four of them, for a gyroscope in another unit too small,
        and fewest changes that show one (ours: at least 0.26 in good sets, on a pelvis that knocks shake).
    zero_hops : int
        Span of calm windows over which the zero is seen, two seconds.
    zero_off_dps, zero_off_dps_mps2 : float
        Deviation of the zero from which it moved, and how much more of it for each m/s² by which the force
        scatters, or differs from gravity, in that span.
    min_off : int
        Fewest such spans, a quarter second apart (ours: at most 2 in 1,186 good sensors of two simulators;
        a swinging body has the most).
    """

    min_lag: int = 4
    max_lag: int = 16
    min_turn_deg: float = 8.0
    max_turn_deg: float = 120.0
    min_pairs: int = 8
    pairs_a_turn: int = 8
    sure_pairs: int = 24
    sure_sds: float = 2.0
    calm_error_deg: float = 1.4
    wrong: tuple[float, float] = (0.5, 2.0)
    radians: tuple[float, float] = (0.011, 0.026)
    max_miss: float = 0.6
    dead_miss: float = 0.12
    swings_back: float = -4.0
    swings_dps: float = 500.0
    dead_turn_dps: float = 1.5
    dead_share: float = 0.15
    scaled_share: float = 0.04
    follows: float = 0.7
    elsewhere_share: float = 0.5
    far_pairs: int = 3
    far_times: float = 4.0
    much_too_far: float = 8.0
    fast_dps: float = 200.0
    impossible_dps: float = 400.0
    quarter: float = 0.25
    swing_deg: float = 25.0
    swing_share: float = 0.1
    dead: float = 0.004
    one_way_deg: float = 400.0
    one_way_share: float = 0.2
    no_way_back: float = 0.05
    small_share: float = 0.2
    small_pairs: int = 30
    zero_hops: int = 8
    zero_off_dps: float = 2.0
    zero_off_dps_mps2: float = 8.0
    min_off: int = 3

    @property
    def lags(self) -> list[int]:
        """Distances compared, from the smallest to the greatest."""
        return [self.min_lag << k for k in range((self.max_lag // self.min_lag).bit_length())]


PARAMS = GyroscopeParams()


def check_unit(place: SensorPlace, turns: Turns) -> Iterator[Finding]:
    """Report angular rates that are many times too large: raw counts, m°/s, or degrees converted twice.

    What turns by more than half a turn between calm moments arrives anywhere: the way is compared, not where
    it leads. Without calm moments, no limb turns that fast for a second.
    """
    times, pairs = turns.path_deg / turns.way_deg, len(turns.way_deg)
    far = pairs >= PARAMS.far_pairs and _mostly(times > PARAMS.far_times)
    much_too_far = pairs >= PARAMS.sure_pairs and _mostly(times > PARAMS.much_too_far)
    seconds = turns.second_dps
    often = len(seconds) and float(np.mean(seconds > PARAMS.fast_dps)) > PARAMS.quarter
    too_often = often and float(np.mean(seconds > PARAMS.impossible_dps)) > PARAMS.quarter
    if too_often or (often and far) or much_too_far:
        values = {"times": median(times) if pairs >= PARAMS.far_pairs else None}
        yield Finding("gyro_unit", values=values, severity="refuse", sensor=place)


def check_signs(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Report a gyroscope's axis that turns one way only, as if its signs were lost."""
    rate = windows.unbiased_dps[np.isfinite(windows.unbiased_dps[:, 0])]
    if not len(rate):
        return
    for column, series in zip(GYR_COLUMNS, rate.T, strict=True):
        axis = series if series.max() > -series.min() else -series
        turned_deg = HOP_S * float(axis[axis > PARAMS.one_way_share * axis.max()].sum())
        if turned_deg > PARAMS.one_way_deg and axis.min() > -PARAMS.no_way_back * axis.max():
            values = {"unsigned": column, "turned_deg": turned_deg}
            yield Finding("gyro_axes", values=values, severity="refuse", sensor=place)
            return


def _mostly(mask: BoolArray) -> bool:
    """Whether it holds for three of four."""
    return float(mask.mean()) > 1.0 - PARAMS.quarter


def check_gyroscope(place: SensorPlace, windows: Windows, turns: Turns) -> Iterator[Finding]:
    """Check unit, scale and axes of one sensor's angular rate against the turns of gravity.

    Between two calm moments 1, 2 or 4 s apart the direction of up, rotated by the gyroscope, must arrive
    where the accelerometer shows it. Turns about the vertical do not show and do not matter. Nothing is
    reported if nothing turns or is calm, or if the pairs contradict each other: on a swinging body (a
    pendulum) the specific force stays constant in the sensor while the gyroscope turns.
    """
    ratio, miss = turns.ratio, turns.miss
    if len(ratio) < PARAMS.min_pairs:
        yield from _by_the_way(place, windows)
        return
    low, middle, high = quantiles(ratio, *QUARTILES)
    scatter = _error_of_median(low, high, len(ratio))
    error = math.hypot(scatter, PARAMS.calm_error_deg / median(turns.way_deg))
    least, missed, most = quantiles(miss, *QUARTILES)
    surely_missed = missed - PARAMS.sure_sds * _error_of_median(least, most, len(miss))
    along = median(np.abs(miss - np.abs(ratio - 1.0))) < 0.3
    values, unsure = {"ratio": middle, "error": error}, PARAMS.sure_sds * error
    if PARAMS.radians[0] < middle < PARAMS.radians[1] and scatter < middle:
        yield Finding("gyro_unit_radps", values=values, severity="refuse", sensor=place)
    elif missed > PARAMS.dead_miss and (dead := _dead_axis(windows, turns)):
        yield Finding("gyro_axes", values={"dead": dead}, severity="refuse", sensor=place)
    elif surely_missed > PARAMS.max_miss and not (along and middle > 0.0):  # then the scale alone is wrong
        # on a swinging body the force turns back by about the same ratio in all turns, if there are many
        few, one_ratio = len(ratio) < PARAMS.sure_pairs, high - low < -middle < -PARAMS.swings_back
        if not (along and (few or one_ratio)) or np.nanmax(np.abs(windows.gyr_dps)) > PARAMS.swings_dps:
            yield Finding("gyro_axes", severity="refuse", sensor=place)
    elif middle < PARAMS.wrong[0] - unsure or middle > PARAMS.wrong[1] + unsure:
        yield Finding("gyro_scale", values=values, severity="refuse", sensor=place)


def _dead_axis(windows: Windows, turns: Turns) -> str | None:
    """Return the axis of the gyroscope that does not show the turns of gravity in calm moments, if any."""
    both = windows.calm[1:] & windows.calm[:-1] & np.isfinite(windows.gyr_dps[:, 0])
    if both.sum() < PARAMS.min_pairs:
        return None
    needed = np.degrees(np.cross(windows.up[1:], windows.up[:-1])[both]) / HOP_S
    seen = windows.gyr_dps[both] - medians(windows.gyr_dps[both])
    strong, shown = _rms(needed), _rms(seen)
    dead = (strong > PARAMS.dead_turn_dps) & (shown < PARAMS.dead_share * strong)
    axis = int(np.argmax(dead))
    if dead.sum() != 1 or _follows(windows, turns, axis):
        return None
    up = windows.up[1:][both]
    level = seen - np.einsum("ni,ni->n", seen, up)[:, None] * up  # turns about the vertical do not show
    elsewhere = np.delete(_rms(level - needed), axis).max()
    return GYR_COLUMNS[axis] if elsewhere < PARAMS.elsewhere_share * strong[axis] else None


def _rms(values: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt((values**2).mean(axis=0)))


def _follows(windows: Windows, turns: Turns, axis: int) -> bool:
    """Whether an axis shows a small share of the turns about it, but that share all along."""
    turned = np.append(0.0, np.nancumsum(windows.unbiased_dps[:, axis] * HOP_S))
    seen = turned[turns.end] - turned[turns.start]
    about = np.cross(windows.up[turns.end], windows.up[turns.start])
    needed = about[:, axis] / np.linalg.norm(about, axis=1) * turns.way_deg
    share = float(seen @ needed) / float(needed @ needed)
    correlation = share * np.sqrt(float(needed @ needed) / max(float(seen @ seen), 1e-12))
    return bool(share > PARAMS.scaled_share and correlation > PARAMS.follows)


def _error_of_median(low: float, high: float, pairs: int) -> float:
    """Return a median's standard error, that of a normal distribution with the same quartiles."""
    return 1.2533 * (high - low) / 1.349 / math.sqrt(max(1.0, pairs / PARAMS.pairs_a_turn))


def check_warming(place: SensorPlace, bias_dps: FloatArray | None) -> Iterator[Finding]:
    """Report a gyroscope's bias that wanders, as while the part warms up."""
    if bias_dps is not None and bias_dps.ndim > 1:
        wandered = {"bias_dps": float(np.ptp(bias_dps, axis=0).max())}
        yield Finding("gyro_warms_up", values=wandered, severity="caution", sensor=place)


def check_zero(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Report a gyroscope whose zero moves, or that takes slow turns for its zero and subtracts them.

    Over two calm seconds the rate must carry up where the accelerometer shows it; what is left, over the
    time, is the zero.
    """
    restless = np.append(0, np.cumsum(~windows.calm))
    first = np.flatnonzero(restless[PARAMS.zero_hops + 1 :] == restless[: -PARAMS.zero_hops - 1])
    first = first[windows.rate_known(first, first + PARAMS.zero_hops)]
    if len(first) < PARAMS.min_off:
        return
    last = first + PARAMS.zero_hops
    left = np.degrees(np.cross(windows.carried_up(first, last), windows.up[last]))
    off = np.linalg.norm(left - medians(left), axis=1) / (PARAMS.zero_hops * HOP_S)
    off_force = np.abs(windows.size_mps2 - median(windows.size_mps2[windows.calm]))
    within = first[:, None] + np.arange(PARAMS.zero_hops + 1)
    unsure = np.fmax(windows.acc_sd_mps2, off_force)[within].max(axis=1)
    moved = np.flatnonzero(off > PARAMS.zero_off_dps + PARAMS.zero_off_dps_mps2 * unsure)
    if len(moved) >= PARAMS.min_off:
        start_s = windows.start_s + HOP_S * int(first[moved[0]])
        end_s = windows.start_s + HOP_S * (int(last[moved[-1]]) + 2)
        values = {"off_dps": float(off[moved].max()), "spans": ((start_s, end_s),)}
        yield Finding(
            "gyro_zero", values=values, severity="caution", sensor=place, start_s=start_s, end_s=end_s
        )


def _by_the_way(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Report a gyroscope in rad/s without calm moments, by far changes of the force's direction.

    They are compared with the gyroscope's total turning within a second, in any direction.
    """
    lag = PARAMS.min_lag
    if len(windows) <= lag:
        return
    turned = np.convolve(np.linalg.norm(windows.gyr_dps, axis=1) * HOP_S, np.ones(lag), "valid")
    change = row_angles_deg(windows.up[lag:], windows.up[:-lag])
    swings = (change > PARAMS.swing_deg) & np.isfinite(turned)
    share = turned[swings] / change[swings]
    if len(share) < PARAMS.min_pairs:
        return
    middle, high = quantiles(share, 0.5, 0.75)
    if PARAMS.dead < middle < PARAMS.swing_share:
        yield Finding("gyro_unit_radps", values={"ratio": middle}, severity="refuse", sensor=place)
    elif middle > PARAMS.dead and high < PARAMS.small_share and len(share) >= PARAMS.small_pairs:
        yield Finding("gyro_unit", values={"times": middle}, severity="refuse", sensor=place)


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns of gravity between pairs of calm windows, one row per pair.

    Attributes
    ----------
    ratio : (m,) float
        Angle by the gyroscope along the turn that the accelerometer shows, over that turn.
    miss : (m,) float
        Angle between the final directions by gyroscope and by accelerometer, over the turn.
    way_deg : (m,) float
        The turn by the accelerometer.
    path_deg : (m,) float
        Angle by the gyroscope all the way, in any direction.
    start, end : (m,) int
        First and last window of the pair.
    second_dps : (k,) float
        Mean magnitude of the rate over each second, whether calm or not.
    """

    ratio: FloatArray
    miss: FloatArray
    way_deg: FloatArray
    path_deg: FloatArray
    start: IntArray
    end: IntArray
    second_dps: FloatArray


def seen_turns(windows: Windows) -> Turns:
    """Compare the turns by gyroscope and by accelerometer, for pairs of calm windows."""
    first = np.concatenate([np.arange(len(windows) - lag) for lag in PARAMS.lags])
    last = np.concatenate([np.arange(lag, len(windows)) for lag in PARAMS.lags])
    known = windows.calm[first] & windows.calm[last] & windows.rate_known(first, last)
    first, last = first[known], last[known]
    cosine = np.einsum("ni,ni->n", windows.up[first], windows.up[last])
    turned = (cosine < np.cos(np.radians(PARAMS.min_turn_deg))) & (
        cosine > np.cos(np.radians(PARAMS.max_turn_deg))
    )
    first, last = first[turned], last[turned]
    return _compare(windows, first, last)


def _compare(windows: Windows, first: IntArray, last: IntArray) -> Turns:
    """Return the turns between pairs of windows."""
    start, end, rotated = windows.up[first], windows.up[last], windows.carried_up(first, last)
    way = row_angles_deg(start, end)
    along = end - start * np.einsum("ni,ni->n", start, end)[:, None]
    along /= np.sqrt(np.einsum("ni,ni->n", along, along))[:, None]
    forward, back = np.einsum("ni,ni->n", rotated, along), np.einsum("ni,ni->n", rotated, start)
    angle = np.degrees(np.arctan2(forward, back))
    rate = np.sqrt(np.einsum("ni,ni->n", windows.unbiased_dps, windows.unbiased_dps))
    turned = np.append(0.0, np.nancumsum(rate * HOP_S))
    second = turned[PARAMS.min_lag :] - turned[: -PARAMS.min_lag]
    path = turned[last] - turned[first]
    return Turns(angle / way, row_angles_deg(rotated, end) / way, way, path, first, last, second)
