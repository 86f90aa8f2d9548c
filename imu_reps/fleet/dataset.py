"""The tables of a batch in one place: ``TABLE/exercise=…/day=…/part-….parquet``, which any tool reads."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args
from uuid import uuid4

import msgspec

from imu_reps.domain.stored_set import StoredSet
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.fleet.place import FilePlace
from imu_reps.fleet.result_rows import BATCH_FORMAT, PARTITIONS, ResultRows, Row, columns, set_of
from imu_reps.fleet.row_files import RowFormat, decode, encode, without

#: The folder of what has no exercise or day; the word Hive has for null cannot be read where all are null.
UNKNOWN = "unknown"

#: Exercise and day, None if unknown.
Partition = tuple[str | None, str | None]

_ABOUT = "batch.json"
_NAME = re.compile(r"(\w+)/exercise=([^/]+)/day=([^/]+)/part-([0-9a-z]+)\.\w+")
#: A part without rows, so that each table can be read from the beginning.
_EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a table."""

    table: str
    partition: Partition
    part: str


class Dataset:
    """The tables ``sets``, ``reps``, ``faults`` and ``errors``.

    Parameters
    ----------
    place : FilePlace
    row_format : {"parquet", "csv"}
    """

    def __init__(self, place: FilePlace, row_format: RowFormat) -> None:
        self.place = place
        self.row_format = row_format

    @classmethod
    def made(cls, place: FilePlace, row_format: RowFormat) -> Dataset:
        """The one that is there already, or else a new one.

        Raises
        ------
        UsageError
            ``not_ours``, ``other_format``: something else is there; ``missing_extra``.
        FileAccessError
            As `FilePlace`.
        """
        about = _about(place)
        if about is None:
            names = place.names()
            half_done = [name for name in names if name.startswith(f".{_ABOUT}.")]
            ours = tuple(f"{folder}/" for folder in (*columns(), "manifest"))
            if any(not name.startswith(ours) for name in names if name not in half_done):
                raise UsageError(
                    f"{place.address} holds something else.", hint="Name an empty folder.", code="not_ours"
                )
            made = cls(place, row_format)
            for name in half_done:  # by a batch that was killed just here
                place.remove(name)
            for table in columns():
                made._put(Part(table, (None, None), _EMPTY), [])
            place.put(_ABOUT, msgspec.json.encode({"format": BATCH_FORMAT, "rows": row_format}))
            return made
        there = cls(place, _checked(about, place))
        if there.row_format != row_format:
            raise UsageError(
                f"{place.address} holds {there.row_format}.",
                hint=f"Name another folder, or ask for --format {there.row_format}.",
                code="other_format",
            )
        return there

    @classmethod
    def found(cls, place: FilePlace) -> Dataset:
        """The one that is there.

        Raises
        ------
        FileAccessError
            ``no_batch``: there is none; else as `FilePlace`.
        UsageError
            ``other_format``: a later version made it.
        """
        about = _about(place)
        if about is None:
            raise FileAccessError(
                f"There is no batch result in {place.address}.",
                hint="Name the folder that imu-reps batch -o wrote.",
                code="no_batch",
            )
        return cls(place, _checked(about, place))

    def add(self, results: Iterable[ResultRows]) -> str:
        """Write rows, a file for each table and partition, all or none; give the name that they share.

        Raises
        ------
        FileAccessError
            As `FilePlace`.
        """
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
                with contextlib.suppress(FileAccessError):  # whatever stays, the next start removes
                    self.place.remove(self._name(file))
            raise
        return part

    def strip(self, recordings: Mapping[tuple[Partition, str], Collection[str]]) -> None:
        """Remove the rows of recordings from the parts they are in; each file changes whole or not at all.

        Raises
        ------
        FileAccessError
            As `rows`.
        """
        for (partition, part), gone in recordings.items():
            for table in columns():
                name = self._name(Part(table, partition, part))
                content = _if_there(self.place, name)
                if content is None:
                    continue
                try:
                    kept, rows_left = without(table, content, gone, self.row_format)
                except (ValueError, KeyError) as error:
                    raise self._damaged(name, error) from error
                if rows_left:
                    self.place.put(name, kept)
                else:
                    self.place.remove(name)

    def sweep(self, known: Collection[str]) -> None:
        """Remove files that no commit speaks of: parts of one that did not come to its end."""
        keep = {*known, _EMPTY}
        for table in columns():
            for name in self.place.names(table):
                file = _part(name)
                if file is None or file.part not in keep:
                    self.place.remove(name)

    def parts(self) -> list[Part]:
        """All files of the tables."""
        found = (_part(name) for table in columns() for name in self.place.names(table))
        return [file for file in found if file is not None]

    def rows(self, files: Iterable[Part]) -> Iterator[Row]:
        """The rows of files, with the columns of their partitions.

        Raises
        ------
        FileAccessError
            ``damaged_batch``; else as `FilePlace`.
        """
        for file in files:
            named = dict(zip(PARTITIONS, file.partition, strict=True))
            try:
                rows = decode(file.table, self._get(file), self.row_format)
            except (ValueError, KeyError) as error:
                raise self._damaged(self._name(file), error) from error
            yield from (row | named for row in rows)

    def sets(self, partition: Partition, parts: Sequence[Part]) -> Iterator[StoredSet]:
        """The sets of one partition, whole; `parts` are those of the dataset.

        Raises
        ------
        FileAccessError
            ``damaged_batch``; else as `FilePlace`.
        """
        mine = [file for file in parts if file.partition == partition]
        reps, faults = (self._by_file(table, mine) for table in ("reps", "faults"))
        for row in self.rows(file for file in mine if file.table == "sets"):
            name = row["file"]
            try:
                yield set_of(row, reps.get(name, []), faults.get(name, []))
            except (ValueError, KeyError, TypeError) as error:
                raise self._damaged(name, error) from error

    def history(self, *, person: str | None = None, exercise: str | None = None) -> list[StoredSet]:
        """The sets of one person, or of all, oldest first.

        Parameters
        ----------
        person, exercise : str, optional
            Only theirs.

        Raises
        ------
        FileAccessError
            As `sets`.
        """
        parts = self.parts()
        partitions = sorted({file.partition for file in parts if file.table == "sets"}, key=str)
        asked = (one for one in partitions if exercise in (None, one[0]))
        found = [
            stored
            for partition in asked
            for stored in self.sets(partition, parts)
            if person in (None, stored.person)
        ]
        return sorted(found, key=_when)

    def _by_file(self, table: str, files: Iterable[Part]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows(file for file in files if file.table == table):
            found[row["file"]].append(row)
        return found

    def _put(self, file: Part, rows: Sequence[Row]) -> None:
        self.place.put(self._name(file), encode(file.table, rows, self.row_format))

    def _get(self, file: Part) -> bytes:
        return self.place.get(self._name(file))

    def _name(self, file: Part) -> str:
        exercise, day = (value or UNKNOWN for value in file.partition)
        return f"{file.table}/exercise={exercise}/day={day}/part-{file.part}.{self.row_format}"

    def _damaged(self, name: str, error: Exception) -> FileAccessError:
        return FileAccessError(
            f"{self.place.address}: what is kept of {name} is damaged: {error}.",
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


def _about(place: FilePlace) -> dict[str, str] | None:
    content = _if_there(place, _ABOUT)
    try:
        return None if content is None else msgspec.json.decode(content, type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def _if_there(place: FilePlace, name: str) -> bytes | None:
    try:
        return place.get(name)
    except FileAccessError as error:
        if error.code == "not_found":
            return None
        raise


def _checked(about: dict[str, str], place: FilePlace) -> RowFormat:
    row_format = about.get("rows", "")
    if about.get("format") != BATCH_FORMAT or row_format not in get_args(RowFormat):
        raise UsageError(
            f"{place.address} is no result that this version of imu_reps knows.",
            hint="Update imu_reps, or name another folder.",
            code="other_format",
        )
    return row_format  # type: ignore[return-value]
