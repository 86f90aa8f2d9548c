"""Many sets beside each other: a row a set, the files under it by their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.foreign_text import shown
from imu_reps.domain.summary import Summary
from imu_reps.report.figures import degrees
from imu_reps.report.phrases import FLAGS, label
from imu_reps.report.rep_table import NOT_MEASURED

#: Columns and, where there is no room for all, the width from which on each is there.
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
#: Heads whose cells are numbers.
NUMBERS = frozenset({"set", "reps", "clean", "tempo", "range", "floor angle"})
#: Heads whose words are never broken.
SHORT = frozenset({"person", "day", "side"})


@dataclass(frozen=True, slots=True)
class OneSet:
    """A set of many: its summary, and whose it is."""

    summary: Summary
    person: str | None


def sets_report(sets: Sequence[OneSet], width: int) -> Group:
    """The sets as a table that leaves out what is least needed, and their files, each on a line of its own.

    Parameters
    ----------
    sets : sequence of OneSet
    width : int
        Columns there are.
    """
    rows = set_rows(sets)
    heads = [head for head in heads_told(rows) if width >= HEADS[head]]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for head in heads:
        number = head in NUMBERS
        table.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[head], style=_shade(head, row)) for head in heads))
    files = [
        Text(
            f"{number:>3} {shown(one.summary.recording.file or 'live set')}", no_wrap=True, overflow="ignore"
        )
        for number, one in enumerate(sets, 1)
    ]
    return Group(table, Text(), *files)


def set_rows(sets: Sequence[OneSet]) -> list[dict[str, str]]:
    """The cells of each set by their heads, as they are written."""
    return [_row(number, one) for number, one in enumerate(sets, 1)]


def heads_told(rows: Sequence[dict[str, str]]) -> list[str]:
    """The heads under which any set has something."""
    return [head for head in HEADS if any(row[head] not in (NOT_MEASURED, "") for row in rows)]


def _row(number: int, one: OneSet) -> dict[str, str]:
    recording, figures = one.summary.recording, one.summary.set
    held_s = figures.time_under_tension_s
    hold = recording.exercise in HOLDS
    reps = (f"{held_s:.0f} s" if held_s is not None else None) if hold else _whole(figures.rep_count)
    return {
        "set": str(number),
        "person": NOT_MEASURED if one.person is None else shown(one.person),
        "day": NOT_MEASURED
        if recording.created is None
        else f"{datetime.fromisoformat(recording.created):%Y-%m-%d}",
        "exercise": recording.exercise.replace("_", " "),
        "side": recording.side or NOT_MEASURED,
        "reps": reps or NOT_MEASURED,
        "clean": NOT_MEASURED if hold else _whole(figures.clean_count) or NOT_MEASURED,
        "tempo": figures.tempo or NOT_MEASURED,
        "range": _angle(figures.range_deg_mean),
        "floor angle": _angle(figures.floor_angle_deg),
        "notes": _wrong(one.summary),
    }


def _wrong(summary: Summary) -> str:
    """The flags and in how many repetitions, worst first."""
    counts = Counter(flag for rep in summary.reps for flag in rep.flags)
    words = [f"{label(flag)} {counts[flag]}" for flag in FLAGS if flag in counts]
    if summary.recording.simulated:
        words.append("simulated")
    return ", ".join(words)


def _whole(count: int | None) -> str | None:
    return None if count is None else str(count)


def _angle(value: float | None) -> str:
    return NOT_MEASURED if value is None else degrees(value)


def _shade(head: str, row: dict[str, str]) -> str:
    return "red" if head == "notes" and row[head] != "simulated" else ""
