"""Stillness by its definition, and the gyroscope bias found at rest, also while the gyroscope warms up.

Still is half a second below 2 deg/s RMS and below 0.15 m/s² SD, or below twice the sensor's own noise.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imu_reps.kinematics.rest import (
    RunningStillness,
    bias_at_rest,
    still_mask,
    stretches,
    warming_curve,
    window_length,
)

HZ = 100.0
LENGTH = window_length(1.0 / HZ)
GRAVITY = np.array([0.0, 9.81, 0.0])


def turning(count: int, rate_dps: float) -> np.ndarray:
    """Return a steady turn about an axis between x and z: its RMS is its rate."""
    return np.tile([0.6 * rate_dps, 0.0, 0.8 * rate_dps], (count, 1))


def shaken(count: int, sd_mps2: float) -> np.ndarray:
    """Return gravity plus a slow oscillation on two axes with this SD over any half second."""
    oscillation = np.sqrt(2.0) * np.sin(2.0 * np.pi * np.arange(count) / LENGTH)[:, None]
    return GRAVITY + oscillation * [0.6 * sd_mps2, 0.0, 0.8 * sd_mps2]


@pytest.mark.parametrize(("period_s", "length"), [(0.01, 50), (0.005, 100), (0.04, 12), (0.4, 3)])
def test_the_window_is_half_a_second_and_never_empty(period_s: float, length: int) -> None:
    assert window_length(period_s) == length


@pytest.mark.parametrize(
    ("rate_dps", "sd_mps2", "still"),
    [(0.0, 0.0, True), (1.98, 0.148, True), (2.02, 0.0, False), (0.0, 0.152, False)],
)
def test_stillness_requires_both_limits_of_the_definition(
    rate_dps: float, sd_mps2: float, still: bool
) -> None:
    mask = still_mask(turning(200, rate_dps), shaken(200, sd_mps2), LENGTH)

    assert (mask[LENGTH - 1 :] == still).all()


@pytest.mark.parametrize("noise_mps2", [0.05, 0.07])
def test_a_noisy_accelerometer_at_rest_is_still(noise_mps2: float) -> None:
    """Noise per axis of the MPU-6050 class."""
    acc = GRAVITY + np.random.default_rng(3).normal(0.0, noise_mps2, (4000, 3))
    mask = still_mask(turning(4000, 0.0), acc, LENGTH)

    assert mask[LENGTH - 1 :].all()


@pytest.mark.parametrize(("noise_mps2", "still"), [(0.16, True), (0.20, False)])
def test_shaking_above_the_noise_of_any_sensor_is_not_still(noise_mps2: float, still: bool) -> None:
    """The limit is 0.30 m/s² over all axes together: 0.173 per axis."""
    acc = GRAVITY + np.random.default_rng(4).normal(0.0, noise_mps2, (4000, 3))
    mask = still_mask(turning(4000, 0.0), acc, LENGTH)[LENGTH - 1 :]

    assert mask.mean() > 0.7 if still else mask.mean() < 0.1


def test_a_movement_above_twice_the_noise_is_not_taken_for_noise() -> None:
    rng = np.random.default_rng(5)
    acc = shaken(4000, 0.25) + rng.normal(0.0, 0.06, (4000, 3))  # noise of 0.104 m/s², all axes together

    assert not still_mask(turning(4000, 0.0), acc, LENGTH).any()


@given(cut=st.integers(1, 390))
@settings(max_examples=30, deadline=None)
def test_stillness_of_a_sample_depends_only_on_the_half_second_before_it(cut: int) -> None:
    acc = GRAVITY + np.random.default_rng(6).normal(0.0, 0.09, (400, 3))
    gyr = turning(400, 1.0)
    start = max(0, cut - LENGTH + 1)

    recomputed = still_mask(gyr[start:], acc[start:], LENGTH)[cut - start :]
    assert (recomputed == still_mask(gyr, acc, LENGTH)[cut:])[max(0, LENGTH - 1 - cut) :].all()


@given(cuts=st.lists(st.integers(1, 399), max_size=12, unique=True).map(sorted))
@settings(max_examples=50, deadline=None)
def test_running_sums_give_the_same_stillness_in_blocks_of_any_size(cuts: list[int]) -> None:
    rng = np.random.default_rng(6)
    moving = np.sin(np.arange(400) / 60.0)[:, None] > 0.6
    gyr = rng.normal(0.0, np.where(moving, 4.0, 0.5), (400, 3))
    acc = GRAVITY + rng.normal(0.0, np.where(moving, 0.4, 0.09), (400, 3))
    running = RunningStillness(LENGTH)
    mask = [running.push(gyr[a:b], acc[a:b]) for a, b in pairwise([0, *cuts, 400])]

    assert (np.concatenate(mask) == still_mask(gyr, acc, LENGTH)).all()
    assert 0.2 < np.mean(np.concatenate(mask)) < 0.8


def test_nothing_is_still_before_half_a_second_has_passed() -> None:
    mask = still_mask(turning(200, 0.0), shaken(200, 0.0), LENGTH)

    assert not mask[: LENGTH - 1].any()
    assert not still_mask(turning(LENGTH - 1, 0.0), shaken(LENGTH - 1, 0.0), LENGTH).any()


def test_a_single_knock_ends_stillness_for_the_half_second_that_contains_it() -> None:
    gyr = turning(300, 0.0)
    gyr[120] = [0.0, 2.1 * np.sqrt(LENGTH), 0.0]  # its mean square over the window is just above the limit
    mask = still_mask(gyr, shaken(300, 0.0), LENGTH)

    assert np.flatnonzero(~mask[LENGTH - 1 :]).tolist() == list(range(120 - LENGTH + 1, 121))


def test_a_motionless_sensor_is_still_in_any_orientation() -> None:
    oblique = np.tile([5.0, -6.0, 5.9], (200, 1))

    assert still_mask(turning(200, 0.0), oblique, LENGTH)[LENGTH - 1 :].all()


@given(mask=hnp.arrays(bool, st.integers(0, 60)))
@settings(max_examples=100, deadline=None)
def test_stretches_are_the_mask_and_never_touch(mask: np.ndarray) -> None:
    spans = stretches(mask)

    rebuilt = np.zeros(len(mask), bool)
    for start, end in spans:
        assert start < end
        rebuilt[start:end] = True
    assert (rebuilt == mask).all()
    assert all(end < start for (_, end), (start, _) in pairwise(spans))


@given(mask=hnp.arrays(bool, st.integers(0, 60)), gap=st.integers(0, 3), shortest=st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_stretches_bridge_short_gaps_and_then_leave_out_short_spans(
    mask: np.ndarray, gap: int, shortest: int
) -> None:
    bridged = mask.copy()
    for start, end in stretches(~mask):
        bridged[start:end] = start > 0 and end < len(mask) and end - start <= gap
    expected = [(start, end) for start, end in stretches(bridged) if end - start >= shortest]
    assert stretches(mask, gap, shortest) == expected


@pytest.mark.parametrize("bias", [(5.0, -4.0, 3.0), (-9.0, 0.5, 0.0), (0.0, 0.0, 0.0)])
def test_a_rest_determines_a_bias_of_several_degrees_per_second(bias: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(1)
    gyr = bias + rng.normal(0.0, 0.07, (500, 3))
    acc = GRAVITY + rng.normal(0.0, 0.02, (500, 3))
    found = bias_at_rest(gyr, acc, LENGTH)

    assert found is not None
    assert np.abs(found - bias).max() < 5.0 * 0.07 / np.sqrt(LENGTH)  # five standard errors of one window


def test_the_bias_comes_from_the_rests_between_movements() -> None:
    rng = np.random.default_rng(2)
    bias = np.array([3.0, -2.0, 1.0])
    time = np.arange(1000) / HZ
    moving = (time >= 3.0) & (time < 8.0)
    swing = np.where(moving, 60.0 * np.sin(2.0 * np.pi * time), 0.0)
    gyr = bias + rng.normal(0.0, 0.07, (1000, 3)) + swing[:, None] * [0.0, 0.0, 1.0]
    found = bias_at_rest(gyr, GRAVITY + rng.normal(0.0, 0.02, (1000, 3)), LENGTH)

    assert found is not None
    assert np.abs(found - bias).max() < 5.0 * 0.07 / np.sqrt(LENGTH)


def test_a_moving_sensor_determines_no_bias() -> None:
    time = np.arange(500) / HZ
    swing = 40.0 * np.sin(2.0 * np.pi * time)[:, None] * [0.0, 1.0, 0.0]

    assert bias_at_rest(swing, shaken(500, 0.0), LENGTH) is None
    assert (
        bias_at_rest(turning(500, 30.0), shaken(500, 0.0), LENGTH) is None
    )  # steady, but too fast for a bias
    assert bias_at_rest(turning(500, 0.0), shaken(500, 0.5), LENGTH) is None


def test_too_few_samples_determine_no_bias() -> None:
    assert bias_at_rest(turning(LENGTH - 1, 0.0), shaken(LENGTH - 1, 0.0), LENGTH) is None


def lifted(bias_dps: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return readings of a noisy sensor that repeatedly turns for 3 s and rests for 2 s."""
    rng = np.random.default_rng(seed)
    time = np.arange(len(bias_dps)) / HZ
    swing = np.where(time % 5.0 < 3.0, 60.0 * np.sin(2.0 * np.pi * time / 3.0), 0.0)
    gyr = bias_dps + rng.normal(0.0, 0.07, bias_dps.shape) + swing[:, None] * [0.0, 0.0, 1.0]
    return gyr, GRAVITY + rng.normal(0.0, 0.02, bias_dps.shape)


