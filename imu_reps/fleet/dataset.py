"""Tables of a batch in Hive partitions: ``TABLE/exercise=…/day=…/part-….parquet``; two of them compared."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import get_args
from uuid import uuid4

import msgspec

from imu_reps.domain.summary import StoredSet
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.fleet.files import FileStore
from imu_reps.fleet.result_rows import (
    BATCH_FORMAT,
    PARTITIONS,
    ResultRows,
    Row,
    RowFormat,
    decode,
    encode,
    remove_rows,
    table_columns,
    to_set,
)
from imu_reps.report.formatting import pluralize
from imu_reps.report.summary_diff import ChangeTotals, changed_figures
from imu_reps.storage.plain_json import parse_json

#: Partition of unknown exercise or day; Hive's name for null is unreadable if all values are null.
UNKNOWN = "unknown"

#: Exercise and day, None if unknown.
Partition = tuple[str | None, str | None]

_ABOUT = "batch.json"
_NAME = re.compile(r"(\w+)/exercise=([^/]+)/day=([^/]+)/part-([0-9a-f]{32}|empty)\.\w+")
#: Temporary file of a part, left behind by a program that was killed in writing it.
_LEFTOVER = re.compile(r".*/\.part-([0-9a-f]{32}|empty)\.\w+\.\w+")
#: A part without rows, so that an empty table can be read.
_EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a table."""

    table: str
    partition: Partition
    part: str


