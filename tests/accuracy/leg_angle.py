"""The angle of the leg by the plainest means: offline VQF and the best plane of the direction of up.

It uses nothing of the project's own estimator, so that it can judge that estimator and serve as a baseline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from vqf import offlineVQF

from imu_reps import SampleBlock
from imu_reps.domain.samples import FloatArray

#: A numbering with more gaps than this multiple of its samples is not used.
MAX_LOST = 10


@dataclass(frozen=True)
class LegAngle:
    """Angle of the long swing of one sensor, of unknown sign and zero.

    Attributes
    ----------
    time_s, angle_deg : (n,) float
        On every tick of the sensor; lost samples are interpolated linearly.
    """

    time_s: FloatArray
    angle_deg: FloatArray

    @property
    def period_s(self) -> float:
        """Tick length, s."""
        return float(self.time_s[1] - self.time_s[0])


def leg_angle(block: SampleBlock) -> LegAngle:
    """Return the angle of the direction of up in the plane of its largest movement."""
    time, acc, gyr = _on_every_tick(block)
    quaternions = offlineVQF(np.radians(gyr), acc, None, float(time[1] - time[0]))["quat6D"]
    return LegAngle(time, _in_best_plane(_up(quaternions)))


def _on_every_tick(block: SampleBlock) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return time, specific force and angular rate on the regular ticks of the sensor."""
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
    """Return the direction of earth's z in sensor axes, for sensor-to-earth quaternions, w first."""
    w, x, y, z = quaternions.T
    return np.column_stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])


def _in_best_plane(up: FloatArray) -> FloatArray:
    """Return the angle in deg within the plane of the middle direction and the largest movement."""
    middle = up.mean(axis=0)
    middle /= np.linalg.norm(middle)
    maximum = np.linalg.svd(up - up.mean(axis=0), full_matrices=False)[2][0]
    maximum -= middle * (maximum @ middle)
    maximum /= np.linalg.norm(maximum)
    angle: FloatArray = np.degrees(np.unwrap(np.arctan2(up @ maximum, up @ middle)))
    return angle
