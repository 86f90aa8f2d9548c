"""Taps: which impacts belong together, and when no offset must be given."""

from __future__ import annotations

import numpy as np
import pytest

from imu_reps.kinematics.sync.taps import TapNotFound, TapOffset, TapWindow, find_taps

UNEVEN = (2.0, 2.45, 3.2)


def shaken(at_s, *, seed, size=60.0, late_s=0.0, hz=100.0, seconds=6.0, clip=78.0):
    """Return gravity, noise and bumps of about 20 ms at these times, as a smooth sensor shows them."""
    rng = np.random.default_rng(seed)
    time_s = rng.uniform(0.0, 1.0 / hz) + np.arange(int(seconds * hz)) / hz
    bumps = np.zeros(len(time_s))
    for at in at_s:
        bumps += size * np.exp(-(((time_s - at) / 0.008) ** 2))
    direction = rng.normal(size=3)
    force = np.array([0.0, 9.8, 0.0]) + np.outer(bumps, direction / np.linalg.norm(direction))
    return TapWindow(time_s + late_s, np.clip(force + rng.normal(0.0, 0.05, force.shape), -clip, clip))


@pytest.mark.parametrize("late_s", [-0.08, 0.0, 0.013, 0.08])
def test_the_offset_of_uneven_taps_is_found(late_s):
    for seed in range(10):
        found = find_taps(shaken(UNEVEN, seed=seed), shaken(UNEVEN, seed=100 + seed, late_s=late_s))
        assert isinstance(found, TapOffset)
        assert found.offset_s == pytest.approx(-late_s, abs=0.003)
        assert found.taps == 3
        assert found.time_s == pytest.approx(UNEVEN[0], abs=0.01)
        assert 0.001 < found.uncertainty_s < 0.006


def test_clipped_impacts_are_used():
    hard = shaken(UNEVEN, seed=1, size=300.0)
    found = find_taps(hard, shaken(UNEVEN, seed=2, size=20.0, late_s=0.02))
    assert isinstance(found, TapOffset)
    assert found.offset_s == pytest.approx(-0.02, abs=0.003)


def test_an_impact_on_only_one_sensor_is_ignored():
    found = find_taps(shaken((1.0, *UNEVEN), seed=3), shaken((*UNEVEN, 4.9), seed=4, late_s=0.02))
    assert isinstance(found, TapOffset)
    assert (found.taps, found.offset_s) == (3, pytest.approx(-0.02, abs=0.003))


@pytest.mark.parametrize(
    ("pelvis", "ankle", "reason"),
    [
        ((), UNEVEN, "pelvis sensor felt no impact"),
        (UNEVEN, (), "ankle sensor felt no impact"),
        ((2.0,), (2.0,), "too few"),
        ((1.0, 1.7), (3.0, 4.1), "no impact at the same time"),
        (tuple(np.arange(1.0, 3.0, 0.2)), tuple(np.arange(1.2, 3.2, 0.2)), "more than one offset"),
    ],
)
def test_ambiguous_impacts_are_not_used_and_the_reason_is_given(pelvis, ankle, reason):
    found = find_taps(shaken(pelvis, seed=5), shaken(ankle, seed=6))
    assert isinstance(found, TapNotFound)
    assert reason in found.reason


def test_even_taps_are_unambiguous_once_arrivals_exclude_a_shift_by_one():
    even = tuple(np.arange(1.0, 2.0, 0.2))
    found = find_taps(shaken(even, seed=7), shaken(even[1:], seed=8, late_s=0.02), max_s=0.06)
    assert isinstance(found, TapOffset)
    assert found.offset_s == pytest.approx(-0.02, abs=0.003)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_very_few_samples_are_not_a_tap(count):
    few = TapWindow(np.arange(count) / 100.0, np.zeros((count, 3)))
    assert isinstance(find_taps(few, shaken(UNEVEN, seed=9)), TapNotFound)
