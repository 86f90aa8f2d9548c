"""Table with one row per repetition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.table import Table
from rich.text import Text

from imu_reps.domain.rep import Rep
from imu_reps.domain.summary import Summary
from imu_reps.report.formatting import NOT_MEASURED
from imu_reps.report.phrases import flag_label

#: Below these widths the table gets single gaps, and short heads.
SINGLE_GAPS, SHORT_HEADS = 90, 74
#: Minimum width of the verdict.
VERDICT_WIDTH = 12
#: A pause longer than this is a rest (docs/definitions.md#phases: out of the means).
_REST_S = 10.0


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
        box=None, pad_edge=False, padding=(0, 1 if width < SINGLE_GAPS else 2, 0, 0), header_style="dim"
    )
    table.add_column("rep\n", justify="right", no_wrap=True)
    for column in columns:
        head = column.short if width < SHORT_HEADS else column.head
        table.add_column(f"{head}\n{column.unit}", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for rep, cells in zip(summary.reps, _cells(summary, columns), strict=True):
        table.add_row(str(rep.number), *cells, verdict(rep))
    return table


def _fitting(columns: list[Column], width: int) -> list[Column]:
    """Return the columns that fit next to the verdict."""
    while len(columns) > 1 and _used_width(columns, width) + VERDICT_WIDTH > width:
        last = max(column.rank for column in columns)
        columns = [column for column in columns if column.rank < last]
    return columns


def _used_width(columns: list[Column], width: int) -> int:
    gap = 1 if width < SINGLE_GAPS else 2
    names = [column.short if width < SHORT_HEADS else column.head for column in columns]
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
    return [
        _DOWN,
        _BOTTOM,
        _UP,
        _TOP,
        _RANGE,
        *pelvis,
        _SPEED if recording.exercise == "heel_tap" else _MOMENTUM,
    ]


def _cells(summary: Summary, columns: list[Column]) -> list[list[str]]:
    resting = _BOTTOM if summary.recording.start == "low" else _TOP
    return [
        [_cell(column, rep, after if column is resting else NOT_MEASURED) for column in columns]
        for rep, after in zip(summary.reps, _instead_of_pause(summary.reps), strict=True)
    ]


def _instead_of_pause(reps: Sequence[Rep]) -> list[str]:
    """Return the text for a missing pause after each repetition: a rest, or the end of the set."""
    gaps = [after.start_s - before.end_s for before, after in pairwise(reps)]
    return [*("rest" if gap > _REST_S else NOT_MEASURED for gap in gaps), ""][: len(reps)]


def _cell(column: Column, rep: Rep, missing: str) -> str:
    value = column.read(rep)
    if value is None:
        return missing
    return f"{round(value, column.decimals) + 0.0:.{column.decimals}f}".replace("-", "−")
