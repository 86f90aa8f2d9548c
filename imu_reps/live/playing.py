"""A recording played to the page: started, stopped and played again from there."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import replace

from imu_reps.analysis.analyze import Analysis
from imu_reps.analysis.pipeline import Pipeline
from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import USUALLY_SPOKEN, Spoken
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock
from imu_reps.domain.settings import Settings
from imu_reps.errors import ImuRepsError
from imu_reps.live.commands import Command, Discard, Effort, Pain, Start, Stop
from imu_reps.live.hub import Hub
from imu_reps.live.reports import Reports, headline_of, page_of
from imu_reps.live.scene import first_picture, next_picture
from imu_reps.live.snapshot import LinkView
from imu_reps.sensors.replay import replay_blocks

#: Samples that arrived within so long are pushed together: sooner than pictures follow each other.
SLOT_S = 0.025
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
        self.ask(Stop())

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
        links = {place: LinkView("streaming") for place in SENSOR_PLACES if self._recording.samples(place)}
        self.hub.show(replace(self._first, started=True, may_start=False, links=links))
        following = Following(self._recording, self._settings, self.hub, self._spoken)
        ended = self._push_all(following)
        if isinstance(ended, Discard):
            self.hub.show(self._first)
        else:
            following.finish("end_of_recording" if ended is None else "user", reports)

    def _push_all(self, following: Following) -> Stop | Discard | None:
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

    def _wait(self, moment_s: float) -> Stop | Discard | None:
        """Wait for a moment; whoever ends the set is heard at once."""
        while True:
            command = self._next(moment_s - time.monotonic())
            if command is None or isinstance(command, Stop | Discard):
                return command

    def _next(self, most_s: float) -> Command | None:
        """The next command within so long."""
        try:
            return self._asked.get(timeout=most_s) if most_s > 0.0 else self._asked.get_nowait()
        except queue.Empty:
            return None


class Following:
    """One set on its way: samples in, pictures and moments out.

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
        header = recording.header
        self._recording = recording
        self._hub = hub
        self._pipeline = Pipeline(header, settings, file=recording.file)
        floor_known = header.floor_deg is not None
        self._coach = Coach(CoachPlan(header.start, None, header.tempo_target, spoken, floor_known))

    def push(self, blocks: list[SampleBlock], now_s: float) -> None:
        """Take what arrived until `now_s`, and show what is new."""
        events = self._pipeline.push(*blocks)
        cues = self._coach.take(events, now_s)
        pose, count = self._pipeline.pose, self._coach.counted
        picture, moments = next_picture(self._hub.picture, pose, events, cues, count)
        self._hub.show(picture, *moments)

    def finish(self, reason: str, reports: Reports) -> None:
        """Sum the set up, and show its report."""
        for note in self._recording.notes:
            self._pipeline.note(note)
        try:
            events, analysis = self._pipeline.finish(reason)
        except ImuRepsError as error:
            over = replace(self._hub.picture, state="ended", ended=reason, may_start=True)
            self._hub.show(replace(over, trouble=str(error)))
            return
        cues = self._coach.take(events, self._hub.picture.time_s)
        picture, moments = next_picture(self._hub.picture, None, events, cues, self._coach.counted)
        self._hub.show(picture, *moments)
        self._report(analysis, reports)

    def _report(self, analysis: Analysis, reports: Reports) -> None:
        report = reports.add(page_of(analysis, self._recording.header.floor_deg))
        self._hub.show(
            replace(self._hub.picture, headline=headline_of(analysis), report=report, may_start=True)
        )


def slots(recording: Recording) -> Iterator[tuple[float, list[SampleBlock]]]:
    """What arrived together, and until when it had, seconds of the recording."""
    together: list[SampleBlock] = []
    for block in replay_blocks(recording, SLOT_S):
        if together and (block.sensor == together[-1].sensor or _slot(together[-1]) != _slot(block)):
            yield _end_s(together), together
            together = []
        together.append(block)
    if together:
        yield _end_s(together), together


def _slot(block: SampleBlock) -> int:
    return int(block.time_s.max() / SLOT_S)


def _end_s(blocks: list[SampleBlock]) -> float:
    return max(float(block.time_s.max()) for block in blocks)
