"""A strap that slips on the shank while the leg is raised or lowered.

The ankle sensor then turns quickly without being carried round the hip, and the leg rests in it at another
angle from then on. Neither shows a slip by itself: knees give in raises of real people, and a leg is not put
back exactly to where it was. A slip is where both are of one size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import minimum_filter1d
from scipy.spatial.transform import Rotation

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.evidence import EvidenceParams
from imu_reps.analysis.set.leg_frames import LegFrames
from imu_reps.analysis.set.shifts import END_TICKS, SHIFTED_DEG, up_around
from imu_reps.analysis.set.spells import first_and_last
from imu_reps.analysis.set.strap_turn import CLEAR_SHARE, Turned
from imu_reps.analysis.set.swings import MAX_RADIUS_M, MIN_RADIUS_M
from imu_reps.analysis.set_motion import rate_of_change
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import ArcMotion, Lever, fit_levers
from imu_reps.kinematics.motion import Motion, bridged
from imu_reps.kinematics.mounting import angle_about, row_dots, unit
from imu_reps.kinematics.robust import medians

#: Durations of a slip that are tried, s. A strap that creeps turns as slowly as a knee bends (ours; with 0.6
#: s two movements of 4100 are taken for slips).
LASTS_S = (0.08, 0.15, 0.25, 0.4)

#: Time before and after a slip over which the turning is compared with that of the arc, s (ours; 0.5 s shows
#: too little of a movement, and 16 of 4100 are taken for slips).
AROUND_S = 0.6
AROUND_TICKS = round(AROUND_S * GRID_HZ)

#: Every how many ticks a slip is tried, and the share left (see below) under which it is tried at those
#: between: one tick off, a quick slip leaves four times as much.
EVERY, NEARLY_LEFT_SHARE = 3, 0.4

#: Standard deviation of a lever as a share of the usual one, and of an angle by what else moves the sensor,
#: degrees: soft tissue, and gravity leaking in (ours; a third more or less moves one of 4100 movements).
LEVER_SHARE, ANGLE_SD_DEG = 0.15, 0.3

#: Largest share of the squared turning that the arc does not explain which a step may leave, and the error
#: below which nothing needs explaining, degrees (ours: slips by 5 to 15 degrees of two other authors'
#: simulators leave 0.01 to 0.08. Of 4100 other movements, 128 of them real, none is taken for a slip at 0.1,
#: five at 0.13).
LEFT_SHARE, ROUNDING_DEG = 0.1, 0.1

#: Largest difference between the step and the change of where the leg rests, as a share of the change (ours;
#: at 0.24 one of 21 slips is missed, at 0.36 three movements of 4100 are taken for one).
SAME_SHARE = 0.3

#: Number of repetitions before and after a slip by which the usual change of where the leg rests is measured,
#: and the smallest ratio of that over the repetition itself to it, or the reverse: a leg that fidgets at one
#: end is not at rest there (ours; at 0.5 one movement of 4100 is taken for a slip, at 0.8 one of 21 missed).
USUAL_REPS, ALIKE_SHARE = 3, 0.65

#: Longest time from the end of a movement until the leg surely rests, if another follows (ours).
REST_TICKS = int(0.5 * GRID_HZ)

#: A slip is looked for from this long before the leg moves until as long after it has stopped, s: the slip
#: itself may seem to be the beginning or the end (ours; 0.1 to 0.3 s are alike but for one movement).
BEYOND_S = 0.2

#: Time before and after a slip in which the sensor is not taken to show the leg either, s (ours).
MARGIN_S = 0.08


def find_slips(motion: Motion, whole: SetEstimate, header: Header) -> list[Turned]:
    """Return the slips of the ankle sensor's strap during the leg's movements in an estimated set, in order.

    Movements that are not counted because they are not carried round the hip are looked at too: a slip may
    be the reason.
    """
    moves, leg, carried = movements(whole), whole.leg, whole.carried
    if motion.ankle is None or leg is None or carried is None or not moves:
        return []
    lever = _lever_m(moves, carried, leg, header)
    if lever is None:
        return []
    uncarried = _Uncarried.of(carried, lever)
    speed_dps = rate_of_change(whole.elevation_deg)
    quick = [_quick(move, speed_dps) for move in moves]
    by_deg = _changes_deg(moves, speed_dps, bridged(motion.ankle.up), leg, whole.posture.spells)
    beyond = round(BEYOND_S * GRID_HZ)
    found: list[Turned] = []
    for k, (start, stop) in enumerate(quick):
        within = slice(max(start - beyond, moves[0].near.tick), min(stop + beyond, moves[-1].back.tick))
        step = uncarried.step(within, by_deg[k]) if abs(by_deg[k]) >= SHIFTED_DEG else None
        if step is not None and not (found and step.ticks.start < found[-1].handled.stop):
            found.append(_turned(step, leg.axis))
    return found


def movements(whole: SetEstimate) -> list[Excursion]:
    """Return the repetitions, and what is none only because the sensor was not carried round the hip."""
    slid = [part.excursion for part in whole.segmentation.partials if part.reason == "not_carried_round_hip"]
    return sorted([*whole.segmentation.reps, *slid], key=lambda move: move.near.tick)


def _quick(move: Excursion, speed_dps: FloatArray) -> tuple[int, int]:
    """Return the first and the last tick at which the leg moves in a movement, without rests at its ends."""
    (quick,) = (np.abs(speed_dps[move.ticks]) > SLOW_DPS).nonzero()
    if not len(quick):
        return move.near.tick, move.back.tick
    return move.near.tick + int(quick[0]), move.near.tick + int(quick[-1])


def _changes_deg(
    moves: Sequence[Excursion],
    speed_dps: FloatArray,
    up: FloatArray,
    leg: LegFrames,
    spells: Sequence[slice],
) -> list[float]:
    """Return the change over each movement of the angle at which the leg rests in the sensor; 0 if unclear.

    It is measured from the usual angle before the movement to the usual one after it, and from that at its
    beginning to that at its end: the smaller one, if they are alike. The first movement may begin with bent
    knees: it is also measured from where the leg lay flat before the lift.

    Parameters
    ----------
    moves : sequence of Excursion
    speed_dps : (n,) float
        Speed of the leg.
    up : (n, 3) float
        Up in ankle sensor axes, holes bridged.
    leg : LegFrames
        The leg's frames; the change is measured about their axis.
    spells : sequence of slice
        Stretches in the posture.
    """
    lay = [rest.middle for rest in leg.floor_rests if rest.end <= moves[0].far.tick][-1:]
    near, back = _resting_up(moves, speed_dps, up, spells)
    found = []
    for k in range(len(moves)):
        before, after = medians(near[max(0, k + 1 - USUAL_REPS) : k + 1]), medians(back[k : k + USUAL_REPS])
        ends = [(before, after), (near[k], back[k])]
        ends += [(flat, back[0]) for flat in up_around(up, lay)] if k == 0 else []
        smaller, *_, larger = sorted((_turn_deg(leg.axis, *both) for both in ends), key=abs)
        found.append(smaller if smaller * larger > ALIKE_SHARE * larger**2 else 0.0)
    return found


def _resting_up(
    moves: Sequence[Excursion], speed_dps: FloatArray, up: FloatArray, spells: Sequence[slice]
) -> tuple[FloatArray, FloatArray]:
    """Return up at rest before and after each movement, both (k, 3).

    After a slip the floor may seem to lie lower, and movements to end and begin above it: the leg rests in
    between.
    """
    begins, ends = np.array([(move.near.tick, move.back.tick) for move in moves]).T
    first, _ = first_and_last([move.far.tick for move in moves], spells)
    into = np.where(first[1:], 0, np.minimum((begins[1:] - ends[:-1]) // 2, REST_TICKS))
    begins[1:] -= into
    ends[:-1] += into
    return up_around(up, calm(begins, speed_dps)), up_around(up, calm(ends, speed_dps))


def calm(ticks: IntArray, speed_dps: FloatArray) -> list[int]:
    """Return the ticks nearest to some around which the leg does not move, nor the strap; else the same."""
    slow = minimum_filter1d(np.abs(speed_dps) < SLOW_DPS, 2 * END_TICKS + 1)
    (calm,) = np.pad(slow.nonzero(), ((0, 0), (1, 1)), constant_values=(-len(slow), 2 * len(slow)))
    after = calm.searchsorted(ticks)
    nearest = np.where(ticks - calm[after - 1] < calm[after] - ticks, calm[after - 1], calm[after])
    found: list[int] = np.where(np.abs(nearest - ticks) <= REST_TICKS, nearest, ticks).tolist()
    return found


def _turn_deg(axis: FloatArray, before: FloatArray, after: FloatArray) -> float:
    """Return the angle by which a sensor turned about an axis, by up before and after in its own axes."""
    return float(angle_about(axis, after[None], unit(before))[0])


def _lever_m(
    moves: Sequence[Excursion], carried: ArcMotion, leg: LegFrames, header: Header
) -> FloatArray | None:
    """Return the usual lever of the leg's ways, (3,); without a clear one, that of a usual leg in its frame.

    A lever that is somewhat off hardly matters where the leg moves slowly, and only there no way is clear.
    """
    clear = [
        lever.vector_m
        for _, lever in levers_of_ways(moves, carried)
        if lever.sd_m < CLEAR_SHARE * lever.length_m
    ]
    if clear:
        return medians(np.array(clear))
    if header.exercise == "heel_tap":
        return None
    _, up_level, up_upright = leg.frames[0][1].body()
    foot = -up_level if header.posture == "hanging" else up_upright
    return np.asarray(EvidenceParams().lever_m * foot)


def levers_of_ways(moves: Sequence[Excursion], carried: ArcMotion) -> list[tuple[int, Lever]]:
    """Return the levers of the ways that are as long as a leg, each with the number of its movement."""
    ends = [(move.near.tick, move.far.tick, move.back.tick) for move in moves]
    ways = [np.arange(*way) for near, far, back in ends for way in ((near, far), (far, back))]
    return [
        (k // 2, lever)
        for k, lever in enumerate(fit_levers(carried, ways))
        if lever is not None and MIN_RADIUS_M < lever.length_m < MAX_RADIUS_M
    ]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of an angle by `by_deg` within `ticks`, and the share of the turning that it leaves."""

    ticks: slice
    by_deg: float
    left: float


