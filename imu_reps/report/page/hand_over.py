"""One page for a physiotherapist: prescribed and done, clean and not, floor, pain, trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from imu_reps.domain.programme import Plan
from imu_reps.domain.progress import Progress
from imu_reps.domain.stored_set import StoredSet
from imu_reps.report.advice_text import plan_line
from imu_reps.report.figures import degrees
from imu_reps.report.history_text import exercise_name, progress_words, rep_count
from imu_reps.report.page.page import template
from imu_reps.report.rep_table import NOT_MEASURED

#: More rows are not read in a minute.
MAX_ROWS = 14


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
    plan: Plan,
    progress: Sequence[Progress],
    *,
    person: str | None = None,
    advice: Sequence[str] = (),
) -> str:
    """The person's sessions as one HTML document, read in a minute.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one person, oldest first, at least one.
    plan : Plan
        What was prescribed.
    progress : sequence of Progress
    person : str, optional
    advice : sequence of str
        What comes next and why, a line each.
    """
    groups: dict[tuple[Any, ...], list[StoredSet]] = {}
    for stored in sets:
        groups.setdefault(_which(stored), []).append(stored)
    rows = [_row(group) for group in groups.values()]
    return template("hand_over.html.j2").render(
        title=f"Leg raises: {person}" if person else "Leg raises",
        plan=plan_line(plan),
        shown=rows[-MAX_ROWS:][::-1],
        left_out=max(0, len(rows) - MAX_ROWS),
        progress=[progress_words(one) for one in progress],
        advice=list(advice),
        version=sets[-1].summary.version,
    )


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
        pain=_worst([stored.pain for stored in group]),
        effort=_worst([stored.effort for stored in group]),
    )


def _flagged(group: Sequence[StoredSet], flag: str) -> str:
    judged = [rep for stored in group for rep in stored.summary.reps if flag not in rep.not_judged]
    return str(sum(flag in rep.flags for rep in judged)) if judged else NOT_MEASURED


def _angles(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return degrees(sum(known) / len(known)) if known else NOT_MEASURED


def _worst(said: Sequence[int | None]) -> str:
    known = [value for value in said if value is not None]
    return f"{max(known)} of 10" if known else "not said"
