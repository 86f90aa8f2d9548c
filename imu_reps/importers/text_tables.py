"""The text of an export as a table: what stands above it, its column names, its cells."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.errors import RecordingError

#: A table of samples has a time and three axes at least.
FEWEST_CELLS = 4
#: What stands above a table is shorter.
MAX_PREAMBLE_LINES = 100
_NUMBER = re.compile(r"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)


def import_fault(name: str, what: str, *, hint: str, code: str) -> RecordingError:
    """The error of an export that cannot be imported."""
    return RecordingError(f"{name}: {what}", hint=hint, code=code)


def text_of(content: bytes) -> str:
    """Text of an export: UTF-8 or, by its mark, UTF-16; else every byte a character, so that none is lost."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace").lstrip("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table of an export.

    Attributes
    ----------
    name : str
        The file, for messages and for formats that say in its name what it holds.
    preamble : tuple of str
        Lines above the column names.
    columns : tuple of str
        Their names.
    units : tuple of str
        The row below the names where it is one of units; else empty.
    first_line : int
        Line of the first row, from 1.
    cut : bool
        The last row had no end, or too few cells, and was left out.
    """

    name: str
    preamble: tuple[str, ...]
    columns: tuple[str, ...]
    units: tuple[str, ...]
    first_line: int
    cut: bool
    cells: tuple[tuple[str, ...], ...]
    decimal_comma: bool

    def __len__(self) -> int:
        return len(self.cells)

    def has(self, *columns: str) -> bool:
        """Whether all of these columns are there."""
        return set(columns) <= set(self.columns)

    def text(self, column: str) -> list[str]:
        """Cells of a column.

        Raises
        ------
        RecordingError
            ``missing_column``.
        """
        if column not in self.columns:
            found = ", ".join(self.columns)[:300]
            raise import_fault(
                self.name,
                f"there is no column {column!r}; found was {found}.",
                hint="Export the file again with all columns, or name its columns with --map.",
                code="missing_column",
            )
        at = self.columns.index(column)
        return [row[at] for row in self.cells]

    def number(self, column: str) -> FloatArray:
        """Numbers of a column, (n,).

        Raises
        ------
        RecordingError
            ``missing_column``, ``not_a_number``.
        """
        texts = self.text(column)
        if self.decimal_comma:
            texts = [text.replace(",", ".") for text in texts]
        try:
            values = np.array(texts, dtype=np.str_).astype(np.float64)
        except ValueError:
            values = np.full(len(texts), np.nan)
        if np.isfinite(values).all() and not any("_" in text for text in texts):
            return values
        wrong = next((k for k, text in enumerate(texts) if not _is_finite(text)), 0)
        raise import_fault(
            f"{self.name}, line {self.first_line + wrong}",
            f"column {column!r} is {texts[wrong][:40]!r}, not a number.",
            hint="Delete the row: then it counts as lost; or export the file again.",
            code="not_a_number",
        )

    def vectors(self, columns: Sequence[str]) -> FloatArray:
        """Three columns side by side, (n, 3); raises as `number`."""
        return np.column_stack([self.number(column) for column in columns])


def _is_finite(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and "," not in text and bool(np.isfinite(float(text)))


def table_of(text: str, name: str) -> ExportTable:
    """Find the table in the text of an export.

    Raises
    ------
    RecordingError
        ``not_text``, ``no_table``, ``uneven_rows``.
    """
    if "\0" in text:
        raise import_fault(name, "this is not text.", hint="Export it again as CSV or text.", code="not_text")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = _first_row(lines)
    if start is None:
        raise import_fault(
            name,
            "there is no table of numbers in it.",
            hint="Name the file with the samples; imu-reps docs importing lists the formats.",
            code="no_table",
        )
    at, separator, count = start
    heads = _heads(lines[:at], separator, count)
    body = lines[at:]
    rows, cut = _rows(body, separator, count, ends=text.endswith(("\n", "\r")), name=name, first_line=at + 1)
    if not rows:
        raise import_fault(name, "there is no whole row in it.", hint="Export it again.", code="no_table")
    comma = separator != "," and any(_DECIMAL_COMMA.fullmatch(cell) for row in rows[:5] for cell in row)
    names, units = (heads[0], heads[1] if len(heads) > 1 else ()) if heads else ((), ())
    above = [line for line in lines[:at] if line.strip()]
    return ExportTable(
        name, tuple(above[: len(above) - len(heads)]), names, units, at + 1, cut, tuple(rows), comma
    )


def _cells(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=separator), []))
    except csv.Error:
        return tuple(line.split(separator))


def _first_row(lines: list[str]) -> tuple[int, str, int] | None:
    """Where the samples begin, what separates them, and how many cells a row has."""
    for at, line in enumerate(lines[:MAX_PREAMBLE_LINES]):
        for separator in sorted("\t;,", key=line.count, reverse=True):
            cells = _cells(line, separator)
            filled = [cell for cell in cells if cell]
            numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in filled)
            if len(filled) >= FEWEST_CELLS and 2 * numbers > len(filled):
                return at, separator, len(cells)
    return None


def _heads(above: list[str], separator: str, count: int) -> list[tuple[str, ...]]:
    """Rows of names and units right above the samples, the names first."""
    heads: list[tuple[str, ...]] = []
    for line in reversed(above):
        cells = _cells(line.lstrip("\ufeff"), separator)
        if len(cells) < FEWEST_CELLS or abs(len(cells) - count) > 1:
            break
        heads.insert(0, (*cells, *[""] * (count - len(cells)))[:count])
    return heads


def _rows(
    body: list[str], separator: str, count: int, *, ends: bool, name: str, first_line: int
) -> tuple[list[tuple[str, ...]], bool]:
    """Whole rows; a last one that was cut off is left out."""
    while body and not body[-1].strip():
        body = body[:-1]
    rows: list[tuple[str, ...]] = []
    for number, line in enumerate(body):
        cells = _cells(line, separator)
        if len(cells) == count and (ends or number < len(body) - 1):
            rows.append(cells)
        elif number == len(body) - 1:
            return rows, len(cells) != count or not ends
        else:
            raise import_fault(
                f"{name}, line {first_line + number}",
                f"{len(cells)} values where {count} columns are.",
                hint="Restore the row as it was exported; one that was never sent counts as lost.",
                code="uneven_rows",
            )
    return rows, False
