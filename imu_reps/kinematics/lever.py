"""The leg's lever: the vector from the hip to the ankle sensor, from the sensor's motion on an arc.

A leg that swings about the hip carries the sensor on an arc; a knee that bends while the heel slides does
not. The lever also shows the direction of a straight leg, which gravity and the flexion axis alone do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, BoolArray, FloatArray, IntArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import LEG_HZ, GridMotion, bridged, low_pass
from imu_reps.kinematics.mounting import components, cross, row_dots, unit
from imu_reps.kinematics.robust import median


@dataclass(frozen=True, slots=True)
class LeverParams:
    """Parameters of the lever's fit.

    Attributes
    ----------
    moving_dps : float
        Smallest angular rate of the leg that shows the lever.
    min_instants : int
        Fewest instants of motion for a fit.
    every : int
        Stride of the instants used; after the low-pass every third one suffices.
    min_apart, few_inflation : int or float
        Fewest movements for a spread by leaving each out in turn; with fewer, the factor on the formal spread
        (ours: over simulated and real sets the formal one is that much too small).
    up_wanders_deg : float
        Wander of the estimated direction of up within a movement, by which gravity leaks into a slow one (the
        filter's own error on a hand-moved board is 0.3 degrees: docs/accuracy.md).
    """

    moving_dps: float = 8.0
    min_instants: int = 50
    every: int = 3
    min_apart: int = 3
    few_inflation: float = 3.0
    up_wanders_deg: float = 0.2


PARAMS = LeverParams()

ComplexArray = NDArray[np.complex128]

#: Cutoff for a whole set: below it the soft tissue under a strap does not ring (its own frequency is 4 to 12
#: Hz), and the arc explains at least two thirds of the motion of a set of raises; at 6 Hz possibly nothing.
SET_CUTOFF_HZ = 1.3


#: A spread that is less, as a share of what it is the spread of, is that of rounding.
ROUNDING = 1e-12


#: Independent values per second after the low-pass.
INDEPENDENT_HZ = 2.0 * LEG_HZ


@dataclass(frozen=True, slots=True)
class Lever:
    """Vector from the hip to the ankle sensor.

    Attributes
    ----------
    vector_m : (3,) float
        The vector in sensor axes.
    sd_m : float
        Standard deviation of its length.
    explained : float or None
        Share of the changes of the sensor's acceleration that this arc explains; None if not known.
    """

    vector_m: FloatArray
    sd_m: float
    explained: float | None = None

    @property
    def length_m(self) -> float:
        """Length of the lever."""
        return float(np.linalg.norm(self.vector_m))


@dataclass(frozen=True, slots=True)
class ArcMotion:
    """Motion of the ankle sensor in the plane of the swing, low-passed, over all ticks of a stretch.

    Attributes
    ----------
    omega_rad_s, alpha_rad_s2 : (n,) float
        Angular rate and acceleration about the axis.
    acceleration_mps2 : (n, 2) float
        Specific force minus gravity, along the two directions of `plane`.
    plane : (2, 3) float
        Two perpendicular directions in sensor axes, both perpendicular to the axis.
    known : (n,) bool
        False in holes.
    """

    omega_rad_s: FloatArray
    alpha_rad_s2: FloatArray
    acceleration_mps2: FloatArray
    plane: FloatArray
    known: BoolArray

    def __getitem__(self, piece: slice) -> ArcMotion:
        """Return a part of the stretch."""
        return ArcMotion(
            self.omega_rad_s[piece],
            self.alpha_rad_s2[piece],
            self.acceleration_mps2[piece],
            self.plane,
            self.known[piece],
        )

    def below(self, cutoff_hz: float) -> ArcMotion:
        """Return the motion below a lower frequency."""
        smooth = low_pass(cutoff_hz)
        return replace(
            self,
            omega_rad_s=smooth(self.omega_rad_s),
            alpha_rad_s2=smooth(self.alpha_rad_s2),
            acceleration_mps2=smooth(self.acceleration_mps2),
        )

    def explained(self, window: int) -> FloatArray:
        """Return the share of the acceleration's changes that an arc explains around each instant, (n,).

        Of `window` ticks, by the fit of `fit_levers`.
        """
        terms = _terms(self, np.arange(len(self.known))) * self.known
        sums = np.array([uniform_filter1d(one, window) for one in terms])
        sums[0] = np.maximum(sums[0].real, 1.0 / window)
        return _Fits.of(sums).explained


@dataclass(frozen=True, slots=True)
class AnkleMotion:
    """Motion of the ankle sensor in its own axes, low-passed, over all ticks of a stretch.

    Attributes
    ----------
    omega_rad_s : (n, 3) float
        Angular rate.
    speed_rad_s : (n,) float
        Its size.
    acceleration_mps2 : (n, 3) float
        Specific force minus gravity.
    known : (n,) bool
        False in holes.
    """

    omega_rad_s: FloatArray
    speed_rad_s: FloatArray
    acceleration_mps2: FloatArray
    known: BoolArray

    def __getitem__(self, piece: slice) -> AnkleMotion:
        """Return a part of the stretch."""
        return AnkleMotion(
            self.omega_rad_s[piece], self.speed_rad_s[piece], self.acceleration_mps2[piece], self.known[piece]
        )

    def about(self, axis: FloatArray) -> ArcMotion:
        """Return the motion about an axis (3,) in sensor axes."""
        along = unit(cross(axis, np.eye(3)[np.argmin(np.abs(axis))]))
        plane = np.stack([along, cross(axis, along)])
        omega = row_dots(self.omega_rad_s, axis)
        alpha = np.gradient(omega, 1.0 / GRID_HZ)
        acceleration = np.column_stack([row_dots(self.acceleration_mps2, one) for one in plane])
        return ArcMotion(omega, alpha, acceleration, plane, self.known)

    def radius(self, ticks: IntArray) -> Lever | None:
        """Fit the radius vector over some ticks, for turning about any axis; None with too little movement.

        A foot that falls outward does no harm: it turns about the radius vector and does not carry the
        sensor.

        Notes
        -----
        Rigid body: ``a = alpha x r + omega x (omega x r) + b``, with a constant bias ``b``. Least squares
        over a whole set. The standard deviation is the formal one, inflated as for few movements, together
        with the leakage of gravity as up wanders, in the direction that the turning determines least.
        """
        inner = ticks[(ticks > 0) & (ticks < len(self.known) - 1)]
        quick = self.speed_rad_s > np.radians(PARAMS.moving_dps)
        few = inner[(self.known & quick)[inner]][:: PARAMS.every]
        if len(few) < PARAMS.min_instants // PARAMS.every:
            return None
        alpha = (self.omega_rad_s[few + 1] - self.omega_rad_s[few - 1]) * (0.5 * GRID_HZ)
        turning = _turning(self.omega_rad_s[few], alpha)
        turning -= turning.mean(axis=0)
        force = self.acceleration_mps2[few]
        force -= force.mean(axis=0)
        spread, axes = np.linalg.eigh(np.einsum("nij,nik->jk", turning, turning))
        if spread[0] <= ROUNDING * spread[2]:
            return None
        vector = axes @ ((axes.T @ np.einsum("nij,ni->j", turning, force)) / spread)
        left = force - np.einsum("nij,j->ni", turning, vector)
        variance = float((left**2).sum()) / len(few) * GRID_HZ / PARAMS.every / INDEPENDENT_HZ
        formal_m = PARAMS.few_inflation * float(np.sqrt(variance / spread[0]))
        leaked_m = float(_leaked_m(len(few), spread[0]))
        return Lever(vector, float(np.hypot(formal_m, leaked_m)))


def _leaked_m(count: FloatArray | int, spread: FloatArray) -> FloatArray:
    """Return the apparent lever by gravity that leaks in as up wanders, for this total turning."""
    return np.asarray(STANDARD_GRAVITY_MPS2 * np.radians(PARAMS.up_wanders_deg) * np.sqrt(count / spread))


def _turning(omega_rad_s: FloatArray, alpha_rad_s2: FloatArray) -> FloatArray:
    """Return the matrices (n, 3, 3) that map a radius vector to its acceleration."""
    turning = omega_rad_s[:, :, None] * omega_rad_s[:, None, :]
    turning[:, [0, 1, 2], [0, 1, 2]] -= row_dots(omega_rad_s, omega_rad_s)[:, None]
    for row, column, part in ((1, 0, 2), (2, 1, 0), (0, 2, 1)):
        turning[:, row, column] += alpha_rad_s2[:, part]
        turning[:, column, row] -= alpha_rad_s2[:, part]
    return turning


def ankle_motion(ankle: GridMotion, cutoff_hz: float = LEG_HZ) -> AnkleMotion | None:
    """Return the ankle's angular rate and acceleration below a frequency; None for too short a stretch."""
    known = np.isfinite(ankle.up[:, 0])
    if known.sum() < PARAMS.min_instants:
        return None
    smooth = low_pass(cutoff_hz)
    omega = smooth(bridged(np.radians(ankle.gyr_dps)))
    acceleration = smooth(bridged(ankle.acc_mps2 - STANDARD_GRAVITY_MPS2 * ankle.up))
    return AnkleMotion(omega, np.sqrt(row_dots(omega, omega)), acceleration, known)


def arc_motion(ankle: GridMotion, axis: FloatArray, hip_mps2: FloatArray | None = None) -> ArcMotion | None:
    """Return the ankle's motion about a level axis in sensor axes; None for too short a stretch.

    Parameters
    ----------
    ankle : GridMotion
    axis : (3,) float
        The axis; a right-handed turn about it lifts the leg forwards.
    hip_mps2 : (n, 2) float, optional
        Result of `hip_acceleration`, from which the ankle's is counted; without it the hip is taken to be
        still.
    """
    motion = ankle_motion(ankle)
    if motion is None:
        return None
    about = motion.about(axis)
    if hip_mps2 is None:
        return about
    up = bridged(ankle.up)
    seen = np.isfinite(hip_mps2[:, 0])
    hip = np.where(seen, hip_mps2.T, 0.0).T
    carried = hip[:, :1] * _units(np.cross(up, axis)) + hip[:, 1:] * up
    acceleration = about.acceleration_mps2 - carried @ about.plane.T
    return replace(about, acceleration_mps2=acceleration, known=about.known & seen)


def hip_acceleration(pelvis: GridMotion, anterior: FloatArray) -> FloatArray:
    """Return the hip's acceleration forwards and upwards, (n, 2) m/s², low-passed; NaN in holes.

    Parameters
    ----------
    pelvis : GridMotion
    anterior : (3,) float
        Axis of the pelvis sensor that points forwards.
    """
    up, force = bridged(pelvis.up), bridged(pelvis.acc_mps2)
    forward = row_dots(force, _units(anterior - components(up, anterior)[:, None] * up))
    upwards = row_dots(force, up)
    smooth = low_pass(LEG_HZ)(np.column_stack([forward, upwards - median(upwards)]))
    smooth[~np.isfinite(pelvis.up[:, 0])] = np.nan
    return smooth


def _units(vectors: FloatArray) -> FloatArray:
    """Return vectors (n, 3) scaled to length 1."""
    return np.asarray(vectors / np.sqrt(row_dots(vectors, vectors))[:, None])


def fit_levers(motion: ArcMotion, pieces: Sequence[IntArray]) -> list[Lever | None]:
    """Fit a lever to each piece of a motion, ticks (k,); None with too little movement.

    Notes
    -----
    Rigid body in the plane of the swing, with vectors as complex numbers: ``a = c p + b`` with
    ``c = i alpha - omega²``, ``a`` the specific force minus gravity, ``p`` the lever, and ``b`` a constant
    bias of the accelerometer.
    """
    shows, sums = _sums(motion, pieces)
    fits = _Fits.of(sums)
    return _in_place(shows, fits.levers(motion.plane, fits.formal_sd))


class Movements:
    """Several movements of a leg with a common lever.

    Parameters
    ----------
    motion : ArcMotion
    pieces : sequence of (k,) int
        Ticks of each movement.
    """

    def __init__(self, motion: ArcMotion, pieces: Sequence[IntArray]) -> None:
        self._plane = motion.plane
        self._shows, self._sums = _sums(motion, pieces)

    def common(self, chosen: Sequence[bool] | None = None) -> Lever | None:
        """Fit one lever to all of the movements, or to the chosen ones; None if none can be fitted.

        Its spread is estimated by leaving each movement out in turn: a sagging strap or a slightly wrong tilt
        disturbs whole movements, so that the residuals of instants would give far too small a spread.
        """
        sums = self._sums if chosen is None else self._sums[:, np.array(chosen)[self._shows]]
        count = sums.shape[1]
        if not count:
            return None
        total = sums.sum(axis=1, keepdims=True)
        whole = _Fits.of(total)
        if count < PARAMS.min_apart:
            return whole.levers(self._plane, PARAMS.few_inflation * whole.formal_sd)[0]
        without = _Fits.of(total - sums).arm_m
        squares = (np.abs(without - without.mean()) ** 2).sum()
        return whole.levers(self._plane, np.sqrt([squares * (count - 1) / count]))[0]

    def each(self) -> list[Lever | None]:
        """Fit a lever to each movement by itself, with the spread of a single one; None where impossible."""
        fits = _Fits.of(self._sums)
        lone_sd = np.hypot(PARAMS.few_inflation * fits.formal_sd, _leaked_m(fits.count, fits.spread))
        return _in_place(self._shows, fits.levers(self._plane, lone_sd))


def _in_place(shows: BoolArray, levers: Sequence[Lever]) -> list[Lever | None]:
    """Return the levers of the pieces that have one, None for the others."""
    following = iter(levers)
    return [next(following) if one else None for one in shows.tolist()]


def _sums(motion: ArcMotion, pieces: Sequence[IntArray]) -> tuple[BoolArray, ComplexArray]:
    """Return which pieces (k) have enough movement, and the sums for the fits of those (m), (6, m).

    The sums add up over pieces: the number of instants, ``c``, ``a``, and the products of ``c`` with itself,
    ``a`` with itself, and of both.
    """
    shows, ticks, begins = _instants(motion, pieces)
    return shows, np.add.reduceat(_terms(motion, ticks), begins, axis=1)


def _terms(motion: ArcMotion, ticks: IntArray) -> ComplexArray:
    """Return what the sums add up at some ticks (k,), (6, k)."""
    turning = 1j * motion.alpha_rad_s2[ticks] - motion.omega_rad_s[ticks] ** 2
    force = motion.acceleration_mps2.take(ticks, axis=0).view(np.complex128)[:, 0]
    products = (np.abs(turning) ** 2, np.abs(force) ** 2, turning.conjugate() * force)
    return np.array([np.ones(len(ticks)), turning, force, *products])


def _instants(motion: ArcMotion, pieces: Sequence[IntArray]) -> tuple[BoolArray, IntArray, IntArray]:
    """Return which pieces (k) have enough movement, the ticks used, and at which of them each begins."""
    ticks, piece = np.concatenate(pieces), np.repeat(np.arange(len(pieces)), [len(one) for one in pieces])
    moving = motion.known[ticks] & (np.abs(motion.omega_rad_s[ticks]) > np.radians(PARAMS.moving_dps))
    ticks, count = ticks[moving], np.bincount(piece[moving], minlength=len(pieces))
    shows, ends = count >= PARAMS.min_instants, count.cumsum()
    spans = zip((ends - count)[shows].tolist(), ends[shows].tolist(), strict=True)
    used = [ticks[start : end : PARAMS.every] for start, end in spans]
    lengths = np.array([len(one) for one in used], np.int64)
    return shows, np.concatenate([ticks[:0], *used]), lengths.cumsum() - lengths


@dataclass(frozen=True, slots=True)
class _Fits:
    """Fits of the lever, one for each column of sums.

    Attributes
    ----------
    count : (m,) float
        Instants.
    spread : (m,) float
        Squared distances of ``c`` from its mean.
    arm_m : (m,) complex
        The lever in the plane.
    changes, residual : (m,) float
        Squares of ``a`` about its mean, and of what the lever leaves of it.
    """

    count: FloatArray
    spread: FloatArray
    arm_m: ComplexArray
    changes: FloatArray
    residual: FloatArray

    @classmethod
    def of(cls, sums: ComplexArray) -> _Fits:
        _, turning, force, _, _, both = sums
        count, turning_squared, force_squared = sums[[0, 3, 4]].real
        # a sensor that turns by nothing, not even by noise, shows no lever
        least = ROUNDING * np.maximum(turning_squared, 1.0)
        spread = np.maximum(turning_squared - np.abs(turning) ** 2 / count, least)
        arm = (both - turning.conjugate() * force / count) / spread
        changes = force_squared - np.abs(force) ** 2 / count
        return cls(count, spread, arm, changes, np.maximum(changes - np.abs(arm) ** 2 * spread, 0.0))

    @property
    def formal_sd(self) -> FloatArray:
        """Standard deviation of the lever's length, m, as if the residuals were noise."""
        variance = self.residual / self.count * GRID_HZ / PARAMS.every / INDEPENDENT_HZ
        return np.sqrt(variance / self.spread)

    @property
    def explained(self) -> FloatArray:
        """Share of the changes of ``a`` that the lever explains."""
        return np.asarray(1.0 - self.residual / np.maximum(self.changes, ROUNDING))

    def levers(self, plane: FloatArray, sd_m: FloatArray) -> list[Lever]:
        vectors = np.stack([self.arm_m.real, self.arm_m.imag], axis=1) @ plane
        return [Lever(*one) for one in zip(vectors, sd_m.tolist(), self.explained.tolist(), strict=True)]
