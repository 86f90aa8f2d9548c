"""A batch from its sources to its tables: a page that reads from top to bottom.

Each commit is a few files that appear whole, and the manifest last. Whatever ends a batch before, the next
start of the same one removes what no manifest speaks of, and goes on.
"""

from __future__ import annotations

import contextlib
import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import IO

from imu_reps import __version__
from imu_reps.domain.settings import Settings
from imu_reps.errors import UsageError
from imu_reps.fleet.analyze_many import Engine, Known, Task, analyze_task, each_once
from imu_reps.fleet.dataset import Dataset, Partition
from imu_reps.fleet.inputs import ListedFile, list_sources
from imu_reps.fleet.manifest import Arrived, Entry, Journal, Manifest
from imu_reps.fleet.place import FilePlace, naming, open_private
from imu_reps.fleet.result_rows import ResultRows, rows_of
from imu_reps.fleet.row_files import RowFormat
from imu_reps.storage.plain_json import one_line

#: A commit is made so often; what arrived since the last one stands in the journal.
COMMIT_EVERY_S = 10.0

#: And at the latest with so many results.
COMMIT_RESULTS = 5_000

#: Files a task on a cluster: seconds of work, so that the scheduler's milliseconds do not count.
FILES_A_TASK = 8


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """What is to be done, and where.

    Attributes
    ----------
    named : sequence of str
        Sources, as `list_sources`.
    out : str
        Folder or address of the result.
    settings : Settings
    row_format : {"parquet", "csv"}
    files_a_task : int
        On a cluster `FILES_A_TASK`.
    """

    named: Sequence[str]
    out: str
    settings: Settings = field(default_factory=Settings)
    row_format: RowFormat = "parquet"
    files_a_task: int = 1

    @property
    def made_by(self) -> str:
        """Version and settings, of which the result is a function."""
        return f"{__version__} {sha256(one_line(self.settings).encode()).hexdigest()[:16]}"


@dataclass(slots=True)
class BatchProgress:
    """How far a batch is.

    Attributes
    ----------
    total : int
        Recordings that were listed.
    before : int
        Of them done before.
    done : int
        Of them done now.
    errors : int
        Of those done now: in the table of errors.
    exit_code : int
        The highest of their errors.
    elapsed_s : float
    """

    total: int
    before: int
    done: int = 0
    errors: int = 0
    exit_code: int = 0
    elapsed_s: float = 0.0

    def count(self, rows: ResultRows, elapsed_s: float) -> None:
        """Count one more."""
        self.done += 1
        self.elapsed_s = elapsed_s
        if rows.error is not None and rows.error.exit_code:
            self.errors += 1
            self.exit_code = max(self.exit_code, rows.error.exit_code)

    @property
    def rate_hz(self) -> float | None:
        """Recordings a second; None before the first."""
        return self.done / self.elapsed_s if self.done and self.elapsed_s else None

    @property
    def left_s(self) -> float | None:
        """How long the rest will take at that rate."""
        return None if self.rate_hz is None else (self.total - self.before - self.done) / self.rate_hz


def run_batch(order: BatchOrder, engine: Engine[ResultRows]) -> Iterator[BatchProgress]:
    """Do what is not done yet of an order; the progress after each recording.

    Parameters
    ----------
    order : BatchOrder
    engine : callable
        As `imu_reps.fleet.analyze_many.chosen_engine` gives it.

    Raises
    ------
    ImuRepsError
        The order cannot be carried out, or not to its end; what was done is kept.
    """
    sources = {one.file: one for one in list_sources(order.named, leave_out=order.out)}
    place = FilePlace(order.out)
    dataset = Dataset.made(place, order.row_format)
    with _alone(place), contextlib.closing(Journal(place)) as journal:
        manifest = Manifest(place)
        keeper = Keeper(dataset, manifest, journal, order.made_by)
        keeper.recover()
        todo = [one for one in sources.values() if not manifest.is_done(one, order.made_by)]
        progress, begin_s = BatchProgress(total=len(sources), before=len(sources) - len(todo)), monotonic()
        yield progress
        known = ((one.file, manifest.known_content(one, order.made_by)) for one in todo)
        try:
            for rows in _results(order, engine, deque(_tasks(known, order.files_a_task))):
                keeper.take(Arrived(sources[rows.file], order.made_by, rows))
                progress.count(rows, monotonic() - begin_s)
                yield progress
        finally:  # whatever ends it, what arrived is kept
            keeper.commit()


