"""Judge from readings how two sensors are worn: which one moved, how the pelvis sensor lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imu_reps.domain.recording import Axis, axis_vector
from imu_reps.domain.samples import SENSOR_PLACES, STANDARD_GRAVITY_MPS2, FloatArray, SampleBlock, SensorPlace
from imu_reps.kinematics.mounting import READY_DEG, nearest_axis
from imu_reps.kinematics.rest import still_mask, window_length


@dataclass(frozen=True, slots=True)
class PlacementLimits:
    """When a sensor moves, rests, or stands still with its wearer."""

    #: A sensor that is lifted by hand turns far faster; a gyroscope at rest is off by 10 deg/s an axis at
    #: most.
    moved_dps: float = 20.0
    #: Ratio to the other sensor, which may be jolted by the same table.
    moved_ratio: float = 3.0
    #: Tolerance of specific force at rest: the cheapest parts are off by 40 mg and 3 % together.
    gravity_tolerance_mps2: float = 0.7
    #: Limits of standing still; a quiet stance sways by 1 to 3 deg/s at the hip.
    sway_dps: float = 6.0
    sway_mps2: float = 0.5


LIMITS = PlacementLimits()


PlacementFault = Literal["moving", "no_samples", "gravity", "upside_down", "on_edge", "tilted"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Placement of the sensors of a lying wearer.

    Attributes
    ----------
    fault : PlacementFault or None
        The first problem; None if all is well.
    sensor : SensorPlace
        Sensor with the problem.
    up_axis : Axis or None
        Axis of the pelvis sensor nearest to up; None while it moves.
    lean_deg : float or None
        Angle between the expected anterior axis and up.
    force_mps2 : float or None
        Specific force at rest of the sensor with the problem; None while it moves.
    """

    fault: PlacementFault | None
    sensor: SensorPlace
    up_axis: Axis | None = None
    lean_deg: float | None = None
    force_mps2: float | None = None

    @property
    def is_lying_still(self) -> bool:
        """Whether both lay still."""
        return self.fault not in ("moving", "no_samples")

    @property
    def what(self) -> tuple[PlacementFault | None, SensorPlace, Axis | None]:
        """Fields that are shown to the wearer."""
        return self.fault, self.sensor, self.up_axis


def rms_dps(gyr_dps: FloatArray) -> float:
    """Root mean square of the angular rate, all axes together."""
    return float(np.sqrt((gyr_dps**2).sum(axis=1).mean()))


def moved_sensor(last_second: Mapping[SensorPlace, SampleBlock]) -> SensorPlace | None:
    """Return the sensor that turned clearly more than the other; None if unclear, or one sent nothing."""
    if any(place not in last_second or not len(last_second[place]) for place in SENSOR_PLACES):
        return None
    rms = {place: rms_dps(last_second[place].gyr_dps) for place in SENSOR_PLACES}
    more = max(SENSOR_PLACES, key=lambda place: rms[place])
    clear = rms[more] >= max(LIMITS.moved_dps, LIMITS.moved_ratio * min(rms.values()))
    return more if clear else None


def is_still(block: SampleBlock, rate_hz: float) -> bool:
    """Return whether a sensor lay still all the time, with its bias removed."""
    length = window_length(1.0 / rate_hz)
    if len(block) < 2 * length:
        return False
    bias = np.median(block.gyr_dps, axis=0)
    return bool(still_mask(block.gyr_dps - bias, block.acc_mps2, length)[length - 1 :].all())


def is_standing_still(block: SampleBlock) -> bool:
    """Return whether a sensor hardly moves: standing sways by some deg/s, walking turns by tens."""
    if not len(block):
        return False
    bias = np.median(block.gyr_dps, axis=0)
    force = np.linalg.norm(block.acc_mps2, axis=1)
    return rms_dps(block.gyr_dps - bias) < LIMITS.sway_dps and float(force.std()) < LIMITS.sway_mps2


def sensor_axes(standing_mps2: FloatArray, lying_mps2: FloatArray) -> tuple[Axis, Axis] | None:
    """Find the pelvis sensor's axes up (lying) and to the head from gravity in both postures.

    Parameters
    ----------
    standing_mps2, lying_mps2 : (3,) float
        Mean specific force; standing, it points to the head.

    Returns
    -------
    (Axis, Axis) or None
        None if the two are not about perpendicular, or an axis is not clear.
    """
    head, up = (force / np.linalg.norm(force) for force in (standing_mps2, lying_mps2))
    if abs(float(head @ up)) > np.sin(np.radians(READY_DEG)):
        return None
    axes = nearest_axis(up), nearest_axis(head)
    return axes if are_perpendicular(*axes) else None


def are_perpendicular(axis: Axis, other: Axis) -> bool:
    """Return whether two sensor axes are perpendicular."""
    return axis[1] != other[1]


def judge_placement(
    blocks: Mapping[SensorPlace, SampleBlock], rates_hz: Mapping[SensorPlace, float], anterior: Axis
) -> Placement:
    """Judge some seconds of a wearer who should lie still.

    Parameters
    ----------
    blocks : mapping
        Samples of those seconds.
    anterior : Axis
        The pelvis sensor's axis that should point forward, up while lying.
    """
    forces = {}
    for place in SENSOR_PLACES:
        block = blocks.get(place)
        if block is None or not len(block):
            return Placement("no_samples", place)
        if not is_still(block, rates_hz[place]):
            return Placement("moving", place)
        forces[place] = np.asarray(block.acc_mps2.mean(axis=0))
    for place, force in forces.items():
        size = float(np.linalg.norm(force))
        if abs(size - STANDARD_GRAVITY_MPS2) > LIMITS.gravity_tolerance_mps2:
            return Placement("gravity", place, force_mps2=size)
    return _pelvis(forces["pelvis"], anterior)


def _pelvis(force_mps2: FloatArray, anterior: Axis) -> Placement:
    size = float(np.linalg.norm(force_mps2))
    up = force_mps2 / size
    cosine = float(np.clip(axis_vector(anterior) @ up, -1.0, 1.0))
    lean_deg = float(np.degrees(np.arccos(cosine)))
    nearest = nearest_axis(up)
    fault: PlacementFault | None = "on_edge"
    if lean_deg <= READY_DEG:
        fault = None
    elif nearest == anterior:
        fault = "tilted"
    elif not are_perpendicular(nearest, anterior):
        fault = "upside_down"
    return Placement(fault, "pelvis", nearest, lean_deg, size)
