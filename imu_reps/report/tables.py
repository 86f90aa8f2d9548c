"""Layout of reports: tables with a row a repetition, or a row a set, and titled sections of prose.

Where a table has no room, its least needed columns go first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from textwrap import fill
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.rep import Rep
from imu_reps.domain.summary import Summary
from imu_reps.domain.untrusted import printable
from imu_reps.report.formatting import NOT_MEASURED, exercise_name, format_count, format_day, format_degrees
from imu_reps.report.phrases import FLAGS, flag_label


@dataclass(frozen=True, slots=True)
class TableSizes:
    """Columns of text that a table may take, and a pause that is a rest."""

    #: Below these widths the table gets single gaps, and short heads.
    single_gaps: int = 90
    short_heads: int = 74
    #: Minimum width of the verdict.
    verdict_width: int = 12
    #: Longest line of prose, for easy reading.
    prose_width: int = 100
    #: A pause longer than this is a rest (docs/definitions.md#phases: out of the means).
    rest_s: float = 10.0


SIZES = TableSizes()


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a repetition: head, short head, unit, and how it is read.

    Columns with the highest rank are omitted first where space is short.
    """

    head: str
    short: str
    unit: str
    read: Callable[[Rep], float | None]
    decimals: int = 0
    rank: int = 0


_UP = Column("up", "up", "s", lambda rep: rep.concentric_s, 1, 1)
_TOP = Column("top", "top", "s", lambda rep: rep.top_pause_s, 1, 4)
_DOWN = Column("down", "down", "s", lambda rep: rep.eccentric_s, 1, 1)
_BOTTOM = Column("bottom", "bot.", "s", lambda rep: rep.bottom_pause_s, 1, 4)
_RANGE = Column("range", "rng.", "°", lambda rep: rep.range_deg, rank=2)
_TILT = Column("tilt", "tilt", "°", lambda rep: rep.pelvic_tilt_deg)
_CURL = Column("curl", "curl", "°", lambda rep: rep.pelvic_curl_deg)
_ROTATION = Column("rotation", "rot.", "°", lambda rep: rep.pelvic_rotation_deg)
_MOMENTUM = Column(
    "momentum", "mom.", "%", lambda rep: None if rep.momentum is None else 100 * rep.momentum, rank=3
)
_SPEED = Column("speed", "spd.", "°/s", lambda rep: rep.peak_concentric_dps, rank=3)