def test_rests_reveal_how_a_gyroscope_warms_up() -> None:
    time = np.arange(4000)[:, None] / HZ
    bias = 4.0 * (1.0 - np.exp(-time / 20.0)) * [1.0, -0.8, 0.5]
    found = bias_at_rest(*lifted(bias, 7), LENGTH)

    assert found is not None
    assert np.abs(found - bias)[300:3950].max() < 0.5  # deviation of this curve from a parabola


def test_a_steady_gyroscope_and_one_that_hardly_drifts_do_not_warm_up() -> None:
    time = np.arange(4000)[:, None] / HZ

    assert np.ndim(bias_at_rest(*lifted(np.tile([3.0, -2.0, 1.0], (4000, 1)), 8), LENGTH)) == 1
    assert np.ndim(bias_at_rest(*lifted(time / 40.0 * [0.7, 0.0, 0.0], 9), LENGTH)) == 1


def test_intermittent_slow_movements_are_not_warming_up() -> None:
    time = np.arange(6000) / HZ
    turn = 1.2 * np.sin(
        2.0 * np.pi * np.floor(time / 5.0) / 3.0
    )  # equally fast in every rest, but in a different direction

    assert np.ndim(bias_at_rest(*lifted(turn[:, None] * [0.0, 1.0, 0.0], 10), LENGTH)) == 1


def test_one_outlying_rest_is_not_warming_up() -> None:
    """A wearer swaying at the bar is still for a moment at each reversal."""
    rng = np.random.default_rng(11)
    at = np.array([0, 1, 2, 3, 4, 5, 6, 7, 76, 158, 159, 160, 161, 162, 163], dtype=float)
    readings = rng.normal(0.0, 0.02, (len(at), 3))
    readings[8, 0] += 2.8
    assert warming_curve(at, readings, np.arange(170)) is None
    ramp = readings + at[:, None] / 163.0 * [0.0, 3.0, 0.0]
    found = warming_curve(at, ramp, np.arange(170))
    assert found is not None
    assert np.ptp(found[:, 1]) == pytest.approx(3.0, abs=0.3)
