"""Simulated sets: a rigid body moves as commanded, sensors read it, a radio loses some; and the truth."""

from imu_reps.sensors.simulator.held import HoldTruth
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
from imu_reps.sensors.simulator.sensor_plan import RadioPlan, SensorPlan
from imu_reps.sensors.simulator.showcase import showcase
from imu_reps.sensors.simulator.simulate import Simulated, simulate
from imu_reps.sensors.simulator.truth import Truth, TruthAngles

__all__ = [
    "Act",
    "BodyPlan",
    "HoldPlan",
    "HoldTruth",
    "LifePlan",
    "RadioPlan",
    "RepFaults",
    "RepPlan",
    "SensorPlan",
    "SetPlan",
    "Simulated",
    "Space",
    "Stall",
    "Swell",
    "Truth",
    "TruthAngles",
    "idle_plan",
    "random_plan",
    "showcase",
    "simulate",
]
