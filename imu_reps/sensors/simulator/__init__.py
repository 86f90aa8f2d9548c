"""Simulated sets: a rigid body moves as commanded, sensors read it, a radio loses some; and the truth."""

from imu_reps.sensors.simulator.held import HoldTruth
from imu_reps.sensors.simulator.paced import paced
from imu_reps.sensors.simulator.person_plan import CutPlace, CutPlan, PersonPlan, SitUp
from imu_reps.sensors.simulator.plan import (
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
from imu_reps.sensors.simulator.population import Space, idle_plan, random_plan
from imu_reps.sensors.simulator.random_person import TRAITS
from imu_reps.sensors.simulator.sensor_plan import RadioPlan, SensorPlan, SlipPlan, TissuePlan
from imu_reps.sensors.simulator.showcase import showcase
from imu_reps.sensors.simulator.simulate import Simulated, simulate
from imu_reps.sensors.simulator.truth import Truth, TruthAngles

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
