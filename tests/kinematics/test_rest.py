"""Stillness by its definition: half a second under 2 deg/s RMS and under 0.15 m/s² SD, or under twice the
sensor's own noise; the bias it shows, also of a gyroscope that warms up."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imu_reps.kinematics.rest import gyroscope_bias, still_mask, stretches, warming_curve, window_length

HZ = 100.0
LENGTH = window_length(1.0 / HZ)
GRAVITY = np.array([0.0, 9.81, 0.0])


def turning(count: int, rate_dps: float) -> np.ndarray:
    """A steady turn about an axis between x and z: its RMS is its rate."""
    return np.tile([0.6 * rate_dps, 0.0, 0.8 * rate_dps], (count, 1))


def shaken(count: int, sd_mps2: float) -> np.ndarray:
    """Gravity, and a slow to and fro on two axes with this standard deviation over any half second."""
    there_and_back = np.sqrt(2.0) * np.sin(2.0 * np.pi * np.arange(count) / LENGTH)[:, None]
    return GRAVITY + there_and_back * [0.6 * sd_mps2, 0.0, 0.8 * sd_mps2]


@pytest.mark.parametrize(("period_s", "length"), [(0.01, 50), (0.005, 100), (0.04, 12), (0.4, 3)])
def test_the_window_is_half_a_second_and_never_empty(period_s: float, length: int) -> None:
    assert window_length(period_s) == length


@pytest.mark.parametrize(
    ("rate_dps", "sd_mps2", "still"),
    [(0.0, 0.0, True), (1.98, 0.148, True), (2.02, 0.0, False), (0.0, 0.152, False)],
)
def test_stillness_is_both_limits_of_the_definition(rate_dps: float, sd_mps2: float, still: bool) -> None:
    mask = still_mask(turning(200, rate_dps), shaken(200, sd_mps2), LENGTH)

    assert (mask[LENGTH - 1 :] == still).all()


@pytest.mark.parametrize("noise_mps2", [0.05, 0.07])
def test_a_noisy_accelerometer_rests_all_the_same(noise_mps2: float) -> None:
    """Of MPU-6050 class, by its noise on each axis."""
    acc = GRAVITY + np.random.default_rng(3).normal(0.0, noise_mps2, (4000, 3))
    mask = still_mask(turning(4000, 0.0), acc, LENGTH)

    assert mask[LENGTH - 1 :].all()


@pytest.mark.parametrize(("noise_mps2", "still"), [(0.16, True), (0.20, False)])
def test_what_shakes_more_than_any_sensors_noise_is_not_still(noise_mps2: float, still: bool) -> None:
    """Under 0.30 m/s², all axes together: 0.173 on each."""
    acc = GRAVITY + np.random.default_rng(4).normal(0.0, noise_mps2, (4000, 3))
    mask = still_mask(turning(4000, 0.0), acc, LENGTH)[LENGTH - 1 :]

    assert mask.mean() > 0.7 if still else mask.mean() < 0.1


def test_a_movement_past_twice_the_noise_is_none_of_the_noise() -> None:
    rng = np.random.default_rng(5)
    acc = shaken(4000, 0.25) + rng.normal(0.0, 0.06, (4000, 3))  # noise of 0.104 m/s², all axes together

    assert not still_mask(turning(4000, 0.0), acc, LENGTH).any()


@given(cut=st.integers(1, 390))
@settings(max_examples=30, deadline=None)
def test_stillness_of_a_sample_asks_only_for_the_half_second_before_it(cut: int) -> None:
    acc = GRAVITY + np.random.default_rng(6).normal(0.0, 0.09, (400, 3))
    gyr = turning(400, 1.0)
    later = max(0, cut - LENGTH + 1)

    again = still_mask(gyr[later:], acc[later:], LENGTH)[cut - later :]
    assert (again == still_mask(gyr, acc, LENGTH)[cut:])[max(0, LENGTH - 1 - cut) :].all()


def test_before_half_a_second_has_been_seen_nothing_is_still() -> None:
    mask = still_mask(turning(200, 0.0), shaken(200, 0.0), LENGTH)

    assert not mask[: LENGTH - 1].any()
    assert not still_mask(turning(LENGTH - 1, 0.0), shaken(LENGTH - 1, 0.0), LENGTH).any()


def test_a_single_knock_ends_stillness_for_the_half_second_that_holds_it() -> None:
    gyr = turning(300, 0.0)
    gyr[120] = [0.0, 2.1 * np.sqrt(LENGTH), 0.0]  # its mean square over the window is just too large
    mask = still_mask(gyr, shaken(300, 0.0), LENGTH)

    assert np.flatnonzero(~mask[LENGTH - 1 :]).tolist() == list(range(120 - LENGTH + 1, 121))


def test_a_sensor_that_lies_still_askew_is_still() -> None:
    askew = np.tile([5.0, -6.0, 5.9], (200, 1))

    assert still_mask(turning(200, 0.0), askew, LENGTH)[LENGTH - 1 :].all()


@given(where=hnp.arrays(bool, st.integers(0, 60)))
@settings(max_examples=100, deadline=None)
def test_stretches_are_the_mask_and_never_touch(where: np.ndarray) -> None:
    spans = stretches(where)

    rebuilt = np.zeros(len(where), bool)
    for start, end in spans:
        assert start < end
        rebuilt[start:end] = True
    assert (rebuilt == where).all()
    assert all(end < start for (_, end), (start, _) in pairwise(spans))


@pytest.mark.parametrize("bias", [(5.0, -4.0, 3.0), (-9.0, 0.5, 0.0), (0.0, 0.0, 0.0)])
def test_rest_shows_a_bias_of_several_degrees_a_second(bias: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(1)
    gyr = bias + rng.normal(0.0, 0.07, (500, 3))
    acc = GRAVITY + rng.normal(0.0, 0.02, (500, 3))
    found = gyroscope_bias(gyr, acc, LENGTH)

    assert found is not None
    assert np.abs(found - bias).max() < 5.0 * 0.07 / np.sqrt(LENGTH)  # five standard errors of one window


def test_the_bias_comes_from_the_rests_between_movements() -> None:
    rng = np.random.default_rng(2)
    bias = np.array([3.0, -2.0, 1.0])
    time = np.arange(1000) / HZ
    moving = (time >= 3.0) & (time < 8.0)
    swing = np.where(moving, 60.0 * np.sin(2.0 * np.pi * time), 0.0)
    gyr = bias + rng.normal(0.0, 0.07, (1000, 3)) + swing[:, None] * [0.0, 0.0, 1.0]
    found = gyroscope_bias(gyr, GRAVITY + rng.normal(0.0, 0.02, (1000, 3)), LENGTH)

    assert found is not None
    assert np.abs(found - bias).max() < 5.0 * 0.07 / np.sqrt(LENGTH)


def test_a_moving_sensor_shows_no_bias() -> None:
    time = np.arange(500) / HZ
    swing = 40.0 * np.sin(2.0 * np.pi * time)[:, None] * [0.0, 1.0, 0.0]

    assert gyroscope_bias(swing, shaken(500, 0.0), LENGTH) is None
    assert (
        gyroscope_bias(turning(500, 30.0), shaken(500, 0.0), LENGTH) is None
    )  # steady, yet too fast for a bias
    assert gyroscope_bias(turning(500, 0.0), shaken(500, 0.5), LENGTH) is None


def test_too_few_samples_show_no_bias() -> None:
    assert gyroscope_bias(turning(LENGTH - 1, 0.0), shaken(LENGTH - 1, 0.0), LENGTH) is None


def lifted(bias_dps: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy sensor that turns for 3 s and rests for 2 s, over and over."""
    rng = np.random.default_rng(seed)
    time = np.arange(len(bias_dps)) / HZ
    swing = np.where(time % 5.0 < 3.0, 60.0 * np.sin(2.0 * np.pi * time / 3.0), 0.0)
    gyr = bias_dps + rng.normal(0.0, 0.07, bias_dps.shape) + swing[:, None] * [0.0, 0.0, 1.0]
    return gyr, GRAVITY + rng.normal(0.0, 0.02, bias_dps.shape)


