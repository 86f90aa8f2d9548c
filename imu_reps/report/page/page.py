"""The page of one set, from its summary, its angles and what is known beside them.

The page of a whole session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.domain.track import AngleTrack
from imu_reps.report.figures import counted
from imu_reps.report.page.pictures import (
    hold_picture,
    leg_picture,
    over_time_picture,
    tempo_picture,
    tilt_picture,
    turn_picture,
)
from imu_reps.report.phrases import fault_sentences, meaning_sentences, unjudged_sentences
from imu_reps.report.rep_table import figures, heads, verdict
from imu_reps.report.session_text import HEADS, SessionWords
from imu_reps.report.sets_table import HEADS as HEADS_OF_SETS
from imu_reps.report.sets_table import NUMBERS, SHORT, OneSet, heads_told, set_rows
from imu_reps.report.text import headline, remarks, source_line, technical_remarks

#: What stands at the top of every page, so that a newer one may take its place.
PAGE_MARK = '<meta name="generator" content="imu-reps">'

#: So wide that no line of the headline is broken.
_NO_BREAK = 10_000
#: Columns of the table of sets that want so much room, in characters, are left out on a phone.
ROOMY = 65


def set_page(
    summary: Summary,
    track: AngleTrack,
    *,
    person: str | None = None,
    floor_deg: float | None = None,
    earlier: Sequence[StoredSet] = (),
    sides: Sequence[str] = (),
    advice: Sequence[str] = (),
) -> str:
    """The report of a set as one HTML document that asks for nothing else.

    Parameters
    ----------
    summary : Summary
    track : AngleTrack
        The angles it was read from.
    person : str, optional
        Whose set it is.
    floor_deg : float, optional
        The one the set was to keep to. The higher of it and the set's own is drawn as a line.
    earlier : sequence of StoredSet
        Sets of this exercise and side, this one included, oldest first.
    sides, advice : sequence of str
        Lines that say how left and right compare, and what to do next.
    """
    pictures = [
        *_leg_and_pelvis(summary, track, floor_deg),
        ("Tempo", tempo_picture(summary), "", False),
        ("Over time", over_time_picture(earlier), "", True),
    ]
    words = set_words(summary, person)
    words["beside"] = [("Left and right", list(sides)), ("Next time", list(advice)), *words["beside"]]
    return template("set.html.j2").render(
        **words, shown=_drawn(pictures), technical=list(technical_remarks(summary)), version=summary.version
    )


def sets_page(sets: Iterable[tuple[OneSet, AngleTrack, float | None]]) -> str | None:
    """Many sets on one page: a table of all, then each with its words and the pictures of leg and pelvis.

    Parameters
    ----------
    sets : iterable of (OneSet, AngleTrack, float or None)
        The set, the angles it was read from, the floor angle it was to keep to; drawn as they come, so that
        nobody need hold the angles of all. None where there is no set.
    """
    all_of_them, bodies = [], []
    for number, (one, track, floor_deg) in enumerate(sets, 1):
        shown = _drawn(_leg_and_pelvis(one.summary, track, floor_deg, which=f"-{number}"))
        bodies.append(set_words(one.summary, one.person) | {"shown": shown})
        all_of_them.append(one)
    if not bodies:
        return None
    rows = set_rows(all_of_them)
    heads = heads_told(rows)
    return template("sets.html.j2").render(
        title=counted(len(bodies), "set"),
        heads=heads,
        shades={head: _shade_of(head) for head in heads},
        rows=rows,
        sets=bodies,
        version=all_of_them[0].summary.version,
    )


def _shade_of(head: str) -> str:
    """How a column of the table of sets is set: words or numbers, and from which width on there is room."""
    words = [] if head in NUMBERS else ["word", *(["short"] if head in SHORT else [])]
    return " ".join([*words, *(["rank3"] if HEADS_OF_SETS[head] >= ROOMY else [])])


def set_words(summary: Summary, person: str | None) -> dict[str, Any]:
    """What is written of a set: its headline, its verdict, its repetitions, and what else is good to know."""
    return {
        "title": headline(summary, _NO_BREAK, person=person),
        "source": source_line(summary),
        "verdict": [
            ("What was wrong", fault_sentences(summary)),
            ("What it means", meaning_sentences(summary)),
        ],
        "heads": heads(summary),
        "rows": _rows(summary),
        "beside": [("Not judged", unjudged_sentences(summary)), ("Good to know", list(remarks(summary)))],
    }


Picture = tuple[str, str | None, str, bool]


def _leg_and_pelvis(
    summary: Summary, track: AngleTrack, floor_deg: float | None, which: str = ""
) -> list[Picture]:
    """Name, drawing, words and whether it is wide: how the leg moved, how the pelvis tipped and turned."""
    floor = max((one for one in (summary.set.floor_angle_deg, floor_deg) if one is not None), default=None)
    shaded = "Shaded: on the way up, on the way down. Dots: where a fault showed." if summary.reps else ""
    stronger = "Later reps are drawn more strongly."
    return [
        ("Leg angle", leg_picture(track, summary, floor, which), shaded, True),
        (
            "Pelvis in the hold",
            hold_picture(track, summary, which),
            "Zero: your back as it lay before.",
            True,
        ),
        ("Where the back lets go", tilt_picture(track, summary, which), stronger, False),
        ("How the pelvis turns", turn_picture(track, summary, which), stronger, False),
    ]


def _drawn(pictures: Sequence[Picture]) -> list[tuple[str, Markup, str, bool]]:
    return [(name, Markup(picture), told, wide) for name, picture, told, wide in pictures if picture]


def _rows(summary: Summary) -> list[dict[str, Any]]:
    """A row a repetition, the verdict in words and in a shade."""
    shades = {True: "good", False: "fault", None: "watch"}
    ranks = [rank for _, _, rank in heads(summary)]
    return [
        {
            "number": rep.number,
            "cells": list(zip(cells, ranks, strict=True)),
            "verdict": verdict(rep).plain,
            "shade": shades[rep.clean],
        }
        for rep, cells in zip(summary.reps, figures(summary), strict=True)
    ]


@cache
def template(name: str) -> Template:
    """A template of this package; what it is given is escaped."""
    loader = PackageLoader("imu_reps.report.page")
    templates = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return templates.get_template(name, globals={"mark": Markup(PAGE_MARK)})


def session_page(words: SessionWords) -> str:
    """A session as one HTML document that asks for nothing else."""
    return template("session.html.j2").render(
        title=words.title,
        heads=HEADS,
        rows=words.rows,
        shades=dict.fromkeys(HEADS, "")
        | {"exercise": "word", "ended": "word", "tempo": "rank3", "range": "rank3", "tilt": "rank2"},
        sections=words.sections,
        version=words.version,
    )
