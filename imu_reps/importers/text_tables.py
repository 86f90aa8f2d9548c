"""Parse the text of an export to a table: preamble, column names, cells."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.errors import RecordingError


@dataclass(frozen=True, slots=True)
class TableLimits:
    """What is read of the text of a table."""

    #: Minimum cells of a row of samples: a time and three axes.
    min_cells: int = 4
    #: Largest plausible number in any unit: a time in ns since 1970 is 2e18.
    max_number: float = 1e30
    #: Maximum number of characters of a number.
    max_number_length: int = 400
    #: Maximum lines above a table.
    max_preamble_lines: int = 100


LIMITS = TableLimits()

_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)


def import_error(name: str, what: str, *, hint: str, code: str) -> RecordingError:
    """Return the error of an export that cannot be imported."""
    return RecordingError(f"{name}: {what}", hint=hint, code=code)


def decode_text(content: bytes) -> str:
    """Decode an export: UTF-8 or, by its byte order mark, UTF-16, else Latin-1."""
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
        The file's name, for messages and for formats recognised by it.
    preamble : tuple of str
        Lines above the column names.
    columns : tuple of str
        Their names.
    units : tuple of str
        Row of units below the names; else empty.
    first_line : int
        Line of the first row, from 1.
    cut : bool
        Whether a truncated last row was left out.
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
        """Return whether all of these columns exist."""
        return set(columns) <= set(self.columns)

    def text(self, column: str) -> list[str]:
        """Return the cells of a column.

        Raises
        ------
        RecordingError
            ``missing_column``.
        """
        if column not in self.columns:
            found = ", ".join(self.columns)[:300]
            raise import_error(
                self.name,
                f"there is no column {column!r}; found was {found}.",
                hint="Export the file again with all columns, or name its columns with --map.",
                code="missing_column",
            )
        at = self.columns.index(column)
        return [row[at] for row in self.cells]

    def number(self, column: str) -> FloatArray:
        """Return the numbers of a column, (n,).

        Raises
        ------
        RecordingError
            ``missing_column``, ``not_a_number``.
        """
        texts = self.text(column)
        if self.decimal_comma:
            texts = [text.replace(",", ".") for text in texts]
        values = np.full(len(texts), np.nan)
        # every element of an array of strings takes the size of the longest
        if max(map(len, texts), default=0) <= LIMITS.max_number_length:
            with (
                suppress(ValueError),
                np.errstate(over="ignore"),
            ):  # numbers that are too large become infinite, and are refused
                values = np.array(texts, dtype=np.str_).astype(np.float64)
        if (np.abs(values) <= LIMITS.max_number).all() and not any("_" in text for text in texts):
            return values
        wrong = next((k for k, text in enumerate(texts) if not _is_finite(text)), 0)
        raise import_error(
            f"{self.name}, line {self.first_line + wrong}",
            f"column {column!r} is {texts[wrong][:40]!r}, not a number.",
            hint="Delete the row: then it counts as lost; or export the file again.",
            code="not_a_number",
        )

    def vectors(self, columns: Sequence[str]) -> FloatArray:
        """Stack columns to (n, 3); raises as `number`."""
        return np.column_stack([self.number(column) for column in columns])


def _is_finite(text: str) -> bool:
    number = len(text) <= LIMITS.max_number_length and _NUMBER.fullmatch(text) and "," not in text
    return bool(number) and abs(float(text)) <= LIMITS.max_number


def parse_table(text: str, name: str) -> ExportTable:
    """Find the table in the text of an export.

    Raises
    ------
    RecordingError
        ``not_text``, ``no_table``, ``uneven_rows``.
    """
    if "\0" in text:
        raise import_error(name, "this is not text.", hint="Export it again as CSV or text.", code="not_text")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = _first_row(lines)
    if start is None:
        raise import_error(
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
        raise import_error(name, "there is no whole row in it.", hint="Export it again.", code="no_table")
    comma = separator != "," and any(_DECIMAL_COMMA.fullmatch(cell) for row in rows[:5] for cell in row)
    names, units = (*heads, (), ())[:2]
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
    """Return the first line of samples, the separator, and the number of cells in a row."""
    for at, line in enumerate(lines[: LIMITS.max_preamble_lines]):
        for separator in sorted("\t;,", key=line.count, reverse=True):
            cells = _cells(line, separator)
            filled = [cell for cell in cells if cell]
            numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in filled)
            if len(filled) >= LIMITS.min_cells and 2 * numbers > len(filled):
                return at, separator, len(cells)
    return None


def _heads(above: list[str], separator: str, count: int) -> list[tuple[str, ...]]:
    """Return the rows of names and units right above the samples, the names first."""
    heads: list[tuple[str, ...]] = []
    for line in reversed(above):
        cells = _cells(line.lstrip("\ufeff"), separator)
        if len(cells) < LIMITS.min_cells or abs(len(cells) - count) > 1:
            break
        heads.insert(0, (*cells, *[""] * (count - len(cells)))[:count])
    return heads


def _rows(
    body: list[str], separator: str, count: int, *, ends: bool, name: str, first_line: int
) -> tuple[list[tuple[str, ...]], bool]:
    """Return the complete rows, and whether a truncated last row was left out."""
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
            raise import_error(
                f"{name}, line {first_line + number}",
                f"{len(cells)} values where {count} columns are.",
                hint="Restore the row as it was exported; one that was never sent counts as lost.",
                code="uneven_rows",
            )
    return rows, False
