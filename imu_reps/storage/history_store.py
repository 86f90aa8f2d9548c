"""The history of finished sets: one SQLite file, which several processes may use at once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import MAX_RATING, Recording, last_rating
from imu_reps.domain.summary import StoredSet, Summary
from imu_reps.domain.untrusted import normalize_name
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.storage.file_access import create, make_folder
from imu_reps.storage.folders import data_folder
from imu_reps.storage.plain_json import one_line, parse_json

HISTORY_FILE = "history.sqlite3"

#: Timeout of waiting for another process that is writing.
PATIENCE_S = 10.0

#: Step n updates a file of version n to version n + 1; steps are only ever added.
MIGRATIONS = (
    """
    CREATE TABLE recorded_set (
        id INTEGER PRIMARY KEY,
        file TEXT NOT NULL UNIQUE,
        person TEXT,
        session TEXT,
        set_number INTEGER,
        recorded TEXT,
        exercise TEXT NOT NULL,
        pain INTEGER,
        effort INTEGER
    );
    CREATE INDEX recorded_set_by_time ON recorded_set (recorded, set_number, id);
    CREATE TABLE analysis (
        id INTEGER PRIMARY KEY,
        set_id INTEGER NOT NULL REFERENCES recorded_set ON DELETE CASCADE,
        computed TEXT NOT NULL,
        version TEXT NOT NULL,
        settings TEXT NOT NULL,
        summary TEXT NOT NULL,
        UNIQUE (set_id, version, settings)
    );
    """,
    # earlier versions stored simulated sets too
    """
    DELETE FROM recorded_set WHERE id IN (
        SELECT set_id FROM analysis
        WHERE json_valid(summary) AND json_extract(summary, '$.recording.simulated')
    );
    """,
    # earlier versions stored names as typed
    "UPDATE recorded_set SET person = normalize_name(person) WHERE typeof(person) = 'text'",
)

_LATEST = """
    SELECT s.file, s.person, s.session, s.set_number, s.pain, s.effort, a.summary
    FROM recorded_set AS s
    JOIN analysis AS a ON a.id = (
        SELECT id FROM analysis WHERE set_id = s.id ORDER BY computed DESC, id DESC LIMIT 1
    )
"""

#: Inserts or updates a set; a NULL keeps the known value.
_KEEP_SET = """
    INSERT INTO recorded_set (file, person, session, set_number, recorded, exercise, pain, effort)
    VALUES (:file, :person, :session, :set_number, :recorded, :exercise, :pain, :effort)
    ON CONFLICT (file) DO UPDATE SET
        person = coalesce(excluded.person, person),
        session = coalesce(excluded.session, session),
        set_number = coalesce(excluded.set_number, set_number),
        recorded = coalesce(excluded.recorded, recorded),
        exercise = excluded.exercise,
        pain = coalesce(excluded.pain, pain),
        effort = coalesce(excluded.effort, effort)
    RETURNING id
"""
_KEEP_ANALYSIS = """
    INSERT INTO analysis (set_id, computed, version, settings, summary)
    VALUES (:set_id, :computed, :version, :settings, :summary)
    ON CONFLICT (set_id, version, settings) DO UPDATE SET
        computed = excluded.computed, summary = excluded.summary
"""

#: Fields in which two different sets never agree, in addition to person and time.
_SAME = "'$.recording.duration_s', '$.recording.side', '$.sensors.pelvis.samples', '$.sensors.ankle.samples'"
#: Query for the same set in another file.
_TWINS = f"""
    SELECT DISTINCT s.id, s.file FROM recorded_set AS s JOIN analysis AS a ON a.set_id = s.id
    WHERE s.file <> :file AND s.person IS :person AND s.recorded IS :recorded
        AND s.session IS :session AND s.set_number IS :set_number AND json_valid(a.summary)
        AND json_extract(a.summary, {_SAME}) = json_extract(:summary, {_SAME})
