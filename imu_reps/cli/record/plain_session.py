"""A session as plain lines: for files, pipes, and whoever likes it quiet."""

from __future__ import annotations

from functools import partial

from imu_reps.cli import session_words as words
from imu_reps.cli.console import complain, say, show
from imu_reps.domain.recording import DISCARDED
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.report.event_text import event_text
from imu_reps.report.text import text_report
from imu_reps.session.session_events import (
    Connecting,
    CountingLate,
    Cued,
    FileMoved,
    Finished,
    LinkChanged,
    Resting,
    SessionEvent,
    SetBegan,
    SetDone,
    SetEvent,
    SetProgress,
    WriteFailed,
)
from imu_reps.session.session_plan import SetGoal

#: So often a line says how it stands.
EVERY_S = 10.0


class PlainSession:
    """Says what a session tells, a line each.

    Parameters
    ----------
    reports : bool
        Whether a set ends with its report.
    """

    def __init__(self, *, reports: bool = True) -> None:
        self._reports = reports
        self._goal: SetGoal | None = None
        self._next_s = EVERY_S
        self._resting_for: int | None = None

    def __call__(self, told: SessionEvent) -> None:
        """Say one thing."""
        match told:
            case SetBegan():
                self._begin(told)
            case SetProgress():
                self._progress(told)
            case Resting():
                self._rest(told)
            case SetDone():
                say_finished(told.finished, report=self._reports)
            case _:
                say_event(told)

    def _begin(self, told: SetBegan) -> None:
        self._goal, self._next_s, self._resting_for = told.goal, EVERY_S, None
        if told.goal.whole:
            self._next_s = float("inf")
            say(words.recording_to(told))
            return
        parts = [words.which_set(told.number, told.of), words.exercise(told.goal), words.aim(told.goal)]
        say(". ".join(part for part in parts if part) + ".")
        say(words.recording_to(told))
        if told.tap:
            say(words.TAP)
        say(words.KEYS_IN_SET)

    def _progress(self, told: SetProgress) -> None:
        if told.time_s < self._next_s or self._goal is None:
            return
        self._next_s += EVERY_S
        state = told.state
        parts = [words.so_far(state, self._goal), words.phase(state), words.tempo(state.last_rep)]
        links = "; ".join(
            words.link(place, told.links[place]) for place in SENSOR_PLACES if place in told.links
        )
        say(f"{told.time_s:7.1f} s  {', '.join(part for part in parts if part)} · {links}")

    def _rest(self, told: Resting) -> None:
        if self._resting_for == told.number:
            return
        self._resting_for = told.number
        say()
        say(f"Rest {told.remaining_s:.0f} s. Next: {words.which_set(told.number, told.of)}.")
        if told.move_to is not None:
            say(words.move(told.move_to))
        say(words.KEYS_IN_REST)


def say_event(told: SessionEvent) -> None:
    """Say what happened at one moment of a set."""
    if isinstance(told, WriteFailed):
        complain(told.error)
    elif (line := line_of(told)) is not None:
        say(line)


def line_of(told: SessionEvent) -> str | None:
    """The line that something told is worth; None where there is nothing to say."""
    line = None
    match told:
        case Connecting():
            line = words.connecting(told)
        case FileMoved():
            line = words.moved(told)
        case CountingLate():
            line = words.late(told)
        case SetEvent(event=event):
            line = _at(event.time_s, event_text(event))
        case LinkChanged(change=change, time_s=time_s):
            line = _at(time_s, words.link_changed(change))
        case Cued(cue=cue):
            line = _at(cue.time_s, words.spoken(cue))
    return line


def _at(time_s: float | None, said: str | None) -> str | None:
    return said if said is None or time_s is None else f"{time_s:7.1f} s  {said}"


def say_finished(finished: Finished, *, report: bool = True) -> None:
    """Say how a set ended, and its report or why there is none."""
    for event in finished.events:
        say_event(SetEvent(event))
    say()
    if finished.discarded:
        say(DISCARDED)
    elif finished.analysis is not None:
        if report:
            show(partial(text_report, finished.analysis.summary, person=finished.analysis.person))
    elif finished.unusable is not None:
        complain(finished.unusable)
    if finished.unwritten is not None:
        complain(finished.unwritten)
