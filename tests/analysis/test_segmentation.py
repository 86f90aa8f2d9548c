"""Which swings of the leg count as repetitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from imu_reps import Settings
from imu_reps.analysis.reps.segmentation import (
    Excursion,
    Segmentation,
    Turn,
    TurnFinder,
    above_floor,
    find_reps,
    usual_range_deg,
)

Leg = Callable[..., np.ndarray]
REP = [(60.0, 1.5), (0.0, 1.5)]


def turns_of(travel: np.ndarray, threshold_deg: float = 8.0) -> list[Turn]:
    finder = TurnFinder(threshold_deg)
    finder.push(0, travel)
    return finder.turns


def segmented(
    travel: np.ndarray, floor_deg: float | None = 0.0, *, walks: bool = False, **changes: float
) -> Segmentation:
    above = above_floor([turns_of(travel)], floor_deg, np.full(len(travel), walks))
    return find_reps(above, Settings(**changes))


def small(found: Segmentation) -> list[Excursion]:
    """Return the excursions too small to count."""
    assert {partial.reason for partial in found.partials} <= {"too_small"}
    return [partial.excursion for partial in found.partials]


def test_every_lift_from_rest_counts(leg: Leg) -> None:
    found = segmented(leg(0.0, REP * 8))

    assert len(found.reps) == 8
    assert found.partials == ()
    assert [rep.far.tick for rep in found.reps] == [150 + 300 * k for k in range(8)]
    assert [rep.range_deg for rep in found.reps] == pytest.approx([60.0] * 8)
    assert found.threshold_deg == pytest.approx(0.35 * 60.0)


def test_rest_and_trembling_within_eight_degrees_are_nothing() -> None:
    shaking = 3.9 * np.sin(np.arange(2000) / 7.0)

    assert segmented(shaking).reps == ()
    assert segmented(np.zeros(500)).reps == ()
    assert find_reps([[]], Settings()).reps == ()


@pytest.mark.parametrize(("dip_deg", "count"), [(9.0, 4), (20.0, 4), (22.0, 5), (40.0, 5)])
def test_a_dip_at_the_far_end_below_the_share_of_the_median_is_no_turn(
    leg: Leg, dip_deg: float, count: int
) -> None:
    dipping = [(60.0, 1.5), (60.0 - dip_deg, 0.8), (60.0, 0.8), (0.0, 1.5)]
    found = segmented(leg(0.0, [*REP, *dipping, *REP, *REP]))

    assert len(found.reps) == count
    assert found.reps[1].range_deg >= 20.0


@pytest.mark.parametrize("bounce_deg", [9.0, 20.0])
def test_a_bounce_at_the_near_end_neither_counts_nor_splits(leg: Leg, bounce_deg: float) -> None:
    found = segmented(leg(0.0, [*REP, (bounce_deg, 0.6), (0.0, 0.6), *REP, *REP]))

    assert len(found.reps) == 3
    assert [rep.range_deg for rep in found.reps] == pytest.approx([60.0] * 3)
    assert [partial.range_deg for partial in small(found)] == pytest.approx([bounce_deg])


def test_many_dips_and_bounces_in_one_repetition_are_still_one_repetition(leg: Leg) -> None:
    restless = [
        (60.0, 1.5),
        (48.0, 0.5),
        (58.0, 0.5),
        (44.0, 0.5),
        (60.0, 0.5),
        (0.0, 1.5),
        (12.0, 0.5),
        (1.0, 0.5),
    ]
    found = segmented(leg(0.0, [*REP * 2, *restless, *REP * 2, *restless]))

    assert len(found.reps) == 6


def test_a_dip_at_the_far_end_is_no_partial(leg: Leg) -> None:
    found = segmented(leg(0.0, [*REP, (60.0, 1.5), (45.0, 0.8), (60.0, 0.8), (0.0, 1.5), *REP]))

    assert len(found.reps) == 3
    assert found.partials == ()


def test_fidgets_before_the_set_are_dropped_by_the_median_of_the_set(leg: Leg) -> None:
    fidgets = [(12.0, 0.5), (0.0, 0.5)] * 3
    found = segmented(leg(0.0, [*fidgets, *REP * 5]))

    assert len(found.reps) == 5
    assert len(found.partials) == 3
    assert max(partial.back.tick for partial in small(found)) < found.reps[0].far.tick


def test_before_the_set_has_shown_its_range_the_usual_one_excludes_fidgets(leg: Leg) -> None:
    fidget = leg(0.0, [(12.0, 0.5), (0.0, 0.5)])

    assert len(segmented(fidget).reps) == 1
    assert len(segmented(fidget, usual_range_deg=60.0).reps) == 0


def test_small_and_large_repetitions_mixed_all_count(leg: Leg) -> None:
    """Ten full, ten fast and ten low lifts form one set."""
    full, fast, low = [(62.0, 0.7), (0.0, 0.7)], [(66.0, 0.5), (0.0, 0.5)], [(26.0, 0.6), (0.0, 0.6)]

    assert len(segmented(leg(0.0, [*full * 10, (0.0, 5.0), *fast * 10, (0.0, 5.0), *low * 10])).reps) == 30


def weighted_median(sizes: Sequence[float]) -> float:
    """Return the size up to which half of all degrees lie, by counting degrees one by one."""
    below = 0.0
    for size in sorted(sizes):
        below += size
        if below >= 0.5 * sum(sizes):
            return size
    return 0.0


@pytest.mark.parametrize(
    ("ranges", "usual"),
    [
        ([], 0.0),
        ([60.0], 60.0),
        ([60.0] * 5 + [12.0] * 6, 60.0),  # many twitches do not outweigh the repetitions,
        ([60.0] * 5 + [120.0], 60.0),  # nor does lying down once outweigh the set
        ([30.0] * 3 + [60.0] * 2, 60.0),
        ([30.0] * 5 + [60.0] * 2, 30.0),
    ],
)
def test_the_usual_range_is_the_median_weighted_by_size(ranges: list[float], usual: float) -> None:
    assert usual_range_deg(ranges) == usual == weighted_median(ranges)


@given(ranges=st.lists(st.floats(8.0, 90.0), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_the_usual_range_is_one_of_the_ranges_whatever_their_order_and_unit(ranges: list[float]) -> None:
    usual = usual_range_deg(ranges)

    assert usual in ranges
    assert usual_range_deg(ranges[::-1]) == usual
    assert usual_range_deg([8.0 * r for r in ranges]) == 8.0 * usual
    assert usual_range_deg([*ranges, max(ranges)]) >= usual
    # larger ranges hold as many degrees as smaller ones, but for those of the median itself
    assert sum(r for r in ranges if r > usual) <= 0.5 * sum(ranges) * (1.0 + 1e-12)
    assert sum(r for r in ranges if r < usual) <= 0.5 * sum(ranges) * (1.0 + 1e-12)


def counted_by_definition(sizes: list[float]) -> tuple[list[bool], float]:
    """Drop what is under 35 % of the weighted median of the rest until none is; also give the closest."""
    left = [size for size in sizes if size >= 8.0]
    nearest = min(abs(size / 8.0 - 1.0) for size in sizes)
    while left:
        limit = 0.35 * weighted_median(left)
        half = 0.5 * sum(left)
        halves = np.abs(np.cumsum(sorted(left)) / half - 1.0)
        nearest = min([nearest, *(abs(size / limit - 1.0) for size in sizes), *halves.tolist()])
        kept = [size for size in left if size >= limit]
        if len(kept) == len(left):
            break
        left = kept
    limit = max(8.0, 0.35 * weighted_median(left))
    return [size >= limit for size in sizes], nearest


@given(sizes=st.lists(st.floats(5.0, 90.0), min_size=1, max_size=14))
@settings(max_examples=200, deadline=None)
def test_excursions_from_rest_count_by_the_weighted_median_rule(sizes: list[float]) -> None:
    expected, nearest = counted_by_definition(sizes)
    assume(nearest > 1e-6)
    points = [0.0, *(value for size in sizes for value in (size, 0.0))]
    found = segmented(np.array(points))

    assert [rep.far.tick for rep in found.reps] == [2 * k + 1 for k, counts in enumerate(expected) if counts]
    if found.reps:
        partial = [k for k, counts in enumerate(expected) if not counts and sizes[k] >= 8.0]
        assert [one.far.tick for one in small(found)] == [2 * k + 1 for k in partial]


def test_a_swing_larger_than_any_hip_allows_is_no_repetition_and_does_not_raise_the_usual_range(
    leg: Leg,
) -> None:
    """Whoever turns over turns the shank by more than hip and trunk bend."""
    found = segmented(leg(0.0, [(200.0, 2.0), (0.0, 2.0), *[(25.0, 1.0), (0.0, 1.0)] * 4]))

    assert len(found.reps) == 4


def test_toes_that_touch_the_bar_are_repetitions_however_far_they_go(leg: Leg) -> None:
    """The hip bends by 120 to 130 degrees, and the trunk rolls up."""
    found = segmented(leg(0.0, [(130.0, 1.5), (0.0, 1.5), (170.0, 1.5), (0.0, 1.5)] * 3))

    assert [round(rep.range_deg) for rep in found.reps] == [130, 170] * 3


def test_stopping_at_a_floor_angle_is_a_repetition(leg: Leg) -> None:
    to_the_floor_angle = [(85.0, 2.0), (25.0, 3.0)]
    found = segmented(leg(0.0, [*to_the_floor_angle * 5, (85.0, 2.0), (0.0, 4.0)]))

    assert len(found.reps) == 6
    assert [rep.range_deg for rep in found.reps] == pytest.approx([60.0] * 5 + [85.0])


def test_the_last_repetition_counts_once_its_way_back_spans_the_threshold(leg: Leg) -> None:
    travel = leg(0.0, [*REP * 3, (60.0, 1.5), (20.0, 3.0), (20.0, 1.0), (0.0, 2.0)])
    down = 3 * 300 + 150
    for end in range(down, len(travel), 5):
        spanned = float(travel[down] - travel[down : end + 1].min())
        found = segmented(travel[: end + 1])
        # the median of the whole set is 60°: 21° are a way back
        assert len(found.reps) == (4 if spanned >= 21.0 else 3), spanned
        if spanned >= 21.0:
            assert found.reps[-1].range_deg == pytest.approx(spanned)


def test_walking_swings_the_leg_behind_and_is_no_repetition() -> None:
    time = np.arange(2000) / 100.0
    walking = -10.0 - 35.0 * np.cos(2.0 * np.pi * 0.8 * time)

    assert segmented(walking, walks=True).reps == ()
    # the same swing upward from the floor is lifting
    assert len(segmented(walking + 45.0, walks=True).reps) == 16


def test_the_first_of_quick_lifts_after_walking_is_no_step(leg: Leg) -> None:
    """Who jumps to the bar and swings a little behind goes on with lifts as quick as steps, but higher."""
    walk = [(-25.0, 0.4), *[(20.0, 0.55), (-25.0, 0.55)] * 4, (6.0, 0.5), (-4.0, 0.5)]
    found = segmented(leg(0.0, [*walk, *[(85.0, 0.8), (0.0, 0.9)] * 5]), walks=True)

    assert len(found.reps) == 5


def test_swaying_slightly_behind_a_bar_is_no_walking(leg: Leg) -> None:
    found = segmented(leg(0.0, [(60.0, 1.5), (-6.0, 1.5)] * 6), walks=True)

    assert len(found.reps) == 6


def test_a_set_that_starts_high_has_no_floor_to_swing_behind(leg: Leg) -> None:
    found = segmented(leg(-90.0, [(-30.0, 2.0), (-90.0, 2.0)] * 6), floor_deg=None)

    assert len(found.reps) == 6


walks = st.lists(st.integers(-30, 30), min_size=1, max_size=60).map(
    lambda steps: np.cumsum([0.0, *steps]) / 3.0
)


@given(travel=walks, cuts=st.lists(st.integers(0, 60), max_size=8))
@settings(max_examples=200, deadline=None)
def test_turns_are_the_same_in_any_blocks(travel: np.ndarray, cuts: list[int]) -> None:
    finder = TurnFinder(8.0)
    for start, end in pairwise(sorted({0, *(c for c in cuts if c < len(travel)), len(travel)})):
        finder.push(start, travel[start:end])
    singly = TurnFinder(8.0)
    for tick, value in enumerate(travel):
        singly.take(Turn(tick, float(value)))

    assert finder.turns == singly.turns == turns_of(travel)


@given(travel=walks, threshold=st.sampled_from([1.0, 8.0, 15.0]))
@settings(max_examples=200, deadline=None)
def test_turns_alternate_are_far_apart_and_nothing_between_exceeds_them(
    travel: np.ndarray, threshold: float
) -> None:
    turns = turns_of(travel, threshold)

    steps = [b.value - a.value for a, b in pairwise(turns)]
    assert all(abs(step) >= threshold for step in steps)
    assert all(np.sign(a) != np.sign(b) for a, b in pairwise(steps))
    for a, b in pairwise(turns):
        between = travel[a.tick : b.tick + 1]
        assert a.tick < b.tick
        assert {between.min(), between.max()} == {a.value, b.value}
        # within it the leg never came back by the threshold
        way = np.sign(b.value - a.value) * between
        assert (np.maximum.accumulate(way) - way).max() < threshold
    if not turns:
        assert np.ptp(travel) < threshold


@given(
    tops=st.lists(st.floats(50.0, 70.0), min_size=4, max_size=8),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_a_mirrored_set_has_the_same_repetitions(tops: list[float], seed: int) -> None:
    """A set that starts high has the same travel: only direction distinguishes out from back."""
    rng = np.random.default_rng(seed)
    points = [0.0, *(v for top in tops for v in (top, rng.uniform(-3.0, 3.0)))]
    travel = np.interp(np.arange(40 * len(points)), 40 * np.arange(len(points)), points)

    lifted = segmented(travel, None)
    lowered = segmented(-(90.0 - travel) + 90.0, None)
    assert [r.far.tick for r in lifted.reps] == [r.far.tick for r in lowered.reps]
    assert len(lifted.reps) == len(tops)
