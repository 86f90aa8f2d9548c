"""Events that a session emits for its views as they happen, and the state of a running set: plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from imu_reps.analysis.analyze import Analysis
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import (
    Event,
    HoldBegan,
    HoldEnded,
    HoldGoesOn,
    Phase,
    PhaseChanged,
    PostureLeft,
    Ready,
    RepCompleted,
    RepRetracted,
    SetEnded,
)
from imu_reps.domain.exercise import Side
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.summary import Summary
from imu_reps.domain.track import Pose
from imu_reps.errors import FileAccessError, ImuRepsError
from imu_reps.sensors.stream_items import LinkChange, Links
from imu_reps.session.session_plan import SetGoal


@dataclass(frozen=True, slots=True)
class Finished:
    """A recorded set.

    Attributes
    ----------
    path : str
        Path of the recording.
    reason : str
        Why it ended: ``target``, ``left_posture``, ``legs_down``, ``duration``, ``user``, ``pain``,
        ``faulty_reps``, ``range_lost``, ``speed_lost``, ``link_lost`` or ``end_of_recording``.
    events : tuple of Event
        Events counted too late to be emitted live, corrections by the analysis of the whole set, and its end.
    analysis : Analysis or None
        Includes all angles of the set; only in `SetDone`, see `without_angles`.
    summary : Summary or None
        None: the set could not be analysed; `unusable` says why.
    unwritten : FileAccessError or None
        The disk refused the last rows; the analysis has them all the same.
    discarded : bool
        The person discarded the set: its file stays, but is neither stored in the history nor compared.
    """

    path: str
    reason: str
    events: tuple[Event, ...] = ()
    analysis: Analysis | None = None
    summary: Summary | None = None
    unusable: ImuRepsError | None = None
    unwritten: FileAccessError | None = None
    discarded: bool = False

    def without_angles(self) -> Finished:
        """Return the set without its analysis, to keep while more sets are recorded."""
        return replace(self, analysis=None)


@dataclass(frozen=True, slots=True)
class Rating:
    """The person's rating of a recorded set.

    Attributes
    ----------
    path : str
        Path of the recording.
    pain, effort : int or None
        0 to 10; None: not rated.
    """

    path: str
    pain: int | None = None
    effort: int | None = None


@dataclass(frozen=True, slots=True)
class HurtAfter:
    """Pain in the rest after the set recorded at `path` ended the session."""

    path: str


@dataclass(frozen=True, slots=True)
class Connecting:
    """The source is connecting; emitted again whenever the link state of a sensor changes."""

    links: Links


@dataclass(frozen=True, slots=True)
class SetBegan:
    """A set begins.

    Attributes
    ----------
    number, of : int
        Number of the set (from 1), and how many sets are planned.
    path : str
        Path of its recording: the one being written, or the one being replayed if the goal is `whole`.
    header : Header
        Header of the recording.
    tap : bool
        Whether the sensors are to be knocked together now.
    """

    number: int
    of: int
    goal: SetGoal
    path: str
    header: Header
    tap: bool = False


@dataclass(frozen=True, slots=True)
class SetEvent:
    """An event of the pipeline; its time is in file time."""

    event: Event


@dataclass(frozen=True, slots=True)
class Cued:
    """A cue of the coach; its times are in file time, in a rest since the start of the rest."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """A link changed at file time `time_s`; None while nothing is recorded."""

    change: LinkChange
    time_s: float | None


@dataclass(frozen=True, slots=True)
class SetProgress:
    """Progress of the running set, emitted many times a second.

    Attributes
    ----------
    time_s : float
        Time since the first sample.
    pose : Pose or None
        Current pose of leg and pelvis.
    """

    time_s: float
    state: SetState
    links: Links
    pose: Pose | None = None


@dataclass(frozen=True, slots=True)
class CountingLate:
    """Counting lags; no samples are lost. Emitted once per set."""


@dataclass(frozen=True, slots=True)
class WriteFailed:
    """The disk refused a write; counting goes on, and writing is retried. Emitted once per set."""

    error: FileAccessError


@dataclass(frozen=True, slots=True)
class FileMoved:
    """The set's file was removed, replaced or cut short (or its disk refused writes).

    It was rewritten whole at `path`.
    """

    path: str
    was_removed: bool = True


@dataclass(frozen=True, slots=True)
class SetClosed:
    """A set is over and its file, at `path`, is closed; it can be rated, while its analysis goes on."""

    number: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetDone:
    """A set is analysed; only here does `finished` include the analysis."""

    number: int
    of: int
    finished: Finished
    state: SetState


@dataclass(frozen=True, slots=True)
class Resting:
    """Progress of the rest before set `number`, emitted many times a second.

    Attributes
    ----------
    remaining_s : float
        Time left until the next set.
    move_to : Side or None
        Leg the ankle sensor has to be moved to during the rest; None: it stays where it is.
    since_s : float
        Time since the start of the rest; cues given in it use the same time.
    """

    number: int
    of: int
    goal: SetGoal
    remaining_s: float
    move_to: Side | None
    links: Links
    since_s: float = 0.0


SessionEvent = (
    Connecting
    | SetBegan
    | SetEvent
    | Cued
    | LinkChanged
    | SetProgress
    | CountingLate
    | WriteFailed
    | FileMoved
    | SetClosed
    | SetDone
    | Resting
    | HurtAfter
)


Stage = Literal["waiting", "ready", "running", "ended"]


@dataclass(frozen=True, slots=True)
class SetState:
    """State of a set at one moment.

    Attributes
    ----------
    stage : Stage
        ``waiting`` for stillness; ``ready``: repetitions count; ``running`` from the first movement on;
        ``ended``.
    phase : Phase or None
        None while the leg's position, and so its direction, is unknown.
    phase_since_s : float
        File time of the last change of phase.
    count : int
        Completed repetitions.
    counted : int
        Repetitions as the coach counted them aloud: a moment ahead of `count`.
    held_s : float or None
        Duration of the current hold; None: no hold.
    ended : str or None
        Why the set ended; None while it runs.
    """

    stage: Stage = "waiting"
    phase: Phase | None = None
    phase_since_s: float = 0.0
    count: int = 0
    counted: int = 0
    last_rep: Rep | None = None
    held_s: float | None = None
    ended: str | None = None

    @property
    def ready(self) -> bool:
        """Whether stillness in the starting posture (lying, hanging) has been detected."""
        return self.stage != "waiting"


def ended(state: SetState, reason: str) -> SetState:
    """Return the state of a set that is over."""
    return replace(state, stage="ended", ended=reason, phase=None, held_s=None)


def counted_aloud(state: SetState, count: int) -> SetState:
    """Return the state with the count spoken by the coach; a set that is over keeps its final count."""
    return state if state.stage == "ended" else replace(state, counted=count)


def after(state: SetState, event: Event) -> SetState:
    """Return the state after an event of the pipeline."""
    match event:
        case Ready() if state.stage == "waiting":
            state = replace(state, stage="ready")
        case PhaseChanged(time_s=time_s, phase=phase, leg_elevation_deg=elevation_deg):
            begins = state.stage == "ready" and phase in ("concentric", "eccentric")
            stage: Stage = "running" if begins else state.stage
            known = None if elevation_deg is None else phase
            state = replace(state, stage=stage, phase=known, phase_since_s=time_s)
        case RepCompleted(number=number, rep=rep):
            state = replace(state, count=number, last_rep=rep)
        case RepRetracted(rep_count=count):
            state = replace(state, count=count)
        case PostureLeft():
            state = replace(state, phase=None)
        case HoldBegan():
            state = replace(state, stage="running", held_s=0.0)
        case HoldGoesOn(held_s=held_s):
            state = replace(state, held_s=float(held_s))
        case HoldEnded():
            state = replace(state, held_s=None)
        case SetEnded(reason=reason, rep_count=total):
            state = replace(ended(state, reason), count=total or 0, counted=total or 0)
    return state