@dataclass(frozen=True, slots=True)
class _Uncarried:
    """The angle by which the sensor turned about the axis without being carried round the hip.

    Attributes
    ----------
    angle_deg : (n,) float
        That angle, up to a polynomial: it is integrated twice.
    turned_deg : (n,) float
        The whole angle, likewise.
    """

    angle_deg: FloatArray
    turned_deg: FloatArray

    @classmethod
    def of(cls, carried: ArcMotion, lever_m: FloatArray) -> _Uncarried:
        """Compare the turning with the acceleration across a lever (3,).

        On the arc ``a = (i alpha - omega²) p``, with vectors in the plane as complex numbers.
        """
        lever = complex(*(carried.plane @ lever_m))
        force = carried.acceleration_mps2[:, 0] + 1j * carried.acceleration_mps2[:, 1]
        arc_rad_s2 = (force * lever.conjugate()).imag / abs(lever) ** 2
        return cls(_twice_summed(carried.alpha_rad_s2 - arc_rad_s2), _twice_summed(carried.alpha_rad_s2))

    def step(self, within: slice, by_deg: float) -> _Step | None:
        """Return the step by the change of where the leg rests that explains the angle; None if none does."""
        sizes = (1.0 - SAME_SHARE) * by_deg, (1.0 + SAME_SHARE) * by_deg
        step = self._best_step(within, *sizes, EVERY)
        if step is not None and step.left < NEARLY_LEFT_SHARE:
            middle = (step.ticks.start + step.ticks.stop - 1) // 2
            step = self._best_step(slice(middle - EVERY + 1, middle + EVERY), *sizes, 1)
        return None if step is None or step.left > LEFT_SHARE else replace(step, by_deg=by_deg)

    def _best_step(self, within: slice, one_deg: float, other_deg: float, every: int) -> _Step | None:
        """Return the step between two sizes that explains the angle best; None near an end of the motion.

        It is tried every few ticks.

        Notes
        -----
        Least squares around each instant. Errors of up and of the accelerometer grow as a polynomial of the
        third degree, the error by a lever of another length in step with the leg.
        """
        first = max(within.start, AROUND_TICKS)
        last = min(within.stop, len(self.angle_deg) - AROUND_TICKS - 1)
        if last < first:
            return None
        around = slice(first - AROUND_TICKS, last + AROUND_TICKS + 1)
        angle, turned = (_windows(values[around], every) for values in (self.angle_deg, self.turned_deg))
        ticks = angle.shape[1]
        weight = row_dots(turned, turned) + ticks * (ANGLE_SD_DEG / LEVER_SHARE) ** 2
        misfit = row_dots(angle, turned) / weight
        without = row_dots(angle, angle) - misfit**2 * weight
        found = []
        for lasts_s, shape in zip(LASTS_S, _steps(), strict=True):
            along = np.einsum("ij,j->i", turned, shape)
            own = shape @ shape - along**2 / weight
            shown = np.einsum("ij,j->i", angle, shape) - along * misfit
            size = np.clip(shown / own, min(one_deg, other_deg), max(one_deg, other_deg))
            left = (without - 2.0 * size * shown + size**2 * own) / (without + ticks * ROUNDING_DEG**2)
            k = int(left.argmin())
            middle, half = first + every * k, round(0.5 * lasts_s * GRID_HZ)
            found.append(_Step(slice(middle - half, middle + half + 1), float(size[k]), float(left[k])))
        return min(found, key=lambda step: step.left)


