"""The leg's lever: where the hip is as seen from the ankle sensor, from how the sensor is carried round.

A leg that swings about the hip carries the sensor on an arc; a knee that bends while the heel slides does
not. The lever also points along a straight leg, which gravity and the flexion axis alone cannot tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, bridged_columns
from imu_reps.kinematics.mounting import unit
from imu_reps.kinematics.zero_phase import low_pass

GRAVITY_MPS2 = 9.80665

#: Rates above this are left out: neither the leg nor the fit has them.
CUTOFF_HZ = 6.0

#: Below this the soft tissue under a strap no longer rings (its own frequency is 4 to 12 Hz), and the arc of
#: a whole set of raises explains two thirds and more of the motion; at 6 Hz it may explain nothing of it.
SET_CUTOFF_HZ = 1.3

#: Instants at which the leg turns slower than this say nothing about the lever.
MOVING_DPS = 8.0

#: Nor do those at which less than this share of the turning is about the axis: a foot that rolls inward as it
#: leaves the floor turns fast about the leg, and carries nothing (ours).
MAIN_SHARE = 0.5

#: Independent values per second behind the low-pass.
INDEPENDENT_HZ = 2.0 * CUTOFF_HZ

#: Fewer instants than this are no motion to judge; behind the low-pass every third says it all.
FEWEST = 50
EVERY = 3

#: With fewer movements leaving each out in turn shows no spread; then it is so many times the formal one
#: (ours: over simulated and real sets the formal one is that much too small).
MIN_APART = 3
FEW_INFLATION = 3.0

#: The estimated direction of up wanders by about this within a movement, and gravity leaks into a slow one
#: (the filter's own error on a hand-moved board is 0.3 degrees: docs/accuracy.md).
UP_WANDERS_DEG = 0.2


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
    turning_rad_s : (n,) float
        Turning about any axis.
    acceleration_mps2 : (n, 2) float
        Specific force less gravity, along and across.
    plane : (2, 3) float
        The two directions in sensor axes.
    known : (n,) bool
        False in holes.
    """

    omega_rad_s: FloatArray
    alpha_rad_s2: FloatArray
    turning_rad_s: FloatArray
    acceleration_mps2: FloatArray
    plane: FloatArray
    known: BoolArray

    def __getitem__(self, piece: slice) -> Carried:
        """A stretch of it."""
        return Carried(
            self.omega_rad_s[piece],
            self.alpha_rad_s2[piece],
            self.turning_rad_s[piece],
            self.acceleration_mps2[piece],
            self.plane,
            self.known[piece],
        )


@dataclass(frozen=True, slots=True)
class Turning:
    """How a sensor turns and is pushed, low-passed, in its own axes; all ticks of a stretch.

    Attributes
    ----------
    omega_rad_s : (n, 3) float
        Angular rate.
    acceleration_mps2 : (n, 3) float
        Specific force less gravity.
    known : (n,) bool
        False in holes.
    """

    omega_rad_s: FloatArray
    acceleration_mps2: FloatArray
    known: BoolArray

    def about(self, axis: FloatArray) -> Carried:
        """The part of it about an axis (3,), in sensor axes."""
        along = unit(np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))]))
        plane = np.stack([along, np.cross(axis, along)])
        omega, speed = self.omega_rad_s @ axis, np.linalg.norm(self.omega_rad_s, axis=1)
        alpha = np.gradient(omega, 1.0 / GRID_HZ)
        return Carried(omega, alpha, speed, self.acceleration_mps2 @ plane.T, plane, self.known)

    def radius(self, ticks: IntArray) -> Lever | None:
        """The radius vector that some ticks show, whichever way the leg turns; None of too little movement.

        A foot that falls outward turns about the radius vector and carries the sensor nowhere, so it may.

        Notes
        -----
        Rigid body: ``a = alpha x r + omega x (omega x r) + b``, with a constant bias ``b``. Least squares
        over a whole set; its spread is `FEW_INFLATION` times the formal one, and what gravity leaks in as up
        wanders, in the direction that the turning shows least.
        """
        inner = ticks[(ticks > 0) & (ticks < len(self.known) - 1)]
        quick = (self.omega_rad_s[inner] ** 2).sum(axis=1) > np.radians(MOVING_DPS) ** 2
        few = inner[self.known[inner] & quick][::EVERY]
        if len(few) < FEWEST // EVERY:
            return None
        alpha = (self.omega_rad_s[few + 1] - self.omega_rad_s[few - 1]) * (0.5 * GRID_HZ)
        turning = _turning(self.omega_rad_s[few], alpha)
        turning = (turning - turning.mean(axis=0)).reshape(-1, 3)
        force = self.acceleration_mps2[few]
        force = (force - force.mean(axis=0)).reshape(-1)
        spread, axes = np.linalg.eigh(turning.T @ turning)
        if spread[0] <= 0.0:
            return None
        vector = axes @ ((axes.T @ (turning.T @ force)) / spread)
        squares = float(((force - turning @ vector) ** 2).sum())
        variance = squares / len(few) * GRID_HZ / EVERY / INDEPENDENT_HZ
        formal_m = FEW_INFLATION * float(np.sqrt(variance / spread[0]))
        return Lever(vector, float(np.hypot(formal_m, _leaked_m(len(few), spread[0]))))


def _leaked_m(count: int, spread: float) -> float:
    """How long a lever may seem by what of gravity leaks in as up wanders, with so much turning in all."""
    return float(GRAVITY_MPS2 * np.radians(UP_WANDERS_DEG) * np.sqrt(count / spread))


