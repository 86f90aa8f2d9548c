"""Sentences about the course of a set: fatigue with side and direction, a hold, a tremor."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imu_reps import Rep, Summary
from imu_reps.domain.finding import Finding
from imu_reps.domain.summary import Trend
from imu_reps.report.phrases import meaning_sentences
from imu_reps.report.text import headline, remarks

MakeRep, MakeSummary = Callable[..., Rep], Callable[..., Summary]


def turn_sentence(
    make_rep: MakeRep, make_summary: MakeSummary, side: str | None, first: float, last: float
) -> str:
    trend = (Trend("pelvic_rotation_deg", first, last, 12, True),)
    summary = make_summary(make_rep(1), recording={"side": side}, figures={"trend": trend})
    return meaning_sentences(summary)[-1]


@pytest.mark.parametrize(
    ("side", "last", "rising"),
    [("left", 8.0, "right"), ("left", -8.0, "left"), ("right", 8.0, "left"), ("both", 8.0, "right")],
)
def test_a_growing_turn_names_the_side_that_rises_and_from_when(
    make_rep: MakeRep, make_summary: MakeSummary, side: str, last: float, rising: str
) -> None:
    first = 2.0 if last > 0 else -2.0

    assert turn_sentence(make_rep, make_summary, side, first, last) == (
        f"From rep 12 on the {rising} side of the pelvis rises more: on average 8°, at first 2°."
    )


def test_a_turn_to_the_other_side_and_a_shrinking_one_are_described(
    make_rep: MakeRep, make_summary: MakeSummary
) -> None:
    assert "at first 3° the other way" in turn_sentence(make_rep, make_summary, "left", -3.0, 8.0)
    assert "turns less: on average 2°, at first 8°" in turn_sentence(make_rep, make_summary, "left", 8.0, 2.0)


def test_a_hold_is_described_by_its_duration(make_summary: MakeSummary) -> None:
    found = (Finding("hold", values={"held_s": 20.3}), Finding("hold_unjudged"))
    summary = make_summary(
        recording={"exercise": "hollow_hold", "side": "both"},
        figures={"rep_count": None, "clean_count": None, "time_under_tension_s": 20.3},
        findings=found,
    )

    assert "Hollow hold · held 20 s" in headline(summary)
    assert meaning_sentences(summary) == ["Held for 20 s.", "How still the pelvis stayed was not measured."]
    assert not [remark for remark in remarks(summary) if "Held" in remark]


def test_a_missing_hold_is_reported(make_summary: MakeSummary) -> None:
    summary = make_summary(
        recording={"exercise": "hollow_hold"}, figures={"rep_count": None, "time_under_tension_s": None}
    )

    assert "no hold" in headline(summary)
