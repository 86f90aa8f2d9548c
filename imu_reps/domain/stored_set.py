"""Finished sets of a session, and sets stored in the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from imu_reps.domain.summary import Summary

#: When a recording may have been made: a computer's clock begins in 1970.
YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class DoneSet:
    """One set of a session.

    Attributes
    ----------
    number : int
        Number in its session, from 1.
    ended : str
        Code of the reason why it ended, such as ``target``.
    summary : Summary or None
        None if discarded or `unusable`.
    unusable : str or None
        Why it could not be analysed.
    """

    number: int
    ended: str
    summary: Summary | None
    discarded: bool = False
    unusable: str | None = None


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set in the history: person, recording, ratings and summary.

    Attributes
    ----------
    file : str
        Absolute path of the recording.
    session : str or None
        Id shared by the sets of one session.
    set_number : int or None
        Number in its session.
    pain, effort : int or None
        Ratings after the set, 0 to 10; None if not rated.
    summary : Summary
        With the settings and the version that computed it.
    """

    file: str
    person: str | None
    session: str | None
    set_number: int | None
    pain: int | None
    effort: int | None
    summary: Summary

    @property
    def recorded(self) -> datetime | None:
        """Time of the recording; None if unknown or in an impossible year.

        A time without a zone is taken for UTC, so that any two can be compared.
        """
        created = self.summary.recording.created
        if created is None:
            return None
        moment = datetime.fromisoformat(created)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment if moment.year in YEARS else None

    @property
    def day(self) -> date | None:
        """Local day of the set; None if unknown."""
        recorded = self.recorded
        return None if recorded is None else recorded.date()
