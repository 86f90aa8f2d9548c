"""Simulated sets: a rigid body moves as commanded, sensors read it, a radio loses some; and the truth."""

from imu_reps.sim.wearer.hold_truth import HoldTruth
from imu_reps.sim.wearer.paced import paced
from imu_reps.sim.wearer.person_plan import CutPlace, CutPlan, PersonPlan, SitUp
from imu_reps.sim.wearer.population import Space, idle_plan, random_plan
from imu_reps.sim.wearer.random_person import TRAITS
from imu_reps.sim.wearer.sensor_plan import RadioPlan, SensorPlan, SlipPlan, TissuePlan
from imu_reps.sim.wearer.set_plan import (
    Act,
    BodyPlan,
    HoldPlan,
    LifePlan,
    RepFaults,
    RepPlan,
    SetPlan,
    Stall,
    Swell,
)
from imu_reps.sim.wearer.showcase import showcase
from imu_reps.sim.wearer.simulation import Simulated, simulate
from imu_reps.sim.wearer.truth import Truth, TruthAngles

__all__ = [
    "TRAITS",
    "Act",
    "BodyPlan",
    "CutPlace",
    "CutPlan",
    "HoldPlan",
    "HoldTruth",
    "LifePlan",
    "PersonPlan",
    "RadioPlan",
    "RepFaults",
    "RepPlan",
    "SensorPlan",
    "SetPlan",
    "Simulated",
    "SitUp",
    "SlipPlan",
    "Space",
    "Stall",
    "Swell",
    "TissuePlan",
    "Truth",
    "TruthAngles",
    "idle_plan",
    "paced",
    "random_plan",
    "showcase",
    "simulate",
]
