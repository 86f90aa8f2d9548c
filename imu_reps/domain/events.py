"""What the live pipeline says, as it would have been heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.rep import Fault, Flag, Rep
from imu_reps.domain.samples import SensorPlace

Phase = Literal["concentric", "top", "eccentric", "bottom"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Lying (hanging) and still: counting begins. Without a pelvis sensor the posture is not checked."""

    time_s: float
    posture_checked: bool


@dataclass(frozen=True, slots=True)
class LegsUp:
    """The legs were lifted into a high start and rest there, before the first repetition: the session's."""

    time_s: float


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """The leg began another phase; known a moment after the fact, `time_s` is when it was known.

    The elevation is None while nobody knows where the leg is, as in the first repetition from a high start.
    """

    time_s: float
    phase: Phase
    leg_elevation_deg: float | None


@dataclass(frozen=True, slots=True)
class RepAtFarEnd:
    """The leg turned or dwells at the far end of a repetition (the top, or the bottom of a high start)."""

    time_s: float
    number: int
    leg_elevation_deg: float | None


@dataclass(frozen=True, slots=True)
class RepCompleted:
    """A repetition counts; `rep` holds its figures as far as they were known live."""

    time_s: float
    number: int
    rep: Rep


@dataclass(frozen=True, slots=True)
class RepRevised:
    """A repetition that counts has other flags by now: its lowering went on, or the others show it otherwise.

    Attributes
    ----------
    rep : Rep
        As it is seen now.
    cleared : tuple of Flag
        What it was told to have, and has not.
    """

    time_s: float
    number: int
    rep: Rep
    cleared: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class RepRetracted:
    """A repetition counted before turned out to be none; the count is now `rep_count`."""

    time_s: float
    rep_count: int
    start_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class FaultSeen:
    """A fault of a completed repetition."""

    time_s: float
    number: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class SensorSilent:
    """A sensor sent nothing for a while: what needs it is not judged meanwhile."""

    time_s: float
    sensor: SensorPlace


@dataclass(frozen=True, slots=True)
class SensorBack:
    """A sensor that had been silent sends again."""

    time_s: float
    sensor: SensorPlace


@dataclass(frozen=True, slots=True)
class EndReached:
    """The leg is ending its way, told by how it slows down: at once, not when it has rested for long.

    A stall on the way is told too; where the leg then goes on, the end is told again with the same number.

    Attributes
    ----------
    number : int
        The repetition it belongs to.
    completes : bool
        It ends the way back: the repetition counts.
    arrival_s : float
        When it ends its way (may be a little after `time_s`).
    """

    time_s: float
    number: int
    end: Literal["top", "bottom"]
    completes: bool
    arrival_s: float
    leg_elevation_deg: float | None


@dataclass(frozen=True, slots=True)
class LimitCrossed:
    """A limit is passed in the repetition that runs; said once a repetition and kind, as it happens.

    In a hold it is said again where the limit was kept in between.

    Attributes
    ----------
    number : int
        The repetition; in a hold, how often the limit was passed.
    crossed_s : float
        When it was passed; `time_s` is when that was known.
    value, limit : float
        In `unit`, where it was known. Rotation keeps its sign.
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
    """The legs have arrived where they are held, at `began_s`; told again where they go on higher."""

    time_s: float
    began_s: float
    leg_elevation_deg: float


@dataclass(frozen=True, slots=True)
class HoldGoesOn:
    """Another whole second was held: `held_s` by now."""

    time_s: float
    held_s: int


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """The legs have left the height they were held at.

    Attributes
    ----------
    ended_s : float
        When they were last held; `time_s` is when that was known.
    held_s : float
    counts : bool
        Long enough to be a hold; else the next one may be.
    """

    time_s: float
    ended_s: float
    held_s: float
    counts: bool


@dataclass(frozen=True, slots=True)
class FloorNear:
    """On its way down the leg is about to reach the floor angle, at `reach_s` if it keeps its speed."""

    time_s: float
    number: int
    floor_deg: float
    reach_s: float
    leg_elevation_deg: float


@dataclass(frozen=True, slots=True)
class PostureLeft:
    """The person left the posture for good after a repetition, as by sitting up; who records may end the set.

    Repetitions of a later spell, after lying down again, are told as part of the same set.
    """

    time_s: float
    rep_count: int


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The person wants to stop, and whether it hurts. Said by the person, never by the pipeline."""

    time_s: float
    pain: bool


@dataclass(frozen=True, slots=True)
class SetEnded:
    """The set is over, and why.

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
