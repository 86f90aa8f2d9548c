"""Prediction of a way from analytic motion: where it ends, how long it takes, how much of it coasts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import sosfilt

from imu_reps.analysis.live.limits import LiveLimit
from imu_reps.analysis.live.way import (
    LiveWay,
    coasting_past,
    judgeable_deg,
    pace_ahead,
    stop_ahead,
    whole_way_deg,
)
from imu_reps.analysis.reps.control import COASTING_MOMENT, PENDULUM_RAD2_S2
from imu_reps.analysis.reps.segmentation import Turn
from imu_reps.analysis.set_motion import LOW_PASS, LiveLowPass
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ


def smooth(way_deg: float, duration_s: float, until: float = 1.0) -> FloatArray:
    """Return a minimum-jerk way of the given duration, up to a share of its time."""
    share = np.arange(0.0, duration_s * until, 1.0 / GRID_HZ) / duration_s
    return np.asarray(way_deg * share**3 * (10.0 - 15.0 * share + 6.0 * share**2))


def test_a_leg_that_decelerates_evenly_stops_where_its_speed_runs_out() -> None:
    time_s = np.arange(0.0, 0.5, 1.0 / GRID_HZ)

    stop = stop_ahead(100.0 * time_s - 0.5 * 100.0 * time_s**2, 0.0)

    assert stop is not None
    assert stop.seconds == pytest.approx(0.5, abs=0.06)
    assert stop.deg == pytest.approx(12.5, abs=1.5)


@pytest.mark.parametrize("until", [0.2, 0.5])
def test_a_leg_that_does_not_decelerate_yet_has_no_predicted_stop(until: float) -> None:
    assert stop_ahead(smooth(60.0, 1.0, until), 0.0) is None


def test_the_length_of_a_first_way_is_known_as_it_decelerates_and_rather_overestimated() -> None:
    lengths = [whole_way_deg(smooth(60.0, 1.0, until), 0.0) for until in (0.68, 0.75, 0.85)]

    known = [length for length in lengths if length is not None]
    assert len(known) == 3
    assert 57.0 < min(known) < max(known) < 72.0
    assert known[-1] == pytest.approx(60.0, abs=2.0)


def test_a_way_predicted_to_end_far_short_of_the_usual_stalls_and_will_go_on() -> None:
    assert whole_way_deg(smooth(25.0, 0.8, 0.8), 60.0) == 60.0
    assert whole_way_deg(smooth(50.0, 0.8, 0.8), 60.0) == pytest.approx(50.0, rel=0.12)


@pytest.mark.parametrize("duration_s", [0.8, 2.0])
def test_the_pace_of_a_lowering_is_known_in_its_second_half(duration_s: float) -> None:
    assert pace_ahead(smooth(60.0, duration_s, 0.45), 60.0) is None

    pace = pace_ahead(smooth(60.0, duration_s, 0.7), 60.0)

    assert pace is not None
    assert pace.whole_s == pytest.approx(duration_s, rel=0.15)
    assert pace.ticks_ago == pytest.approx(0.2 * duration_s * GRID_HZ, abs=2)


def test_the_pace_of_a_shorter_lowering_is_known_as_it_decelerates() -> None:
    pace = pace_ahead(smooth(50.0, 0.8, 0.75), 60.0)

    assert pace is not None
    assert pace.whole_s == pytest.approx(0.8, rel=0.15)


def thrown(until_s: float) -> FloatArray:
    """Return a leg lifted at constant speed for 0.3 s, then left to the moment of its weight alone."""
    elevation, speed = [0.0], 150.0
    for k in range(round(until_s * GRID_HZ)):
        if k > 0.3 * GRID_HZ:
            speed -= np.degrees(PENDULUM_RAD2_S2 * np.cos(np.radians(elevation[-1]))) / GRID_HZ
        elevation.append(elevation[-1] + speed / GRID_HZ)
    return np.array(elevation)


def test_coasting_is_reported_before_the_way_is_over_with_the_time_its_limit_was_passed() -> None:
    assert coasting_past(thrown(0.34), 62.0, "supine", 1, 0.2) is None

    found = coasting_past(elevation := thrown(0.5), 62.0, "supine", 1, 0.2)

    assert found is not None
    assert found.share > 0.2
    passed_deg = elevation[len(elevation) - found.ticks_ago] - elevation[round(0.3 * GRID_HZ)]
    assert passed_deg / judgeable_deg(0.0, 62.0, "supine") == pytest.approx(0.2, abs=0.06)


def test_a_leg_carried_all_the_way_does_not_coast() -> None:
    assert COASTING_MOMENT > 0.0
    for until in (0.5, 0.8, 1.0):
        assert coasting_past(smooth(60.0, 2.0, until), 60.0, "supine", 1, 0.05) is None


@pytest.mark.parametrize(
    ("begin", "end", "posture", "degrees"),
    [(0.0, 60.0, "supine", 60.0), (60.0, 90.0, "supine", 10.1), (0.0, 60.0, "hanging", 40.1)],
)
def test_only_degrees_with_a_lever_can_be_judged(
    begin: float, end: float, posture: str, degrees: float
) -> None:
    assert judgeable_deg(begin, end, posture) == pytest.approx(degrees, abs=0.1)  # type: ignore[arg-type]


def reported_at_s(angle_deg: FloatArray) -> float | None:
    """Return when a limit of 7°, to be held for 0.3 s, is reported."""
    limit = LiveLimit(7.0, 0.6, 0.3)
    events = [k / GRID_HZ for k, angle in enumerate(angle_deg.tolist()) if limit.step(angle) is not None]
    return events[0] if events else None


def test_an_angle_that_grows_past_its_limit_is_reported_early() -> None:
    time_s = np.arange(0.0, 2.0, 1.0 / GRID_HZ)

    at_s = reported_at_s(np.minimum(20.0 * time_s, 12.0))

    assert at_s is not None
    assert 0.35 + 0.14 < at_s < 0.35 + 0.25


def test_an_angle_that_stays_past_its_limit_needs_as_long_as_it_grew_to_come_back() -> None:
    """It grows for 0.14 s past the limit and stays there: reported before the holding time is over."""
    time_s = np.arange(0.0, 2.0, 1.0 / GRID_HZ)
    passed_s = 7.0 / 10.0

    at_s = reported_at_s(np.minimum(10.0 * time_s, 8.2))

    assert at_s is not None
    assert passed_s + 0.16 < at_s < passed_s + 0.29


def test_a_short_bump_over_a_limit_is_not_reported() -> None:
    time_s = np.arange(0.0, 2.0, 1.0 / GRID_HZ)
    bump = 9.0 * np.exp(-(((time_s - 1.0) / 0.22) ** 2))

    assert np.sum(bump > 7.0) / GRID_HZ < 0.29
    assert reported_at_s(bump) is None


def test_an_angle_past_its_limit_by_less_than_the_live_error_is_not_reported() -> None:
    assert reported_at_s(np.full(300, 7.4)) is None
    assert reported_at_s(np.full(300, -7.8)) is not None


def test_a_way_after_a_jump_of_the_angle_is_incomplete_until_the_next_turn() -> None:
    way = LiveWay(8.0)
    angles = np.concatenate([smooth(60.0, 1.0), smooth(60.0, 1.0)[::-1] - 80.0, smooth(60.0, 1.0) - 80.0])
    whole = []
    for tick, angle in enumerate(angles.tolist()):
        way.step(tick, angle, angle)
        for turned_at, turn in ((20, 0), (130, 100), (230, 200)):
            if tick == turned_at:
                way.turned(Turn(turn, float(angles[turn])), angle)
        whole.append(way.whole)

    assert (whole[90], whole[190], whole[290]) == (True, False, True)


@given(
    values=st.lists(st.floats(-90.0, 90.0), min_size=5, max_size=60),
    missing=st.sets(st.integers(1, 58), max_size=20),
)
def test_the_live_low_pass_has_bridged_a_gap_once_it_is_over(values: list[float], missing: set[int]) -> None:
    received = np.array([k not in missing for k in range(len(values))])
    received[-1] = True
    ticks = np.arange(len(values))
    bridged = np.interp(ticks, ticks[received], np.array(values)[received])
    low_pass, smooth = LiveLowPass(), list[float]()
    for value, known in zip(values, received, strict=True):
        newest = low_pass.step(value if known else np.nan)
        hole = len(low_pass.bridged)
        smooth[len(smooth) - hole :] = [*low_pass.bridged, newest]

    settled = LOW_PASS.settled * values[0]
    assert smooth == pytest.approx(sosfilt(LOW_PASS.sections, bridged, zi=settled)[0], abs=1e-9)
