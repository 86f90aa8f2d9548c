"""HTML pages of one set, many sets, and a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from imu_reps.domain.file_kinds import DocumentKind
from imu_reps.domain.summary import StoredSet, Summary
from imu_reps.domain.track import AngleTrack
from imu_reps.domain.untrusted import printable
from imu_reps.report.formatting import pluralize
from imu_reps.report.page.pictures import (
    hold_picture,
    leg_picture,
    over_time_picture,
    tempo_picture,
    tilt_picture,
    turn_picture,
)
from imu_reps.report.phrases import fault_sentences, meaning_sentences, unjudged_sentences
from imu_reps.report.session_text import SessionText
from imu_reps.report.tables import (
    BY_HAND,
    OF_SESSION,
    OneSet,
    SetColumn,
    cell_texts,
    column_heads,
    filled_columns,
    is_by_hand,
    verdict,
)
from imu_reps.report.text import headline, remarks, source_line, technical_remarks

#: Spaces and line breaks of this program's own texts.
_SPACES = "\n\t\xa0\u202f"

_MARK = '<meta name="generator" content="imu-reps">'
#: Kind of all pages, by which an older one may be replaced.
PAGE = DocumentKind("<!doctype html>\n", line=_MARK)


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
    """Render the report of a set as one self-contained HTML document.

    Parameters
    ----------
    track : AngleTrack
        Angles of the set.
    person : str, optional
        Whose set it is.
    floor_deg : float, optional
        Floor angle given for the set; the higher of it and the measured one is drawn as a line.
    earlier : sequence of StoredSet
        Sets of this exercise and side, this one included, oldest first.
    sides, advice : sequence of str
        Lines on left against right, and advice.
    """
    pictures = [
        *_leg_and_pelvis(summary, track, floor_deg),
        ("Tempo", tempo_picture(summary), "", False),
        ("Over time", over_time_picture(earlier), "", True),
    ]
    words = _set_context(summary, person)
    words["beside"] = [("Left and right", list(sides)), ("Next time", list(advice)), *words["beside"]]
    return template("set.html.j2").render(
        **words, shown=_drawn(pictures), technical=list(technical_remarks(summary)), version=summary.version
    )


def sets_page(sets: Iterable[tuple[OneSet, AngleTrack, float | None]]) -> str | None:
    """Render many sets on one page: a table of all, then each with text and pictures; None for no sets.

    Parameters
    ----------
    sets : iterable of (OneSet, AngleTrack, float or None)
        The set, its angles, and the floor angle given for it; consumed one by one, so that the angles of all
        need not be in memory.
    """
    all_of_them, bodies = [], []
    for number, (one, track, floor_deg) in enumerate(sets, 1):
        shown = _drawn(_leg_and_pelvis(one[0], track, floor_deg, which=f"-{number}"))
        bodies.append(_set_context(*one) | {"shown": shown})
        all_of_them.append(one)
    if not bodies:
        return None
    columns, rows = filled_columns(all_of_them, with_file=True)
    return template("sets.html.j2").render(
        title=pluralize(len(bodies), "set"),
        heads=[column.head for column in columns],
        shades=[_shade_of(column, min_width) for column, min_width in columns.items()],
        rows=rows,
        by_hand=BY_HAND if any(is_by_hand(summary) for summary, _ in all_of_them) else "",
        sets=bodies,
        version=all_of_them[0][0].version,
    )


def _shade_of(column: SetColumn, min_width: int) -> str:
    """Return the CSS classes of a column of the table of sets."""
    words = {"number": [], "short": ["word", "short"], "words": ["word"]}[column.kind]
    # what needs this many characters is hidden on a phone
    return " ".join([*words, *(["rank3"] if min_width >= 65 else [])])


def _set_context(summary: Summary, person: str | None) -> dict[str, Any]:
    """Return the template's context of a set: headline, verdict, repetitions and remarks."""
    return {
        "title": headline(summary, None, person=person),
        "source": source_line(summary),
        "verdict": [
            ("What was wrong", fault_sentences(summary)),
            ("What it means", meaning_sentences(summary)),
        ],
        "heads": column_heads(summary),
        "rows": _rows(summary),
        "beside": [("Not judged", unjudged_sentences(summary)), ("Good to know", list(remarks(summary)))],
    }


Picture = tuple[str, str | None, str, bool]


def _mark(classes: str) -> Markup:
    return Markup('<span class="key {}" aria-hidden="true"></span>').format(classes)


#: What the shades and dots over the leg's angle mean, each beside its colour.
_KEY = Markup("Shaded: {} on the way up, {} on the way down. Dots: {} a fault, {} worth watching.").format(
    _mark("up"), _mark("down"), _mark("dot flagged"), _mark("dot watched")
)


def _leg_and_pelvis(
    summary: Summary, track: AngleTrack, floor_deg: float | None, which: str = ""
) -> list[Picture]:
    """Return name, picture, caption and width of the pictures of leg and pelvis."""
    floor = max((one for one in (summary.set.floor_angle_deg, floor_deg) if one is not None), default=None)
    shaded = _KEY if summary.reps else ""
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
    return [(name, Markup(picture), caption, wide) for name, picture, caption, wide in pictures if picture]


def _rows(summary: Summary) -> list[dict[str, Any]]:
    shades = {True: "good", False: "fault", None: "watch"}
    ranks = [rank for _, _, rank in column_heads(summary)]
    return [
        {
            "number": rep.number,
            "cells": list(zip(cells, ranks, strict=True)),
            "verdict": verdict(rep).plain,
            "shade": shades[rep.clean],
        }
        for rep, cells in zip(summary.reps, cell_texts(summary), strict=True)
    ]


def shown(value: Any) -> Any:
    """Escape unprintable characters of a text from outside, such as those that turn the direction round."""
    return printable(value, _SPACES) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def template(name: str) -> Template:
    """Load a template of this package, with autoescape of markup and of unprintable characters."""
    templates = Environment(
        loader=PackageLoader("imu_reps.report.page"),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template(name, globals={"mark": Markup(_MARK)})


def session_page(words: SessionText) -> str:
    """Render a session as one self-contained HTML document."""
    heads = [column.head for column in OF_SESSION]
    return template("session.html.j2").render(
        title=words.title,
        heads=heads,
        rows=words.rows,
        shades=dict.fromkeys(heads, "")
        | {"exercise": "word", "ended": "word", "tempo": "rank3", "range": "rank3", "tilt": "rank2"},
        sections=words.sections,
        version=words.version,
    )
