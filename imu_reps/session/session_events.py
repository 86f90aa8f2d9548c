"""What a session tells whoever shows it, as it happens: plain data, no words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imu_reps.domain.cue import Cue
from imu_reps.domain.events import Event, Phase
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Side
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import FileAccessError
from imu_reps.sensors.stream_items import LinkChange, SensorStatus
from imu_reps.session.recorder import Finished
from imu_reps.session.session_plan import SetGoal


@dataclass(frozen=True, slots=True)
class Connecting:
    """Both sensors are looked for."""


@dataclass(frozen=True, slots=True)
class SetBegan:
    """The file of set `number` (from 1) of `of` is begun; `tap`: the sensors are to be knocked together."""

    number: int
    of: int
    goal: SetGoal
    path: str
    tap: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """The pipeline said something; its time is in the file's seconds."""

    event: Event


@dataclass(frozen=True, slots=True)
class Cued:
    """The coach says something; its times are in the file's seconds, in a rest in those since it began."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class LinkTold:
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
    ready : bool
        Lying (hanging) and still was seen: repetitions count.
    count : int
    phase : Phase or None
    last_rep : Rep or None
    links : mapping of SensorStatus
    counted : int
        Repetitions as the coach counted them aloud.
    pose : Pose or None
        Where leg and pelvis are.
    """

    time_s: float
    ready: bool
    count: int
    phase: Phase | None
    last_rep: Rep | None
    links: Mapping[SensorPlace, SensorStatus]
    counted: int = 0
    pose: Pose | None = None


@dataclass(frozen=True, slots=True)
class DiskRefused:
    """The disk takes no more; counting goes on, and writing is tried again. Told once a set."""

    error: FileAccessError


@dataclass(frozen=True, slots=True)
class SetDone:
    """A set is over and its file is closed; `finished` has its analysis here, and only here."""

    number: int
    of: int
    finished: Finished


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


Told = Connecting | SetBegan | Heard | Cued | LinkTold | SetProgress | DiskRefused | SetDone | Resting
