"""``imu-reps simulate``: recordings that no person made, with their truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.simulated_faults import FAULTS, with_fault
from imu_reps.errors import FileAccessError, UsageError

if TYPE_CHECKING:
    from imu_reps.sensors.simulator import RepPlan, SetPlan

# Spelled out: the domain's own list would load NumPy for a help page. A test holds them together.
EXERCISES = ("single_leg_raise", "single_leg_raise_bent", "double_leg_raise", "heel_tap", "hanging_leg_raise")
