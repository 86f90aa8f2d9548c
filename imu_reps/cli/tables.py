"""Small tables: laid out for a terminal's width, or one line a row for whatever reads a pipe."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from imu_reps.cli.console import say, show

if TYPE_CHECKING:
    from rich.table import Table

Row = Sequence[str]


def show_table(
    titles: Row, rows: Sequence[Row], *, whole: Collection[str] = (), styles: Sequence[str] | None = None
) -> None:
    """Print a table on standard output.

    Parameters
    ----------
    titles : sequence of str
    rows : sequence of sequence of str
    whole : collection of str
        Titles of the columns whose cells are never broken: what is to be copied.
    styles : sequence of str, optional
        A style of rich for each row, used in a terminal only.
    """
    if sys.stdout.isatty():
        show(partial(_laid_out, titles, rows, whole, styles or [""] * len(rows)))
    else:
        say("\n".join(_one_line_a_row([titles, *rows])))


def _laid_out(
    titles: Row,
    rows: Sequence[Row],
    whole: Collection[str],
    styles: Sequence[str],
    width: int,  # noqa: ARG001 - the table fits itself
) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title in whole)
    for row, style in zip(rows, styles, strict=True):
        table.add_row(*row, style=style)
    return table


def _one_line_a_row(rows: Sequence[Row]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in padded]
