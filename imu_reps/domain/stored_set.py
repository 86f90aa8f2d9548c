"""A finished set as it is remembered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from imu_reps.domain.summary import Summary

#: When a recording may have been made: a computer's clock begins in 1970.
YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class StoredSet:
    """Whose set it was, where its raw file is, and how it was summed up.

    Attributes
    ----------
    file : str
        Absolute path of the recording.
    person : str or None
    session : str or None
        Shared by the sets of one session.
    set_number : int or None
        The set's number in its session.
    pain, effort : int or None
        As the person said after the set, 0 to 10; None: not said.
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
        """When the recording was made; None if it does not say, or names a year it cannot be.

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
        """The day it was done, where it was done; None if the recording does not say."""
        recorded = self.recorded
        return None if recorded is None else recorded.date()
