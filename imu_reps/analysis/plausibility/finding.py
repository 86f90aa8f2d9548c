"""One thing that makes a recording doubtful, and its mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.samples import SensorPlace

Severity = Literal["refuse", "caution", "info"]


@dataclass(frozen=True, slots=True)
class PlausibilityFinding:
    """What was found, where, and what to do about it.

    Attributes
    ----------
    code : str
        Short stable name, e.g. ``acc_unit_g``.
    severity : {"refuse", "caution", "info"}
        ``refuse``: the numbers would be wrong, so none are given. ``caution``: they stand with a proviso.
    sensor : {"pelvis", "ankle"} or None
        None: the recording as a whole.
    message : str
        Names the sensor, the column and the value found.
    hint : str
        The mend.
    """

    code: str
    severity: Severity
    sensor: SensorPlace | None
    message: str
    hint: str