class Dataset:
    """The tables ``sets``, ``reps``, ``faults`` and ``errors``."""

    def __init__(self, store: FileStore, row_format: RowFormat) -> None:
        self.store = store
        self.row_format = row_format

    @classmethod
    def open_or_create(cls, store: FileStore, row_format: RowFormat) -> Dataset:
        """Open the dataset, or create it if it does not exist.

        Raises
        ------
        UsageError
            ``not_ours``, ``other_format``: it holds something else; ``missing_extra``.
        FileAccessError
            As `FileStore`.
        """
        about = _about(store)
        if about is None:
            names = store.names()
            leftovers = [name for name in names if name.startswith(f".{_ABOUT}.")]
            ours = tuple(f"{folder}/" for folder in (*table_columns(), "manifest"))
            if any(not name.startswith(ours) for name in names if name not in leftovers):
                raise UsageError(
                    f"{store.address} holds something else.", hint="Name an empty folder.", code="not_ours"
                )
            new = cls(store, row_format)
            for name in leftovers:  # of a batch that was killed here
                store.remove(name)
            for table in table_columns():
                new._put(Part(table, (None, None), _EMPTY), [])
            store.put(_ABOUT, msgspec.json.encode({"format": BATCH_FORMAT, "rows": row_format}))
            return new
        existing = cls(store, _checked(about, store))
        if existing.row_format != row_format:
            raise UsageError(
                f"{store.address} holds {existing.row_format}.",
                hint=f"Name another folder, or ask for --format {existing.row_format}.",
                code="other_format",
            )
        return existing

    @classmethod
    def open_existing(cls, store: FileStore) -> Dataset:
        """Open an existing dataset.

        Raises
        ------
        FileAccessError
            ``no_batch``: there is none; else as `FileStore`.
        UsageError
            ``other_format``: a later version wrote it.
        """
        about = _about(store)
        if about is None:
            raise FileAccessError(
                f"There is no batch result in {store.address}.",
                hint="Name the folder that imu-reps batch -o wrote.",
                code="no_batch",
            )
        return cls(store, _checked(about, store))

    def add(self, results: Iterable[ResultRows]) -> str:
        """Write rows to a new file for each table and partition, all or none; return the part's name."""
        part = uuid4().hex
        files: dict[Part, list[Row]] = defaultdict(list)
        for result in results:
            partition = (result.exercise, result.day)
            named = dict(zip(PARTITIONS, partition, strict=True))
            for table, rows in result.tables.items():
                files[Part(table, partition, part)] += [named | row for row in rows]
        put: list[Part] = []
        try:
            for file, rows in files.items():
                put.append(file)
                self._put(file, rows)
        except BaseException:
            for file in put:
                with contextlib.suppress(FileAccessError):  # leftovers are removed by the next run
                    self.store.remove(self._name(file))
            raise
        return part

    def strip(self, recordings: Mapping[tuple[Partition, str], Collection[str]]) -> None:
        """Remove the rows of recordings from their parts; each file is rewritten atomically."""
        for (partition, part), gone in recordings.items():
            for table in table_columns():
                name = self._name(Part(table, partition, part))
                content = _if_there(self.store, name)
                if content is None:
                    continue
                try:
                    kept, rows_left = remove_rows(table, content, gone, self.row_format)
                except (ValueError, KeyError) as error:
                    raise self._damaged(name, error) from error
                if rows_left:
                    self.store.put(name, kept)
                else:
                    self.store.remove(name)

    def sweep(self, known: Collection[str]) -> None:
        """Remove parts of unfinished commits; what somebody else put beside them stays."""
        keep = {*known, _EMPTY}
        for table in table_columns():
            for name in self.store.names(table):
                file = _part(name)
                if _LEFTOVER.fullmatch(name) or (file is not None and file.part not in keep):
                    self.store.remove(name)

    def parts(self) -> list[Part]:
        """Return all files of the tables."""
        found = (_part(name) for table in table_columns() for name in self.store.names(table))
        return [file for file in found if file is not None]

    def rows(self, files: Iterable[Part]) -> Iterator[Row]:
        """Yield the rows of files, with the columns of their partitions."""
        for file in files:
            named = dict(zip(PARTITIONS, file.partition, strict=True))
            try:
                rows = decode(file.table, self.store.get(self._name(file)), self.row_format)
            except (ValueError, KeyError) as error:
                raise self._damaged(self._name(file), error) from error
            yield from (row | named for row in rows)

    def sets(self, partition: Partition, parts: Sequence[Part]) -> Iterator[StoredSet]:
        """Yield the sets of one partition; `parts` are all parts of the dataset."""
        mine = [file for file in parts if file.partition == partition]
        reps, faults = (self._by_file(table, mine) for table in ("reps", "faults"))
        for row in self.rows(file for file in mine if file.table == "sets"):
            name = row["file"]
            try:
                yield to_set(row, reps.get(name, []), faults.get(name, []))
            except (ValueError, KeyError, TypeError) as error:
                raise self._damaged(name, error) from error

    def history(self, exercise: str | None = None) -> list[StoredSet]:
        """Return the sets of everybody, or only those of an exercise, oldest first."""
        parts = self.parts()
        partitions = sorted({file.partition for file in parts if file.table == "sets"}, key=str)
        asked = (one for one in partitions if exercise in (None, one[0]))
        return sorted((stored for one in asked for stored in self.sets(one, parts)), key=_when)

    def _by_file(self, table: str, files: Iterable[Part]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows(file for file in files if file.table == table):
            found[row["file"]].append(row)
        return found

    def _put(self, file: Part, rows: Sequence[Row]) -> None:
        self.store.put(self._name(file), encode(file.table, rows, self.row_format))

    def _name(self, file: Part) -> str:
        exercise, day = (value or UNKNOWN for value in file.partition)
        return f"{file.table}/exercise={exercise}/day={day}/part-{file.part}.{self.row_format}"

    def _damaged(self, name: str, error: Exception) -> FileAccessError:
        return FileAccessError(
            f"{self.store.address}: what is kept of {name} is damaged: {error}.",
            hint="Make the result anew, in another folder.",
            code="damaged_batch",
        )


def _when(stored: StoredSet) -> tuple[float, int, str]:
    recorded = stored.recorded
    return (0.0 if recorded is None else recorded.timestamp(), stored.set_number or 0, stored.file)


def _part(name: str) -> Part | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    exercise, day = (None if value == UNKNOWN else value for value in match.groups()[1:3])
    return Part(match[1], (exercise, day), match[4])


def _about(store: FileStore) -> dict[str, str] | None:
    content = _if_there(store, _ABOUT)
    try:
        return None if content is None else parse_json(content, dict[str, str])
    except ValueError:
        return {}


def _if_there(store: FileStore, name: str) -> bytes | None:
    try:
        return store.get(name)
    except FileAccessError as error:
        if error.code == "not_found":
            return None
        raise


def _checked(about: dict[str, str], store: FileStore) -> RowFormat:
    row_format = about.get("rows", "")
    if about.get("format") != BATCH_FORMAT or row_format not in get_args(RowFormat):
        raise UsageError(
            f"{store.address} is no result that this version of imu_reps knows.",
            hint="Update imu_reps, or name another folder.",
            code="other_format",
        )
    return row_format  # type: ignore[return-value]


#: Rates by which recordings are grouped, by the nearest.
RATES_HZ = (12.5, 25.0, 50.0, 100.0, 200.0, 400.0)


def comparison_lines(older: str, newer: str) -> list[str]:
    """Compare two results, partition by partition to limit memory, and tell what differs.

    Parameters
    ----------
    older, newer : str
        Folders or addresses that `imu_reps.fleet.batch_run.run_batch` wrote.

    Raises
    ------
    FileAccessError
        ``no_batch``, ``damaged_batch``; else as `FileStore`.
    UsageError
        ``other_format``: a later version wrote one of them.
    """
    datasets = [Dataset.open_existing(FileStore(address)) for address in (older, newer)]
    changes: dict[tuple[str, float], ChangeTotals] = defaultdict(ChangeTotals)
    gone, new = dict[str, StoredSet](), dict[str, StoredSet]()  # in one of them only
    for of_older, of_newer in _by_partition(*datasets):
        gone |= of_older
        new |= of_newer
        # a recording changes its partition if its header changes
        for file in gone.keys() & new.keys():
            before, after = gone.pop(file), new.pop(file)
            changes[_kind(after)].add(changed_figures(before.summary, after.summary))
    lines = []
    for (exercise, rate_hz), group in sorted(changes.items()):
        name = exercise.replace("_", " ")
        of_them = pluralize(group.recordings, "recording")
        come = "comes" if group.recordings == 1 else "come"
        lines.append(f"{name}, about {rate_hz:g} Hz: {group.changed} of {of_them} {come} out differently.")
        lines += [f"  {line}" for line in group.lines()]
    errors_before, errors_now = (
        {row["file"] for row in one.rows(part for part in one.parts() if part.table == "errors")}
        for one in datasets
    )
    if gone:
        errors = _of_them(gone.keys() & errors_now, "now")
        lines.append(f"{pluralize(len(gone), 'recording')} no longer summed up{errors}.")
    if new:
        errors = _of_them(new.keys() & errors_before, "before")
        lines.append(f"{pluralize(len(new), 'recording')} summed up that were not before{errors}.")
    return lines or ["Neither result holds a set."]


def _of_them(errors: Collection[str], when: str) -> str:
    return f", {len(errors)} of them errors {when}" if errors else ""


def _by_partition(older: Dataset, newer: Dataset) -> Iterator[tuple[dict[str, StoredSet], ...]]:
    """Yield the sets of each partition in both results, by file."""
    both = (older, newer)
    parts = [one.parts() for one in both]
    partitions = {file.partition for of_side in parts for file in of_side if file.table == "sets"}
    for partition in sorted(partitions, key=str):
        yield tuple(
            {stored.file: stored for stored in one.sets(partition, of_side)}
            for one, of_side in zip(both, parts, strict=True)
        )


def _kind(stored: StoredSet) -> tuple[str, float]:
    """Return exercise and nearest usual rate."""
    sensor = stored.summary.sensors.ankle or stored.summary.sensors.pelvis
    rate_hz = sensor.rate_hz if sensor is not None else 100.0
    nearest = min(RATES_HZ, key=lambda one: abs(log(one / rate_hz)))
    return stored.summary.recording.exercise, nearest
