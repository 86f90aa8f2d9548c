"""``imu-reps report``: count and judge recorded sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.analysed import analysed, files_of
from imu_reps.cli.console import echo, echo_error, echo_stderr, render
from imu_reps.cli.output_names import refuse_other_ending
from imu_reps.cli.shared_options import settings_options
from imu_reps.domain.settings import Settings
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from imu_reps.analysis.analyze import Analysis
    from imu_reps.domain.exercise import Exercise, Side
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.summary import StoredSet


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE|FOLDER]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a recording, one a line.")
@click.option("--csv", "as_csv", is_flag=True, help="The repetitions of all sets as CSV, a row a repetition.")
@click.option(
    "--html",
    "page",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="The report as a page, of all sets.",
)
@click.option("--force", is_flag=True, help="Replace OUT if it is an older page.")
@click.option("-v", "--verbose", is_flag=True, help="Also clocks, rates and counters of the sensors.")
@settings_options
@click.pass_context
def report(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    settings: Settings,
    *,
    verbose: bool,
    **written: Any,
) -> None:
    """Count the repetitions of recorded sets and judge tempo and stability.

    Without FILE: the latest set kept in the default folder (see `imu-reps where`). FOLDER: all recordings in
    it. Several sets are shown as a table, a row a set.

    Exit code: 0 all summed up, 1 a file could not be read, 4 a recording cannot be used; over several
    files the highest.
    """
    as_json, as_csv, page = written["as_json"], written["as_csv"], written["page"]
    if as_json + as_csv + (page is not None) > 1:
        raise click.UsageError("Choose one of --json, --csv and --html.")
    chosen = _files(files)
    codes = [0]
    done = analysed(chosen, settings, codes, _echo_error_document if as_json else echo_error)
    if as_json:
        _show_documents(done)
    elif as_csv:
        from imu_reps.storage.exports import reps_csv

        echo(reps_csv((analysis.person, analysis.summary) for _, analysis in done), nl=False)
    elif page is not None:
        _page(done, page, single=len(chosen) == 1, force=written["force"])
    else:
        _show(done, verbose=verbose)
    ctx.exit(max(codes))


def _files(named: Sequence[str]) -> list[str]:
    """Return the named files and the files of named folders; the latest set kept if none is named."""
    from imu_reps.storage.folders import default_folder, newest_first

    if not named:
        latest, *_ = files = newest_first(default_folder())
        kept = next(filter(_was_kept, files), latest)
        if kept != latest:
            echo_stderr(f"{latest.name} was discarded or is too short; this is the latest that was kept.")
        return [str(kept)]
    return files_of(named)


#: A set that ended within this time was a start that was broken off.
_SHORTEST_S = 2.0


def _was_kept(file: Path) -> bool:
    """Return whether a recording is a set: not discarded, nor ended as it began; a broken one is reported."""
    from imu_reps.storage.recording.reader import load_comments

    try:
        recording = load_comments(file)
    except ImuRepsError:
        return True
    ended_s = min((note.time_s for note in recording.notes if note.key == "end"), default=_SHORTEST_S)
    return not recording.discarded and ended_s >= _SHORTEST_S


def _show_documents(done: Iterable[tuple[Recording, Analysis]]) -> None:
    from imu_reps.report.findings import finding_text
    from imu_reps.storage.plain_json import summary_line

    for _, analysis in done:
        echo(summary_line(analysis.summary, finding_text))


def _echo_error_document(error: ImuRepsError, file: str) -> None:
    from imu_reps.report.findings import with_message
    from imu_reps.storage.plain_json import error_line

    echo(error_line(file, with_message(error)))


def _show(done: Iterable[tuple[Recording, Analysis]], *, verbose: bool) -> None:
    sets = [(analysis.summary, analysis.person) for _, analysis in done]
    if len(sets) == 1:
        from imu_reps.report.text import text_report

        ((summary, person),) = sets
        render(partial(text_report, summary, person=person, verbose=verbose))
    elif sets:
        from imu_reps.report.tables import sets_report

        render(partial(sets_report, sets))


def _page(done: Iterable[tuple[Recording, Analysis]], out: Path, *, single: bool, force: bool) -> None:
    """Write the page of the one set named, or of all sets that could be analysed."""
    from imu_reps.report.page.page import PAGE, sets_page
    from imu_reps.storage.file_access import require_free, save_document

    refuse_other_ending(out, ".html", "--html")
    require_free(out, PAGE, force=force)
    if single:
        page = next((_page_of_one(*one) for one in done), None)
    else:
        page = sets_page(((a.summary, a.person), a.track, one.header.floor_deg) for one, a in done)
    if page is not None:
        save_document(out, page, kind=PAGE, force=force)
        echo(f"Written to {out}.")


def _page_of_one(recording: Recording, analysis: Analysis) -> str:
    from imu_reps.report.page.page import set_page
    from imu_reps.storage.history_store import stored_set

    excluded = recording.discarded or recording.header.simulated  # not compared with other sets
    context = {} if excluded else _context(stored_set(recording, analysis.summary))
    floor_deg = recording.header.floor_deg
    return set_page(analysis.summary, analysis.track, person=analysis.person, floor_deg=floor_deg, **context)


def _context(stored: StoredSet) -> dict[str, Any]:
    """Return earlier sets of the same exercise and side, and lines about sides and advice, for `set_page`."""
    from imu_reps.advice.comparisons import compare_sides
    from imu_reps.advice.next_session import advise, session_key
    from imu_reps.report.history_text import advice_lines, side_lines
    from imu_reps.storage.history_store import History
    from imu_reps.storage.toml_files import load_programme

    sets, advice = [stored], list[str]()
    if stored.recorded is not None:
        with History() as history:
            known = [one for one in history.sets(person=stored.person) if one.file != stored.file]
        sets = [one for one in known if one.recorded is not None and one.recorded <= stored.recorded]
        sets.append(stored)
        advice = advice_lines(advise(sets, load_programme()))
    session = [one.summary for one in sets if session_key(one) == session_key(stored)]
    return {
        "earlier": [one for one in sets if _what(one) == _what(stored)],
        "sides": side_lines(compare_sides(session)),
        "advice": advice,
    }


def _what(one: StoredSet) -> tuple[Exercise, Side | None]:
    return one.summary.recording.exercise, one.summary.recording.side
