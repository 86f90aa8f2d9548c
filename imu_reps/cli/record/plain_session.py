"""A session as plain lines, for files, pipes and ``--quiet``; what is asked and said at the end of any."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial

from imu_reps.advice.comparisons import compare_sides, since_last
from imu_reps.advice.next_session import advise
from imu_reps.cli import session_messages as messages
from imu_reps.cli.console import echo, echo_error, render
from imu_reps.cli.record.keys import on_signal, typed_line
from imu_reps.cli.session_messages import EFFORT, NO_RATING, PAIN
from imu_reps.domain.recording import parse_rating
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.domain.summary import DoneSet
from imu_reps.errors import ImuRepsError
from imu_reps.report.findings import DISCARDED, with_message
from imu_reps.report.history_text import adherence_lines, advice_lines, side_lines
from imu_reps.report.phrases import COUNTING_LATE, event_text, file_moved_text
from imu_reps.report.session_text import SessionText, session_report, session_text
from imu_reps.report.text import text_report
from imu_reps.session.diary import Diary
from imu_reps.session.session_events import (
    Connecting,
    CountingLate,
    Cued,
    FileMoved,
    Finished,
    LinkChanged,
    Rating,
    Resting,
    SessionEvent,
    SetBegan,
    SetDone,
    SetEvent,
    SetProgress,
    WriteFailed,
)
from imu_reps.session.session_plan import SetGoal
from imu_reps.storage.toml_files import load_programme

#: Interval of progress lines.
PROGRESS_EVERY_S = 10.0


class PlainSession:
    """Print a session's events, one line each.

    Parameters
    ----------
    reports : bool
        Whether to print the report of each set.
    """

    def __init__(self, *, reports: bool = True) -> None:
        self._reports = reports
        self._goal: SetGoal | None = None
        self._next_s = PROGRESS_EVERY_S
        self._resting_for: int | None = None

    def __call__(self, event: SessionEvent) -> None:
        """Print one event."""
        match event:
            case SetBegan():
                self._begin(event)
            case SetProgress():
                self._progress(event)
            case Resting():
                self._rest(event)
            case SetDone():
                echo_finished(event.finished, report=self._reports)
            case _:
                echo_event(event)

    def _begin(self, event: SetBegan) -> None:
        self._goal, self._next_s, self._resting_for = event.goal, PROGRESS_EVERY_S, None
        if event.goal.whole:
            self._next_s = float("inf")
            echo(messages.recording_to(event))
            return
        parts = [
            messages.which_set(event.number, event.of),
            messages.exercise(event.goal),
            messages.aim(event.goal),
        ]
        echo(". ".join(part for part in parts if part) + ".")
        echo(messages.recording_to(event))
        if event.tap:
            echo(messages.TAP)
        echo(messages.keys_in_set())

    def _progress(self, event: SetProgress) -> None:
        if event.time_s < self._next_s or self._goal is None:
            return
        self._next_s += PROGRESS_EVERY_S
        state = event.state
        parts = [messages.so_far(state, self._goal), messages.phase(state), messages.tempo(state.last_rep)]
        links = "; ".join(
            messages.link(place, event.links[place]) for place in SENSOR_PLACES if place in event.links
        )
        told = [", ".join(part for part in parts if part), links]
        echo(f"{event.time_s:7.1f} s  {' · '.join(part for part in told if part)}")

    def _rest(self, event: Resting) -> None:
        if self._resting_for == event.number:
            return
        self._resting_for = event.number
        echo()
        echo(f"Rest {event.remaining_s:.0f} s. Next: {messages.which_set(event.number, event.of)}.")
        if event.move_to is not None:
            echo(messages.move(event.move_to))
        echo(messages.keys_in_rest())


def echo_event(event: SessionEvent) -> None:
    """Print one event of a set."""
    if isinstance(event, WriteFailed):
        echo_error(event.error)
    elif (line := event_line(event)) is not None:
        echo(line)


def event_line(event: SessionEvent) -> str | None:
    """Return the line of an event; None if it is not printed."""
    line = None
    match event:
        case Connecting():
            line = messages.connecting(event)
        case FileMoved(path=path, was_removed=was_removed):
            line = file_moved_text(was_removed=was_removed, path=path)
        case CountingLate():
            line = COUNTING_LATE
        case SetEvent(event=happened):
            line = _at(happened.time_s, event_text(happened))
        case LinkChanged(change=change, time_s=time_s):
            line = _at(time_s, messages.link_changed(change))
        case Cued(cue=cue):
            line = _at(cue.time_s, messages.spoken(cue))
    return line


def _at(time_s: float | None, text: str | None) -> str | None:
    return text if text is None or time_s is None else f"{time_s:7.1f} s  {text}"


def echo_finished(finished: Finished, *, report: bool = True) -> None:
    """Print how a set ended, and its report or why there is none."""
    for event in finished.events:
        echo_event(SetEvent(event))
    echo()
    if finished.discarded:
        echo(DISCARDED)
    elif finished.analysis is not None:
        if report:
            render(partial(text_report, finished.analysis.summary, person=finished.analysis.person))
    elif finished.unusable is not None:
        echo_error(finished.unusable)
    if finished.unwritten is not None:
        echo_error(finished.unwritten)


async def ask_for_rating(done: Sequence[Finished], diary: Diary) -> bool:
    """Ask for a rating of the last set unless it has one; return whether it was rated now.

    A painful set is asked about even if it was too short to analyse; discarded sets are not.
    """
    worth = [one for one in done if not one.discarded and (one.summary is not None or one.reason == "pain")]
    if not worth or (path := worth[-1].path) in diary.rated:
        return False
    async for rating in _answers(path):
        diary(rating)
    return path in diary.rated


async def _answers(path: str) -> AsyncIterator[Rating]:
    """Ask for pain and effort in a terminal, and yield each answer at once.

    Enter alone is no answer, and Ctrl-C ends the questions.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    cancelled = asyncio.Event()
    with on_signal(cancelled.set):
        yield Rating(path, pain=await _number(PAIN, cancelled))
        yield Rating(path, effort=await _number(EFFORT, cancelled))


async def _number(question: str, cancelled: asyncio.Event) -> int | None:
    """Ask for a number from 0 to 10 until it is valid or empty."""
    while not cancelled.is_set():
        echo(f"{question}: ", nl=False)
        sys.stdout.flush()
        answer = ((await typed_line(cancelled)) or "").strip()
        if cancelled.is_set():
            with suppress(OSError):  # a terminal that was closed
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
