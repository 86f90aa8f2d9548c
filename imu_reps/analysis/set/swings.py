"""Swings: the leg's motion about every axis it may be lifted about, and along its radius vector.

A foot that falls outward turns the leg about the line from hip to ankle, as far as a lift by 20 degrees and
faster, so that an axis estimated from the turning alone is a mixture of both. Such a roll does not move the
sensor: the radius vector, which the accelerometer shows, separates lift and roll.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.reps.segmentation import TurnFinder
from imu_reps.analysis.set.hypotheses import Hypothesis, Swing, readings
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
from imu_reps.analysis.set_motion import SHORTEST, low_passed, rate_of_change
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import LONGEST_HOLE_S, STANDARD_GRAVITY_MPS2, BoolArray, FloatArray, IntArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import SET_CUTOFF_HZ, AnkleMotion, Lever, ankle_motion
from imu_reps.kinematics.motion import GridMotion, Motion, bridged, low_pass
from imu_reps.kinematics.mounting import (
    components,
    cross,
    pelvic_tilt,
    pelvis_axes_at,
    plane_about,
    row_dots,
    unit,
)
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import median

#: An axis is estimated beyond this share of the way from the resting to the far end: near the resting end a
#: foot that falls outward turns about the leg (ours).
LIFTED_SHARE = 0.3

#: Axes nearer to each other than this (cosine) are the same.
SAME_AXIS = 0.985

#: Smallest vertical acceleration of the pelvis by steps, RMS over two strides (walking gives 1 to 3: Menz,
#: Lord and Fitzpatrick, 2003; a body at the bar 0.02 to 1.3, simulated).
STEP_MPS2, STRIDES_S = 0.3, 3.0

#: Share of an ankle's acceleration within two strides that an arc round the hip explains, from which the
#: leg is carried round a hip that hangs (0.92 to 0.96 in quick raises on a physics engine; up to 0.88 in
#: measured climbing; in a walk the foot stands, and it is under 0.1).
CARRIED_SHARE = 0.9

#: Shortest and longest radius vector of a leg, and its largest standard deviation as a share of its length
#: (ours: in real raises about one axis 0.11 to 0.2, with errors up to 27 degrees; with simulated feet that
#: roll 0.03 to 0.1).
MIN_RADIUS_M, MAX_RADIUS_M, MAX_SHARE = 0.3, 1.3, 0.33

#: An axis is off perpendicular to the radius vector from this many standard deviations of that.
OFF_SDS = 2.5

#: Largest deviation of a lift's axis from perpendicular to the radius vector, by abduction of the leg (sine
#: of 15 degrees; ours, simulated legs abduct by up to 15).
OFF_PERPENDICULAR = 0.25

#: Within 15 degrees of upright, gravity does not show how the foot is turned (sine; ours).
UPRIGHT_PART = 0.26


@dataclass(frozen=True, slots=True)
class SeenLeg:
    """Motion of the ankle, and of the pelvis as far as it matters for reading the leg.

    Attributes
    ----------
    ankle : GridMotion
        Motion of the ankle.
    up : (n, 3) float
        Up in ankle sensor axes, holes bridged.
    posture : Posture
    turning_dps : (n, 3) float
        Result of `leg.up_turning_dps`.
    inside : (n,) bool
        Whether each tick is within the spells and the ankle was measured.
    spells : tuple of slice
        The spells from the ankle's first measurement in each to its last.
    rests : tuple of Rest
        Still stretches of the ankle within the spells.
    tilt_deg : (n,) float or None
        Pelvic tilt relative to the person's own lying direction.
    pelvis_dps2 : (n,) float or None
        Squared angular rate of the pelvis; None unless hanging.
    bounce_mps2 : (n,) float or None
        Specific force of the pelvis along gravity; None unless hanging, or the posture is unchecked.
    vertical_mps2 : (n, 2) float or None
        Vertical acceleration of ankle and pelvis below `SET_CUTOFF_HZ`; None unless hanging.
    may_walk : (n,) bool or None
        When the person may be walking; None for never.
    carried : AnkleMotion or None
        Turning and specific force of the ankle, below `SET_CUTOFF_HZ`.
    """

    ankle: GridMotion
    up: FloatArray
    posture: Posture
    turning_dps: FloatArray
    inside: BoolArray
    spells: tuple[slice, ...]
    rests: tuple[Rest, ...]
    tilt_deg: FloatArray | None
    pelvis_dps2: FloatArray | None
    bounce_mps2: FloatArray | None
    vertical_mps2: FloatArray | None
    may_walk: BoolArray | None
    carried: AnkleMotion | None


@dataclass(frozen=True, slots=True)
class SwingReadings:
    """The leg's motion about an axis, and the hypotheses that it allows."""

    swing: Swing
    hypotheses: list[Hypothesis]

    @property
    def largest(self) -> Hypothesis:
        """The hypothesis with the largest sum of ranges."""
        return max(self.hypotheses, key=lambda one: sum(rep.range_deg for rep in one.segmentation.reps))


