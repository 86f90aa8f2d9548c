"""The pages: one file, no network access, no scripts, and the measured values."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from imu_reps import RepFaults, RepPlan, SetPlan, analyze, simulate
from imu_reps.advice.comparisons import progress
from imu_reps.domain.programme import Prescription
from imu_reps.domain.summary import StoredSet
from imu_reps.report.page import page as pages
from imu_reps.report.page.hand_over import SIZES, hand_over_page, let_go_picture
from imu_reps.report.page.page import set_page, sets_page
from imu_reps.report.tables import filled_columns

PRESCRIBED = [Prescription("heel_tap", "Dr. Lee", date(2026, 11, 2), 3, 10, "left")]
ARCHED = RepPlan(faults=RepFaults(arch_deg=12.0))


@pytest.fixture(scope="module")
def arched():
    return analyze(simulate(SetPlan(reps=(RepPlan(), RepPlan(), ARCHED, ARCHED))).recording)


class Outline(HTMLParser):
    """Collects unclosed tags, attributes, and the text."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())


def outline(page):
    parser = Outline()
    parser.feed(page)
    assert parser.open == []
    return parser


def stored(analysis, day=1, **changes):
    recording = replace(analysis.summary.recording, created=f"2026-11-{day:02d}T07:30:00+00:00")
    summary = replace(analysis.summary, recording=recording)
    return replace(StoredSet(f"/{day}.csv", "anna", f"s{day}", 1, None, None, summary), **changes)


def test_the_page_is_complete_and_requests_nothing(arched):
    page = set_page(arched.summary, arched.track)
    read = outline(page)

    assert not re.search(r"<script|@import|url\(https?:", page)
    asked = [value for _, name, value in read.attributes if name in ("src", "href", "xlink:href")]
    assert all(value.startswith("#") for value in asked)


def test_it_contains_the_sentences_of_the_text_report(arched):
    words = " ".join(outline(set_page(arched.summary, arched.track)).words)

    assert "4 reps, 2 clean" in words
    assert "back arch" in words
    assert "simulated, nobody moved" in words
    assert "Not a medical device" in words.replace("\n", " ")


def test_the_verdict_precedes_the_pictures_and_is_first_in_its_row(arched):
    page = set_page(arched.summary, arched.track, person="anna")

    assert page.index("What was wrong") < page.index("Rep by rep") < page.index("<svg")
    assert re.search(r"<td>3</td><td class=\"word fault\">back arch</td>", page)
    assert ">anna ·</span> " in page


def test_a_tempo_is_not_broken_on_a_phone(arched):
    of_set = replace(arched.summary.set, tempo_target=arched.summary.set.tempo)
    page = set_page(replace(arched.summary, set=of_set), arched.track)

    assert re.search(r'aimed at, <span class="whole">[\d.]+(-[\d.]+){3}\.</span>', page)


def test_a_simulated_set_in_a_table_is_not_marked_as_wrong(arched):
    columns, (row,) = filled_columns([(arched.summary, None)])

    assert row[-1] == "back arch 2, simulated"
    assert [column.head for column in columns][-1] == "notes"


def test_a_count_corrected_by_hand_is_marked_in_a_table(arched):
    corrected = replace(arched.summary, set=replace(arched.summary.set, rep_count_by_sensors=3))
    whole = sets_page([((corrected, None), arched.track, None)])
    page = sets_page([((arched.summary, None), arched.track, None)])

    assert f'<td class="">{corrected.set.rep_count}*</td>' in whole
    assert "* corrected by hand" in whole
    assert "corrected by hand" not in page


def test_a_hip_pop_has_a_picture_of_rotation_that_other_sets_lack():
    popped = analyze(
        simulate(SetPlan(reps=(RepPlan(), RepPlan(faults=RepFaults(rotation_deg=12.0))))).recording
    )
    page = set_page(popped.summary, popped.track)

    assert "hip_pop" in popped.summary.reps[1].flags
    assert "How the pelvis turns" in page


def test_shades_and_dots_are_explained_beside_their_colours_and_labels_stand_on_paper(arched):
    page = set_page(arched.summary, arched.track)

    for colour in ("up", "down", "dot flagged", "dot watched"):
        assert f'class="key {colour}"' in page
    assert page.count("var(--paper)") >= 4


def test_a_table_of_many_sets_names_their_files(arched):
    summary = replace(
        arched.summary, recording=replace(arched.summary.recording, file="/home/kim/monday.csv")
    )
    page = sets_page([((summary, None), arched.track, None)])

    assert ">file</th>" in page
    assert ">monday.csv</td>" in page


def test_every_picture_has_a_text_alternative(arched):
    read = outline(set_page(arched.summary, arched.track))
    pictures = [value for tag, name, value in read.attributes if (tag, name) == ("svg", "aria-label")]

    assert len(pictures) == 3
    assert all(pictures)


