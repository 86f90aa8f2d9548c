"""What is called a change over time, and what is not."""

from __future__ import annotations

from datetime import date

import pytest

from imu_reps.advice.changes import MIN_BEFORE, progress
from imu_reps.domain.stored_set import StoredSet


@pytest.fixture
def a_set(make_summary, make_rep):
    def _set(day, side="left", reps=6, **figures):
        summary = make_summary(
            *(make_rep(n) for n in range(1, reps + 1)),
            recording={"created": f"2026-11-{day:02d}T07:30:00+00:00", "side": side},
            figures=figures,
        )
        return StoredSet(f"/sets/{day}{side}.csv", None, None, None, None, None, summary)

    return _set


def change(result, what):
    return next(change for change in result.changes if change.what == what)


def test_a_change_beyond_noise_and_scatter_is_certain(a_set):
    sets = [a_set(day, range_deg_mean=value) for day, value in ((1, 50.0), (3, 52.0), (5, 51.0), (8, 64.0))]
    (result,) = progress(sets)

    assert change(result, "range_deg").certain
    assert (change(result, "range_deg").now, change(result, "range_deg").before) == (64.0, 51.0)


def test_a_change_within_the_sensors_noise_is_none(a_set):
    sets = [a_set(day, range_deg_mean=value) for day, value in ((1, 50.0), (3, 50.1), (5, 50.0), (8, 58.0))]

    assert not change(progress(sets)[0], "range_deg").certain


def test_a_change_within_the_persons_own_scatter_is_none(a_set):
    sets = [a_set(day, range_deg_mean=value) for day, value in ((1, 40.0), (3, 60.0), (5, 50.0), (8, 65.0))]

    assert not change(progress(sets)[0], "range_deg").certain


def test_too_few_sets_before_make_nothing_certain(a_set):
    sets = [a_set(day, range_deg_mean=30.0) for day in range(1, MIN_BEFORE)]
    (result,) = progress([*sets, a_set(20, range_deg_mean=70.0)])

    assert not change(result, "range_deg").certain


def test_sets_of_one_day_are_not_compared_with_each_other(a_set):
    (result,) = progress([a_set(1, range_deg_mean=40.0), a_set(1, range_deg_mean=80.0)])

    assert result.changes == ()


def test_sides_are_kept_apart_and_the_best_is_the_first_that_reached_it(a_set):
    left, right = progress([a_set(1, reps=6), a_set(2, reps=9), a_set(2, "right", reps=3), a_set(4, reps=9)])

    assert (left.side, left.sets, left.best_clean, left.best_day) == ("left", 3, 9, date(2026, 11, 2))
    assert (right.side, right.sets, right.best_clean) == ("right", 1, 3)


def test_what_was_not_measured_is_not_compared(a_set):
    sets = [a_set(day, range_deg_mean=None) for day in (1, 2, 3, 4)]

    assert all(change.what != "range_deg" for change in progress(sets)[0].changes)


def test_rotation_is_compared_by_its_size(a_set):
    sets = [
        a_set(day, pelvic_rotation_deg_max=value) for day, value in ((1, 5.0), (2, -5.2), (3, 4.9), (4, -5))
    ]

    assert not change(progress(sets)[0], "pelvic_rotation_deg").certain
