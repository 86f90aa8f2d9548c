"""A recording as if it happened: samples in, what the pipeline and the coach say out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from imu_reps.analysis.analyze import Analysis
from imu_reps.analysis.pipeline import Pipeline
from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import USUALLY_SPOKEN, Cue, Spoken
from imu_reps.domain.events import Event, SetEnded, StopAsked
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SampleBlock
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import Summary
from imu_reps.sources.replay_source import replay_blocks

#: Samples that arrived within so long are pushed together: sooner than pictures follow each other.
SLOT_S = 0.025


@dataclass(frozen=True, slots=True)
class Step:
    """What is new: events, cues, the newest pose (None: none), and repetitions as counted aloud."""

    events: Sequence[Event]
    cues: Sequence[Cue]
    pose: Pose | None
    count: int


class PlayedSet:
    """One set on its way; thrown away after it.

    Parameters
    ----------
    recording : Recording
        Whose header, notes and name are those of the set.
    settings : Settings
    spoken : Spoken
    """

    def __init__(self, recording: Recording, settings: Settings, spoken: Spoken = USUALLY_SPOKEN) -> None:
        header = recording.header
        self._notes = recording.notes
        self._now_s = 0.0
        self._pipeline = Pipeline(header, settings, file=recording.file)
        floor_known = header.floor_deg is not None
        self._coach = Coach(CoachPlan(header.start, None, header.tempo_target, spoken, floor_known))

    def push(self, blocks: Sequence[SampleBlock], now_s: float) -> Step:
        """Take what arrived until `now_s`, at most one block a sensor."""
        self._now_s = now_s
        return self._step(self._pipeline.push(*blocks), self._pipeline.pose)

    def stop(self, *, pain: bool) -> Step:
        """The person wants to stop."""
        asked = StopAsked(self._now_s, pain)
        return Step((), self._coach.take([asked], self._now_s), None, self._coach.counted)

    def finish(self, reason: str) -> tuple[Step, Analysis]:
        """End the set and sum it up.

        Raises
        ------
        RecordingError
            If the recording is implausible or unusable.
        """
        for note in self._notes:
            self._pipeline.note(note)
        events, analysis = self._pipeline.finish(reason)
        return self._step(events, None), analysis

    def _step(self, events: Sequence[Event], pose: Pose | None) -> Step:
        return Step(events, self._coach.take(events, self._now_s), pose, self._coach.counted)


def play(
    recording: Recording,
    settings: Settings,
    spoken: Spoken,
    speed: float | None,
    show: Callable[[Step], None],
) -> Summary:
    """Play a recording to its end, and sum the set up.

    Parameters
    ----------
    recording : Recording
    settings : Settings
    spoken : Spoken
    speed : float or None
        1: as fast as it was recorded, while the set lasts; None: as fast as possible.
    show : callable
        Given every step as it happens.

    Raises
    ------
    RecordingError
        If the recording is implausible or unusable.
    """
    played, began_s = PlayedSet(recording, settings, spoken), time.monotonic()
    for until_s, blocks in slots(recording):
        if speed is not None:
            time.sleep(max(0.0, began_s + until_s / speed - time.monotonic()))
        step = played.push(blocks, until_s)
        show(step)
        if any(isinstance(event, SetEnded) for event in step.events):
            speed = None  # nothing more is to be seen
    step, analysis = played.finish("end_of_recording")
    show(step)
    return analysis.summary


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