def _turning(omega_rad_s: FloatArray, alpha_rad_s2: FloatArray) -> FloatArray:
    """Matrices (n, 3, 3) that turn a radius vector into its acceleration."""
    turning = omega_rad_s[:, :, None] * omega_rad_s[:, None, :]
    turning[:, [0, 1, 2], [0, 1, 2]] -= (omega_rad_s**2).sum(axis=1)[:, None]
    for row, column, part in ((1, 0, 2), (2, 1, 0), (0, 2, 1)):
        turning[:, row, column] += alpha_rad_s2[:, part]
        turning[:, column, row] -= alpha_rad_s2[:, part]
    return turning


def turning_of(ankle: GridMotion, cutoff_hz: float = CUTOFF_HZ) -> Turning | None:
    """How the ankle turns and is pushed below a frequency; None for too short a stretch."""
    known = np.isfinite(ankle.up[:, 0])
    if known.sum() < FEWEST:
        return None
    values = np.column_stack([np.radians(ankle.gyr_dps), ankle.acc_mps2 - GRAVITY_MPS2 * ankle.up])
    smooth = low_pass(cutoff_hz)(bridged_columns(values))
    return Turning(smooth[:, :3], smooth[:, 3:], known)


def carried(ankle: GridMotion, axis: FloatArray) -> Carried | None:
    """How the ankle is carried about `axis` (sensor axes); None for too short a stretch."""
    turning = turning_of(ankle)
    return None if turning is None else turning.about(axis)


def fit_lever(motion: Carried, ticks: IntArray) -> Lever | None:
    """Fit the lever to some ticks of a motion; None where there is too little movement.

    Notes
    -----
    Rigid body in the plane of the swing, whose vectors are written as complex numbers: ``a = c p + b`` with
    ``c = i alpha - omega²``, ``a`` the specific force less gravity, and ``b`` a constant bias of the
    accelerometer.
    """
    fit = _Sums.of(motion, ticks)
    return None if fit is None else fit.lever(motion.plane, fit.formal_sd)


class Movements:
    """Several movements of a leg, each of which shows something of one lever.

    Parameters
    ----------
    motion : Carried
    pieces : sequence of (k,) int
        Ticks of each movement.
    """

    def __init__(self, motion: Carried, pieces: Sequence[IntArray]) -> None:
        self._plane = motion.plane
        self._fits = [_Sums.of(motion, piece) for piece in pieces]

    def common(self, chosen: Sequence[bool] | None = None) -> Lever | None:
        """One lever for all of the movements, or for some; None where none of them shows anything.

        Its spread is taken from leaving each movement out in turn: a strap that sags and a tilt that is a
        little wrong disturb whole movements alike, and the residuals of instants would claim far too much.
        """
        picked = self._fits if chosen is None else list(compress(self._fits, chosen))
        fits = [fit for fit in picked if fit is not None]
        if not fits:
            return None
        whole = sum(fits[1:], fits[0])
        if len(fits) < MIN_APART:
            return whole.lever(self._plane, FEW_INFLATION * whole.formal_sd)
        without = np.array([(whole - fit).arm_m for fit in fits])
        squares = (np.abs(without - without.mean()) ** 2).sum()
        return whole.lever(self._plane, float(np.sqrt(squares * (len(fits) - 1) / len(fits))))

    def each(self) -> list[Lever | None]:
        """The lever of each movement by itself, with the spread of a single one; None where it shows none."""
        return [None if fit is None else fit.lever(self._plane, fit.lone_sd) for fit in self._fits]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of the fit, which add up over pieces of a motion: of ``c`` and ``a``, and of their products."""

    count: int
    turning: complex
    force: complex
    turning_squared: float
    force_squared: float
    both: complex

    @classmethod
    def of(cls, motion: Carried, ticks: IntArray) -> _Sums | None:
        omega = np.abs(motion.omega_rad_s[ticks])
        quick = motion.known[ticks] & (omega > np.radians(MOVING_DPS))
        mainly = quick & (omega > MAIN_SHARE * motion.turning_rad_s[ticks])
        moving = ticks[mainly if mainly.sum() >= FEWEST else quick]
        if len(moving) < FEWEST:
            return None
        few = moving[::EVERY]
        turning = 1j * motion.alpha_rad_s2[few] - motion.omega_rad_s[few] ** 2
        force = motion.acceleration_mps2[few] @ (1.0, 1.0j)
        products = (np.vdot(turning, turning).real, np.vdot(force, force).real, np.vdot(turning, force))
        return cls(len(few), complex(turning.sum()), complex(force.sum()), *products)

    @property
    def _spread(self) -> float:
        return self.turning_squared - abs(self.turning) ** 2 / self.count

    @property
    def arm_m(self) -> complex:
        """The lever in the plane."""
        return (self.both - self.turning.conjugate() * self.force / self.count) / self._spread

    @property
    def formal_sd(self) -> float:
        """Of the lever's length, as if the residuals were noise."""
        explained = abs(self.force) ** 2 / self.count + abs(self.arm_m) ** 2 * self._spread
        variance = max(self.force_squared - explained, 0.0) / self.count * GRID_HZ / EVERY / INDEPENDENT_HZ
        return float(np.sqrt(variance / self._spread))

    @property
    def lone_sd(self) -> float:
        """Of the length that a movement shows by itself, with what of gravity leaks in as up wanders."""
        return float(np.hypot(FEW_INFLATION * self.formal_sd, _leaked_m(self.count, self._spread)))

    def lever(self, plane: FloatArray, sd_m: float) -> Lever:
        arm = self.arm_m
        return Lever(np.array([arm.real, arm.imag]) @ plane, sd_m)

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(*(getattr(self, name) + getattr(other, name) for name in _Sums.__slots__))

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(*(getattr(self, name) - getattr(other, name) for name in _Sums.__slots__))
