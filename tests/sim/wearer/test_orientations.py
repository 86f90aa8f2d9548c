"""Arrays of orientations compared with scipy's, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps.sim.wearer.body import Orientations

COUNT = 5000


def _random(seed: int) -> tuple[Orientations, Rotation]:
    known = Rotation.random(COUNT, random_state=seed)
    return Orientations(known.as_quat().T), known


def _same(turns: Orientations, known: Rotation) -> None:
    assert (Rotation.from_quat(turns.xyzw.T).inv() * known).magnitude().max() < 1e-12
    np.testing.assert_allclose(np.linalg.norm(turns.xyzw, axis=0), 1.0, atol=1e-14)


@pytest.mark.parametrize("order", ["Z", "ZYX", "ZXY"])
def test_turns_about_axes_are_intrinsic_with_the_first_outermost(order):
    angles = np.random.default_rng(1).uniform(-170.0, 170.0, (len(order), COUNT))
    angles[-1, 1000:] = 12.0  # a joint at rest
    _same(Orientations.about(order, *angles), Rotation.from_euler(order, angles.T, degrees=True))


def test_orientations_are_composed_and_inverted():
    (outer, of_outer), (inner, of_inner) = _random(2), _random(3)
    _same(outer.after(inner), of_outer * of_inner)
    _same(outer.after(of_inner[0]), of_outer * of_inner[0])
    _same(outer.inverse(), of_outer.inv())
    _same(outer[100:200], of_outer[100:200])


def test_vectors_are_turned_each_by_its_own_orientation_or_all_by_one():
    turns, known = _random(4)
    vectors = np.random.default_rng(5).normal(size=(COUNT, 3))
    np.testing.assert_allclose(turns.apply(vectors), known.apply(vectors), atol=1e-12)
    np.testing.assert_allclose(turns.apply(vectors[0]), known.apply(vectors[0]), atol=1e-12)


def test_rotation_vectors_reproduce_their_turns():
    vectors = np.random.default_rng(6).uniform(-90.0, 90.0, (COUNT, 3))
    vectors[0] = 0.0
    turns = Orientations.by(vectors)
    _same(turns, Rotation.from_rotvec(vectors, degrees=True))
    np.testing.assert_allclose(turns.rotation_vectors_deg(), vectors, atol=1e-9)
