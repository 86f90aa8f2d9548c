"""A gyroscope's constant bias that no rest shows: too great for one, or of a sensor that never rests.

Gravity does not turn while the gyroscope says that it does, all along. Where the sensor rests, the bias is
what it reads there, however much; where it never rests, it is the constant that makes the rate agree with the
turns of gravity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import GYR_COLUMNS, FloatArray, SampleBlock, SensorPlace
from imu_reps.kinematics.rest import MAX_BIAS_DPS, bias_at_rest, window_length
from imu_reps.kinematics.robust import median, medians
from imu_reps.quality.accelerometer import check_exchanged
from imu_reps.quality.readings import PARAMS as READINGS
from imu_reps.quality.readings import MarkedSamples, without_invalid
from imu_reps.quality.windows import windows_of


@dataclass(frozen=True, slots=True)
class BiasParams:
    """Parameters of a gyroscope's constant bias.

    Attributes
    ----------
    usual_dps : float
        Median rate of an axis from which a bias is looked for: a limb moves to and fro (ours: at most 1.4
        in 160 sensors of clean sets, whose parts have a bias of up to 1).
    unrested_dps : float
        Smallest bias of a sensor that never rests that is taken off: without rests 7 deg/s put the range of a
        lift off by 0.5 degrees, 12 by 1.5 (ours).
    calm_mps2 : float
        Scatter of the force, and difference of its size from the usual one, at which a quarter second has
        half the weight.
    known_deg : float
        Turn of gravity, RMS, at which the bias about its usual direction is as much that by its turns as the
        median rate: about gravity itself a bias does not show.
    piece_s, min_pieces, max_error_dps, max_error_share : float or int
        Length of a piece; fewest pieces; and greatest standard error of the bias, by leaving out each in
        turn, with which it is known, or as a share of the bias (ours: 0.2 to 1.4 on bodies that shake, 1.6 to
        90 on arms that swing fast).
    most_pieces : float
        Smallest share of such pieces whose mean rate is nearer to the bias than to none: one that is there in
        the others alone is of a sensor that failed in mid-set (ours).
    max_apart_dps : float
        Greatest difference of the bias from the mean rate: a limb moves to and fro (ours: at most 2.3 on
        bodies that shake, up to 17 on arms that swing fast).
    """

    usual_dps: float = 4.0
    unrested_dps: float = 5.0
    calm_mps2: float = 0.5
    known_deg: float = 3.0
    piece_s: float = 5.0
    min_pieces: int = 3
    max_error_dps: float = 1.2
    max_error_share: float = 0.05
    most_pieces: float = 0.9
    max_apart_dps: float = 3.0


PARAMS = BiasParams()


def without_bias(
    block: SampleBlock, marked: MarkedSamples
) -> tuple[SampleBlock, MarkedSamples, list[Finding]]:
    """Take a bias that rests would not show off the rate, and report it.

    Parameters
    ----------
    block : SampleBlock
        All samples of one sensor.
    marked : MarkedSamples
        The same with their times, and which of them are valid.

    Returns
    -------
    block, marked
        The samples without the bias; the same ones if there is none.
    findings : list of Finding
    """
    acc, gyr = np.vsplit(marked.channels_without(marked.bad), 2)
    usual = medians(gyr.T) if gyr.shape[1] else np.zeros(3)
    if np.abs(usual).max() < PARAMS.usual_dps:
        return block, marked, []
    at_rest = bias_at_rest(gyr.T - usual, acc.T, window_length(marked.timed.period_s))
    if at_rest is None:
        bias, least = _by_gravity(block.sensor, marked, usual), PARAMS.unrested_dps
    else:
        bias, least = usual + medians(np.atleast_2d(at_rest)), MAX_BIAS_DPS
    if bias is None or np.abs(bias).max() < least or not _is_there_all_along(gyr, bias, marked):
        return block, marked, []
    channels = np.vstack([marked.channels[:3], marked.channels[3:] - bias[:, None]])
    axes = np.flatnonzero(np.abs(bias) >= PARAMS.unrested_dps).tolist()
    values = {
        "bias_dps": {GYR_COLUMNS[axis]: float(bias[axis]) for axis in axes},
        "at_rest": at_rest is not None,
    }
    found = Finding("gyro_bias", values=values, severity="caution", sensor=block.sensor)
    return replace(block, gyr_dps=block.gyr_dps - bias), replace(marked, channels=channels), [found]


def _is_there_all_along(gyr_dps: FloatArray, bias_dps: FloatArray, marked: MarkedSamples) -> bool:
    """Whether the mean rate is nearer to the bias than to none in nearly all pieces of the rate, (3, n)."""
    length = round(PARAMS.piece_s / marked.timed.period_s)
    pieces = np.arange(0, max(gyr_dps.shape[1] - length, 0) + 1, length)
    rows = np.diff(np.append(pieces, gyr_dps.shape[1]))
    along = np.add.reduceat(bias_dps @ gyr_dps, pieces) / rows / (bias_dps @ bias_dps)
    return bool(np.mean(along > 0.5) >= PARAMS.most_pieces)


def _by_gravity(place: SensorPlace, marked: MarkedSamples, usual_dps: FloatArray) -> FloatArray | None:
    """Return the constant that makes the rate agree best with the turns of gravity; None if not known."""
    timed = without_invalid(marked.timed, marked.bad)
    windows = windows_of({place: timed}, {place: marked.channels_without(marked.bad)})[place]
    known = np.isfinite(windows.size_mps2[1:] + windows.size_mps2[:-1]) & np.isfinite(windows.gyr_dps[:, 0])
    usual_mps2 = median(windows.size_mps2[:-1][known]) if known.any() else 0.0
    least_mps2, most_mps2 = READINGS.with_gravity_mps2  # sensors of other readings are refused later
    of_force = least_mps2 < usual_mps2 < most_mps2
    if not of_force or any(check_exchanged(place, windows)):
        return None
    off = np.abs(windows.size_mps2 - usual_mps2)
    calm = 1.0 / (1.0 + (np.hypot(windows.acc_sd_mps2, off) / PARAMS.calm_mps2) ** 2)
    weight = np.minimum(calm[1:], calm[:-1])[known]
    up = (windows.up[1:] + windows.up[:-1])[known] / 2.0
    turns_dps = np.degrees(np.cross(windows.up[1:], windows.up[:-1])[known]) / windows.hop_s
    seen_dps = windows.gyr_dps[known]
    level_dps = seen_dps - np.einsum("ni,ni->n", seen_dps, up)[:, None] * up
    pieces = np.arange(0, len(weight), round(PARAMS.piece_s / windows.hop_s))
    across = np.eye(3) - up[:, :, None] * up[:, None]
    whole = np.add.reduceat(weight[:, None, None] * across, pieces)
    towards = np.add.reduceat(weight[:, None] * (level_dps - turns_dps), pieces)
    bias = _settled(whole, towards, weight.sum() * np.radians(PARAMS.known_deg) ** 2, usual_dps)
    if bias is None or np.abs(bias - seen_dps.mean(axis=0)).max() > PARAMS.max_apart_dps:
        return None
    return bias


def _settled(
    whole: FloatArray, towards: FloatArray, prior: float, usual_dps: FloatArray
) -> FloatArray | None:
    """Return the bias by the normal equations of pieces, (k, 3, 3) and (k, 3); None if these contradict."""
    sums, sides = whole.sum(axis=0) + prior * np.eye(3), towards.sum(axis=0) + prior * usual_dps
    if len(whole) < PARAMS.min_pieces:
        return None
    bias = np.linalg.solve(sums, sides)
    without = np.linalg.solve(sums - whole, (sides - towards)[..., None])[..., 0]  # each piece in turn
    variance = ((without - bias) ** 2).sum(axis=0) * (len(whole) - 1) / len(whole)
    allowed = max(PARAMS.max_error_dps, PARAMS.max_error_share * float(np.abs(bias).max()))
    return np.asarray(bias) if np.sqrt(variance).max() < allowed else None
