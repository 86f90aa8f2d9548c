"""``imu-reps report``: recorded sets, counted and judged."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from imu_reps.cli.console import complain, mention, rich_console, say, show
from imu_reps.cli.thresholds import chosen_settings, settings_options
from imu_reps.domain.settings import Settings
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imu_reps.domain.stored_set import StoredSet

#: From this many files on, progress is shown.
MANY_FILES = 6


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a recording, one a line.")
@click.option(
    "--html", "page", metavar="OUT", type=click.Path(path_type=Path), help="The report of one set as a page."
)
@click.option("--force", is_flag=True, help="Replace OUT if it is an older page.")
@settings_options
@click.pass_context
def report(
    ctx: click.Context,
    files: tuple[str, ...],
    as_json: bool,
    page: Path | None,
    force: bool,
    preset: str,
    changes: tuple[str, ...],
) -> None:
    """Count the repetitions of recorded sets and judge tempo and stability.

    Without FILE: the latest recording in the default folder (see `imu-reps where`).

    Exit code: 0 all summed up, 1 a file could not be read, 4 a recording cannot be used; over several
    files the highest.
    """
    settings = chosen_settings(preset, changes)
    chosen = files or (_latest(),)
    if page is not None:
        if len(chosen) > 1 or as_json:
            raise click.UsageError("--html makes a page of one recording, without --json.")
        _page(chosen[0], page, settings, force=force)
        return
    codes = []
    for number, file in enumerate(_with_progress(chosen)):
        if number and not as_json:
            say()
        codes.append((_json_line if as_json else _text)(file, settings))
    ctx.exit(max(codes))


def _latest() -> str:
    from imu_reps.storage.recording import default_folder, latest_recording

    return str(latest_recording(default_folder()))


def _json_line(file: str, settings: Settings) -> int:
    from imu_reps.analysis.analyze import analyze
    from imu_reps.report.findings import finding_text, worded
    from imu_reps.storage.exports import error_line, summary_line
    from imu_reps.storage.recording import load

    try:
        say(summary_line(analyze(load(file), settings).summary, finding_text))
    except ImuRepsError as error:
        say(error_line(file, worded(error)))
        return error.exit_code
    return 0


def _text(file: str, settings: Settings) -> int:
    from imu_reps.analysis.analyze import analyze
    from imu_reps.report.text import text_report
    from imu_reps.storage.recording import load

    try:
        summary = analyze(load(file), settings).summary
    except ImuRepsError as error:
        complain(error)
        return error.exit_code
    show(partial(text_report, summary))
    return 0


def _page(file: str, out: Path, settings: Settings, *, force: bool) -> None:
    from imu_reps.analysis.analyze import analyze
    from imu_reps.report.page.page import PAGE_MARK, set_page
    from imu_reps.storage.file_access import save_document
    from imu_reps.storage.recording import load
    from imu_reps.storage.remembered import stored_set

    recording = load(file)
    analysis = analyze(recording, settings)
    apart = recording.discarded or recording.header.simulated
    beside = alone() if apart else beside_set(stored_set(recording, analysis.summary))
    page = set_page(analysis.summary, analysis.track, floor_deg=recording.header.floor_deg, **beside)
    save_document(out, page, mark=PAGE_MARK, force=force)
    say(f"Written to {out}.")


def _with_progress(files: Sequence[str]) -> Iterator[str]:
    """Hand on the files; over many, standard error says how far it is, unless the reports show it."""
    if len(files) < MANY_FILES or sys.stdout.isatty():
        yield from files
    elif sys.stderr.isatty():
        from rich.progress import Progress

        with Progress(console=rich_console(sys.stderr), transient=True, redirect_stdout=False) as progress:
            yield from progress.track(files, description="Reading")
    else:
        for number, file in enumerate(files, 1):
            mention(f"{number}/{len(files)} {file}")
            yield file


class ReportContext(TypedDict):
    """Earlier sets of the same exercise and side, and lines about sides and advice."""

    earlier: Sequence[StoredSet]
    sides: Sequence[str]
    advice: Sequence[str]


def alone() -> ReportContext:
    """Nothing: of a set that is not to be compared."""
    return {"earlier": (), "sides": (), "advice": ()}


def beside_set(stored: StoredSet) -> ReportContext:
    """Look up the person's sets up to this one.

    Raises
    ------
    FileAccessError
        As `imu_reps.storage.history_store.History`.
    """
    from imu_reps.advice.next_session import advise, session_of
    from imu_reps.advice.side_differences import compare_sides
    from imu_reps.report.advice_text import advice_lines
    from imu_reps.report.sides_text import side_lines
    from imu_reps.storage.history_store import History
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
