"""Swings: the leg's motion about every axis it may be lifted about, and along its radius vector.

A foot that falls outward turns about the line from the hip to the ankle, as far and faster than a leg is
lifted by 20 degrees, and any axis taken from the turning is then the sum of both. It carries the sensor
nowhere: the radius vector, which the accelerometer shows, tells lift and roll apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from imu_reps.analysis.filters import SHORTEST, low_passed, rate_of_change
from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.reps.segmentation import TurnFinder
from imu_reps.analysis.set.evidence import Hypothesis, travel_sign
from imu_reps.analysis.set.hypotheses import Swing, readings
from imu_reps.analysis.set.leg import (
    LegFrame,
    LegParams,
    angle_about_deg,
    elevation_deg,
    lift_and_roll,
    swing_axis,
    up_turning_dps,
)
from imu_reps.analysis.set.spells import Posture, Rest, in_spells, rests_within
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import SET_CUTOFF_HZ, Lever, Turning, turning_of
from imu_reps.kinematics.motion import GridMotion, Motion, bridged, bridged_columns
from imu_reps.kinematics.mounting import cross, pelvis_axes_at, plane_about, tilt_and_rotation, unit
from imu_reps.kinematics.rest import stretches

#: An axis is looked for in what lies beyond this share of the way from the resting to the far end: near the
#: resting end a foot that falls outward turns about the leg (ours).
LIFTED_SHARE = 0.3

#: Axes nearer to each other than this (cosine) are the same.
SAME_AXIS = 0.985

#: Steps push a pelvis up and down by more than this, RMS over two strides (walking gives 1 to 3: Menz, Lord
#: and Fitzpatrick, 2003; a body at the bar 0.02 to 1.3, simulated).
STEP_MPS2, STRIDES_S = 0.3, 3.0

#: Shorter and longer than this is no leg; a radius vector is clear that is known within this share of its
#: length, 7 degrees (ours: of real raises about one axis it is known within 0.11 to 0.2, and up to 27 degrees
#: off; of simulated feet that roll within 0.03 to 0.1).
MIN_RADIUS_M, MAX_RADIUS_M, CLEAR_SHARE = 0.3, 1.3, 0.1

#: The axis of a lift is square to the radius vector, but for a leg that is abducted meanwhile: within this
#: (sine of 20 degrees; ours, simulated legs abduct by up to 15).
ASKEW = 0.35

#: Of a leg within 15 degrees of upright gravity does not show how the foot is turned (sine; ours).
UPRIGHT_PART = 0.26


@dataclass(frozen=True, slots=True)
class SeenLeg:
    """The ankle over the spells, and what goes with it.

    Attributes
    ----------
    ankle : GridMotion
    posture : Posture
    turning_dps : (n, 3) float
        As `leg.up_turning_dps` gives it.
    inside : (k,) int
        Ticks within the spells at which the ankle was measured.
    rests : tuple of Rest
    tilt_deg : (n,) float or None
        Of the pelvis, against the person's own lying direction.
    pelvis_dps2 : (n,) float or None
        Angular rate of the pelvis, squared.
    bounce_mps2 : (n,) float or None
        Force on the pelvis along gravity, where its posture tells nothing or it hangs.
    may_walk : (n,) bool or None
        When the person may be walking; None: never.
    carried : Turning or None
        How the ankle turns and is pushed, below `SET_CUTOFF_HZ`.
    """

    ankle: GridMotion
    posture: Posture
    turning_dps: FloatArray
    inside: IntArray
    rests: tuple[Rest, ...]
    tilt_deg: FloatArray | None
    pelvis_dps2: FloatArray | None
    bounce_mps2: FloatArray | None
    may_walk: BoolArray | None
    carried: Turning | None


@dataclass(frozen=True, slots=True)
class SwingReadings:
    """The leg's motion about an axis, and the hypotheses that it allows."""

    swing: Swing
    hypotheses: list[Hypothesis]

    @property
    def largest(self) -> Hypothesis:
        """The one whose repetitions go furthest in all."""
        return max(self.hypotheses, key=lambda one: sum(rep.range_deg for rep in one.segmentation.reps))


