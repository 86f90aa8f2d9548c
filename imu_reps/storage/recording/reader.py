"""Reads a recording: all complete rows, with clear errors for everything else."""

from __future__ import annotations

import codecs
import io
import os
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from imu_reps.domain.file_kinds import HEAD_CHARACTERS, export_kind, export_name
from imu_reps.domain.recording import Caution, Header, Note, Recording, corrected_header, corrections_of
from imu_reps.domain.samples import (
    SENSOR_PLACES,
    FloatArray,
    IntArray,
    SampleBlock,
    SensorPlace,
    concatenate,
)
from imu_reps.domain.validation import require_instance
from imu_reps.errors import RecordingError, RefusedValueError
from imu_reps.storage.file_access import file_errors, refuse_other_file, require_regular_file
from imu_reps.storage.recording.format import (
    COLUMNS,
    CUT_MARK,
    decode_line,
    dialect_of,
    fault,
    in_utf8,
    mark_last,
    note_of,
    pieces_of,
    shown,
    sort_lines,
    split_comment,
    whole_lines,
)
from imu_reps.storage.recording.header import HeaderLine, read_header
from imu_reps.storage.recording.rows import read_columns, read_rows

#: Longest time between the rows before and after one whose time alone is wrong, seconds (ours).
LONE_S = 1.0

