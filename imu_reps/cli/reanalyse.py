"""``imu-reps reanalyse``: analyse recordings again and store or compare the results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, echo_error, echo_stderr
from imu_reps.cli.shared_options import settings_options
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from imu_reps.domain.settings import Settings
    from imu_reps.domain.summary import StoredSet
    from imu_reps.report.summary_diff import FigureChange
    from imu_reps.storage.history_store import History


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--diff", is_flag=True, help="Show which numbers would move, and by how much; keep nothing.")
@settings_options
@click.pass_context
def reanalyse(ctx: click.Context, folder: Path | None, diff: bool, settings: Settings) -> None:
    """Sum up all recordings of FOLDER again and remember the result in the history.

    Without FOLDER: the default one (see `imu-reps where`). Recordings that were not remembered yet are taken
    in; those you discarded, and simulated ones, are left out. With --diff nothing is kept: each recording is
    compared with how it was last summed up.
    """
    from imu_reps.storage.folders import default_folder, recordings_in
    from imu_reps.storage.history_store import History

    files = recordings_in(folder or default_folder())
    with History() as history:
        ctx.exit(_compare(files, settings, history) if diff else _renew(files, settings, history))


def _renew(files: list[Path], settings: Settings, history: History) -> int:
    codes, remembered = [0], 0
    for file in files:
        try:
            if (stored := _summed_up(file, settings)) is not None:
                history.remember(stored)
                remembered += 1
        except ImuRepsError as error:
            if error.code == "copy":
                echo(f"{error.message} Left out.")
            else:
                echo_error(error, file)
                codes.append(error.exit_code)
    echo(f"{remembered} of {len(files)} recordings summed up and remembered in {history.path}.")
    return max(codes)


def _compare(files: list[Path], settings: Settings, history: History) -> int:
    from imu_reps.report.summary_diff import ChangeTotals, change_lines, changed_figures

    codes = [0]
    moves: dict[str, list[FigureChange]] = {}
    for file in files:
        try:
            known = history.find(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow links
            if known is None:
                echo_stderr(f"{file}: not remembered yet, nothing to compare with.")
            elif (stored := _summed_up(file, settings)) is not None:
                moves[str(file)] = changed_figures(known.summary, stored.summary)
        except ImuRepsError as error:
            echo_error(error, file)
            codes.append(error.exit_code)
    totals = ChangeTotals()
    for name, of_file in moves.items():
        totals.add(of_file)
        if of_file:
            echo("\n".join([name, *(f"  {line}" for line in change_lines(of_file))]))
    echo(f"{totals.changed} of {totals.recordings} recordings come out differently.")
    for line in totals.lines():
        echo(f"  {line}")
    return max(codes)


def _summed_up(file: Path, settings: Settings) -> StoredSet | None:
    """Analyse a file; None if it was discarded, or is simulated."""
    from imu_reps.analysis.analyze import analyze
    from imu_reps.storage.history_store import stored_set
    from imu_reps.storage.recording import load

    recording = load(file)
    if recording.discarded:
        echo(f"{file}: discarded, left out.")
        return None
    if recording.header.simulated:
        echo(f"{file}: simulated, left out.")
        return None
    return stored_set(recording, analyze(recording, settings).summary)
