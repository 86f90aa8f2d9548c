"""Summary of one recording, with the names and structure of `imu-reps-summary/1`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from imu_reps.domain.exercise import Exercise, Posture, Side, Start
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import PelvisAlignment
from imu_reps.domain.rep import Certainty, Partial, Rep
from imu_reps.domain.settings import Settings

SUMMARY_FORMAT = "imu-reps-summary/1"


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """Identification of the recording. `created` is ISO 8601."""

    file: str | None
    exercise: Exercise
    side: Side | None
    posture: Posture
    start: Start
    created: str | None
    duration_s: float
    simulated: bool


@dataclass(frozen=True, slots=True)
class SensorSummary:
    """Statistics of one sensor.

    Attributes
    ----------
    rate_hz : float
        Measured against the host's clock.
    lost : int or None
        Number of samples missing by their numbering; None with a host counter.
    drift_ppm : float or None
        Drift of the sensor's clock against the host's, positive if fast; None if it has no clock.
    clock_uncertainty_ms : float or None
        One standard deviation of the fitted sample time against the host's clock.
    alignment : str or None
        Method by which the axes were found; pelvis only.
    turn_deg : float or None
        Turn of the pelvis sensor about gravity that was corrected; pelvis only.
    """

    sensor: str | None
    rate_hz: float
    samples: int
    lost: int | None
    longest_gap_s: float
    drift_ppm: float | None
    clock_uncertainty_ms: float | None
    alignment: PelvisAlignment | None
    turn_deg: float | None


@dataclass(frozen=True, slots=True)
class Sensors:
    """Statistics of both sensors; None if absent."""

    pelvis: SensorSummary | None
    ankle: SensorSummary | None


@dataclass(frozen=True, slots=True)
class Zero:
    """Time of the tilt zero (None if there is none), and the reason in words."""

    time_s: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Change of one quantity from the first third of the repetitions to the last.

    `from_rep` is the repetition from which on it is visible, else None.
    """

    what: Literal["range_deg", "duration_s", "pelvic_tilt_deg", "pelvic_rotation_deg"]
    first_third: float
    last_third: float
    from_rep: int | None
    certain: bool


@dataclass(frozen=True, slots=True)
class SetSummary:
    """Figures of the set; fields: docs/definitions.md#per-set.

    `rep_count_certainty` is None in sets stored by earlier versions; `rep_count_by_sensors` is the count by
    the sensors if `rep_count` was corrected by hand, else None.
    """

    rep_count: int | None
    rep_count_certainty: Certainty | None = field(default=None, kw_only=True)
    clean_count: int | None
    partial_count: int | None
    tempo: str | None
    tempo_target: str | None
    time_under_tension_s: float | None
    concentric_s_mean: float | None
    concentric_s_sd: float | None
    eccentric_s_mean: float | None
    eccentric_s_sd: float | None
    top_pause_s_mean: float | None
    top_pause_s_sd: float | None
    bottom_pause_s_mean: float | None
    bottom_pause_s_sd: float | None
    range_deg_mean: float | None
    range_deg_sd: float | None
    pelvic_tilt_deg_max: float | None
    pelvic_rotation_deg_max: float | None
    floor_angle_deg: float | None
    floor_below_deg: float | None
    trend: tuple[Trend, ...]
    rep_count_by_sensors: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """Summary of one recording."""

    format: str
    version: str
    recording: RecordingSummary
    sensors: Sensors
    zero: Zero
    reps: tuple[Rep, ...]
    partials: tuple[Partial, ...]
    set: SetSummary
    findings: tuple[Finding, ...]
    settings: Settings

    def __repr__(self) -> str:
        return f"Summary({self.recording.exercise}, {self.set.rep_count} reps, {len(self.findings)} findings)"
