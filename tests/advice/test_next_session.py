"""One recommendation by fixed rules, each with its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from imu_reps import Fault
from imu_reps.advice.next_session import LIMITS, adherence, advise
from imu_reps.domain.summary import StoredSet
from imu_reps.report.history_text import advice_lines
from imu_reps.storage.toml_files import load_programme

PROGRAMME = load_programme()
MIN_REPS = PROGRAMME.plan.reps[0]


def fault(code):
    return Fault(code, "flag", 9.0, 6.0, "deg", 8.1, 24.0, "fair")


@pytest.fixture
def a_set(make_summary, make_rep):
    """Build a set of a day in November, in which `faulty` repetitions have the fault `code`."""

    def _set(day, reps=MIN_REPS, faulty=0, code="back_arch", exercise="single_leg_raise", **ratings):
        marks = [
            make_rep(n, *([fault(code)] if n <= faulty else []), lift_off_angle_deg=30.0 + n)
            for n in range(1, reps + 1)
        ]
        created = f"2026-11-{day:02d}T07:30:00+00:00"
        summary = make_summary(*marks, recording={"created": created, "exercise": exercise})
        return StoredSet(
            f"/sets/{day}.csv", None, f"day {day}", 1, ratings.get("pain"), ratings.get("effort"), summary
        )

    return _set


def advice(*sets):
    return advise(sets, PROGRAMME)


def test_two_sessions_of_complete_clean_sets_lead_to_the_next_step(a_set):
    result = advice(a_set(2), a_set(2), a_set(5), a_set(5))

    assert result.recommendation == "progress"
    assert result.next.exercise == "double_leg_raise"
    assert result.reasons[0].count == 4 * MIN_REPS


@pytest.mark.parametrize("sets", [[(2, 10)] * 2, [(2, 10), (5, 10)], [(2, 10), (2, 10), (5, 9), (5, 10)]])
def test_fewer_or_shorter_sets_do_not(a_set, sets):
    assert advice(*(a_set(day, reps) for day, reps in sets)).recommendation == "stay"


def test_a_single_arch_keeps_the_exercise(a_set):
    result = advice(a_set(2), a_set(2), a_set(5), a_set(5, faulty=1))

    assert result.recommendation == "stay"
    assert (result.reasons[0].code, result.reasons[0].count) == ("arching", 1)


def test_arching_in_both_last_sessions_makes_it_easier_and_says_from_where(a_set):
    result = advice(a_set(2, 6, faulty=2), a_set(5, 6, faulty=3))
    reason = result.reasons[0]

    assert result.recommendation == "regress"
    assert result.next.exercise == "single_leg_raise_bent"
    assert (reason.code, reason.count, reason.of, reason.sessions) == ("arching", 5, 12, 2)
    assert reason.below_deg == 35.0  # four of five let go below it
    words = " ".join(advice_lines(result))
    assert "5 of 12 reps of the last 2 sessions, below about 35° of leg height" in words
    assert result.next.how in words


def test_arching_in_one_session_alone_does_not_make_it_easier(a_set):
    assert advice(a_set(2, 6), a_set(5, 6, faulty=6)).recommendation == "stay"


def test_earlier_sessions_do_not_count(a_set):
    sets = [a_set(1, 6, faulty=6), a_set(2, 6, faulty=6), a_set(5, 6), a_set(8, 6, faulty=6)]

    assert advice(*sets).recommendation == "stay"


def test_pain_with_a_jolt_always_leads_to_a_stop(a_set):
    result = advice(a_set(2), a_set(2), a_set(5), a_set(5, faulty=3, code="snap", pain=1))

    assert (result.recommendation, result.reasons[0].code, result.next) == ("stop", "pain_with_jolt", None)


def test_much_pain_leads_to_a_stop_and_little_pain_is_mentioned(a_set):
    clean = [a_set(2), a_set(2), a_set(5)]
    much, little, none = (
        advice(*clean, a_set(5, pain=pain)) for pain in (LIMITS.pain_stop, LIMITS.pain_stop - 1, 0)
    )

    assert (much.recommendation, little.recommendation, none.recommendation) == ("stop", "stay", "progress")
    assert little.reasons[0].code == "pain"


def test_a_jolt_without_pain_is_no_reason_to_stop(a_set):
    assert advice(a_set(2, faulty=3, code="snap", pain=0)).recommendation == "stay"


def test_fifty_easy_reps_are_not_rewarded(a_set):
    result = advice(a_set(2, 50), a_set(2, 50), a_set(5, 50), a_set(5, 50))

    assert (result.recommendation, result.reasons[0].code) == ("stay", "too_many_easy_reps")


def test_little_effort_leads_to_slower_reps(a_set):
    result = advice(a_set(2, effort=LIMITS.effort_easy))

    assert (result.recommendation, result.reasons[0].code) == ("stay", "effort_low")


def test_the_ends_of_the_ladder_have_no_further_step(a_set):
    top = advice(*(a_set(day, exercise="hanging_leg_raise") for day in (2, 2, 5, 5)))
    bottom = advice(*(a_set(day, faulty=10, exercise="heel_tap") for day in (2, 5)))

    assert (top.recommendation, top.next) == ("stay", None)
    assert (bottom.recommendation, bottom.next) == ("stay", None)


def test_other_exercises_do_not_count(a_set):
    other = [a_set(day, faulty=10, exercise="double_leg_raise") for day in (1, 2)]

    assert advice(*other, a_set(5), a_set(5)).recommendation == "stay"


def test_both_sides_need_complete_sets(a_set):
    def turned(stored, side):
        recording = replace(stored.summary.recording, side=side)
        return replace(stored, summary=replace(stored.summary, recording=recording))

    days = (2, 2, 5, 5)
    left = [a_set(day) for day in days]
    right = [turned(a_set(day), "right") for day in days]
    in_order = sorted([*left, *right], key=lambda stored: stored.recorded)
    short = sorted([*left, *right[::2]], key=lambda stored: stored.recorded)

    assert advise(in_order, PROGRAMME).recommendation == "progress"
    assert advise(short, PROGRAMME).recommendation == "stay"


def test_the_same_sets_always_give_the_same_advice(a_set):
    sets = [a_set(2, faulty=1), a_set(5, faulty=4)]

    assert advice(*sets) == advice(*sets)


def test_adherence_counts_days_and_notices_missing_rest(a_set):
    sets = [a_set(2), a_set(5), a_set(5), a_set(6)]
    result = adherence(sets, PROGRAMME.plan, date(2026, 11, 8))

    assert (result.sessions_this_week, result.planned, result.days_since_last) == (3, 2, 2)
    assert not result.rest_days_kept
    assert adherence(sets[:3], PROGRAMME.plan, date(2026, 11, 5)).rest_days_kept


def test_without_sets_there_is_no_advice():
    with pytest.raises(ValueError, match="at least one set"):
        advise([], PROGRAMME)


@pytest.mark.parametrize(("pain", "decision"), [(8, "stop"), (2, "stay"), (0, "progress")])
def test_pain_of_the_same_day_counts_whatever_the_exercise(a_set, pain, decision):
    """The last exercise alone was clean in complete sets, session after session."""
    before = a_set(2), a_set(2)
    heel_taps = replace(a_set(5, exercise="heel_tap", pain=pain), session="the session before")
    result = advice(*before, heel_taps, a_set(5), a_set(5))

    assert result.recommendation == decision
    assert pain == 0 or f"You said pain {pain} of 10" in " ".join(advice_lines(result))


def test_exercises_outside_the_ladder_do_not_wait_for_clean_sets(a_set):
    result = advice(a_set(2, exercise="hollow_hold"))

    assert result.recommendation == "stay"
    assert advice_lines(result)[1].startswith("• It stands beside the steps of the programme")