"""


def history_path() -> Path:
    """Return the path of the history, next to the folder of recordings; it may not exist yet."""
    return data_folder() / HISTORY_FILE


class History:
    """The history of finished sets; a context manager.

    Parameters
    ----------
    file : path-like, optional
        By default `history_path`. Created, with its folder, if missing; updated if an earlier version wrote
        it.

    Raises
    ------
    FileAccessError
        ``no_history``: the file is not a history; ``newer_history``: a later version wrote it; ``busy``,
        ``disk_full``, ``permission``, ``file_access``.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(file) if file is not None else history_path()
        make_folder(self.path.parent)
        with contextlib.suppress(OSError):  # private to the user; SQLite reports any error below
            create(self.path).close()
        with self._sqlite_errors():
            self._database = sqlite3.connect(self.path, timeout=PATIENCE_S, isolation_level=None)
        try:
            with self._sqlite_errors():
                self._database.execute("PRAGMA foreign_keys = ON")
                self._database.create_function("normalize_name", 1, normalize_name, deterministic=True)
                self._migrate()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        self._database.close()

    def remember(self, stored: StoredSet) -> None:
        """Store a set; its earlier analyses by other versions or with other settings are kept.

        Where person, session, set number, pain or effort is None, the known value is kept. If the same set is
        known from a file that no longer exists, the file has been moved, and its entry follows.

        Raises
        ------
        UsageError
            ``simulated``: the set is simulated; ``copy``: it is stored already, from another file.
        FileAccessError
            As the class.
        """
        if stored.summary.recording.simulated:
            raise UsageError(
                f"{stored.file} is simulated: nobody moved, so it is never remembered.",
                hint="Record a set with sensors.",
                code="simulated",
            )
        summary, moment = stored.summary, stored.recorded
        row = {
            "file": stored.file,
            "person": stored.person,
            "session": stored.session,
            "set_number": stored.set_number,
            "recorded": None if moment is None else moment.astimezone(UTC).isoformat(),
            "exercise": summary.recording.exercise,
            "pain": stored.pain,
            "effort": stored.effort,
            "computed": datetime.now(UTC).isoformat(),
            "version": summary.version,
            "settings": one_line(summary.settings),
            "summary": one_line(summary),
        }
        with self._transaction():
            self._follow(row)
            (set_id,) = self._database.execute(_KEEP_SET, row).fetchone()
            self._database.execute(_KEEP_ANALYSIS, row | {"set_id": set_id})

    def _follow(self, row: Mapping[str, Any]) -> None:
        """Change the entry of a file that was moved to its new path."""
        file = row["file"]
        known = self._database.execute("SELECT id FROM recorded_set WHERE file = ?", (file,)).fetchone()
        for twin_id, other in self._database.execute(_TWINS, row).fetchall():
            if known is None and Path(other).exists():
                raise UsageError(
                    f"{file} is the same set as {other}, which is remembered already.",
                    hint="Keep one of the two files.",
                    code="copy",
                )
            if known is None:
                self._database.execute("UPDATE recorded_set SET file = ? WHERE id = ?", (file, twin_id))
                known = (twin_id,)
            elif not Path(other).exists():
                self._database.execute("DELETE FROM recorded_set WHERE id = ?", (twin_id,))

    def persons(self) -> list[str | None]:
        """Return the persons with stored sets, sorted by name, last None for sets without a person."""
        names = [name for (name,) in self._run("SELECT DISTINCT person FROM recorded_set")]
        for name in names:
            if name is not None and type(name) is not str:
                raise self._damaged("a row", f"person is {name!r}")
        return sorted(names, key=lambda name: (name is None, name))

    def rename(self, old: str | None, new: str) -> None:
        """Rename the person of sets; if another person has that name, the sets become theirs."""
        self._run("UPDATE recorded_set SET person = ? WHERE person IS ?", (new, old))

    def reassign(self, file: str, person: str | None) -> None:
        """Change the person of the set in a file."""
        self._run("UPDATE recorded_set SET person = ? WHERE file = ?", (person, file))

    def forget(self, person: str | None) -> None:
        """Delete all sets of a person, and overwrite them on the disk."""
        self._run("PRAGMA secure_delete = ON")
        self._run("DELETE FROM recorded_set WHERE person IS ?", (person,))
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def sets(self, *, person: str | None, exercise: Exercise | None = None) -> list[StoredSet]:
        """Return a person's sets with their latest analysis, oldest first; rounded as in the JSON summary.

        Parameters
        ----------
        person : str or None
            None: sets without a person.
        exercise : str, optional
            Only sets of this exercise.

        Raises
        ------
        FileAccessError
            ``old_analysis``: this version cannot read a stored summary; else as the class.
        """
        asked = """
            WHERE s.person IS :person AND (:exercise IS NULL OR s.exercise = :exercise)
            ORDER BY s.recorded, s.set_number, s.id
        """
        rows = self._run(_LATEST + asked, {"person": person, "exercise": exercise})
        return [self._stored(*row) for row in rows]

    def find(self, file: str) -> StoredSet | None:
        """Return the set recorded in `file`, an absolute path; None if it is not stored.

        Raises
        ------
        FileAccessError
            As `sets`.
        """
        rows = self._run(_LATEST + "WHERE s.file = ?", (file,))
        return self._stored(*rows[0]) if rows else None

    def _stored(self, *row: Any) -> StoredSet:
        """Return the set of a row of `_LATEST`, whose columns are its fields in their order."""
        file, *known, summary = row
        try:
            read = parse_json(summary, Summary)
        except ValueError as error:
            raise FileAccessError(
                f"{self.path}: the summary of {file} is of another version: {error}.",
                hint="Compute the sets again: imu-reps reanalyse.",
                code="old_analysis",
            ) from error
        stored = StoredSet(*[file, *known, read])
        if (wrong := _damage(stored)) is not None:
            raise self._damaged(file, wrong)
        return stored

    def _damaged(self, what: str, wrong: str) -> FileAccessError:
        return FileAccessError(
            f"{self.path}: what is remembered of {what} is damaged: {wrong}.",
            hint="Move the history away; imu-reps reanalyse makes it anew from the recordings.",
            code="damaged_history",
        )

    def _migrate(self) -> None:
        known = len(MIGRATIONS)
        if self._version() == known:
            return
        self._database.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            # read again: another process may have updated it meanwhile
            version = self._version()
            if version > known:
                raise FileAccessError(
                    f"{self.path} was made by a later version of imu-reps.",
                    hint="Update imu-reps, or move the file away to begin a new history.",
                    code="newer_history",
                )
            for step in MIGRATIONS[version:]:
                for statement in filter(str.strip, step.split(";")):
                    self._database.execute(statement)
            self._database.execute(f"PRAGMA user_version = {known}")

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

    def _run(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Run one statement, a transaction of its own, and return its rows."""
        with self._sqlite_errors():
            return self._database.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run a transaction, whole or not at all; other processes cannot write meanwhile."""
        with self._sqlite_errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextlib.contextmanager
    def _sqlite_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _error(error, self.path) from error
        except UnicodeEncodeError as error:
            raise FileAccessError(
                f"The history cannot remember {error.object!a}: the name is not UTF-8.",
                hint="Rename the file or its folder; imu-reps reanalyse remembers it then.",
                code="not_utf8",
            ) from error


def _damage(stored: StoredSet) -> str | None:
    """Return which value of a row is impossible, or None; SQLite does not check the types of columns."""
    kinds = {"file": str, "person": str, "session": str, "set_number": int, "pain": int, "effort": int}
    for name, kind in kinds.items():
        value = getattr(stored, name)
        if value is not None and type(value) is not kind:
            return f"{name} is {value!r}"
    for felt in (stored.pain, stored.effort):
        if felt is not None and not 0 <= felt <= MAX_RATING:
            return f"pain or effort is {felt}"
    try:
        stored.recorded  # noqa: B018 - raises if the date is impossible
    except ValueError:
        return f"the date is {stored.summary.recording.created!r}"
    return None


def _error(error: sqlite3.Error, path: Path) -> FileAccessError:
    causes = {
        sqlite3.SQLITE_NOTADB: ("no_history", "is no history", "Move it away to begin a new one."),
        sqlite3.SQLITE_CORRUPT: (
            "no_history",
            "is damaged",
            "Move it away; imu-reps reanalyse makes it anew from the recordings.",
        ),
        sqlite3.SQLITE_BUSY: (
            "busy",
            "is being written by another program",
            "Wait for it, or end it, and try again.",
        ),
        sqlite3.SQLITE_FULL: ("disk_full", "cannot grow: the disk is full", "Free some space."),
        sqlite3.SQLITE_READONLY: ("permission", "may not be written", "Change its permission."),
        sqlite3.SQLITE_CANTOPEN: ("permission", "cannot be opened", "Check the folder and its permission."),
    }
    number = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    # no room for the index of the log (sqlite.org/rescode.html); else the low byte is the primary code
    cause = sqlite3.SQLITE_FULL if number == sqlite3.SQLITE_IOERR_SHMSIZE else number & 0xFF
    unknown = ("file_access", f"cannot be used: {error}", "Check the disk and the path.")
    code, what, hint = causes.get(cause, unknown)
    return FileAccessError(f"The history {path} {what}.", hint=hint, code=code)


def stored_set(recording: Recording, summary: Summary) -> StoredSet:
    """Return a set for the history, with person, session, pain and effort from its recording.

    Raises
    ------
    UsageError
        ``no_file``: the recording has no file, so it could not be found again; ``discarded``: the person
        discarded the set; ``simulated``: the set is simulated.
    """
    if recording.file is None:
        raise UsageError("This set has no file.", hint="Save the recording first.", code="no_file")
    if recording.discarded:
        raise UsageError(
            f"{recording.file} was discarded: it is not remembered, and not compared.",
            hint="Name a set that counts.",
            code="discarded",
        )
    if recording.header.simulated:
        raise UsageError(
            f"{recording.file} is simulated: it is never remembered, and not compared.",
            hint="Name a set that somebody did.",
            code="simulated",
        )
    return to_stored_set(recording, summary, os.path.abspath(recording.file))  # noqa: PTH100 - follows no links


def to_stored_set(recording: Recording, summary: Summary, file: str) -> StoredSet:
    """Return the same as `stored_set` for any set, including discarded and simulated ones.

    `file` is the path under which the recording can be found again.
    """
    header = recording.header
    return StoredSet(
        file=file,
        person=recording.person,
        session=header.session,
        set_number=header.set_number,
        pain=last_rating(recording.notes, "pain"),
        effort=last_rating(recording.notes, "effort"),
        summary=summary,
    )
