"""The grammar of `imu-reps-recording/1`, and its lines as files have them: zipped, cut, in a dialect."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.recording import Note
from imu_reps.domain.samples import ACC_COLUMNS, GYR_COLUMNS, MAX_S, BoolArray, IntArray
from imu_reps.errors import RecordingError

FORMAT = "imu-reps-recording/1"
#: First line of every recording written by this program.
FIRST_LINE = f"# format: {FORMAT}\n"


COLUMNS = ("time_s", "sensor", "sample", "device_time_s", *ACC_COLUMNS, *GYR_COLUMNS)
COLUMN_ROW = ",".join(COLUMNS)

#: Marks the end of a truncated row after which notes were written.
CUT_MARK = "#"

# Unambiguous, so that no cell, however long, leads to backtracking.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NOTE_KEY = re.compile(r"@(\S+)\s+(\S.*)")
# Characters that would end a line early, or make the file look binary to a reader.
_CONTROL = re.compile(r"[\x00-\x1f]")


def fault(name: str, line: int, what: str, *, hint: str, code: str) -> RecordingError:
    """Return the error of a line in the file `name`; lines count from 1."""
    return RecordingError(f"{name}, line {line}: {what}", hint=hint, code=code)


def shown(text: str) -> str:
    """Return a text of the file quoted and shortened, for a message."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


def decode_line(line: bytes, *, name: str, line_number: int) -> str:
    """Decode one line of the file.

    Raises
    ------
    RecordingError
        ``not_text``: the line is not UTF-8, or contains NUL bytes.
    """
    if b"\0" in line:
        what = "this holds NUL bytes, as a disk leaves where writing was cut off, and is no text."
        hint = "Copy the file again; the lines before this one can be kept in a file of their own."
        raise fault(name, line_number, what, hint=hint, code="not_text")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise fault(
            name,
            line_number,
            "this is not text in UTF-8.",
            hint="Check that it is a recording, and save it as plain CSV in UTF-8.",
            code="not_text",
        ) from None


def finite_number(text: str) -> float:
    """Parse a plain decimal number, with or without exponent.

    Raises
    ------
    ValueError
        `text` is anything else: empty, a word, ``nan``, infinite, with a decimal comma.
    """
    text = text.strip()
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a number")
    return value


def split_comment(line: str) -> tuple[str, str] | None:
    """Return key and value of a comment line ``# key: value``; None if it is not one."""
    key, colon, value = line.lstrip("#").partition(":")
    return (key.strip(), value.strip()) if colon and key.strip() else None


def note_of(key: str, value: str) -> Note | None:
    """Parse the note of a comment whose key is ``@TIME_S key``; None if it is not well formed.

    Parameters
    ----------
    key, value : str
        As returned by `split_comment`.
    """
    match = _NOTE_KEY.fullmatch(key)
    if match is None:
        return None
    try:
        time_s = finite_number(match[1])
    except ValueError:
        return None
    return Note(time_s, match[2], value) if abs(time_s) <= MAX_S else None


def comment_line(key: str, value: str) -> str:
    """Return the comment line from which `split_comment` returns the same key and value.

    Raises
    ------
    ValueError
        There is no such line: line breaks or other control characters, blanks at the ends, an empty key, a
        colon in the key.
    """
    plain = key == key.strip() and value == value.strip() and not _CONTROL.search(key + value)
    if not plain or not key or ":" in key or key.startswith("#"):
        raise ValueError(f"cannot be written on one line '# key: value': {key!r}, {value!r}")
    return f"# {key}: {value}".rstrip() + "\n"


def note_line(note: Note) -> str:
    """Return the line of a note.

    Raises
    ------
    ValueError
        The note would not be read back the same (see `comment_line`).
    """
    if not math.isfinite(note.time_s) or note.key != note.key.strip() or not note.key:
        raise ValueError(f"not a note that can be written: {note}")
    return comment_line(f"@{note.time_s:.6f} {note.key}", note.value)


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """How much of a file is read at once, and at most, in bytes."""

    #: What parses more at once would get its memory from the system for each block, a tenth of the time.
    block_bytes: int = 2 << 20
    #: A larger buffer would be allocated by the system for each file, a tenth of the time of a small file.
    read_bytes: int = 1 << 20
    #: More at a time would be memory that the system clears for each comparison, a tenth of the time of a
    #: file.
    slice_bytes: int = 96 << 10
    longest_line_bytes: int = 16 << 20
    #: Maximum size of a file; two sensors at 200 Hz reach it in about four hours.
    max_bytes: int = 512 << 20


