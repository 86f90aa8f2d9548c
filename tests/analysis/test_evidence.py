"""Evidence terms are bounded, so that none can veto alone, and zero where they have no data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import Header
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, Turn
from imu_reps.analysis.set.evidence import (
    TERMS,
    EvidenceParams,
    Hypothesis,
    Observed,
    bounce_term,
    calm_term,
    ends_term,
    level_term,
    lever_term,
    pace_term,
    regular_term,
    score,
    share_term,
    size_term,
)
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Lever

PARAMS = EvidenceParams()
LYING, HANGING = Header(), Header(exercise="hanging_leg_raise", side="both", posture="hanging")
HIGH = Header(exercise="double_leg_raise", side="both", start="high")
FOOT = np.array([0.0, -1.0, 0.0])
NOTHING = np.empty(0)

#: Range of each term, against and for a reading.
BOUNDS = {
    "lever": (-PARAMS.lever_max, PARAMS.lever_max),
    "arc": (0.0, PARAMS.arc_max),
    "pelvic_share": (-max(PARAMS.share_max, PARAMS.whole_body_max), 0.0),
    "ends": (-2.0 * PARAMS.end_max, 2.0 * PARAMS.end_max),
    "calm_pelvis": (-PARAMS.calm_max, 0.0),
    "bouncing_pelvis": (-PARAMS.bounce_max, 0.0),
    "size": (-PARAMS.size_max, 0.0),
    "regular": (-PARAMS.few, PARAMS.regular_max),
    "pace": (-PARAMS.stride_max, 0.0),
    "level": (-PARAMS.level_max, 0.0),
}


def raised(ranges_deg: list[float], each_s: float = 4.0, sign: float = 1.0, **changes: object) -> Hypothesis:
    """Return a reading with repetitions of the given ranges from the floor, each lasting `each_s`."""
    long, reps = round(each_s * GRID_HZ), []
    for k, size in enumerate(ranges_deg):
        start = 200 + k * long
        reps.append(Excursion(Turn(start, 0.0), Turn(start + long // 2, size), Turn(start + long, 0.0)))
    far = float(np.median(ranges_deg)) if ranges_deg else 1.0
    reading = {"resting_deg": 0.0, "far_deg": far, "leg_axis": FOOT} | changes
    return Hypothesis(sign, Segmentation(tuple(reps), (), 8.0), **reading)  # type: ignore[arg-type]


def observation(
    header: Header = LYING,
    lever_m: np.ndarray | None = None,
    sd_m: float = 0.05,
    shares: list[float] | None = None,
    with_body: list[float] | None = None,
    rates_dps: list[float] | None = None,
    bounces_mps2: list[float] | None = None,
    angle_deg: np.ndarray | None = None,
    out_of_level: list[float] | None = None,
    explained: float | None = None,
) -> Observed:
    angle = np.zeros(4000) if angle_deg is None else angle_deg
    return Observed(
        raised([60.0]),
        header,
        angle,
        (slice(0, len(angle)),),
        None if lever_m is None else Lever(np.asarray(lever_m, float), sd_m),
        np.array(shares or NOTHING),
        np.array(with_body or NOTHING),
        np.array(rates_dps or NOTHING),
        np.array(bounces_mps2 or NOTHING),
        np.array(out_of_level or NOTHING),
        explained,
    )


def of(reading: Hypothesis, observed: Observed) -> Observed:
    """Return the observation, to be judged under a reading."""
    return replace(observed, hypothesis=reading)


finite = st.floats(-5.0, 5.0)


@given(
    ranges=st.lists(st.floats(8.0, 139.0), min_size=1, max_size=8),
    each_s=st.floats(0.3, 5.0),
    sign=st.sampled_from([1.0, -1.0]),
    header=st.sampled_from([LYING, HANGING, HIGH]),
    lever_m=st.none() | st.tuples(finite, finite, finite).map(np.array),
    sd_m=st.floats(0.0, 3.0),
    shares=st.lists(st.floats(-3.0, 3.0), max_size=8),
    with_body=st.lists(st.floats(-3.0, 1.0), max_size=8),
    rates_dps=st.lists(st.floats(0.0, 500.0), max_size=8),
    bounces_mps2=st.lists(st.floats(0.0, 50.0), max_size=8),
    level_deg=st.floats(-180.0, 180.0),
    out_of_level=st.lists(st.floats(-1.0, 1.0), max_size=8),
    explained=st.none() | st.floats(0.0, 1.0),
)
@settings(max_examples=150, deadline=None)
def test_no_term_exceeds_its_bounds_whatever_was_observed(
    ranges: list[float],
    each_s: float,
    sign: float,
    header: Header,
    lever_m: np.ndarray | None,
    sd_m: float,
    shares: list[float],
    with_body: list[float],
    rates_dps: list[float],
    bounces_mps2: list[float],
    level_deg: float,
    out_of_level: list[float],
    explained: float | None,
) -> None:
    reading = raised(ranges, each_s, sign)
    of_pelvis = shares, with_body, rates_dps, bounces_mps2
    observed = observation(
        header, lever_m, sd_m, *of_pelvis, np.full(4000, level_deg), out_of_level, explained
    )
    scores = {name: term(of(reading, observed), PARAMS) for name, term in TERMS.items()}

    assert scores.keys() == BOUNDS.keys()
    for name, (minimum, maximum) in BOUNDS.items():
        assert minimum <= scores[name] <= maximum, name
    assert score(of(reading, observed), PARAMS) == pytest.approx(PARAMS.prior + sum(scores.values()))


def test_an_axis_that_points_up_during_the_lift_is_not_the_flexion_axis() -> None:
    reading = raised([85.0] * 2)

    assert level_term(of(reading, observation(out_of_level=[0.05, -0.03])), PARAMS) > -0.1
    assert level_term(of(reading, observation(out_of_level=[-0.69, -0.69])), PARAMS) == -PARAMS.level_max


def test_knees_drawn_up_carry_a_hanging_ankle_further_than_its_shank_turns() -> None:
    reading, lever_m = replace(raised([30.0] * 6), leg_axis=FOOT), [0.0, -1.5, 1.2]
    knees, body = (observation(HANGING, lever_m, with_body=[share] * 6) for share in (0.7, 0.95))

    assert lever_term(of(reading, knees), PARAMS) > 0.0
    assert lever_term(of(reading, body), PARAMS) < -2.0


def test_a_term_without_its_data_is_zero() -> None:
    reading, nothing = raised([60.0] * 4), observation()

    assert level_term(of(reading, nothing), PARAMS) == 0.0

    assert lever_term(of(reading, nothing), PARAMS) == 0.0
    assert lever_term(of(raised([60.0], leg_axis=None), observation(lever_m=0.62 * FOOT)), PARAMS) == 0.0
    assert share_term(of(reading, nothing), PARAMS) == 0.0
    assert calm_term(of(reading, observation(HANGING)), PARAMS) == 0.0
    empty = raised([])
    assert [term(of(empty, nothing), PARAMS) for term in TERMS.values()] == [0.0] * len(TERMS)


def test_terms_for_a_hanging_leg_do_not_apply_to_a_lying_one() -> None:
    quick = raised([60.0] * 6, each_s=0.8)
    wild = observation(LYING, rates_dps=[200.0] * 6)

    assert pace_term(of(quick, wild), PARAMS) == 0.0
    assert calm_term(of(quick, wild), PARAMS) == 0.0
    assert pace_term(of(quick, observation(HANGING)), PARAMS) < -2.0
    assert calm_term(of(quick, observation(HANGING, rates_dps=[200.0] * 6)), PARAMS) == -PARAMS.calm_max


def test_a_slow_stride_counts_less_against_a_set_than_a_quick_one_and_a_raise_not_at_all() -> None:
    scores = [
        pace_term(of(raised([60.0] * 6, each_s), observation(HANGING)), PARAMS) for each_s in (1.5, 1.9, 2.5)
    ]

    assert scores[0] < scores[1] < scores[2] == 0.0


def test_a_pelvis_pushed_up_and_down_by_steps_counts_against_a_lying_set() -> None:
    reading = raised([60.0] * 6)

    assert bounce_term(of(reading, observation(bounces_mps2=[0.3] * 6)), PARAMS) > -0.2
    assert bounce_term(of(reading, observation(bounces_mps2=[1.8] * 6)), PARAMS) < -3.0
    assert -1.0 < bounce_term(of(reading, observation(HANGING, bounces_mps2=[1.8] * 6)), PARAMS) < -0.5


def test_a_hanging_pelvis_that_swings_as_far_as_the_leg_counts_against_a_set() -> None:
    assert share_term(of(raised([60.0] * 4), observation(HANGING, shares=[1.0] * 4)), PARAMS) < -3.0


def test_an_arc_round_the_hip_explains_a_raise_and_little_of_a_step() -> None:
    scores = [TERMS["arc"](observation(HANGING, explained=share), PARAMS) for share in (0.6, 0.8, 0.9, 1.0)]

    assert scores == sorted(scores)
    assert scores[0] == 0.0 < scores[1]


def test_a_hanging_pelvis_may_tip_freely() -> None:
    assert share_term(of(raised([60.0] * 4), observation(HANGING, shares=[0.5] * 4)), PARAMS) == 0.0


@pytest.mark.parametrize("length_m", [0.45, 0.62, 0.9])
def test_an_ankle_that_circles_the_hip_counts_for_a_leg_and_against_the_inverse_direction(
    length_m: float,
) -> None:
    right = lever_term(of(raised([60.0] * 4), observation(lever_m=length_m * FOOT)), PARAMS)
    upside_down = lever_term(
        of(raised([60.0] * 4, leg_axis=-FOOT), observation(lever_m=length_m * FOOT)), PARAMS
    )

    assert right > 0.5
    assert upside_down < -2.0


def test_a_foot_that_does_not_circle_the_hip_counts_against_every_reading() -> None:
    for axis in (FOOT, -FOOT):
        assert lever_term(of(raised([60.0], leg_axis=axis), observation(lever_m=0.05 * FOOT)), PARAMS) < -1.0


def test_a_lever_that_explains_little_has_little_weight() -> None:
    """A wide spread is no evidence in either direction."""
    for axis in (FOOT, -FOOT):
        scores = lever_term(
            of(raised([60.0], leg_axis=axis), observation(lever_m=0.62 * FOOT, sd_m=5.0)), PARAMS
        )
        assert abs(scores) < 0.1


@pytest.mark.parametrize(("share", "scatter", "maximum"), [(0.001, 0.01, -0.02), (0.03, 0.3, -0.3)])
def test_a_pelvic_share_within_its_error_is_no_evidence(share: float, scatter: float, maximum: float) -> None:
    scores = share_term(
        of(raised([60.0] * 4), observation(shares=[share - scatter, share, share, share + scatter])), PARAMS
    )

    assert maximum <= scores <= 0.0


def test_a_pelvis_that_tips_forward_with_the_lift_counts_against_it_and_back_proves_nothing() -> None:
    reading = raised([60.0] * 6)

    assert share_term(of(reading, observation(shares=[0.25] * 6)), PARAMS) == -PARAMS.share_max
    assert share_term(of(reading, observation(shares=[-0.25] * 6)), PARAMS) == 0.0


def test_similar_repetitions_are_less_likely_random_the_more_there_are() -> None:
    scores = [regular_term(of(raised([60.0] * count), observation()), PARAMS) for count in (1, 2, 4, 12)]

    assert scores[0] == -PARAMS.few
    assert scores == sorted(scores)
    assert scores[-1] == PARAMS.regular_max
    assert regular_term(of(raised([20.0, 60.0, 100.0]), observation()), PARAMS) == 0.0


def test_small_swings_are_probably_something_else_and_large_ones_a_raise() -> None:
    tiny, usual = (size_term(of(raised([size] * 4), observation()), PARAMS) for size in (9.0, 40.0))

    assert usual == 0.0
    assert tiny < -1.0


def at_ends(before_deg: float, after_deg: float) -> np.ndarray:
    """Return 2 s at one angle, five repetitions of 4 s up to 60°, and 3 s at another angle."""
    angle = np.full(200 + 5 * 400 + 300, 30.0)
    angle[:200], angle[-300:] = before_deg, after_deg
    return angle


def test_a_set_begins_and_ends_at_its_resting_end() -> None:
    reading = raised([60.0] * 5)
    resting, far = (
        ends_term(of(reading, observation(angle_deg=at_ends(level, level))), PARAMS) for level in (0.0, 60.0)
    )

    assert resting > 1.0
    assert far == pytest.approx(-resting)
    assert ends_term(of(reading, observation(angle_deg=at_ends(30.0, 30.0))), PARAMS) == pytest.approx(
        0.0, abs=0.05
    )


def test_a_leg_rests_however_long_ago_it_was_lowest() -> None:
    """The first turn is the lowest moment of a rest, which may be its first one."""
    reading = raised([60.0] * 5)
    (first, *others), lowest = reading.segmentation.reps, Turn(0, 0.0)
    early = replace(reading.segmentation, reps=(replace(first, near=lowest), *others))
    seen = of(replace(reading, segmentation=early), observation(angle_deg=at_ends(0.0, 0.0)))

    assert ends_term(seen, PARAMS) == pytest.approx(
        ends_term(of(reading, observation(angle_deg=at_ends(0.0, 0.0))), PARAMS), abs=0.1
    )


def test_a_lying_leg_rests_with_its_knee_bent_too() -> None:
    reading, bent = raised([60.0] * 5), at_ends(-45.0, -45.0)

    assert ends_term(of(reading, observation(angle_deg=bent)), PARAMS) > 1.0
    assert ends_term(of(reading, observation(HANGING, angle_deg=bent)), PARAMS) == 0.0


def test_a_set_that_starts_high_may_have_the_floor_before_and_after() -> None:
    """Travel is the negative of elevation there: the far end is the floor."""
    reading = raised([60.0] * 5, resting_deg=-60.0, far_deg=0.0)
    on_floor = ends_term(of(reading, observation(HIGH, angle_deg=at_ends(0.0, 0.0))), PARAMS)

    assert on_floor >= 0.0


def test_an_omitted_term_is_zero() -> None:
    reading, observed = raised([60.0] * 5), observation(lever_m=0.62 * FOOT, shares=[0.25] * 5)
    whole = score(of(reading, observed), PARAMS)
    for name, term in TERMS.items():
        without = score(of(reading, observed), EvidenceParams(without=frozenset({name})))
        assert without == pytest.approx(whole - term(of(reading, observed), PARAMS))
