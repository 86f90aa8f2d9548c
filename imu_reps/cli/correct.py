"""``imu-reps correct``: correct a recorded set by hand, undo corrections, or export labels."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo, echo_error
from imu_reps.domain.exercise import EXERCISES, SIDES
from imu_reps.errors import FileAccessError, ImuRepsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imu_reps.analysis.analyze import Analysis
    from imu_reps.domain.recording import Correction, Note, Recording
    from imu_reps.domain.rep import Rep
    from imu_reps.domain.settings import Settings

#: Tolerance when a movement is named by its time, which the report rounds.
NEAR_PARTIAL_S = 0.5


@click.command()
@click.argument("file")
@click.option("--not-a-rep", "wrong", type=click.IntRange(1), multiple=True, help="The rep of this number.")
@click.option(
    "--missed",
    multiple=True,
    metavar="SECONDS",
    help="A rep that was missed: from-to, or the time of a movement that the report says did not count.",
)
@click.option("--side", type=click.Choice(SIDES), help="The leg that did it.")
@click.option("--exercise", type=click.Choice(EXERCISES), help="What was done.")
@click.option("--person", metavar="NAME", help="Who did it.")
@click.option("--remark", metavar="TEXT", help="Any words; they stand in every report.")
@click.option("--undo", metavar="NUMBER", help="Take back the correction of this number, or all.")
@click.option("--labels", type=click.Path(path_type=Path), metavar="OUT", help="Write a label a rep as CSV.")
@click.option("--force", is_flag=True, help="Replace OUT if it is an older table of labels.")
def correct(file: str, *, undo: str | None, labels: Path | None, force: bool, **options: Any) -> None:
    """Put right what the sensors got wrong in the set of FILE; without options: list what was put right.

    Corrections are notes at the end of the recording; its samples stay as they are. Every analysis applies
    them from now on and says so, and each can be taken back.
    """
    from imu_reps.storage.exports import LABELS, labels_csv
    from imu_reps.storage.file_access import require_free, save_document
    from imu_reps.storage.recording import load

    recording = load(file)
    if labels is not None:
        require_free(labels, LABELS, force=force)  # before any correction is written
    notes = [*_undone(recording, undo), *_corrections(recording, options)]
    if notes:
        recording = _apply(file, recording, notes)
    _list(recording)
    if labels is not None:
        table = labels_csv(_analysed(recording).summary, recording.corrections)
        save_document(labels, table, kind=LABELS, force=force)
        echo(f"Written to {labels}.")


def _undone(recording: Recording, undo: str | None) -> Iterator[Note]:
    from imu_reps.domain.recording import UNDO

    if undo is None:
        return
    numbers = [one.number for one in recording.corrections]
    chosen = numbers if undo == "all" else [int(undo)] if undo.isdecimal() and len(undo) < 7 else []
    if not chosen or not set(chosen) <= set(numbers):
        there = ", ".join(map(str, numbers))
        raise UsageError(
            f"There is no correction {undo!r} to take back." if numbers else "There is nothing to take back.",
            hint=f"There are: {there}." if numbers else "No correction stands in the file.",
            code="unknown_correction",
        )
    for number in chosen:
        yield _note(recording, f"{UNDO} {number}")


def _corrections(recording: Recording, options: dict[str, Any]) -> Iterator[Note]:
    """Yield the notes for the corrections given; rep numbers are those of the last report."""
    from imu_reps.domain.untrusted import parse_name

    for what in ("side", "exercise"):
        if options[what] is not None:
            yield _note(recording, f"{what} {options[what]}")
    if options["person"] is not None:
        yield _note(recording, f"person {parse_name(options['person'])}")
    if options["remark"] is not None:
        text = " ".join(options["remark"].split())
        if not text or not text.isprintable():
            raise click.BadParameter("Any words, please.", param_hint="'--remark'")
        yield _note(recording, f"remark {text}")
    wrong, missed = options["wrong"], options["missed"]
    if not wrong and not missed:
        return
    summary = _analysed(recording).summary
    for number in dict.fromkeys(wrong):
        yield _note(recording, f"not_a_rep {_moment(summary.reps, number):.3f}")
    for text in missed:
        start_s, end_s = _span(text, [(small.start_s, small.end_s) for small in summary.partials])
        yield _note(recording, f"missed_rep {start_s:.3f} to {end_s:.3f}")


def _moment(reps: Sequence[Rep], number: int) -> float:
    for rep in reps:
        if rep.number == number:
            return 0.5 * (rep.start_s + rep.end_s)
    raise click.BadParameter(f"There are {len(reps)} reps, and no rep {number}.", param_hint="'--not-a-rep'")


def _span(text: str, partials: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Parse a span, or find the span of the movement at that time."""
    start, dash, end = text.partition("-")
    try:
        start_s, end_s = float(start), float(end) if dash else None
    except ValueError:
        start_s, end_s = -1.0, None
    if end_s is not None and 0.0 <= start_s < end_s < 1e6:
        return start_s, end_s
    near = [span for span in partials if span[0] - NEAR_PARTIAL_S <= start_s <= span[1] + NEAR_PARTIAL_S]
    if dash or not near:
        raise click.BadParameter(
            f"{text!r} is no span such as 30.5-34, nor the time of a movement that did not count.",
            param_hint="'--missed'",
        )
    start_s, end_s = min(near, key=lambda span: abs(span[0] - start_s))
    return max(start_s, 0.0), end_s


