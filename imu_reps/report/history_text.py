"""History as text: a table of sets, then the progress of each exercise and side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.progress import Progress, Quantity, QuantityChange
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.report.formatting import (
    NOT_MEASURED,
    exercise_name,
    format_count,
    format_day,
    format_degrees,
    format_value,
    join_words,
    pluralize,
)
from imu_reps.report.rep_table import SHORT_HEADS
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


def history_report(sets: Sequence[StoredSet], progress: Sequence[Progress], width: int = 80) -> Group:
    """Render the last sets and the progress for rich.

    Parameters
    ----------
    sets : sequence of StoredSet
        Sets to show, oldest first.
    width : int
        Available columns; a narrow table omits the tempo.
    """
    parts: list[RenderableType] = [_table(sets, width)]
    if any(stored.summary.set.rep_count_by_sensors is not None for stored in sets):
        parts.append(Text(BY_HAND, style="dim"))
    for one in progress:
        head, lines = progress_text(one)
        parts += titled_section(head, [f"• {line}" for line in lines], width)
    return Group(*parts)


def progress_text(progress: Progress) -> tuple[str, list[str]]:
    """Return a heading and lines for the progress of one exercise and side."""
    return _head(progress), _lines(progress)


#: Mark of a count that was corrected by hand, and its legend.
HAND_MARK = "*"
BY_HAND = f"{HAND_MARK} corrected by hand"


def rep_count_text(summary: Summary) -> str:
    """Format the count of a set, marked if corrected by hand; the seconds of a hold."""
    if summary.recording.exercise in HOLDS:
        held_s = summary.set.time_under_tension_s
        return NOT_MEASURED if held_s is None else f"{held_s:.0f} s"
    mark = "" if summary.set.rep_count_by_sensors is None else HAND_MARK
    return format_count(summary.set.rep_count) + mark


#: Columns of figures with the minimum table width at which each is shown.
FIGURES: dict[str, tuple[int, Callable[[Summary], str]]] = {
    "reps": (0, rep_count_text),
    "clean": (0, lambda summary: format_count(summary.set.clean_count)),
    "tempo": (SHORT_HEADS, lambda summary: summary.set.tempo or NOT_MEASURED),
    "range": (60, lambda summary: format_degrees(summary.set.range_deg_mean)),
    "tilt": (48, lambda summary: format_degrees(summary.set.pelvic_tilt_deg_max)),
    "floor\nangle": (54, lambda summary: format_degrees(summary.set.floor_angle_deg)),
}


def _table(sets: Sequence[StoredSet], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("day", no_wrap=True)
    table.add_column("exercise", overflow="fold")
    shown = {head: figure for head, (min_width, figure) in FIGURES.items() if width >= min_width}
    for head in shown:
        table.add_column(head, justify="right", no_wrap=True)
    for stored in sets:
        recording = stored.summary.recording
        table.add_row(
            format_day(stored.day),
            exercise_name(recording.exercise, recording.side),
            *(figure(stored.summary) for figure in shown.values()),
        )
    return table


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
