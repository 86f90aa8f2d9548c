"""Differences between two analyses of one recording."""

from __future__ import annotations

from dataclasses import replace

from imu_reps.report.summary_diff import ChangeTotals, change_lines, changed_figures


def test_equal_analyses_have_no_differences(make_summary, make_rep, make_fault):
    summary = make_summary(make_rep(1), make_rep(2, make_fault()))

    assert changed_figures(summary, summary) == []


def test_each_changed_figure_is_named_with_both_values(make_summary, make_rep):
    before = make_summary(make_rep(1), make_rep(2))
    after = make_summary(make_rep(1), make_rep(2, pelvic_tilt_deg=3.2), figures={"range_deg_mean": 60.2})
    names = {move.name: (move.before, move.after) for move in changed_figures(before, after)}

    assert names == {"set.range_deg_mean": (61.2, 60.2), "reps.2.pelvic_tilt_deg": (1.2, 3.2)}


def test_rounding_of_stored_values_is_no_difference(make_summary, make_rep):
    before = make_summary(make_rep(1, pelvic_tilt_deg=1.23461))

    assert changed_figures(before, make_summary(make_rep(1, pelvic_tilt_deg=1.2346))) == []


def test_an_additional_repetition_has_no_earlier_values(make_summary, make_rep):
    moves = changed_figures(make_summary(make_rep(1)), make_summary(make_rep(1), make_rep(2)))

    assert any(move.name == "reps.2.range_deg" and move.before is None for move in moves)
    assert any(move.name == "set.rep_count" and move.by == 1 for move in moves)


def test_not_measured_differs_from_zero(make_summary, make_rep):
    before = make_summary(make_rep(1, momentum=0.0))
    (move,) = changed_figures(before, make_summary(make_rep(1, momentum=None)))

    assert (move.before, move.after, move.by) == (0.0, None, None)


def test_flags_and_verdicts_are_in_words(make_summary, make_rep):
    before, after = make_summary(make_rep(1)), make_summary(make_rep(1))
    spoiled = replace(after, reps=(replace(after.reps[0], flags=("back_arch",), clean=False),))

    assert change_lines(changed_figures(before, spoiled)) == [
        "reps.1.flags: – → back_arch",
        "reps.1.clean: yes → no",
    ]


def test_over_files_the_most_frequent_comes_first_with_its_largest_difference(make_summary, make_rep):
    one = changed_figures(make_summary(make_rep(1)), make_summary(make_rep(1, range_deg=62.0, momentum=0.5)))
    two = changed_figures(make_summary(make_rep(1)), make_summary(make_rep(1, range_deg=58.0)))
    totals = ChangeTotals()
    totals.add(one)
    totals.add(two)

    assert totals.lines() == [
        "reps.range_deg: in 2 files, by at most 3",
        "reps.momentum: in 1 file, by at most 0.49",
    ]