def observe(motion: Motion, posture: Posture, header: Header) -> SeenLeg | None:
    """Prepare the motion of a leg for reading; None without an ankle sensor, or without a spell."""
    ankle = motion.ankle
    if ankle is None or not posture.spells or len(motion) < SHORTEST:
        return None
    inside = in_spells(posture.spells, len(motion)) & np.isfinite(ankle.up[:, 0])
    if not inside.any():
        return None
    pelvis, bounce, hanging = motion.pelvis, None, header.posture == "hanging"
    if pelvis is not None and (hanging or not posture.checked):
        bounce = row_dots(pelvis.acc_mps2, pelvis.up)
    up = bridged(ankle.up)
    return SeenLeg(
        ankle=ankle,
        up=up,
        posture=posture,
        turning_dps=up_turning_dps(up, bridged(ankle.gyr_dps)),
        inside=inside,
        spells=_measured(posture.spells, inside),
        rests=tuple(rests_within(ankle.still, posture.spells)),
        tilt_deg=_tilt_deg(motion, posture, header),
        pelvis_dps2=bridged(row_dots(pelvis.gyr_dps, pelvis.gyr_dps))
        if pelvis is not None and hanging
        else None,
        bounce_mps2=bounce,
        vertical_mps2=_vertical_mps2(ankle, bounce) if hanging and bounce is not None else None,
        may_walk=_may_walk(bounce, len(motion)) if hanging else None,
        carried=ankle_motion(ankle, SET_CUTOFF_HZ),
    )


def _measured(spells: Sequence[slice], inside: BoolArray) -> tuple[slice, ...]:
    """Return spells from the first tick in each that is `inside`, (n,), to the last; without empty ones."""
    ticks = [spell.start + np.flatnonzero(inside[spell]) for spell in spells]
    return tuple(slice(int(one[0]), int(one[-1]) + 1) for one in ticks if len(one))


def _vertical_mps2(ankle: GridMotion, bounce_mps2: FloatArray) -> FloatArray:
    """Return the vertical acceleration of ankle and pelvis below `SET_CUTOFF_HZ`, (n, 2)."""
    both = np.column_stack([bridged(row_dots(ankle.acc_mps2, ankle.up)), bridged(bounce_mps2)])
    return low_pass(SET_CUTOFF_HZ)(both - STANDARD_GRAVITY_MPS2)


def _may_walk(bounce_mps2: FloatArray | None, count: int) -> BoolArray:
    """Return when the person may be walking, (n,): the pelvis accelerates as by steps, or is not measured."""
    if bounce_mps2 is None or np.isnan(bounce_mps2).all():
        return np.ones(count, bool)
    force = bounce_mps2 - np.nanmedian(bounce_mps2)
    pushed = uniform_filter1d(np.nan_to_num(force) ** 2, round(STRIDES_S * GRID_HZ))
    return np.asarray(~np.isfinite(force) | (pushed > STEP_MPS2**2))


def _tilt_deg(motion: Motion, posture: Posture, header: Header) -> FloatArray | None:
    """Return pelvic tilt from the person's own lying (hanging) direction, (n,) degrees; None if unknown."""
    if motion.pelvis is None or posture.lying is None or posture.cranial is None:
        return None
    axes = pelvis_axes_at(posture.lying, posture.cranial, header)
    return pelvic_tilt(axes, bridged(motion.pelvis.up), header.posture)