#: Fewest steps back of rows that are sorted by something else than time, as no clock is set that often in a
#: set; and share of all steps from which the rows stand in reverse (ours).
SORTED_BACK, REVERSED_SHARE = 3, 0.9


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a recording file, plain or gzip.

    Parameters
    ----------
    path : path-like
        Stored in `Recording.file` as given.

    Returns
    -------
    Recording
        All complete rows of the file, with nothing repaired; what a user of the numbers should know is in
        `Recording.cautions`. The header has exercise, side and person as corrected by hand.

    Raises
    ------
    FileAccessError
        The file cannot be read: ``not_found``, ``is_folder``, ``no_file``, ``permission``, ``file_access``.
    RecordingError
        The content is not a recording or has an error; the message names the line or column.
    """
    require_instance("path", path, str, os.PathLike)
    name = os.fspath(path)
    if "\0" in name:
        raise RefusedValueError("The path holds a NUL character.", hint="Name the file.")
    with file_errors(name):
        require_regular_file(Path(path))
        with Path(path).open("rb") as file:
            return _read(pieces_of(file, name=name), name)


def load_comments(path: str | os.PathLike[str]) -> Recording:
    """Read only the header and the notes of a recording, which is fast; its samples are not checked.

    Raises
    ------
    FileAccessError, RecordingError
        As `load`, for the comment lines.
    """
    name = os.fspath(path)
    with file_errors(name):
        require_regular_file(Path(path))
        with Path(path).open("rb") as file:
            blocks, header, _, line, comments = _begin(pieces_of(file, name=name), name)
            for block in blocks:
                lines = sort_lines(block, line)
                comments.add(lines.comments)
                line += lines.count
    notes = tuple(comments.notes)
    return Recording(corrected_header(header, corrections_of(notes)), None, None, notes, name)


def parse_recording(text_or_bytes: bytes, *, name: str) -> Recording:
    """Read a recording from the bytes of its file (see `load`).

    Parameters
    ----------
    text_or_bytes : bytes
        Content of the file.
    name : str
        Name of the file in messages and in `Recording.file`.

    Raises
    ------
    RecordingError
        As `load`.
    """
    return _read(pieces_of(io.BufferedReader(io.BytesIO(text_or_bytes)), name=name), name)


def _begin(
    pieces: Iterable[bytes], name: str
) -> tuple[Iterator[bytes], Header, tuple[str, ...], int, _Comments]:
    """Read the top of a file: blocks of the lines after it, header, columns, first line number, comments."""
    blocks: Iterator[bytes] = whole_lines(in_utf8(pieces), name=name)
    top = next(blocks, b"").removeprefix(codecs.BOM_UTF8)
    _refuse_export(top, name)
    dialect = dialect_of(top)
    if dialect is not None:
        top, blocks = dialect.plain(top), map(dialect.plain, blocks)
    if not top or top.isspace():
        raise RecordingError(
            f"{name} is empty.", hint="Record the set again, or name another file.", code="empty_file"
        )
    comments = _Comments(name)
    header, columns, body, line = _read_top(top, comments)
    return chain([body], blocks), header, columns, line, comments


def _read(pieces: Iterable[bytes], name: str) -> Recording:
    blocks, header, columns, line, comments = _begin(pieces, name)
    samples = _Samples(name, columns)
    for block, is_last in mark_last(blocks):
        kept = samples.leave_out_cut_row(block, line) if is_last else block
        lines = sort_lines(kept, line)
        comments.add(lines.comments)
        for rows, row_lines in read_rows(lines.rows, lines.row_lines, columns, name=name):
            samples.add(rows, row_lines)
        line += lines.count
    return _recording(header, comments, samples)


def _refuse_export(top: bytes, name: str) -> None:
    if top.lstrip(b'" \t').startswith(b"#"):
        return
    kind = export_kind(top[:HEAD_CHARACTERS].decode("utf-8", errors="replace"))
    if kind in (None, "excel"):
        refuse_other_file(top, name)
    if kind is not None:
        raise RecordingError(
            f"{name} is no recording; it looks like {export_name(kind)}.",
            hint=f"Make one of it: imu-reps import {shlex.quote(name)} -o NEW.csv (imu-reps docs importing).",
            code="foreign_export",
        )


def _broken_off(header: Header, comments: _Comments, samples: _Samples) -> list[Caution]:
    """Return a caution for a recording by this program (its header names devices) that was never ended."""
    is_own = any(f"{place}.host_id" in header.extra for place in SENSOR_PLACES)
    if not is_own or any(note.key == "end" for note in comments.notes):
        return []
    at_s = f"{max(samples.last_s.values()):.0f} s"
    what = f"{samples.name} broke off after {at_s}: the program stopped, or the disk was full."
    return [Caution("broken_off", what, "All that had arrived until then is kept; the set may have gone on.")]


def _read_top(top: bytes, comments: _Comments) -> tuple[Header, tuple[str, ...], bytes, int]:
    """Parse the header and the column row; also return the bytes after it and their first line number."""
    name, line, start = comments.name, 1, 0
    row: bytes | None = None
    while (end := top.find(b"\n", start)) >= 0 and row is None:
        text = top[start:end].strip()
        if text.startswith(b"#"):
            comments.add(((line, text),), in_header=True)
        elif text:
            row = text
        line, start = line + 1, end + 1
    # Binary data without a line end are reported as such, not as a recording without a header.
    if row is None and not top.endswith(b"\n") and not top.startswith(b"#"):
        decode_line(top, name=name, line_number=1)
    names = None if row is None else decode_line(row, name=name, line_number=line - 1)
    header, cautions = read_header(comments.header_lines, name=name)
    comments.cautions.extend(cautions)
    if names is None:
        raise RecordingError(
            f"{name} ends within its header: there are no samples in it.",
            hint="Record the set again, or name another file.",
            code="header_only",
        )
    return header, read_columns(names, name=name, line=line - 1), top[start:], line


def _recording(header: Header, comments: _Comments, samples: _Samples) -> Recording:
    pelvis, pelvis_lines = samples.joined("pelvis")
    ankle, ankle_lines = samples.joined("ankle")
    if pelvis is None and ankle is None:
        raise RecordingError(
            f"{samples.name} has a header but not one whole row of samples.",
            hint="Record the set again, or name another file.",
            code="no_samples",
        )
    cautions = [*comments.cautions, *comments.unread_caution(), *samples.cautions]
    for block, lines in ((pelvis, pelvis_lines), (ankle, ankle_lines)):
        if block is not None:
            cautions += _clock_caution(block, lines, name=samples.name)
    cautions += _broken_off(header, comments, samples)
    notes = tuple(comments.notes)
    header = corrected_header(header, corrections_of(notes))
    return Recording(header, pelvis, ankle, notes, samples.name, tuple(cautions))


def _lone(time_s: FloatArray, at: int) -> int | None:
    """Return the row of a single wrong time, where times go back at a row; None if more are wrong."""
    for row in (at, at - 1):
        around = time_s[row - 1 : row + 2]
        if row > 0 and len(around) == 3 and 0.0 <= around[2] - around[0] < LONE_S:
            return row
    return None


def _sorted_by(time_s: FloatArray, back: int) -> str:
    """Return how rows of one sensor are sorted if not by time; empty if they go on and were set back at most.

    `back` of them are earlier than the one before.
    """
    if back >= SORTED_BACK and back > REVERSED_SHARE * np.count_nonzero(np.diff(time_s)):
        return "the rows stand in reverse"
    texts = [f"{one:.6f}" for one in time_s.tolist()]
    if texts == sorted(texts):
        return "the rows are sorted by time_s as text, where 10 comes before 2"
    return f"{back} times in all, so the rows are sorted by another column" if back >= SORTED_BACK else ""


def _clock_caution(block: SampleBlock, lines: IntArray, *, name: str) -> list[Caution]:
    """Return a caution if only some samples of a sensor have its clock; `lines` are their line numbers."""
    no_clock = np.isnan(block.device_time_s)
    if no_clock.all() or not no_clock.any():
        return []
    what = (
        f"{name}, line {lines[np.argmax(no_clock)]}: {np.count_nonzero(no_clock)} of {len(block)} "
        f"{block.sensor} samples have no device_time_s while others have; this is the first."
    )
    hint = "Fill in the sensor's clock, or empty the column for this sensor."
    return [Caution("missing_device_time", what, hint)]


@dataclass(slots=True)
class _Comments:
    """Collects the comment lines: header, notes, and lines that are neither."""

    name: str
    header_lines: list[HeaderLine] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unread: list[tuple[int, str]] = field(default_factory=list)
    cautions: list[Caution] = field(default_factory=list)

    def add(self, comments: Iterable[tuple[int, bytes]], *, in_header: bool = False) -> None:
        for line, raw in comments:
            text = decode_line(raw, name=self.name, line_number=line).strip()
            pair = split_comment(text)
            note = note_of(*pair) if pair is not None else None
            if note is not None:
                self.notes.append(note)
            elif pair is not None and in_header and not pair[0].startswith("@"):
                self.header_lines.append(HeaderLine(line, *pair))
            elif text.startswith("##") and text.count(",") == len(COLUMNS) - 1:
                raise fault(
                    self.name,
                    line,
                    f"time_s is {shown(text.partition(',')[0])}: a spreadsheet's column was too narrow.",
                    hint="Make the columns wide enough to show the numbers, and save again.",
                    code="not_a_number",
                )
            elif text.strip("# \t"):
                self.unread.append((line, text))

    def unread_caution(self) -> list[Caution]:
        """Return one caution for all comment lines that are neither header nor note."""
        if not self.unread:
            return []
        line, text = self.unread[0]
        more = f" So were {len(self.unread) - 1} more." if len(self.unread) > 1 else ""
        what = f"{self.name}, line {line}: {shown(text)} was left aside.{more}"
        hint = (
            "A header line is '# key: value' above the row of column names, a note is '# @TIME_S key: value'."
        )
        return [Caution("unread_comment", what, hint)]


@dataclass(slots=True)
class _Samples:
    """Collects the samples, and checks that arrival times never go back."""

    name: str
    columns: tuple[str, ...]
    blocks: dict[SensorPlace, list[SampleBlock]] = field(default_factory=lambda: {"pelvis": [], "ankle": []})
    lines: dict[SensorPlace, list[IntArray]] = field(default_factory=lambda: {"pelvis": [], "ankle": []})
    last_s: dict[SensorPlace, float] = field(default_factory=lambda: dict.fromkeys(SENSOR_PLACES, -np.inf))
    cautions: list[Caution] = field(default_factory=list)

    def leave_out_cut_row(self, block: bytes, line: int) -> bytes:
        """Return the file's last block without a truncated last row: no line end, or too few values.

        Notes written after it are kept.
        """
        start, last = len(block), b""
        while (end := start) > 0:
            start = block.rfind(b"\n", 0, end - 1) + 1
            last = block[start:end]
            if not (last.lstrip().startswith(b"#") and last.endswith(b"\n")):
                break
        few = last.count(b",") < len(self.columns) - 1 or last.rstrip().endswith(CUT_MARK.encode())
        short = few and not last.lstrip().startswith(b"#")
        if not last.strip() or (last.endswith(b"\n") and not short):
            return block
        number = line + block.count(b"\n", 0, start)
        what = (
            f"{self.name}, line {number}: the file was cut off here; this last, incomplete line was left out."
        )
        self.cautions.append(
            Caution("file_cut", what, "All rows before it are kept; the set may be shorter.")
        )
        return block[:start] + block[end:]

    def add(self, block: SampleBlock, line: IntArray) -> None:
        self._check_time(block, line)
        self.blocks[block.sensor].append(block)
        self.lines[block.sensor].append(line)

    def _check_time(self, rows: SampleBlock, line: IntArray) -> None:
        before_s = np.concatenate([[self.last_s[rows.sensor]], rows.time_s[:-1]])
        back = np.flatnonzero(rows.time_s < before_s)
        if len(back):
            at = back[0]
            what = f"time_s goes back from {before_s[at]:.6f} to {rows.time_s[at]:.6f}."
            hint = (
                "Rows stand in the order of arrival: export them again unsorted, or cut the file in two here."
            )
            back_s = before_s[at] - rows.time_s[at]
            if how := _sorted_by(rows.time_s, len(back)):
                what = f"{what[:-1]}: {how}."
                hint = "Sort the rows by time_s, as numbers, and where it is equal by sample."
            elif first := self._same_before(rows, line, int(at)):
                what = f"{what[:-1]}: the rows from here on are those from line {first} on, pasted twice."
                hint = "Leave out the second of the two, which begins in this line."
            elif (lone := _lone(rows.time_s, int(at))) is not None:
                what = f"{what[:-1]}: only the time of line {line[lone]} is out of order."
                hint = f"Leave line {line[lone]} out, or give it the time between its neighbours'."
            elif back_s > 2.0:  # a clock that was set; rows that arrived late go back by less
                what = f"{what[:-1]}: as if the computer's clock had been set back there."
                hint = (
                    f"If it was (daylight saving, a time server), add {back_s:.3f} to time_s of this row and "
                    "all after it; or cut the file in two here."
                )
            raise fault(self.name, int(line[at]), what, hint=hint, code="time_backwards")
        self.last_s[rows.sensor] = float(rows.time_s[-1])

    def _same_before(self, rows: SampleBlock, line: IntArray, at: int) -> int | None:
        """Return the line of an earlier row with the same time and readings as this one; None if none."""
        for block, lines in [
            (rows[:at], line),
            *zip(self.blocks[rows.sensor], self.lines[rows.sensor], strict=True),
        ]:
            same = block.time_s == rows.time_s[at]
            for values, value in ((block.acc_mps2, rows.acc_mps2[at]), (block.gyr_dps, rows.gyr_dps[at])):
                same &= (values == value).all(axis=1)
            if same.any():
                return int(lines[np.argmax(same)])
        return None

    def joined(self, place: SensorPlace) -> tuple[SampleBlock | None, IntArray]:
        """Return all samples of a sensor, or None, and their line numbers."""
        blocks, lines = self.blocks[place], self.lines[place]
        if not blocks:
            return None, np.zeros(0, dtype=np.int64)
        if len(blocks) == 1:
            return blocks[0], lines[0]
        return concatenate(blocks), np.concatenate(lines)
