"""The leg's angle as plainly as it can be had: offline VQF, and the best plane of the direction of up.

Nothing of the project's own estimate is in it, so that it can judge that estimate and stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from vqf import offlineVQF

from imu_reps import SampleBlock
from imu_reps.domain.samples import FloatArray

#: A numbering with more holes than this many times its samples is none.
MAX_LOST = 10


@dataclass(frozen=True)
class LegAngle:
    """Angle of one sensor's long swing, of unknown sign and zero.

    Attributes
    ----------
    time_s, angle_deg : (n,) float
        On every tick of the sensor; what was lost is bridged by a straight line.
    """

    time_s: FloatArray
    angle_deg: FloatArray

    @property
    def period_s(self) -> float:
        """Tick length."""
        return float(self.time_s[1] - self.time_s[0])


def leg_angle(block: SampleBlock) -> LegAngle:
    """The angle of the direction of up in the plane in which it moves most."""
    time, acc, gyr = _on_every_tick(block)
    quaternions = offlineVQF(np.radians(gyr), acc, None, float(time[1] - time[0]))["quat6D"]
    return LegAngle(time, _in_best_plane(_up(quaternions)))


def _on_every_tick(block: SampleBlock) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Time, specific force and angular rate on the sensor's regular ticks."""
    number, first = np.unique(block.sample, return_index=True)
    if number[-1] - number[0] > MAX_LOST * len(number):
        number = first = np.arange(len(block))
    ticks = np.arange(number[0], number[-1] + 1)
    time = np.linspace(block.time_s[first[0]], block.time_s[first[-1]], len(ticks))
    acc, gyr = (
        np.column_stack([np.interp(ticks, number, column) for column in values[first].T])
        for values in (block.acc_mps2, block.gyr_dps)
    )
    return time, np.ascontiguousarray(acc), np.ascontiguousarray(gyr)


def _up(quaternions: FloatArray) -> FloatArray:
    """Direction of earth's z in sensor axes, for sensor-to-earth quaternions, w first."""
    w, x, y, z = quaternions.T
    return np.column_stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])


def _in_best_plane(up: FloatArray) -> FloatArray:
    """Angle in degrees within the plane of the middle direction and of the greatest movement."""
    middle = up.mean(axis=0)
    middle /= np.linalg.norm(middle)
    maximum = np.linalg.svd(up - up.mean(axis=0), full_matrices=False)[2][0]
    maximum -= middle * (maximum @ middle)
    maximum /= np.linalg.norm(maximum)
    angle: FloatArray = np.degrees(np.unwrap(np.arctan2(up @ maximum, up @ middle)))
    return angle
