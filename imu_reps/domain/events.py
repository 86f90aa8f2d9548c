"""What the live pipeline says, as it would have been heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.rep import Fault, Rep
from imu_reps.domain.samples import SensorPlace

Phase = Literal["concentric", "top", "eccentric", "bottom"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Lying (hanging) and still: counting begins. Without a pelvis sensor the posture is not checked."""

    time_s: float
    posture_checked: bool


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """The leg began another phase; known a moment after the fact, `time_s` is when it was known."""

    time_s: float
    phase: Phase
    leg_elevation_deg: float


@dataclass(frozen=True, slots=True)
class RepAtFarEnd:
    """The leg turned or dwells at the far end of a repetition (the top, or the bottom of a high start)."""

    time_s: float
    number: int
    leg_elevation_deg: float


@dataclass(frozen=True, slots=True)
class RepCompleted:
    """A repetition counts; `rep` holds its figures as far as they were known live."""

    time_s: float
    number: int
    rep: Rep


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
class SetEnded:
    """The set is over, and why: ``left_posture``, ``target``, ``user`` or ``end_of_recording``."""

    time_s: float
    reason: str
    rep_count: int | None


Event = Ready | PhaseChanged | RepAtFarEnd | RepCompleted | RepRetracted | FaultSeen | SensorSilent | SetEnded
