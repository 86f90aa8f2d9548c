"""Finished sets remembered in one SQLite file, which several processes may use at once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.person_name import said_name
from imu_reps.domain.recording import MAX_SAID
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.storage.file_access import create, make_folder
from imu_reps.storage.folders import data_folder
from imu_reps.storage.plain_json import one_line

HISTORY_FILE = "history.sqlite3"

#: How long a process waits for another that is writing.
PATIENCE_S = 10.0

#: Step n brings a file of version n to version n + 1; steps are only ever added.
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
    # what nobody did was let in by earlier versions
    """
    DELETE FROM recorded_set WHERE id IN (
        SELECT set_id FROM analysis
        WHERE json_valid(summary) AND json_extract(summary, '$.recording.simulated')
    );
    """,
    # one name was kept as it had been typed
    "UPDATE recorded_set SET person = said_name(person) WHERE typeof(person) = 'text'",
)

_LATEST = """
    SELECT s.file, s.person, s.session, s.set_number, s.pain, s.effort, a.summary
    FROM recorded_set AS s
    JOIN analysis AS a ON a.id = (
        SELECT id FROM analysis WHERE set_id = s.id ORDER BY computed DESC, id DESC LIMIT 1
    )
"""


#: What two sets never agree in, beside whose and when they are.
_SAME = "'$.recording.duration_s', '$.recording.side', '$.sensors.pelvis.samples', '$.sensors.ankle.samples'"
#: The same set in another file.
_TWINS = f"""
    SELECT DISTINCT s.id, s.file FROM recorded_set AS s JOIN analysis AS a ON a.set_id = s.id
    WHERE s.file <> :file AND s.person IS :person AND s.recorded IS :recorded
        AND s.session IS :session AND s.set_number IS :set_number AND json_valid(a.summary)
        AND json_extract(a.summary, {_SAME}) = json_extract(:summary, {_SAME})
