"""Stores finished sets in the history, and ratings (pain, effort) in the recording and the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from imu_reps.analysis.set_findings import felt, with_felt
from imu_reps.domain.recording import HURT, Note, Recording
from imu_reps.domain.summary import StoredSet, Summary
from imu_reps.errors import FileAccessError, ImuRepsError
from imu_reps.session.session_events import HurtAfter, Rating, SessionEvent, SetDone
from imu_reps.storage.history_store import History, stored_set
from imu_reps.storage.recording import load_comments
from imu_reps.storage.recording.writer import append_notes


class Diary:
    """Stores the sets and ratings of one session; call it with each event.

    Parameters
    ----------
    complain : callable
        Receives the errors that occur here; no recording is lost by them.
    remembers : bool
        Whether sets go into the history; those of a virtual wearer do not.

    Attributes
    ----------
    sets : dict of StoredSet
        Sets stored so far, in order; the key is the path of the recording.
    rated : set of str
        Paths of the recordings that were rated.
    stored : callable
        Receives each rating, and pain after the last set, once it is on disk.
    """

    def __init__(self, complain: Callable[[ImuRepsError], None], *, remembers: bool = True) -> None:
        self.sets: dict[str, StoredSet] = {}
        self.rated: set[str] = set()
        self.stored: Callable[[Rating | HurtAfter], None] = lambda felt: None  # noqa: ARG005
        self._complain = complain
        self._remembers = remembers
        self._summaries: dict[str, Summary] = {}
        self._recordings: dict[str, Recording] = {}
        self._unwritten: dict[str, list[Note]] = {}

    def __call__(self, event: SessionEvent | Rating) -> None:
        """Store what an event or a rating brings."""
        try:
            match event:
                case SetDone(finished=finished) if finished.summary is not None and not finished.discarded:
                    self._summaries[finished.path] = finished.summary
                    self._remember(finished.path)
                case Rating():
                    ratings = (("pain", event.pain), ("effort", event.effort))
                    notes = [(key, str(value)) for key, value in ratings if value is not None]
                    self._note(event, notes)
                    self.rated |= {event.path} if notes else set()
                case HurtAfter():
                    self._note(event, [(HURT, "resting")])
        except ImuRepsError as error:
            self._complain(error)

    def known(self) -> list[StoredSet]:
        """Return all stored sets of the person who trains, including those of other days."""
        last = [*self.sets.values()][-1]
        with History() as history:
            return history.sets(person=last.person)

    def _note(self, said: Rating | HurtAfter, ratings: Sequence[tuple[str, str]]) -> None:
        """Write ratings, as pairs of key and value, into the recording and into the history.

        What the recording refuses (a full disk), or cannot take as it was removed, goes into the history,
        and is tried again with the next.
        """
        if not ratings:
            return
        path = said.path
        ended_s = max((note.time_s for note in self._notes(path)), default=0.0)
        notes = [*self._unwritten.pop(path, ()), *(Note(ended_s, key, value) for key, value in ratings)]
        try:
            append_notes(path, notes)
        except FileAccessError as error:
            self._unwritten[path] = notes
            self._complain(error)
            self._remember(path)
            if path in self.sets:
                self.stored(said)
        else:
            self.stored(said)
            self._remember(path)

    def _remember(self, path: str) -> None:
        """Store an analysed set in the history, with what was felt."""
        if path not in self._summaries:
            return
        known = (*self._notes(path), *self._unwritten.get(path, ()))
        self._summaries[path] = with_felt(self._summaries[path], felt(known))
        if self._remembers:
            stored = stored_set(replace(self._recordings[path], notes=known), self._summaries[path])
            try:
                with History() as history:
                    history.remember(stored)
            except FileAccessError as error:
                hint = "The set itself is safe: imu-reps reanalyse takes it into the history later."
                raise error.with_hint(hint) from error
            self.sets[path] = stored

    def _notes(self, path: str) -> tuple[Note, ...]:
        """Return the notes of a recording; if it has been removed or damaged since, those it had.

        Raises
        ------
        FileAccessError, RecordingError
            It was never read, and cannot be now.
        """
        try:
            self._recordings[path] = load_comments(path)
        except ImuRepsError:
            if path not in self._recordings:
                raise
        return self._recordings[path].notes
