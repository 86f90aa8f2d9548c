"""The grammar of `imu-reps-recording/1`: its columns, numbers and comment lines."""

from __future__ import annotations

import math
import re

from imu_reps.domain.recording import Note
from imu_reps.domain.samples import ACC_COLUMNS, GYR_COLUMNS, MAX_S
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
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise fault(
            name,
            line_number,
            "this is not text in UTF-8.",
            hint="Check that it is a recording, and save it as plain CSV in UTF-8.",
            code="not_text",
        )
    return text


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
