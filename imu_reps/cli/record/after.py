"""After a session: how it felt, the sides, and what to do next."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from imu_reps.advice.next_session import advise
from imu_reps.advice.side_differences import compare_sides
from imu_reps.cli.console import complain, say
from imu_reps.cli.record.keys import on_signal, typed_line
from imu_reps.cli.session_words import EFFORT, NO_RATING, PAIN
from imu_reps.errors import ImuRepsError
from imu_reps.report.advice_text import adherence_lines, advice_lines
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
        if answer.isdecimal() and len(answer) <= 2 and int(answer) <= 10:
            return int(answer)
        say(NO_RATING)
    return None


def say_next_time(diary: Diary) -> None:
    """Say what the session's sets mean for the next time; what goes wrong here is told."""
    if not diary.sets:
        return
    try:
        programme = load_programme()
        sides = side_lines(compare_sides(stored.summary for stored in diary.sets.values()))
        if sides:
            say("\n".join(["", "Left and right", *sides]))
        advice = advise(diary.known(), programme)
        say("\n".join(["", "Next time", *advice_lines(advice)]))
        if advice.adherence is not None:
            say("\n".join(adherence_lines(advice.adherence, programme.plan)))
    except ImuRepsError as error:
        complain(error)
