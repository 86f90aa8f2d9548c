"""Unit, scale and axes of the angular rate, held against the accelerometer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.analysis.plausibility.finding import PlausibilityFinding, Severity
from imu_reps.analysis.plausibility.windows import HOP_S, Windows, angle_deg
from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock, SensorPlace
from imu_reps.kinematics.clocks import TimedSamples
from imu_reps.kinematics.rest import gyroscope_bias, window_length

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

#: Over real recordings of many sensors the ratio lies between 0.94 and 1.06; no part is 30 % off.
DOUBTFUL = (0.7, 1.4)
WRONG = (0.5, 2.0)

#: rad/s read as deg/s make the ratio 1/57.3 = 0.017.
RADIANS = (0.011, 0.026)

#: The direction the gyroscope leads to may miss that of the accelerometer by this share of the turn;
#: good sensors miss by 0.01 to 0.1, unrelated axes by about 1 and more.
MAX_MISS = 0.6

#: Where nothing is calm: a change of direction within a second that no push of a limb feigns (0.5 g all the
#: while), and the share of it below which the gyroscope cannot be in deg/s. A dead one is no unit.
SWING_DEG = 25.0
SWING_SHARE = 0.1
DEAD = 0.004

COLUMNS = "gyr_x_dps, gyr_y_dps, gyr_z_dps"


def check_gyroscope(place: SensorPlace, windows: Windows) -> Iterator[PlausibilityFinding]:
    """Unit, scale and axes of one sensor's angular rate, by the turns of gravity that it must explain.

    Between two calm moments 1, 2 or 4 s apart the direction of up, carried along by the gyroscope,
    must arrive where the accelerometer sees it. Turns about the vertical do not show and do not matter.
    Where nothing turns, or nothing is calm, nothing is said; nor where the pairs contradict each other: on a
    swinging body (a pendulum) the specific force stays in the sensor while the gyroscope turns.
    """
    ratio, miss = turn_ratios(windows)
    if len(ratio) < MIN_PAIRS:
        yield from _by_the_way(place, windows)
        return
    middle, error = _median_and_error(ratio)
    missed, missed_error = _median_and_error(miss)
    if RADIANS[0] < middle < RADIANS[1] and error < middle:
        yield _radians(place, middle)
    elif missed - SURE_SDS * missed_error > MAX_MISS and not _same_plane(ratio, miss):
        yield PlausibilityFinding(
            "gyro_axes",
            "refuse",
            place,
            f"The {place} sensor's gyroscope and accelerometer do not turn together: {COLUMNS} do not "
            "explain how the direction of gravity moves.",
            "Check order and signs of the columns (both in the same right-handed axes) and the unit (deg/s).",
        )
    elif _beyond(middle, error, WRONG):
        hint = f"Multiply {COLUMNS} of the {place} by {1 / middle:.3g}."
        yield _scale(place, middle, error, "refuse", hint)
    elif _beyond(middle, error, DOUBTFUL):
        yield _scale(place, middle, error, "caution", "Check the gyroscope's range setting and calibration.")


def _median_and_error(values: FloatArray) -> tuple[float, float]:
    """A median, and its standard error: that of a normal scatter with the same quartiles."""
    low, middle, high = np.percentile(values, (25.0, 50.0, 75.0))
    turns = max(1.0, len(values) / PAIRS_A_TURN)
    return float(middle), float(1.2533 * (high - low) / 1.349 / np.sqrt(turns))


def _beyond(middle: float, error: float, limits: tuple[float, float]) -> bool:
    """Whether a value is surely outside of limits; a gyroscope that turns the other way is no scale."""
    return middle + SURE_SDS * error < limits[0] or middle - SURE_SDS * error > limits[1]


def check_warming(block: SampleBlock, timed: TimedSamples) -> Iterator[PlausibilityFinding]:
    """Whether the gyroscope's bias wanders, as while the part warms up."""
    gyr_dps, acc_mps2 = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    bias = gyroscope_bias(gyr_dps, acc_mps2, window_length(timed.period_s))
    if bias is not None and bias.ndim > 1:
        yield PlausibilityFinding(
            "gyro_warms_up",
            "caution",
            block.sensor,
            f"The {block.sensor} sensor's gyroscope warmed up while recording: its bias went by "
            f"{np.ptp(bias, axis=0).max():.1f} deg/s, and was taken off.",
            "Switch the sensors on a few minutes before the set.",
        )


