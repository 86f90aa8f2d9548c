"""The overview of a session."""

from __future__ import annotations

from datetime import date

import pytest

from imu_reps.advice.comparisons import since_last
from imu_reps.domain.progress import SinceLast, Step
from imu_reps.domain.summary import DoneSet, StoredSet
from imu_reps.report.page.page import session_page
from imu_reps.report.session_text import session_report, session_text


@pytest.fixture
def printed(capsys):
    """Print a session at a given width; return the text."""
    from rich.console import Console

    def _printed(words, width=80):
        Console(width=width, color_system=None).print(session_report(words, width))
        return capsys.readouterr().out

    return _printed


def test_sets_are_side_by_side_and_a_discarded_one_is_empty_with_its_reason(
    make_summary, make_rep, printed
) -> None:
    sets = [
        DoneSet(1, "target", make_summary(make_rep(1), make_rep(2), recording={"side": "left"})),
        DoneSet(2, "user", None, discarded=True),
        DoneSet(3, "user", None, unusable="The ankle sensor sent nothing."),
    ]
    words = session_text(sets, person="Anna")
    text, page = printed(words, 120), session_page(words)

    assert words.title == "Session of 3 sets: Anna"
    assert words.rows[0][:4] == ("1", "single leg raise, left", "2", "2")
    assert set(words.rows[1][1:-1]) == set(words.rows[2][1:-1]) == {""}
    for where in (" ".join(text.split()), page):
        assert "You discarded this set" in where
        assert "The ankle sensor sent nothing." in where


def test_best_and_worst_are_named_with_their_set(make_summary, make_rep, make_fault, printed) -> None:
    good = make_rep(2, range_deg=70.0)
    bad = make_rep(1, make_fault(), make_fault(code="hip_pop"))
    sets = [
        DoneSet(1, "target", make_summary(make_rep(1), good)),
        DoneSet(2, "target", make_summary(bad, make_rep(2, make_fault()))),
    ]
    text = printed(session_text(sets))

    assert "best: rep 2 of set 1 (range 70°, tilt 1°)" in text
    assert "worst: rep 1 of set 2: back arch and hip pop" in text


def test_one_set_needs_no_table(make_summary, make_rep, printed) -> None:
    text = printed(session_text([DoneSet(1, "target", make_summary(make_rep(1)))], advice=["Stay."]))

    assert text.split() == ["Next", "time", "Stay."]


def test_a_simulated_session_is_marked_and_gives_no_advice(make_summary, make_rep, printed) -> None:
    simulated = make_summary(make_rep(1), recording={"simulated": True})
    words = session_text([DoneSet(n, "target", simulated) for n in (1, 2)], advice=["Make it harder."])

    assert "simulated, nobody moved" in words.title
    assert "Make it harder" not in printed(words)
    assert "no advice follows" in " ".join(printed(words).split())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_it_fits_the_given_width(make_summary, make_rep, printed, width) -> None:
    steps = (Step("range_deg", 40.0, 62.0, "deg", True), Step("eccentric_s", 2.0, 2.1, "s", False))
    since = [SinceLast("single_leg_raise", "left", date(2026, 11, 1), steps)]
    sets = [DoneSet(n, "target", make_summary(make_rep(1), recording={"side": "left"})) for n in (1, 2)]
    text = printed(session_text(sets, since=since), width)

    assert max(map(len, text.splitlines())) <= width
    assert "range: 62°, more than last time" in " ".join(text.split())
    assert "as last time, as far as can be told: lowering" in " ".join(text.split())


@pytest.fixture
def a_set(make_summary, make_rep):
    def _set(day, side="left", number=1, **figures):
        recording = {"created": f"2026-11-{day:02d}T07:30:00+00:00", "side": side}
        summary = make_summary(make_rep(1), recording=recording, figures=figures)
        return StoredSet(f"/sets/{day}{side}{number}.csv", "Anna", f"s{day}", number, None, None, summary)

    return _set


def test_the_last_session_is_compared_with_the_previous_one_of_its_side(a_set) -> None:
    sets = [
        a_set(1, range_deg_mean=30.0),
        a_set(3, range_deg_mean=48.0),
        a_set(4, "right", range_deg_mean=90.0),
        a_set(5, range_deg_mean=60.0),
        a_set(5, number=2, range_deg_mean=64.0),
    ]
    (left,) = since_last(sets)
    step = next(step for step in left.steps if step.what == "range_deg")

    assert (left.side, left.day) == ("left", date(2026, 11, 3))
    assert (step.before, step.now, step.certain) == (48.0, 62.0, True)


def test_a_change_within_the_scatter_of_earlier_sessions_is_not_certain(a_set) -> None:
    values = [30.0, 62.0, 41.0, 58.0, 33.0, 52.0]
    (left,) = since_last([a_set(day, range_deg_mean=value) for day, value in enumerate(values, 1)])

    assert not next(step for step in left.steps if step.what == "range_deg").certain


def test_a_new_exercise_is_not_compared(a_set) -> None:
    assert since_last([a_set(1), a_set(2, "right")]) == ()
    assert since_last([]) == ()
