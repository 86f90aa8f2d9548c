"""Motions and measures shared by the tests of the simulator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from imu_reps import RepPlan, SensorPlan, SetPlan
from imu_reps.sim.wearer import BodyPlan, LifePlan, RadioPlan

PERFECT = SensorPlan(
    rate_hz=200.0,
    acc_noise_mps2=0.0,
    gyr_noise_dps=0.0,
    acc_range_g=16.0,
    gyr_range_dps=2000.0,
    radio=RadioPlan(jitter_s=0.0, stalls_per_min=0.0),
)
QUIET = BodyPlan(rotation_deg=0.0, breathing_deg=0.0, unsteady_dps=0.0, skin_share=0.0)


def _quiet_set(*reps: RepPlan, **changes: object) -> SetPlan:
    plan = {"pelvis": PERFECT, "ankle": PERFECT, "body": QUIET, "life": LifePlan(still_before_s=1.5)}
    return SetPlan(reps=reps, **(plan | changes))  # type: ignore[arg-type]


@pytest.fixture
def perfect_sensor() -> SensorPlan:
    """A sensor and a radio without errors."""
    return PERFECT


@pytest.fixture
def quiet_body() -> BodyPlan:
    """A body that performs its commands and nothing else."""
    return QUIET


@pytest.fixture
def quiet_set() -> Callable[..., SetPlan]:
    """A set of the given repetitions by a quiet body with perfect sensors."""
    return _quiet_set


@pytest.fixture
def grid() -> NDArray[np.float64]:
    """A time grid of 3 s at 1 kHz."""
    return np.arange(0.0, 3.0, 1e-3)
