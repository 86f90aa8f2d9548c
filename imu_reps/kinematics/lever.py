"""The leg's lever: where the hip is as seen from the ankle sensor, from how the sensor is carried round.

A leg that swings about the hip carries the sensor on an arc; a knee that bends while the heel slides does
not. The lever also points along a straight leg, which gravity and the flexion axis alone cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.holes import bridged_columns
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


@dataclass(frozen=True, slots=True)
class Carried:
    """How the sensor is carried in the plane of the swing, low-passed; all ticks of a stretch.

    Attributes
    ----------
    omega_rad_s, alpha_rad_s2 : (n,) float
        Turning about the axis.
    acceleration_mps2 : (n, 2) float
        Specific force less gravity, along and across.
    plane : (2, 3) float
        The two directions in sensor axes.
    known : (n,) bool
        False in holes.
    """

    omega_rad_s: FloatArray
    alpha_rad_s2: FloatArray
    acceleration_mps2: FloatArray
    plane: FloatArray
    known: BoolArray


def carried(ankle: GridMotion, axis: FloatArray) -> Carried | None:
    """How the ankle is carried about `axis` (in sensor axes); None for too short a stretch."""
    known = np.isfinite(ankle.up[:, 0])
    if known.sum() < FEWEST:
        return None
    along = unit(np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))]))
    plane = np.stack([along, np.cross(axis, along)])
    force = (ankle.acc_mps2 - GRAVITY_MPS2 * ankle.up) @ plane.T
    values = np.column_stack([np.radians(ankle.gyr_dps @ axis), force])
    smooth = sosfiltfilt(_LOW_PASS, bridged_columns(values), axis=0)
    return Carried(smooth[:, 0], np.gradient(smooth[:, 0], 1.0 / GRID_HZ), smooth[:, 1:], plane, known)


def fit_lever(motion: Carried, ticks: IntArray) -> Lever | None:
    """Fit the lever to some ticks of a motion; None where there is too little movement.

    Notes
    -----
    Rigid body in the plane of the swing: ``a = alpha z x p - omega² p`` with ``z`` the axis and ``a`` the
    specific force less gravity; a constant bias of the accelerometer is fitted beside ``p``.
    """
    quick = np.abs(motion.omega_rad_s[ticks]) > np.radians(MOVING_DPS)
    moving = ticks[quick & motion.known[ticks]]
    if len(moving) < FEWEST:
        return None
    few = moving[::EVERY]
    return _solve(
        motion.omega_rad_s[few], motion.alpha_rad_s2[few], motion.acceleration_mps2[few], motion.plane
    )


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
