"""Many turns at once. SciPy composes rotations one by one; a set has a hundred thousand of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import FloatArray


def turned(order: Literal["Z", "ZYX", "ZXY"], *angles_deg: FloatArray | float) -> Rotation:
    """Turns about the body's own axes, one after another.

    Parameters
    ----------
    order : str
        Axes, the first outermost.
    *angles_deg : (n,) float or float
        An angle for each axis.
    """
    quaternion = _about(order[0], angles_deg[0])
    for axis, angle_deg in zip(order[1:], angles_deg[1:], strict=True):
        quaternion = _product(quaternion, _about(axis, angle_deg))
    return Rotation.from_quat(quaternion.T)


def after(outer: Rotation, inner: Rotation) -> Rotation:
    """First `inner`, then `outer`: the same as ``outer * inner``."""
    return Rotation.from_quat(_product(outer.as_quat().T, inner.as_quat().T).T)


def rotation_vectors_deg(turns: Rotation) -> FloatArray:
    """Rotation vectors of turns of less than half a circle, (n, 3)."""
    x, y, z, w = turns.as_quat().T
    sine = np.sqrt(x * x + y * y + z * z)
    # the angle over the sine of its half; 2 where there is none
    scale = np.where(sine > 1e-12, 2.0 * np.arctan2(sine, w) / np.maximum(sine, 1e-12), 2.0)
    return np.asarray(np.degrees(np.column_stack([x, y, z]) * scale[:, None]))


def _about(axis: str, angle_deg: FloatArray | float) -> FloatArray:
    half = np.radians(angle_deg) / 2.0
    quaternion = np.zeros((4, *np.shape(half)))
    quaternion["XYZ".index(axis)], quaternion[3] = np.sin(half), np.cos(half)
    return quaternion


def _product(p: FloatArray, q: FloatArray) -> FloatArray:
    """Hamilton product of quaternions in rows x, y, z, w."""
    (px, py, pz, pw), (qx, qy, qz, qw) = p, q
    return np.stack(
        np.broadcast_arrays(
            pw * qx + px * qw + py * qz - pz * qy,
            pw * qy - px * qz + py * qw + pz * qx,
            pw * qz + px * qy - py * qx + pz * qw,
            pw * qw - px * qx - py * qy - pz * qz,
        )
    )
