"""``imu-reps history``: show the sets done so far."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import choose_person, echo, echo_error, person_label, render
from imu_reps.cli.output_names import refuse_other_ending
from imu_reps.domain.exercise import EXERCISES, Exercise
from imu_reps.errors import FileAccessError, ImuRepsError

if TYPE_CHECKING:
    from imu_reps.domain.summary import StoredSet, Summary
    from imu_reps.domain.track import AngleTrack


@click.command()
@click.option("--person", metavar="NAME", help="Whose sets, if there are several persons'.")
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

    A change since the first visit, or over the last four, is called one only if it is more than these
    sensors' noise from day to day and more than the scatter around its course.
    """
    if as_json + as_csv + (page is not None) > 1:
        raise click.UsageError("Choose one of --json, --csv and --hand-over.")
    if result is None:
        person, sets = _sets(person, exercise)
    else:
        person, sets = _sets_of_batch(result, person, exercise)
    if as_json:
        from imu_reps.storage.plain_json import one_line

        for stored in sets:
            echo(one_line(stored))
    elif as_csv:
        from imu_reps.storage.exports import history_csv

        echo(history_csv(sets), nl=False)
    elif page is not None:
        _hand_over(sets, person, page, force=force)
    else:
        from imu_reps.advice.comparisons import progress
        from imu_reps.report.history_text import history_report

        if person is not None:
            echo(f"Sets of {person}")
        render(partial(history_report, sets[-last:], progress(sets)))


def _sets(name: str | None, exercise: Exercise | None) -> tuple[str | None, list[StoredSet]]:
    """Return one person and their sets from the history."""
    from imu_reps.storage.history_store import History

    with History() as known:
        persons = known.persons()
        if not persons:
            raise _nothing_yet()
        person = choose_person(persons, name)
        sets = known.sets(person=person, exercise=exercise)
    if not sets:
        raise FileAccessError(
            f"There are no sets of {person_label(person)} of this exercise.",
            hint="Leave out --exercise to see what there is.",
            code="no_history_yet",
        )
    return person, sets


def _nothing_yet() -> FileAccessError:
    from imu_reps.storage.folders import default_folder
    from imu_reps.storage.person_records import count_simulated

    folder = default_folder()
    if count := count_simulated(folder):
        are = "is" if count == 1 else "are"
        return FileAccessError(
            f"No sets are remembered yet: of those in {folder}, {count} {are} simulated, and nobody moved.",
            hint="Record a set with sensors: imu-reps record.",
            code="only_simulated",
        )
    return FileAccessError(
        "No sets are remembered yet.",
        hint="Record one, or take recordings in: imu-reps reanalyse FOLDER.",
        code="no_history_yet",
    )


def _sets_of_batch(
    result: str, name: str | None, exercise: Exercise | None
) -> tuple[str | None, list[StoredSet]]:
    """Return one person and their sets from a batch result; simulated sets belong to nobody."""
    from imu_reps.fleet.dataset import Dataset
    from imu_reps.fleet.files import FileStore

    every = Dataset.open_existing(FileStore(result)).history(exercise)
    done = [stored for stored in every if not stored.summary.recording.simulated]
    if not done:
        simulated = f" but {len(every)} simulated ones" if every else ""
        raise FileAccessError(
            f"There are no such sets in {result}{simulated}.",
            hint="Name another exercise, or another result.",
            code="no_history_yet",
        )
    persons = sorted({stored.person for stored in done}, key=lambda one: (one is None, one or ""))
    person = choose_person(persons, name)
    return person, [stored for stored in done if stored.person == person]


def _hand_over(sets: list[StoredSet], person: str | None, out: Path, *, force: bool) -> None:
    from imu_reps.advice.comparisons import progress
    from imu_reps.advice.next_session import advise
    from imu_reps.report.history_text import advice_lines
    from imu_reps.report.page.hand_over import hand_over_page
    from imu_reps.report.page.page import PAGE
    from imu_reps.storage.file_access import save_document
    from imu_reps.storage.toml_files import load_programme, prescriptions

    refuse_other_ending(out, ".html", "--hand-over")
    advice = advice_lines(advise(sets, load_programme()))
    page = hand_over_page(
        sets, prescriptions(person), progress(sets), person=person, advice=advice, let_go=_let_go(sets)
    )
    save_document(out, page, kind=PAGE, force=force)
    echo(f"Written to {out}.")


def _let_go(sets: list[StoredSet]) -> str | None:
    """Draw the tilt in the first and the last set; None without both recordings."""
    from imu_reps.analysis.analyze import analyze
    from imu_reps.report.page.hand_over import let_go_picture, main_exercise
    from imu_reps.storage.recording import load

    exercise = main_exercise(sets)
    of_it = [stored for stored in sets if stored.summary.recording.exercise == exercise]
    side = of_it[-1].summary.recording.side
    same = [stored for stored in of_it if stored.summary.recording.side == side]
    if len(same) < 2:
        return None
    ends: list[tuple[str, AngleTrack, Summary]] = []
    for stored in (same[0], same[-1]):
        day = "" if stored.day is None else f" {stored.day.isoformat()}"
        try:
            analysis = analyze(load(stored.file), stored.summary.settings)
        except ImuRepsError as error:
            echo_error(error)
            return None
        ends.append((f"{'first' if not ends else 'last'}{day}", analysis.track, analysis.summary))
    return let_go_picture(ends[0], ends[1])
