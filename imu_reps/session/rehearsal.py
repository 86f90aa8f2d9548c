"""Sessions without sensors: replay of a recording, and a virtual wearer who follows the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from imu_reps.domain.cue import DEFAULT_SPEECH, SpeechOptions
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.sensors.stream_items import Links
from imu_reps.session.session import Session
from imu_reps.session.session_events import Cued, SessionEvent, SetBegan, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_recorder import OpenedSet, SetRecorder
from imu_reps.sources.replay_source import ReplaySource

if TYPE_CHECKING:
    from imu_reps.sources.virtual_source import VirtualWorld


def replay_session(
    recording: Recording,
    emit: Callable[[SessionEvent], None],
    settings: Settings | None = None,
    spoken: SpeechOptions = DEFAULT_SPEECH,
) -> Session:
    """Return a session that replays a recording to its end and stores nothing; `fast_loop` sets the speed."""
    starts_at_s = min((float(block.time_s[0]) for block in recording.blocks), default=0.0)

    def begin(goal: SetGoal, number: int, links: Links, lost: frozenset[SensorPlace]) -> OpenedSet:  # noqa: ARG001
        recorder = SetRecorder(None, lost, starts_at_s)
        return OpenedSet(recording.header, recording.file or "", recorder, recording.notes)

    plan = SessionPlan((replay_goal(recording),), spoken=spoken)
    return Session(ReplaySource(recording), plan, begin, emit, settings)


def replay_goal(recording: Recording) -> SetGoal:
    """Return the goal of a set as its recording has it."""
    header = recording.header
    return SetGoal(header.exercise, header.side, header.start, tempo=header.tempo_target, whole=True)


def direct(world: VirtualWorld, event: SessionEvent, spoken: SpeechOptions = DEFAULT_SPEECH) -> None:
    """Make a virtual wearer follow an event of the session: begin with a set, lie down after it.

    Where the metronome counts in a tempo, the wearer lies still until the first "up". For a high start the
    wearer lifts the legs when the coach asks for it and holds them until the first "down".
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
