"""Writes a recording live, append-only and never over an existing file; appends notes afterwards."""

from __future__ import annotations

import contextlib
import gzip
import os
import zlib
from collections.abc import Iterable
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from imu_reps.domain.recording import Header, Note, Recording
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, require_valid_samples
from imu_reps.domain.validation import require_instance
from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import access_error, create, file_errors, give_name, write_new
from imu_reps.storage.recording.format import COLUMN_ROW, CUT_MARK, GZIP_MAGIC, note_line, utf_16_of
from imu_reps.storage.recording.header import header_text
from imu_reps.storage.recording.rows import row_lines


class RecordingWriter:
    """Appends samples and notes as they arrive; a context manager.

    Writes are not buffered: when `write` returns, its rows have been passed to the operating system, so a
    crash of the program loses none of them. `close` also waits until they are on the disk.

    Parameters
    ----------
    path : path-like
        Must not exist yet.
    header : Header
        Written at once.

    Raises
    ------
    FileAccessError
        ``exists``, ``not_found`` (no such folder), ``permission``, ``disk_full``. Data the disk refused are
        kept and written first with the next call, so a file never has a gap.
    ValueError
        The header cannot be written so that it is read back the same.
    """

    def __init__(self, path: str | os.PathLike[str], header: Header) -> None:
        self._name = os.fspath(path)
        self._last_time_s = -np.inf
        self._pending = bytearray()
        self._copy = _PackedCopy()
        top = _top(header).encode("utf-8")
        with file_errors(self._name):
            self._file = create(Path(path))
        try:
            self._append(top)
        except FileAccessError:
            self._file.close()
            Path(path).unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, block: SampleBlock) -> None:
        """Append the rows of a block in the order given.

        Raises
        ------
        FileAccessError
            ``disk_full``, ``file_access``.
        ValueError
            Arrival time goes backwards, within the block or from the rows before; or a value is not finite.
        """
        lines = row_lines(block)
        if not lines:
            return
        if block.time_s[0] < self._last_time_s:
            raise ValueError(
                f"arrival time goes back from {self._last_time_s:.6f} to {block.time_s[0]:.6f} s"
            )
        self._last_time_s = float(block.time_s[-1])
        self._append("".join(lines).encode("utf-8"))

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
        """Close the file once it is on the disk; closing twice does nothing.

        Raises
        ------
        FileAccessError
            The disk refused the last rows.
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

    @property
    def is_held_up(self) -> bool:
        """Whether the disk has refused data that are still to be written; of a closed file they are lost."""
        return bool(self._pending) and not self._file.closed

    @property
    def is_closed(self) -> bool:
        """Whether the file was closed."""
        return self._file.closed

    def is_there(self) -> bool:
        """Whether the file still exists under its name, neither removed nor replaced nor cut short."""
        try:
            named = Path(self._name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # unknown; if the file cannot be written, the next write fails
            return True
        is_ours = os.path.samestat(named, os.fstat(self._file.fileno()))
        return is_ours and named.st_size >= self._written

    def move(self, path: str | os.PathLike[str]) -> None:
        """Continue in a new file at `path`, which gets everything written so far; remove the old one.

        Raises
        ------
        FileAccessError
            As for a new `RecordingWriter`; writing continues in the old file.
        """
        draft = Path(f"{os.fspath(path)}.part")  # no recording as long as it is not whole
        try:
            copy = create(draft)
            try:
                with copy:
                    _write_all(bytearray(self._content()), copy)
                    os.fsync(copy.fileno())
                give_name(draft, Path(path))
            except OSError:
                draft.unlink(missing_ok=True)  # otherwise every retry would leave a file
                raise
            file = FileIO(path, "r+b", opener=_appending)
        except OSError as error:
            self._file.seek(0, os.SEEK_END)
            raise access_error(error, os.fspath(path)) from error
        if self.is_there():
            with contextlib.suppress(OSError):  # on a read-only disk it stays, incomplete
                Path(self._name).unlink()
        self._file.close()
        self._pending.clear()
        self._file, self._name = file, os.fspath(path)

    @property
    def _written(self) -> int:
        """Number of bytes the file has taken: it holds fewer if another program cut it short."""
        return self._copy.size - len(self._pending)

    def _content(self) -> bytes:
        """Return all that was to be written; from the file, to which others may add, if it is whole."""
        self._file.seek(0)
        content = self._file.read()
        return content + self._pending if len(content) >= self._written else self._copy.unpacked()

    def _append(self, data: bytes) -> None:
        self._pending += data
        self._copy.add(data)
        with file_errors(self._name):
            _write_all(self._pending, self._file)


class _PackedCopy:
    """What was written, compressed in memory: some 7 kB a second of two sensors at 100 Hz."""

    def __init__(self) -> None:
        self.size = 0
        self._packed = bytearray()
        self._packing = zlib.compressobj(level=1)

    def add(self, data: bytes) -> None:
        """Append data."""
        self.size += len(data)
        self._packed += self._packing.compress(data)

    def unpacked(self) -> bytes:
        """Return all data; more can be added afterwards."""
        rest = self._packing.copy().flush()
        return zlib.decompress(bytes(self._packed) + rest)


def _write_all(pending: bytearray, file: FileIO) -> None:
    """Write pending data; data the disk refuses stay pending."""
    while pending:
        del pending[: file.write(pending)]


def save(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write a whole recording: rows of both sensors sorted by arrival time, with the notes in between.

    Parameters
    ----------
    recording : Recording
        Of rows with the same arrival time, those of the pelvis sensor come first.
    path : path-like
        Must not exist yet; if it ends in ``.gz``, the file is compressed.

    Raises
    ------
    FileAccessError
        ``exists``, ``not_found`` (no such folder), ``permission``, ``disk_full``: nothing is left of it then.
    ValueError
        Header or notes cannot be written so that they read back the same.
    RefusedValueError
        `recording` is not a recording, or a sample in it is not a number.
    """
    require_instance("recording", recording, Recording)
    require_instance("path", path, str, os.PathLike)
    content = recording_bytes(recording, path)
    with file_errors(path):
        write_new(Path(path), content)


