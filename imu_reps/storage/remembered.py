"""From a recording and its summary to the set as it is remembered."""

from __future__ import annotations

import os

from imu_reps.domain.recording import Recording, said
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.errors import UsageError


def stored_set(recording: Recording, summary: Summary) -> StoredSet:
    """The set with what its file says of person, session, pain and effort.

    Raises
    ------
    UsageError
        ``no_file``: the recording was never written to a file, so it could not be found again;
        ``discarded``: the person does not want the set to count; ``simulated``: nobody moved.
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
    return as_stored(recording, summary, os.path.abspath(recording.file))  # noqa: PTH100 - follows no links


def as_stored(recording: Recording, summary: Summary, file: str) -> StoredSet:
    """The same of any set, whether it counts or not; `file` is where it can be found again."""
    header = recording.header
    return StoredSet(
        file=file,
        person=recording.person,
        session=header.session,
        set_number=header.set_number,
        pain=said(recording.notes, "pain"),
        effort=said(recording.notes, "effort"),
        summary=summary,
    )
