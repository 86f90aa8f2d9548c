"""Mounting: the directions of the body's axes in a sensor's own axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from imu_reps.domain.exercise import Posture, Side, Start
from imu_reps.domain.recording import Axis, Header, axis_vector
from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.rest import AT_ONCE, pieces

#: Greatest lean of a ready pelvis from lying (hanging).
READY_DEG = 30.0

#: The same in a high start: legs held high tip the pelvis back by slightly more than 30 degrees.
READY_HIGH_DEG = 40.0

#: Lean above which the posture is left; a high lift alone tips the pelvis back by 30 and more.
LEFT_DEG = 50.0

#: Greatest correction of the pelvis sensor's turn about gravity; more would remove a true hip pop.
MAX_YAW_DEG = 6.0

#: Prior standard deviation of that turn for a belt strapped on with care.
YAW_SPREAD_DEG = 3.0


@dataclass(frozen=True, slots=True)
class PelvisAxes:
    """Body axes in sensor axes at the zero, (3, 3): rows anterior (x), cranial (y), right (z)."""

    matrix: FloatArray


def unit(vector: FloatArray) -> FloatArray:
    """Return the vector scaled to length 1."""
    return np.asarray(vector / np.sqrt(vector @ vector))


def components(vectors: FloatArray, direction: FloatArray) -> FloatArray:
    """Return the components of vectors (n, 3) along a direction (3,), (n,).

    A product of a whole long set would be shared out among threads, which then wait busily for more.
    """
    if len(vectors) <= AT_ONCE:
        return np.asarray(vectors @ direction)
    return np.concatenate([vectors[piece] @ direction for piece in pieces(len(vectors))])


def angle_between_deg(up: FloatArray, reference: FloatArray) -> FloatArray:
    """Return the angles between directions (..., 3) and one direction (3,), all of length 1, degrees."""
    return np.asarray(np.degrees(np.arccos(np.minimum(np.maximum(components(up, reference), -1.0), 1.0))))


def nearest_axis(direction: FloatArray) -> Axis:
    """Return the sensor axis nearest to a direction (3,)."""
    axes: tuple[Axis, ...] = get_args(Axis)
    return max(axes, key=lambda axis: float(axis_vector(axis) @ direction))


def ready_deg(start: Start) -> float:
    """Return the greatest lean of a ready pelvis, degrees, by where the leg rests between repetitions."""
    return READY_HIGH_DEG if start == "high" else READY_DEG


def lean_deg(up: FloatArray, cranial: FloatArray, posture: Posture) -> FloatArray:
    """Return the pelvis's lean from lying (cranial axis level) or hanging (upright), (n,) degrees.

    Parameters
    ----------
    up : (n, 3) float
        Direction of up in sensor axes.
    cranial : (3,) float
        Sensor axis towards the head.
    posture : {"supine", "hanging"}
    """
    level = np.degrees(np.arcsin(np.minimum(np.maximum(components(up, cranial), -1.0), 1.0)))
    return np.asarray(90.0 - level if posture == "hanging" else np.abs(level))


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the cross product of two (3,) vectors, several times faster than `numpy.cross`."""
    (a0, a1, a2), (b0, b1, b2) = a.tolist(), b.tolist()
    return np.array([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0])


def row_dots(one: FloatArray, other: FloatArray) -> FloatArray:
    """Dot products of the rows of (n, m) with those of another, or with one (m,), (n,).

    Row by row they take ten times as long; so does a matrix product of low-passed rows, which run backwards.
    """
    return np.asarray(sum(a * b for a, b in zip(one.T, other.T, strict=True)))