LIMITS = SizeLimits()

GZIP_MAGIC = b"\x1f\x8b"
_LINE_END = ord("\n")
#: Bytes with which a comment or a blank line begins; spreadsheets write blank lines as commas alone.
_MAY_BEGIN_ANOTHER = np.isin(np.arange(256), list(b"#\n \t,"))


def pieces_of(file: BufferedReader, *, name: str) -> Iterator[bytes]:
    """Yield the bytes of a file, decompressed if it is gzip; a truncated file yields what it has.

    Raises
    ------
    RecordingError
        ``damaged_gzip``, ``too_large``.
    """
    if not file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
        yield from _bounded(iter(lambda: file.read(LIMITS.read_bytes), b""), name)
        return
    with gzip.GzipFile(fileobj=file) as unpacked:
        try:
            if unpacked.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
                raise RecordingError(
                    f"{name} is compressed twice.",
                    hint="Unpack it once: gunzip, or any program for archives.",
                    code="damaged_gzip",
                )
            # read1 returns the data before the missing end; read would lose them.
            yield from _bounded(iter(lambda: unpacked.read1(LIMITS.read_bytes), b""), name)
        except EOFError:
            return
        except (gzip.BadGzipFile, zlib.error) as error:
            raise RecordingError(
                f"{name}: the gzip file is damaged ({error}).",
                hint="Copy it again from where it came from.",
                code="damaged_gzip",
            ) from None


