"""A session as plain lines: for files, pipes, and whoever likes it quiet."""

from __future__ import annotations

from functools import partial

from imu_reps.cli import session_words as words
from imu_reps.cli.console import complain, say, show
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.report.heard import heard
from imu_reps.report.text import text_report
from imu_reps.session.plan import SetGoal
from imu_reps.session.recorder import Finished
from imu_reps.session.told import (
    Connecting,
    Cued,
    DiskRefused,
    Heard,
    LinkTold,
    Progress,
    Resting,
    SetBegan,
    SetDone,
    Told,
)

#: So often a line says how it stands.
EVERY_S = 10.0


class PlainSession:
    """Says what a session tells, a line each."""

    def __init__(self) -> None:
        self._goal: SetGoal | None = None
        self._next_s = EVERY_S
        self._resting_for: int | None = None

    def __call__(self, told: Told) -> None:
        """Say one thing."""
        match told:
            case Connecting():
                say("Looking for both sensors.")
            case SetBegan():
                self._begin(told)
            case Progress():
                self._progress(told)
            case Resting():
                self._rest(told)
            case SetDone():
                say_finished(told.finished)
            case _:
                say_event(told)

    def _begin(self, told: SetBegan) -> None:
        self._goal, self._next_s, self._resting_for = told.goal, EVERY_S, None
        parts = [words.which_set(told.number, told.of), words.exercise(told.goal), words.aim(told.goal)]
        say(". ".join(part for part in parts if part) + ".")
        say(f"Recording to {told.path}")
        if told.tap:
            say(words.TAP)
        say(words.KEYS_IN_SET)

    def _progress(self, told: Progress) -> None:
        if told.time_s < self._next_s or self._goal is None:
            return
        self._next_s += EVERY_S
        parts = [words.count(told, self._goal), words.phase(told), words.tempo(told.last_rep)]
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


def say_event(told: Told) -> None:
    """Say what happened at one moment of a set."""
    match told:
        case Heard(event=event):
            spoken = heard(event)
            if spoken is not None:
                say(f"{event.time_s:7.1f} s  {spoken}")
        case LinkTold(change=change, time_s=time_s):
            words_of_it = words.link_changed(change)
            if words_of_it is not None:
                say(("" if time_s is None else f"{time_s:7.1f} s  ") + words_of_it)
        case Cued(cue=cue) if cue.code in words.SPOKEN_LINES:
            say(f"{cue.time_s:7.1f} s  » {cue.words}")
        case DiskRefused(error=error):
            complain(error)


def say_finished(finished: Finished) -> None:
    """Say how a set ended, and its report or why there is none."""
    for event in finished.events:
        say_event(Heard(event))
    say()
    if finished.analysis is not None:
        show(partial(text_report, finished.analysis.summary))
    if finished.unusable is not None:
        complain(finished.unusable)
    if finished.unwritten is not None:
        complain(finished.unwritten)
