"""Run a batch from its sources to its tables.

Each commit writes a few files atomically, and the manifest last. After an interruption the next run removes
files that are not in the manifest, and continues.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import IO, Any, Literal

import msgspec

from imu_reps import __version__
from imu_reps.domain.settings import Settings
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.fleet.analyze_many import Engine, KnownFile, Task, analyze_task, run_all
from imu_reps.fleet.dataset import Dataset, Partition
from imu_reps.fleet.files import FileStore, ListedFile, list_sources, open_private, store_errors
from imu_reps.fleet.result_rows import ResultRows, RowFormat, to_rows
from imu_reps.storage.plain_json import one_line, parse_json


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a batch commits, and of how many files."""

    #: Interval of commits; results since the last one are in the journal.
    commit_every_s: float = 10.0
    #: Maximum number of results per commit.
    commit_results: int = 5_000
    #: Files per task on a cluster: seconds of work, so that the scheduler's overhead is negligible.
    files_a_task: int = 8
    #: A manifest of more files is compacted into one.
    max_manifests: int = 200


LIMITS = BatchLimits()


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Sources, target and options of a batch.

    Attributes
    ----------
    named : sequence of str
        Sources, as for `list_sources`.
    out : str
        Folder or URL of the result.
    files_a_task : int
        `LIMITS.files_a_task` on a cluster.
    """

    named: Sequence[str]
    out: str
    settings: Settings = field(default_factory=Settings)
    row_format: RowFormat = "parquet"
    files_a_task: int = 1

    @property
    def made_by(self) -> str:
        """Version and hash of the settings, which determine the result."""
        return f"{__version__} {sha256(one_line(self.settings).encode()).hexdigest()[:16]}"


@dataclass(slots=True)
class BatchProgress:
    """Progress of a batch.

    Attributes
    ----------
    total : int
        Number of recordings.
    before : int
        Number done in earlier runs.
    done : int
        Number done in this run.
    errors : int
        Number of errors in this run.
    exit_code : int
        Highest exit code of the errors.
    copies : int
        Recordings with the bytes of another one, which are rows of their own; known at the end.
    """

    total: int
    before: int
    done: int = 0
    errors: int = 0
    exit_code: int = 0
    elapsed_s: float = 0.0
    copies: int = 0

    def count(self, rows: ResultRows, elapsed_s: float) -> None:
        """Count one result."""
        self.done += 1
        self.elapsed_s = elapsed_s
        if rows.error is not None and rows.error.exit_code:
            self.errors += 1
            self.exit_code = max(self.exit_code, rows.error.exit_code)

    @property
    def rate_hz(self) -> float | None:
        """Recordings per second; None before the first."""
        return self.done / self.elapsed_s if self.done and self.elapsed_s else None

    @property
    def left_s(self) -> float | None:
        """Remaining time at that rate."""
        return None if self.rate_hz is None else (self.total - self.before - self.done) / self.rate_hz


def run_batch(order: BatchOrder, engine: Engine[ResultRows]) -> Iterator[BatchProgress]:
    """Process what is not done yet; yield the progress after each recording.

    Parameters
    ----------
    engine : callable
        From `imu_reps.fleet.analyze_many.chosen_engine`.

    Raises
    ------
    ImuRepsError
        The batch cannot be run or finished; results so far are kept.
    """
    sources = {one.file: one for one in list_sources(order.named, leave_out=order.out)}
    store = FileStore(order.out)
    dataset = Dataset.open_or_create(store, order.row_format)
    with _locked_store(store), contextlib.closing(Journal(store)) as journal:
        manifest = Manifest(store)
        keeper = Committer(dataset, manifest, journal, order.made_by)
        keeper.recover()
        todo = [one for one in sources.values() if not manifest.is_done(one, order.made_by)]
        progress, start_s = BatchProgress(total=len(sources), before=len(sources) - len(todo)), monotonic()
        yield progress
        known = ((one.file, manifest.known_content(one, order.made_by)) for one in todo)
        try:
            for rows in _results(order, engine, deque(_tasks(known, order.files_a_task))):
                keeper.take(ArrivedResult(sources[rows.file], order.made_by, rows))
                progress.count(rows, monotonic() - start_s)
                yield progress
        finally:  # keep the results in any case
            keeper.commit()
        progress.copies = manifest.copies(sources)
        yield progress


def _results(order: BatchOrder, engine: Engine[ResultRows], waiting: deque[Task]) -> Iterator[ResultRows]:
    work = partial(analyze_task, settings=order.settings, finish=to_rows)
    for rows in run_all(engine, work, waiting, to_rows):
        if rows.version != __version__:
            raise UsageError(
                f"A worker has imu_reps {rows.version}, here it is {__version__}.",
                hint="Install the same version everywhere.",
                code="other_version",
            )
        yield rows


def _tasks(known: Iterable[KnownFile], size: int) -> Iterator[Task]:
    files = iter(known)
    while task := tuple(islice(files, size)):
        yield task


class Committer:
    """Collect results as they arrive, and commit them."""

    def __init__(self, dataset: Dataset, manifest: Manifest, journal: Journal, made_by: str) -> None:
        self._dataset, self._manifest, self._journal = dataset, manifest, journal
        self._made_by = made_by
        self._waiting: list[ArrivedResult] = []
        self._waits_since_s = monotonic()

    def recover(self) -> None:
        """Restore the tables to the manifest, and commit results that are only in the journal."""
        self._dataset.sweep(self._manifest.parts)
        self._dataset.strip(_where(self._manifest.stale))
        left_over = {one.source.file: one for one in self._journal.left_over()}
        self._waiting = [one for one in left_over.values() if self._is_missing(one)]
        self.commit()
        self._journal.clear()

    def take(self, arrived: ArrivedResult) -> None:
        """Add one result."""
        if not self._waiting:
            self._waits_since_s = monotonic()
        self._journal.add(arrived)
        self._waiting.append(arrived)
        is_time = monotonic() - self._waits_since_s >= LIMITS.commit_every_s
        if is_time or len(self._waiting) >= LIMITS.commit_results:
            self.commit()

    def commit(self) -> None:
        """Write pending results to the tables: remove old rows, add new files, the manifest last.

        If a commit fails, its results stay in the journal for the next run.
        """
        if not self._waiting:
            return
        arrived, self._waiting = self._waiting, []
        new = [one for one in arrived if not one.rows.is_as_known]
        replaced = [entry for one in new if (entry := self._manifest.find(one.source.file)) is not None]
        self._manifest.add([replace(entry, stale=True) for entry in replaced])
        self._dataset.strip(_where(replaced))
        part = self._dataset.add(one.rows for one in new)
        seen = [self._as_known(one.source) for one in arrived if one.rows.is_as_known]
        self._manifest.add([*(_entry(one, part) for one in new), *seen])
        self._journal.clear()

    def _is_missing(self, one: ArrivedResult) -> bool:
        if one.made_by != self._made_by or one.rows.is_as_known:
            return False
        entry = self._manifest.find(one.source.file)
        return (
            entry is None or entry.stale or (entry.made_by, entry.content) != (one.made_by, one.rows.content)
        )

    def _as_known(self, source: ListedFile) -> Entry:
        entry = self._manifest.find(source.file)
        assert entry is not None
        return replace(entry, source=source)


def _entry(one: ArrivedResult, part: str) -> Entry:
    rows = one.rows
    return Entry(one.source, rows.content, one.made_by, rows.exercise, rows.day, part)


def _where(entries: Iterable[Entry]) -> dict[tuple[Partition, str], set[str]]:
    """Group files by the partition and part that hold their rows."""
    found: dict[tuple[Partition, str], set[str]] = defaultdict(set)
    for entry in entries:
        found[(entry.exercise, entry.day), entry.part].add(entry.source.file)
    return found


@contextlib.contextmanager
def _locked_store(store: FileStore) -> Iterator[None]:
    """Lock out a second batch on the same folder; not possible in an object store."""
    with contextlib.ExitStack() as stack:
        if store.is_local:
            path = Path(store.path("manifest/lock"))
            with store_errors(str(path)):
                lock = stack.enter_context(open_private(path))
            if not _locked(lock):
                raise UsageError(
                    f"Another batch is writing to {store.address}.",
                    hint="Wait for it, or name another folder.",
                    code="busy",
                )
        yield


def _locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


_MANIFEST_FOLDER = "manifest"
_MANIFEST_NAME = re.compile(rf"{_MANIFEST_FOLDER}/(\d{{8}})\.jsonl")
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
        self._files = [name for name in store.names(_MANIFEST_FOLDER) if _MANIFEST_NAME.fullmatch(name)]
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

    def copies(self, files: Iterable[str]) -> int:
        """Return how many of these files have the content of another of them."""
        entries = (self._entries.get(file) for file in files)
        contents = [entry.content for entry in entries if entry is not None and entry.content is not None]
        return len(contents) - len(set(contents))

    def add(self, entries: Sequence[Entry]) -> None:
        """Store entries, all or none."""
        if not entries:
            return
        self._write(entries)
        self._entries |= {entry.source.file: entry for entry in entries}
        if len(self._files) > LIMITS.max_manifests:
            earlier = list(self._files)
            self._write(list(self._entries.values()), first=_WHOLE)
            for name in earlier:
                self._store.remove(name)
            del self._files[: len(earlier)]

    def _write(self, entries: Sequence[Entry], first: bytes = _MORE) -> None:
        number = int(self._files[-1][-14:-6]) + 1 if self._files else 1
        name = f"{_MANIFEST_FOLDER}/{number:08d}.jsonl"
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
        self._path = Path(store.path(f"{_MANIFEST_FOLDER}/journal.jsonl")) if store.is_local else None
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
