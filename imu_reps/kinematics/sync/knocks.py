"""Knocks: jerks of the pelvis that take a sample or two, of which a gyroscope gives no true angle.

It is then at the end of its range, or looks between two samples: what is summed up of it is off by 5 to
20 degrees, which the orientation filter takes seconds to forget. Gravity before and after says how far it
turned.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
from scipy.ndimage import median_filter
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.mounting import cross, unit
from imu_reps.kinematics.rest import stretches

#: No pelvis turns for so short by this much faster than in the samples around, deg/s (ours; other people's
#: simulators have 250 and more in a jerk, 160 in a swung lift seen by a slow sensor).
KNOCK_DPS = 230.0

#: Samples over which the usual rate is taken; what lasts half of them or more is a movement.
AROUND = 7

#: Gravity is looked at for this long before and after, seconds (ours: shorter, a lift's acceleration counts;
#: longer, the rate's error).
GRAVITY_S = 1.0

#: Samples next to a knock in which the jolt itself is measured.
JOLTED = 2

#: Fewer samples of gravity than this say nothing.
FEWEST = 5


def knocks(gyr_dps: FloatArray) -> BoolArray:
    """Samples in which a sensor is jerked, (n,)."""
    if np.linalg.norm(gyr_dps.max(axis=0) - gyr_dps.min(axis=0)) <= KNOCK_DPS:
        return np.zeros(len(gyr_dps), bool)  # by far the most: the median filter takes its time
    usual = median_filter(gyr_dps, size=(AROUND, 1), mode="nearest")
    away = np.linalg.norm(gyr_dps - usual, axis=1)
    return np.asarray(away > KNOCK_DPS)


def without_knocks(timed: TimedSamples, block: SampleBlock) -> SampleBlock:
    """A block whose angular rate in a knock turns gravity as the accelerometer saw it turned.

    Parameters
    ----------
    timed : TimedSamples
        The clock fit of `block`.
    block : SampleBlock
        All samples of one sensor.
    """
    gyr = block.gyr_dps.take(timed.order, axis=0)
    found = stretches(knocks(gyr))
    if not found:
        return block
    acc = block.acc_mps2.take(timed.order, axis=0)
    step_s = np.diff(timed.time_s, append=timed.time_s[-1] + timed.period_s)
    # what follows the next knock is not looked at, its angle is not known yet; what went before is
    for (start, end), (following, _) in pairwise([*found, (len(gyr), len(gyr))]):
        turned_deg = _turned_deg(gyr, acc, step_s, (start, end), following)
        if turned_deg is not None:
            gyr[start:end] = turned_deg / step_s[start:end].sum()
    mended = block.gyr_dps.copy()
    mended[timed.order] = gyr
    return replace(block, gyr_dps=mended)


def _turned_deg(
    gyr_dps: FloatArray, acc_mps2: FloatArray, step_s: FloatArray, knock: tuple[int, int], following: int
) -> FloatArray | None:
    """The turn, as a rotation vector in degrees, that takes up before a knock to up after it."""
    length = round(GRAVITY_S / float(np.median(step_s)))
    before = slice(max(0, knock[0] - length), knock[0])
    after = slice(knock[1], min(following, knock[1] + length))
    if min(before.stop - before.start, after.stop - after.start) < FEWEST + JOLTED:
        return None
    turned = gyr_dps * step_s[:, None]
    up_before = _gravity(-turned[before][::-1], acc_mps2[before][::-1])
    up_after = _gravity(turned[after], acc_mps2[after])
    across = cross(up_after, up_before)
    sine = float(np.linalg.norm(across))
    return np.asarray(across * np.degrees(np.arctan2(sine, up_before @ up_after)) / max(sine, 1e-9))


def _gravity(turned_deg: FloatArray, acc_mps2: FloatArray) -> FloatArray:
    """Mean direction of specific force, in the sensor's axes at the first of some samples."""
    turns = Rotation.from_rotvec(turned_deg[:-1], degrees=True)
    since = Rotation.concatenate(
        list(accumulate(turns, lambda here, turn: here * turn, initial=Rotation.identity()))
    )
    return unit(since.apply(acc_mps2)[JOLTED:].mean(axis=0))
