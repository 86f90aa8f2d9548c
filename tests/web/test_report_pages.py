"""Report, session and hand-over in a real browser: on a phone, in the frame of the live page, on paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from imu_reps import Analysis, RepFaults, RepPlan, SetPlan, analyze, simulate
from imu_reps.advice.comparisons import progress
from imu_reps.domain.programme import Prescription
from imu_reps.domain.summary import DoneSet, StoredSet
from imu_reps.report.page.hand_over import hand_over_page, let_go_picture
from imu_reps.report.page.page import session_page, set_page, sets_page
from imu_reps.report.session_text import session_text

#: Widths of a phone, and of the frame of the report on the live page of a phone.
NARROW = (640, 360, 304)
ARCHED = RepPlan(faults=RepFaults(arch_deg=12.0))
SHEETS = 2


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(simulate(SetPlan(reps=(RepPlan(), ARCHED, ARCHED))).recording)


@pytest.fixture(scope="module")
def pages(analysis: Analysis) -> dict[str, str]:
    """Every kind of page, for one set."""
    summary = replace(
        analysis.summary, recording=replace(analysis.summary.recording, created="2026-11-01T07:30:00+00:00")
    )
    many = [((summary, "anna"), analysis.track, None)] * 2
    done = [DoneSet(number, "left_posture", summary) for number in (1, 2)]
    return {
        "set": set_page(summary, analysis.track, person="anna"),
        "sets": sets_page(many) or "",
        "session": session_page(session_text(done, person="anna")),
        "hand-over": hand_over(_history(analysis, 9)),
    }


def _history(analysis: Analysis, visits: int) -> list[StoredSet]:
    """Return sets of both sides and of a second exercise, on the given number of days."""
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
    tab = browser.new_page(viewport={"width": width, "height": 740})
    tab.set_content(text)
    return tab


@pytest.mark.parametrize("width", NARROW)
@pytest.mark.parametrize("kind", ["set", "sets", "session", "hand-over"])
def test_on_a_phone_no_table_is_cut_and_nothing_is_wider_than_the_page(
    browser: Any, pages: dict[str, str], kind: str, width: int
) -> None:
    tab = opened(browser, pages[kind], width)
    cut = tab.evaluate(
        """() => [...document.querySelectorAll(".scroll:has(table)")]
                 .filter((one) => one.scrollWidth > one.clientWidth + 1)
                 .map((one) => [one.getAttribute("aria-label"), one.scrollWidth, one.clientWidth])"""
    )
    broken = tab.evaluate(
        """() => [...document.querySelectorAll("h1 .whole")]
                 .filter((one) => one.offsetHeight > 1.5 * parseFloat(getComputedStyle(one).lineHeight))
                 .map((one) => one.textContent)"""
    )
    wide = tab.evaluate("document.documentElement.scrollWidth")
    tab.close()

    assert cut == []
    assert broken == []
    assert wide <= width


@pytest.mark.parametrize("visits", [1, 9, 24])
def test_the_hand_over_fits_one_or_two_a4_sheets(browser: Any, analysis: Analysis, visits: int) -> None:
    tab = opened(browser, hand_over(_history(analysis, visits)), 1000)
    paper = tab.pdf(format="A4", prefer_css_page_size=True)
    tab.close()

    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= SHEETS
