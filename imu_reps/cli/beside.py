"""What the history has to say beside one set: the sides of its session, earlier sets, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imu_reps.domain.history import StoredSet


class Beside(TypedDict):
    """Earlier sets of the same exercise and side, and lines about sides and advice."""

    earlier: Sequence[StoredSet]
    sides: Sequence[str]
    advice: Sequence[str]


def alone() -> Beside:
    """Nothing: of a set that is not to be compared."""
    return {"earlier": (), "sides": (), "advice": ()}


def beside_set(stored: StoredSet) -> Beside:
    """Look up the person's sets up to this one.

    Raises
    ------
    FileAccessError
        As `imu_reps.storage.history.History`.
    """
    from imu_reps.coaching.advice import advise, session_of
    from imu_reps.coaching.sides import compare_sides
    from imu_reps.report.advice import advice_lines
    from imu_reps.report.sides import side_lines
    from imu_reps.storage.history import History
    from imu_reps.storage.programme_file import load_programme

    sets = [stored]
    if stored.recorded is not None:
        with History() as history:
            known = history.sets(person=stored.person)
        sets = [one for one in known if one.file != stored.file and _before(one, stored)] + [stored]
    session = [one.summary for one in sets if session_of(one) == session_of(stored)]
    return {
        "earlier": [one for one in sets if _alike(one, stored)],
        "sides": side_lines(compare_sides(session)),
        "advice": advice_lines(advise(sets, load_programme())) if stored.recorded is not None else [],
    }


def _before(one: StoredSet, other: StoredSet) -> bool:
    return one.recorded is not None and other.recorded is not None and one.recorded <= other.recorded


def _alike(one: StoredSet, other: StoredSet) -> bool:
    recordings = one.summary.recording, other.summary.recording
    return len({(recording.exercise, recording.side) for recording in recordings}) == 1