def test_rests_show_how_a_gyroscope_warms_up() -> None:
    time = np.arange(4000)[:, None] / HZ
    bias = 4.0 * (1.0 - np.exp(-time / 20.0)) * [1.0, -0.8, 0.5]
    found = gyroscope_bias(*lifted(bias, 7), LENGTH)

    assert found is not None
    assert np.abs(found - bias)[300:3950].max() < 0.5  # so far from a parabola is that curve


def test_a_steady_gyroscope_and_one_that_hardly_wanders_do_not_warm_up() -> None:
    time = np.arange(4000)[:, None] / HZ

    assert np.ndim(gyroscope_bias(*lifted(np.tile([3.0, -2.0, 1.0], (4000, 1)), 8), LENGTH)) == 1
    assert np.ndim(gyroscope_bias(*lifted(time / 40.0 * [0.7, 0.0, 0.0], 9), LENGTH)) == 1


def test_slow_movements_that_come_and_go_are_no_warming_up() -> None:
    time = np.arange(6000) / HZ
    turn = 1.2 * np.sin(
        2.0 * np.pi * np.floor(time / 5.0) / 3.0
    )  # as fast in every rest, another way in each

    assert np.ndim(gyroscope_bias(*lifted(turn[:, None] * [0.0, 1.0, 0.0], 10), LENGTH)) == 1


def test_one_rest_that_is_far_off_is_no_warming_up() -> None:
    """A body that sways at the bar stands still for a moment as it turns."""
    rng = np.random.default_rng(11)
    at = np.array([0, 1, 2, 3, 4, 5, 6, 7, 76, 158, 159, 160, 161, 162, 163], dtype=float)
    readings = rng.normal(0.0, 0.02, (len(at), 3))
    readings[8, 0] += 2.8
    assert warming_curve(at, readings, np.arange(170)) is None
    ramp = readings + at[:, None] / 163.0 * [0.0, 3.0, 0.0]
    found = warming_curve(at, ramp, np.arange(170))
    assert found is not None
    assert np.ptp(found[:, 1]) == pytest.approx(3.0, abs=0.3)
