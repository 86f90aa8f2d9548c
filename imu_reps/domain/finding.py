"""Findings: remarks on a recording or set that qualify its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import RecordingError

Severity = Literal["refuse", "caution", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding by code, with values; `imu_reps.report.findings` has the sentence of each code.

    Attributes
    ----------
    code : str
        Short stable name, e.g. ``acc_unit_g``.
    reps : tuple of int
        The repetitions it is about.
    values : mapping
        Values that its sentence is formatted with, units in their names.
    severity : {"refuse", "caution", "info"}
        ``refuse``: the numbers would be wrong, so none are given. ``caution``: they hold with a proviso.
    sensor : {"pelvis", "ankle"} or None
        None: the recording as a whole.
    start_s, end_s : float or None
        The span of `time_s` that it is about; None: all of it, or unknown.
    """

    code: str
    reps: tuple[int, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = field(default="info", kw_only=True)
    sensor: SensorPlace | None = field(default=None, kw_only=True)
    start_s: float | None = field(default=None, kw_only=True)
    end_s: float | None = field(default=None, kw_only=True)


class ImplausibleError(RecordingError):
    """A recording cannot be analysed; `finding` is the reason."""

    def __init__(self, finding: Finding) -> None:
        numbers = ", ".join(f"{name} {value}" for name, value in finding.values.items())
        where = f" of the {finding.sensor} sensor" if finding.sensor else ""
        super().__init__(
            f"The recording cannot be used: {finding.code}{where}{f' ({numbers})' if numbers else ''}.",
            hint="'imu-reps check' says what it is and what to do.",
            code=finding.code,
        )
        self.finding = finding
