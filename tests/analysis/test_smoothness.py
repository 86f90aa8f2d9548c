"""Spectral arc length of movements with known values: ideal, steady, halting."""

from __future__ import annotations

import numpy as np
import pytest

from imu_reps.analysis.reps.control import spectral_arc_length
from imu_reps.domain.track import GRID_HZ


def bell(duration_s: float) -> np.ndarray:
    """Return the speed of a minimum-jerk movement."""
    u = np.arange(round(duration_s * GRID_HZ) + 1) / round(duration_s * GRID_HZ)
    return np.asarray(u**2 * (1.0 - u) ** 2)


def length(speed: np.ndarray) -> float:
    found = spectral_arc_length(speed)
    assert found is not None
    return found


@pytest.mark.parametrize("duration_s", [1.0, 2.0, 4.0])
def test_the_smoothest_movement_has_the_shortest_arc(duration_s: float) -> None:
    """The arc of a spectrum that falls once from 1 to 0.05 is at least the straight line: 1.38."""
    assert length(bell(duration_s)) == pytest.approx(-1.41, abs=0.01)
    assert -length(bell(duration_s)) > np.hypot(1.0, 0.95)


def steady(duration_s: float, ramp_s: float) -> np.ndarray:
    """Return a constant speed with a smooth beginning and end."""
    u = np.arange(round(ramp_s * GRID_HZ)) / round(ramp_s * GRID_HZ)
    ramp = u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
    return np.concatenate([ramp, np.ones(round(duration_s * GRID_HZ) - 2 * len(ramp)), ramp[::-1]])


def test_steady_speed_is_less_smooth_because_of_its_ends() -> None:
    """The reference's -2.1: 2 s, of which 0.3 s are acceleration and 0.3 s deceleration."""
    assert length(steady(2.0, 0.3)) == pytest.approx(-2.1, abs=0.05)


def test_a_box_has_the_arc_of_its_side_lobes() -> None:
    """Its spectrum is |sin x / x|, followed to the last lobe that rises above 0.05."""
    x = np.linspace(1e-9, 10.0, 1_000_001)
    lobes = np.abs(np.sinc(x))
    lobes, x = lobes[: np.flatnonzero(lobes >= 0.05)[-1] + 1], x[: np.flatnonzero(lobes >= 0.05)[-1] + 1]
    arc = np.hypot(np.diff(x) / (x[-1] - x[0]), np.diff(lobes)).sum()

    # zero padding rounds off peaks and feet of the lobes
    assert length(np.ones(400)) == pytest.approx(-arc, abs=0.08)


def test_a_stop_half_way_lowers_smoothness() -> None:
    """Two bells, for which the reference gives about -2.7."""
    stopped = np.concatenate([bell(1.0), np.zeros(30), bell(1.0)])

    assert length(stopped) == pytest.approx(-2.7, abs=0.3)
    assert length(stopped) < length(steady(2.0, 0.3)) < length(bell(2.0))


def test_more_stops_are_less_smooth() -> None:
    arcs = [length(np.concatenate([bell(1.0), np.zeros(30)] * count)) for count in (1, 2, 3, 4)]

    assert arcs == sorted(arcs, reverse=True)


@pytest.mark.parametrize("scale", [-3.0, 0.01, 55.0])
def test_speed_and_direction_do_not_matter(scale: float) -> None:
    assert length(scale * bell(2.0)) == pytest.approx(length(bell(2.0)), abs=1e-9)


def test_without_movement_or_with_hardly_any_time_there_is_no_smoothness() -> None:
    assert spectral_arc_length(np.zeros(200)) is None
    assert spectral_arc_length(np.ones(9)) is None
    assert spectral_arc_length(np.array([])) is None
