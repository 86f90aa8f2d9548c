"""``imu-reps persons``: list, rename, merge, export and delete persons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import UNNAMED_SETS, choose_person, confirm, echo, person_label, show_table
from imu_reps.domain.untrusted import NOBODY, matches_name, parse_name
from imu_reps.errors import UsageError

if TYPE_CHECKING:
    from imu_reps.storage.history_store import History
    from imu_reps.storage.person_records import PersonData

_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def persons() -> None:
    """List persons, give one another name, join two, take out or delete everything of one.

    NAME is a name as `imu-reps persons list` shows it; - are the sets that name nobody. Simulated recordings
    are nobody's.
    """


@persons.command("list")
def list_persons() -> None:
    """List everybody of whom something is kept."""
    with _history() as history:
        found = _all_persons(history)
    if not found:
        echo("Nothing is kept of anybody yet.")
        return
    rows = [
        (
            f"{NOBODY} ({UNNAMED_SETS})" if data.name is None else data.name,
            str(data.sets),
            "–" if data.latest is None else data.latest.isoformat(),
            str(len(data.recordings)),
            "yes" if data.paired else "no",
        )
        for data in found
    ]
    show_table(("person", "sets", "latest", "recordings", "sensors paired"), rows)


@persons.command()
@click.argument("name")
@click.argument("new")
@_YES
def rename(name: str, new: str, *, yes: bool) -> None:
    """Give NAME the name NEW. In the history, in the recordings (by a note) and in the profile."""
    new = parse_name(new)
    with _history() as history:
        data, others = _one(history, name)
        if _called(new, others) is not None:
            raise UsageError(
                f"There is somebody called {new!r} already.",
                hint=f'If they are one person: imu-reps persons merge "{name}" "{new}".',
                code="name_taken",
            )
        if _agreed(f"Rename {_described(data)} to {new}", yes=yes):
            _rename(data, new, history)


@persons.command()
@click.argument("name")
@click.argument("into")
@_YES
def merge(name: str, into: str, *, yes: bool) -> None:
    """Make everything of NAME belong to INTO: the two are one person."""
    with _history() as history:
        data, others = _one(history, name)
        target = _called(into, others)
        if target is None:
            raise UsageError(
                f"There is nobody else called {into!r}.",
                hint="imu-reps persons list shows all; rename gives a new name.",
                code="unknown_person",
            )
        if _agreed(f"Make everything of {_described(data)} belong to {target}", yes=yes):
            _rename(data, target, history)


@persons.command()
@click.argument("name")
@click.argument("out", type=click.Path(path_type=Path))
def export(name: str, out: Path) -> None:
    """Write everything of NAME into a new folder OUT. Recordings, sets (CSV and JSON lines), profile."""
    from imu_reps.storage.person_records import export_person

    with _history() as history:
        data, _ = _one(history, name)
        export_person(data, out, history)
    echo(f"Written to {out}: {_what(data)}.")


@persons.command()
@click.argument("name")
@_YES
def delete(name: str, *, yes: bool) -> None:
    """Delete everything of NAME: recordings, history and profile. Nothing brings it back."""
    from imu_reps.storage.person_records import delete as delete_all

    with _history() as history:
        data, _ = _one(history, name)
        if _agreed(f"Delete {_described(data)}, for good", yes=yes):
            delete_all(data, history)
            echo("Deleted.")


def _history() -> History:
    from imu_reps.storage.history_store import History

    return History()


def _all_persons(history: History) -> list[PersonData]:
    from imu_reps.storage.folders import default_folder
    from imu_reps.storage.person_records import all_persons

    return all_persons(history, default_folder())


def _one(history: History, name: str) -> tuple[PersonData, list[PersonData]]:
    """Return the person of this name, and all others."""
    found = _all_persons(history)
    person = choose_person([data.name for data in found], name)
    (data,) = (data for data in found if data.name == person)
    return data, [other for other in found if other is not data]


def _called(name: str, people: list[PersonData]) -> str | None:
    """Return the name of whoever is called so, as it is written; None if nobody is."""
    return next((one.name for one in people if one.name is not None and matches_name(one.name, name)), None)


def _described(data: PersonData) -> str:
    return f"{person_label(data.name)} ({_what(data)})"


def _what(data: PersonData) -> str:
    from imu_reps.report.formatting import pluralize

    profile = ", the profile" if data.paired else ""
    return (
        f"{pluralize(len(data.recordings), 'recording')}, {pluralize(data.sets, 'remembered set')}{profile}"
    )


def _agreed(question: str, *, yes: bool) -> bool:
    if confirm(question, yes=yes, default=False):
        return True
    echo("Nothing was changed.")
    return False


def _rename(data: PersonData, new: str, history: History) -> None:
    from imu_reps.storage.person_records import rename as rename_all

    rename_all(data, new, history)
    echo(f"Done: {_what(data)} of {new}.")
