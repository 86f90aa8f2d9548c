"""Sensors that slip on the limb: gravity changes its direction without a turn in the gyroscope.

Rotated along by the gyroscope, the mean force over a few seconds keeps its direction for any movement of the
limb, since accelerations to and fro cancel. If it steps to another direction, the sensor slipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import FloatArray, IntArray, SensorPlace
from imu_reps.kinematics.motion import bridged
from imu_reps.kinematics.mounting import row_angles_deg
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import median
from imu_reps.quality.windows import HOP_S, Windows, usual_direction


@dataclass(frozen=True, slots=True)
class SlipParams:
    """Parameters of sensors that slip.

    Attributes
    ----------
    spans : tuple
        Numbers of windows before and after a moment whose means are compared; the last one decides.
    min_step_deg, deg_per_mps2, shaken_step_deg : float
        Smallest step; for a shaken sensor the step per scatter of the force, and its greatest limit (ours,
        over 230 simulated sets: getting up and walking cause false steps of 9 to 30° at 1 to 8 m/s²; the
        pelvis with a good sensor has 1 to 5°).
    judged_mps2 : float
        Greatest scatter of the force, over the longest span, at which a step is judged: a leg that flutters
        or kicks turns to and fro within a window (ours: flutters of 2 Hz by 25° and more have 10 and more,
        walking 8 at most).
    alike_share : float
        Greatest difference of the steps over all spans, as a share of the step (ours).
    times_usual : float
        Smallest step as a multiple of the usual one: without a rest that shows the gyroscope's bias the force
        drifts throughout (ours: such sets have at most 1.2, sensors that slipped 6 and more).
    max_moments : int
        Greatest number of moments; more show a failing gyroscope.
    max_bridged, max_bridged_deg : int or float
        Longest hole in quarter seconds over which the rate is bridged, and the greatest turn within it and
        the quarter seconds before and after.
    dwells_apart_deg : float
        Smallest change of the direction in which the sensor dwells; a swing missed by the gyroscope does not
        change it.
    """

    spans: tuple[int, ...] = (8, 12, 16)
    min_step_deg: float = 9.0
    deg_per_mps2: float = 14.0
    shaken_step_deg: float = 35.0
    judged_mps2: float = 10.0
    alike_share: float = 0.2
    times_usual: float = 2.5
    max_moments: int = 3
    max_bridged: int = 2
    max_bridged_deg: float = 4.5
    dwells_apart_deg: float = 8.0


PARAMS = SlipParams()


def check_slipped(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Report when a sensor slipped on its limb, and by how much it turned."""
    moments = _moments(windows)
    if not 0 < len(moments) <= PARAMS.max_moments:
        return
    edges = [0, *moments, len(windows)]
    dwells = [usual_direction(windows.up[start + 1 : end]) for start, end in pairwise(edges)]
    found = []
    for at, (was, now) in zip(moments, pairwise(dwells), strict=True):
        if (by := _apart_deg(was, now)) > PARAMS.dwells_apart_deg:
            at_s = windows.start_s + HOP_S * (at + 0.5)
            values = {"turned_deg": by}
            found.append(
                Finding("sensor_turned", values=values, severity="caution", sensor=place, start_s=at_s)
            )
    if len(found) > 1 and _apart_deg(dwells[0], dwells[-1]) < PARAMS.dwells_apart_deg:
        # there and back: a failing gyroscope does so, a slipping strap does not
        yield Finding("gyro_axes", severity="caution", sensor=place)
    yield from found


def _apart_deg(was: FloatArray | None, now: FloatArray | None) -> float:
    return np.nan if was is None or now is None else float(row_angles_deg(was, now))


def _moments(windows: Windows) -> list[int]:
    """Return the windows in which the rotated force steps to another direction, in order."""
    longest = PARAMS.spans[-1]
    if len(windows) < 2 * longest + 2:
        return []
    total, holes = _sums(_rotated_force(windows))
    last = _steps_deg(total, holes, longest)
    if not (last > PARAMS.min_step_deg).any():
        return []
    steps = np.array([*(_steps_deg(total, holes, span) for span in PARAMS.spans[:-1]), last])
    alike = np.abs(steps - last).max(axis=0) < PARAMS.alike_share * last
    # over the longest span to either side; unknown values count as 0
    scatter = np.convolve(np.nan_to_num(windows.acc_sd_mps2), np.ones(2 * longest) / (2 * longest), "same")
    usual = median(last[last > 0.0])
    least = np.clip(PARAMS.deg_per_mps2 * scatter, PARAMS.min_step_deg, PARAMS.shaken_step_deg)
    clear = alike & (last > np.maximum(least, PARAMS.times_usual * usual))
    left = np.where(clear & (scatter < PARAMS.judged_mps2), last, 0.0)
    found: list[int] = []
    while left.any() and len(found) <= PARAMS.max_moments:
        at = int(left.argmax())
        found.append(at)
        left[max(0, at - longest) : at + longest] = 0.0
    return sorted(found)


def _rotated_force(windows: Windows) -> FloatArray:
    """Return the mean force of each window, rotated to the sensor's axes in the first; NaN in long holes."""
    force = np.einsum("ijn,nj->ni", windows.rotations, bridged(windows.acc_mps2))
    for start, end in stretches(np.isnan(windows.gyr_dps[:, 0])):
        around = np.abs(bridged(windows.gyr_dps)[max(0, start - 1) : end + 1])
        if end - start > PARAMS.max_bridged or around.max() * len(around) * HOP_S > PARAMS.max_bridged_deg:
            force[start : end + 1] = np.nan
    return np.asarray(force)


def _sums(force: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return cumulative sums of force and of unknown windows, before each window and after the last."""
    unknown = np.isnan(force[:, 0])
    total, holes = np.zeros((len(force) + 1, 3)), np.zeros(len(force) + 1, dtype=np.int64)
    np.cumsum(np.where(unknown[:, None], 0.0, force), axis=0, out=total[1:])
    np.cumsum(unknown, out=holes[1:])
    return total, holes


def _steps_deg(total: FloatArray, holes: IntArray, span: int) -> FloatArray:
    """Return the angle between the mean forces before and after each window, degrees; 0 where not known."""
    mean = total[span:] - total[:-span]
    mean /= np.maximum(np.sqrt(np.einsum("ni,ni->n", mean, mean)), 1e-9)[:, None]
    whole = holes[2 * span :] == holes[: -2 * span]
    count = len(total) - 1
    steps = np.zeros(count)
    steps[span : count - span + 1] = np.where(whole, row_angles_deg(mean[:-span], mean[span:]), 0.0)
    return steps