def rep_table(summary: Summary, width: int) -> Table:
    """Build the table, times in the order of a tempo, the verdict in the last column.

    Parameters
    ----------
    width : int
        Available columns; the least needed figures are omitted.
    """
    columns = _fitting(_columns(summary), width)
    table = Table(
        box=None, pad_edge=False, padding=(0, 1 if width < SIZES.single_gaps else 2, 0, 0), header_style="dim"
    )
    table.add_column("rep\n", justify="right", no_wrap=True)
    for column in columns:
        head = column.short if width < SIZES.short_heads else column.head
        table.add_column(f"{head}\n{column.unit}", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for rep, cells in zip(summary.reps, _cells(summary, columns), strict=True):
        table.add_row(str(rep.number), *cells, verdict(rep))
    return table


def _fitting(columns: list[Column], width: int) -> list[Column]:
    """Return the columns that fit next to the verdict."""
    while len(columns) > 1 and _used_width(columns, width) + SIZES.verdict_width > width:
        last = max(column.rank for column in columns)
        columns = [column for column in columns if column.rank < last]
    return columns


def _used_width(columns: list[Column], width: int) -> int:
    gap = 1 if width < SIZES.single_gaps else 2
    names = [column.short if width < SIZES.short_heads else column.head for column in columns]
    return 3 + gap + sum(max(len(name), 4) + gap for name in names)


def column_heads(summary: Summary) -> list[tuple[str, str, int]]:
    """Return name, unit and rank of the columns."""
    return [(column.head, column.unit, column.rank) for column in _columns(summary)]


def cell_texts(summary: Summary) -> list[list[str]]:
    """Return the cells of each repetition, under `column_heads`."""
    return _cells(summary, _columns(summary))


def has_missing(summary: Summary) -> bool:
    """Return whether a cell holds the mark for "not measured"."""
    return any(NOT_MEASURED in cells for cells in _cells(summary, _columns(summary)))


def verdict(rep: Rep) -> Text:
    """Return the verdict: clean or the flags, then what is worth watching."""
    if rep.flags:
        return Text(", ".join(flag_label(flag) for flag in rep.flags), style="bold red")
    watch = list(dict.fromkeys(flag_label(fault.code) for fault in rep.faults))
    words = "not fully judged" if rep.clean is None else "clean"
    style = "yellow" if watch or rep.clean is None else "green"
    return Text(words + (f", watch {', '.join(watch)}" if watch else ""), style=style)


def _columns(summary: Summary) -> list[Column]:
    recording = summary.recording
    pelvis = [_CURL, _TILT] if recording.posture == "hanging" else [_TILT, _ROTATION]
    swing = _SPEED if recording.exercise == "heel_tap" else _MOMENTUM
    return [_DOWN, _BOTTOM, _UP, _TOP, _RANGE, *pelvis, swing]


def _cells(summary: Summary, columns: list[Column]) -> list[list[str]]:
    resting = _BOTTOM if summary.recording.start == "low" else _TOP
    return [
        [_cell(column, rep, after if column is resting else NOT_MEASURED) for column in columns]
        for rep, after in zip(summary.reps, _instead_of_pause(summary.reps), strict=True)
    ]


def _instead_of_pause(reps: Sequence[Rep]) -> list[str]:
    """Return the text for a missing pause after each repetition: a rest, or the end of the set."""
    gaps = [after.start_s - before.end_s for before, after in pairwise(reps)]
    return [*("rest" if gap > SIZES.rest_s else NOT_MEASURED for gap in gaps), ""][: len(reps)]


def _cell(column: Column, rep: Rep, missing: str) -> str:
    value = column.read(rep)
    if value is None:
        return missing
    return f"{round(value, column.decimals) + 0.0:.{column.decimals}f}".replace("-", "−")


#: Mark of a count that was corrected by hand, and its legend.
HAND_MARK = "*"
BY_HAND = f"{HAND_MARK} corrected by hand"

SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class SetRow:
    """A set, and what a view knows of it: its number, whose it is, its day, and the text of why it ended."""

    summary: Summary
    number: int = 0
    person: str | None = None
    day: date | None = None
    ended: str = ""


@dataclass(frozen=True, slots=True)
class SetColumn:
    """A column of a table of sets.

    Attributes
    ----------
    text : callable
        Returns the cell of a set.
    kind : {"number", "short", "words"}
        Numbers stand on the right; only words are wrapped.
    """

    head: str
    text: Callable[[SetRow], str]
    kind: Literal["number", "short", "words"] = "number"


#: Columns of a view, each with the minimum table width at which it is shown.
Columns = Mapping[SetColumn, int]


def rep_count_text(summary: Summary) -> str:
    """Format the count of a set, marked if corrected by hand; the seconds of a hold."""
    if summary.recording.exercise in HOLDS:
        held_s = summary.set.time_under_tension_s
        return NOT_MEASURED if held_s is None else f"{held_s:.0f} s"
    return format_count(summary.set.rep_count) + (HAND_MARK if is_by_hand(summary) else "")


def is_by_hand(summary: Summary) -> bool:
    """Return whether the count of a set was corrected by hand."""
    return summary.set.rep_count_by_sensors is not None


def _notes(row: SetRow) -> str:
    """Format the flags with their number of repetitions, the worst first."""
    counts = Counter(flag for rep in row.summary.reps for flag in rep.flags)
    words = [f"{flag_label(flag)} {counts[flag]}" for flag in FLAGS if flag in counts]
    return ", ".join([*words, SIMULATED] if row.summary.recording.simulated else words)


def _file_name(row: SetRow) -> str:
    """Return the file's name without its folder, which links and the text below have."""
    return printable(re.split(r"[/\\]", row.summary.recording.file or "")[-1])


def _exercise_and_side(row: SetRow) -> str:
    recording = row.summary.recording
    return exercise_name(recording.exercise, recording.side)


SET = SetColumn("set", lambda row: str(row.number))
PERSON = SetColumn(
    "person", lambda row: NOT_MEASURED if row.person is None else printable(row.person), "words"
)
DAY = SetColumn("day", lambda row: format_day(row.day), "short")
EXERCISE = SetColumn("exercise", lambda row: exercise_name(row.summary.recording.exercise), "words")
SIDE = SetColumn("side", lambda row: row.summary.recording.side or NOT_MEASURED, "short")
EXERCISE_AND_SIDE = SetColumn("exercise", _exercise_and_side, "words")
REPS = SetColumn("reps", lambda row: rep_count_text(row.summary))
CLEAN = SetColumn("clean", lambda row: format_count(row.summary.set.clean_count))
TEMPO = SetColumn("tempo", lambda row: row.summary.set.tempo or NOT_MEASURED)
RANGE = SetColumn("range", lambda row: format_degrees(row.summary.set.range_deg_mean))
TILT = SetColumn("tilt", lambda row: format_degrees(row.summary.set.pelvic_tilt_deg_max))
FLOOR = SetColumn("floor\nangle", lambda row: format_degrees(row.summary.set.floor_angle_deg))
NOTES = SetColumn("notes", _notes, "words")
FILE = SetColumn("file", _file_name, "words")
ENDED = SetColumn("ended", lambda row: row.ended, "words")


def cells(row: SetRow, columns: Columns) -> tuple[str, ...]:
    """Return the cells of a set."""
    return tuple(column.text(row) for column in columns)


def sets_table(rows: Sequence[Sequence[str]], columns: Columns, width: int, gap: int = 2) -> Table:
    """Build a table of at most `width` columns of characters; the least needed are omitted.

    Parameters
    ----------
    rows : sequence of sequence of str
        The cells of each set.
    gap : int
        Characters between two columns.
    """
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    shown = [(place, column) for place, column in enumerate(columns) if width >= columns[column]]
    for _, column in shown:
        justify: Literal["left", "right"] = "right" if column.kind == "number" else "left"
        table.add_column(column.head, justify=justify, no_wrap=column.kind != "words", overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[place], style=_style(column, row[place])) for place, column in shown))
    return table


