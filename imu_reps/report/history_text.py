"""The sets done so far as text: a row a set, then how each exercise and side went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from textwrap import fill

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from imu_reps.domain.exercise import HOLDS, Exercise
from imu_reps.domain.progress import Progress, Quantity, QuantityChange
from imu_reps.domain.recording import Side
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.report.figures import counted, degrees, listed, written
from imu_reps.report.rep_table import NOT_MEASURED, SHORT_HEADS
from imu_reps.report.text import PROSE_WIDTH

#: What a quantity is called, and the words for more and for less of it.
QUANTITIES: dict[Quantity, tuple[str, str, str]] = {
    "clean_share": ("clean reps", "more", "fewer"),
    "range_deg": ("range", "more", "less"),
    "eccentric_s": ("lowering", "slower", "faster"),
    "pelvic_tilt_deg": ("greatest forward tilt of the pelvis", "more", "less"),
    "pelvic_rotation_deg": ("greatest turn of the pelvis", "more", "less"),
    "floor_angle_deg": ("floor angle", "higher", "lower"),
}


def history_report(sets: Sequence[StoredSet], progress: Sequence[Progress], width: int = 80) -> Group:
    """The last sets and the progress as something rich prints.

    Parameters
    ----------
    sets : sequence of StoredSet
        Those to show, oldest first.
    progress : sequence of Progress
    width : int
        Columns there are; a narrow table leaves the tempo out.
    """
    parts: list[RenderableType] = [_table(sets, width)]
    if any(stored.summary.set.rep_count_by_sensors is not None for stored in sets):
        parts.append(Text(BY_HAND, style="dim"))
    for one in progress:
        head, lines = progress_words(one)
        columns = min(width, PROSE_WIDTH)
        points = (
            fill(f"• {line}", columns, subsequent_indent="  ", break_on_hyphens=False) for line in lines
        )
        parts += [Text(), Text(head, style="bold"), *map(Text, points)]
    return Group(*parts)


def progress_words(progress: Progress) -> tuple[str, list[str]]:
    """How one exercise and side went: a heading, and a line each for the best and for what changed."""
    return _head(progress), _lines(progress)


def exercise_name(exercise: Exercise, side: Side | None) -> str:
    """An exercise in words, with the working leg.

    Examples
    --------
    >>> exercise_name("single_leg_raise", "left"), exercise_name("double_leg_raise", "both")
    ('single leg raise, left', 'double leg raise')
    """
    words = exercise.replace("_", " ")
    return f"{words}, {side}" if side in ("left", "right") else words


#: Stands after a count that was put right by hand, and what it means.
HAND_MARK = "*"
BY_HAND = f"{HAND_MARK} corrected by hand"


def rep_count(summary: Summary) -> str:
    """The count of a set in a table, marked where it was put right by hand; of a hold its seconds."""
    if summary.recording.exercise in HOLDS:
        held_s = summary.set.time_under_tension_s
        return NOT_MEASURED if held_s is None else f"{held_s:.0f} s"
    mark = "" if summary.set.rep_count_by_sensors is None else HAND_MARK
    return _whole(summary.set.rep_count) + mark


#: Columns of figures and, where there is no room for all, the width from which on each is there.
FIGURES: dict[str, tuple[int, Callable[[Summary], str]]] = {
    "reps": (0, rep_count),
    "clean": (0, lambda summary: _whole(summary.set.clean_count)),
    "tempo": (SHORT_HEADS, lambda summary: summary.set.tempo or NOT_MEASURED),
    "range": (60, lambda summary: _angle(summary.set.range_deg_mean)),
    "tilt": (48, lambda summary: _angle(summary.set.pelvic_tilt_deg_max)),
    "floor\nangle": (54, lambda summary: _angle(summary.set.floor_angle_deg)),
}


def _table(sets: Sequence[StoredSet], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("day", no_wrap=True)
    table.add_column("exercise", overflow="fold")
    told = {head: figure for head, (least, figure) in FIGURES.items() if width >= least}
    for head in told:
        table.add_column(head, justify="right", no_wrap=True)
    for stored in sets:
        recording = stored.summary.recording
        table.add_row(
            _day(stored.day),
            exercise_name(recording.exercise, recording.side),
            *(figure(stored.summary) for figure in told.values()),
        )
    return table


def _head(progress: Progress) -> str:
    name = exercise_name(progress.exercise, progress.side)
    since = "" if progress.since is None else f" since {_day(progress.since)}"
    return f"{name[0].upper()}{name[1:]}: {counted(progress.sets, 'set')}{since}"


def _lines(progress: Progress) -> list[str]:
    lines = []
    if progress.best_clean:
        on = "" if progress.best_day is None else f" ({_day(progress.best_day)})"
        lines.append(f"most clean reps in a set: {progress.best_clean}{on}")
    told = [change for change in progress.changes if _is_told(change)]
    lines += [_changed(change) for change in told]
    level = [
        QUANTITIES[change.what][0]
        for change in progress.changes
        if change not in told and change.since_first.direction == "level"
    ]
    if level:
        lines.append(f"no certain change: {listed(level)}")
    untold = [change for change in progress.changes if change.since_first.direction is None]
    if untold and not level and not told:
        visits = max(change.since_first.visits for change in untold)
        lines.append(f"{counted(visits, 'visit')} so far: what changes shows from the fourth on")
    return lines


def _is_told(change: QuantityChange) -> bool:
    courses = (change.since_first, change.recent)
    return any(course is not None and course.direction in ("more", "less") for course in courses)


def _changed(change: QuantityChange) -> str:
    """One quantity's course since the first visit, and over the last ones where that is another."""
    what, more, less = QUANTITIES[change.what]
    words = {"more": more, "less": less, "level": "no certain change"}
    whole, recent = change.since_first, change.recent
    first, last = written(whole.first, change.unit), written(whole.last, change.unit)
    parts = [f"{words[whole.direction or 'level']} since the first visit ({first}, now {last})"]
    if recent is not None and recent.direction is not None and recent.direction != whole.direction:
        then = written(recent.first, change.unit)
        parts.append(f"over the last {recent.visits} visits {words[recent.direction]} ({then}, now {last})")
    return f"{what}: {'; '.join(parts)}"


def _day(day: date | None) -> str:
    return NOT_MEASURED if day is None else day.isoformat()


def _whole(count: int | None) -> str:
    return NOT_MEASURED if count is None else str(count)


def _angle(angle_deg: float | None) -> str:
    return NOT_MEASURED if angle_deg is None else degrees(angle_deg)
