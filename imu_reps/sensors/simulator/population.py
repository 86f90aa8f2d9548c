"""Random plans over the whole space of what people, sensors and radios do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from numpy.random import Generator

from imu_reps.domain.recording import EXERCISES, Exercise, PelvisAlignment, Side, Start
from imu_reps.sensors.simulator.plan import Act, BodyPlan, LifePlan, SetPlan
from imu_reps.sensors.simulator.random_reps import Limits, random_reps
from imu_reps.sensors.simulator.random_sensors import SensorLimits, random_ankle, random_pelvis