def _twice_summed(rad_s2: FloatArray) -> FloatArray:
    return np.asarray(np.degrees(rad_s2.cumsum().cumsum()) / GRID_HZ**2)


def _windows(values: FloatArray, every: int) -> FloatArray:
    """Return the values around every few ticks, less their polynomials, (m, ticks)."""
    return _without_trend(sliding_window_view(values, 2 * AROUND_TICKS + 1)[::every])


@cache
def _steps() -> tuple[FloatArray, ...]:
    """Return smooth steps by 1, one for each of `LASTS_S`, less their polynomials, (ticks,)."""
    time_s = np.arange(-AROUND_TICKS, AROUND_TICKS + 1) / GRID_HZ
    shares = (np.clip(time_s / lasts_s + 0.5, 0.0, 1.0) for lasts_s in LASTS_S)
    return tuple(_without_trend(share**2 * (3.0 - 2.0 * share)) for share in shares)


def _without_trend(values: FloatArray) -> FloatArray:
    """Return values (..., ticks) less the polynomial of the third degree that fits best."""
    trend = _trend()  # einsum: a product of matrices this small would start threads
    shares = np.einsum("...i,ij->...j", values, trend)
    return np.asarray(values - np.einsum("...j,ij->...i", shares, trend))


@cache
def _trend() -> FloatArray:
    """Return perpendicular polynomials up to the third degree, (ticks, 4)."""
    return np.asarray(np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, 2 * AROUND_TICKS + 1), 4)).Q)


def _turned(step: _Step, axis: FloatArray) -> Turned:
    """Return a slip about an axis (3,) as a turn."""
    margin = round(MARGIN_S * GRID_HZ)
    handled = slice(step.ticks.start - margin, step.ticks.stop + margin)
    rotation = np.asarray(Rotation.from_rotvec(np.radians(step.by_deg) * axis).as_matrix())
    return Turned(handled, rotation, handled)
