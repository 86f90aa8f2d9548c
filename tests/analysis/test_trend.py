"""Fatigue trends: changes beyond scatter, and the repetition they begin with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tiring

from imu_reps import Rep
from imu_reps.analysis.trend import find_change, find_onset, trends

MakeRep = Callable[..., Rep]


def with_values(make_rep: MakeRep, name: str, values: list[float | None]) -> list[Rep]:
    return [make_rep(number, **{name: value}) for number, value in enumerate(values, start=1)]


def scattered(level: float, count: int, by: float) -> list[float]:
    return [level + (by if k % 2 else -by) for k in range(count)]


def onset_of(values: list[float]) -> int | None:
    return find_onset(np.arange(1, len(values) + 1), np.array(values)).number


def test_a_range_that_falls_by_a_third_is_a_certain_trend_from_where_it_falls(make_rep: MakeRep) -> None:
    values = scattered(60.0, 5, 0.5) + scattered(40.0, 4, 0.5)
    (trend,) = trends(with_values(make_rep, "range_deg", values))

    assert trend.what == "range_deg"
    assert trend.first_third == pytest.approx(np.mean(values[:3]))
    assert trend.last_third == pytest.approx(np.mean(values[-3:]))
    assert trend.from_rep == 6
    assert trend.certain


def test_a_change_between_watch_and_flag_is_not_certain(make_rep: MakeRep) -> None:
    (trend,) = trends(with_values(make_rep, "range_deg", [60.0] * 5 + [51.0] * 4))

    assert not trend.certain


@pytest.mark.parametrize(
    "values",
    [
        [60.0] * 9,
        scattered(60.0, 9, 8.0),  # within its own scatter
        [60.0] * 6 + [55.5] * 3,  # under 10 %
        [60.0] * 3 + [40.0] * 2,  # too few repetitions
        [60.0] * 4 + [None] * 3 + [40.0] * 4,  # too many not measured
    ],
)
def test_insufficient_changes_are_no_trend(make_rep: MakeRep, values: list[float | None]) -> None:
    assert trends(with_values(make_rep, "range_deg", values)) == ()


def test_an_unmeasured_repetition_keeps_its_number(make_rep: MakeRep) -> None:
    (trend,) = trends(with_values(make_rep, "range_deg", [60.0, None, 61.0, 60.0, 61.0, 60.0, *[40.0] * 4]))

    assert trend.from_rep == 7


def test_tilt_near_zero_needs_two_degrees_and_not_just_percent(make_rep: MakeRep) -> None:
    small = trends(with_values(make_rep, "pelvic_tilt_deg", [0.1] * 5 + [1.5] * 4))
    (large,) = trends(with_values(make_rep, "pelvic_tilt_deg", [0.1] * 5 + [4.0] * 4))

    assert small == ()
    assert large.what == "pelvic_tilt_deg"


@pytest.mark.parametrize("first", [3, 6, 9])
def test_the_onset_of_a_step_or_a_ramp_is_its_beginning(first: int) -> None:
    level = [2.0] * (first - 1)

    assert onset_of(level + [7.0] * (11 - len(level))) == first
    assert onset_of(level + [2.0 + 0.8 * k for k in range(1, 12 - len(level))]) == first


def test_a_drift_from_the_first_repetition_on_has_no_onset() -> None:
    assert onset_of([float(k) for k in range(10)]) is None


def test_one_odd_repetition_is_not_fatigue() -> None:
    for at in range(9):
        values = scattered(1.0, 9, 0.4)
        values[at] = 9.0
        change = find_change(list(enumerate(values, start=1)), 2.0)

        assert change is None or not change.certain


def test_onsets_of_fatigue_are_found_within_two_reps() -> None:
    """The figures over 200 sets each are in the accuracy table; this is a part of the same population."""
    missed, false = tiring.figures(24, 1000)

    assert missed.reached, missed.worst
    assert false.reached, false.worst


def test_random_variation_is_not_reported_as_fatigue() -> None:
    rng = np.random.default_rng(3)
    certain = 0
    for _ in range(500):
        count = int(rng.integers(6, 21))
        changes = [
            find_change(list(enumerate((level + rng.normal(0.0, sd, count)).tolist(), start=1)), minimum)
            for level, sd, minimum in ((60.0, 5.0, 3.0), (4.0, 0.4, 0.2), (1.0, 1.2, 2.0), (2.0, 1.2, 2.0))
        ]
        certain += any(change is not None and change.certain for change in changes)

    assert certain <= 0.05 * 500
