"""History as text: a table of sets, then the progress of each exercise and side."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from imu_reps.domain.progress import Progress, Quantity, QuantityChange
from imu_reps.domain.summary import StoredSet
from imu_reps.report.formatting import (
    exercise_name,
    format_day,
    format_value,
    join_words,
    pluralize,
)
from imu_reps.report.tables import (
    BY_HAND,
    CLEAN,
    DAY,
    EXERCISE_AND_SIDE,
    FLOOR,
    RANGE,
    REPS,
    SHORT_HEADS,
    TEMPO,
    TILT,
    Columns,
    SetRow,
    cells,
    is_by_hand,
    sets_table,
)
from imu_reps.report.text import titled_section

#: Name of a quantity, and the words for more and for less of it.
QUANTITIES: dict[Quantity, tuple[str, str, str]] = {
    "clean_share": ("clean reps", "more", "fewer"),
    "range_deg": ("range", "more", "less"),
    "eccentric_s": ("lowering", "slower", "faster"),
    "pelvic_tilt_deg": ("greatest forward tilt of the pelvis", "more", "less"),
    "pelvic_rotation_deg": ("greatest turn of the pelvis", "more", "less"),
    "floor_angle_deg": ("floor angle", "higher", "lower"),
}

#: Columns of the history.
COLUMNS: Columns = {
    DAY: 0,
    EXERCISE_AND_SIDE: 0,
    REPS: 0,
    CLEAN: 0,
    TEMPO: SHORT_HEADS,
    RANGE: 60,
    TILT: 48,
    FLOOR: 54,
}


def history_report(sets: Sequence[StoredSet], progress: Sequence[Progress], width: int = 80) -> Group:
    """Render the last sets and the progress for rich.

    Parameters
    ----------
    sets : sequence of StoredSet
        Sets to show, oldest first.
    width : int
        Available columns; a narrow table omits the tempo.
    """
    rows = [cells(SetRow(stored.summary, day=stored.day), COLUMNS) for stored in sets]
    parts: list[RenderableType] = [sets_table(rows, COLUMNS, width)]
    if any(is_by_hand(stored.summary) for stored in sets):
        parts.append(Text(BY_HAND, style="dim"))
    for one in progress:
        head, lines = progress_text(one)
        parts += titled_section(head, [f"• {line}" for line in lines], width)
    return Group(*parts)


def progress_text(progress: Progress) -> tuple[str, list[str]]:
    """Return a heading and lines for the progress of one exercise and side."""
    return _head(progress), _lines(progress)


def _head(progress: Progress) -> str:
    name = exercise_name(progress.exercise, progress.side)
    since = "" if progress.since is None else f" since {format_day(progress.since)}"
    return f"{name[0].upper()}{name[1:]}: {pluralize(progress.sets, 'set')}{since}"


def _lines(progress: Progress) -> list[str]:
    lines = []
    if progress.best_clean:
        on = "" if progress.best_day is None else f" ({format_day(progress.best_day)})"
        lines.append(f"most clean reps in a set: {progress.best_clean}{on}")
    certain = [change for change in progress.changes if _is_certain(change)]
    lines += [_changed(change) for change in certain]
    level = [
        QUANTITIES[change.what][0]
        for change in progress.changes
        if change not in certain and change.since_first.direction == "level"
    ]
    if level:
        lines.append(f"no certain change: {join_words(level)}")
    unknown = [change for change in progress.changes if change.since_first.direction is None]
    if unknown and not level and not certain:
        visits = max(change.since_first.visits for change in unknown)
        lines.append(f"{pluralize(visits, 'visit')} so far: what changes shows from the fourth on")
    return lines


def _is_certain(change: QuantityChange) -> bool:
    courses = (change.since_first, change.recent)
    return any(course is not None and course.direction in ("more", "less") for course in courses)


def _changed(change: QuantityChange) -> str:
    """Describe a quantity's change since the first visit, and over the last ones if it differs."""
    what, more, less = QUANTITIES[change.what]
    words = {"more": more, "less": less, "level": "no certain change"}
    whole, recent = change.since_first, change.recent
    first, last = format_value(whole.first, change.unit), format_value(whole.last, change.unit)
    parts = [f"{words[whole.direction or 'level']} since the first visit ({first}, now {last})"]
    if recent is not None and recent.direction is not None and recent.direction != whole.direction:
        then = format_value(recent.first, change.unit)
        parts.append(f"over the last {recent.visits} visits {words[recent.direction]} ({then}, now {last})")
    return f"{what}: {'; '.join(parts)}"
