"""After a session: how it felt, what is remembered of it, the sides, and what to do next."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from imu_reps.advice.next_session import advise
from imu_reps.advice.side_differences import compare_sides
from imu_reps.cli.console import complain, say
from imu_reps.cli.session_words import EFFORT, PAIN
from imu_reps.domain.recording import Note
from imu_reps.domain.stored_set import StoredSet
from imu_reps.errors import ImuRepsError
from imu_reps.report.advice_text import adherence_lines, advice_lines
from imu_reps.report.sides_text import side_lines
from imu_reps.session.recorder import Finished
from imu_reps.storage.history_store import History
from imu_reps.storage.programme_file import load_programme
from imu_reps.storage.recording import load
from imu_reps.storage.recording.writer import append_notes
from imu_reps.storage.remembered import stored_set


@dataclass(frozen=True, slots=True)
class Felt:
    """What the person said, 0 to 10 each; None: nothing."""

    pain: int | None = None
    effort: int | None = None


def after_session(done: Sequence[Finished]) -> None:
    """Ask how the last set felt, remember all sets, and say what they mean for the next time.

    Discarded ones are left alone. What goes wrong here is told and costs no recording.
    """
    counted = [finished for finished in done if not finished.discarded]
    usable = [finished for finished in counted if finished.summary is not None]
    last = _asked_about(counted)
    try:
        if last is not None and not _is_felt(last):
            keep_felt(last, _ask())
        if usable:
            _remember(usable)
    except ImuRepsError as error:
        complain(error)


def _asked_about(counted: Sequence[Finished]) -> Finished | None:
    """The last set; one that hurt is asked about even where it was too short to be summed up."""
    worth = [done for done in counted if done.summary is not None or done.reason == "pain"]
    return worth[-1] if worth else None


def _remember(usable: Sequence[Finished]) -> None:
    stored = [stored_set(load(done.path), done.summary) for done in usable if done.summary is not None]
    with History() as history:
        for one in stored:
            history.remember(one)
        known = history.sets(person=stored[-1].person)
    _say(stored, known)


def _ask() -> Felt:
    """Ask where somebody can answer; Enter alone is no answer, and Ctrl-C ends the questions."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Felt()
    try:
        return Felt(_number(PAIN), _number(EFFORT))
    except click.Abort:
        say()
        return Felt()


def _number(question: str) -> int | None:
    answer: str = click.prompt(question, default="", show_default=False, value_proc=_read)
    return int(answer) if answer else None


def _read(text: str) -> str:
    text = text.strip()
    if text and not (text.isdecimal() and len(text) <= 2 and int(text) <= 10):
        raise click.BadParameter("A whole number from 0 to 10, or Enter for no answer.")
    return text


def _is_felt(finished: Finished) -> bool:
    """Whether it was said already, on the page."""
    return any(note.key in ("pain", "effort") for note in load(finished.path).notes)


def keep_felt(finished: Finished, felt: Felt) -> None:
    """Write what was said into the file."""
    ended_s = max((note.time_s for note in load(finished.path).notes), default=0.0)
    said = (("pain", felt.pain), ("effort", felt.effort))
    append_notes(finished.path, [Note(ended_s, key, str(value)) for key, value in said if value is not None])


def _say(session: Sequence[StoredSet], known: Sequence[StoredSet]) -> None:
    programme = load_programme()
    sides = side_lines(compare_sides(stored.summary for stored in session))
    if sides:
        say("\n".join(["", "Left and right", *sides]))
    advice = advise(known, programme)
    say("\n".join(["", "Next time", *advice_lines(advice)]))
    if advice.adherence is not None:
        say("\n".join(adherence_lines(advice.adherence, programme.plan)))
