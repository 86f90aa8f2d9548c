"""Mounting: which way the body's axes point in a sensor's own axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from imu_reps.domain.recording import Axis, Header, Posture, Start
from imu_reps.domain.samples import FloatArray

#: Furthest the pelvis may lean from lying (hanging) to be ready.
READY_DEG = 30.0

#: A leg held high tips the pelvis back by 30 degrees and a little more by itself.
READY_HIGH_DEG = 40.0

#: Leaning further than this is leaving the posture; a high lift alone tips the pelvis back by 30 and more.
LEFT_DEG = 50.0

#: A turn of the pelvis sensor about gravity is corrected by at most this; more would remove a true hip pop.
MAX_TURN_DEG = 6.0

#: Prior spread of that turn, from strapping a belt on with care.
TURN_SPREAD_DEG = 3.0


@dataclass(frozen=True, slots=True)
class PelvisAxes:
    """Body axes in sensor axes at the zero, (3, 3): rows anterior (x), cranial (y), right (z)."""

    matrix: FloatArray


def unit(vector: FloatArray) -> FloatArray:
    """The vector's direction, length 1."""
    return np.asarray(vector / np.sqrt(vector @ vector))


def angle_between_deg(up: FloatArray, reference: FloatArray) -> FloatArray:
    """Angles between directions (..., 3) and one direction (3,), all of length 1, degrees."""
    return np.asarray(np.degrees(np.arccos(np.clip(up @ reference, -1.0, 1.0))))


def axis_vector(axis: Axis) -> FloatArray:
    """A sensor axis named ``+x`` to ``-z`` as a unit vector."""
    vector = np.zeros(3)
    vector["xyz".index(axis[1])] = 1.0 if axis[0] == "+" else -1.0
    return vector


def nearest_axis(direction: FloatArray) -> Axis:
    """The sensor axis nearest to a direction (3,)."""
    axes: tuple[Axis, ...] = get_args(Axis)
    return max(axes, key=lambda axis: float(axis_vector(axis) @ direction))


def ready_deg(start: Start) -> float:
    """How far the pelvis may lean and be ready, by where the leg rests between repetitions."""
    return READY_HIGH_DEG if start == "high" else READY_DEG


def lean_deg(up: FloatArray, cranial: FloatArray, posture: Posture) -> FloatArray:
    """How far the pelvis leans from lying (cranial axis level) or hanging (upright), (n,) degrees.

    Parameters
    ----------
    up : (n, 3) float
        Direction of up in sensor axes.
    cranial : (3,) float
        Sensor axis that points to the head.
    """
    level = np.degrees(np.arcsin(np.clip(up @ cranial, -1.0, 1.0)))
    return np.asarray(90.0 - level if posture == "hanging" else np.abs(level))


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Cross product of two (3,) vectors; several times quicker than the general one."""
    (a0, a1, a2), (b0, b1, b2) = a.tolist(), b.tolist()
    return np.array([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0])


def plane_about(axis: FloatArray, zero: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The plane that up moves in while a segment turns about `axis`: up at `zero`, and where it goes then."""
    along = unit(zero - axis * (zero @ axis))
    return along, cross(along, axis)


def angle_about(axis: FloatArray, up: FloatArray, zero: FloatArray) -> FloatArray:
    """How far a segment has turned about `axis` since up was at `zero`, (n,) degrees, not unwrapped.

    Positive for a right-handed turn of the segment about `axis`; up turns the other way in its axes.
    """
    along, across = plane_about(axis, zero)
    return np.asarray(np.degrees(np.arctan2(up @ across, up @ along)))


def pelvis_axes_supine(up: FloatArray, cranial: FloatArray) -> PelvisAxes:
    """Axes of a lying pelvis: up is anterior, the named axis cranial as far as it is level."""
    anterior = unit(up)
    level = unit(cranial - anterior * (cranial @ anterior))
    return PelvisAxes(np.stack([anterior, level, np.cross(anterior, level)]))


def pelvis_axes_hanging(up: FloatArray, anterior: FloatArray) -> PelvisAxes:
    """Axes of a hanging pelvis: up is cranial, the named axis anterior as far as it is level."""
    cranial = unit(up)
    level = unit(anterior - cranial * (anterior @ cranial))
    return PelvisAxes(np.stack([level, cranial, np.cross(level, cranial)]))


def pelvis_axes_at(up: FloatArray, cranial: FloatArray, header: Header) -> PelvisAxes:
    """Body axes at a rest with mean direction `up`; `cranial` is the sensor axis that points to the head."""
    if header.posture == "hanging":
        return pelvis_axes_hanging(up, axis_vector(header.pelvis.anterior_axis or "+z"))
    return pelvis_axes_supine(up, cranial)


def pelvis_axes_from_rocks(up_at_rest: FloatArray, up_rocking: FloatArray) -> PelvisAxes:
    """Axes of a lying pelvis strapped on anyhow, from pelvic rocks: posterior tilt and back.

    Parameters
    ----------
    up_at_rest : (3,) float
        Up before the rocks: anterior.
    up_rocking : (n, 3) float
        Up during the rocks; posterior tilt brings it towards the feet.

    Notes
    -----
    The plane is that of the fastest turning, not of the furthest: estimated causally, up still settles by a
    degree or two meanwhile, and who settles down may roll as far as rocks tip, but slowly.
    """
    anterior = unit(up_at_rest)
    away = up_rocking - np.outer(up_rocking @ anterior, anterior)
    steps = np.diff(away, axis=0)
    principal = np.linalg.eigh(steps.T @ steps)[1][:, 2]
    caudal = principal * np.sign((away @ principal).sum())
    cranial = unit(-(caudal - anterior * (caudal @ anterior)))
    return PelvisAxes(np.stack([anterior, cranial, np.cross(anterior, cranial)]))


def turned(axes: PelvisAxes, turn_deg: float) -> PelvisAxes:
    """The axes turned about anterior (gravity, when lying) by `turn_deg`, right-handed."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    x, y, z = axes.matrix
    return PelvisAxes(np.stack([x, c * y + s * z, c * z - s * y]))


def tilt_and_rotation(axes: PelvisAxes, up: FloatArray, posture: Posture) -> tuple[FloatArray, FloatArray]:
    """Pelvic tilt (anterior positive) and rotation (right side rising positive), (n,) degrees.

    When hanging, gravity does not see rotation: it is NaN.
    """
    anterior, cranial, right = (up @ axes.matrix.T).T
    if posture == "hanging":
        return np.degrees(np.arctan2(-anterior, cranial)), np.full(len(up), np.nan)
    return np.degrees(np.arctan2(cranial, anterior)), np.degrees(np.arctan2(right, anterior))
