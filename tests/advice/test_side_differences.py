"""Left against right: equal sides are called equal, differences are named with their direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps.advice.comparisons import compare_sides
from imu_reps.report.history_text import side_lines

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
