"""Events of the live pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.rep import Fault, Flag, Rep
from imu_reps.domain.samples import SensorPlace

Phase = Literal["concentric", "top", "eccentric", "bottom"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Counting begins: lying (hanging) and still. Without a pelvis sensor the posture is not checked."""

    time_s: float
    posture_checked: bool


@dataclass(frozen=True, slots=True)
class LegsUp:
    """The legs rest in a high start before the first repetition; emitted by the session."""

    time_s: float


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """The leg began another phase; `time_s` is when it was detected, a moment later.

    The elevation is None while it is unknown, as in the first repetition from a high start.
    """

    time_s: float
    phase: Phase
    leg_elevation_deg: float | None


@dataclass(frozen=True, slots=True)
class RepAtFarEnd:
    """The leg is at the far end of a repetition: the top, or the bottom for a high start."""

    time_s: float
    number: int
    leg_elevation_deg: float | None


@dataclass(frozen=True, slots=True)
class RepCompleted:
    """A repetition was completed; `rep` holds its figures as far as they are known live."""

    time_s: float
    number: int
    rep: Rep


@dataclass(frozen=True, slots=True)
class RepRevised:
    """The flags of a completed repetition changed, as its lowering went on or others changed the limits.

    Attributes
    ----------
    rep : Rep
        The revised repetition.
    cleared : tuple of Flag
        Flags reported before that no longer apply.
    """

    time_s: float
    number: int
    rep: Rep
    cleared: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class RepRetracted:
    """A counted repetition was retracted; the count is now `rep_count`."""

    time_s: float
    rep_count: int
    start_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class FaultSeen:
    """A completed repetition has a fault."""

    time_s: float
    number: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class SensorSilent:
    """A sensor sent nothing for a while; what needs it is not judged meanwhile."""

    time_s: float
    sensor: SensorPlace


@dataclass(frozen=True, slots=True)
class SensorBack:
    """A silent sensor sends again."""

    time_s: float
    sensor: SensorPlace


@dataclass(frozen=True, slots=True)
class EndReached:
    """The leg is about to stop at an end, predicted from its deceleration.

    A stall on the way is reported too; if the leg goes on, the event follows again with the same number.

    Attributes
    ----------
    number : int
        Number of the repetition.
    completes : bool
        Whether it completes the repetition.
    arrival_s : float
        Predicted arrival; may be after `time_s`.
    """

    time_s: float
    number: int
    end: Literal["top", "bottom"]
    completes: bool
    arrival_s: float
    leg_elevation_deg: float | None


@dataclass(frozen=True, slots=True)
class LimitCrossed:
    """A limit was crossed in the current repetition; emitted once per repetition and kind.

    In a hold it is emitted again after the limit was kept in between.

    Attributes
    ----------
    number : int
        Number of the repetition; in a hold, how often the limit was crossed.
    crossed_s : float
        When it was crossed; `time_s` is when that was detected.
    value, limit : float
        In `unit`, at `time_s`. Rotation keeps its sign.
    """

    time_s: float
    number: int
    code: Flag
    crossed_s: float
    value: float
    limit: float
    unit: str
    leg_elevation_deg: float


@dataclass(frozen=True, slots=True)
class HoldBegan:
    """A hold began at `began_s`; emitted again if the legs go on higher."""

    time_s: float
    began_s: float
    leg_elevation_deg: float


@dataclass(frozen=True, slots=True)
class HoldGoesOn:
    """Another second was held: `held_s` in total."""

    time_s: float
    held_s: int


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """The legs left the height of the hold.

    Attributes
    ----------
    ended_s : float
        End of the hold; `time_s` is when that was detected.
    counts : bool
        Whether it was long enough to count as the hold.
    """

    time_s: float
    ended_s: float
    held_s: float
    counts: bool


@dataclass(frozen=True, slots=True)
class FloorNear:
    """The leg is about to reach the floor angle, at `reach_s` if it keeps its speed."""

    time_s: float
    number: int
    floor_deg: float
    reach_s: float
    leg_elevation_deg: float


@dataclass(frozen=True, slots=True)
class PostureLeft:
    """The person left the posture after a repetition, such as by sitting up; the recorder may end the set.

    Repetitions after lying down again belong to the same set.
    """

    time_s: float
    rep_count: int


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The person wants to stop, and whether with pain. Emitted by the session, never by the pipeline."""

    time_s: float
    pain: bool


@dataclass(frozen=True, slots=True)
class SetEnded:
    """The set ended.

    Attributes
    ----------
    reason : str
        ``left_posture``, ``legs_down`` (a hold), ``target``, ``user`` or ``end_of_recording``.
    """

    time_s: float
    reason: str
    rep_count: int | None


Event = (
    Ready
    | LegsUp
    | PhaseChanged
    | RepAtFarEnd
    | RepCompleted
    | RepRevised
    | RepRetracted
    | FaultSeen
    | SensorSilent
    | SensorBack
    | EndReached
    | LimitCrossed
    | HoldBegan
    | HoldGoesOn
    | HoldEnded
    | FloorNear
    | PostureLeft
    | StopAsked
    | SetEnded
)
