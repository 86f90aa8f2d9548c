"""What is to be simulated, as plain data: the set, each repetition, the pelvis, the life around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from imu_reps.domain.exercise import EXERCISES, Exercise
from imu_reps.domain.recording import PelvisAlignment, Posture, Side, Start, default_posture, default_start
from imu_reps.domain.refusals import (
    refuse_unless_as_declared,
    refuse_unless_number,
    refuse_unless_one_of,
)
from imu_reps.domain.tempo import Tempo
from imu_reps.sim.wearer.person_plan import CutPlan, PersonPlan
from imu_reps.sim.wearer.sensor_plan import SensorPlan

#: Share of a movement spent getting up to speed, and share spent slowing down.
Ramp = tuple[float, float]

#: No movement and no pause of a set takes longer.
LONGEST_S = 10_000.0

RotationShape = Literal["grows", "middle"]
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
    phase : {"concentric", "eccentric"}
    at_share : float
        Which share of the way has been gone, 0 to 1.
    duration_s : float
    """

    phase: Literal["concentric", "eccentric"]
    at_share: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Swell:
    """A dip at the top or a bounce at the bottom: away by `size_deg` and back within `duration_s`."""

    size_deg: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class RepFaults:
    """Faults of one repetition; 0 is "not there".

    Attributes
    ----------
    arch_deg : float
        Anterior tilt reached at the end of the lowering, measured from the flat back.
    arch_below_deg : float
        Leg elevation below which the pelvis tips.
    rotation_deg : float
        Pelvic rotation at its greatest, positive: the side opposite the working leg rises.
    rotation_shape : {"grows", "middle"}
        Growing with the excursion of the leg, or there in the middle of the way alone.
    heel_touch_mps2 : float
        Peak deceleration of the ankle as the heel meets the floor.
    heel_touch_s : float
        How long the meeting takes.
    jolt_mps2 : float
        Peak of a jolt of the leg during the lowering.
    jolt_at_deg : float
        Leg elevation of the jolt.
    jolt_s : float
        How long the jolt takes.
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
    """What happens while the leg is held up; times from the end of its way up, 0 degrees is "not there".

    Attributes
    ----------
    arch_deg : float
        Anterior tilt that the pelvis ends with, measured from the flat back.
    arch_from_s, arch_takes_s : float
        When the back begins to let go, and how long that takes.
    sink_deg : float
        How much the leg sinks until it is lowered.
    sink_from_s : float
    """

    arch_deg: float = 0.0
    arch_from_s: float = 10.0
    arch_takes_s: float = 2.0
    sink_deg: float = 0.0
    sink_from_s: float = 5.0


@dataclass(frozen=True, slots=True)
class RepPlan:
    """One excursion of the leg; whether it counts as a repetition follows from its size.

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
    stalls : tuple of Stall
    wobbles : tuple of Swell
        Dips during the top pause.
    bounces : tuple of Swell
        Bounces during the bottom pause.
    faults : RepFaults
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
        refuse_unless_as_declared(self)


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """The body and what it does of itself.

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
    """Something done before or after the set."""

    activity: Activity
    duration_s: float


@dataclass(frozen=True, slots=True)
class LifePlan:
    """What happens around the repetitions.

    Attributes
    ----------
    before, after : tuple of Act
        Nothing before: the recording begins in the posture of the exercise.
    still_before_s : float
        Rest in the posture of the exercise before anything else of the set.
    rocks_deg : tuple of float
        Posterior pelvic rocks, about 1.5 s each, for `functional` alignment; rest before and after.
    rock_hold_s : float
        The pelvis stays tipped so long in each.
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
    rest_after_s : float
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


#: Unless told otherwise: of a heel tap angles count from the start position.
_RAISE, _HEEL_TAP = RepPlan(), RepPlan(top_deg=0.0, bottom_deg=-45.0)


_NOBODY = PersonPlan()
_UNCUT = CutPlan()
_NAMED_SENSOR = SensorPlan(named=True)
_SENSOR = SensorPlan()


#: Where they are not given.
_BY_EXERCISE: Any = None


@dataclass(frozen=True, slots=True)
class SetPlan:
    """One set, commanded: what the simulator needs to know.

    Attributes
    ----------
    exercise, side, start, alignment
        As in the recording's header; `start` None: the exercise's own.
    reps : tuple of RepPlan
        Eight of the exercise unless given.
    body : BodyPlan
    life : LifePlan
    pelvis, ankle : SensorPlan or None
        The two sensors with their radios; None: not worn.
    created, session, set_number, tempo_target, range_target_deg, floor_deg
        Copied into the header.
    person : PersonPlan
    cut : CutPlan
    traits : tuple of str
        Names of what was drawn to make a random plan a person's; they do nothing.
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
        refuse_unless_one_of("exercise", self.exercise, EXERCISES)
        if self.reps is None:
            object.__setattr__(self, "reps", (_HEEL_TAP if self.exercise == "heel_tap" else _RAISE,) * 8)
        refuse_unless_as_declared(self)
        for rep in self.reps:
            if self.exercise == "heel_tap":
                refuse_unless_number("bottom_deg of a heel tap", rep.bottom_deg, above=-180.0, below=0.0)
            for name in ("concentric_s", "eccentric_s"):
                refuse_unless_number(name, getattr(rep, name), above=0.0, below=LONGEST_S)
            for name in ("top_pause_s", "bottom_pause_s"):
                refuse_unless_number(name, getattr(rep, name), below=LONGEST_S)
            refuse_unless_number("top_deg", rep.top_deg, above=rep.bottom_deg)

    @property
    def resting_end(self) -> Start:
        """Where the leg rests between repetitions."""
        return self.start or default_start(self.exercise)

    @property
    def posture(self) -> Posture:
        """Lying or hanging, as the exercise has it."""
        return default_posture(self.exercise)

    @property
    def rotation_sign(self) -> float:
        """+1 where the right side rising is positive rotation, -1 where the left is."""
        return -1.0 if self.side == "right" else 1.0
