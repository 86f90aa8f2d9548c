"""``imu-reps score``: compare the count with labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, echo_error, echo_stderr
from imu_reps.cli.shared_options import NumberRange, settings_options
from imu_reps.errors import ImuRepsError, RecordingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imu_reps.analysis.agreement import SetAgreement
    from imu_reps.domain.settings import Settings


@click.command()
@click.argument("recording", metavar="RECORDING|FOLDER")
@click.argument("labels", required=False)
@click.option(
    "--offset",
    "offset_s",
    type=NumberRange(-1_000_000, 1_000_000),
    default=0.0,
    metavar="SECONDS",
    help="Add this to the labels' times, if they were made on another clock, such as a video's.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="A row a figure, with its interval.")
@settings_options
def score(
    recording: str,
    labels: str | None,
    offset_s: float,
    as_json: bool,
    as_csv: bool,
    settings: Settings,
) -> None:
    """Tell how far the count is from labels: count, times, tempo, and each fault.

    LABELS is CSV with start_s and end_s of each repetition, or events of BIDS: `imu-reps docs exporting`.
    Of a FOLDER each NAME.csv is held against NAME.labels.csv, NAME_events.tsv or NAME.truth.json beside
    it; with five persons and more, figures have 95 % intervals.
    """
    if as_json and as_csv:
        raise click.UsageError("Choose one of --json and --csv.")
    from imu_reps.analysis.agreement import agreement_figures
    from imu_reps.cli.score.agreement_report import as_document, as_rows, show_agreement

    ctx = click.get_current_context()
    sets: list[SetAgreement] = []
    persons: list[str | None] = []
    code = 0
    for file, beside, folder in _pairs(recording, labels):
        try:
            agreement, person = _compared(file, beside, settings, offset_s)
        except ImuRepsError as error:
            echo_error(error, file)
            code = max(code, error.exit_code)
            continue
        sets.append(agreement)
        persons.append(person or folder)
    if not sets:
        ctx.exit(code)
    figures = agreement_figures(sets, persons)
    if as_json:
        echo(json.dumps(as_document(sets, persons, figures)))
    elif as_csv:
        echo(as_rows(figures), nl=False)
    else:
        show_agreement(sets, persons, figures)
    ctx.exit(code)


def _pairs(recording: str, labels: str | None) -> Iterator[tuple[str, str, str | None]]:
    """Yield recordings, their labels, and the person a subfolder is named after."""
    from imu_reps.storage.labels_file import ENDINGS

    place = Path(recording)
    if not place.is_dir():
        found = labels or next((str(path) for path in _beside(place) if path.exists()), None)
        if found is None:
            raise UsageError(
                f"There are no labels beside {recording}.",
                hint=f"Name them, or call them like the recording with {', '.join(ENDINGS)} at the end.",
                code="no_labels",
            )
        yield recording, found, None
        return
    if labels is not None:
        raise UsageError(
            "Of a folder the labels lie beside the recordings.",
            hint="Name the folder alone.",
            code="two_labels",
        )
    files = [path for path in sorted(place.rglob("*.csv")) if not path.name.endswith(ENDINGS[0])]
    paired = [(path, next((one for one in _beside(path) if one.exists()), None)) for path in files]
    alone = [path for path, found in paired if found is None]
    if len(alone) == len(files):
        raise UsageError(
            f"No recording in {recording} has labels beside it.",
            hint=f"Call them like the recording with {', '.join(ENDINGS)} at the end.",
            code="no_labels",
        )
    for path in alone:
        echo_stderr(f"{path}: no labels beside it, left out.")
    for path, beside in paired:
        if beside is not None:
            yield str(path), str(beside), None if path.parent == place else path.parent.name


def _beside(path: Path) -> Iterator[Path]:
    from imu_reps.storage.labels_file import ENDINGS

    return (path.with_name(path.name.removesuffix(".gz").removesuffix(".csv") + ending) for ending in ENDINGS)


def _compared(file: str, labels: str, settings: Settings, offset_s: float) -> tuple[SetAgreement, str | None]:
    from imu_reps.analysis.agreement import compare
    from imu_reps.analysis.analyze import analyze
    from imu_reps.analysis.sensor_grid import begin_s
    from imu_reps.storage.labels_file import load_labels
    from imu_reps.storage.recording import load

    recording = load(file)
    start = recording.header.start
    labelled = load_labels(labels, begin_s=begin_s(recording), start=start)
    analysis = analyze(recording, settings)
    if analysis.summary.set.rep_count is None:
        raise RecordingError(
            f"{file} was not counted, so there is nothing to hold against labels.",
            hint="Repetitions are counted where an ankle sensor was worn, and not in a hold.",
            code="not_counted",
        )
    return compare(
        [label.moved(offset_s) for label in labelled], analysis.summary.reps, start
    ), analysis.person
