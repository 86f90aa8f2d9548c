"""What spreadsheets and statistics programs make of a recording, taken back without changing a value.

Excel pads comment lines with separators, saves with semicolons and decimal commas in half of Europe, as
UTF-16 when asked for Unicode, and reads ``sep=,`` in a first line; R quotes all cells and writes NA; pandas
and R put the row's number in a first column without a name; others end each row with a separator. Line
numbers stay those of the file.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imu_reps.storage.recording.format import COLUMNS

_SEP_LINE = re.compile(rb'"?sep=.?"?', re.IGNORECASE)
_PADDING = re.compile(r"[,;\t]{3,}$")
UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How another program wrote the file.

    Attributes
    ----------
    separator : str
    decimal_comma : bool
    row_names : bool
        A first column without a name numbers the rows.
    width : int
        Cells of a row; those behind them are empty.
    """

    separator: str
    decimal_comma: bool
    row_names: bool
    width: int

    def plain(self, block: bytes) -> bytes:
        """The same lines as the format has them; what is none of its kind stays as it is."""
        text = block.decode("utf-8", errors="surrogateescape")
        return "\n".join(map(self._line, text.split("\n"))).encode("utf-8", errors="surrogateescape")

    def _line(self, line: str) -> str:
        stripped = line.strip().removeprefix("\ufeff")
        if _SEP_LINE.fullmatch(stripped.encode("utf-8", errors="surrogateescape")):
            return ""
        if stripped.startswith(("#", '"#')):
            return _PADDING.sub("", _first_cell(stripped) if stripped.startswith('"') else stripped)
        if not stripped.strip(f'{self.separator}" '):
            return ""
        return ",".join(map(self._cell, self._cells(stripped)))

    def _cells(self, line: str) -> list[str]:
        cells = _unquoted(line, self.separator) if '"' in line else line.split(self.separator)
        cells = cells[1:] if self.row_names else cells
        return cells if any(cells[self.width :]) else cells[: self.width]

    def _cell(self, cell: str) -> str:
        cell = cell.strip()
        return "" if cell == "NA" else cell.replace(",", ".") if self.decimal_comma else cell


def dialect_of(top: bytes) -> Dialect | None:
    """What wrote the first lines of a file; None where they are as the format has them.

    Parameters
    ----------
    top : bytes
        Whole lines from the beginning.
    """
    row, padded = b"", False
    for line in io.BytesIO(top):
        stripped = line.strip()
        comment = stripped.startswith((b"#", b'"#'))
        ends = (b",,,", b";;;", b"\t\t\t", b'"')
        padded |= bool(_SEP_LINE.fullmatch(stripped)) or (comment and stripped.endswith(ends))
        if stripped and not comment and not _SEP_LINE.fullmatch(stripped):
            row = stripped
            break
    names = row.decode("utf-8", errors="replace")
    separator = max(",;\t", key=names.count)
    cells = [cell.strip().strip('"') for cell in names.split(separator)]
    if not padded and separator == "," and b'"' not in top and cells[0] and cells[-1]:
        return None
    numbers = next(_rows_after(top, row), "")
    width = max((k for k, cell in enumerate(cells, 1) if cell), default=0)
    row_names = cells[0] == "" and width == len(COLUMNS) + 1
    quoted = bool(re.search(r'"-?\d+,\d', numbers))
    decimal_comma = quoted if separator == "," else "," in numbers
    return Dialect(separator, decimal_comma, row_names, width - row_names)


def _rows_after(top: bytes, row: bytes) -> Iterator[str]:
    """Sample rows that follow the row of column names."""
    for line in io.BytesIO(top.partition(row)[2] if row else b""):
        if line.strip() and not line.lstrip().startswith((b"#", b'"#')):
            yield line.decode("utf-8", errors="replace")


def _unquoted(line: str, separator: str) -> list[str]:
    """The cells of a line (RFC 4180); where that is none, what stands between the separators."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _first_cell(line: str) -> str:
    for separator in ",;\t":
        cells = _unquoted(line, separator)
        if len(cells) > 1 or line.endswith('"'):
            return separator.join(cells)
    return line


def in_utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    r"""Pieces of a file as UTF-8 with lines that end in ``\n``: UTF-16 is decoded, a lone CR ends a line."""
    decoder: codecs.IncrementalDecoder | None = None
    old_mac: bool | None = None
    for number, piece in enumerate(pieces):
        if number == 0 and piece[:2] in UTF_16:
            decoder = codecs.getincrementaldecoder(UTF_16[piece[:2]])(errors="replace")
        text = piece if decoder is None else decoder.decode(piece).encode("utf-8")
        if old_mac is None and (b"\n" in text or b"\r" in text):
            old_mac = b"\n" not in text
        yield text.replace(b"\r", b"\n") if old_mac else text
