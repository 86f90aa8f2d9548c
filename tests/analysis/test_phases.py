"""Phase boundaries: the two-case rule on movements whose boundaries are known analytically."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imu_reps import Settings
from imu_reps.analysis.reps.phases import Phases, flank_end, phase_boundaries, without_ringing
from imu_reps.analysis.reps.segmentation import Excursion, Turn, TurnFinder, find_reps
from imu_reps.domain.track import GRID_HZ

Leg = Callable[..., np.ndarray]


def minimum_jerk_time(share_of_peak: float) -> float:
    """Return the time (0 to 1/2) when minimum jerk reaches a share of its peak: 16 u² (1 - u)² = share."""
    return float((1.0 - np.sqrt(1.0 - np.sqrt(share_of_peak))) / 2.0)


U10, U40 = minimum_jerk_time(0.10), minimum_jerk_time(0.40)

#: Where the line through 10 % and 40 % of the peak crosses zero, as a share of the duration.
EDGE = U10 - (U40 - U10) / 3.0


def measured(travel: np.ndarray, rep: int = 0) -> Phases:
    speed = np.gradient(travel, 1.0 / GRID_HZ)
    finder = TurnFinder(8.0)
    finder.push(0, travel)
    reps = find_reps([finder.turns], Settings()).reps
    limits = [0, *(r.far.tick for r in reps), len(travel) - 1]
    return phase_boundaries(travel, speed, reps[rep], limits[rep], limits[rep + 2])


def seconds(phases: Phases) -> tuple[float, float, float]:
    """Return the durations of the way out, the pause at the far end and the way back."""
    return (
        (phases.out_end - phases.out_start) / GRID_HZ,
        (phases.back_start - phases.out_end) / GRID_HZ,
        (phases.back_end - phases.back_start) / GRID_HZ,
    )


def test_the_edge_of_a_minimum_jerk_movement() -> None:
    u = np.linspace(0.0, 0.5, 100_001)
    speed = 16.0 * u**2 * (1.0 - u) ** 2

    assert np.interp([0.1, 0.4], speed, u) == pytest.approx([U10, U40], abs=1e-6)
    assert pytest.approx(0.0498, abs=1e-4) == EDGE


@given(
    top=st.floats(20.0, 90.0),
    out_s=st.floats(0.8, 4.0),
    back_s=st.floats(0.8, 6.0),
    pause_s=st.floats(0.4, 8.0),
)
@settings(max_examples=60, deadline=None)
def test_with_a_dwell_the_line_of_each_flank_ends_it(
    leg: Leg, top: float, out_s: float, back_s: float, pause_s: float
) -> None:
    out_s, back_s, pause_s = (round(s, 2) for s in (out_s, back_s, pause_s))
    travel = leg(0.0, [(0.0, 1.0), (top, out_s), (top, pause_s), (0.0, back_s), (0.0, 1.0)])
    up, rest, down = seconds(measured(travel))

    # speeds are central differences on a 10 ms grid: within a tenth of a tick
    assert up == pytest.approx(out_s * (1.0 - 2.0 * EDGE), abs=0.002)
    assert down == pytest.approx(back_s * (1.0 - 2.0 * EDGE), abs=0.002)
    assert rest == pytest.approx(pause_s + EDGE * (out_s + back_s), abs=0.002)


def test_boundaries_are_at_the_right_times(leg: Leg) -> None:
    phases = measured(leg(0.0, [(0.0, 1.0), (60.0, 2.0), (60.0, 1.0), (0.0, 3.0), (0.0, 1.0)]))

    expected = [1.0 + 2.0 * EDGE, 3.0 - 2.0 * EDGE, 4.0 + 3.0 * EDGE, 7.0 - 3.0 * EDGE]
    found = [phases.out_start, phases.out_end, phases.back_start, phases.back_end]
    assert np.array(found) / GRID_HZ == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize("period_s", [2.0, 3.0, 4.0])
def test_without_a_dwell_both_phases_meet_where_speed_crosses_zero(period_s: float) -> None:
    time = np.arange(round(6 * period_s * GRID_HZ)) / GRID_HZ
    travel = 30.0 * (1.0 - np.cos(2.0 * np.pi * time / period_s))
    slow_s = 2.0 * np.arcsin(5.0 * period_s / (60.0 * np.pi)) * period_s / (2.0 * np.pi)
    assert slow_s < 0.25

    phases = measured(travel, rep=2)

    assert phases.out_end == phases.back_start
    assert phases.out_end / GRID_HZ == pytest.approx(2.5 * period_s, abs=0.001)
    assert seconds(phases) == pytest.approx((period_s / 2.0, 0.0, period_s / 2.0), abs=0.002)


@pytest.mark.parametrize("down_s", [4.0, 6.0])
@pytest.mark.parametrize("top_deg", [15.0, 25.0, 60.0])
def test_a_slow_smooth_lowering_is_not_cut(leg: Leg, down_s: float, top_deg: float) -> None:
    """A threshold of a few degrees per second would cut more than a second from its ends."""
    travel = leg(0.0, [(0.0, 1.0), (top_deg, 1.5), (top_deg, 1.0), (0.0, down_s), (0.0, 2.0)])

    assert seconds(measured(travel))[2] == pytest.approx(down_s * (1.0 - 2.0 * EDGE), abs=0.005)


@pytest.mark.parametrize("stall_s", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("at", [0.3, 0.5, 0.7])
def test_a_stall_on_the_way_belongs_to_the_phase(leg: Leg, stall_s: float, at: float) -> None:
    up = [(60.0 * at, 1.0), (60.0 * at, stall_s), (60.0, 1.0)]
    down = [(60.0 * at, 1.2), (60.0 * at, stall_s), (0.0, 1.2)]
    found = seconds(measured(leg(0.0, [(0.0, 1.0), *up, (60.0, 1.0), *down, (0.0, 1.0)])))

    # each end is that of its own outer flank, read at 10 and 40 % of the phase's own peak
    assert found[0] == pytest.approx(2.0 + stall_s - 2.0 * EDGE, abs=0.05)
    assert found[1] == pytest.approx(1.0 + 2.2 * EDGE, abs=0.1)
    assert found[2] == pytest.approx(2.4 + stall_s - 2.4 * EDGE, abs=0.06)


@pytest.mark.parametrize(("onward_dps", "belongs"), [(12.0, False), (30.0, True)])
def test_creep_after_a_turn_belongs_to_the_pause(onward_dps: float, belongs: bool) -> None:
    """A leg that is set down turns for an instant and then goes on down, as a creep or as a flank."""
    halves = [(63.0, 1.5), (0.0, 1.0), (-60.0, 1.5), (4.0, 0.06), (-onward_dps, 0.4)]
    waves = [peak * np.sin(np.pi * np.arange(round(s * GRID_HZ)) / (s * GRID_HZ)) for peak, s in halves]
    travel = np.cumsum(np.concatenate([np.zeros(100), *waves, np.zeros(100)])) / GRID_HZ

    set_down_s = 1.0 + 1.5 + 1.0 + 1.5
    end_s = measured(travel).back_end / GRID_HZ
    assert end_s == pytest.approx(set_down_s + 0.46 * belongs, abs=0.02)


@pytest.mark.parametrize(("stop_deg", "rests"), [(46.0, False), (50.0, True)])
def test_the_pause_begins_with_the_first_flank_that_comes_within_a_fifth_of_the_top(
    leg: Leg, stop_deg: float, rests: bool
) -> None:
    """Of 60°, 48° are within the band: a leg that stops there and goes on a little has begun its pause."""
    halting = [(stop_deg, 1.5), (stop_deg, 1.0), (60.0, 1.0), (60.0, 1.0)]
    up, rest, _ = seconds(measured(leg(0.0, [(0.0, 1.0), *halting, (0.0, 2.0), (0.0, 1.0)])))

    # whichever flank it is, its edge is that of its own movement, at most a tenth of 1.5 s
    assert up == pytest.approx(1.5 if rests else 3.5, abs=0.15)
    assert rest == pytest.approx(3.0 if rests else 1.0, abs=0.25)


@pytest.mark.parametrize("dips", [1, 2, 3])
def test_dips_within_the_far_band_belong_to_the_pause(leg: Leg, dips: int) -> None:
    """The pause runs from the first arrival to the last departure."""
    plain = [(60.0, 2.0), (0.0, 2.0)] * 4
    dipping = [(60.0, 0.5), *[(49.0, 0.6), (60.0, 0.6)] * dips, (60.0, 0.5)]
    travel = leg(0.0, [(0.0, 1.0), *plain, (0.0, 1.0), (60.0, 2.0), *dipping, (0.0, 2.0), (0.0, 1.0)])
    up, rest, down = seconds(measured(travel, rep=4))

    assert up == pytest.approx(2.0 * (1.0 - 2.0 * EDGE), abs=0.002)
    assert rest == pytest.approx(1.0 + 1.2 * dips + 4.0 * EDGE, abs=0.002)
    assert down == pytest.approx(2.0 * (1.0 - 2.0 * EDGE), abs=0.002)


def test_bounces_at_the_near_end_belong_to_no_phase(leg: Leg) -> None:
    bouncing = [(0.0, 0.4), (9.0, 0.6), (0.0, 0.6), (0.0, 0.4)]
    one = [(60.0, 2.0), (60.0, 0.5), (0.0, 2.0)]
    travel = leg(0.0, [(0.0, 1.0), *one, *bouncing, *one, *bouncing, *one, (0.0, 1.0)])

    for rep in range(3):
        phases = measured(travel, rep)
        start_s = 1.0 + rep * (4.5 + 2.0)
        assert phases.out_start / GRID_HZ == pytest.approx(start_s + 2.0 * EDGE, abs=0.002)
        assert phases.back_end / GRID_HZ == pytest.approx(start_s + 4.5 - 2.0 * EDGE, abs=0.002)


@given(
    out_s=st.floats(0.6, 3.0),
    back_s=st.floats(0.6, 5.0),
    pause_s=st.floats(0.0, 2.0),
    stall_s=st.floats(0.0, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_played_backwards_the_boundaries_are_the_same(
    leg: Leg, out_s: float, back_s: float, pause_s: float, stall_s: float
) -> None:
    travel = leg(
        0.0,
        [
            (0.0, 1.0),
            (30.0, out_s / 2.0),
            (30.0, max(stall_s, 0.01)),
            (60.0, out_s / 2.0),
            (60.0, max(pause_s, 0.01)),
            (0.0, back_s),
            (0.0, 1.0),
        ],
    )
    forward, backward = measured(travel), measured(travel[::-1].copy())
    last = len(travel) - 1

    assert (forward.out_start, forward.out_end) == pytest.approx(
        (last - backward.back_end, last - backward.back_start), abs=1e-6
    )
    assert (forward.back_start, forward.back_end) == pytest.approx(
        (last - backward.out_end, last - backward.out_start), abs=1e-6
    )


@given(
    ups=st.lists(st.floats(0.8, 3.0), min_size=3, max_size=3),
    downs=st.lists(st.floats(0.8, 3.0), min_size=3, max_size=3),
    pause_s=st.floats(0.3, 2.0),
)
@settings(max_examples=40, deadline=None)
def test_a_flank_has_the_same_boundaries_as_a_way_out_and_as_a_way_back(
    leg: Leg, ups: list[float], downs: list[float], pause_s: float
) -> None:
    """The same lowering occurs in a set that starts low and in one that starts high."""
    ways = [(0.0, 1.0)]
    for up, down in zip(ups, downs, strict=True):
        ways += [(60.0, up), (60.0, pause_s), (0.0, down), (0.0, pause_s)]
    elevation = leg(0.0, ways)
    first = int(np.argmax(elevation > 59.999))
    low, high = measured(elevation, 0), measured(60.0 - elevation[first:], 0)

    assert (low.back_start, low.back_end) == pytest.approx(
        (high.out_start + first, high.out_end + first), abs=0.1
    )


@given(
    points=st.lists(st.floats(0.0, 70.0), min_size=3, max_size=10),
    way_s=st.floats(0.3, 3.0),
)
@example(points=[52.0, 36.0, 44.0], way_s=1.0)
@settings(max_examples=100, deadline=None)
def test_phases_follow_one_another_for_any_movement(leg: Leg, points: list[float], way_s: float) -> None:
    travel = leg(0.0, [(0.0, 1.0), *((p, way_s) for p in points), (0.0, way_s), (0.0, 1.0)])
    speed = np.gradient(travel, 1.0 / GRID_HZ)
    finder = TurnFinder(8.0)
    finder.push(0, travel)
    reps = find_reps([finder.turns], Settings()).reps
    limits = [0, *(r.far.tick for r in reps), len(travel) - 1]
    for rep, before, after in zip(reps, limits, limits[2:], strict=False):
        found = phase_boundaries(travel, speed, rep, before, after)
        assert before <= found.out_start < found.out_end <= found.back_start < found.back_end <= after


def test_between_two_repetitions_no_phase_overlaps_the_next(leg: Leg) -> None:
    travel = leg(0.0, [(0.0, 1.0), *[(60.0, 1.0), (0.0, 1.0)] * 5, (0.0, 1.0)])

    ends = [measured(travel, rep).back_end for rep in range(4)]
    starts = [measured(travel, rep).out_start for rep in range(1, 5)]
    assert all(end <= start + 1e-6 for end, start in zip(ends, starts, strict=True))


def ringing(travel: np.ndarray, rings_dps: float) -> tuple[Phases, np.ndarray, np.ndarray]:
    """Return boundaries and speeds of the first repetition with a strap that rings at 10 Hz while moving."""
    finder = TurnFinder(8.0)
    finder.push(0, travel)
    reps = find_reps([finder.turns], Settings()).reps
    speed = np.gradient(travel, 1.0 / GRID_HZ)
    shaken = speed + rings_dps * np.sin(2.0 * np.pi * 10.0 * np.arange(len(travel)) / GRID_HZ)
    cleaned = without_ringing(shaken, reps)
    return phase_boundaries(travel, cleaned, reps[0], 0, len(travel) - 1), shaken, cleaned


def test_a_ringing_strap_moves_no_boundary_far(leg: Leg) -> None:
    travel = leg(0.0, [(0.0, 1.0), (35.0, 1.2), (35.0, 0.6), (0.0, 1.4), (0.0, 1.0)])

    calm, rung = ringing(travel, 0.0)[0], ringing(travel, 7.0)[0]

    assert seconds(rung) == pytest.approx(seconds(calm), abs=0.08)


def test_the_speed_of_a_strap_that_does_not_ring_is_unchanged(leg: Leg) -> None:
    travel = leg(0.0, [(0.0, 1.0), (35.0, 1.2), (35.0, 0.6), (0.0, 1.4), (0.0, 1.0)])

    _, shaken, cleaned = ringing(travel, 0.1)

    assert cleaned is shaken


@given(slip_deg=st.floats(-25.0, 25.0), rest_share=st.floats(0.2, 0.9), way=st.sampled_from(["out", "back"]))
@settings(max_examples=60, deadline=None)
def test_a_strap_that_slips_before_or_after_a_way_leaves_its_boundaries_in_order(
    slip_deg: float, rest_share: float, way: str
) -> None:
    u = np.linspace(0.0, 1.0, 151)
    up = 20.0 * (10.0 * u**3 - 15.0 * u**4 + 6.0 * u**5)
    travel = np.concatenate([np.zeros(100), up, up[::-1], np.zeros(100)])
    slipped = travel.copy()
    at = round(100 * rest_share)
    if way == "out":
        slipped[:at] += slip_deg
    else:
        slipped[len(travel) - at :] += slip_deg
    turns = (0, 251, len(travel) - 1)
    rep = Excursion(*(Turn(tick, float(slipped[tick])) for tick in turns))
    found = phase_boundaries(slipped, np.gradient(travel, 1.0 / GRID_HZ), rep, 0, len(travel) - 1)

    assert found.out_start <= found.out_end <= found.back_start <= found.back_end
    if slip_deg > 2.0:
        assert found.out_start == pytest.approx(100.0 + 150.0 * EDGE, abs=3.0)


def test_a_way_without_progress_has_no_flank() -> None:
    """A sensor that turns on the limb in mid-way leaves ways whose peak speed is negative."""
    assert flank_end(np.full(50, -20.0), 10, peak_dps=-20.0) == 10.0


@pytest.mark.parametrize("seed", range(40))
def test_no_phase_ends_before_it_begins_on_a_leg_that_shakes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    travel = np.cumsum(rng.normal(0.0, 4.0, 400))
    reps = finder_reps(travel)
    limits = [0, *(rep.far.tick for rep in reps), len(travel) - 1]
    speed = np.gradient(travel, 1.0 / GRID_HZ)
    for rep, before, after in zip(reps, limits, limits[2:], strict=False):
        assert min(seconds(phase_boundaries(travel, speed, rep, before, after))) >= 0.0


def finder_reps(travel: np.ndarray) -> list[Excursion]:
    finder = TurnFinder(8.0)
    finder.push(0, travel)
    return find_reps([finder.turns], Settings()).reps