def _style(column: SetColumn, cell: str) -> str:
    return "red" if column is NOTES and cell != SIMULATED else ""


#: Columns of the sets of many files, of a session, and of the history.
OF_FILES: Columns = {
    SET: 0,
    PERSON: 100,
    DAY: 60,
    EXERCISE: 80,
    SIDE: 65,
    REPS: 0,
    CLEAN: 0,
    TEMPO: 90,
    RANGE: 70,
    FLOOR: 110,
    NOTES: 0,
}
OF_SESSION: Columns = {
    SET: 0,
    EXERCISE_AND_SIDE: 0,
    REPS: 0,
    CLEAN: 0,
    TEMPO: 90,
    RANGE: 0,
    TILT: 60,
    ENDED: 0,
}
OF_HISTORY: Columns = {
    DAY: 0,
    EXERCISE_AND_SIDE: 0,
    REPS: 0,
    CLEAN: 0,
    TEMPO: SIZES.short_heads,
    RANGE: 60,
    TILT: 48,
    FLOOR: 54,
}

#: Summary of a set, and its person.
OneSet = tuple[Summary, str | None]


def sets_report(sets: Sequence[OneSet], width: int) -> Group:
    """Render a table of the sets, and the files, each on its own line."""
    columns, rows = filled_columns(sets)
    parts: list[RenderableType] = [sets_table(rows, columns, width, gap=1)]
    if any(is_by_hand(summary) for summary, _ in sets):
        parts.append(Text(BY_HAND, style="dim"))
    files = [f"{n:>3} {printable(one.recording.file or 'live set')}" for n, (one, _) in enumerate(sets, 1)]
    return Group(*parts, Text(), *(Text(file, no_wrap=True, overflow="ignore") for file in files))


def filled_columns(
    sets: Sequence[OneSet], *, with_file: bool = False
) -> tuple[Columns, list[tuple[str, ...]]]:
    """Return the columns of many files that are not empty, and the cells of each set.

    `with_file` adds the names of the files, where these are not listed beside the table.
    """
    rows = [SetRow(summary, n, person, _day(summary)) for n, (summary, person) in enumerate(sets, 1)]
    columns = {
        column: min_width
        for column, min_width in {**OF_FILES, **({FILE: 70} if with_file else {})}.items()
        if any(column.text(row) not in (NOT_MEASURED, "") for row in rows)
    }
    return columns, [cells(row, columns) for row in rows]


def _day(summary: Summary) -> date | None:
    created = summary.recording.created
    return None if created is None else datetime.fromisoformat(created).date()


def titled_section(title: str, lines: Sequence[str], width: int) -> list[RenderableType]:
    """Return a title after a blank line, and lines wrapped with a hanging indent."""
    columns = min(width, SIZES.prose_width)
    hanging = (fill(line, columns, subsequent_indent="  ", break_on_hyphens=False) for line in lines)
    return [Text(), Text(title, style="bold"), *map(Text, hanging)]
