"""The common grid of a finished set: exact between samples, empty in holes, complete for impacts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import brackets, grid_peaks, grid_times, impacts, on_grid, with_impacts
from imu_reps.kinematics.orientation import SensorMotion

PERIOD_S = 1.0 / 104.0


def swinging(index: np.ndarray, start_s: float = 0.0) -> SensorMotion:
    """Return motion with up swinging like that of a leg, on ticks of a sensor that do not match the grid."""
    time_s = start_s + index * PERIOD_S
    count = len(index)
    return SensorMotion(
        time_s,
        index,
        up_at(time_s),
        np.column_stack([time_s, -time_s, 2.0 * time_s]),
        np.tile([0.0, 9.81, 0.0], (count, 1)),
        np.arange(count) % 2 == 0,
        PERIOD_S,
    )


def up_at(time_s: np.ndarray) -> np.ndarray:
    angle = np.radians(30.0) * (1.0 - np.cos(2.0 * np.pi * time_s / 3.0))
    return np.column_stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)])


@given(first=st.floats(-5.0, 5.0), length=st.floats(0.02, 3.0))
@settings(max_examples=50, deadline=None)
def test_grid_instants_are_whole_steps_within_the_span(first: float, length: float) -> None:
    times = grid_times(first, first + length)

    assert np.rint(times * GRID_HZ) == pytest.approx(times * GRID_HZ, abs=1e-9)
    assert times[0] >= first - 1e-9
    assert times[-1] <= first + length + 1e-9
    assert times[0] - 1.0 / GRID_HZ <= first + 1e-9
    assert times[-1] + 1.0 / GRID_HZ >= first + length - 1e-9
    assert np.diff(times) == pytest.approx(1.0 / GRID_HZ)


def test_instants_are_bracketed_by_samples_and_not_over_holes_or_beyond_the_ends() -> None:
    left, share = brackets(
        np.array([1.0, 1.1, 1.2, 1.6, 1.7]), np.array([0.9, 1.0, 1.15, 1.3, 1.6, 1.7, 1.8]), period_s=0.1
    )

    assert left[1:6].tolist() == [0, 1, 2, 3, 3]
    assert share == pytest.approx([np.nan, 0.0, 0.5, np.nan, 0.0, 1.0, np.nan], nan_ok=True)


def test_up_between_samples_follows_the_motion() -> None:
    motion = swinging(np.arange(600), 0.0037)
    times = grid_times(motion.time_s[0], motion.time_s[-1])
    grid = on_grid(motion, times)

    assert np.isfinite(grid.up).all()
    # a cubic through a swing this slow errs by less than a thousandth of a degree, and by 0.03 at its ends
    assert grid.up[2:-2] == pytest.approx(up_at(times)[2:-2], abs=2e-5)
    assert grid.up == pytest.approx(up_at(times), abs=5e-4)
    assert grid.gyr_dps[:, 0] == pytest.approx(times, abs=1e-9)
    assert grid.acc_mps2 == pytest.approx(np.tile([0.0, 9.81, 0.0], (len(times), 1)))


def test_grid_instants_in_holes_and_outside_the_recording_are_not_measured() -> None:
    ticks = np.r_[0:200, 210:400]
    motion = swinging(ticks, 1.0)
    times = grid_times(0.0, 6.0)
    grid = with_impacts(on_grid(motion, times), motion, times)

    before, after = motion.time_s[199], motion.time_s[200]
    measured = (times >= motion.time_s[0]) & (times <= motion.time_s[-1])
    measured &= (times < before) | (times >= after)
    for values in (grid.up, grid.gyr_dps, grid.acc_mps2, grid.impact_mps2[:, None]):
        assert (np.isfinite(values).all(axis=1) == measured).all()
    assert not grid.still[~measured].any()


def test_up_next_to_a_hole_is_no_worse_than_at_the_ends() -> None:
    """Samples beyond a hole of a third of a second are not used as neighbours."""
    motion = swinging(np.r_[0:60, 95:200])
    times = grid_times(motion.time_s[0], motion.time_s[-1])
    up = on_grid(motion, times).up
    known = np.isfinite(up[:, 0])

    assert up[known] == pytest.approx(up_at(times)[known], abs=5e-4)


def test_a_single_lost_sample_is_a_hole_and_clock_jitter_is_not() -> None:
    lost = swinging(np.delete(np.arange(300), 150))
    times = grid_times(0.0, lost.time_s[-1])
    missing = times[np.isnan(on_grid(lost, times).up[:, 0])]

    assert len(missing) in (1, 2)
    assert (np.abs(missing - 150 * PERIOD_S) <= PERIOD_S).all()


def test_stillness_is_that_of_the_last_sample() -> None:
    motion = swinging(np.arange(300))
    times = grid_times(0.0, motion.time_s[-1])
    last = np.searchsorted(motion.time_s, times, side="right") - 1
    inside = last < 299

    assert (on_grid(motion, times).still[inside] == motion.still[last[inside]]).all()


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_gravity_and_the_motion_of_the_leg_are_not_impacts(rate_hz: float) -> None:
    """The forces of a lift change about once a second: at most a hundredth of them remains."""
    time = np.arange(round(6.0 * rate_hz)) / rate_hz
    swing = 3.0 * np.sin(2.0 * np.pi * time)
    moving = np.column_stack([swing, 9.81 - swing, 0.0 * time])
    inner = slice(round(rate_hz), -round(rate_hz))

    assert impacts(np.tile([0.0, 9.81, 0.0], (len(time), 1)), 1.0 / rate_hz) == pytest.approx(0.0, abs=1e-6)
    assert impacts(moving, 1.0 / rate_hz)[inner].max() < 0.01 * 3.0 * np.sqrt(2.0)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_an_impact_of_20_ms_is_found_at_its_time_and_nearly_at_its_size(rate_hz: float) -> None:
    """The part of a 20 ms pulse below 6 Hz is about 2 · 6 Hz · 20 ms, a quarter."""
    time = np.arange(round(4.0 * rate_hz)) / rate_hz
    pulse = np.where(np.abs(time - 2.0) < 0.0101, np.cos(np.pi * (time - 2.0) / 0.0202), 0.0)
    acc = np.array([0.0, 9.81, 0.0]) + pulse[:, None] * [3.0, 0.0, 4.0]

    found = impacts(acc, 1.0 / rate_hz)

    assert np.argmax(found) == round(2.0 * rate_hz)
    assert 0.7 * 5.0 < found.max() <= 5.0 + 1e-9


def test_very_few_samples_show_no_impact() -> None:
    assert impacts(np.ones((5, 3)), 0.01).tolist() == [0.0] * 5


def test_a_sensor_too_slow_for_impacts_shows_none() -> None:
    struck = np.zeros((100, 3))
    struck[50] = 9.0

    for rate_hz in (5.0, 10.0, 12.0):
        assert impacts(struck, 1.0 / rate_hz).tolist() == [0.0] * 100


@given(at=st.integers(40, 160), rate_hz=st.sampled_from([25.0, 52.0, 100.0, 104.0, 200.0, 417.0]))
@settings(max_examples=60, deadline=None)
def test_no_peak_is_lost_between_grid_instants(at: int, rate_hz: float) -> None:
    source = 0.003 + np.arange(200) / rate_hz
    values = np.zeros(200)
    values[at] = 7.0
    times = grid_times(source[0], source[-1])

    peaks = grid_peaks(values, source, times)

    shown = times[peaks == 7.0]
    assert len(shown) >= 1
    assert np.abs(shown - source[at]).min() <= 0.5 / GRID_HZ + 1e-9
    assert np.abs(shown - source[at]).max() <= max(1.0 / GRID_HZ, 1.0 / rate_hz) + 1e-9
    assert set(peaks) == {0.0, 7.0}
