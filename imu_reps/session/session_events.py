"""What a session tells whoever shows it, as it happens: plain data, no words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from imu_reps.analysis.analyze import Analysis
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import Event
from imu_reps.domain.recording import Header, Side
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.summary import Summary
from imu_reps.domain.track import Pose
from imu_reps.errors import FileAccessError, ImuRepsError
from imu_reps.sensors.stream_items import LinkChange, SensorStatus
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_state import SetState


@dataclass(frozen=True, slots=True)
class Finished:
    """A recorded set.

    Attributes
    ----------
    path : str
        The file.
    reason : str
        Why it ended: ``target``, ``left_posture``, ``legs_down``, ``duration``, ``user``, ``pain``,
        ``faulty_reps``, ``range_lost``, ``speed_lost``, ``link_lost`` or ``end_of_recording``.
    events : tuple of Event
        What the whole set shows otherwise than was heard, and the end.
    analysis : Analysis or None
        With all of the set's angles: told as the set ends, see `without_angles`.
    summary : Summary or None
        None: the set cannot be summed up; `unusable` says why.
    unusable : ImuRepsError or None
    unwritten : FileAccessError or None
        The disk refused the last of the samples; the analysis holds them all the same.
    discarded : bool
        The person does not want it to count: a file that is neither remembered nor compared.
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
        """What is kept of it while more sets are recorded."""
        return replace(self, analysis=None)


@dataclass(frozen=True, slots=True)
class Rating:
    """What the person said of a recorded set, 0 to 10 each; None: nothing.

    Attributes
    ----------
    path : str
        The set's file.
    pain, effort : int or None
    """

    path: str
    pain: int | None = None
    effort: int | None = None


@dataclass(frozen=True, slots=True)
class HurtAfter:
    """It hurt in the rest after the set in the file `path`, and that ended the session."""

    path: str


@dataclass(frozen=True, slots=True)
class Connecting:
    """Sensors are looked for; told again as one of them is heard, or lost again."""

    links: Mapping[SensorPlace, SensorStatus]


@dataclass(frozen=True, slots=True)
class SetBegan:
    """A set begins.

    Attributes
    ----------
    number, of : int
        Which (from 1) of how many.
    goal : SetGoal
    path : str
        Of its recording, which is being made, or played again if the goal is a whole one.
    header : Header
        Of the recording.
    tap : bool
        The sensors are to be knocked together.
    """

    number: int
    of: int
    goal: SetGoal
    path: str
    header: Header
    tap: bool = False


@dataclass(frozen=True, slots=True)
class SetEvent:
    """The pipeline said something; its time is in the file's seconds."""

    event: Event


@dataclass(frozen=True, slots=True)
class Cued:
    """The coach says something; its times are in the file's seconds, in a rest in those since it began."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """A link changed, `time_s` seconds into the file; None while nothing is recorded."""

    change: LinkChange
    time_s: float | None


@dataclass(frozen=True, slots=True)
class SetProgress:
    """How the set stands now, told several times a second.

    Attributes
    ----------
    time_s : float
        Since the first sample.
    state : SetState
    links : mapping of SensorStatus
    pose : Pose or None
        Where leg and pelvis are.
    """

    time_s: float
    state: SetState
    links: Mapping[SensorPlace, SensorStatus]
    pose: Pose | None = None


@dataclass(frozen=True, slots=True)
class CountingLate:
    """Counting does not keep up, and is so much behind; nothing is lost. Told once a set."""

    behind_s: float


@dataclass(frozen=True, slots=True)
class WriteFailed:
    """The disk takes no more; counting goes on, and writing is tried again. Told once a set."""

    error: FileAccessError


@dataclass(frozen=True, slots=True)
class FileMoved:
    """The set's file, or its folder, was removed: all of it was written anew at `path`."""

    path: str


@dataclass(frozen=True, slots=True)
class SetDone:
    """A set is over and its file is closed; `finished` has its analysis here, and only here."""

    number: int
    of: int
    finished: Finished
    state: SetState


@dataclass(frozen=True, slots=True)
class Resting:
    """The rest before set `number`, told several times a second.

    Attributes
    ----------
    remaining_s : float
    move_to : Side or None
        The leg the ankle sensor has to be moved to meanwhile.
    since_s : float
        Since the rest began: the scale of the cues that are told in it.
    """

    number: int
    of: int
    goal: SetGoal
    remaining_s: float
    move_to: Side | None
    links: Mapping[SensorPlace, SensorStatus]
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
    | SetDone
    | Resting
    | HurtAfter
)