def observe(motion: Motion, posture: Posture, header: Header) -> SeenLeg | None:
    """What there is to be read of a leg; None without one, or where nobody lies or hangs for long enough."""
    ankle = motion.ankle
    if ankle is None or not posture.spells or len(motion) < SHORTEST:
        return None
    inside = np.flatnonzero(in_spells(posture.spells, len(motion)) & np.isfinite(ankle.up[:, 0]))
    if len(inside) == 0:
        return None
    pelvis, bounce = motion.pelvis, None
    if pelvis is not None and (header.posture == "hanging" or not posture.checked):
        bounce = (pelvis.acc_mps2 * pelvis.up).sum(axis=1)
    return SeenLeg(
        ankle=ankle,
        posture=posture,
        turning_dps=up_turning_dps(ankle),
        inside=inside,
        rests=tuple(rests_within(ankle.still, posture.spells)),
        tilt_deg=_tilt_deg(motion, posture, header),
        pelvis_dps2=None if pelvis is None else bridged((pelvis.gyr_dps**2).sum(axis=1)),
        bounce_mps2=bounce,
        may_walk=_may_walk(bounce, len(motion)) if header.posture == "hanging" else None,
        carried=turning_of(ankle, SET_CUTOFF_HZ),
    )


def _may_walk(bounce_mps2: FloatArray | None, count: int) -> BoolArray:
    """When a person on their legs may be walking, (n,): the pelvis is pushed as by steps, or not measured."""
    if bounce_mps2 is None:
        return np.ones(count, bool)
    force = bounce_mps2 - np.nanmedian(bounce_mps2)
    pushed = uniform_filter1d(np.nan_to_num(force) ** 2, round(STRIDES_S * GRID_HZ))
    return np.asarray(~np.isfinite(force) | (pushed > STEP_MPS2**2))


def _tilt_deg(motion: Motion, posture: Posture, header: Header) -> FloatArray | None:
    """Pelvic tilt against the person's own lying (hanging) direction, (n,) degrees; None where unknown."""
    if motion.pelvis is None or posture.lying is None or posture.cranial is None:
        return None
    axes = pelvis_axes_at(posture.lying, posture.cranial, header)
    return tilt_and_rotation(axes, bridged_columns(motion.pelvis.up), header.posture)[0]


def swings_about_any_axis(
    seen: SeenLeg, header: Header, settings: Settings, params: LegParams
) -> list[SwingReadings]:
    """The leg's motion about every axis that its turning shows."""
    found: list[SwingReadings] = []
    for axis in _axes(seen, params, settings):
        first = read_swing(swing_about(axis, seen, settings), header, settings)
        refined = _refined(first, seen, header, params)
        for better in refined:
            if _is_new(better, found):
                found.append(read_swing(swing_about(better, seen, settings), header, settings))
        # a foot that wobbles in each lift would turn the refined axis to itself: the first one is read too,
        # unless it is but the sum of a lift and a roll
        if len(refined) < 2 and _is_new(axis, found):
            found.append(first)
    return found


def read_swing(swing: Swing, header: Header, settings: Settings) -> SwingReadings:
    """A swing with the hypotheses that it allows."""
    return SwingReadings(swing, readings(swing, header, settings))


def _axes(seen: SeenLeg, params: LegParams, settings: Settings) -> list[FloatArray]:
    """The axis that the leg turns most about, and the one square to it, where the leg moves about that too.

    A foot that falls outward turns as far and faster than a leg that is lifted by 20 degrees.
    """
    one = swing_axis(seen.turning_dps[seen.inside], params)
    if one is None:
        return []
    up = seen.ankle.up[seen.inside]
    other = cross(unit(up.mean(axis=0)), one)
    other = unit(other)
    angle = np.degrees(np.arcsin(np.clip(up @ cross(unit(up.mean(axis=0)), other), -1.0, 1.0)))
    spans = float(np.ptp(np.percentile(angle, (5.0, 95.0))))
    return [one, other] if spans > settings.min_range_deg else [one]


def _refined(first: SwingReadings, seen: SeenLeg, header: Header, params: LegParams) -> list[FloatArray]:
    """The axes of the lifts that are found about a first one; of a leg that rolls too, that of the roll."""
    largest = first.largest
    reps = largest.segmentation.reps
    if not reps:
        return []
    axes: Sequence[FloatArray] = ()
    if header.posture == "supine" and header.start == "low":
        axes = lift_and_roll(np.concatenate([seen.turning_dps[rep.ticks] for rep in reps]), params)
    if not axes:
        travel = largest.sign * travel_sign(header) * first.swing.angle_deg
        lifted = travel > largest.level_deg(LIFTED_SHARE)
        turning = [seen.turning_dps[rep.ticks][lifted[rep.ticks]] for rep in reps]
        better = swing_axis(np.concatenate(turning), params)
        axes = () if better is None else (better,)
    return [axis if axis @ first.swing.axis > 0.0 else -axis for axis in axes]


def _is_new(axis: FloatArray, found: Sequence[SwingReadings]) -> bool:
    return not any(abs(axis @ other.swing.axis) > SAME_AXIS for other in found)


