"""Unit and scale of the specific force: m/s², with gravity in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, BoolArray, FloatArray, SensorPlace
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import QUARTILES, median, medians, quantiles
from imu_reps.quality.windows import Windows


@dataclass(frozen=True, slots=True)
class AccelerometerParams:
    """Parameters of the specific force of an accelerometer without defects.

    Attributes
    ----------
    g_unit, g_unit_moving : tuple
        Range of readings at rest that are in g: 20 % either way allows for the worst scale errors and biases,
        and is far from both 0 (gravity removed) and 9.81. In motion accelerations add to it.
    no_gravity_mps2 : float
        Greatest reading at rest if gravity was removed, so that only the bias remains: a bad one is 40 mg,
        this is twice it.
    steady_share : float
        Smallest share of the force that remains in its mean over two seconds if gravity is included:
        accelerations reverse and cancel (a leg swung through 90° leaves 0.7 in the sensor's axes).
    wrong_scale_moving : float
        Greatest scale error without rest: only the median of all half seconds is known, which swinging
        raises.
    min_still_windows : int
        Fewest still windows that show a rest.
    gravity_steady, gravity_turns : float
        Limits for gravity in the gyroscope's columns: greatest range of the middle half of magnitudes, as a
        share of that in the accelerometer's columns; and smallest range of the middle nine tenths of an axis,
        which a bias has not (ours).
    block_s, block_samples : float or int
        Length of the blocks whose force is compared with gravity, two and two, and number of samples that
        show it.
    near_gravity, far_from_gravity : tuple
        Range of a block's median force, as a multiple of gravity, in which the scale is right, and beyond
        which it is another one (ours: 0.80 to 1.35 in 13,000 blocks of three simulators and real sensors,
        swung legs among them; a range set to half or twice gives 0.5 or 2).
    far_slow_dps : tuple
        Greatest median rate of a block that shows another scale, and while its force is not near gravity: a
        leg that flutters or kicks is pulled outwards by as much for as long (ours: 95 % of 41 stretches of
        flutters of 1.5 to 3 Hz and of kicks turn faster, 6 % of 1,400 blocks of sets of another scale).
    force_steady : float
        Greatest range of the middle half of an accelerometer's magnitudes, as a share of their median (ours:
        rates in its place have more than 0.7, shaken accelerometers less than 0.4).
    """

    g_unit: tuple[float, float] = (0.8, 1.25)
    g_unit_moving: tuple[float, float] = (0.8, 2.0)
    no_gravity_mps2: float = 0.8
    steady_share: float = 0.4
    wrong_scale_moving: float = 0.40
    min_still_windows: int = 4
    gravity_steady: float = 0.3
    gravity_turns: float = 0.1
    block_s: float = 5.0
    block_samples: int = 50
    near_gravity: tuple[float, float] = (0.8, 1.25)
    far_from_gravity: tuple[float, float] = (0.7, 1.6)
    far_slow_dps: tuple[float, float] = (60.0, 90.0)
    force_steady: float = 0.5


PARAMS = AccelerometerParams()


#: Scale error at rest above which a part is miscalibrated (cheap parts: 40 mg and 3 % together make 7 %).
MISCALIBRATED = 0.05

#: Scale error above which the unit cannot be m/s²: twice the worst of cheap parts.
WRONG_SCALE = 0.15


#: Gravity in the units in which programs write it: m/s², g and mg.
GRAVITY_IN = (STANDARD_GRAVITY_MPS2, 1.0, 1000.0)


def check_exchanged(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Report columns of the accelerometer and the gyroscope that are exchanged.

    Those of the gyroscope then have gravity's magnitude, whatever its direction, and those of the
    accelerometer have not.
    """
    square = np.einsum("ni,ni->n", windows.gyr_dps, windows.gyr_dps)
    known = np.isfinite(square) & np.isfinite(windows.size_mps2[1:])
    if known.sum() < PARAMS.min_still_windows:
        return
    size = math.sqrt(median(square[known]))
    if min(abs(size / gravity - 1.0) for gravity in GRAVITY_IN) > WRONG_SCALE:
        return
    rate = windows.gyr_dps[known]
    low, _, high = np.sqrt(quantiles(square[known], *QUARTILES)).tolist()
    force = quantiles(windows.size_mps2[1:][known], *QUARTILES)
    spread = (force[2] - force[0]) / max(force[1], 1e-9)
    turns = np.ptp(np.percentile(rate, (5.0, 95.0), axis=0), axis=0).max()
    steady = (high - low) / size < PARAMS.gravity_steady * spread
    if spread > PARAMS.force_steady and steady and turns > PARAMS.gravity_turns * size:
        values = {"gyr": size, "acc": force[0]}
        yield Finding("columns_exchanged", values=values, severity="refuse", sensor=place)


