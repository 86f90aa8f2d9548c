"""Analysis of a finished recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imu_reps import __version__
from imu_reps.analysis.breathing import breathing_findings
from imu_reps.analysis.contradictions import contradictions
from imu_reps.analysis.corrections import (
    apply_corrections,
    correction_findings,
    without_pauses_across,
    without_practice,
)
from imu_reps.analysis.cross_time import CrossTime, agree_on_time, doubt_about_time
from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.faults.judge import judge
from imu_reps.analysis.hold import find_hold, hold_findings, hold_summary
from imu_reps.analysis.reps.control import tremor_findings
from imu_reps.analysis.reps.measure import Measured, measure_set
from imu_reps.analysis.reps.segmentation import Uncounted
from imu_reps.analysis.set.shifts import Shift
from imu_reps.analysis.set_findings import findings
from imu_reps.analysis.set_motion import SetMotion, set_motion
from imu_reps.analysis.set_summary import aim_findings, summarise_set, uncounted_set
from imu_reps.analysis.trend import wobble_findings
from imu_reps.analysis.turned_strap import estimate_finished
from imu_reps.analysis.unexplained_force import unexplained_force
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header, Recording
from imu_reps.domain.rep import Certainty, Partial, Rep
from imu_reps.domain.samples import FloatArray, SensorPlace, require_valid_times
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import (
    SUMMARY_FORMAT,
    RecordingSummary,
    Sensors,
    SensorSummary,
    SetSummary,
    Summary,
    rep_columns,
    rep_rows,
)
from imu_reps.domain.track import AngleTrack
from imu_reps.domain.validation import require_instance
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import Motion
from imu_reps.kinematics.recorded import estimate_motion
from imu_reps.kinematics.sync.sensor_offset import SensorOffset
from imu_reps.quality.gyroscope_in_pieces import TurnedForce
from imu_reps.quality.plausibility import usable

if TYPE_CHECKING:
    import pandas as pd


#: Findings on the ankle's gyroscope by which repetitions may be missed (ours: 17 of 30 altered sets are
#: counted wrong).
MISLEADING = ("gyro_late", "gyro_changed", "gyro_drifts", "gyro_zero")

#: When a sensor turned that its gyroscope did not see is known to so much (windows of half a second).
TURNED_WITHIN_S = 0.75


@dataclass(frozen=True, slots=True)
class Analysis:
    """Result of an analysis.

    Attributes
    ----------
    summary : Summary
        The figures, faults and findings.
    track : AngleTrack
        The angles they were computed from.
    offset : SensorOffset or None
        Offset between the two sensors' times, with its uncertainty; None with one sensor alone.
    person : str or None
        Person named in the recording; None if none is.
    """

    summary: Summary
    track: AngleTrack
    offset: SensorOffset | None = None
    person: str | None = None

    def __repr__(self) -> str:
        figures = self.summary.set
        return f"Analysis({figures.rep_count} reps, {figures.clean_count} clean, tempo {figures.tempo})"

    def to_frame(self) -> pd.DataFrame:
        """Return a table of one row per repetition; columns: docs/exporting.md#a-row-a-repetition.

        Values that were not measured are NaN, or missing.
        """
        import pandas as pd

        columns = rep_columns(rep_rows(self.summary, self.person))
        return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, (values, kind) in columns.items()})


def analyze(recording: Recording, settings: Settings | None = None) -> Analysis:
    """Analyze a finished recording; see `imu_reps.analyze`, whose errors are in sentences.

    Raises
    ------
    RecordingError
        With the code and the numbers of the finding by which it is refused.
    """
    settings = Settings() if settings is None else settings
    require_instance("recording", recording, Recording)
    require_instance("settings", settings, Settings)
    used = _used(recording)
    recording, header, clocks = used.recording, used.recording.header, used.clocks
    sensed = without_practice(_sensed(used, settings), header.practice_reps or 0)
    whole, unused = apply_corrections(sensed, header, recording.corrections)
    judged = _judge_set(whole, header, settings, clocks["ankle"].clock.rate_hz if "ankle" in clocks else None)
    known = used.findings
    unexplained = unexplained_force(used.turned, whole, judged.reps, judged.partials, header, known)
    doubts = (*known, *unexplained)
    corrected = whole is not sensed
    if not corrected and any(_misleads(doubt, judged.reps) for doubt in doubts):
        judged = judged.uncertain()
    figures, course = _set_figures(judged, header, settings, leg_seen=recording.ankle is not None)
    if corrected:
        figures = replace(figures, rep_count_by_sensors=len(sensed.segmentation.reps))
    found = (
        *findings(recording, used.agreed, judged.whole, judged.reps, doubts),
        *contradictions(whole, judged.motion, judged.reps, header),
        *course,
        *aim_findings(header, judged.reps),
        *correction_findings(recording.corrections, figures, unused),
    )
    sensors = Sensors(*(_sensor(recording, clocks, whole, place) for place in ("pelvis", "ankle")))
    summary = _summary(recording, sensors, judged, figures, found, settings)
    track = replace(whole.track, reps=judged.reps, start=header.start)
    return Analysis(summary, track, used.agreed.offset, recording.person)


@dataclass(frozen=True, slots=True)
class _Used:
    """The usable part of a recording on synchronised clocks, and the findings about it."""

    recording: Recording
    agreed: CrossTime
    clocks: Mapping[SensorPlace, TimedSamples]
    biases_dps: Mapping[SensorPlace, FloatArray | None]
    turned: Mapping[SensorPlace, TurnedForce]
    findings: tuple[Finding, ...]


def _used(recording: Recording) -> _Used:
    checked = usable(recording)
    for block in recording.blocks:
        require_valid_times(block)
    agreed = agree_on_time(checked.recording, checked.clocks)
    doubts = (*checked.findings, *doubt_about_time(agreed.offset))
    clocks = checked.without_invalid(agreed.clocks)
    return _Used(checked.recording, agreed, clocks, checked.biases_dps, checked.turned, doubts)


def _sensed(used: _Used, settings: Settings) -> SetEstimate:
    """Estimate the set; its motion, which is large if a recording was left running, is freed on return."""
    header = used.recording.header
    motion = estimate_motion(used.recording, used.clocks, used.biases_dps)
    whole = estimate_finished(motion, header, settings)
    shift = _pelvis_turned(motion, whole, used.findings)
    if shift is None or motion.pelvis is None:
        return whole
    again = estimate_finished(replace(motion, pelvis=motion.pelvis.until(shift.tick)), header, settings)
    explained = whole.pelvis.shift is not None or bool(whole.belt_turns)
    if len(again.segmentation.reps) < len(whole.segmentation.reps) + explained:
        return whole
    return replace(again, pelvis=replace(again.pelvis, shift=shift))


def _pelvis_turned(motion: Motion, whole: SetEstimate, known: Sequence[Finding]) -> Shift | None:
    """Return from when in the set the pelvis sensor was out of place; None if it was not.

    Its gyroscope did not show how it turned, so that nothing tells how it sits from then on.
    """
    reps = whole.segmentation.reps
    for finding in known:
        if (finding.code, finding.sensor) == ("sensor_turned", "pelvis") and finding.start_s is not None:
            tick = int(np.searchsorted(motion.time_s, finding.start_s - TURNED_WITHIN_S))
            if reps and tick > reps[0].far.tick:
                return Shift(tick, finding.start_s, finding.values["turned_deg"])
    return None


@dataclass(frozen=True, slots=True)
class _JudgedSet:
    """An estimated set with its low-passed motion, its repetitions measured and judged, and its partials."""

    whole: SetEstimate
    motion: SetMotion
    measured: Sequence[Measured]
    reps: tuple[Rep, ...]
    partials: tuple[Partial, ...]

    def uncertain(self) -> _JudgedSet:
        """Return the set with a count that is not certain, if it has one."""
        certainty: Certainty | None = None if self.whole.certainty is None else "low"
        return replace(self, whole=replace(self.whole, certainty=certainty, other_count=None))


def _misleads(finding: Finding, reps: Sequence[Rep]) -> bool:
    """Whether a count may be wrong: who lies face down raises no leg, and a gyroscope may hide repetitions.

    A knee that bends between them hides none.
    """
    if finding.code == "acc_sign":
        return True
    contradicts = finding.code == "gyro_contradicts" and bool(finding.reps or not reps)
    return finding.sensor == "ankle" and (contradicts or finding.code in MISLEADING)


def _judge_set(
    whole: SetEstimate, header: Header, settings: Settings, ankle_rate_hz: float | None
) -> _JudgedSet:
    between = whole.pelvis.between_reps
    motion = set_motion(whole.track, header, whole.carried, whole.elevation_deg, zero_between_reps=between)
    measured = measure_set(whole, motion, settings)
    partials = tuple(_partial(excursion, whole.track) for excursion in whole.segmentation.partials)
    judged = judge(measured, motion, settings, ankle_rate_hz)
    reps = without_pauses_across(judged, partials, header.start)
    return _JudgedSet(whole, motion, measured, tuple(reps), partials)


def _set_figures(
    judged: _JudgedSet, header: Header, settings: Settings, *, leg_seen: bool
) -> tuple[SetSummary, list[Finding]]:
    """Return the figures of the set, and the findings on the hold or on the pelvis over the set."""
    if header.exercise in HOLDS:
        hold = find_hold(judged.motion, judged.whole.posture.spells, settings)
        return hold_summary(hold, header), hold_findings(hold, settings, leg_seen=leg_seen)
    if not leg_seen:
        return uncounted_set(header), []
    course = [
        *wobble_findings(judged.motion, judged.measured),
        *tremor_findings(judged.reps),
        *breathing_findings(judged.whole.track, settings),
    ]
    return summarise_set(judged.reps, judged.partials, header, judged.whole.certainty), course


def _summary(
    recording: Recording,
    sensors: Sensors,
    judged: _JudgedSet,
    figures: SetSummary,
    found: tuple[Finding, ...],
    settings: Settings,
) -> Summary:
    return Summary(
        format=SUMMARY_FORMAT,
        version=__version__,
        recording=_recording_summary(recording),
        sensors=sensors,
        zero=judged.whole.pelvis.zero,
        reps=judged.reps,
        partials=judged.partials,
        set=figures,
        findings=found,
        settings=settings,
    )


def _partial(uncounted: Uncounted, track: AngleTrack) -> Partial:
    excursion = uncounted.excursion
    start, end = float(track.time_s[excursion.near.tick]), float(track.time_s[excursion.back.tick])
    return Partial(start, end, excursion.range_deg, uncounted.reason)


def _recording_summary(recording: Recording) -> RecordingSummary:
    header = recording.header
    blocks = [block for block in (recording.pelvis, recording.ankle) if block is not None and len(block)]
    first = min((float(block.time_s[0]) for block in blocks), default=0.0)
    last = max((float(block.time_s[-1]) for block in blocks), default=0.0)
    return RecordingSummary(
        file=recording.file,
        exercise=header.exercise,
        side=header.side,
        posture=header.posture,
        start=header.start,
        created=None if header.created is None else header.created.isoformat(),
        duration_s=last - first,
        simulated=header.simulated,
    )


def _sensor(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples], whole: SetEstimate, place: SensorPlace
) -> SensorSummary | None:
    if place not in clocks:
        return None
    header, timed = recording.header.sensor(place), clocks[place]
    worn_on_pelvis = place == "pelvis"
    return SensorSummary(
        sensor=header.sensor,
        rate_hz=timed.clock.rate_hz,
        samples=len(timed.time_s),
        lost=timed.clock.lost,
        longest_gap_s=timed.clock.longest_gap_s,
        drift_ppm=timed.clock.drift_ppm,
        clock_uncertainty_ms=timed.clock.uncertainty_ms,
        alignment=header.alignment if worn_on_pelvis else None,
        turn_deg=whole.pelvis.yaw.yaw_deg if worn_on_pelvis and whole.pelvis.yaw is not None else None,
    )
