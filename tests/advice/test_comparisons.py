"""Which changes over time are reported and which are not, on random histories with known trends.

Left against right: equal sides are called equal, differences are named with their direction.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from imu_reps.advice.comparisons import CHANGE_LIMITS, compare_sides, course, progress
from imu_reps.domain.summary import StoredSet
from imu_reps.report.history_text import progress_text, side_lines


@pytest.fixture
def a_set(make_summary, make_rep, make_fault):
    def _set(day, side="left", reps=6, faulty=0, **figures):
        summary = make_summary(
            *(make_rep(n, *([make_fault()] if n <= faulty else [])) for n in range(1, reps + 1)),
            recording={"created": f"2026-11-{day:02d}T07:30:00+00:00", "side": side},
            figures=figures,
        )
        return StoredSet(f"/sets/{day}{side}.csv", None, None, None, None, None, summary)

    return _set


def change(result, what):
    return next(change for change in result.changes if change.what == what)


DRAWN, VISITS = 400, 8
#: Eight values that rise evenly and whose own standard deviation is 1.
RISING = (np.arange(VISITS) - 3.5) / np.std(np.arange(VISITS), ddof=1)


def share(direction, trend, seed):
    """Return the share of random histories, trend plus normal scatter, that get the given direction."""
    histories = trend + np.random.default_rng(seed).normal(size=(DRAWN, len(trend)))
    return np.mean([course(means, 0.0).direction == direction for means in histories])


@pytest.mark.parametrize(("sign", "direction"), [(1.0, "more"), (-1.0, "less")])
def test_a_trend_of_two_scatters_over_eight_sets_is_found(sign, direction):
    """At least 90 % of 400 histories with one set per visit, seed 14, normal scatter.

    Two scatters is the trend's own standard deviation over the eight sets: 5.7 from the first to the last.
    No test can find a rise of only two scatters from the first to the last that often: with at most one false
    result in twenty it is 58 % at most, even with known scatter (Neyman and Pearson).
    """
    found = share(direction, 2.0 * sign * RISING, 14)
    print(f"trend {2 * sign:+.0f} scatters: {found:.1%} of {DRAWN} seen")

    assert found >= 0.90


@pytest.mark.parametrize("visits", [4, 5, 6, 8, 12, 20])
def test_without_a_trend_none_is_found(visits):
    """At most 5 % of 400 histories without a trend, seed 15, normal scatter."""
    false = 1.0 - share("level", np.zeros(visits), 15)
    print(f"{visits} visits without a trend: {false:.1%} of {DRAWN} called one")

    assert false <= 0.05


@pytest.mark.parametrize("steps", [1.0, 0.5])
def test_trends_of_whole_numbers_and_shares_are_found_as_reliably(steps):
    """The same with 1200 histories rounded to whole and half scatters, as counts and shares are, seed 16."""

    def share_of_rounded(trend, direction):
        drawn = trend + np.random.default_rng(16).normal(size=(3 * DRAWN, len(trend)))
        return np.mean(
            [course(means, 0.0).direction == direction for means in np.round(drawn / steps) * steps]
        )

    assert share_of_rounded(2.0 * RISING, "more") >= 0.90
    assert all(1.0 - share_of_rounded(np.zeros(visits), "level") <= 0.05 for visits in (4, 5, 6, 8, 12))


def test_steady_improvement_is_reported(a_set):
    """3 of 8 clean, rising to 13 of 13; the tilt falls from 10° to -1°."""
    clean = [(3, 8), (4, 8), (5, 9), (6, 10), (8, 11), (10, 12), (11, 12), (13, 13)]
    tilts = [10.0, 8.6, 7.1, 5.2, 3.9, 2.0, 0.8, -1.0]
    sets = [
        a_set(day, faulty=of - good, reps=of, pelvic_tilt_deg_max=tilt)
        for day, ((good, of), tilt) in enumerate(zip(clean, tilts, strict=True), 1)
    ]
    (result,) = progress(sets)
    _, lines = progress_text(result)

    assert change(result, "clean_share").since_first.direction == "more"
    assert change(result, "pelvic_tilt_deg").since_first.direction == "less"
    assert "share of clean reps: higher since the first visit (38 %, now 100 %)" in lines
    assert "greatest forward tilt of the pelvis: less since the first visit (10°, now −1°)" in lines


def test_unsteady_results_are_no_improvement(a_set):
    tilts = [10.0, -1.0, 9.0, 0.0, 8.0, 2.0, 9.0, 1.0]
    (result,) = progress([a_set(day, pelvic_tilt_deg_max=tilt) for day, tilt in enumerate(tilts, 1)])

    assert change(result, "pelvic_tilt_deg").since_first.direction == "level"
    assert "no certain change" in " ".join(progress_text(result)[1])


def test_a_trend_that_stopped_or_turned_is_reported_from_the_last_visits(a_set):
    tilts = [14.0, 12.0, 10.0, 8.0, 0.0, 3.0, 6.0, 9.1]
    (result,) = progress([a_set(day, pelvic_tilt_deg_max=tilt) for day, tilt in enumerate(tilts, 1)])
    (line,) = (line for line in progress_text(result)[1] if "tilt" in line)

    assert change(result, "pelvic_tilt_deg").recent.direction == "more"
    assert "over the last 4 visits more (0°, now 9°)" in line


def test_a_change_within_the_sensor_noise_is_not_reported(a_set):
    values = [50.0, 51.1, 52.0, 53.1, 54.0, 55.1, 56.0, 57.1]
    (result,) = progress([a_set(day, range_deg_mean=value) for day, value in enumerate(values, 1)])

    assert change(result, "range_deg").since_first.direction == "level"


def test_too_few_visits_give_no_report(a_set):
    (result,) = progress(
        [a_set(day, range_deg_mean=20.0 * day) for day in range(1, CHANGE_LIMITS.min_visits)]
    )

    assert change(result, "range_deg").since_first.direction is None
    assert progress_text(result)[1][-1] == "3 visits so far: what changes shows from the fourth on"


def test_sets_of_one_day_are_not_compared_with_each_other(a_set):
    (result,) = progress([a_set(1, range_deg_mean=40.0), a_set(1, range_deg_mean=80.0)])

    assert result.changes == ()


def test_sides_are_separate_and_the_best_is_the_first_that_reached_it(a_set):
    left, right = progress([a_set(1, reps=6), a_set(2, reps=9), a_set(2, "right", reps=3), a_set(4, reps=9)])

    assert (left.side, left.sets, left.best_clean, left.best_day) == ("left", 3, 9, date(2026, 11, 2))
    assert (right.side, right.sets, right.best_clean) == ("right", 1, 3)


def test_of_a_hold_the_best_is_the_longest(make_summary):
    def held(day: int, length_s: float | None) -> StoredSet:
        recording = {
            "created": f"2026-11-{day:02d}T07:30:00+00:00",
            "exercise": "hollow_hold",
            "side": "both",
        }
        figures = {"rep_count": None, "clean_count": None, "time_under_tension_s": length_s}
        summary = make_summary(recording=recording, figures=figures)
        return StoredSet(f"/sets/{day}.csv", "Anna", None, None, None, None, summary)

    (hold,) = progress([held(1, 12.0), held(2, 28.4), held(3, None), held(4, 20.0)])

    assert (hold.best_held_s, hold.best_clean, hold.best_day) == (28.4, None, date(2026, 11, 2))
    assert progress_text(hold)[1][0] == "longest hold: 28 s (2026-11-02)"


def test_unmeasured_values_are_not_compared(a_set):
    sets = [a_set(day, range_deg_mean=None) for day in (1, 2, 3, 4)]

    assert all(change.what != "range_deg" for change in progress(sets)[0].changes)


def test_rotation_is_compared_by_its_magnitude(a_set):
    sets = [
        a_set(day, pelvic_rotation_deg_max=value) for day, value in ((1, 5.0), (2, -5.2), (3, 4.9), (4, -5))
    ]

    assert change(progress(sets)[0], "pelvic_rotation_deg").since_first.direction == "level"


RUNS = 400


@pytest.fixture
def a_side(make_summary, make_rep):
    def _side(side, **columns):
        count = len(next(iter(columns.values())))
        reps = [
            make_rep(n + 1, **{name: float(values[n]) for name, values in columns.items()})
            for n in range(count)
        ]
        return make_summary(*reps, recording={"side": side})

    return _side


def verdict(comparisons, what):
    (comparison,) = comparisons
    return next(d for d in comparison.differences if d.what == what)


def test_a_clear_difference_is_reported_with_its_direction(a_side):
    scatter = np.linspace(-1.5, 1.5, 10)
    compared = compare_sides(
        [a_side("left", range_deg=62 + scatter), a_side("right", range_deg=48 + scatter)]
    )

    assert verdict(compared, "range_deg").verdict == "different"
    assert "• range: left 62°, right 48°: the left leg moves further." in side_lines(compared)


def test_a_difference_within_the_measurements_noise_is_equal(a_side):
    compared = compare_sides([a_side("left", range_deg=[20.0] * 8), a_side("right", range_deg=[17.0] * 8)])

    assert verdict(compared, "range_deg").verdict == "equal"


def test_a_difference_within_the_persons_scatter_is_equal(a_side):
    scatter = np.linspace(-12, 12, 10)
    compared = compare_sides(
        [a_side("left", range_deg=62 + scatter), a_side("right", range_deg=54 + scatter)]
    )

    assert verdict(compared, "range_deg").verdict == "equal"


def test_few_repetitions_give_at_most_watch_level(a_side):
    left, right = [62.0, 61.5, 62.5], [40.0, 40.5, 39.5]
    compared = compare_sides([a_side("left", range_deg=left), a_side("right", range_deg=right)])

    assert verdict(compared, "range_deg").verdict == "watch"
    assert any("worth watching" in line for line in side_lines(compared))


def test_rotation_is_compared_by_magnitude_whatever_its_sign(a_side):
    compared = compare_sides(
        [a_side("left", pelvic_rotation_deg=[5.0] * 6), a_side("right", pelvic_rotation_deg=[-5.0] * 6)]
    )

    assert verdict(compared, "pelvic_rotation_deg").verdict == "equal"


def test_one_side_alone_is_not_compared(a_side):
    assert compare_sides([a_side("left", range_deg=[60.0] * 6)]) == ()


def test_both_legs_together_have_no_side(a_side):
    assert compare_sides([a_side("both", range_deg=[60.0] * 6), a_side("left", range_deg=[50.0] * 6)]) == ()


def test_a_quantity_measured_on_one_side_only_is_left_out(a_side):
    left = a_side("left", range_deg=[60.0] * 6)
    right = a_side("right", range_deg=[60.0] * 6)
    unmeasured = replace(right, reps=tuple(replace(rep, range_deg=None) for rep in right.reps))
    (comparison,) = compare_sides([left, unmeasured])

    assert all(d.what != "range_deg" for d in comparison.differences)


def test_clean_shares_differ_only_beyond_random_variation(a_side):
    def spoil(summary, count):
        reps = [replace(rep, clean=False) if rep.number <= count else rep for rep in summary.reps]
        return replace(summary, reps=tuple(reps))

    left, right = a_side("left", range_deg=[60.0] * 12), a_side("right", range_deg=[60.0] * 12)

    assert verdict(compare_sides([left, spoil(right, 3)]), "clean_share").verdict == "equal"
    assert verdict(compare_sides([left, spoil(right, 8)]), "clean_share").verdict == "different"


def test_equal_sides_are_called_equal_in_all_quantities_in_95_percent(a_side):
    """400 sessions of seeds 0 to 399: 6 to 15 repetitions per side, one scatter, new mounting per side."""
    equal = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        spread = {
            name: (rng.uniform(*middle), rng.uniform(*sd), strap)
            for name, middle, sd, strap in (
                ("range_deg", (40, 75), (1, 6), 1.0),
                ("concentric_s", (1.0, 3.0), (0.05, 0.4), 0.01),
                ("eccentric_s", (1.0, 4.0), (0.05, 0.5), 0.01),
                ("pelvic_tilt_deg", (-4, 8), (0.5, 3), 0.6),
                ("pelvic_rotation_deg", (1, 7), (0.3, 2), 0.5),
                ("lift_off_angle_deg", (10, 40), (1, 6), 1.5),
            )
        }
        sides = []
        for side in ("left", "right"):
            count = int(rng.integers(6, 16))
            sides.append(
                a_side(
                    side,
                    **{
                        name: middle + rng.normal(0, strap) + sd * rng.standard_normal(count)
                        for name, (middle, sd, strap) in spread.items()
                    },
                )
            )
        (comparison,) = compare_sides(sides)
        equal += all(d.verdict == "equal" for d in comparison.differences)

    assert equal / RUNS >= 0.95
