"""The hand-over to a physiotherapist: prescribed and done, clean and not, floor, pain, in pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.prescription import Prescription
from imu_reps.domain.progress import Progress
from imu_reps.domain.recording import STOPPED_WITH_PAIN
from imu_reps.domain.stored_set import StoredSet
from imu_reps.report.advice_text import prescription_line
from imu_reps.report.figures import counted, degrees
from imu_reps.report.history_text import BY_HAND, HAND_MARK, exercise_name, progress_words, rep_count
from imu_reps.report.page.hand_over_pictures import clean_picture, felt_picture, floor_picture, side_picture
from imu_reps.report.page.page import template
from imu_reps.report.rep_table import NOT_MEASURED

#: More rows, and more courses, are not read in a minute, nor do they fit two sheets.
MAX_ROWS, MAX_PROGRESS = 14, 6

NOT_SAID = "not said"

#: Dates and tempos.
_UNBROKEN = re.compile(r"\d{4}-\d{2}-\d{2}|\d[\d.]*(?:-\d[\d.]*){3}")


@dataclass(frozen=True, slots=True)
class Row:
    """The sets of one session, exercise and side, as they are written."""

    day: str
    exercise: str
    done: str
    clean: str
    arches: str
    hip_pops: str
    floor: str
    range: str
    pain: str
    effort: str


def hand_over_page(
    sets: Sequence[StoredSet],
    prescribed: Sequence[Prescription],
    progress: Sequence[Progress],
    *,
    person: str | None = None,
    advice: Sequence[str] = (),
    let_go: str | None = None,
) -> str:
    """The person's sessions as one HTML document, read in a minute: one or two sheets of A4, or a phone.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one person, oldest first, at least one.
    prescribed : sequence of Prescription
        What somebody prescribed; nothing else is called so.
    progress : sequence of Progress
    person : str, optional
    advice : sequence of str
        What comes next and why, a line each.
    let_go : str, optional
        The picture of `let_go_picture` for `main_exercise`.
    """
    groups: dict[tuple[Any, ...], list[StoredSet]] = {}
    for stored in sets:
        groups.setdefault(_which(stored), []).append(stored)
    rows = [_row(group) for group in groups.values()]
    shown = rows[-MAX_ROWS:][::-1]
    exercise = main_exercise(sets)
    return template("hand_over.html.j2").render(
        title=f"Leg raises: {person}" if person else "Leg raises",
        span=_span(sets),
        prescribed=[prescription_line(one) for one in prescribed],
        exercise=exercise_name(exercise, None),
        pictures=_pictures(sets, exercise, let_go),
        shown=shown,
        by_hand=BY_HAND if any(HAND_MARK in row.done for row in shown) else "",
        left_out=len(rows) - len(shown),
        progress=[progress_words(one) for one in progress[-MAX_PROGRESS:]],
        advice=list(advice),
        version=sets[-1].summary.version,
        dated=dated,
    )


def main_exercise(sets: Sequence[StoredSet]) -> Exercise:
    """The exercise most sets are of; of equals the latest."""
    done = [stored.summary.recording.exercise for stored in sets]
    return max(reversed(done), key=done.count)


def dated(text: str) -> Markup:
    """A text whose dates and tempos are not broken at the end of a line."""
    return Markup(_UNBROKEN.sub(r'<span class="day">\g<0></span>', str(escape(text))))


def _span(sets: Sequence[StoredSet]) -> str:
    days = sorted({stored.day for stored in sets if stored.day is not None})
    if not days:
        return counted(len(sets), "set")
    visits = f"{counted(len(sets), 'set')} on {counted(len(days), 'day')}"
    until = "" if len(days) == 1 else f" to {days[-1].isoformat()}"
    return f"{days[0].isoformat()}{until}, {visits}"


def _pictures(
    sets: Sequence[StoredSet], exercise: Exercise, let_go: str | None
) -> list[tuple[str, Markup, str]]:
    of_it = [stored for stored in sets if stored.summary.recording.exercise == exercise]
    drawn = (
        ("Clean reps", clean_picture(of_it), ""),
        (
            "Floor angle: where the back lets go",
            floor_picture(of_it),
            "A set without a point: it did not let go.",
        ),
        ("Tilt on the way down, first and last", let_go, "Dotted: the limit."),
        ("Left and right, latest day", side_picture(of_it), ""),
        ("Pain and effort, as said", felt_picture(sets), ""),
    )
    return [(name, Markup(picture), told) for name, picture, told in drawn if picture]


def _which(stored: StoredSet) -> tuple[Any, ...]:
    """Sets of one session, exercise and side share a row."""
    recording = stored.summary.recording
    return stored.session, stored.day, recording.exercise, recording.side


def _row(group: Sequence[StoredSet]) -> Row:
    first = group[0]
    recording = first.summary.recording
    figures = [stored.summary.set for stored in group]
    reps = [rep for stored in group for rep in stored.summary.reps]
    judged = [rep.clean for rep in reps if rep.clean is not None]
    return Row(
        day=NOT_MEASURED if first.day is None else first.day.isoformat(),
        exercise=exercise_name(recording.exercise, recording.side),
        done=", ".join(rep_count(stored.summary) for stored in group),
        clean=f"{sum(judged)} of {len(judged)}" if judged else NOT_MEASURED,
        arches=_flagged(group, "back_arch"),
        hip_pops=_flagged(group, "hip_pop"),
        floor=_angles([of_set.floor_angle_deg for of_set in figures]),
        range=_angles([of_set.range_deg_mean for of_set in figures]),
        pain=_pain(group),
        effort=_worst([stored.effort for stored in group]),
    )


def _flagged(group: Sequence[StoredSet], flag: str) -> str:
    judged = [rep for stored in group for rep in stored.summary.reps if flag not in rep.not_judged]
    return str(sum(flag in rep.flags for rep in judged)) if judged else NOT_MEASURED


def _angles(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return degrees(sum(known) / len(known)) if known else NOT_MEASURED


def _pain(group: Sequence[StoredSet]) -> str:
    """The worst that was said, and whether a set was ended because it hurt."""
    stopped = any(one.code == STOPPED_WITH_PAIN for stored in group for one in stored.summary.findings)
    figure = _worst([stored.pain for stored in group])
    if not stopped:
        return figure
    return "it hurt" + ("" if figure == NOT_SAID else f"; {figure}")


def _worst(said: Sequence[int | None]) -> str:
    known = [value for value in said if value is not None]
    return f"{max(known)} of 10" if known else NOT_SAID