def test_colours_are_the_pages_own_so_that_it_can_be_dark(arched):
    page = set_page(arched.summary, arched.track)

    assert "var(--leg)" in page
    assert not re.search(r"#0[1-9a]0[1-9a]0[1-9a]\b", page)


def test_ids_inside_the_pictures_do_not_collide(arched):
    read = outline(set_page(arched.summary, arched.track))
    names = [value for _, name, value in read.attributes if name == "id"]
    clips = [name for name in names if re.fullmatch(r"[pm][0-9a-f]{8,}", name)]

    assert clips
    assert len(clips) == len(set(clips))


def test_the_same_set_gives_the_same_page(arched):
    assert set_page(arched.summary, arched.track) == set_page(arched.summary, arched.track)


def test_names_are_text_and_never_markup(arched):
    evil = "<script>alert(1)</script>.csv"
    summary = replace(arched.summary, recording=replace(arched.summary.recording, file=evil))

    assert evil not in set_page(summary, arched.track)
    assert evil not in hand_over_page([stored(arched)], PRESCRIBED, [], person=evil)


def test_without_a_pelvis_sensor_or_repetitions_there_is_still_a_page(arched):
    recording = simulate(SetPlan(reps=(RepPlan(),) * 3)).recording
    bare = analyze(replace(recording, pelvis=None))
    none = replace(arched.summary, reps=(), set=replace(arched.summary.set, rep_count=0))

    assert "Where the back lets go" not in set_page(bare.summary, bare.track)
    assert "Rep by rep" not in set_page(none, arched.track)


def test_the_hand_over_has_a_row_per_session_and_side_latest_first(arched):
    sets = [stored(arched, 1), replace(stored(arched, 1), file="/b.csv"), stored(arched, 4, pain=2, effort=6)]
    page = hand_over_page(sets, PRESCRIBED, progress(sets), person="anna")
    words = outline(page).words
    days = re.findall(r'<td class="word day">(.*?)</td>', page)

    assert days == ["2026-11-04", "2026-11-01"]
    assert "4, 4" in words
    assert "4 of 8" in words
    assert "2 of 10" in words
    assert "not said" in words


def test_the_hand_over_stays_short(arched):
    sets = [stored(arched, day) for day in range(1, 25)]
    page = hand_over_page(sets, PRESCRIBED, [])

    assert page.count("<tr>") == SIZES.max_rows + 1
    assert f"{24 - SIZES.max_rows} earlier rows" in page


def test_only_prescriptions_are_called_so(arched):
    with_one, without = (hand_over_page([stored(arched)], some, []) for some in (PRESCRIBED, []))

    assert "Prescribed by Dr. Lee on" in with_one
    assert "3 sets of 10 reps" in with_one
    assert "Nothing was entered as prescribed." in without
    assert "times a week" not in with_one + without


def test_no_date_of_the_hand_over_is_broken(arched):
    sets = [stored(arched, day) for day in (1, 4, 8)]
    page = hand_over_page(sets, PRESCRIBED, progress(sets), person="anna")
    text = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", page, flags=re.DOTALL)

    assert text.count("2026-11-") == len(re.findall(r'class="(?:word )?day">2026-11-\d\d<', text)) >= 6


def test_the_hand_over_has_pictures_of_the_course(arched):
    def of(side, day, **ratings):
        stored_set = stored(arched, day, **ratings)
        recording = replace(stored_set.summary.recording, side=side)
        return replace(
            stored_set, file=f"/{side}{day}", summary=replace(stored_set.summary, recording=recording)
        )

    sets = [of(side, day, pain=day // 4, effort=5) for day in (1, 4, 8) for side in ("left", "right")]
    ends = [(name, arched.track, arched.summary) for name in ("first 2026-11-01", "last 2026-11-08")]
    page = hand_over_page(sets, [], progress(sets), let_go=let_go_picture(*ends))

    for name in (
        "Share of clean reps",
        "Floor angle",
        "Tilt on the way down",
        "Left and right",
        "Pain and effort",
    ):
        assert f"<h2>{name}" in page
    assert page.count("<svg") == 5
    assert hand_over_page(sets[:1], [], []).count("<svg") == 1


def test_scrolling_parts_can_be_scrolled_by_keyboard() -> None:
    templates = list((Path(pages.__file__).parent / "templates").glob("*.j2"))
    scrolling = [
        tag for file in templates for tag in re.findall(r'<div class="scroll"[^>]*>', file.read_text("utf-8"))
    ]

    assert len(scrolling) > 3
    assert all('tabindex="0" role="group" aria-label=' in tag for tag in scrolling)
