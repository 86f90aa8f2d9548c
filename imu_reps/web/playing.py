"""A recording played to the page: started, stopped and played again from there."""

from __future__ import annotations

import queue
import time
from dataclasses import replace

from imu_reps.domain.cue import USUALLY_SPOKEN, Spoken
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SampleBlock
from imu_reps.domain.settings import Settings
from imu_reps.errors import ImuRepsError
from imu_reps.report.findings import worded
from imu_reps.view.played_set import PlayedSet, Step, slots
from imu_reps.view.scene import first_picture, next_picture, played_picture
from imu_reps.web.commands import Command, Discard, Effort, Hurt, Pain, Start, StopSet
from imu_reps.web.hub import Hub
from imu_reps.web.reports import Reports, headline_of, page_of

#: What ends a set that is being played.
Ending = StopSet | Discard | Hurt

#: Longest wait in one go.
LOOK_S = 0.25


class Player:
    """Plays a recording to a hub, again and again, as the page asks for it.

    Parameters
    ----------
    recording : Recording
    settings : Settings
    speed : float
        1: as fast as it was recorded.
    spoken : Spoken
    """

    def __init__(
        self, recording: Recording, settings: Settings, speed: float = 1.0, spoken: Spoken = USUALLY_SPOKEN
    ) -> None:
        self._recording = recording
        self._settings = settings
        self._speed = speed
        self._spoken = spoken
        self._first = replace(first_picture(recording.header, settings), may_start=True)
        self._asked: queue.Queue[Command] = queue.Queue(64)
        self._closed = False
        self.hub = Hub(self._first)

    def ask(self, command: Command) -> None:
        """Take a command from the page, from any thread; what comes too thick is dropped."""
        if not self._asked.full():
            self._asked.put_nowait(command)

    def close(self) -> None:
        """End `run`, from another thread."""
        self._closed = True
        self.ask(StopSet())

    def run(self, reports: Reports) -> None:
        """Play whenever asked to, until interrupted or closed."""
        while not self._closed:
            # Not for ever in one go: Ctrl-C is heard on every system.
            match self._next(LOOK_S):
                case Start():
                    self.play(reports)
                case Pain(value=value):
                    self.hub.show(replace(self.hub.picture, pain=value))
                case Effort(value=value):
                    self.hub.show(replace(self.hub.picture, effort=value))

    def play(self, reports: Reports) -> None:
        """Play once, until the set is over, the recording ends, or somebody ends it."""
        self.hub.show(played_picture(self._recording, self._settings))
        following = Following(self._recording, self._settings, self.hub, self._spoken)
        ended = self._push_all(following)
        match ended:
            case Discard():
                self.hub.show(self._first)
            case Hurt():
                following.stop(pain=True)
                following.finish("pain", reports)
            case StopSet():
                following.stop(pain=False)
                following.finish("user", reports)
            case None:
                following.finish("end_of_recording", reports)

    def _push_all(self, following: Following) -> Ending | None:
        """Push everything at its time; gives what ended it before."""
        began_s = time.monotonic()
        for until_s, blocks in slots(self._recording):
            ended = self._wait(began_s + until_s / self._speed)
            if ended is not None:
                return ended
            following.push(blocks, until_s)
            if self.hub.picture.state == "ended":
                break
        return None

    def _wait(self, moment_s: float) -> Ending | None:
        """Wait for a moment; whoever ends the set is heard at once."""
        while True:
            command = self._next(moment_s - time.monotonic())
            if command is None or isinstance(command, Ending):
                return command

    def _next(self, most_s: float) -> Command | None:
        """The next command within so long."""
        try:
            return self._asked.get(timeout=most_s) if most_s > 0.0 else self._asked.get_nowait()
        except queue.Empty:
            return None


class Following:
    """One set on its way to a hub: samples in, pictures and moments out.

    Parameters
    ----------
    recording : Recording
        Whose header, notes and name are those of the set.
    settings : Settings
    hub : Hub
    spoken : Spoken
    """

    def __init__(
        self, recording: Recording, settings: Settings, hub: Hub, spoken: Spoken = USUALLY_SPOKEN
    ) -> None:
        self._floor_deg = recording.header.floor_deg
        self._set = PlayedSet(recording, settings, spoken)
        self._hub = hub

    def push(self, blocks: list[SampleBlock], now_s: float) -> None:
        """Take what arrived until `now_s`, and show what is new."""
        self._show(self._set.push(blocks, now_s))

    def stop(self, *, pain: bool) -> None:
        """Answer the person who wants to stop."""
        self._show(self._set.stop(pain=pain))

    def finish(self, reason: str, reports: Reports) -> None:
        """Sum the set up, and show its report."""
        try:
            step, analysis = self._set.finish(reason)
        except ImuRepsError as error:
            over = replace(self._hub.picture, state="ended", ended=reason, may_start=True)
            self._hub.show(replace(over, trouble=str(worded(error))))
            return
        self._show(step)
        headline, report = headline_of(analysis), reports.add(page_of(analysis, self._floor_deg))
        self._hub.show(replace(self._hub.picture, headline=headline, report=report, may_start=True))

    def _show(self, step: Step) -> None:
        picture, moments = next_picture(self._hub.picture, step.pose, step.events, step.cues, step.count)
        self._hub.show(picture, *moments)
