"""How two sensors are worn, from what they read: which one was moved, which way the pelvis sensor lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imu_reps.domain.recording import Axis
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SampleBlock, SensorPlace
from imu_reps.kinematics.mounting import READY_DEG, axis_vector, nearest_axis
from imu_reps.kinematics.rest import still_mask, window_length

GRAVITY_MPS2 = 9.80665

#: A sensor that is lifted by hand turns far faster; a gyroscope at rest is off by 10 deg/s an axis at most.
MOVED_DPS = 20.0
#: And so many times more than the other, which may be jolted by the same table.
MOVED_TIMES = 3.0

#: Specific force at rest differs from gravity by less: the cheapest parts by 40 mg and 3 % together.
GRAVITY_ROOM_MPS2 = 0.7

#: Standing still is less than this; a quiet stance sways by 1 to 3 deg/s at the hip.
SWAY_DPS, SWAY_MPS2 = 6.0, 0.5

WearFault = Literal["moving", "no_samples", "gravity", "upside_down", "on_edge", "tilted"]


@dataclass(frozen=True, slots=True)
class Wear:
    """How the sensors lie while their wearer does.

    Attributes
    ----------
    fault : WearFault or None
        What is in the way first; None: all is well.
    sensor : SensorPlace
        Whose fault it is.
    up_axis : Axis or None
        The pelvis sensor's axis that is nearest to up; None while it moves.
    lean_deg : float or None
        How far the wanted anterior axis is from up.
    force_mps2 : float or None
        What the sensor at fault reads at rest; None while it moves.
    """

    fault: WearFault | None
    sensor: SensorPlace
    up_axis: Axis | None = None
    lean_deg: float | None = None
    force_mps2: float | None = None

    @property
    def lies(self) -> bool:
        """Whether both lay still, whichever way."""
        return self.fault not in ("moving", "no_samples")

    @property
    def what(self) -> tuple[WearFault | None, SensorPlace, Axis | None]:
        """What there is to say of it."""
        return self.fault, self.sensor, self.up_axis


def rms_dps(gyr_dps: FloatArray) -> float:
    """Root mean square of the angular rate, all axes together."""
    return float(np.sqrt((gyr_dps**2).sum(axis=1).mean()))


def moved(last_second: Mapping[SensorPlace, SampleBlock]) -> SensorPlace | None:
    """Which sensor turned clearly more than the other; None if neither did, or one sent nothing."""
    if any(place not in last_second or not len(last_second[place]) for place in SENSOR_PLACES):
        return None
    rms = {place: rms_dps(last_second[place].gyr_dps) for place in SENSOR_PLACES}
    more = max(SENSOR_PLACES, key=lambda place: rms[place])
    clear = rms[more] >= max(MOVED_DPS, MOVED_TIMES * min(rms.values()))
    return more if clear else None


def is_still(block: SampleBlock, rate_hz: float) -> bool:
    """Whether a sensor lay still all the time, by the definition of ``still``, whatever its bias."""
    length = window_length(1.0 / rate_hz)
    if len(block) < 2 * length:
        return False
    bias = np.median(block.gyr_dps, axis=0)
    return bool(still_mask(block.gyr_dps - bias, block.acc_mps2, length)[length - 1 :].all())


def stands_quietly(block: SampleBlock) -> bool:
    """Whether a sensor hardly turns or shakes: who stands sways by some deg/s, who walks turns by tens."""
    if not len(block):
        return False
    bias = np.median(block.gyr_dps, axis=0)
    force = np.linalg.norm(block.acc_mps2, axis=1)
    return rms_dps(block.gyr_dps - bias) < SWAY_DPS and float(force.std()) < SWAY_MPS2


def axes_of(standing_mps2: FloatArray, lying_mps2: FloatArray) -> tuple[Axis, Axis] | None:
    """The pelvis sensor's sides that are up in lying and to the head, from gravity in both postures.

    Parameters
    ----------
    standing_mps2, lying_mps2 : (3,) float
        Mean specific force; whoever stands has it point to the head.

    Returns
    -------
    (Axis, Axis) or None
        None where the two are not about at right angles, or a side is not clear.
    """
    head, up = (force / np.linalg.norm(force) for force in (standing_mps2, lying_mps2))
    if abs(float(head @ up)) > np.sin(np.radians(READY_DEG)):
        return None
    axes = nearest_axis(up), nearest_axis(head)
    return axes if across(*axes) else None


def across(axis: Axis, other: Axis) -> bool:
    """Whether two sensor axes are at right angles."""
    return axis[1] != other[1]


def wear(
    blocks: Mapping[SensorPlace, SampleBlock], rates_hz: Mapping[SensorPlace, float], anterior: Axis
) -> Wear:
    """Judge some seconds of a wearer who should lie still.

    Parameters
    ----------
    blocks : mapping
        What arrived in those seconds.
    rates_hz : mapping
    anterior : Axis
        The pelvis sensor's axis that should point forward, up while lying.
    """
    forces = {}
    for place in SENSOR_PLACES:
        block = blocks.get(place)
        if block is None or not len(block):
            return Wear("no_samples", place)
        if not is_still(block, rates_hz[place]):
            return Wear("moving", place)
        forces[place] = np.asarray(block.acc_mps2.mean(axis=0))
    for place, force in forces.items():
        size = float(np.linalg.norm(force))
        if abs(size - GRAVITY_MPS2) > GRAVITY_ROOM_MPS2:
            return Wear("gravity", place, force_mps2=size)
    return _pelvis(forces["pelvis"], anterior)


def _pelvis(force_mps2: FloatArray, anterior: Axis) -> Wear:
    size = float(np.linalg.norm(force_mps2))
    up = force_mps2 / size
    cosine = float(np.clip(axis_vector(anterior) @ up, -1.0, 1.0))
    lean_deg = float(np.degrees(np.arccos(cosine)))
    nearest = nearest_axis(up)
    fault: WearFault | None = "on_edge"
    if lean_deg <= READY_DEG:
        fault = None
    elif nearest == anterior:
        fault = "tilted"
    elif not across(nearest, anterior):
        fault = "upside_down"
    return Wear(fault, "pelvis", nearest, lean_deg, size)
