"""Simulated sets: commanded motion of a rigid body, sensor models, a lossy radio, and ground truth."""

from imu_reps.sim.wearer.paced import paced
from imu_reps.sim.wearer.population import TRAITS, idle_plan, random_plan
from imu_reps.sim.wearer.sensor_plan import RadioPlan, SensorPlan, SlipPlan, TissuePlan
from imu_reps.sim.wearer.set_plan import (
    Act,
    BodyPlan,
    CutPlace,
    CutPlan,
    HoldPlan,
    LifePlan,
    PersonPlan,
    RepFaults,
    RepPlan,
    SetPlan,
    SitUp,
    Stall,
    Swell,
)
from imu_reps.sim.wearer.showcase import showcase
from imu_reps.sim.wearer.simulation import Simulated, simulate
from imu_reps.sim.wearer.space import Space
from imu_reps.sim.wearer.true_figures import HoldTruth
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