def check_accelerometer(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Check unit, gravity and scale of one sensor's specific force by its readings at rest.

    At rest a specific force of any direction has the magnitude of gravity. Without a rest the median of all
    half seconds is judged, with wider limits.
    """
    still = windows.still
    rests = int(still.sum()) >= PARAMS.min_still_windows
    size = windows.size_mps2[still if rests else np.isfinite(windows.size_mps2)]
    if not len(size):
        return
    reading = median(size)
    off = reading / STANDARD_GRAVITY_MPS2 - 1.0
    in_g = PARAMS.g_unit if rests else PARAMS.g_unit_moving
    values = {"reading_mps2": reading, "at_rest": rests}
    without_gravity = reading < PARAMS.no_gravity_mps2
    if not rests:
        steady_mps2, share = _steady(windows)
        without_gravity |= abs(off) > WRONG_SCALE and share < PARAMS.steady_share
        off = min(off, steady_mps2 / STANDARD_GRAVITY_MPS2 - 1.0, key=abs)
    if in_g[0] <= reading <= in_g[1] and not without_gravity:
        yield Finding("acc_unit_g", values=values, severity="refuse", sensor=place)
    elif without_gravity:
        yield Finding("gravity_removed", values=values, severity="refuse", sensor=place)
    elif abs(off) > (WRONG_SCALE if rests else PARAMS.wrong_scale_moving):
        yield Finding("acc_scale", values=values, severity="refuse", sensor=place)
    elif rests and abs(off) > MISCALIBRATED:
        yield Finding("acc_scale", values=values, severity="caution", sensor=place)


def of_other_scale(values: FloatArray, bad: BoolArray, period_s: float) -> BoolArray:
    """Return samples, of (6, n), whose force has another scale than in most of the recording, (n,).

    Over ten seconds the median force of a limb that turns slowly is near gravity, however it moves. Samples
    known to be bad show nothing.
    """
    found = np.zeros(values.shape[1], bool)
    every = max(1, round(PARAMS.block_s / PARAMS.block_samples / period_s))
    few = values[:3, ::every]
    count = few.shape[1] // PARAMS.block_samples
    if count < 2:
        return found
    size = np.maximum(np.sqrt(np.einsum("ij,ij->j", few, few)) / STANDARD_GRAVITY_MPS2, 1e-3)
    size[bad[::every]] = 1.0
    blocks = _two_and_two(size, count)
    usual = medians(blocks.T)
    near = (usual > PARAMS.near_gravity[0]) & (usual < PARAMS.near_gravity[1])
    far = (usual < PARAMS.far_from_gravity[0]) | (usual > PARAMS.far_from_gravity[1])
    if far.any():
        rate_dps = _two_and_two(np.linalg.norm(values[3:, ::every], axis=0), count)[far]
        off = (blocks[far] < PARAMS.near_gravity[0]) | (blocks[far] > PARAMS.near_gravity[1])
        meanwhile_dps = np.nanmedian(np.where(off, rate_dps, np.nan), axis=1)
        slow = medians(rate_dps.T) < PARAMS.far_slow_dps[0]
        far[far] = slow & (meanwhile_dps < PARAMS.far_slow_dps[1])
    if near.sum() <= far.sum():
        return found
    for first, end in stretches(far):
        times = median(usual[first:end])
        # a sample votes for the scale that it is nearer to
        votes = np.sign(np.log(size) / math.log(times) - 0.5)
        middle = (first + end) * PARAMS.block_samples // 2
        before, after = votes[:middle][::-1].cumsum(), votes[middle:].cumsum()
        start, stop = middle - 1 - int(before.argmax()), middle + 1 + int(after.argmax())
        found[start * every : stop * every if stop < len(size) else len(found)] = True
    return found


def _two_and_two(few: FloatArray, count: int) -> FloatArray:
    """Return the samples, (n,), of each pair of neighbouring blocks, (count - 1, 2 * block_samples)."""
    blocks = few[: count * PARAMS.block_samples].reshape(count, -1)
    return np.hstack([blocks[:-1], blocks[1:]])


def _steady(windows: Windows) -> tuple[float, float]:
    """Return the specific force that remains in its mean over 2 s, and its share; 1 g and 1 if unknown.

    In the sensor's axes, or turned as the gyroscope turns, whichever is more: of legs swung over the head
    little is left in the first, and a gyroscope may be wrong.
    """
    turned = np.einsum("ijn,nj->ni", windows.rotations, windows.acc_mps2)
    halves = np.stack([windows.acc_mps2, turned], axis=1)[::2]
    groups = halves[: len(halves) // 4 * 4].reshape(-1, 4, 2, 3)
    steady = np.linalg.norm(groups.mean(axis=1), axis=2).max(axis=1)
    force = np.hypot(windows.size_mps2, windows.acc_sd_mps2)
    steady, force = steady[np.isfinite(steady)], force[np.isfinite(force)]
    if not len(steady):
        return STANDARD_GRAVITY_MPS2, 1.0
    return median(steady), median(steady) / median(force)