def swings_about_any_axis(
    seen: SeenLeg, header: Header, settings: Settings, params: LegParams
) -> list[SwingReadings]:
    """Return the leg's motion about every axis that its turning shows."""
    found: list[SwingReadings] = []
    for axis in _axes(seen, params, settings):
        mixed = read_swing(swing_about(axis, seen, settings), header, settings)
        parted = [
            read_swing(swing_about(one, seen, settings), header, settings)
            for one in _lift_and_roll(mixed, seen, header, params)
        ]
        found += [one for one in parted or [mixed] if _is_new(one.swing.axis, found)]
    return found


def read_swing(swing: Swing, header: Header, settings: Settings) -> SwingReadings:
    """Return a swing with the hypotheses that it allows."""
    return SwingReadings(swing, readings(swing, header, settings))


def _axes(seen: SeenLeg, params: LegParams, settings: Settings) -> list[FloatArray]:
    """Return the axis about which the leg turns most, and the perpendicular one if it moves about that too.

    A foot that falls outward turns as far as a leg lifted by 20 degrees, and faster.
    """
    one = swing_axis(seen.turning_dps.compress(seen.inside, axis=0), params)
    if one is None:
        return []
    up = seen.ankle.up.compress(seen.inside, axis=0)
    middle_up = unit(up.mean(axis=0))
    other = unit(cross(middle_up, one))
    outer = np.percentile(components(up, cross(middle_up, other)), (5.0, 95.0))
    low, high = np.arcsin(np.clip(outer, -1.0, 1.0))
    return [one, other] if np.degrees(high - low) > settings.min_range_deg else [one]


def _lift_and_roll(
    mixed: SwingReadings, seen: SeenLeg, header: Header, params: LegParams
) -> list[FloatArray]:
    """Return both axes of a lying leg that rolls besides being lifted; none if it does not."""
    reps = mixed.largest.segmentation.reps
    if not reps or header.posture != "supine" or header.start != "low":
        return []
    axes = lift_and_roll(np.concatenate([seen.turning_dps[rep.ticks] for rep in reps]), params)
    return [axis if axis @ mixed.swing.axis > 0.0 else -axis for axis in axes]


def _is_new(axis: FloatArray, found: Sequence[SwingReadings]) -> bool:
    return not any(abs(axis @ other.swing.axis) > SAME_AXIS for other in found)


def radius_vector(found: Sequence[SwingReadings], seen: SeenLeg, header: Header) -> Lever | None:
    """Return the radius vector of a lying leg over its possible repetitions; None if unclear."""
    if seen.carried is None or header.posture != "supine" or header.start != "low":
        return None
    lifts = _rep_ticks(found, len(seen.ankle.up))
    if len(lifts) == 0:
        return None
    radius = seen.carried.radius(lifts)
    if radius is None or not MIN_RADIUS_M < radius.length_m < MAX_RADIUS_M:
        return None
    return radius if radius.sd_m < MAX_SHARE * radius.length_m else None


def _rep_ticks(found: Sequence[SwingReadings], count: int) -> IntArray:
    """Return the ticks of possible repetitions about any axis, (k,)."""
    inside = np.zeros(count, bool)
    for one in found:
        for rep in one.largest.segmentation.reps:
            inside[rep.ticks] = True
    return inside.nonzero()[0]


def off_perpendicular(axis: FloatArray, radius: Lever) -> float:
    """Return the sine of an axis's deviation from perpendicular to the radius vector."""
    return float(axis @ radius.vector_m) / radius.length_m


