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

GRAVITY_MPS2 = 9.80665

#: Rates above this are left out: neither the leg nor the fit has them.
CUTOFF_HZ = 6.0

#: Instants at which the leg turns slower than this say nothing about the lever.
MOVING_DPS = 8.0

#: Independent values per second behind the low-pass.
INDEPENDENT_HZ = 2.0 * CUTOFF_HZ

#: Fewer instants than this are no motion to judge.
FEWEST = 50


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
    Rigid body: ``a = alpha x p + omega x (omega x p)``, with ``a`` the specific force less gravity, and a
    constant bias of the accelerometer fitted beside ``p``.
    """
    known = np.isfinite(ankle.up[:, 0])
    if known.sum() < FEWEST:
        return None
    smooth = sosfiltfilt(
        butter(2, CUTOFF_HZ, fs=GRID_HZ, output="sos"),
        np.column_stack(
            [np.radians(ankle.gyr_dps[known]), ankle.acc_mps2[known] - GRAVITY_MPS2 * ankle.up[known]]
        ),
        axis=0,
    )
    omega, acceleration = smooth[:, :3], smooth[:, 3:]
    alpha = np.gradient(omega, 1.0 / GRID_HZ, axis=0)
    moving = np.linalg.norm(omega, axis=1) > np.radians(MOVING_DPS)
    if moving.sum() < FEWEST:
        return None
    return _solve(omega[moving], alpha[moving], acceleration[moving], axis)


def _solve(omega: FloatArray, alpha: FloatArray, acceleration: FloatArray, axis: FloatArray) -> Lever:
    plane = np.linalg.svd(axis[None])[2][1:]
    carried = [np.cross(alpha, p) + np.cross(omega, np.cross(omega, p)) for p in plane]
    bias = [np.broadcast_to(unit, omega.shape) for unit in np.eye(3)]
    design = np.column_stack([column.reshape(-1) for column in (*carried, *bias)])
    target = acceleration.reshape(-1)
    normal = design.T @ design
    solution = np.linalg.solve(normal, design.T @ target)
    residual = target - design @ solution
    variance = float(residual @ residual) / len(residual) * GRID_HZ / INDEPENDENT_HZ
    covariance = variance * np.linalg.inv(normal)[:2, :2]
    return Lever(solution[:2] @ plane, float(np.sqrt(np.trace(covariance))))
