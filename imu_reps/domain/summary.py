"""Summary of one recording, with the structure of `imu-reps-summary/1`; sets that hold one; its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

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


#: When a recording may have been made: a computer's clock begins in 1970.
YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class DoneSet:
    """One set of a session.

    Attributes
    ----------
    number : int
        Number in its session, from 1.
    ended : str
        Code of the reason why it ended, such as ``target``.
    summary : Summary or None
        None if discarded or `unusable`.
    unusable : str or None
        Why it could not be analysed.
    """

    number: int
    ended: str
    summary: Summary | None
    discarded: bool = False
    unusable: str | None = None


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set in the history: person, recording, ratings and summary.

    Attributes
    ----------
    file : str
        Absolute path of the recording.
    session : str or None
        Id shared by the sets of one session.
    set_number : int or None
        Number in its session.
    pain, effort : int or None
        Ratings after the set, 0 to 10; None if not rated.
    summary : Summary
        With the settings and the version that computed it.
    """

    file: str
    person: str | None
    session: str | None
    set_number: int | None
    pain: int | None
    effort: int | None
    summary: Summary

    @property
    def recorded(self) -> datetime | None:
        """Time of the recording; None if unknown or in an impossible year.

        A time without a zone is taken for UTC, so that any two can be compared.
        """
        created = self.summary.recording.created
        if created is None:
            return None
        moment = datetime.fromisoformat(created)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment if moment.year in YEARS else None

    @property
    def day(self) -> date | None:
        """Local day of the set; None if unknown."""
        recorded = self.recorded
        return None if recorded is None else recorded.date()


_TEXTS = ("flags", "not_judged", "faults")
_OF_SET = ("file", "person", "created", "exercise", "side", "simulated")

#: Columns of a repetition's row: person and set, figures, then flags (`faults`) and what was not judged.
REP_COLUMNS = (*_OF_SET, *(name for name in Rep.__slots__ if name not in _TEXTS), "faults", "not_judged")

_UNITS = {"s": "s", "deg": "deg", "dps": "deg/s"}


def column_unit(column: str) -> str:
    """Return the unit of a column by its name: docs/exporting.md#units; empty if it has none."""
    return _UNITS.get(column.rpartition("_")[2], "")


def rep_rows(summary: Summary, person: str | None) -> list[dict[str, Any]]:
    """Return one row per repetition, by `REP_COLUMNS`; missing values are None, lists joined by ``;``.

    Parameters
    ----------
    person : str or None
        Person who did the set.
    """
    recording = summary.recording
    of_set = {
        "file": recording.file,
        "person": person,
        "created": recording.created,
        "exercise": recording.exercise,
        "side": recording.side,
        "simulated": recording.simulated,
    }
    return [
        of_set
        | {name: getattr(rep, name) for name in Rep.__slots__ if name not in _TEXTS}
        | {"faults": ";".join(rep.flags), "not_judged": ";".join(rep.not_judged)}
        for rep in summary.reps
    ]


def rep_columns(rows: Sequence[dict[str, Any]]) -> dict[str, tuple[list[Any], str]]:
    """Return the columns of rows with their pandas type: ``string``, ``boolean``, ``Int64``, ``float64``."""
    return {name: ([row[name] for row in rows], _kind(name)) for name in REP_COLUMNS}


def _kind(column: str) -> str:
    if column in ("simulated", "clean"):
        return "boolean"
    if column == "number":
        return "Int64"
    return "string" if column in (*_OF_SET, *_TEXTS) else "float64"
