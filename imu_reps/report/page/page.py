"""The page of one set, from its summary, its angles and what is known beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.domain.track import AngleTrack
from imu_reps.report.page.pictures import (
    hold_picture,
    leg_picture,
    over_time_picture,
    tempo_picture,
    tilt_picture,
)
from imu_reps.report.phrases import fault_sentences, meaning_sentences, unjudged_sentences
from imu_reps.report.rep_table import figures, heads, verdict
from imu_reps.report.text import headline, remarks, source_line

#: What stands at the top of every page, so that a newer one may take its place.
PAGE_MARK = '<meta name="generator" content="imu-reps">'

#: So wide that no line of the headline is broken.
_NO_BREAK = 10_000


def set_page(
    summary: Summary,
    track: AngleTrack,
    *,
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
    floor_deg : float, optional
        The person's own floor, drawn as a line; by default the set's.
    earlier : sequence of StoredSet
        Sets of this exercise and side, this one included, oldest first.
    sides, advice : sequence of str
        Lines that say how left and right compare, and what to do next.
    """
    floor = summary.set.floor_angle_deg if floor_deg is None else floor_deg
    pictures = [
        (
            "Leg angle",
            leg_picture(track, summary, floor),
            "Shaded: on the way up, on the way down. Dots: where a fault showed." if summary.reps else "",
        ),
        ("Pelvis in the hold", hold_picture(track, summary), "Zero: your back as it lay before."),
        ("Where the back lets go", tilt_picture(track, summary), "Later reps are drawn more strongly."),
        ("Tempo", tempo_picture(summary), ""),
        ("Over time", over_time_picture(earlier), ""),
    ]
    return template("set.html.j2").render(
        title=headline(summary, _NO_BREAK),
        source=source_line(summary),
        simulated=summary.recording.simulated,
        pictures=[(name, Markup(picture), told) for name, picture, told in pictures if picture],
        wide=("Leg angle", "Pelvis in the hold", "Over time"),
        heads=heads(summary),
        rows=_rows(summary),
        sections=[
            ("What was wrong", fault_sentences(summary)),
            ("What it means", meaning_sentences(summary)),
            ("Left and right", list(sides)),
            ("Next time", list(advice)),
            ("Not judged", unjudged_sentences(summary)),
            ("Good to know", list(remarks(summary))),
        ],
        version=summary.version,
    )


def _rows(summary: Summary) -> list[dict[str, Any]]:
    """A row a repetition, the verdict in words and in a shade."""
    shades = {True: "good", False: "fault", None: "watch"}
    return [
        {"number": rep.number, "cells": cells, "verdict": verdict(rep).plain, "shade": shades[rep.clean]}
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
