"""Plans of simulated sets: repetitions, faults, person, activities, breaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from imu_reps.domain.exercise import EXERCISES, Exercise, Posture, Side, Start, default_posture, default_start
from imu_reps.domain.recording import PelvisAlignment
from imu_reps.domain.tempo import Tempo
from imu_reps.domain.validation import (
    require_declared_types,
    require_number,
    require_one_of,
)
from imu_reps.errors import RefusedValueError
from imu_reps.sim.wearer.sensor_plan import SensorPlan

#: Shares of a movement for getting up to speed and for slowing down.
Ramp = tuple[float, float]

#: Maximum duration of a movement or pause.
LONGEST_S = 10_000.0

RotationShape = Literal["grows", "middle"]
CutPhase = Literal["out", "far", "back", "rest"]
Activity = Literal[
    "stand",
    "walk",
    "lie_down",
    "shuffle",
    "fidget",
    "still",
    "sit_up",
    "stand_up",
    "hang_up",
    "let_go",
]


@dataclass(frozen=True, slots=True)
class Stall:
    """The leg stops on the way and goes on in the same direction.

    Attributes
    ----------
    at_share : float
        Share of the way travelled, 0 to 1.
    """

    phase: Literal["concentric", "eccentric"]
    at_share: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Swell:
    """A dip at the top or a bounce at the bottom, by `size_deg` and back within `duration_s`."""

    size_deg: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class RepFaults:
    """Faults of one repetition; 0 is none.

    Attributes
    ----------
    arch_deg : float
        Anterior tilt reached at the end of the lowering, measured from the flat back.
    arch_below_deg : float
        Leg elevation below which the pelvis tips.
    rotation_deg : float
        Pelvic rotation at its greatest, positive: the side opposite the working leg rises.
    rotation_shape : {"grows", "middle"}
        Growing with the excursion of the leg, or only in the middle of the way.
    heel_touch_mps2 : float
        Peak deceleration of the ankle as the heel meets the floor.
    heel_touch_s : float
        Duration of the deceleration.
    jolt_mps2 : float
        Peak of a jolt of the leg during the lowering.
    jolt_at_deg : float
        Leg elevation of the jolt.
    jolt_s : float
        Duration of the jolt.
    knee_bend_deg : float
        Knee flexion at the far end of the excursion.
    """

    arch_deg: float = 0.0
    arch_below_deg: float = 30.0
    rotation_deg: float = 0.0
    rotation_shape: RotationShape = "grows"
    heel_touch_mps2: float = 0.0
    heel_touch_s: float = 0.02
    jolt_mps2: float = 0.0
    jolt_at_deg: float = 20.0
    jolt_s: float = 0.04
    knee_bend_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class HoldPlan:
    """Faults of a hold; times from the end of the way up, 0 degrees is none.

    Attributes
    ----------
    arch_deg : float
        Anterior tilt that the pelvis ends with, measured from the flat back.
    arch_from_s, arch_takes_s : float
        When the back begins to let go, and its duration.
    sink_deg : float
        Sinking of the leg until it is lowered.
    """

    arch_deg: float = 0.0
    arch_from_s: float = 10.0
    arch_takes_s: float = 2.0
    sink_deg: float = 0.0
    sink_from_s: float = 5.0


@dataclass(frozen=True, slots=True)
class RepPlan:
    """One excursion of the leg, whose size decides whether it counts as a repetition.

    Angles are leg elevations of docs/definitions.md#angles (heel tap: change from the start position). A low
    start runs concentric, top pause, eccentric, bottom pause; a high start eccentric, bottom, concentric,
    top.

    Attributes
    ----------
    top_deg, bottom_deg : float
        Where the lifting and the lowering end.
    concentric_s, eccentric_s : float
        Commanded time of the movements, stalls not included.
    top_pause_s, bottom_pause_s : float
        Commanded rests, at least as long as the swells in them.
    concentric_ramp, eccentric_ramp : Ramp or None
        Speed profile; None is minimum jerk. A short first share and a long second is a swing.
    wobbles : tuple of Swell
        Dips during the top pause.
    bounces : tuple of Swell
        Bounces during the bottom pause.
    hold : HoldPlan or None
        Makes the top pause a hold; low start only.
    """

    top_deg: float = 60.0
    bottom_deg: float = 0.0
    concentric_s: float = 2.0
    top_pause_s: float = 0.3
    eccentric_s: float = 2.0
    bottom_pause_s: float = 0.8
    concentric_ramp: Ramp | None = None
    eccentric_ramp: Ramp | None = None
    stalls: tuple[Stall, ...] = ()
    wobbles: tuple[Swell, ...] = ()
    bounces: tuple[Swell, ...] = ()
    faults: RepFaults = RepFaults()
    hold: HoldPlan | None = None

    def __post_init__(self) -> None:
        require_declared_types(self)

    @property
    def range_deg(self) -> float:
        """Planned range of the excursion."""
        return self.top_deg - self.bottom_deg


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """Body dimensions and natural motion.

    Attributes
    ----------
    share : float
        Posterior pelvic tilt as a share of the leg's lift.
    skin_share : float
        Share of the pelvis's motion that the belt does not follow.
    rotation_deg : float
        Natural pelvic rotation at the far end of the excursion, positive as in `RepFaults`.
    breathing_deg, breathing_hz : float
        Amplitude and rate of the pelvis's breathing motion.
    tremor_dps, tremor_hz : float
        RMS angular rate of the pelvis's shake under load, and its middle frequency.
    unsteady_dps : float
        RMS angular rate of the slow unsteadiness of a lifted leg.
    sway_deg, sway_hz : float
        Hanging: amplitude and frequency of the body's swing about the bar.
    abduction_deg, turnout_deg : float
        Leg away from the middle, and turned outward about its own axis.
    thigh_m, shank_m : float
        Hip to knee, knee to ankle sensor.
    """

    share: float = 0.22
    skin_share: float = 0.02
    rotation_deg: float = 1.0
    breathing_deg: float = 0.3
    breathing_hz: float = 0.25
    tremor_dps: float = 0.0
    tremor_hz: float = 8.0
    unsteady_dps: float = 0.4
    sway_deg: float = 0.0
    sway_hz: float = 0.42
    abduction_deg: float = 4.0
    turnout_deg: float = 8.0
    thigh_m: float = 0.43
    shank_m: float = 0.37


@dataclass(frozen=True, slots=True)
class Act:
    """An activity before or after the set."""

    activity: Activity
    duration_s: float


@dataclass(frozen=True, slots=True)
class LifePlan:
    """Activities around the repetitions.

    Attributes
    ----------
    before, after : tuple of Act
        Without any before, the recording begins in the posture of the exercise.
    still_before_s : float
        Rest in the posture of the exercise at the beginning.
    rocks_deg : tuple of float
        Posterior pelvic rocks, about 1.5 s each, for `functional` alignment; rest before and after.
    rock_hold_s : float
        Duration of the tilt in each.
    rock_pause_s, rock_rest_s : float
        Rest after each rock, and after all of them.
    knees_bent : bool
        Heel tap: the feet stand on the floor before and after; else the legs lie flat.
    lift_s, hold_s, lowering_s : float
        High start: the lift into it, the hold there, the lowering out of it.
    floor_stretch : bool
        High start: the legs lie on the floor before; else the recording begins with the legs up.
    final_lowering : bool
        High start: the legs are lowered to the floor at the end.
    """

    before: tuple[Act, ...] = ()
    after: tuple[Act, ...] = ()
    still_before_s: float = 3.0
    rocks_deg: tuple[float, ...] = ()
    rock_hold_s: float = 0.0
    rock_pause_s: float = 0.1
    rock_rest_s: float = 2.0
    knees_bent: bool = False
    lift_s: float = 2.5
    hold_s: float = 1.5
    lowering_s: float = 3.0
    floor_stretch: bool = True
    final_lowering: bool = True
    rest_after_s: float = 2.0


@dataclass(frozen=True, slots=True)
class SitUp:
    """A break of the set: the person lowers the legs, sits up, lies down again, and continues.

    Supine exercises only.

    Attributes
    ----------
    after_rep : int
        Index of the planned repetition that it follows.
    up_s, stay_s, down_s : float
        Sitting up, sitting (over 2 s leave the posture), lying down.
    rest_s : float
        Lying before it goes on.
    turn_deg : float
        Change of heading about the vertical.
    """

    after_rep: int
    up_s: float = 2.0
    stay_s: float = 4.0
    down_s: float = 2.5
    rest_s: float = 2.0
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """Involuntary motion and handling; 0 is none.

    Attributes
    ----------
    wander_dps : float
        RMS angular rate of the leg's roll while it should rest; flexion and abduction half as much.
        Never still from 2 on.
    shift_deg : float
        Bound of small changes of position, about every six seconds.
    foot_falls_deg : float
        Outward rotation of the relaxed foot about the shank; it is straight during lifts.
    hip_roll_deg, hip_abduction_deg : float
        Outward roll of the leg in the middle of its way, abduction at its far end.
    swing_deg, swing_hz : float
        Hanging: amplitude and frequency of the body's swing at the bar.
    other_leg_deg : float
        Lift of the other leg, without a sensor, in each pause of at least 1.5 s.
    sympathy_deg : float
        Motion of the working leg along with it.
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
    """Begin and end of the recording; None for the whole plan."""

    begin: CutPlace | None = None
    end: CutPlace | None = None


