"""Writes a recording while it happens, append-only, never over an existing file; notes afterwards."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable
from io import FileIO
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from imu_reps.domain.recording import Header, Note, Recording
from imu_reps.domain.refusals import refuse_unless_a
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SampleBlock, refuse_impossible
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error, create
from imu_reps.storage.recording.dialect import UTF_16
from imu_reps.storage.recording.format import COLUMN_ROW, CUT_MARK, note_line
from imu_reps.storage.recording.header import header_text
from imu_reps.storage.recording.lines import GZIP_MAGIC
from imu_reps.storage.recording.rows import row_lines


class RecordingWriter:
    """Appends samples and notes as they arrive; a context manager.

    Nothing is held back: when `write` returns, its rows are with the operating system, so a crash of the
    program loses none of them. `close` also waits until the disk has them.

    Parameters
    ----------
    path : path-like
        Must not exist yet.
    header : Header
        Written at once.

    Raises
    ------
    FileAccessError
        ``exists``, ``not_found`` (no such folder), ``permission``, ``disk_full``. What the disk refused
        is kept and tried again first with the next call, so a file never has a hole.
    ValueError
        The header cannot be written so that it reads back the same.
    """

    def __init__(self, path: str | os.PathLike[str], header: Header) -> None:
        self._name = os.fspath(path)
        self._last_time_s = -np.inf
        self._pending = bytearray()
        top = (header_text(header) + COLUMN_ROW + "\n").encode("utf-8")
        try:
            self._file = create(Path(path))
        except OSError as error:
            raise access_error(error, self._name) from error
        try:
            self._append(top)
        except FileAccessError:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, block: SampleBlock) -> None:
        """Append the rows of a block in the order given.

        Raises
        ------
        FileAccessError
            ``disk_full``, ``file_access``.
        ValueError
            Arrival time goes backwards, within the block or against the rows before; or a value is not
            finite.
        """
        self._append_rows(row_lines(block), block.time_s)

    def note(self, note: Note) -> None:
        """Append a note.

        Raises
        ------
        FileAccessError
            ``disk_full``, ``file_access``.
        ValueError
            Its text cannot be written on one line.
        """
        self._append(note_line(note).encode("utf-8"))

    def close(self) -> None:
        """Close the file once the disk has it; closing twice does nothing.

        Raises
        ------
        FileAccessError
            The disk did not take the last rows.
        """
        if self._file.closed:
            return
        try:
            self._append(b"")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise access_error(error, self._name) from error
        finally:
            self._file.close()

    def is_there(self) -> bool:
        """Whether the file still stands under its name, neither removed nor replaced."""
        try:
            named = Path(self._name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # nobody can tell now; what cannot be written will say so
            return True
        return os.path.samestat(named, os.fstat(self._file.fileno()))

    def move(self, path: str | os.PathLike[str]) -> None:
        """Go on in a new file at `path` that begins with everything written so far.

        Raises
        ------
        FileAccessError
            As for a new `RecordingWriter`; the old file is gone on with.
        """
        try:
            file = create(Path(path))
            try:
                self._file.seek(0)
                _write_all(bytearray(self._file.read()), file)
            except OSError:
                file.close()
                Path(path).unlink(missing_ok=True)  # or each time it is tried again would leave another
                raise
        except OSError as error:
            self._file.seek(0, os.SEEK_END)
            raise access_error(error, os.fspath(path)) from error
        self._file.close()
        self._file, self._name = file, os.fspath(path)

    def _append_rows(self, lines: list[str], time_s: FloatArray) -> None:
        if not lines:
            return
        if time_s[0] < self._last_time_s:
            raise ValueError(f"arrival time goes back from {self._last_time_s:.6f} to {time_s[0]:.6f} s")
        self._last_time_s = float(time_s[-1])
        self._append("".join(lines).encode("utf-8"))

    def _append(self, data: bytes) -> None:
        self._pending += data
        try:
            _write_all(self._pending, self._file)
        except OSError as error:
            raise access_error(error, self._name) from error


def _write_all(pending: bytearray, file: FileIO) -> None:
    """Write what is pending; what the disk does not take stays in it."""
    while pending:
        del pending[: file.write(pending)]


def save(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write a whole recording: rows of both sensors by arrival time, notes where they happened.

    Parameters
    ----------
    recording : Recording
        Of rows that arrived at the same time the pelvis sensor's come first.
    path : path-like
        Must not exist yet.

    Raises
    ------
    FileAccessError, ValueError
        As `RecordingWriter`.
    RefusedValueError
        If it is no recording, or a sample in it is no number.
    """
    refuse_unless_a("recording", recording, Recording)
    refuse_unless_a("path", path, str, os.PathLike)
    for arrived in recording.blocks:
        refuse_impossible(arrived)
    blocks = [block for place in SENSOR_PLACES if (block := recording.samples(place)) is not None]
    arrival_s = np.concatenate([np.zeros(0), *(block.time_s for block in blocks)])
    order = np.argsort(arrival_s, kind="stable")
    lines = [line for block in blocks for line in row_lines(block)]
    note_times_s = np.maximum.accumulate([note.time_s for note in recording.notes] or [0.0])
    places = np.searchsorted(arrival_s[order], note_times_s, side="right").tolist()
    edges = [0, *places[: len(recording.notes)], len(order)]
    with RecordingWriter(path, recording.header) as writer:
        for note, (start, end) in zip([*recording.notes, None], pairwise(edges), strict=True):
            part = order[start:end]
            writer._append_rows([lines[i] for i in part], arrival_s[part])
            if note is not None:
                writer.note(note)


def append_notes(path: str | os.PathLike[str], notes: Iterable[Note]) -> None:
    """Append notes to a recording that exists, packed and encoded as it is.

    A last line that was cut off is closed as such first, so that no half number is ever taken for one.

    Raises
    ------
    FileAccessError
        The file is not there or cannot be written; ``damaged_gzip``: its end is missing.
    ValueError
        A note's text cannot be written on one line.
    """
    text = "".join(map(note_line, notes))
    try:
        # not "a", which would make a file that is not there; appending, as somebody else may write too
        with open(path, "r+b", opener=_appending) as file:
            packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            file.seek(0)
            plain: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=file) if packed else file
            encoding, is_whole = _encoding_of(plain)
            lines = (text if is_whole else f"{CUT_MARK}\n{text}").encode(encoding)
            file.write(gzip.compress(lines) if packed else lines)
    except OSError as error:
        raise access_error(error, os.fspath(path)) from error
    except (EOFError, zlib.error) as error:
        raise FileAccessError(
            f"{os.fspath(path)}: the gzip file is damaged, so nothing can be added to it.",
            hint="Unpack it, and name the unpacked file.",
            code="damaged_gzip",
        ) from error


def _appending(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_APPEND)


def _encoding_of(file: BinaryIO | gzip.GzipFile) -> tuple[str, bool]:
    """How a file's text is encoded, and whether its last line has its end."""
    start = last = file.read(2)
    while piece := file.read(1 << 20):
        last = (last + piece)[-2:]
    encoding = UTF_16.get(start, "utf-8")
    return encoding, last.decode(encoding, errors="replace").endswith(("\n", "\r"))
