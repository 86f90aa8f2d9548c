"""``imu-reps persons``: whose data is kept; renamed, joined, taken out, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say
from imu_reps.cli.tables import show_table
from imu_reps.cli.whose import NAMELESS, called, whose
from imu_reps.domain.person_name import NOBODY, is_called
from imu_reps.errors import UsageError

if TYPE_CHECKING:
    from imu_reps.storage.history_store import History
    from imu_reps.storage.person_records import Kept

_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def persons() -> None:
    """List persons, give one another name, join two, take out or delete everything of one.

    NAME is a name as `imu-reps persons list` shows it; - are the sets that name nobody. Simulated recordings
    are nobody's.

    Example: imu-reps persons rename "Ana" "Anna"
    """


@persons.command("list")
def list_persons() -> None:
    """List everybody of whom something is kept.

    Example: imu-reps persons list
    """
    with _history() as history:
        found = _everybody(history)
    if not found:
        say("Nothing is kept of anybody yet.")
        return
    rows = [
        (
            f"{NOBODY} ({NAMELESS})" if kept.name is None else kept.name,
            str(kept.sets),
            "–" if kept.latest is None else kept.latest.isoformat(),
            str(len(kept.recordings)),
            "yes" if kept.paired else "no",
        )
        for kept in found
    ]
    show_table(("person", "sets", "latest", "recordings", "sensors paired"), rows)


@persons.command()
@click.argument("name")
@click.argument("new")
@_YES
def rename(name: str, new: str, *, yes: bool) -> None:
    """Give NAME the name NEW. In the history, in the recordings (by a note) and in the profile.

    Example: imu-reps persons rename Ana Anna
    """
    from imu_reps.domain.person_name import person_name

    new = person_name(new)
    with _history() as history:
        kept, others = _one(history, name)
        if any(_same(other.name, new) for other in others):
            raise UsageError(
                f"There is somebody called {new!r} already.",
                hint=f'If they are one person: imu-reps persons merge "{name}" "{new}".',
                code="name_taken",
            )
        if _agreed(f"Rename {_told(kept)} to {new}?", yes=yes):
            _rename(kept, new, history)


@persons.command()
@click.argument("name")
@click.argument("into")
@_YES
def merge(name: str, into: str, *, yes: bool) -> None:
    """Make everything of NAME belong to INTO: the two are one person.

    Example: imu-reps persons merge Ana Anna
    """
    with _history() as history:
        kept, others = _one(history, name)
        target = next((other.name for other in others if _same(other.name, into)), None)
        if target is None:
            raise UsageError(
                f"There is nobody else called {into!r}.",
                hint="imu-reps persons list shows all; rename gives a new name.",
                code="unknown_person",
            )
        if _agreed(f"Make everything of {_told(kept)} belong to {target}?", yes=yes):
            _rename(kept, target, history)


@persons.command()
@click.argument("name")
@click.argument("out", type=click.Path(path_type=Path))
def export(name: str, out: Path) -> None:
    """Write everything of NAME into a new folder OUT. Recordings, sets (CSV and JSON lines), profile.

    Example: imu-reps persons export Anna anna
    """
    from imu_reps.storage.person_records import take_out

    with _history() as history:
        kept, _ = _one(history, name)
        take_out(kept, out, history)
    say(f"Written to {out}: {_what(kept)}.")


@persons.command()
@click.argument("name")
@_YES
def delete(name: str, *, yes: bool) -> None:
    """Delete everything of NAME: recordings, history and profile. Nothing brings it back.

    Example: imu-reps persons delete Anna
    """
    from imu_reps.storage.person_records import delete as delete_all

    with _history() as history:
        kept, _ = _one(history, name)
        if _agreed(f"Delete {_told(kept)}, for good?", yes=yes):
            delete_all(kept, history)
            say("Deleted.")


def _history() -> History:
    from imu_reps.storage.history_store import History

    return History()


def _everybody(history: History) -> list[Kept]:
    from imu_reps.storage.person_records import everybody
    from imu_reps.storage.recording import default_folder

    return everybody(history, default_folder())


def _one(history: History, name: str) -> tuple[Kept, list[Kept]]:
    """Who is meant, and all others."""
    found = _everybody(history)
    person = whose([kept.name for kept in found], name)
    (kept,) = (kept for kept in found if kept.name == person)
    return kept, [other for other in found if other is not kept]


def _same(name: str | None, other: str) -> bool:
    return name is not None and is_called(name, other)


def _told(kept: Kept) -> str:
    return f"{called(kept.name)} ({_what(kept)})"


def _what(kept: Kept) -> str:
    from imu_reps.report.figures import counted

    profile = ", the profile" if kept.paired else ""
    return f"{counted(len(kept.recordings), 'recording')}, {counted(kept.sets, 'remembered set')}{profile}"


def _agreed(question: str, *, yes: bool) -> bool:
    from imu_reps.cli.pair.questions import Questions

    if Questions(yes).agree(question, usual=False):
        return True
    say("Nothing was changed.")
    return False


def _rename(kept: Kept, new: str, history: History) -> None:
    from imu_reps.storage.person_records import rename as rename_all

    rename_all(kept, new, history)
    say(f"Done: {_what(kept)} of {new}.")
