"""Uncounted movements are reported with their reason, and so are alternatives to the count."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from rich.console import Console

from imu_reps import AngleTrack, Rep, Summary
from imu_reps.domain.finding import Finding
from imu_reps.domain.rep import Partial, PartialReason
from imu_reps.report.findings import sentence
from imu_reps.report.page.page import set_page
from imu_reps.report.text import text_report

Make = Callable[..., Summary]
MakeRep = Callable[..., Rep]

#: Words that occur only in the sentence of a reason.
WORDS: dict[PartialReason, str] = {
    "too_small": "smaller movement",
    "cut_off": "cuts off",
    "not_carried_round_hip": "raised from the hip",
    "by_hand": "taken out by hand",
    "practice": "for practice",
}
#: The same if nothing was counted.
NOTHING: dict[PartialReason, str] = {
    "too_small": "never went out and back by at least 8°",
    "cut_off": "begins or ends while the leg is on its way",
    "not_carried_round_hip": "not as a leg that is raised from the hip",
    "by_hand": "was taken out by hand",
    "practice": "All reps were for practice",
}


def prose(summary: Summary) -> str:
    out = io.StringIO()
    Console(file=out, width=80, highlight=False, markup=False, emoji=False).print(text_report(summary, 80))
    return re.sub(r"\s+", " ", out.getvalue())


def page(summary: Summary) -> str:
    nothing = np.full(200, np.nan)
    track = AngleTrack(
        np.arange(200) / 100.0,
        nothing,
        nothing,
        nothing,
        np.full((200, 3), np.nan),
        nothing,
        np.zeros(200, bool),
    )
    return re.sub(r"\s+", " ", set_page(summary, track))


@pytest.fixture(params=[prose, page], ids=["text", "page"])
def render(request: pytest.FixtureRequest) -> Callable[[Summary], str]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("reason", get_args(PartialReason))
def test_uncounted_swings_are_reported_with_their_reason(
    make_summary: Make, make_rep: MakeRep, render: Callable[[Summary], str], reason: PartialReason
) -> None:
    partials = (Partial(40.0, 41.0, 20.0, reason), Partial(43.0, 44.0, 20.0, reason))
    text = render(make_summary(make_rep(1), partials=partials))

    assert [one for one, word in WORDS.items() if word in text] == [reason]
    assert ("at 40.0 s and 43.0 s." in text) == (reason != "practice")  # the times of the first ones
    assert "2 " in text


def test_each_reason_has_a_sentence_of_its_own(make_summary: Make, make_rep: MakeRep) -> None:
    partials = (Partial(4.0, 5.0, 9.0), Partial(40.0, 41.0, 50.0, "cut_off"), Partial(7.0, 8.0, 9.0))
    text = prose(make_summary(make_rep(1), partials=partials))

    assert "2 smaller movements not counted, at 4.0 s and 7.0 s." in text
    assert "1 rep that the recording cuts off not counted, at 40.0 s." in text


@pytest.mark.parametrize("reason", get_args(PartialReason))
def test_no_reps_are_reported_with_the_main_reason(
    make_summary: Make, render: Callable[[Summary], str], reason: PartialReason
) -> None:
    """Of several reasons, that of the largest part of the movement."""
    partials = (Partial(1.0, 2.0, 6.0), *(Partial(t, t + 1, 30.0, reason) for t in (40.0, 43.0)))
    text = render(make_summary(partials=partials))

    assert "no reps" in text
    assert [one for one, word in NOTHING.items() if word in text] == [reason]


def test_an_alternative_to_the_count_comes_first(
    make_summary: Make, make_rep: MakeRep, render: Callable[[Summary], str]
) -> None:
    values = {"certainty": "fair", "count": 2, "other": 3, "swings": [42.0]}
    finding = Finding("count_uncertain", values=values)
    summary = make_summary(
        make_rep(1), make_rep(2), findings=(finding,), figures={"rep_count_certainty": "fair"}
    )
    text = render(summary)

    assert text.count(sentence(finding)) == 1
    assert text.index(sentence(finding)) < text.index("A clean set")


@pytest.mark.parametrize(
    ("certainty", "marked"), [("high", False), ("fair", False), ("low", True), (None, False)]
)
def test_an_uncertain_count_is_marked_as_such(
    make_summary: Make, make_rep: MakeRep, certainty: str | None, marked: bool
) -> None:
    text = prose(make_summary(make_rep(1), make_rep(2), figures={"rep_count_certainty": certainty}))

    assert ("2 reps (not certain), 2 clean" in text) == marked
    assert ("2 reps, 2 clean" in text) != marked


def test_hanging_hip_pops_are_reported_once_as_not_measurable(make_summary: Make, make_rep: MakeRep) -> None:
    hanging = {"exercise": "hanging_leg_raise", "posture": "hanging", "side": "both"}
    reps = [make_rep(n, not_judged=("hip_pop",), pelvic_rotation_deg=None) for n in (1, 2, 3)]
    text = prose(make_summary(*reps, recording=hanging))

    assert "3 reps, 3 clean" in text
    assert "not fully judged" not in text
    assert text.count("while hanging") == 1
