"""What moved between two analyses of one recording."""

from __future__ import annotations

from dataclasses import replace

from imu_reps.report.moved import moved, moved_lines, moved_overall


def test_the_same_analysis_moves_nothing(make_summary, make_rep, make_fault):
    summary = make_summary(make_rep(1), make_rep(2, make_fault()))

    assert moved(summary, summary) == []


def test_each_figure_that_differs_is_named_with_both_values(make_summary, make_rep):
    before = make_summary(make_rep(1), make_rep(2))
    after = make_summary(make_rep(1), make_rep(2, pelvic_tilt_deg=3.2), figures={"range_deg_mean": 60.2})
    names = {move.name: (move.before, move.after) for move in moved(before, after)}

    assert names == {"set.range_deg_mean": (61.2, 60.2), "reps.2.pelvic_tilt_deg": (1.2, 3.2)}


def test_rounding_to_what_is_remembered_is_no_move(make_summary, make_rep):
    before = make_summary(make_rep(1, pelvic_tilt_deg=1.23461))

    assert moved(before, make_summary(make_rep(1, pelvic_tilt_deg=1.2346))) == []


def test_a_repetition_more_shows_with_nothing_before(make_summary, make_rep):
    moves = moved(make_summary(make_rep(1)), make_summary(make_rep(1), make_rep(2)))

    assert any(move.name == "reps.2.range_deg" and move.before is None for move in moves)
    assert any(move.name == "set.rep_count" and move.by == 1 for move in moves)


def test_not_measured_is_not_nothing(make_summary, make_rep):
    before = make_summary(make_rep(1, momentum=0.0))
    (move,) = moved(before, make_summary(make_rep(1, momentum=None)))

    assert (move.before, move.after, move.by) == (0.0, None, None)


def test_flags_and_verdicts_are_words(make_summary, make_rep):
    before, after = make_summary(make_rep(1)), make_summary(make_rep(1))
    spoiled = replace(after, reps=(replace(after.reps[0], flags=("back_arch",), clean=False),))

    assert moved_lines(moved(before, spoiled)) == ["reps.1.flags: – → back_arch", "reps.1.clean: yes → no"]


def test_over_files_the_commonest_comes_first_with_its_largest_move(make_summary, make_rep):
    one = moved(make_summary(make_rep(1)), make_summary(make_rep(1, range_deg=62.0, momentum=0.5)))
    two = moved(make_summary(make_rep(1)), make_summary(make_rep(1, range_deg=58.0)))

    assert moved_overall({"a": one, "b": two}) == [
        "reps.range_deg: in 2 files, by at most 3",
        "reps.momentum: in 1 file, by at most 0.49",
    ]