#: Default repetition of a heel tap, whose angles are relative to the start position.
_RAISE, _HEEL_TAP = RepPlan(), RepPlan(top_deg=0.0, bottom_deg=-45.0)


_NOBODY = PersonPlan()
_UNCUT = CutPlan()
_NAMED_SENSOR = SensorPlan(named=True)
_SENSOR = SensorPlan()


#: Placeholder for the exercise's defaults.
_BY_EXERCISE: Any = None


@dataclass(frozen=True, slots=True)
class SetPlan:
    """Plan of one simulated set.

    Attributes
    ----------
    exercise, side, start, alignment
        As in the recording's header; `start` None: the exercise's own.
    reps : tuple of RepPlan
        By default eight of the exercise.
    pelvis, ankle : SensorPlan or None
        The two sensors with their radios; None if not worn.
    created, session, set_number, tempo_target, range_target_deg, floor_deg
        Copied into the header.
    traits : tuple of str
        Names of the traits drawn for a random person; informative only.
    """

    exercise: Exercise = "single_leg_raise"
    side: Side = "left"
    start: Start | None = None
    alignment: PelvisAlignment = "mounted"
    reps: tuple[RepPlan, ...] = _BY_EXERCISE
    body: BodyPlan = BodyPlan()
    life: LifePlan = LifePlan()
    pelvis: SensorPlan | None = _NAMED_SENSOR
    ankle: SensorPlan | None = _SENSOR
    created: datetime | None = None
    session: str | None = None
    set_number: int | None = None
    tempo_target: Tempo | None = None
    range_target_deg: float | None = None
    floor_deg: float | None = None
    person: PersonPlan = _NOBODY
    cut: CutPlan = _UNCUT
    traits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_one_of("exercise", self.exercise, EXERCISES)
        if self.reps is None:
            object.__setattr__(self, "reps", (_HEEL_TAP if self.exercise == "heel_tap" else _RAISE,) * 8)
        require_declared_types(self)
        if self.exercise == "heel_tap" and self.resting_end == "low":
            raise RefusedValueError("A simulated heel tap starts high.", hint="Leave out the start.")
        for rep in self.reps:
            if self.exercise == "heel_tap":
                require_number("bottom_deg of a heel tap", rep.bottom_deg, above=-180.0, below=0.0)
            for name in ("concentric_s", "eccentric_s"):
                require_number(name, getattr(rep, name), above=0.0, below=LONGEST_S)
            for name in ("top_pause_s", "bottom_pause_s"):
                require_number(name, getattr(rep, name), below=LONGEST_S)
            require_number("top_deg", rep.top_deg, above=rep.bottom_deg)

    @property
    def resting_end(self) -> Start:
        """Where the leg rests between repetitions."""
        return self.start or default_start(self.exercise)

    @property
    def posture(self) -> Posture:
        """Posture of the exercise."""
        return default_posture(self.exercise)

    @property
    def rotation_sign(self) -> float:
        """+1 if the right side rising is positive rotation, else -1."""
        return -1.0 if self.side == "right" else 1.0
