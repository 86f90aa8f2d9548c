"""The median and the spread by it, against NumPy and against a known distribution."""

from __future__ import annotations

import numpy as np
import pytest

from imu_reps.kinematics.robust import mad_sd, median, medians


@pytest.mark.parametrize("count", [1, 2, 3, 8, 51, 400])
def test_medians_are_those_of_numpy(count):
    values = np.random.default_rng(count).normal(size=(count, 3))

    assert median(values[:, 0]) == np.median(values[:, 0])
    assert np.array_equal(medians(values), np.median(values, axis=0))


def test_a_tenth_of_outliers_hardly_moves_the_spread():
    values = np.random.default_rng(1).normal(5.0, 2.0, 4000)
    spoilt = np.append(values, np.full(400, 1e6))

    assert mad_sd(values) == pytest.approx(2.0, rel=0.05)
    assert mad_sd(values, 5.0) == pytest.approx(2.0, rel=0.05)
    assert mad_sd(spoilt) == pytest.approx(2.0, rel=0.25)
