"""Knocks: a jerk of the pelvis that takes a sample or two, of which a gyroscope gives no true angle.

At such a rate it is at the end of its range, or between two samples: what is summed up of it is off by 5 to 20
degrees, and the orientation filter takes seconds to forget that. Gravity before and after says how far it turned.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy.ndimage import median_filter
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock
from imu_reps.kinematics.mounting import unit
from imu_reps.kinematics.rest import stretches

#: No pelvis turns this much faster than in the samples around, of which it stands out by, deg/s (ours; sets from
#: other people's simulators have 250 and more, swung lifts on a slow sensor 160).
KNOCK_DPS = 230.0

#: Samples over which the usual rate is taken; what lasts half of them or more is a movement.
AROUND = 7

#: Gravity is looked at for this long before and after, seconds (ours: shorter, a lift's acceleration counts; longer,
#: the rate's error).
GRAVITY_S = 1.0

#: Samples next to a knock in which the jolt itself is measured.
JOLTED = 2

#: Fewer samples of gravity than this say nothing.
FEWEST = 5


def knocks(gyr_dps: FloatArray) -> BoolArray:
    """Samples in which a sensor is jerked, (n,)."""
    usual = median_filter(gyr_dps, size=(AROUND, 1), mode="nearest")
    away = np.linalg.norm(gyr_dps - usual, axis=1)
    return np.asarray(away > KNOCK_DPS)


def without_knocks(block: SampleBlock, period_s: float) -> SampleBlock:
    """A block whose angular rate in a knock turns gravity as the accelerometer saw it turned.

    Parameters
    ----------
    block : SampleBlock
        In order of time.
    period_s : float
        Between two samples.
    """
    found = stretches(knocks(block.gyr_dps))
    if not found:
        return block
    gyr = block.gyr_dps.copy()
    # the windows end at the next knock, whose angle is not known yet; behind, all are
    for (start, end), (following, _) in pairwise([*found, (len(gyr), len(gyr))]):
        turned = _turned_deg(gyr, block.acc_mps2, (start, end), following, period_s)
        if turned is not None:
            gyr[start:end] = turned / ((end - start) * period_s)
    return replace(block, gyr_dps=gyr)


def _turned_deg(
    gyr_dps: FloatArray, acc_mps2: FloatArray, knock: tuple[int, int], following: int, period_s: float
) -> FloatArray | None:
    """The turn, as a rotation vector in degrees, that takes up before a knock to up after it."""
    length = round(GRAVITY_S / period_s)
    before = slice(max(0, knock[0] - length), knock[0])
    after = slice(knock[1], min(following, knock[1] + length))
    if min(before.stop - before.start, after.stop - after.start) < FEWEST + JOLTED:
        return None
    up_before = _gravity(gyr_dps[before][::-1] * -1.0, acc_mps2[before][::-1], period_s)
    up_after = _gravity(gyr_dps[after], acc_mps2[after], period_s)
    across = np.cross(up_after, up_before)
    sine = float(np.linalg.norm(across))
    angle = float(np.degrees(np.arctan2(sine, up_before @ up_after)))
    return np.asarray(across * (angle / max(sine, 1e-9)))


def _gravity(gyr_dps: FloatArray, acc_mps2: FloatArray, period_s: float) -> FloatArray:
    """Mean direction of specific force, in the sensor's axes at the first of some samples."""
    turns = Rotation.from_rotvec(np.radians(gyr_dps) * period_s)
    since, all_turns = Rotation.identity(), []
    for turn in turns:
        all_turns.append(since)
        since = since * turn
    seen = Rotation.concatenate(all_turns).apply(acc_mps2)
    return unit(seen[JOLTED:].mean(axis=0))
