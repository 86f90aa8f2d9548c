"""Sessions without sensors: a recording played again, and a virtual wearer who does as the session goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from imu_reps.domain.cue import USUALLY_SPOKEN, Spoken
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.session.keeping import Begun, Links
from imu_reps.session.recorder import SetRecorder
from imu_reps.session.session import Session
from imu_reps.session.session_events import Cued, SessionEvent, SetBegan, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sources.replay_source import ReplaySource

if TYPE_CHECKING:
    from imu_reps.sources.virtual_source import VirtualWorld


def replay_session(
    recording: Recording,
    emit: Callable[[SessionEvent], None],
    settings: Settings | None = None,
    spoken: Spoken = USUALLY_SPOKEN,
) -> Session:
    """A session that plays a recording to its end and keeps nothing; on `fast_loop` at any speed."""
    starts_at_s = min((float(block.time_s[0]) for block in recording.blocks), default=0.0)

    def begin(goal: SetGoal, number: int, links: Links, lost: frozenset[SensorPlace]) -> Begun:  # noqa: ARG001
        recorder = SetRecorder(None, lost, starts_at_s)
        return Begun(recording.header, recording.file or "", recorder, recording.notes)

    plan = SessionPlan((replay_goal(recording),), spoken=spoken)
    return Session(ReplaySource(recording), plan, begin, emit, settings)


def replay_goal(recording: Recording) -> SetGoal:
    """The set as its recording has it."""
    header = recording.header
    return SetGoal(header.exercise, header.side, header.start, tempo=header.tempo_target, whole=True)


def direct(world: VirtualWorld, event: SessionEvent, spoken: Spoken = USUALLY_SPOKEN) -> None:
    """Have a virtual wearer begin with a set, and lie down after it as before the next one.

    Where a tempo is counted in, the wearer lies still until the first "up"; into a high start the legs are
    lifted when that is asked for, and held there until the first "down".
    """
    performance, now_s = world.performance, world.air.now_s()
    match event:
        case SetBegan(number=number, goal=goal):
            counted_in = spoken.metronome and goal.tempo is not None
            (performance.lie_down if counted_in else performance.begin)(number, now_s)
        case Cued(cue=cue) if cue.code == "legs_up" and performance.waits:
            performance.lift(now_s)
        case Cued(cue=cue) if cue.code == "move" and performance.waits:
            performance.move(now_s)
        case SetProgress(state=state) if state.stage == "ended":
            performance.rest(now_s)