def radius_vector(found: Sequence[SwingReadings], seen: SeenLeg, header: Header) -> Lever | None:
    """The radius vector that a lying leg shows in what may be its repetitions, if it shows it clearly."""
    lifts = _rep_ticks(found)
    if seen.carried is None or header.posture != "supine" or header.start != "low" or len(lifts) == 0:
        return None
    radius = seen.carried.radius(lifts)
    if radius is None or not MIN_RADIUS_M < radius.length_m < MAX_RADIUS_M:
        return None
    return radius if radius.sd_m < CLEAR_SHARE * radius.length_m else None


def _rep_ticks(found: Sequence[SwingReadings]) -> IntArray:
    """Ticks of what may be repetitions, about whichever axis, (k,)."""
    reps = [rep for one in found for rep in one.largest.segmentation.reps]
    ticks = [np.arange(rep.near.tick, rep.back.tick + 1) for rep in reps]
    return np.unique(np.concatenate(ticks)) if ticks else np.empty(0, np.int64)


def askew(axis: FloatArray, radius: Lever | None) -> float:
    """Sine of the angle by which an axis is not square to the radius vector; 0 where that is not known."""
    return 0.0 if radius is None else float(axis @ radius.vector_m) / radius.length_m


def swing_along(
    radius: Lever,
    found: Sequence[SwingReadings],
    seen: SeenLeg,
    settings: Settings,
    params: LegParams,
) -> Swing | None:
    """The leg's motion as its radius vector stands against gravity, however the foot rolls about it.

    None where an axis that was found already is square to it.
    """
    if any(abs(askew(one.swing.axis, radius)) < ASKEW for one in found):
        return None
    along = radius.vector_m / radius.length_m
    up, lifts = bridged_columns(seen.ankle.up), _rep_ticks(found)
    sine = up @ along
    # the axis of a foot that is turned as it is in the lifts; upright, gravity does not show it
    lifted = lifts[sine[lifts] > LIFTED_SHARE * sine[lifts].max()]
    zero = unit((up[lifted] - sine[lifted, None] * along).sum(axis=0))
    axis = cross(along, zero)
    angle = low_passed(elevation_deg(LegFrame(axis, zero), up, "supine", params))
    return _swing(axis, (zero, along), angle, _lifting_dps(along, axis, up, seen.turning_dps), seen, settings)


def _lifting_dps(along: FloatArray, axis: FloatArray, up: FloatArray, turning_dps: FloatArray) -> FloatArray:
    """How fast the gyroscope has a leg lifted, (n,): about the level axis square to it at every instant.

    Near upright, where there is none, about `axis`.
    """
    level = np.cross(along, up)
    part = np.linalg.norm(level, axis=1, keepdims=True)
    level = np.where(part > UPRIGHT_PART, level / np.maximum(part, UPRIGHT_PART), axis)
    return np.asarray((turning_dps * level).sum(axis=1) * np.sign(level @ axis))


def swing_about(axis: FloatArray, seen: SeenLeg, settings: Settings) -> Swing:
    """The leg's motion about an axis."""
    plane = plane_about(axis, seen.ankle.up[seen.inside[0]])
    angle = angle_about_deg(axis, seen.ankle.up, plane[0])
    return _swing(axis, plane, angle, seen.turning_dps @ axis, seen, settings)


def _swing(
    axis: FloatArray,
    plane: tuple[FloatArray, FloatArray],
    angle_deg: FloatArray,
    turning_dps: FloatArray,
    seen: SeenLeg,
    settings: Settings,
) -> Swing:
    """The motion of a leg whose angle is known, and how fast the gyroscope has it turn, both (n,)."""
    turns = []
    for spell in seen.posture.spells:
        finder = TurnFinder(settings.min_range_deg)
        finder.push(spell.start, angle_deg[spell])
        turns.append(finder.turns)
    rests = tuple(sorted([*seen.rests, *_dwells(angle_deg, seen)], key=lambda rest: rest.start))
    # in holes the gyroscope is taken to follow the angle
    step = np.diff(angle_deg, prepend=angle_deg[:1])
    known = np.isfinite(seen.ankle.gyr_dps[:, 0])
    turned = np.cumsum(np.where(known, turning_dps / GRID_HZ, step))
    return Swing(
        axis, plane, angle_deg, turned, seen.posture.spells, turns, rests, seen.tilt_deg, seen.may_walk
    )


def _dwells(angle_deg: FloatArray, seen: SeenLeg) -> list[Rest]:
    """Where a leg that is never still dwells for a second, beside its rests."""
    slow = np.abs(rate_of_change(angle_deg)) < SLOW_DPS
    for rest in seen.rests:
        slow[rest.start : rest.end] = False
    inside = slow & in_spells(seen.posture.spells, len(slow))
    return [Rest(start, end) for start, end in stretches(inside) if end - start >= GRID_HZ]