def swing_along(
    radius: Lever,
    found: Sequence[SwingReadings],
    seen: SeenLeg,
    settings: Settings,
    params: LegParams,
) -> Swing | None:
    """Return the leg's motion by its radius vector against gravity, independent of the foot's roll.

    None if an axis found already is perpendicular to the radius vector.
    """
    limit = max(OFF_PERPENDICULAR, OFF_SDS * radius.sd_m / radius.length_m)
    if any(abs(off_perpendicular(one.swing.axis, radius)) < limit for one in found):
        return None
    along = radius.vector_m / radius.length_m
    up, lifts = seen.up, _rep_ticks(found, len(seen.up))
    sine = components(up, along)
    # the flexion axis for the foot's orientation during the lifts; gravity does not show it for an upright
    # leg
    lifted = lifts[sine[lifts] > LIFTED_SHARE * sine[lifts].max()]
    zero = unit((up[lifted] - sine[lifted, None] * along).sum(axis=0))
    axis = cross(along, zero)
    angle = low_passed(elevation_deg(LegFrame(axis, zero), up, "supine", params))
    return _swing(axis, (zero, along), angle, _lifting_dps(along, axis, up, seen.turning_dps), seen, settings)


def _lifting_dps(along: FloatArray, axis: FloatArray, up: FloatArray, turning_dps: FloatArray) -> FloatArray:
    """Return the gyroscope's rate of lifting, (n,): about the level axis perpendicular to the leg.

    Near upright, where that axis is undefined, about `axis`.
    """
    level = np.cross(along, up)
    part = np.sqrt(row_dots(level, level))[:, None]
    level = np.where(part > UPRIGHT_PART, level / np.maximum(part, UPRIGHT_PART), axis)
    return np.asarray(row_dots(turning_dps, level) * np.sign(level @ axis))


def swing_about(axis: FloatArray, seen: SeenLeg, settings: Settings) -> Swing:
    """Return the leg's motion about an axis."""
    plane = plane_about(axis, seen.ankle.up[seen.inside.argmax()])
    angle = angle_about_deg(axis, seen.ankle.up, plane[0])
    return _swing(axis, plane, angle, components(seen.turning_dps, axis), seen, settings)


def _swing(
    axis: FloatArray,
    plane: tuple[FloatArray, FloatArray],
    angle_deg: FloatArray,
    turning_dps: FloatArray,
    seen: SeenLeg,
    settings: Settings,
) -> Swing:
    """Return the motion of a leg with this angle and this rate of turning by the gyroscope, both (n,)."""
    turns = []
    for spell in seen.spells:
        finder = TurnFinder(settings.min_range_deg)
        finder.push(spell.start, angle_deg[spell])
        turns.append(finder.turns)
    rests = sorted([*seen.rests, *_dwells(angle_deg, seen)], key=lambda rest: rest.start)
    # in holes the gyroscope is assumed to follow the angle
    step = np.diff(angle_deg, prepend=angle_deg[:1])
    known = np.isfinite(seen.ankle.gyr_dps[:, 0])
    return Swing(
        axis,
        plane,
        angle_deg,
        unturned_deg=angle_deg - np.where(known, turning_dps / GRID_HZ, step).cumsum(),
        spells=seen.spells,
        turns=turns,
        rests={rest: median(angle_deg[rest.start : rest.end]) for rest in rests},
        tilt_deg=seen.tilt_deg,
        may_walk=_may_walk_about(axis, seen),
    )


def _may_walk_about(axis: FloatArray, seen: SeenLeg) -> BoolArray | None:
    """Return when the person may be walking, (n,), the leg not carried round the hip; None for never."""
    if seen.may_walk is None or seen.carried is None or not seen.may_walk.any():
        return seen.may_walk
    explained = seen.carried.about(axis).explained(round(STRIDES_S * GRID_HZ))
    return seen.may_walk & (explained < CARRIED_SHARE)


def _dwells(angle_deg: FloatArray, seen: SeenLeg) -> list[Rest]:
    """Return stretches of a second and more in which the leg dwells without being still."""
    slow = np.abs(rate_of_change(angle_deg)) < SLOW_DPS
    # over a hole the angle is a straight line, which is not known to dwell
    holes = stretches(np.isnan(seen.ankle.up[:, 0]), shortest=round(LONGEST_HOLE_S * GRID_HZ))
    for start, end in [*holes, *((rest.start, rest.end) for rest in seen.rests)]:
        slow[start:end] = False
    inside = slow & in_spells(seen.posture.spells, len(slow))
    return [Rest(start, end) for start, end in stretches(inside, shortest=int(GRID_HZ))]
