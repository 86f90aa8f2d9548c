"""Stacks of rotation matrices, with the matrices' own axes first."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.mounting import cross, unit


def rotations_by(turns_rad: FloatArray) -> FloatArray:
    """Return rotations from the axes before each turn, and after the last, to those before the first.

    Parameters
    ----------
    turns_rad : (3, ..., n) float
        Successive turns as rotation vectors, each in the axes that the ones before it lead to.

    Returns
    -------
    (3, 3, ..., n + 1) float
    """
    turns = Rotation.from_rotvec(turns_rad.reshape(3, -1).T).as_matrix()
    rotations = np.empty((3, *turns_rad.shape[:-1], turns_rad.shape[-1] + 1))
    rotations[..., 0] = np.eye(3).reshape(3, 3, *[1] * (turns_rad.ndim - 2))
    rotations[..., 1:] = turns.transpose(1, 2, 0).reshape(3, *turns_rad.shape)
    lag = 1
    while lag < rotations.shape[-1]:
        rotations[..., lag:] = products(rotations[..., :-lag], rotations[..., lag:])
        lag *= 2
    return rotations


def products(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the products of small matrices (i, j, ...) and (j, k, ...), (i, k, ...).

    With the matrices' own axes last they take many times as long.
    """
    return np.asarray(np.einsum("ij...,jk...->ik...", one, other))


def onto(direction: FloatArray, other: FloatArray) -> FloatArray:
    """Return the smallest rotation, (3, 3), of a direction onto another."""
    axis = cross(unit(direction), unit(other))
    sine = float(np.sqrt(axis @ axis))
    angle = np.arctan2(sine, float(unit(direction) @ unit(other)))
    return np.asarray(Rotation.from_rotvec(axis * (angle / sine if sine else 0.0)).as_matrix())
