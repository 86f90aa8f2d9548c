"""End of a session: rating, summary and advice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from imu_reps.advice.comparisons import compare_sides, since_last
from imu_reps.advice.next_session import advise
from imu_reps.cli.console import echo, echo_error, render
from imu_reps.cli.record.keys import on_signal, typed_line
from imu_reps.cli.session_messages import EFFORT, NO_RATING, PAIN
from imu_reps.domain.recording import parse_rating
from imu_reps.domain.summary import DoneSet
from imu_reps.errors import ImuRepsError
from imu_reps.report.findings import with_message
from imu_reps.report.history_text import adherence_lines, advice_lines, side_lines
from imu_reps.report.text import SessionText, session_report, session_text
from imu_reps.session.diary import Diary
from imu_reps.session.session_events import Finished, Rating
from imu_reps.storage.toml_files import load_programme


async def ask_for_rating(done: Sequence[Finished], diary: Diary) -> bool:
    """Ask for a rating of the last set unless it has one; return whether it was rated now.

    A painful set is asked about even if it was too short to analyse; discarded sets are not.
    """
    worth = [one for one in done if not one.discarded and (one.summary is not None or one.reason == "pain")]
    if not worth or worth[-1].path in diary.rated:
        return False
    rating = await _ask(worth[-1].path)
    diary(rating)
    return rating.path in diary.rated


async def _ask(path: str) -> Rating:
    """Ask for pain and effort in a terminal; Enter alone is no answer, and Ctrl-C ends the questions."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Rating(path)
    cancelled = asyncio.Event()
    with on_signal(cancelled.set):
        pain = await _number(PAIN, cancelled)
        return Rating(path, pain, await _number(EFFORT, cancelled))


async def _number(question: str, cancelled: asyncio.Event) -> int | None:
    """Ask for a number from 0 to 10 until it is valid or empty."""
    while not cancelled.is_set():
        echo(f"{question}: ", nl=False)
        sys.stdout.flush()
        answer = ((await typed_line(cancelled)) or "").strip()
        if cancelled.is_set():
            echo()
        if not answer:
            return None
        if (number := parse_rating(answer)) is not None:
            return number
        echo(NO_RATING)
    return None


def session_end(done: Sequence[Finished], diary: Diary) -> SessionText | None:
    """Summarize a session; None if there is nothing to report. Errors are printed."""
    sets = [_done_set(number, one) for number, one in enumerate(done, 1)]
    sides = side_lines(compare_sides(one.summary for one in sets if one.summary is not None))
    if not diary.sets:
        return session_text(sets, sides=sides) if any(one.summary is not None for one in sets) else None
    try:
        programme, known = load_programme(), diary.known()
        advice = advise(known, programme)
        lines = advice_lines(advice)
        if advice.adherence is not None:
            lines += adherence_lines(advice.adherence, programme.plan)
        person = known[-1].person
        return session_text(sets, person=person, sides=sides, since=since_last(known), advice=lines)
    except ImuRepsError as error:
        echo_error(error)
        return session_text(sets, sides=sides)


def echo_session(words: SessionText) -> None:
    """Print the summary of a session."""
    echo()
    render(partial(session_report, words))


def _done_set(number: int, one: Finished) -> DoneSet:
    summary = None if one.discarded else one.summary
    unusable = None if one.unusable is None else str(with_message(one.unusable))
    return DoneSet(number, one.reason, summary, one.discarded, unusable)