def recording_bytes(recording: Recording, path: str | os.PathLike[str]) -> bytes:
    """Return the content of a recording's file of this name, as written by `save`.

    Raises
    ------
    ValueError, RefusedValueError
        As `save`.
    """
    for samples in recording.blocks:
        require_valid_samples(samples)
    blocks = [block for place in SENSOR_PLACES if (block := recording.samples(place)) is not None]
    arrival_s = np.concatenate([np.zeros(0), *(block.time_s for block in blocks)])
    order = np.argsort(arrival_s, kind="stable")
    lines = [line for block in blocks for line in row_lines(block)]
    note_times_s = np.maximum.accumulate([note.time_s for note in recording.notes] or [0.0])
    places = np.searchsorted(arrival_s[order], note_times_s, side="right").tolist()
    edges = [0, *places[: len(recording.notes)], len(order)]
    text = [_top(recording.header)]
    for note, (start, end) in zip([*recording.notes, None], pairwise(edges), strict=True):
        text += [lines[i] for i in order[start:end].tolist()]
        if note is not None:
            text.append(note_line(note))
    content = "".join(text).encode("utf-8")
    return gzip.compress(content, mtime=0) if os.fspath(path).endswith(".gz") else content


def _top(header: Header) -> str:
    return f"{header_text(header)}{COLUMN_ROW}\n"


def append_notes(path: str | os.PathLike[str], notes: Iterable[Note]) -> None:
    """Append notes to an existing recording, in its compression and encoding.

    A truncated last line is marked first, so that an incomplete number is never read as a whole one.

    Raises
    ------
    FileAccessError
        The file is missing or cannot be written; ``damaged_gzip``: its end is missing.
    ValueError
        A note's text cannot be written on one line.
    """
    text = "".join(map(note_line, notes))
    try:
        # not "a", which would create a missing file; O_APPEND, as another program may write too
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
    """Return the encoding of a file's text, and whether its last line ends with a line end."""
    start = last = file.read(4)
    while piece := file.read(1 << 20):
        last = (last + piece)[-2:]
    encoding = utf_16_of(start) or "utf-8"
    return encoding, last.decode(encoding, errors="replace").endswith(("\n", "\r"))
