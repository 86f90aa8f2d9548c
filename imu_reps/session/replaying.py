"""A recording played again as a session of one set: counted, coached and shown, but kept nowhere."""

from __future__ import annotations

from collections.abc import Callable

from imu_reps.domain.cue import USUALLY_SPOKEN, Spoken
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.session.keeping import Begun, Links
from imu_reps.session.recorder import SetRecorder
from imu_reps.session.session import Session
from imu_reps.session.session_events import Told
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sources.replay_source import ReplaySource


def replay_session(
    recording: Recording,
    tell: Callable[[Told], None],
    settings: Settings | None = None,
    spoken: Spoken = USUALLY_SPOKEN,
) -> Session:
    """A session that plays a recording to its end; on `fast_loop` at any speed."""
    plan = SessionPlan((replay_goal(recording),), spoken=spoken)
    return Session(ReplaySource(recording), plan, Replayed(recording), tell, settings)


def replay_goal(recording: Recording) -> SetGoal:
    """The set as its recording has it."""
    header = recording.header
    return SetGoal(header.exercise, header.side, header.start, tempo=header.tempo_target, whole=True)


class Replayed:
    """Keeps nothing of a recording that is played again: it is there.

    Parameters
    ----------
    recording : Recording
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def prepare(self) -> None:
        """Nothing is needed."""

    def begin(
        self,
        goal: SetGoal,  # noqa: ARG002 - the recording knows
        number: int,  # noqa: ARG002
        links: Links,  # noqa: ARG002
        lost: frozenset[SensorPlace],
    ) -> Begun:
        """The set as it was begun."""
        blocks = [block for place in SENSOR_PLACES if (block := self._recording.samples(place))]
        starts_at_s = min((float(block.time_s[0]) for block in blocks), default=0.0)
        recorder = SetRecorder(None, lost, starts_at_s)
        recording = self._recording
        return Begun(recording.header, recording.file or "", recorder, recording.notes)
