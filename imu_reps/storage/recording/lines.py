"""Bytes of a recording to blocks of whole lines, comments apart from rows."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader

import numpy as np

from imu_reps.domain.samples import IntArray
from imu_reps.errors import RecordingError

BLOCK_BYTES = 4 << 20
_LONGEST_LINE_BYTES = 16 << 20
#: Two sensors at 200 Hz fill it in about four hours.
MAX_BYTES = 512 << 20
GZIP_MAGIC = b"\x1f\x8b"
_COMMENT_OR_BLANK = re.compile(rb"^[ \t]*(#[^\n]*)?\n", re.MULTILINE)
_SIGNS_OF_COMMENT_OR_BLANK = (b"\n#", b"\n\n", b"\n ", b"\n\t")


def pieces_of(file: BufferedReader, *, name: str) -> Iterator[bytes]:
    """Bytes of a file, unpacked where it is gzip; one that was cut off gives what is there.

    Raises
    ------
    RecordingError
        ``damaged_gzip``, ``too_large``.
    """
    if not file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
        yield from _bounded(iter(lambda: file.read(BLOCK_BYTES), b""), name)
        return
    with gzip.GzipFile(fileobj=file) as unpacked:
        try:
            # read1 hands out what there is before it meets the missing end; read would lose it.
            yield from _bounded(iter(lambda: unpacked.read1(BLOCK_BYTES), b""), name)
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
    rest = bytearray()
    for piece in pieces:
        rest += piece
        if len(rest) < BLOCK_BYTES:
            continue
        if end := rest.rfind(b"\n") + 1:
            yield bytes(rest[:end])
            del rest[:end]
        elif len(rest) > _LONGEST_LINE_BYTES:
            raise RecordingError(
                f"{name}: a line is longer than {_LONGEST_LINE_BYTES >> 20} MB; this is not a recording.",
                hint="Check that the right file was named.",
                code="not_text",
            )
    end = rest.rfind(b"\n") + 1
    yield from (bytes(part) for part in (rest[:end], rest[end:]) if part)


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
    """

    rows: bytes
    row_lines: IntArray
    comments: tuple[tuple[int, bytes], ...]


def sort_lines(block: bytes, first_line: int) -> Lines:
    """Part the comments from the sample rows; blank lines go.

    Parameters
    ----------
    block : bytes
        Whole lines.
    first_line : int
        Line number of the first.
    """
    numbers = np.arange(first_line, first_line + block.count(b"\n"), dtype=np.int64)
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    starts_plain = not block.startswith((b"#", b"\n", b" ", b"\t"))
    if starts_plain and not any(sign in block for sign in _SIGNS_OF_COMMENT_OR_BLANK):
        return Lines(block, numbers, ())
    rows: list[bytes] = []
    comments: list[tuple[int, bytes]] = []
    is_row = np.ones(len(numbers), dtype=np.bool_)
    end = index = 0
    for match in _COMMENT_OR_BLANK.finditer(block):
        rows.append(block[end : match.start()])
        index += rows[-1].count(b"\n")
        is_row[index] = False
        if match[1] is not None:
            comments.append((int(numbers[index]), match[1]))
        end, index = match.end(), index + 1
    rows.append(block[end:])
    return Lines(b"".join(rows), numbers[is_row], tuple(comments))