def _bounded(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LIMITS.max_bytes:
            raise RecordingError(
                f"{name} holds more than {LIMITS.max_bytes >> 20} MB of text: "
                "that is no recording of one set.",
                hint="Record each set in a file of its own.",
                code="too_large",
            )
        yield piece


def whole_lines(pieces: Iterable[bytes], *, name: str) -> Iterator[bytes]:
    r"""Yield blocks of lines that end with ``\n``, and finally the rest after the last ``\n``, if any.

    Raises
    ------
    RecordingError
        ``not_text``: a line is longer than any in a recording.
    """
    waiting: list[bytes] = []
    for piece in pieces:
        waiting.append(piece)
        size = sum(map(len, waiting))
        if size < LIMITS.block_bytes:
            continue
        if end := piece.rfind(b"\n") + 1:
            yield b"".join([*waiting[:-1], memoryview(piece)[:end]])
            waiting = [piece[end:]]
        elif size > LIMITS.block_bytes + LIMITS.longest_line_bytes:
            raise RecordingError(
                f"{name}: a line is longer than {LIMITS.longest_line_bytes >> 20} MB; "
                "this is not a recording.",
                hint="Check that the right file was named.",
                code="not_text",
            )
    rest = b"".join(waiting)
    end = rest.rfind(b"\n") + 1
    yield from filter(None, (rest[:end], rest[end:]))


def mark_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each block, and whether it is the last."""
    previous: bytes | None = None
    for block in blocks:
        if previous is not None:
            yield previous, False
        previous = block
    if previous is not None:
        yield previous, True


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a block by kind.

    Attributes
    ----------
    rows : bytes
        Sample rows, each with its line end.
    row_lines : (n,) int
        Their line numbers in the file.
    comments : tuple of (int, bytes)
        Line number and text of each comment line.
    count : int
        Number of all lines, including blank ones.
    """

    rows: bytes
    row_lines: IntArray
    comments: tuple[tuple[int, bytes], ...]
    count: int


def sort_lines(block: bytes, first_line: int) -> Lines:
    """Separate comments from sample rows; blank lines are dropped.

    Parameters
    ----------
    block : bytes
        Whole lines.
    first_line : int
        Line number of the first.
    """
    found = [start + (few == _LINE_END).nonzero()[0] for start, few in letters_of(block)]
    ends = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    letters = np.frombuffer(block, dtype=np.uint8)
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    numbers = np.arange(first_line, first_line + len(ends), dtype=np.int64)
    comments: list[tuple[int, bytes]] = []
    is_row = np.ones(len(ends), dtype=np.bool_)
    for index in np.flatnonzero(_MAY_BEGIN_ANOTHER[letters[starts]]):
        line = block[starts[index] : ends[index]].lstrip(b" \t")
        is_row[index] = bool(line.strip(b", \t")) and not line.startswith(b"#")
        if line.startswith(b"#"):
            comments.append((int(numbers[index]), line))
    return Lines(_joined(block, starts, ends, is_row), numbers[is_row], tuple(comments), len(ends))


def letters_of(block: bytes) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the bytes of a block, few at a time, and where they begin."""
    letters = np.frombuffer(block, dtype=np.uint8)
    for start in range(0, len(letters), LIMITS.slice_bytes):
        yield start, letters[start : start + LIMITS.slice_bytes]


def _joined(block: bytes, starts: IntArray, ends: IntArray, is_row: BoolArray) -> bytes:
    """Return the rows alone, joined from the stretches between other lines."""
    not_rows = np.flatnonzero(~is_row)
    if not len(not_rows):
        return block
    begin = [0, *(ends[not_rows] + 1)]
    end = [*starts[not_rows], len(block)]
    return b"".join(block[start:stop] for start, stop in zip(begin, end, strict=True))


_SEP_LINE = re.compile(rb'"?sep=.?"?', re.IGNORECASE)
UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How another program wrote the file; undone without changing a value or a line number.

    Excel pads comment lines with separators, saves with semicolons and decimal commas in half of Europe, as
    UTF-16 when asked for Unicode, and reads ``sep=,`` in a first line; R quotes all cells and writes NA;
    pandas and R put the row's number in a first column without a name; others end each row with a separator.

    Attributes
    ----------
    row_names : bool
        Whether a first column without a name numbers the rows.
    width : int
        Number of cells in a row; further cells are empty.
    """

    separator: str
    decimal_comma: bool
    row_names: bool
    width: int

    def plain(self, block: bytes) -> bytes:
        """Convert lines to the format's own dialect; lines of another kind are unchanged."""
        text = block.decode("utf-8", errors="surrogateescape")
        return "\n".join(map(self._line, text.split("\n"))).encode("utf-8", errors="surrogateescape")

    def _line(self, line: str) -> str:
        stripped = line.strip().removeprefix("\ufeff")
        if _SEP_LINE.fullmatch(stripped.encode("utf-8", errors="surrogateescape")):
            return ""
        if stripped.startswith(("#", '"#')):
            return _unpadded(_first_cell(stripped) if stripped.startswith('"') else stripped)
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
    """Detect the dialect of a file by its first lines; None if it is the format's own.

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
    """Yield the sample rows after the row of column names."""
    for line in io.BytesIO(top.partition(row)[2] if row else b""):
        if line.strip() and not line.lstrip().startswith((b"#", b'"#')):
            yield line.decode("utf-8", errors="replace")


def _unquoted(line: str, separator: str) -> list[str]:
    """Split a line into cells by RFC 4180, or at the separators if it does not comply."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _unpadded(line: str) -> str:
    bare = line.rstrip(",;\t")
    return bare if len(line) - len(bare) >= 3 else line  # fewer separators may be the comment's own


def _first_cell(line: str) -> str:
    for separator in ",;\t":
        cells = _unquoted(line, separator)
        if len(cells) > 1 or line.endswith('"'):
            return separator.join(cells)
    return line


def utf_16_of(start: bytes) -> str | None:
    """Return which UTF-16 a text is in, by a mark or two Latin characters at its start; None if in none."""
    zeros = [byte == 0 for byte in start[:4]]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if zeros == [True, False, True, False] else UTF_16.get(start[:2])


def in_utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    r"""Convert pieces of a file to UTF-8 whose lines end in ``\n``, from UTF-16 and CRs of any kind."""
    decoder: codecs.IncrementalDecoder | None = None
    half = b""  # the first half of a CR LF, perhaps
    for number, piece in enumerate(pieces):
        if number == 0 and (encoding := utf_16_of(piece)) is not None:
            decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        text = half + (piece if decoder is None else decoder.decode(piece).encode("utf-8"))
        half = b"\r" if text.endswith(b"\r") else b""
        text = text.removesuffix(b"\r")
        yield text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    if half:
        yield b"\n"
