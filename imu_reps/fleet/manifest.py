"""Manifest of finished files of a batch, and the journal of results that are not committed yet."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from imu_reps.errors import FileAccessError
from imu_reps.fleet.file_store import FileStore, open_private, store_errors
from imu_reps.fleet.inputs import ListedFile
from imu_reps.fleet.result_rows import ResultRows
from imu_reps.storage.plain_json import parse_json

#: A manifest of more files is compacted into one.
MAX_FILES = 200

_FOLDER = "manifest"
_NAME = re.compile(rf"{_FOLDER}/(\d{{8}})\.jsonl")
_WHOLE, _MORE = b'"whole"', b'"more"'


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished recording.

    Attributes
    ----------
    source : ListedFile
        As it was listed.
    content : str or None
        SHA-256 of its bytes; None if they could not be read, so that it is retried.
    made_by : str
        Version and settings.
    exercise, day, part : str or None
        Partition and part of its rows.
    stale : bool
        Being replaced: some of its rows may be removed already.
    """

    source: ListedFile
    content: str | None
    made_by: str
    exercise: str | None
    day: str | None
    part: str
    stale: bool = False


class Manifest:
    """Entries in files that are written atomically; later files override earlier ones.

    Raises
    ------
    FileAccessError
        ``damaged_manifest``; else as `FileStore`.
    """

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._entries: dict[str, Entry] = {}
        self._files = [name for name in store.names(_FOLDER) if _NAME.fullmatch(name)]
        for name in self._files:
            self._take(store.get(name), name)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def parts(self) -> set[str]:
        """Names of all parts with rows."""
        return {entry.part for entry in self._entries.values()}

    @property
    def stale(self) -> list[Entry]:
        """Entries whose replacement was not finished."""
        return [entry for entry in self._entries.values() if entry.stale]

    def find(self, file: str) -> Entry | None:
        """Return the entry of a file."""
        return self._entries.get(file)

    def known_content(self, source: ListedFile, made_by: str) -> str | None:
        """Return the hash of the content whose rows are stored; None if there are none."""
        entry = self._entries.get(source.file)
        return None if entry is None or entry.stale or entry.made_by != made_by else entry.content

    def is_done(self, source: ListedFile, made_by: str) -> bool:
        """Return whether a file is finished and its size and stamp are unchanged."""
        known = self.known_content(source, made_by) is not None
        return known and source.stamp is not None and self._entries[source.file].source == source

    def mark_stale(self, entries: Iterable[Entry]) -> None:
        """Mark entries that are about to be replaced."""
        self.add([replace(entry, stale=True) for entry in entries])

    def add(self, entries: Sequence[Entry]) -> None:
        """Store entries, all or none."""
        if not entries:
            return
        self._write(entries)
        self._entries |= {entry.source.file: entry for entry in entries}
        if len(self._files) > MAX_FILES:
            earlier = list(self._files)
            self._write(list(self._entries.values()), first=_WHOLE)
            for name in earlier:
                self._store.remove(name)
            del self._files[: len(earlier)]

    def _write(self, entries: Sequence[Entry], first: bytes = _MORE) -> None:
        number = int(self._files[-1][-14:-6]) + 1 if self._files else 1
        name = f"{_FOLDER}/{number:08d}.jsonl"
        self._store.put(name, b"\n".join([first, *map(msgspec.json.encode, entries), b""]))
        self._files.append(name)

    def _take(self, content: bytes, name: str) -> None:
        first, *lines = content.splitlines() or [b""]
        try:
            if parse_json(first, Literal["whole", "more"]) == "whole":
                self._entries.clear()
            for line in lines:
                entry: Entry = parse_json(line, Entry)
                self._entries[entry.source.file] = entry
        except ValueError as error:
            raise FileAccessError(
                f"{self._store.address}/{name} is damaged: {error}.",
                hint="Make the result anew, in another folder.",
                code="damaged_manifest",
            ) from error


@dataclass(frozen=True, slots=True)
class ArrivedResult:
    """A result with its source and version."""

    source: ListedFile
    made_by: str
    rows: ResultRows


class Journal:
    """Results since the last commit, appended to a local file; not available in an object store."""

    def __init__(self, store: FileStore) -> None:
        self._file: Any = None
        self._path = Path(store.path(f"{_FOLDER}/journal.jsonl")) if store.is_local else None
        if self._path is not None:
            with store_errors(str(self._path)):
                self._file = open_private(self._path)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def left_over(self) -> Iterator[ArrivedResult]:
        """Yield results that the last run did not commit; a truncated last line is ignored."""
        if self._file is None:
            return
        self._file.seek(0)
        for line in self._file.readall().splitlines():
            with contextlib.suppress(ValueError):
                yield parse_json(line, ArrivedResult)

    def add(self, arrived: ArrivedResult) -> None:
        """Append a result."""
        if self._file is not None:
            with store_errors(str(self._path)):
                self._file.write(msgspec.json.encode(arrived) + b"\n")

    def clear(self) -> None:
        """Clear the journal after a commit."""
        if self._file is not None:
            self._file.truncate(0)
