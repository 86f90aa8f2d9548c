"""Table of many sets, one row per set, with the files listed below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.summary import Summary
from imu_reps.domain.untrusted_text import printable
from imu_reps.report.formatting import NOT_MEASURED, format_count, format_day, format_degrees
from imu_reps.report.phrases import FLAGS, flag_label

#: Columns with the minimum table width at which each is shown.
HEADS = {
    "set": 0,
    "person": 100,
    "day": 60,
    "exercise": 80,
    "side": 65,
    "reps": 0,
    "clean": 0,
    "tempo": 90,
    "range": 70,
    "floor angle": 110,
    "notes": 0,
}
#: Columns of numbers.
NUMBERS = frozenset({"set", "reps", "clean", "tempo", "range", "floor angle"})
#: Columns whose text is never wrapped.
SHORT = frozenset({"person", "day", "side"})


#: Summary of a set, and its person.
OneSet = tuple[Summary, str | None]


def sets_report(sets: Sequence[OneSet], width: int) -> Group:
    """Render a table of at most `width` columns, and the files, each on its own line.

    The least needed columns are omitted where space is short.
    """
    rows = set_rows(sets)
    heads = [head for head in heads_shown(rows) if width >= HEADS[head]]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for head in heads:
        number = head in NUMBERS
        table.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[head], style=_shade(head, row)) for head in heads))
    files = [
        Text(
            f"{number:>3} {printable(summary.recording.file or 'live set')}", no_wrap=True, overflow="ignore"
        )
        for number, (summary, _) in enumerate(sets, 1)
    ]
    return Group(table, Text(), *files)


def set_rows(sets: Sequence[OneSet]) -> list[dict[str, str]]:
    """Return the cells of each set by column."""
    return [_row(number, *one) for number, one in enumerate(sets, 1)]


def heads_shown(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return the columns that are not empty."""
    return [head for head in HEADS if any(row[head] not in (NOT_MEASURED, "") for row in rows)]


def _row(number: int, summary: Summary, person: str | None) -> dict[str, str]:
    recording, figures = summary.recording, summary.set
    hold, held_s, created = recording.exercise in HOLDS, figures.time_under_tension_s, recording.created
    held = NOT_MEASURED if held_s is None else f"{held_s:.0f} s"
    return {
        "set": str(number),
        "person": NOT_MEASURED if person is None else printable(person),
        "day": format_day(None if created is None else datetime.fromisoformat(created).date()),
        "exercise": recording.exercise.replace("_", " "),
        "side": recording.side or NOT_MEASURED,
        "reps": held if hold else format_count(figures.rep_count),
        "clean": NOT_MEASURED if hold else format_count(figures.clean_count),
        "tempo": figures.tempo or NOT_MEASURED,
        "range": format_degrees(figures.range_deg_mean),
        "floor angle": format_degrees(figures.floor_angle_deg),
        "notes": _wrong(summary),
    }


def _wrong(summary: Summary) -> str:
    """Format the flags with their number of repetitions, the worst first."""
    counts = Counter(flag for rep in summary.reps for flag in rep.flags)
    words = [f"{flag_label(flag)} {counts[flag]}" for flag in FLAGS if flag in counts]
    if summary.recording.simulated:
        words.append("simulated")
    return ", ".join(words)


def _shade(head: str, row: dict[str, str]) -> str:
    return "red" if head == "notes" and row[head] != "simulated" else ""
