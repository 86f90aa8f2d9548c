"""What makes a wearer a person, as plain data: movement nobody asked for, breaks, cuts, handling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CutPhase = Literal["out", "far", "back", "rest"]


@dataclass(frozen=True, slots=True)
class SitUp:
    """The set is broken off: the legs go to the floor, the trunk comes up, lies down again, and it goes on.

    Supine exercises only: who lets go of a bar stands, and a trunk that hung stays upright.

    Attributes
    ----------
    after_rep : int
        Index of the planned repetition that it follows.
    up_s, stay_s, down_s : float
        Sitting up, sitting (over 2 s leave the posture), lying down.
    rest_s : float
        Lying before it goes on.
    turn_deg : float
        By how much the person lies down the other way round the vertical.
    """

    after_rep: int
    up_s: float = 2.0
    stay_s: float = 4.0
    down_s: float = 2.5
    rest_s: float = 2.0
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """What a body does beside what it means to; 0 is "not there".

    Attributes
    ----------
    wander_dps : float
        RMS angular rate of the leg's roll while it should rest; flexion and abduction half as much.
        Never still from 2 on.
    shift_deg : float
        Bound of the small changes of position in between, every six seconds or so.
    foot_falls_deg : float
        How far the relaxed foot falls outward about the shank; it is turned straight for the lift.
    hip_roll_deg, hip_abduction_deg : float
        Outward roll of the leg in the middle of its way, abduction at its far end.
    swing_deg, swing_hz : float
        Hanging: amplitude and frequency of the whole body's swing at the bar, as long as it hangs.
    other_leg_deg : float
        The other leg, without a sensor, is lifted so far in each pause of at least 1.5 s.
    sympathy_deg : float
        What the working leg moves along with it.
    sit_ups : tuple of SitUp
    handling_before_s, handling_after_s : float
        Both sensors lie on a table, are turned in the hand and strapped on; the same backwards at the end.
    """

    wander_dps: float = 0.0
    shift_deg: float = 0.0
    foot_falls_deg: float = 0.0
    hip_roll_deg: float = 0.0
    hip_abduction_deg: float = 0.0
    swing_deg: float = 0.0
    swing_hz: float = 0.42
    other_leg_deg: float = 0.0
    sympathy_deg: float = 0.0
    sit_ups: tuple[SitUp, ...] = ()
    handling_before_s: float = 0.0
    handling_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CutPlace:
    """A place in the set at which a recording begins or ends.

    Attributes
    ----------
    rep : int
        Index of the planned repetition.
    phase : {"out", "far", "back", "rest"}
        On its way out of rest, at its far end, on its way back, or in the rest that follows it.
    share : float
        Of a way in degrees, of a rest in seconds.
    """

    rep: int
    phase: CutPhase
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class CutPlan:
    """Where the recording begins and ends; None: with everything the plan holds."""

    begin: CutPlace | None = None
    end: CutPlace | None = None
