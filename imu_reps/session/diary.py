"""Keeps what becomes of sets: in the history as they end, in file and history as it is said how they felt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imu_reps.analysis.set_findings import felt, with_felt
from imu_reps.domain.recording import HURT, Note
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.errors import ImuRepsError
from imu_reps.session.session_events import HurtAfter, Rating, SessionEvent, SetDone
from imu_reps.storage.history_store import History
from imu_reps.storage.recording import load, load_comments
from imu_reps.storage.recording.writer import append_notes
from imu_reps.storage.remembered import stored_set


class Diary:
    """Writes down one session; told what happens as it happens.

    Parameters
    ----------
    complain : callable
        Told what goes wrong here; it costs no recording.
    remembers : bool
        Whether sets go into the history; those of a virtual wearer do not.

    Attributes
    ----------
    sets : dict of StoredSet
        Those remembered since it was begun, by file, in order.
    rated : set of str
        Files of which was said how they felt.
    """

    def __init__(self, complain: Callable[[ImuRepsError], None], *, remembers: bool = True) -> None:
        self.sets: dict[str, StoredSet] = {}
        self.rated: set[str] = set()
        self._complain = complain
        self._remembers = remembers
        self._summaries: dict[str, Summary] = {}

    def __call__(self, event: SessionEvent | Rating) -> None:
        """Write one thing down."""
        try:
            match event:
                case SetDone(finished=finished) if finished.summary is not None and not finished.discarded:
                    self._summaries[finished.path] = finished.summary
                    self._remember(finished.path)
                case Rating():
                    said = (("pain", event.pain), ("effort", event.effort))
                    notes = [(key, str(value)) for key, value in said if value is not None]
                    self._note(event.path, notes)
                    self.rated |= {event.path} if notes else set()
                case HurtAfter(path=path):
                    self._note(path, [(HURT, "resting")])
        except ImuRepsError as error:
            self._complain(error)

    def known(self) -> list[StoredSet]:
        """All sets that are remembered of the person who trains, those of other days too."""
        last = [*self.sets.values()][-1]
        with History() as history:
            return history.sets(person=last.person)

    def _note(self, path: str, said: Sequence[tuple[str, str]]) -> None:
        """Write down how a set felt, in its file and in the history."""
        if not said:
            return
        ended_s = max((note.time_s for note in load_comments(path).notes), default=0.0)
        append_notes(path, [Note(ended_s, key, value) for key, value in said])
        if path in self._summaries:
            notes = load_comments(path).notes
            self._summaries[path] = with_felt(self._summaries[path], felt(notes))
        self._remember(path)

    def _remember(self, path: str) -> None:
        if self._remembers and path in self._summaries:
            stored = stored_set(load(path), self._summaries[path])
            with History() as history:
                history.remember(stored)
            self.sets[path] = stored
