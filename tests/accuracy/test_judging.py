"""The judging itself: which outcomes it accepts, and what the plain counters do."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from baselines import BASELINES, autocorrelation, baseline_outcome, peaks, turns, zigzag
from estimator_seam import changed, numbers, without
from judged import JudgedSet, of_cuts, outcome
from leg_angle import LegAngle, leg_angle
from real_cuts import PLACES, cuts, greatest_rise_deg, usual_range_deg

from imu_reps import Analysis, Recording, simulate
from imu_reps.errors import RecordingError


@dataclass(frozen=True)
class Group:
    limit_deg: float = 8.0
    count: int = 3
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Params:
    group: Group = field(default_factory=Group)
    strict: bool = True
    share: float = 0.5


def a_set(*allowed: int, may_refuse: bool = False) -> JudgedSet:
    return JudgedSet("a set", lambda: simulate().recording, frozenset(allowed), may_refuse)


def crashing(_: Recording) -> Analysis:
    raise IndexError


def refusing(_: Recording) -> Analysis:
    raise RecordingError("No.", hint="Never mind.", code="never")


def test_only_an_allowed_count_is_right() -> None:
    assert outcome(a_set(8, 9)).right
    assert not outcome(a_set(7)).right


def test_a_crash_is_wrong_and_does_not_end_the_judging() -> None:
    one = outcome(a_set(8, may_refuse=True), analyze=crashing)
    assert str(one.found).startswith("crashed: IndexError at test_judging.py:")
    assert not one.right


def test_a_refusal_is_right_only_where_it_is_allowed() -> None:
    assert outcome(a_set(8), analyze=refusing).found == "refused: never"
    assert not outcome(a_set(8), analyze=refusing).right
    assert outcome(a_set(8, may_refuse=True), analyze=refusing).right


def test_small_swings_do_not_change_the_usual_range() -> None:
    assert usual_range_deg([60.0, 62.0, 61.0, *[5.0] * 20]) == 61.0


def test_the_largest_rise_is_from_the_lowest_value_before_it() -> None:
    assert greatest_rise_deg(np.array([9.0, 4.0, 6.0, 1.0, 5.0, 0.0])) == 4.0
    assert greatest_rise_deg(np.array([])) == 0.0


def test_turns_are_no_smaller_than_required() -> None:
    angle = np.array([0.0, 10.0, 8.0, 30.0, 20.0, 21.0, 1.0, 3.0])
    assert list(turns(angle, 15.0)) == [0.0, 30.0, 1.0]


@pytest.mark.parametrize("counter", [zigzag, peaks, autocorrelation])
def test_plain_counters_count_a_plain_angle(counter: object) -> None:
    time = np.arange(0.0, 30.0, 0.01)
    angle = LegAngle(time, 20.0 - 20.0 * np.cos(2.0 * np.pi * time / 5.0))
    assert callable(counter)
    assert 6 in counter(angle)


def test_the_plain_angle_is_that_of_the_leg() -> None:
    made = simulate()
    assert made.recording.ankle is not None
    plain, true = leg_angle(made.recording.ankle), made.truth.angles
    of_leg = np.interp(plain.time_s, true.time_s, true.leg_elevation_deg)
    assert abs(np.corrcoef(plain.angle_deg, of_leg)[0, 1]) > 0.99


def test_cuts_are_reproducible_and_begin_and_end_everywhere(datasets: Path) -> None:
    first, again = cuts(datasets, range(16)), cuts(datasets, range(16))
    assert [one.name for one in first] == [one.name for one in again]
    assert {one.name.rsplit(", ", 1)[1] for one in first} == {
        f"{begins} to {ends}" for begins, ends in itertools.product(PLACES, PLACES)
    }


def test_labels_of_the_cuts_agree_with_plain_turns(datasets: Path) -> None:
    """Except for one begun half way up, and those ended half way down, which a plain zigzag counts."""
    found = [baseline_outcome(make(), BASELINES[0]) for make in of_cuts(datasets)]
    wrong = [one.name for one in found if not one.right and not one.name.endswith("to down")]
    assert [name.split(":")[0] for name in wrong] == ["cut 9"]
    assert sum(one.right for one in found) >= 195


def test_every_parameter_is_found_and_can_be_changed() -> None:
    assert dict(numbers(Params())) == {("group", "limit_deg"): 8.0, ("group", "count"): 3, ("share",): 0.5}
    assert changed(Params(), ("group", "count"), 3.6).group == Group(count=4)
    assert changed(Params(), ("share",), 0.6) == Params(share=0.6)


def test_an_omitted_part_is_named_in_the_parameters_that_list_it() -> None:
    assert without(Params(), "lever").group.without == {"lever"}
