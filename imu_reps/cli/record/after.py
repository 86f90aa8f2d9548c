"""After a session: how it felt, what it came to, and what to do next."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from imu_reps.advice.next_session import advise
from imu_reps.advice.side_differences import compare_sides
from imu_reps.advice.since_last import since_last
from imu_reps.cli.console import complain, say, show
from imu_reps.cli.record.keys import on_signal, typed_line
from imu_reps.cli.session_words import EFFORT, NO_RATING, PAIN
from imu_reps.domain.done_set import DoneSet
from imu_reps.domain.recording import answered
from imu_reps.errors import ImuRepsError
from imu_reps.report.advice_text import adherence_lines, advice_lines
from imu_reps.report.findings import worded
from imu_reps.report.session_text import SessionWords, session_report, session_words
from imu_reps.report.sides_text import side_lines
from imu_reps.session.diary import Diary
from imu_reps.session.session_events import Finished, Rating
from imu_reps.storage.programme_file import load_programme


async def ask_for_rating(done: Sequence[Finished], diary: Diary) -> bool:
    """Ask how the last set felt, unless that was said; whether it is said now.

    One that hurt is asked about even where it was too short to be summed up; a discarded one is left alone.
    """
    worth = [one for one in done if not one.discarded and (one.summary is not None or one.reason == "pain")]
    if not worth or worth[-1].path in diary.rated:
        return False
    felt = await _ask(worth[-1].path)
    diary(felt)
    return felt.path in diary.rated


async def _ask(path: str) -> Rating:
    """Ask where somebody can answer; Enter alone is no answer, and Ctrl-C ends the questions."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Rating(path)
    given_up = asyncio.Event()
    with on_signal(given_up.set):
        pain = await _number(PAIN, given_up)
        return Rating(path, pain, await _number(EFFORT, given_up))


async def _number(question: str, given_up: asyncio.Event) -> int | None:
    """A number from 0 to 10, asked for until it is one or nothing."""
    while not given_up.is_set():
        say(f"{question}: ", nl=False)
        sys.stdout.flush()
        answer = ((await typed_line(given_up)) or "").strip()
        if given_up.is_set():
            say()
        if not answer:
            return None
        if (number := answered(answer)) is not None:
            return number
        say(NO_RATING)
    return None


def session_end(done: Sequence[Finished], diary: Diary) -> SessionWords | None:
    """What a session came to; None where there is nothing to say. What goes wrong here is told."""
    sets = [_done_set(number, one) for number, one in enumerate(done, 1)]
    sides = side_lines(compare_sides(one.summary for one in sets if one.summary is not None))
    if not diary.sets:
        return session_words(sets, sides=sides) if any(one.summary is not None for one in sets) else None
    try:
        programme, known = load_programme(), diary.known()
        advice = advise(known, programme)
        lines = advice_lines(advice)
        if advice.adherence is not None:
            lines += adherence_lines(advice.adherence, programme.plan)
        person = known[-1].person
        return session_words(sets, person=person, sides=sides, since=since_last(known), advice=lines)
    except ImuRepsError as error:
        complain(error)
        return session_words(sets, sides=sides)


def say_session(words: SessionWords) -> None:
    """Say what a session came to: its sets side by side, if there are several, and what it means."""
    say()
    show(partial(session_report, words))


def _done_set(number: int, one: Finished) -> DoneSet:
    summary = None if one.discarded else one.summary
    unusable = None if one.unusable is None else str(worded(one.unusable))
    return DoneSet(number, one.reason, summary, one.discarded, unusable)
