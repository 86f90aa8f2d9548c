"""Figures of a set: means, the floor rule, and values that are not measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Header, Rep, Tempo
from imu_reps.analysis.set_summary import mean_and_sd, summarise_set, uncounted_set
from imu_reps.domain.rep import Partial, floor_angle

MakeRep = Callable[..., Rep]


def with_values(make_rep: MakeRep, name: str, values: list[float | None]) -> list[Rep]:
    return [make_rep(number, **{name: value}) for number, value in enumerate(values, start=1)]


def test_means_and_standard_deviations_are_those_of_the_measured_values() -> None:
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
    found = summarise_set(
        reps, [Partial(1.0, 2.0, 12.0)], Header(tempo_target=Tempo(2.0, 0.0, 2.0, 0.0)), "high"
    )

    assert (found.rep_count, found.clean_count, found.partial_count) == (3, 2, 1)
    assert (found.concentric_s_mean, found.concentric_s_sd) == pytest.approx((2.0, 1.0))
    assert (found.range_deg_mean, found.range_deg_sd) == pytest.approx((62.0, np.sqrt(8.0)))
    assert found.time_under_tension_s == pytest.approx(sum(rep.end_s - rep.start_s for rep in reps))
    assert found.tempo == "2.1-0.7-2.0-0.2"
    assert found.tempo_target == "2.0-0.0-2.0-0.0"


def test_the_largest_angle_keeps_its_sign(make_rep: MakeRep) -> None:
    found = summarise_set(
        with_values(make_rep, "pelvic_rotation_deg", [3.0, -5.0, None]), (), Header(), "high"
    )

    assert found.pelvic_rotation_deg_max == -5.0


def test_without_a_judged_repetition_there_is_no_clean_count(make_rep: MakeRep) -> None:
    unjudged = [replace(make_rep(k), clean=None) for k in (1, 2)]

    assert summarise_set(unjudged, (), Header(), "high").clean_count is None
    assert summarise_set([*unjudged, make_rep(3)], (), Header(), "high").clean_count == 1


def test_a_set_without_repetitions_counts_zero_and_measures_nothing() -> None:
    found = summarise_set((), (), Header(), "high")

    assert (found.rep_count, found.partial_count) == (0, 0)
    assert found.clean_count is None
    assert found.tempo is None
    assert found.time_under_tension_s is None
    assert found.trend == ()


def test_without_an_ankle_sensor_nothing_is_counted() -> None:
    found = uncounted_set(Header())

    assert (found.rep_count, found.clean_count, found.partial_count) == (None, None, None)


def test_a_single_repetition_has_no_resting_pause_and_so_no_tempo(make_rep: MakeRep) -> None:
    assert summarise_set([make_rep(1, bottom_pause_s=None)], (), Header(), "high").tempo is None


def test_the_floor_keeps_the_back_down_in_four_of_five_repetitions_that_lift_off(make_rep: MakeRep) -> None:
    def floor(*angles: float | None) -> tuple[float | None, float | None]:
        return floor_angle(with_values(make_rep, "lift_off_angle_deg", list(angles)))

    assert floor(20.0, 30.0, 26.0, 22.0, 24.0, 21.0) == (26.0, None)
    # the higher one of two neighbours: advice errs on the safe side
    assert floor(20.0, 30.0, 26.0) == (30.0, None)
    assert floor(20.0, None, 30.0) == (30.0, None)
    # one lift-off may be random: the lowest angle reached is used instead
    assert floor(20.0, None, None) == (None, 1.0)
    assert floor(None, None) == (None, 1.0)
    assert floor_angle([]) == (None, None)


def test_the_floor_is_read_from_judged_repetitions_alone(make_rep: MakeRep) -> None:
    reps = with_values(make_rep, "bottom_angle_deg", [5.0, 2.0, 8.0])
    unjudged = [replace(reps[0]), replace(reps[1], pelvic_tilt_deg=None), replace(reps[2])]

    assert floor_angle(reps) == (None, 2.0)
    assert floor_angle(unjudged) == (None, 5.0)
