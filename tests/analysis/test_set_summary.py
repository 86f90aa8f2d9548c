"""The set in numbers: means, the floor rule, trends by construction, and what is not measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps.analysis.set_summary import floor_angle, mean_and_sd, summarise_set, trends, uncounted_set
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Partial, Rep
from imu_reps.domain.tempo import Tempo

MakeRep = Callable[..., Rep]


def with_values(make_rep: MakeRep, name: str, values: list[float | None]) -> list[Rep]:
    return [make_rep(number, **{name: value}) for number, value in enumerate(values, start=1)]


def test_means_and_standard_deviations_are_those_of_what_was_measured() -> None:
    assert mean_and_sd([1.0, None, 3.0]) == pytest.approx((2.0, np.sqrt(2.0)))
    assert mean_and_sd([4.0]) == (4.0, None)
    assert mean_and_sd([None]) == (None, None)
    assert mean_and_sd([]) == (None, None)


def test_a_set_is_counted_and_averaged(make_rep: MakeRep, make_fault: Callable[..., object]) -> None:
    reps = [
        make_rep(1, concentric_s=1.0, range_deg=60.0),
        make_rep(2, make_fault(), concentric_s=3.0, range_deg=64.0),
        make_rep(3, concentric_s=2.0, range_deg=None, bottom_pause_s=None),
    ]
    found = summarise_set(reps, [Partial(1.0, 2.0, 12.0)], Header(tempo_target=Tempo(2.0, 0.0, 2.0, 0.0)))

    assert (found.rep_count, found.clean_count, found.partial_count) == (3, 2, 1)
    assert (found.concentric_s_mean, found.concentric_s_sd) == pytest.approx((2.0, 1.0))
    assert (found.range_deg_mean, found.range_deg_sd) == pytest.approx((62.0, np.sqrt(8.0)))
    assert found.time_under_tension_s == pytest.approx(sum(rep.end_s - rep.start_s for rep in reps))
    assert found.tempo == "2.1-0.7-2.0-0.2"
    assert found.tempo_target == "2.0-0.0-2.0-0.0"


def test_the_largest_angle_keeps_its_sign(make_rep: MakeRep) -> None:
    found = summarise_set(with_values(make_rep, "pelvic_rotation_deg", [3.0, -5.0, None]), (), Header())

    assert found.pelvic_rotation_deg_max == -5.0


def test_no_rep_that_could_be_judged_is_no_clean_count(make_rep: MakeRep) -> None:
    unjudged = [replace(make_rep(k), clean=None) for k in (1, 2)]

    assert summarise_set(unjudged, (), Header()).clean_count is None
    assert summarise_set([*unjudged, make_rep(3)], (), Header()).clean_count == 1


def test_a_set_without_repetitions_counts_zero_and_measures_nothing() -> None:
    found = summarise_set((), (), Header())

    assert (found.rep_count, found.partial_count) == (0, 0)
    assert found.clean_count is None
    assert found.tempo is None
    assert found.time_under_tension_s is None
    assert found.trend == ()


def test_without_an_ankle_sensor_nothing_is_counted() -> None:
    found = uncounted_set(Header())

    assert (found.rep_count, found.clean_count, found.partial_count) == (None, None, None)


def test_a_single_repetition_has_no_resting_pause_and_so_no_tempo(make_rep: MakeRep) -> None:
    assert summarise_set([make_rep(1, bottom_pause_s=None)], (), Header()).tempo is None


def test_the_floor_is_the_median_lift_off_from_two_on(make_rep: MakeRep) -> None:
    def floor(*angles: float | None) -> tuple[float | None, float | None]:
        return floor_angle(with_values(make_rep, "lift_off_angle_deg", list(angles)))

    assert floor(20.0, 30.0, 26.0) == (26.0, None)
    assert floor(20.0, None, 30.0) == (25.0, None)
    # one lift-off is chance: the lowest angle reached stands instead
    assert floor(20.0, None, None) == (None, 1.0)
    assert floor(None, None) == (None, 1.0)
    assert floor_angle([]) == (None, None)


def test_the_floor_is_read_from_judged_repetitions_alone(make_rep: MakeRep) -> None:
    reps = with_values(make_rep, "bottom_angle_deg", [5.0, 2.0, 8.0])
    unjudged = [replace(reps[0]), replace(reps[1], pelvic_tilt_deg=None), replace(reps[2])]

    assert floor_angle(reps) == (None, 2.0)
    assert floor_angle(unjudged) == (None, 5.0)


def scattered(level: float, count: int, by: float) -> list[float]:
    return [level + (by if k % 2 else -by) for k in range(count)]


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
        scattered(60.0, 9, 8.0),  # own scatter
        [60.0] * 6 + [55.5] * 3,  # under 10 %
        [60.0] * 3 + [40.0] * 2,  # too few
        [60.0] * 5 + [None] + [40.0] * 4,  # not measured throughout
    ],
)
def test_what_is_no_trend(make_rep: MakeRep, values: list[float | None]) -> None:
    assert trends(with_values(make_rep, "range_deg", values)) == ()


def test_tilt_from_near_zero_needs_two_degrees_and_not_just_per_cent(make_rep: MakeRep) -> None:
    small = trends(with_values(make_rep, "pelvic_tilt_deg", [0.1] * 5 + [1.5] * 4))
    (large,) = trends(with_values(make_rep, "pelvic_tilt_deg", [0.1] * 5 + [4.0] * 4))

    assert small == ()
    assert large.what == "pelvic_tilt_deg"