def row_angles_deg(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the angles between directions, (n, 3) or one (3,), and those of another, (n,) degrees."""
    return np.asarray(np.degrees(np.arccos(np.clip(row_dots(one, other), -1.0, 1.0))))


def plane_about(axis: FloatArray, zero: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the plane in which up moves while a segment turns about `axis`.

    The first direction, (3,), is that of `zero`, the second that of up after a turn by 90 degrees.
    """
    along = unit(zero - axis * (zero @ axis))
    return along, cross(along, axis)


def angle_about(axis: FloatArray, up: FloatArray, zero: FloatArray) -> FloatArray:
    """Return a segment's angle about `axis` from where up is at `zero`, (n,) degrees, not unwrapped.

    Positive for a right-handed turn of the segment about `axis`; in the segment's axes, up turns the other
    way.
    """
    along, across = plane_about(axis, zero)
    return np.asarray(np.degrees(np.arctan2(components(up, across), components(up, along))))


def pelvis_axes_supine(up: FloatArray, cranial: FloatArray) -> PelvisAxes:
    """Return the axes of a lying pelvis: up is anterior, the level part of the named axis cranial."""
    anterior = unit(up)
    level = unit(cranial - anterior * (cranial @ anterior))
    return PelvisAxes(np.stack([anterior, level, cross(anterior, level)]))


def pelvis_axes_hanging(up: FloatArray, anterior: FloatArray) -> PelvisAxes:
    """Return the axes of a hanging pelvis: up is cranial, the level part of the named axis anterior."""
    cranial = unit(up)
    level = unit(anterior - cranial * (anterior @ cranial))
    return PelvisAxes(np.stack([level, cranial, cross(level, cranial)]))


def pelvis_axes_at(up: FloatArray, cranial: FloatArray, header: Header) -> PelvisAxes:
    """Return the body axes at a rest with mean direction `up`; `cranial` is the axis towards the head."""
    if header.posture == "hanging":
        return pelvis_axes_hanging(up, axis_vector(header.pelvis.anterior_axis or "+z"))
    return pelvis_axes_supine(up, cranial)


def pelvis_axes_from_rocks(up_at_rest: FloatArray, up_rocking: FloatArray) -> PelvisAxes:
    """Return the axes of a lying pelvis with its sensor in any orientation, from pelvic rocks.

    Parameters
    ----------
    up_at_rest : (3,) float
        Up before the rocks: anterior.
    up_rocking : (n, 3) float
        Up during the rocks, which tilt the pelvis posteriorly and back: up moves towards the feet and back.

    Notes
    -----
    The plane of the rocks is that of the fastest turning, not of the largest angle: up estimated causally
    still settles by a degree or two, and a person settling down may roll as far as rocks tip, but slowly.
    """
    anterior = unit(up_at_rest)
    away = up_rocking - np.outer(up_rocking @ anterior, anterior)
    steps = np.diff(away, axis=0)
    principal = np.linalg.eigh(steps.T @ steps)[1][:, 2]
    caudal = principal * np.sign((away @ principal).sum())
    cranial = unit(-(caudal - anterior * (caudal @ anterior)))
    return PelvisAxes(np.stack([anterior, cranial, cross(anterior, cranial)]))


def with_yaw(axes: PelvisAxes, yaw_deg: float) -> PelvisAxes:
    """Return the axes turned about anterior (gravity, when lying) by `yaw_deg`, right-handed."""
    c, s = np.cos(np.radians(yaw_deg)), np.sin(np.radians(yaw_deg))
    x, y, z = axes.matrix
    return PelvisAxes(np.stack([x, c * y + s * z, c * z - s * y]))


def pelvic_tilt(axes: PelvisAxes, up: FloatArray, posture: Posture) -> FloatArray:
    """Pelvic tilt, anterior positive, (n,) degrees, for up (n, 3) in sensor axes."""
    anterior, cranial, _ = axes.matrix
    if posture == "hanging":
        return np.asarray(np.degrees(np.arctan2(-components(up, anterior), components(up, cranial))))
    return np.asarray(np.degrees(np.arctan2(components(up, cranial), components(up, anterior))))


def tilt_and_rotation(
    axes: PelvisAxes, up: FloatArray, posture: Posture, side: Side | None
) -> tuple[FloatArray, FloatArray]:
    """Return pelvic tilt (anterior positive) and rotation with the reported sign, (n,) degrees.

    Rotation is positive if the side opposite the working leg rises; with both legs, or an unknown one, if the
    right side rises. It is NaN when hanging, where gravity does not show it.
    """
    anterior, _, right = axes.matrix
    if posture == "hanging":
        rotation = np.full(len(up), np.nan)
    else:
        rotation = np.degrees(np.arctan2(components(up, right), components(up, anterior)))
    if side == "right":
        rotation = -rotation
    return pelvic_tilt(axes, up, posture), rotation
