"""A sensor that turns on the body while that keeps still.

Both sensors are on one body: while the ankle rests, the pelvis neither turns about the vertical nor quickly
about any axis. In a hold the leg is carried round the hip when it moves. A sensor that turns otherwise turns
alone, and gyroscope and gravity show by how much, as up is the same before and after. Between two raises it
does so in place, and is turned in the second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.analysis.set.leg import LegParams, swing_axis
from imu_reps.analysis.set.leg_frames import SLIPPED_DEG
from imu_reps.analysis.set.spells import Posture
from imu_reps.analysis.set.strap_turn import (
    CALM_DPS,
    MIN_TURN_DEG,
    Turned,
    Way,
    apart_deg,
    around,
    lone_ways,
    mean_shank,
)
from imu_reps.analysis.set.swings import SeenLeg, observe
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header, axis_vector
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Lever, Movements
from imu_reps.kinematics.motion import GridMotion, Motion, bridged
from imu_reps.kinematics.mounting import cross, row_dots, unit
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.rotations import rotations_by

#: Nobody's pelvis turns faster while the leg rests, unless the trunk falls back (ours).
MAX_BODY_DPS = 150.0

#: A trunk that sits up turns about the line through the hips: greatest cosine to it of the axis to the head,
#: and of up. Sine of the head's greatest elevation in lying, and of its least in sitting (ours: 30 degrees).
ABOUT_HIPS, LIES = 0.35, 0.5

#: Slower moments this short do not divide a turn; time before and after it that shows its up. Ticks.
SHORT_TICKS = 10
BEFORE, AFTER = slice(SHORT_TICKS), slice(-SHORT_TICKS, None)

#: A sensor that turns in place has a shorter lever; to the knee it has 0.25 m and more (ours).
IN_PLACE_M = 0.15

#: The same with its standard deviation, for a turn between raises: a knee that is drawn to the chest shows
#: 0.09 to 0.15 m, uncertain by 0.14 to 0.3 m (ours; with no bound one of 516 sets by others is miscounted, at
#: 0.3 m three more of 100 turns are seen).
SURELY_IN_PLACE_M = 0.22

#: Least and greatest turn of the sensor between raises: by less the leg's angle errs as by other means; the
#: ways alone show one by more than `MIN_TURN_DEG`, if somewhat more (ours).
MIN_SLOW_TURN_DEG, MAX_SLOW_TURN_DEG = 8.0, 50.0

#: Angular rates above which the moments of a turn are looked for, deg/s: one may follow a way without a rest
#: (ours; by the first alone a tenth fewer turns are seen).
TURNING_DPS = 5.0, 10.0, 20.0

#: Number of ways before and after a turn that are compared (ours).
FEW_WAYS = 4


def find_belt_turns(motion: Motion, header: Header) -> list[Turned]:
    """Return the turns of the pelvis sensor on the body while the ankle rests, in order."""
    pelvis, ankle = motion.pelvis, motion.ankle
    if pelvis is None or ankle is None:
        return []
    leg_rests = ~_turns(ankle)
    # who hangs has no hand for the belt, and may twist the hips
    least_deg = MIN_TURN_DEG if header.posture == "hanging" else SLIPPED_DEG
    found = (_turned(ticks, pelvis) for ticks in _movements(pelvis) if leg_rests[ticks].all())
    return [
        turned
        for turned, peak_dps, vertical_deg in found
        if vertical_deg > least_deg
        or (
            peak_dps > MAX_BODY_DPS
            and turned.slip.turned_deg > MIN_TURN_DEG
            and not _sits(turned, pelvis, header)
        )
    ]


def _sits(turned: Turned, sensor: GridMotion, header: Header) -> bool:
    """Whether the trunk turns because it sits up, or falls back; not if the legs are held up."""
    if header.pelvis.cranial_axis is None or header.exercise in HOLDS:
        return False
    cranial = axis_vector(header.pelvis.cranial_axis)
    ends = (sensor.up[turned.handled.start], sensor.up[turned.handled.stop - 1])
    heads_up = sorted(float(up @ cranial) for up in ends)
    axis = unit(Rotation.from_matrix(turned.rotation).as_rotvec())
    about_hips = max(abs(float(axis @ direction)) for direction in (cranial, *ends)) < ABOUT_HIPS
    return about_hips and abs(heads_up[0]) < LIES < heads_up[1]


def find_held_turns(motion: Motion, posture: Posture, header: Header) -> list[Turned]:
    """Return the turns of the ankle sensor on a leg that is held, in order."""
    seen = observe(motion, posture, header)
    if seen is None or seen.carried is None:
        return []
    turns = []
    for ticks in _movements(seen.ankle):
        lever = _lever(ticks, seen)
        turned, _, _ = _turned(ticks, seen.ankle)
        if turned.slip.turned_deg > SLIPPED_DEG and (lever is None or lever.length_m < IN_PLACE_M):
            turns.append(turned)
    return turns


def find_turns_between(motion: Motion, posture: Posture, header: Header) -> list[Turned]:
    """Return the turns of the ankle sensor in place between ways of the leg, however slow, in order.

    The ways before and after must show that it turned on the shank, not the shank with it: a foot that falls
    outward turns straight again. Further turns are seen by the ways alone (`strap_turn.find_turns`).
    """
    seen = observe(motion, posture, header)
    if seen is None or seen.carried is None:
        return []
    turns = [Turned(ticks, _rotation(_with_moments(ticks), seen.ankle), ticks) for ticks in _slow_turns(seen)]
    ways = lone_ways(seen, motion.pelvis) if turns else []
    pieces = pairwise(_within(ways, ticks) for ticks in around(turns))
    return [
        turned
        for turned, (before, after) in zip(turns, pieces, strict=True)
        if _stays(turned, before[-FEW_WAYS:], after[:FEW_WAYS])
    ]


def _slow_turns(seen: SeenLeg) -> list[slice]:
    """Return the ticks in which the ankle sensor turns a little in place, in order.

    A turn may follow a way of the leg without a rest: it is looked for between ever quicker moments.
    """
    assert seen.carried is not None
    turned_deg = np.degrees(seen.carried.omega_rad_s.cumsum(axis=0)) / GRID_HZ
    found: list[slice] = []
    for limit_dps in TURNING_DPS:
        turns = seen.inside & (seen.carried.speed_rad_s > np.radians(limit_dps))
        for ticks in (slice(*ends) for ends in stretches(turns, SHORT_TICKS)):
            by_deg = np.linalg.norm(np.diff(turned_deg[_with_moments(ticks)][[0, -1]], axis=0))
            fits = MIN_SLOW_TURN_DEG < by_deg < MAX_SLOW_TURN_DEG and not any(
                one.start < ticks.stop and ticks.start < one.stop for one in found
            )
            if fits and _is_in_place(ticks, seen):
                found.append(ticks)
    return sorted(found, key=lambda ticks: ticks.start)


def _with_moments(ticks: slice) -> slice:
    """Return some ticks with the moments before and after them."""
    return slice(max(0, ticks.start - SHORT_TICKS), ticks.stop + SHORT_TICKS)


def _is_in_place(ticks: slice, seen: SeenLeg) -> bool:
    """Whether the ankle sensor turns in place in some ticks, rather than is carried round hip or knee."""
    lever = _lever(_with_moments(ticks), seen)
    if lever is None:
        return False
    return lever.length_m < IN_PLACE_M and lever.length_m + lever.sd_m < SURELY_IN_PLACE_M


def _lever(ticks: slice, seen: SeenLeg) -> Lever | None:
    """Return the lever at which the ankle sensor turns in some ticks; None with too little movement."""
    axis = swing_axis(seen.turning_dps[ticks], LegParams())
    if axis is None or seen.carried is None:
        return None
    (lever,) = Movements(seen.carried.about(axis), [np.arange(len(seen.up))[ticks]]).each()
    return lever


def _rotation(ticks: slice, sensor: GridMotion) -> FloatArray:
    """Return the rotation of a sensor in some ticks by its gyroscope, (3, 3), holes bridged."""
    rates = np.radians(bridged(sensor.gyr_dps[ticks]))
    return np.asarray(rotations_by(rates.T / GRID_HZ)[..., -1])


def _within(ways: Sequence[Way], ticks: slice) -> list[Way]:
    """Return the ways within some ticks, up to what a turn is taken to last before and after it."""
    first, last = ticks.start - 2 * SHORT_TICKS, (ticks.stop or np.inf) + 2 * SHORT_TICKS
    return [way for way in ways if first <= way.ticks.start and way.ticks.stop <= last]


def _stays(turned: Turned, before: Sequence[Way], after: Sequence[Way]) -> bool:
    """Whether the sensor is turned on the shank from some ways to others by a turn, rather than not."""
    if not before or not after:
        return False
    shown = mean_shank(before).T @ mean_shank(after)
    return apart_deg(shown, turned.rotation) < apart_deg(shown, np.eye(3))


def _turns(sensor: GridMotion) -> BoolArray:
    return np.asarray(row_dots(sensor.gyr_dps, sensor.gyr_dps) > CALM_DPS**2)


def _movements(sensor: GridMotion) -> Iterator[slice]:
    """Yield the ticks in which a sensor turns, and some before and after."""
    for start, end in stretches(_turns(sensor), SHORT_TICKS):
        ticks = slice(start - SHORT_TICKS, end + SHORT_TICKS)
        if ticks.start >= 0 and ticks.stop <= len(sensor.up) and np.isfinite(sensor.gyr_dps[ticks]).all():
            yield ticks


def _turned(ticks: slice, sensor: GridMotion) -> tuple[Turned, float, float]:
    """Return the turn of a sensor, its peak rate in deg/s, and its angle about the vertical in degrees."""
    rates_dps = sensor.gyr_dps[ticks]
    # around a quick turn up as filtered is off by some degrees
    before, after = (unit(sensor.acc_mps2[ticks][calm].mean(axis=0)) for calm in (BEFORE, AFTER))
    turned = Rotation.from_matrix(_rotation(ticks, sensor))
    rotation = _onto(turned.apply(after), before) @ turned.as_matrix()
    peak_dps = float(np.sqrt(row_dots(rates_dps, rates_dps).max()))
    vertical_deg = float(np.degrees(abs(turned.as_rotvec() @ before)))
    return Turned(ticks, rotation, ticks), peak_dps, vertical_deg


def _onto(direction: FloatArray, other: FloatArray) -> FloatArray:
    """Return the smallest rotation, (3, 3), of a direction onto another."""
    axis = cross(unit(direction), unit(other))
    sine = float(np.sqrt(axis @ axis))
    angle = np.arctan2(sine, float(unit(direction) @ unit(other)))
    return np.asarray(Rotation.from_rotvec(axis * (angle / sine if sine else 0.0)).as_matrix())
