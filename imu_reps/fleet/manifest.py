"""What a batch has done: which file with which content, by which version, and where its rows are.

And, on a disk, a journal of the results that no commit holds yet.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from imu_reps.errors import FileAccessError
from imu_reps.fleet.inputs import ListedFile
from imu_reps.fleet.place import FilePlace, naming, open_private
from imu_reps.fleet.result_rows import ResultRows

#: From so many files on, a manifest is written anew in one.
MAX_FILES = 200

_FOLDER = "manifest"
_NAME = re.compile(rf"{_FOLDER}/(\d{{8}})\.jsonl")
_WHOLE, _MORE = b'"whole"', b'"more"'


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording that was done.

    Attributes
    ----------
    source : ListedFile
        As it was listed.
    content : str or None
        SHA-256 of its bytes; None if they could not be read, and then it is done again the next time.
    made_by : str
        Version and settings.
    exercise, day, part : str or None
        The partition and the file its rows are in.
    stale : bool
        To be replaced: some of its rows may be gone already.
    """

    source: ListedFile
    content: str | None
    made_by: str
    exercise: str | None
    day: str | None
    part: str
    stale: bool = False


class Manifest:
    """Files of entries, each written whole; what stands in a later one holds.

    Parameters
    ----------
    place : FilePlace

    Raises
    ------
    FileAccessError
        ``damaged_manifest``; else as `FilePlace`.
    """

    def __init__(self, place: FilePlace) -> None:
        self._place = place
        self._entries: dict[str, Entry] = {}
        self._files = [name for name in place.names(_FOLDER) if _NAME.fullmatch(name)]
        for name in self._files:
            self._take(place.get(name), name)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def parts(self) -> set[str]:
        """The names of all parts with rows."""
        return {entry.part for entry in self._entries.values()}

    @property
    def stale(self) -> list[Entry]:
        """Entries whose replacement did not come to its end."""
        return [entry for entry in self._entries.values() if entry.stale]

    def find(self, file: str) -> Entry | None:
        """The entry of a file."""
        return self._entries.get(file)

    def known_content(self, source: ListedFile, made_by: str) -> str | None:
        """The content of which the rows are there; None: of none."""
        entry = self._entries.get(source.file)
        return None if entry is None or entry.stale or entry.made_by != made_by else entry.content

    def is_done(self, source: ListedFile, made_by: str) -> bool:
        """Whether a file need not even be opened: its size and stamp are those of a content that is done."""
        known = self.known_content(source, made_by) is not None
        return known and source.stamp is not None and self._entries[source.file].source == source

    def mark_stale(self, entries: Iterable[Entry]) -> None:
        """Say that these are about to be replaced."""
        self.add([replace(entry, stale=True) for entry in entries])

    def add(self, entries: Sequence[Entry]) -> None:
        """Keep entries, all of them or none."""
        if not entries:
            return
        self._write(entries)
        self._entries |= {entry.source.file: entry for entry in entries}
        if len(self._files) > MAX_FILES:
            earlier = list(self._files)
            self._write(list(self._entries.values()), first=_WHOLE)
            for name in earlier:
                self._place.remove(name)
            del self._files[: len(earlier)]

    def _write(self, entries: Sequence[Entry], first: bytes = _MORE) -> None:
        number = int(self._files[-1][-14:-6]) + 1 if self._files else 1
        name = f"{_FOLDER}/{number:08d}.jsonl"
        self._place.put(name, b"\n".join([first, *map(msgspec.json.encode, entries), b""]))
        self._files.append(name)

    def _take(self, content: bytes, name: str) -> None:
        first, *lines = content.splitlines() or [b""]
        try:
            if msgspec.json.decode(first, type=Literal["whole", "more"]) == "whole":
                self._entries.clear()
            for line in lines:
                entry = msgspec.json.decode(line, type=Entry)
                self._entries[entry.source.file] = entry
        except ValueError as error:
            raise FileAccessError(
                f"{self._place.address}/{name} is damaged: {error}.",
                hint="Make the result anew, in another folder.",
                code="damaged_manifest",
            ) from error


@dataclass(frozen=True, slots=True)
class Arrived:
    """A result, and what it was computed from."""

    source: ListedFile
    made_by: str
    rows: ResultRows


class Journal:
    """Results since the last commit, each in the file as it arrives; in an object store there is none.

    Parameters
    ----------
    place : FilePlace
    """

    def __init__(self, place: FilePlace) -> None:
        self._file: Any = None
        self._path = Path(place.path(f"{_FOLDER}/journal.jsonl")) if place.is_local else None
        if self._path is not None:
            with naming(str(self._path)):
                self._file = open_private(self._path)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def left_over(self) -> Iterator[Arrived]:
        """What the last run had not committed; a last line that was cut off is left out."""
        if self._file is None:
            return
        self._file.seek(0)
        for line in self._file.readall().splitlines():
            with contextlib.suppress(ValueError):
                yield msgspec.json.decode(line, type=Arrived)

    def add(self, arrived: Arrived) -> None:
        """Keep a result.

        Raises
        ------
        FileAccessError
            As `imu_reps.fleet.place.naming`.
        """
        if self._file is not None:
            with naming(str(self._path)):
                self._file.write(msgspec.json.encode(arrived) + b"\n")

    def clear(self) -> None:
        """Forget all: a commit holds it."""
        if self._file is not None:
            self._file.truncate(0)
