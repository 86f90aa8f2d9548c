"""A sensor that turns on the body while that keeps still.

Both sensors are on one body: while the ankle rests, the pelvis neither turns about the vertical nor quickly
about any axis. In a hold the leg is carried round the hip when it moves. A sensor that turns otherwise turns
alone, and gyroscope and gravity show by how much, as up is the same before and after.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.analysis.set.leg import LegParams, swing_axis
from imu_reps.analysis.set.leg_frames import SLIPPED_DEG
from imu_reps.analysis.set.spells import Posture
from imu_reps.analysis.set.strap_turn import CALM_DPS, MIN_TURN_DEG, Turned
from imu_reps.analysis.set.swings import SeenLeg, observe
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header, axis_vector
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Lever, Movements
from imu_reps.kinematics.motion import GridMotion, Motion, bridged
from imu_reps.kinematics.mounting import row_dots, unit
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.rotations import onto, rotations_by

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
    rotation = onto(turned.apply(after), before) @ turned.as_matrix()
    peak_dps = float(np.sqrt(row_dots(rates_dps, rates_dps).max()))
    vertical_deg = float(np.degrees(abs(turned.as_rotvec() @ before)))
    return Turned(ticks, rotation, ticks), peak_dps, vertical_deg