def _note(recording: Recording, value: str) -> Note:
    from imu_reps.domain.recording import CORRECT, Note

    return Note(max((note.time_s for note in recording.notes), default=0.0), CORRECT, value)


def _apply(file: str, recording: Recording, notes: Sequence[Note]) -> Recording:
    """Check that the corrections can be applied, append their notes, and update the history."""
    from imu_reps.domain.recording import corrected_header, corrections_of
    from imu_reps.storage.recording import load
    from imu_reps.storage.recording.writer import append_notes

    header = corrected_header(recording.header, corrections_of(notes))
    tried = replace(recording, notes=(*recording.notes, *notes), header=header)
    if any(note.value.startswith(("not_a_rep", "missed_rep")) for note in notes):
        for number in _unused(tried) - _unused(recording):
            one = next(one for one in tried.corrections if one.number == number)
            raise UsageError(
                f"This cannot be applied: {_described(one)}.",
                hint="The leg was not measured there, or nothing was counted, or something was already; "
                "imu-reps report FILE shows the times. Nothing was written.",
                code="correction_unused",
            )
    append_notes(file, notes)
    recording = load(file)
    try:
        _remember(recording)
    except FileAccessError as error:
        hint = "The recording itself is corrected: imu-reps reanalyse takes it into the history later."
        raise error.with_hint(hint) from error
    return recording


def _unused(recording: Recording) -> set[int]:
    """Return the numbers of the corrections that cannot be applied."""
    findings = _analysed(recording).summary.findings
    return {finding.values["number"] for finding in findings if finding.code == "correction_unused"}


def _analysed(recording: Recording, settings: Settings | None = None) -> Analysis:
    from imu_reps.analysis.analyze import analyze

    return analyze(recording, settings)


def _remember(recording: Recording) -> None:
    """Analyse again a set that is in the history."""
    from imu_reps.storage.history_store import History, history_path, stored_set

    if recording.file is None or recording.discarded or not history_path().exists():
        return
    with History() as history:
        known = history.find(os.path.abspath(recording.file))  # noqa: PTH100 - resolve() would follow links
        if known is not None:
            stored = stored_set(recording, _analysed(recording, known.summary.settings).summary)
            history.remember(stored)
            history.reassign(stored.file, stored.person)


def _list(recording: Recording) -> None:
    from imu_reps.report.text import headline

    try:
        analysis = _analysed(recording)
        echo(headline(analysis.summary, None, person=analysis.person))
    except ImuRepsError as error:
        echo_error(error)
    if not recording.corrections:
        echo("Nothing is corrected by hand.")
    for one in recording.corrections:
        echo(f"  {one.number}. {_described(one)}")


def _described(one: Correction) -> str:
    """Describe a correction: ``not a rep: at 32.8 s``."""
    value = one.value
    if one.what in ("not_a_rep", "missed_rep"):
        seconds = [f"{float(part):.1f}" for part in value.split(" to ")]
        value = f"{' to '.join(seconds)} s" if len(seconds) > 1 else f"at {seconds[0]} s"
    return f"{one.what.replace('_', ' ')}: {value}"