"""


def history_path() -> Path:
    """Where the history is kept: beside the folder of recordings. It may not exist yet."""
    return data_folder() / HISTORY_FILE


class History:
    """The sets done so far; a context manager.

    Parameters
    ----------
    file : path-like, optional
        By default `history_path`. Made, with its folder, if it does not exist; brought up to date if an
        earlier version made it.

    Raises
    ------
    FileAccessError
        ``no_history``: the file is no history; ``newer_history``: a later version made it; ``busy``,
        ``disk_full``, ``permission``, ``file_access``.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(file) if file is not None else history_path()
        make_folder(self.path.parent)
        with contextlib.suppress(OSError):  # what is wrong with it SQLite will say; its own would be for all
            create(self.path).close()
        with self._told_plainly():
            self._database = sqlite3.connect(self.path, timeout=PATIENCE_S, isolation_level=None)
        try:
            with self._told_plainly():
                self._database.execute("PRAGMA foreign_keys = ON")
                self._database.create_function("said_name", 1, said_name, deterministic=True)
                self._migrate()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        self._database.close()

    def remember(self, stored: StoredSet) -> None:
        """Keep a set. Of one known before, every analysis by another version or with other settings is kept.

        What is None of person, session, set number, pain and effort leaves what was known as it was. A set
        whose file is gone and that comes from another one was moved there.

        Raises
        ------
        UsageError
            ``simulated``: nobody did this set; ``copy``: it is remembered already, from another file.
        FileAccessError
            As the class.
        """
        if stored.summary.recording.simulated:
            raise UsageError(
                f"{stored.file} is simulated: nobody moved, so it is never remembered.",
                hint="Record a set with sensors.",
                code="simulated",
            )
        of_set = (
            stored.file,
            stored.person,
            stored.session,
            stored.set_number,
            _sortable(stored.recorded),
            stored.summary.recording.exercise,
            stored.pain,
            stored.effort,
        )
        summary = stored.summary
        with self._transaction():
            self._follow(stored)
            (set_id,) = self._database.execute(
                """
                INSERT INTO recorded_set
                    (file, person, session, set_number, recorded, exercise, pain, effort)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (file) DO UPDATE SET
                    person = coalesce(excluded.person, person),
                    session = coalesce(excluded.session, session),
                    set_number = coalesce(excluded.set_number, set_number),
                    recorded = coalesce(excluded.recorded, recorded),
                    exercise = excluded.exercise,
                    pain = coalesce(excluded.pain, pain),
                    effort = coalesce(excluded.effort, effort)
                RETURNING id
                """,
                of_set,
            ).fetchone()
            self._database.execute(
                """
                INSERT INTO analysis (set_id, computed, version, settings, summary) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (set_id, version, settings) DO UPDATE SET
                    computed = excluded.computed, summary = excluded.summary
                """,
                (set_id, _now(), summary.version, one_line(summary.settings), one_line(summary)),
            )

    def _follow(self, stored: StoredSet) -> None:
        """Let what is remembered of a file that was moved follow it."""
        known = self._database.execute(
            "SELECT id FROM recorded_set WHERE file = ?", (stored.file,)
        ).fetchone()
        said = {
            "file": stored.file,
            "person": stored.person,
            "recorded": _sortable(stored.recorded),
            "session": stored.session,
            "set_number": stored.set_number,
            "summary": one_line(stored.summary),
        }
        for twin_id, file in self._database.execute(_TWINS, said).fetchall():
            if known is None and Path(file).exists():
                raise UsageError(
                    f"{stored.file} is the same set as {file}, which is remembered already.",
                    hint="Keep one of the two files.",
                    code="copy",
                )
            if known is None:
                self._database.execute(
                    "UPDATE recorded_set SET file = ? WHERE id = ?", (stored.file, twin_id)
                )
                known = (twin_id,)
            elif not Path(file).exists():
                self._database.execute("DELETE FROM recorded_set WHERE id = ?", (twin_id,))

    def persons(self) -> list[str | None]:
        """Whose sets are remembered, by name; None, which comes last: sets that name nobody."""
        with self._told_plainly():
            rows = self._database.execute("SELECT DISTINCT person FROM recorded_set").fetchall()
        names = [name for (name,) in rows]
        for name in names:
            if name is not None and type(name) is not str:
                raise self._damaged("a row", f"person is {name!r}")
        return sorted(names, key=lambda name: (name is None, name))

    def rename(self, old: str | None, new: str) -> None:
        """Give a person's sets another name; where somebody has it already, the sets become theirs."""
        with self._transaction():
            self._database.execute("UPDATE recorded_set SET person = ? WHERE person IS ?", (new, old))

    def reassign(self, file: str, person: str | None) -> None:
        """Make the set in a file a person's, whoever's it was."""
        with self._transaction():
            self._database.execute("UPDATE recorded_set SET person = ? WHERE file = ?", (person, file))

    def forget(self, person: str | None) -> None:
        """Remove everything of a person, from the disk too."""
        with self._told_plainly():
            self._database.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            self._database.execute("DELETE FROM recorded_set WHERE person IS ?", (person,))
        with self._told_plainly():
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def sets(
        self, *, person: str | None, exercise: Exercise | None = None, last: int | None = None
    ) -> list[StoredSet]:
        """One person's sets by their latest analysis, oldest first; figures rounded as in the JSON summary.

        Parameters
        ----------
        person : str or None
            Whose; None: those that name nobody.
        exercise : str, optional
            Only of this.
        last : int, optional
            Only so many, the latest.

        Raises
        ------
        FileAccessError
            ``old_analysis``: a summary in it cannot be read by this version; else as the class.
        """
        with self._told_plainly():
            rows = self._database.execute(
                _LATEST
                + """
                WHERE s.person IS :person
                    AND (:exercise IS NULL OR s.exercise = :exercise)
                ORDER BY s.recorded DESC, s.set_number DESC, s.id DESC
                LIMIT :last
                """,
                {"person": person, "exercise": exercise, "last": -1 if last is None else last},
            ).fetchall()
        return [self._stored(*row) for row in reversed(rows)]

    def find(self, file: str) -> StoredSet | None:
        """The set recorded in `file`, an absolute path; None if it is not known.

        Raises
        ------
        FileAccessError
            As `sets`.
        """
        with self._told_plainly():
            row = self._database.execute(_LATEST + "WHERE s.file = ?", (file,)).fetchone()
        return None if row is None else self._stored(*row)

    def _stored(
        self,
        file: str,
        person: str | None,
        session: str | None,
        set_number: int | None,
        pain: int | None,
        effort: int | None,
        summary: str,
    ) -> StoredSet:
        try:
            read = msgspec.json.decode(summary, type=Summary)
        except msgspec.DecodeError as error:
            raise FileAccessError(
                f"{self.path}: the summary of {file} is of another version: {error}.",
                hint="Compute the sets again: imu-reps reanalyse.",
                code="old_analysis",
            ) from error
        stored = StoredSet(file, person, session, set_number, pain, effort, read)
        wrong = _damage(stored)
        if wrong is not None:
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
            # read again: another process may have been faster
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

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing; no other process writes meanwhile."""
        with self._told_plainly():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextlib.contextmanager
    def _told_plainly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _error(error, self.path) from error


def _damage(stored: StoredSet) -> str | None:
    """What cannot be in a row; SQLite itself keeps anything in any column."""
    kinds = {"file": str, "person": str, "session": str, "set_number": int, "pain": int, "effort": int}
    for name, kind in kinds.items():
        value = getattr(stored, name)
        if value is not None and type(value) is not kind:
            return f"{name} is {value!r}"
    for said in (stored.pain, stored.effort):
        if said is not None and not 0 <= said <= MAX_SAID:
            return f"pain or effort is {said}"
    try:
        stored.recorded  # noqa: B018 - reading it tells
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
    # the low byte is the cause, the rest its variety
    cause = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    unknown = ("file_access", f"cannot be used: {error}", "Check the disk and the path.")
    code, what, hint = causes.get(cause, unknown)
    return FileAccessError(f"The history {path} {what}.", hint=hint, code=code)


def _sortable(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat()
