"""The leg's lever: where the hip is as seen from the ankle sensor, from how the sensor is carried round.

A leg that swings about the hip carries the sensor on an arc; a knee that bends while the heel slides does
not. The lever also points along a straight leg, which gravity and the flexion axis alone cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion
from imu_reps.kinematics.mounting import unit

GRAVITY_MPS2 = 9.80665

#: Rates above this are left out: neither the leg nor the fit has them.
CUTOFF_HZ = 6.0

#: Instants at which the leg turns slower than this say nothing about the lever.
MOVING_DPS = 8.0

#: Independent values per second behind the low-pass.
INDEPENDENT_HZ = 2.0 * CUTOFF_HZ

#: Fewer instants than this are no motion to judge; behind the low-pass every third says it all.
FEWEST = 50
EVERY = 3


@dataclass(frozen=True, slots=True)
class Lever:
    """From the hip to the ankle sensor, in sensor axes.

    Attributes
    ----------
    vector_m : (3,) float
    sd_m : float
        Standard deviation of its length.
    """

    vector_m: FloatArray
    sd_m: float

    @property
    def length_m(self) -> float:
        """Its length."""
        return float(np.linalg.norm(self.vector_m))


def fit_lever(ankle: GridMotion, axis: FloatArray) -> Lever | None:
    """Fit the lever to a stretch of motion; None where there is too little of it.

    Parameters
    ----------
    ankle : GridMotion
        The stretch; holes are left out.
    axis : (3,) float
        The axis the leg swings about, in sensor axes; the lever is sought at right angles to it.

    Notes
    -----
    Rigid body in the plane of the swing: ``a = alpha z x p - omega² p`` with ``z`` the axis and ``a`` the
    specific force less gravity; a constant bias of the accelerometer is fitted beside ``p``.
    """
    known = np.isfinite(ankle.up[:, 0])
    if known.sum() < FEWEST:
        return None
    along = unit(np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))]))
    plane = np.stack([along, np.cross(axis, along)])
    force = ankle.acc_mps2[known] - GRAVITY_MPS2 * ankle.up[known]
    turning = np.radians(ankle.gyr_dps[known] @ axis)
    smooth = sosfiltfilt(_LOW_PASS, np.column_stack([turning, force @ plane.T]), axis=0)
    alpha = np.gradient(smooth[:, 0], 1.0 / GRID_HZ)
    moving = np.flatnonzero(np.abs(smooth[:, 0]) > np.radians(MOVING_DPS))
    if len(moving) < FEWEST:
        return None
    few = moving[::EVERY]
    return _solve(smooth[few, 0], alpha[few], smooth[few, 1:], plane)


_LOW_PASS = butter(2, CUTOFF_HZ, fs=GRID_HZ, output="sos")


def _solve(omega: FloatArray, alpha: FloatArray, acceleration: FloatArray, plane: FloatArray) -> Lever:
    zero, one = np.zeros_like(omega), np.ones_like(omega)
    along = np.column_stack([-(omega**2), -alpha, one, zero])
    across = np.column_stack([alpha, -(omega**2), zero, one])
    design, target = np.vstack([along, across]), acceleration.T.reshape(-1)
    normal = design.T @ design
    solution = np.linalg.solve(normal, design.T @ target)
    residual = target - design @ solution
    variance = float(residual @ residual) / len(residual) * GRID_HZ / EVERY / INDEPENDENT_HZ
    covariance = variance * np.linalg.inv(normal)[:2, :2]
    return Lever(solution[:2] @ plane, float(np.sqrt(np.trace(covariance))))
