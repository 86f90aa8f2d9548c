"""Stillness by its definition: half a second under 2 deg/s RMS and under 0.15 m/s² SD; the bias it shows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imu_reps.kinematics.rest import rest_bias, still_mask, stretches, window_length

HZ = 100.0
LENGTH = window_length(1.0 / HZ)
GRAVITY = np.array([0.0, 9.81, 0.0])


def turning(count: int, rate_dps: float) -> np.ndarray:
    """A steady turn about an axis between x and z: its RMS is its rate."""
    return np.tile([0.6 * rate_dps, 0.0, 0.8 * rate_dps], (count, 1))


def shaken(count: int, sd_mps2: float) -> np.ndarray:
    """Gravity, and to and fro on two axes with this standard deviation over any even number of samples."""
    there_and_back = np.where(np.arange(count) % 2, 1.0, -1.0)[:, None]
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
    found = rest_bias(gyr, acc, LENGTH)

    assert found is not None
    assert np.abs(found - bias).max() < 5.0 * 0.07 / np.sqrt(LENGTH)  # five standard errors of one window


def test_the_bias_comes_from_the_rests_between_movements() -> None:
    rng = np.random.default_rng(2)
    bias = np.array([3.0, -2.0, 1.0])
    time = np.arange(1000) / HZ
    moving = (time >= 3.0) & (time < 8.0)
    swing = np.where(moving, 60.0 * np.sin(2.0 * np.pi * time), 0.0)
    gyr = bias + rng.normal(0.0, 0.07, (1000, 3)) + swing[:, None] * [0.0, 0.0, 1.0]
    found = rest_bias(gyr, GRAVITY + rng.normal(0.0, 0.02, (1000, 3)), LENGTH)

    assert found is not None
    assert np.abs(found - bias).max() < 5.0 * 0.07 / np.sqrt(LENGTH)


def test_a_moving_sensor_shows_no_bias() -> None:
    time = np.arange(500) / HZ
    swing = 40.0 * np.sin(2.0 * np.pi * time)[:, None] * [0.0, 1.0, 0.0]

    assert rest_bias(swing, shaken(500, 0.0), LENGTH) is None
    assert rest_bias(turning(500, 30.0), shaken(500, 0.0), LENGTH) is None  # steady, yet too fast for a bias
    assert rest_bias(turning(500, 0.0), shaken(500, 0.5), LENGTH) is None


def test_too_few_samples_show_no_bias() -> None:
    assert rest_bias(turning(LENGTH - 1, 0.0), shaken(LENGTH - 1, 0.0), LENGTH) is None