def _results(order: BatchOrder, engine: Engine[ResultRows], waiting: deque[Task]) -> Iterator[ResultRows]:
    work = partial(analyze_task, settings=order.settings, finish=rows_of)
    for rows in each_once(engine, work, waiting, rows_of):
        if rows.version != __version__:
            raise UsageError(
                f"A worker has imu_reps {rows.version}, here it is {__version__}.",
                hint="Install the same version everywhere.",
                code="other_version",
            )
        yield rows


def _tasks(known: Iterable[Known], size: int) -> Iterator[Task]:
    files = iter(known)
    while task := tuple(islice(files, size)):
        yield task


class Keeper:
    """Takes results as they arrive, and commits them."""

    def __init__(self, dataset: Dataset, manifest: Manifest, journal: Journal, made_by: str) -> None:
        self._dataset, self._manifest, self._journal = dataset, manifest, journal
        self._made_by = made_by
        self._waiting: list[Arrived] = []
        self._waits_since_s = monotonic()

    def recover(self) -> None:
        """Bring the tables back to what the manifest says, and commit what only the journal holds."""
        self._dataset.sweep(self._manifest.parts)
        self._dataset.strip(_where(self._manifest.stale))
        left_over = {one.source.file: one for one in self._journal.left_over()}
        self._waiting = [one for one in left_over.values() if self._is_missing(one)]
        self.commit()
        self._journal.clear()

    def take(self, arrived: Arrived) -> None:
        """Take one result."""
        if not self._waiting:
            self._waits_since_s = monotonic()
        self._journal.add(arrived)
        self._waiting.append(arrived)
        is_time = monotonic() - self._waits_since_s >= COMMIT_EVERY_S
        if is_time or len(self._waiting) >= COMMIT_RESULTS:
            self.commit()

    def commit(self) -> None:
        """Put what waits into the tables: old rows out, new files in, the manifest last.

        Of a commit that fails the journal holds what it should have kept, for the next start.
        """
        if not self._waiting:
            return
        arrived, self._waiting = self._waiting, []
        new = [one for one in arrived if not one.rows.is_as_known]
        replaced = [entry for one in new if (entry := self._manifest.find(one.source.file)) is not None]
        self._manifest.mark_stale(replaced)
        self._dataset.strip(_where(replaced))
        part = self._dataset.add(one.rows for one in new)
        seen = [self._as_known(one.source) for one in arrived if one.rows.is_as_known]
        self._manifest.add([*(_entry(one, part) for one in new), *seen])
        self._journal.clear()

    def _is_missing(self, one: Arrived) -> bool:
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


def _entry(one: Arrived, part: str) -> Entry:
    rows = one.rows
    return Entry(one.source, rows.content, one.made_by, rows.exercise, rows.day, part)


def _where(entries: Iterable[Entry]) -> dict[tuple[Partition, str], set[str]]:
    """Files by the partition and the part that holds their rows."""
    found: dict[tuple[Partition, str], set[str]] = defaultdict(set)
    for entry in entries:
        found[(entry.exercise, entry.day), entry.part].add(entry.source.file)
    return found


@contextlib.contextmanager
def _alone(place: FilePlace) -> Iterator[None]:
    """Keep a second batch from the same folder; in an object store nothing can."""
    with contextlib.ExitStack() as stack:
        if place.is_local:
            path = Path(place.path("manifest/lock"))
            with naming(str(path)):
                lock = stack.enter_context(open_private(path))
            if not _locked(lock):
                raise UsageError(
                    f"Another batch is writing to {place.address}.",
                    hint="Wait for it, or name another folder.",
                    code="busy",
                )
        yield


def _locked(file: IO[bytes]) -> bool:
    """Whether the lock of a file, which ends with the process, is ours."""
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
