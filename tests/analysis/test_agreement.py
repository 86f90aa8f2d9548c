"""Agreement of counts with labels: a known error is recovered exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from imu_reps import Rep
from imu_reps.analysis.agreement import MIN_PERSONS, SetAgreement, agreement_figures, compare
from imu_reps.domain.rep import RepLabel
from imu_reps.errors import RefusedValueError

MakeRep = Callable[..., Rep]


def labels_of(reps: list[Rep], start: Any = "low") -> list[RepLabel]:
    """Return labels with the times that were measured."""
    return [RepLabel(rep.start_s, rep.end_s, rep.far_end_s(start), rep.flags) for rep in reps]


@pytest.fixture
def reps(make_rep: MakeRep, make_fault: Callable[..., Any]) -> list[Rep]:
    """Six repetitions of 4.3 s every 5 s, the third and fourth with an arched back."""
    return [make_rep(k, *([make_fault()] if k in (3, 4) else [])) for k in range(1, 7)]


def value(agreement: SetAgreement, name: str) -> float | None:
    return agreement_figures([agreement], [None])[name].value


def test_labels_equal_to_the_count_have_no_error(reps: list[Rep]) -> None:
    same = compare(labels_of(reps), reps, "low")

    assert (same.labelled, same.counted, same.matched) == (6, 6, 6)
    assert {error for errors in same.errors_s.values() for error in errors} == {0.0}
    assert same.flags["back_arch"] == (2, 0, 0, 0)
    assert value(same, "back_arch_precision") == value(same, "back_arch_recall") == 1.0
    assert value(same, "momentum_recall") is None


@pytest.mark.parametrize("by_s", [0.31, -0.31])
def test_shifted_labels_give_the_shift(reps: list[Rep], by_s: float) -> None:
    shifted = compare([label.moved(by_s) for label in labels_of(reps)], reps, "low")

    for name in ("start", "turn", "end"):
        assert shifted.errors_s[name] == pytest.approx([-by_s] * 6)
        assert value(shifted, f"{name}_s_bias") == pytest.approx(-by_s)
        assert value(shifted, f"{name}_s_abs_median") == pytest.approx(0.31)
    assert shifted.errors_s["up"] == pytest.approx([0.0] * 6)


def test_median_percentile_and_bias_are_those_of_the_errors(reps: list[Rep]) -> None:
    off_s = np.array([-0.3, -0.1, 0.0, 0.1, 0.2, 0.4])
    labels = [
        replace(label, start_s=label.start_s - by) for label, by in zip(labels_of(reps), off_s, strict=True)
    ]
    agreement = compare(labels, reps, "low")

    assert value(agreement, "start_s_abs_median") == pytest.approx(np.median(np.abs(off_s)))
    assert value(agreement, "start_s_abs_p95") == pytest.approx(np.percentile(np.abs(off_s), 95))
    assert value(agreement, "start_s_bias") == pytest.approx(off_s.mean())
    assert agreement.errors_s["up"] == pytest.approx(-off_s)
    assert agreement.errors_s["down"] == pytest.approx([0.0] * 6)


def test_from_a_high_start_the_way_out_is_down(reps: list[Rep]) -> None:
    labels = [replace(label, start_s=label.start_s - 0.2) for label in labels_of(reps, "high")]
    agreement = compare(labels, reps, "high")

    assert agreement.errors_s["down"] == pytest.approx([-0.2] * 6)
    assert agreement.errors_s["up"] == pytest.approx([0.0] * 6)


def test_a_single_turning_time_is_the_middle_of_the_pause(reps: list[Rep]) -> None:
    labels = [
        replace(label, far_s=((label.far_s[0] + label.far_s[1]) / 2,) * 2)
        for label in labels_of(reps)
        if label.far_s is not None
    ]
    agreement = compare(labels, reps, "low")

    for name in ("turn", "up", "down"):
        assert agreement.errors_s[name] == pytest.approx([0.0] * 6)


def test_missed_and_invented_repetitions_are_distinguished(reps: list[Rep]) -> None:
    made_up = RepLabel(60.0, 64.0)
    missing = compare([*labels_of(reps), made_up], reps, "low")
    beyond = compare(labels_of(reps)[1:], reps, "low")

    assert (value(missing, "rep_recall"), value(missing, "rep_precision")) == (6 / 7, 1.0)
    assert (value(beyond, "rep_recall"), value(beyond, "rep_precision")) == (1.0, 5 / 6)
    assert (value(missing, "count_error_mean"), value(beyond, "count_error_mean")) == (-1.0, 1.0)


def test_a_repetition_matches_one_label_and_half_is_needed(reps: list[Rep]) -> None:
    first = reps[0]
    half_s = (first.end_s - first.start_s) / 2.0
    in_two = [
        RepLabel(first.start_s, first.start_s + half_s + 0.1),
        RepLabel(first.start_s + half_s + 0.1, first.end_s),
    ]

    assert compare(in_two, [first], "low").matched == 1
    assert compare([RepLabel(first.start_s, first.start_s + half_s - 0.1)], [first], "low").matched == 0


def test_a_flag_is_counted_where_it_was_both_labelled_and_judged(reps: list[Rep]) -> None:
    labels = [replace(label, flags=("back_arch",)) for label in labels_of(reps)[:5]]
    labels.append(replace(labels_of(reps)[5], flags=None))
    unjudged = [replace(rep, not_judged=("back_arch",)) if rep.number == 1 else rep for rep in reps]
    agreement = compare(labels, unjudged, "low")

    assert agreement.flags["back_arch"] == (2, 0, 2, 1)
    assert value(agreement, "back_arch_recall") == 0.5


@pytest.mark.parametrize(("labelled", "counted"), [(0, 6), (6, 0), (0, 0)])
def test_an_empty_side_has_no_figures_rather_than_wrong_ones(
    reps: list[Rep], labelled: int, counted: int
) -> None:
    agreement = compare(labels_of(reps)[:labelled], reps[:counted], "low")

    assert value(agreement, "start_s_bias") is None
    assert value(agreement, "rep_recall") == (0.0 if labelled else None)
    assert value(agreement, "rep_precision") == (0.0 if counted else None)
    assert value(agreement, "count_error_mean") == counted - labelled


def off_by(reps: list[Rep], by_s: float) -> SetAgreement:
    return compare([label.moved(-by_s) for label in labels_of(reps)], reps, "low")


def test_intervals_are_over_persons_not_over_sets(reps: list[Rep]) -> None:
    """Many sets of one person say no more about persons than one set."""
    offs_s = [0.00, 0.05, 0.10, 0.15, 0.20, 0.25]
    once = [off_by(reps, by) for by in offs_s]
    often = [one for one in once for _ in range(10)]
    names = [f"P{k}" for k in range(6)]
    first = agreement_figures(once, names)["start_s_bias"]
    second = agreement_figures(often, [name for name in names for _ in range(10)])["start_s_bias"]

    assert first.low is not None
    assert first.high is not None
    assert first.low < first.value < first.high  # type: ignore[operator]
    assert (second.low, second.high) == pytest.approx((first.low, first.high))
    scatter = np.std(offs_s) / np.sqrt(6)
    assert first.high - first.low == pytest.approx(2 * 1.96 * scatter, rel=0.15)


def test_where_all_persons_agree_there_is_no_interval(reps: list[Rep]) -> None:
    found = agreement_figures([off_by(reps, 0.1)] * 8, [f"P{k}" for k in range(8)])

    assert found["rep_recall"].value == 1.0
    assert found["rep_recall"].low is None


def test_few_or_unnamed_persons_have_no_interval(reps: list[Rep]) -> None:
    sets = [off_by(reps, 0.1 * k) for k in range(MIN_PERSONS)]
    few = agreement_figures(sets, [*(f"P{k}" for k in range(MIN_PERSONS - 1)), "P0"])
    unnamed = agreement_figures(sets, [*(f"P{k}" for k in range(MIN_PERSONS - 1)), None])

    assert all(figure.low is figure.high is None for figure in (*few.values(), *unnamed.values()))


@pytest.mark.parametrize(
    ("start_s", "end_s", "far_s"),
    [
        (2.0, 1.0, None),
        (1.0, 1.0, None),
        (1.0, 2.0, (2.5, 2.6)),
        (1.0, 2.0, (1.6, 1.5)),
        (float("nan"), 2.0, None),
    ],
)
def test_a_label_with_impossible_times_is_refused(start_s: float, end_s: float, far_s: Any) -> None:
    with pytest.raises(RefusedValueError):
        RepLabel(start_s, end_s, far_s)
