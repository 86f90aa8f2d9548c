"""Sensors that turn against the limb: gravity moves over, and the gyroscope saw nothing turn.

Carried along by the gyroscope, the mean force over a few seconds keeps its direction whatever the limb does
in between: pushes there and back cancel. Where it steps over to another direction, the sensor was turned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.kinematics.motion import bridged_columns
from imu_reps.kinematics.rest import stretches
from imu_reps.quality.gyroscope import calm_windows, hop_rotations
from imu_reps.quality.windows import HOP_S, Windows, angle_deg, usual_direction

#: Means over so many windows before and after a moment are compared, the last of which decides.
SPANS = (8, 12, 16)
#: The step is at least so large; where the sensor is shaken it is so many times the scatter of the force, and
#: this at the most; and over each span it is the same within this share (ours, over 230 simulated sets:
#: getting up and walking feign steps of 9 to 30° at 1 to 8 m/s²; the pelvis of a good sensor has 1 to 5°).
STEP_DEG, DEG_PER_MPS2, SHAKEN_DEG, ALIKE_SHARE = 9.0, 14.0, 35.0, 0.2
#: Where no rest shows the gyroscope's bias the force drifts all the while: a step is so many times what is
#: usual (ours: such sets have 1.2 at the most, sensors that were turned 6 and more).
TIMES_USUAL = 2.5
#: More moments than this are a gyroscope that fails.
MOST = 3
#: The rate is bridged over holes of so many quarter seconds, of which those before and after are part, where
#: the sensor turns by less than this in all.
BRIDGED, BRIDGED_DEG = 2, 4.5
#: Where the sensor dwells has moved by this as well: after a swing that a gyroscope missed it has not.
DWELLS_APART_DEG = 8.0


def check_turned(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """When a sensor turned against its limb, and by how much."""
    moments = _moments(windows)
    if len(moments) > MOST:
        return
    edges = [0, *moments, len(windows)]
    dwells = [usual_direction(windows.up[start + 1 : end]) for start, end in pairwise(edges)]
    found = []
    for at, (was, now) in zip(moments, pairwise(dwells), strict=True):
        if (by := _apart_deg(was, now)) > DWELLS_APART_DEG:
            at_s = windows.start_s + HOP_S * (at + 0.5)
            values = {"turned_deg": by}
            found.append(
                Finding("sensor_turned", values=values, severity="caution", sensor=place, start_s=at_s)
            )
    if len(found) > 1 and _apart_deg(dwells[0], dwells[-1]) < DWELLS_APART_DEG:
        # there and back again: a strap that slips does not do that, a gyroscope that fails does
        yield Finding("gyro_axes", severity="caution", sensor=place)
    yield from found


def _apart_deg(was: FloatArray | None, now: FloatArray | None) -> float:
    return np.nan if was is None or now is None else float(angle_deg(was, now))


def _moments(windows: Windows) -> list[int]:
    """Windows in which the carried force steps over, in order."""
    longest = SPANS[-1]
    if len(windows) < 2 * longest + 2:
        return []
    force = _carried(windows)
    steps = np.array([_steps_deg(force, span) for span in SPANS])
    alike = np.abs(steps - steps[-1]).max(axis=0) < ALIKE_SHARE * steps[-1]
    scatter = _moving_mean(windows.acc_sd_mps2, longest)
    known = steps[-1][steps[-1] > 0.0]
    usual = float(np.median(known)) if len(known) else 0.0
    least = np.clip(DEG_PER_MPS2 * scatter, STEP_DEG, SHAKEN_DEG)
    clear = alike & (steps[-1] > np.maximum(least, TIMES_USUAL * usual))
    left = np.where(clear, steps[-1], 0.0)
    found: list[int] = []
    while left.any() and len(found) <= MOST:
        at = int(left.argmax())
        found.append(at)
        left[max(0, at - longest) : at + longest] = 0.0
    return sorted(found)


def _carried(windows: Windows) -> FloatArray:
    """The mean force of each window in the axes that the sensor had in the first one; NaN in long holes."""
    known = np.isfinite(windows.gyr_dps[:, 0])
    if not known.any():
        return np.full((len(windows), 3), np.nan)
    bridged = replace(windows, gyr_dps=bridged_columns(windows.gyr_dps))
    hop = hop_rotations(bridged, calm_windows(windows))
    turned, lag = np.concatenate([np.eye(3)[None], hop.transpose(0, 2, 1)]), 1
    while lag < len(turned):
        turned[lag:] = turned[:-lag] @ turned[lag:]
        lag *= 2
    force = np.einsum("nij,nj->ni", turned, bridged_columns(windows.acc_mps2))
    for start, end in stretches(~known):
        around = np.abs(bridged.gyr_dps[max(0, start - 1) : end + 1])
        if end - start > BRIDGED or around.max() * len(around) * HOP_S > BRIDGED_DEG:
            force[start : end + 1] = np.nan
    return np.asarray(force)


def _steps_deg(force: FloatArray, span: int) -> FloatArray:
    """By how much the mean force before each window and after it differ in direction; 0 where not known."""
    total = np.cumsum(np.vstack([np.zeros(3), np.nan_to_num(force)]), axis=0)
    holes = np.cumsum(np.append(0, np.isnan(force[:, 0])))
    mean = total[span:] - total[:-span]
    mean /= np.maximum(np.linalg.norm(mean, axis=1), 1e-9)[:, None]
    whole = holes[2 * span :] == holes[: -2 * span]
    steps = np.zeros(len(force))
    steps[span : len(force) - span + 1] = np.where(whole, angle_deg(mean[:-span], mean[span:]), 0.0)
    return steps


def _moving_mean(values: FloatArray, span: int) -> FloatArray:
    """Over so many windows to either side, (n,); what is not known counts as nothing."""
    return np.convolve(np.nan_to_num(values), np.ones(2 * span) / (2 * span), "same")
