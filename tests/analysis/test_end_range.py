"""The end-range test: floor from slow lowerings, its spread, its grade in clinical terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from imu_reps import Rep, RepFaults, RepPlan, SetPlan, Summary, analyze, simulate
from imu_reps.analysis.end_range_test import end_range, grade_of
from imu_reps.domain.progress import EndRange, Floor
from imu_reps.report.history_text import end_range_sentences
from imu_reps.sim.wearer import random_plan

Make = Callable[..., Rep]


@pytest.fixture
def tested(make_rep: Make, make_summary: Callable[..., Summary]) -> Callable[..., EndRange]:
    """The test of lowerings of 60° to 4° in 6 s that let go at the given angles; None is never."""

    def test(*angles: float | None, exercise: str = "double_leg_raise", **changes: float | None) -> EndRange:
        slow = {"eccentric_s": 6.0, "range_deg": 60.0, "bottom_angle_deg": 4.0} | changes
        reps = [make_rep(k, lift_off_angle_deg=angle, **slow) for k, angle in enumerate(angles, start=1)]
        (result,) = end_range([make_summary(*reps, recording={"exercise": exercise, "side": "both"})])
        return result

    return test


def test_the_floor_is_the_median_and_the_spread_their_deviation(tested: Callable[..., EndRange]) -> None:
    result = tested(30.0, 26.0, 28.0)

    assert (result.floor_deg, result.spread_deg) == pytest.approx((28.0, 2.0))
    assert (result.lowerings, result.grade, result.certainty) == (3, "good", "fair")
    assert result.floor(date(2026, 11, 21)) == Floor(28.0, 2.0, date(2026, 11, 21), "double_leg_raise")


def test_a_lowering_in_which_nothing_lets_go_lowers_the_floor(tested: Callable[..., EndRange]) -> None:
    assert tested(30.0, None, 28.0).floor_deg == 28.0
    assert tested(30.0, None, None).floor_deg is None


def test_a_back_that_stays_flat_has_no_floor_and_is_graded_only_over_the_full_range(
    tested: Callable[..., EndRange],
) -> None:
    whole, half = tested(None, None, None), tested(None, None, None, bottom_angle_deg=30.0)

    assert (whole.floor_deg, whole.held_to_deg, whole.grade) == (None, 4.0, "normal")
    assert (half.held_to_deg, half.grade) == (30.0, None)
    assert whole.floor(date(2026, 11, 21)) is None


def test_fast_and_unmeasured_lowerings_are_left_out_and_reported(tested: Callable[..., EndRange]) -> None:
    fast, unmeasured = tested(30.0, 26.0, eccentric_s=2.0), tested(30.0, 26.0, pelvic_tilt_deg=None)

    assert (fast.lowerings, fast.too_fast, fast.floor_deg, fast.grade) == (0, 2, None, None)
    assert (unmeasured.lowerings, unmeasured.unjudged, unmeasured.floor_deg) == (0, 2, None)
    assert "2 lowerings left out: too fast" in " ".join(end_range_sentences(fast))


def test_one_lowering_is_no_floor(tested: Callable[..., EndRange]) -> None:
    assert tested(30.0).floor_deg is None
    assert "no floor" in end_range_sentences(tested(30.0))[0]


@pytest.mark.parametrize(
    ("angle_deg", "grade"),
    [(0.0, "normal"), (15.4, "normal"), (15.6, "good"), (45.0, "good"), (46.0, "fair"), (76.0, "poor")],
)
def test_grades_have_the_bands_of_clinical_teaching(angle_deg: float, grade: str) -> None:
    assert grade_of(angle_deg) == grade


def test_lowerings_that_disagree_or_are_of_one_leg_are_less_certain(tested: Callable[..., EndRange]) -> None:
    assert tested(50.0, 30.0, 10.0).certainty == "low"
    assert tested(30.0, 28.0).certainty == "low"
    assert tested(30.0, 28.0, 29.0, exercise="single_leg_raise").certainty == "low"
    assert "both legs" in end_range_sentences(tested(30.0, 28.0, 29.0, exercise="single_leg_raise"))[1]


def test_recordings_of_one_side_are_combined(make_rep: Make, make_summary: Callable[..., Summary]) -> None:
    def lowering(side: str, angle: float) -> Summary:
        rep = make_rep(1, eccentric_s=6.0, lift_off_angle_deg=angle)
        return make_summary(rep, recording={"side": side})

    left, right = end_range(
        [lowering("left", 20.0), lowering("left", 22.0), lowering("right", 40.0), lowering("right", 44.0)]
    )

    assert (left.side, left.floor_deg) == ("left", 21.0)
    assert (right.side, right.floor_deg) == ("right", 42.0)


def lowering_plan(seed: int) -> SetPlan:
    """Three slow lowerings of a random person with random sensors, whose back lets go at some angle."""
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, exercise="double_leg_raise", start="low", life=False, faults=False, rate_hz=100.0)
    below = float(rng.uniform(20.0, 60.0))
    reps = tuple(
        RepPlan(
            top_deg=80.0,
            concentric_s=2.5,
            eccentric_s=float(rng.uniform(5.0, 8.0)),
            bottom_pause_s=1.5,
            faults=RepFaults(
                arch_deg=float(rng.uniform(8.0, 14.0)), arch_below_deg=below + float(rng.normal(0.0, 2.0))
            ),
        )
        for _ in range(3)
    )
    return replace(plan, reps=reps)


def test_the_floor_of_simulated_lowerings_is_within_four_degrees_in_nine_of_ten() -> None:
    errors = []
    for seed in range(2000, 2020):
        made = simulate(lowering_plan(seed), seed=seed)
        (result,) = end_range([analyze(made.recording).summary])
        truth = [rep.lift_off_angle_deg for rep in made.truth.reps if rep.lift_off_angle_deg is not None]
        assert len(truth) == 3
        errors.append(np.inf if result.floor_deg is None else abs(result.floor_deg - np.median(truth)))

    assert np.mean(np.array(errors) <= 4.0) >= 0.9, errors