def _by_the_way(place: SensorPlace, windows: Windows) -> Iterator[PlausibilityFinding]:
    """Without calm moments only this is sure: a direction that swings far takes a gyroscope along.

    All that the gyroscope turned within a second, any way, is held against the change of direction.
    """
    turned = np.convolve(np.linalg.norm(windows.gyr_dps, axis=1) * HOP_S, np.ones(SHORTEST_LAG), "valid")
    change = angle_deg(windows.up[SHORTEST_LAG:], windows.up[:-SHORTEST_LAG])
    swings = (change > SWING_DEG) & np.isfinite(turned)
    share = turned[swings] / change[swings]
    if len(share) >= MIN_PAIRS and DEAD < np.median(share) < SWING_SHARE:
        yield _radians(place, float(np.median(share)))


def turn_ratios(windows: Windows) -> tuple[FloatArray, FloatArray]:
    """Turn by the gyroscope over turn by the accelerometer, for pairs of calm windows.

    Returns
    -------
    ratio : (m,) float
        Angle that the gyroscope carried up along the way the accelerometer saw, over that way.
    miss : (m,) float
        Angle between where the gyroscope arrives and where the accelerometer is, over the way.
    """
    calm = _calm(windows)
    step = _hop_rotations(windows, calm)
    found, lag = [(np.zeros(0), np.zeros(0))], 1
    while lag < LONGEST_LAG and len(step) > lag:
        step, lag = step[lag:] @ step[:-lag], 2 * lag
        if lag >= SHORTEST_LAG:
            found.append(_compare(windows.up, calm, step, lag))
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _calm(windows: Windows) -> BoolArray:
    known = windows.size_mps2[np.isfinite(windows.size_mps2)]
    usual = float(np.median(known)) if len(known) else np.nan
    off = np.abs(windows.size_mps2 - usual)
    return np.asarray((windows.acc_sd_mps2 < CALM_SD_MPS2) & (off < CALM_OFF_MPS2))


def _hop_rotations(windows: Windows, calm: BoolArray) -> FloatArray:
    """Matrix that carries up, in sensor axes, over each hop; NaN where samples are missing."""
    turned = angle_deg(windows.up[1:], windows.up[:-1])
    rest = calm[1:] & calm[:-1] & (turned < 0.3)
    bias = np.median(windows.gyr_dps[rest], axis=0) if rest.any() else np.zeros(3)
    way = -np.radians(windows.gyr_dps - bias) * HOP_S
    matrix = Rotation.from_rotvec(np.nan_to_num(way)).as_matrix()
    matrix[np.isnan(way[:, 0])] = np.nan
    return np.asarray(matrix)


def _compare(up: FloatArray, calm: BoolArray, carry: FloatArray, lag: int) -> tuple[FloatArray, FloatArray]:
    cosine = np.einsum("ni,ni->n", up[:-lag], up[lag:])
    turned = (cosine < np.cos(np.radians(MIN_TURN_DEG))) & (cosine > np.cos(np.radians(MAX_TURN_DEG)))
    chosen = np.flatnonzero(turned & calm[:-lag] & calm[lag:] & np.isfinite(carry[:, 0, 0]))
    start, end = up[chosen], up[chosen + lag]
    way = angle_deg(start, end)
    carried = np.einsum("nij,nj->ni", carry[chosen], start)
    along = end - start * cosine[chosen, None]
    along /= np.linalg.norm(along, axis=1)[:, None]
    angle = np.degrees(np.arctan2((carried * along).sum(axis=1), (carried * start).sum(axis=1)))
    return angle / way, angle_deg(carried, end) / way


def _same_plane(ratio: FloatArray, miss: FloatArray) -> bool:
    """Whether the miss is that of a wrong scale alone: along the way and forward."""
    return bool(np.median(ratio) > 0.0 and np.median(np.abs(miss - np.abs(ratio - 1.0))) < 0.3)


def _radians(place: SensorPlace, ratio: float) -> PlausibilityFinding:
    return PlausibilityFinding(
        "gyro_unit_radps",
        "refuse",
        place,
        f"The {place} sensor's gyroscope sees 1/{1 / ratio:.0f} of the turns that its accelerometer sees: "
        f"it is in rad/s, not deg/s ({COLUMNS}).",
        f"Multiply {COLUMNS} of the {place} by 57.29578.",
    )


def _scale(
    place: SensorPlace, ratio: float, error: float, severity: Severity, hint: str
) -> PlausibilityFinding:
    return PlausibilityFinding(
        "gyro_scale",
        severity,
        place,
        f"The {place} sensor's gyroscope sees {ratio:.2g} (± {error:.1g}) times the turns that its "
        f"accelerometer sees ({COLUMNS}).",
        hint,
    )
