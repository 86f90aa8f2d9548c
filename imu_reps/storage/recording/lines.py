"""Bytes of a recording to blocks of whole lines, comments apart from rows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader

import numpy as np

from imu_reps.domain.samples import BoolArray, IntArray
from imu_reps.errors import RecordingError

BLOCK_BYTES = 4 << 20
#: A larger buffer for reading would be asked of the system anew for each file: a tenth of a small one's time.
_READ_BYTES = 1 << 20
_LONGEST_LINE_BYTES = 16 << 20
#: Two sensors at 200 Hz fill it in about four hours.
MAX_BYTES = 512 << 20
GZIP_MAGIC = b"\x1f\x8b"
_LINE_END = ord("\n")
#: Bytes with which a comment or a blank line begins; spreadsheets write blank lines as commas alone.
_MAY_BEGIN_ANOTHER = np.isin(np.arange(256), list(b"#\n \t,"))


def pieces_of(file: BufferedReader, *, name: str) -> Iterator[bytes]:
    """Bytes of a file, unpacked where it is gzip; one that was cut off gives what is there.

    Raises
    ------
    RecordingError
        ``damaged_gzip``, ``too_large``.
    """
    if not file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
        yield from _bounded(iter(lambda: file.read(_READ_BYTES), b""), name)
        return
    with gzip.GzipFile(fileobj=file) as unpacked:
        try:
            # read1 hands out what there is before it meets the missing end; read would lose it.
            yield from _bounded(iter(lambda: unpacked.read1(_READ_BYTES), b""), name)
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
        if size > MAX_BYTES:
            raise RecordingError(
                f"{name} holds more than {MAX_BYTES >> 20} MB of text: that is no recording of one set.",
                hint="Record each set in a file of its own.",
                code="too_large",
            )
        yield piece


def whole_lines(pieces: Iterable[bytes], *, name: str) -> Iterator[bytes]:
    r"""Blocks of lines that end with ``\n``, and at the very end what follows the last ``\n``, if anything.

    Raises
    ------
    RecordingError
        ``not_text``: no line ends within a length no recording has.
    """
    waiting: list[bytes] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) < BLOCK_BYTES:
            continue
        rest = b"".join(waiting)
        if end := rest.rfind(b"\n") + 1:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > _LONGEST_LINE_BYTES:
            raise RecordingError(
                f"{name}: a line is longer than {_LONGEST_LINE_BYTES >> 20} MB; this is not a recording.",
                hint="Check that the right file was named.",
                code="not_text",
            )
        waiting = [rest]
    rest = b"".join(waiting)
    end = rest.rfind(b"\n") + 1
    yield from filter(None, (rest[:end], rest[end:]))


def mark_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block, and whether it is the last."""
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
        Of all lines, blank ones too.
    """

    rows: bytes
    row_lines: IntArray
    comments: tuple[tuple[int, bytes], ...]
    count: int


def sort_lines(block: bytes, first_line: int) -> Lines:
    """Part the comments from the sample rows; blank lines go.

    Parameters
    ----------
    block : bytes
        Whole lines.
    first_line : int
        Line number of the first.
    """
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    letters = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(letters == _LINE_END)
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


def _joined(block: bytes, starts: IntArray, ends: IntArray, is_row: BoolArray) -> bytes:
    """The rows alone: what stands between other lines is taken in one piece."""
    others = np.flatnonzero(~is_row)
    if not len(others):
        return block
    begin = [0, *(ends[others] + 1)]
    end = [*starts[others], len(block)]
    return b"".join(block[start:stop] for start, stop in zip(begin, end, strict=True))
