"""``imu-reps history``: the sets done so far."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say, show
from imu_reps.domain.exercise import EXERCISES, Exercise
from imu_reps.errors import FileAccessError

if TYPE_CHECKING:
    from imu_reps.domain.stored_set import StoredSet


@click.command()
@click.option("--person", help="Only this person's sets.")
@click.option("--exercise", type=click.Choice(EXERCISES), help="Only this exercise.")
@click.option("--last", type=click.IntRange(min=1), default=12, show_default=True, help="How many sets.")
@click.option("--json", "as_json", is_flag=True, help="All of it: a JSON document a set, one a line.")
@click.option("--csv", "as_csv", is_flag=True, help="The figures of all sets as CSV, a row a set.")
@click.option(
    "--hand-over",
    "page",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="One page for a physiotherapist.",
)
@click.option("--from", "result", metavar="OUT", help="The sets of a batch result instead of your own.")
@click.option("--force", is_flag=True, help="Replace OUT if it is an older page.")
def history(  # noqa: PLR0913 - an argument an option
    *,
    person: str | None,
    exercise: Exercise | None,
    last: int,
    as_json: bool,
    as_csv: bool,
    page: Path | None,
    result: str | None,
    force: bool,
) -> None:
    """Show the last sets, the best, and what changed, for each exercise and side.

    A change is called one only if it is more than these sensors' noise from day to day and more than your
    own scatter.
    """
    if as_json + as_csv + (page is not None) > 1:
        raise click.UsageError("Choose one of --json, --csv and --hand-over.")
    sets = _sets(person, exercise) if result is None else _sets_of_batch(result, person, exercise)
    if as_json:
        _say_json(sets)
    elif as_csv:
        _say_csv(sets)
    elif page is not None:
        _hand_over(sets, person, page, force=force)
    else:
        _show(sets, last)


def _sets(person: str | None, exercise: Exercise | None) -> list[StoredSet]:
    from imu_reps.storage.history_store import History

    with History() as known:
        sets = known.sets(person=person, exercise=exercise)
    if not sets:
        raise FileAccessError(
            "No such sets are remembered yet.",
            hint="Record one, or take recordings in: imu-reps reanalyse FOLDER.",
            code="no_history_yet",
        )
    return sets


def _sets_of_batch(result: str, person: str | None, exercise: Exercise | None) -> list[StoredSet]:
    from imu_reps.fleet.dataset import Dataset
    from imu_reps.fleet.place import Place

    sets = Dataset.found(Place(result)).history(person=person, exercise=exercise)
    if not sets:
        raise FileAccessError(
            f"There are no such sets in {result}.",
            hint="Name another person or exercise.",
            code="no_history_yet",
        )
    return sets


def _say_json(sets: list[StoredSet]) -> None:
    from imu_reps.storage.plain_json import one_line

    for stored in sets:
        say(one_line(stored))


def _say_csv(sets: list[StoredSet]) -> None:
    from imu_reps.storage.exports import history_csv

    say(history_csv(sets), nl=False)


def _hand_over(sets: list[StoredSet], person: str | None, out: Path, *, force: bool) -> None:
    from imu_reps.advice.changes import progress
    from imu_reps.advice.next_session import advise
    from imu_reps.report.advice_text import advice_lines
    from imu_reps.report.page.hand_over import hand_over_page
    from imu_reps.report.page.page import PAGE_MARK
    from imu_reps.storage.file_access import save_document
    from imu_reps.storage.programme_file import load_programme

    programme = load_programme()
    advice = advice_lines(advise(sets, programme))
    page = hand_over_page(sets, programme.plan, progress(sets), person=person, advice=advice)
    save_document(out, page, mark=PAGE_MARK, force=force)
    say(f"Written to {out}.")


def _show(sets: list[StoredSet], last: int) -> None:
    from imu_reps.advice.changes import progress
    from imu_reps.report.history_text import history_report

    show(partial(history_report, sets[-last:], progress(sets)))
