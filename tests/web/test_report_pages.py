"""Report, session and hand-over in a real browser: on a phone, in the frame of the live page, on paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from imu_reps import Analysis, RepFaults, RepPlan, SetPlan, analyze, simulate
from imu_reps.advice.changes import progress
from imu_reps.domain.done_set import DoneSet
from imu_reps.domain.prescription import Prescription
from imu_reps.domain.stored_set import StoredSet
from imu_reps.report.page.hand_over import hand_over_page
from imu_reps.report.page.hand_over_pictures import let_go_picture
from imu_reps.report.page.page import session_page, set_page, sets_page
from imu_reps.report.session_text import session_words
from imu_reps.report.sets_table import OneSet

#: A phone, and the frame of the report on the live page of a phone.
NARROW = (640, 360, 304)
ARCHED = RepPlan(faults=RepFaults(arch_deg=12.0))
SHEETS = 2


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(simulate(SetPlan(reps=(RepPlan(), ARCHED, ARCHED))).recording)


@pytest.fixture(scope="module")
def pages(analysis: Analysis) -> dict[str, str]:
    """Every kind of page there is, of one set."""
    summary = replace(
        analysis.summary, recording=replace(analysis.summary.recording, created="2026-11-01T07:30:00+00:00")
    )
    many = [(OneSet(summary, "anna"), analysis.track, None)] * 2
    done = [DoneSet(number, "left_posture", summary) for number in (1, 2)]
    return {
        "set": set_page(summary, analysis.track, person="anna"),
        "sets": sets_page(many) or "",
        "session": session_page(session_words(done, person="anna")),
        "hand-over": hand_over(_history(analysis, 9)),
    }


def _history(analysis: Analysis, visits: int) -> list[StoredSet]:
    """Sets of both sides, and of a second exercise, on so many days."""
    sets = []
    for day in range(1, visits + 1):
        for exercise, side in (
            ("single_leg_raise", "left"),
            ("single_leg_raise", "right"),
            ("heel_tap", "left"),
        ):
            of = replace(
                analysis.summary.recording,
                created=f"2026-11-{day:02d}T07:30:00+00:00",
                exercise=exercise,
                side=side,
            )
            summary = replace(analysis.summary, recording=of)
            sets.append(StoredSet(f"/{exercise}{side}{day}", "anna", f"s{day}", 1, day % 4, 6, summary))
    return sets


def hand_over(sets: Sequence[StoredSet]) -> str:
    prescribed = [Prescription("heel_tap", "Dr. Lee", sets[0].day, 3, 10, "left")]
    advice = ["Stay where you are: three sets of ten.", "The back let go in 6 of 9 reps."]
    one = analyze(simulate(SetPlan(reps=(ARCHED, ARCHED))).recording)
    ends = [(name, one.track, one.summary) for name in ("first 2026-11-01", "last 2026-11-09")]
    return hand_over_page(
        sets, prescribed, progress(sets), person="anna", advice=advice, let_go=let_go_picture(*ends)
    )


def opened(browser: Any, text: str, width: int) -> Any:
    seen = browser.new_page(viewport={"width": width, "height": 740})
    seen.set_content(text)
    return seen


@pytest.mark.parametrize("width", NARROW)
@pytest.mark.parametrize("kind", ["set", "sets", "session", "hand-over"])
def test_on_a_phone_no_table_is_cut_and_nothing_is_wider_than_the_page(
    browser: Any, pages: dict[str, str], kind: str, width: int
) -> None:
    seen = opened(browser, pages[kind], width)
    cut = seen.evaluate(
        """() => [...document.querySelectorAll(".scroll:has(table)")]
                 .filter((one) => one.scrollWidth > one.clientWidth + 1)
                 .map((one) => [one.getAttribute("aria-label"), one.scrollWidth, one.clientWidth])"""
    )
    broken = seen.evaluate(
        """() => [...document.querySelectorAll("h1 .whole")]
                 .filter((one) => one.offsetHeight > 1.5 * parseFloat(getComputedStyle(one).lineHeight))
                 .map((one) => one.textContent)"""
    )
    wide = seen.evaluate("document.documentElement.scrollWidth")
    seen.close()

    assert cut == []
    assert broken == []
    assert wide <= width


@pytest.mark.parametrize("visits", [1, 9, 24])
def test_the_hand_over_fits_one_or_two_sheets_of_a4(browser: Any, analysis: Analysis, visits: int) -> None:
    seen = opened(browser, hand_over(_history(analysis, visits)), 1000)
    paper = seen.pdf(format="A4", prefer_css_page_size=True)
    seen.close()

    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= SHEETS
