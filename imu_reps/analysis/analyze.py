"""A finished recording summed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imu_reps import __version__
from imu_reps.analysis.aims import aim_findings
from imu_reps.analysis.breathing import breathing_findings
from imu_reps.analysis.by_hand import put_right, told_by_hand, without_pauses_across
from imu_reps.analysis.contradictions import contradictions
from imu_reps.analysis.cross_time import agree_on_time, doubt_about_time
from imu_reps.analysis.estimate import SetEstimate, estimate_set
from imu_reps.analysis.faults.judge import judge
from imu_reps.analysis.hold import find_hold, hold_findings, hold_summary
from imu_reps.analysis.practice import without_practice
from imu_reps.analysis.reps.control import tremor_findings
from imu_reps.analysis.reps.measure import Measured
from imu_reps.analysis.reps.segmentation import Uncounted
from imu_reps.analysis.set_findings import findings
from imu_reps.analysis.set_motion import SetMotion, set_motion
from imu_reps.analysis.set_summary import measure_set, summarise_set, uncounted_set
from imu_reps.analysis.trend import wobble_findings
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Recording
from imu_reps.domain.refusals import refuse_unless_a
from imu_reps.domain.rep import Partial, Rep
from imu_reps.domain.rep_rows import rep_columns, rep_rows
from imu_reps.domain.samples import SensorPlace, refuse_impossible_times
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import (
    SUMMARY_FORMAT,
    RecordingSummary,
    Sensors,
    SensorSummary,
    SetSummary,
    Summary,
)
from imu_reps.domain.track import AngleTrack
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.recorded import estimate_motion
from imu_reps.kinematics.sync.sensor_offset import SensorOffset
from imu_reps.quality import usable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a recording says.

    Attributes
    ----------
    summary : Summary
    track : AngleTrack
        The angles it was read from.
    offset : SensorOffset or None
        How far apart the two sensors' times may be; None with one sensor alone.
    person : str or None
        Who did it, where the recording says.
    """

    summary: Summary
    track: AngleTrack
    offset: SensorOffset | None = None
    person: str | None = None

    def __repr__(self) -> str:
        figures = self.summary.set
        return f"Analysis({figures.rep_count} reps, {figures.clean_count} clean, tempo {figures.tempo})"

    def to_frame(self) -> pd.DataFrame:
        """A row a repetition with recording, person and side; columns: docs/exporting.md#a-row-a-repetition.

        What was not measured is NaN, or missing.
        """
        import pandas as pd

        columns = rep_columns(rep_rows(self.summary, self.person))
        return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, (values, kind) in columns.items()})


def analyze(recording: Recording, settings: Settings | None = None) -> Analysis:
    """Sum up a finished recording.

    Parameters
    ----------
    recording : Recording
        As it was loaded or simulated.
    settings : Settings, optional
        Thresholds; the defaults otherwise.

    Raises
    ------
    RecordingError
        If the recording is implausible or unusable, with the mend.
    RefusedValueError
        If it is no recording, or its times go back.

    Examples
    --------
    >>> from imu_reps import analyze, simulate
    >>> analyze(simulate().recording).summary.set.rep_count
    8
    """
    settings = Settings() if settings is None else settings
    refuse_unless_a("recording", recording, Recording)
    refuse_unless_a("settings", settings, Settings)
    checked = usable(recording)
    for block in recording.blocks:
        refuse_impossible_times(block)
    recording = checked.recording
    agreed = agree_on_time(recording, checked.clocks)
    clocks = checked.left(agreed.clocks)
    # the motion itself is needed no longer then: of a set that was forgotten it is large
    sensed = estimate_set(estimate_motion(recording, clocks), recording.header, settings)
    sensed = without_practice(sensed, recording.header.practice_reps or 0)
    whole, unused = put_right(sensed, recording.header, recording.corrections)
    motion = replace(
        set_motion(whole.track, recording.header, whole.carried),
        zero_between_reps=whole.pelvis.between_reps,
    )
    measured = measure_set(whole, motion, settings)
    ankle_rate = clocks["ankle"].clock.rate_hz if "ankle" in clocks else None
    partials = tuple(_partial(excursion, whole.track) for excursion in whole.segmentation.partials)
    judged = judge(measured, motion, settings, ankle_rate)
    reps = without_pauses_across(judged, partials, recording.header.start)
    in_numbers, told = _the_set(recording, whole, motion, measured, reps, partials, settings)
    by_sensors = None if whole is sensed else len(sensed.segmentation.reps)
    in_numbers = replace(in_numbers, rep_count_by_sensors=by_sensors)
    summary = Summary(
        format=SUMMARY_FORMAT,
        version=__version__,
        recording=_recording_summary(recording),
        sensors=Sensors(*(_sensor(recording, clocks, whole, place) for place in ("pelvis", "ankle"))),
        zero=whole.pelvis.zero,
        reps=tuple(reps),
        partials=partials,
        set=in_numbers,
        findings=(
            *findings(recording, agreed, whole, reps, (*checked.findings, *doubt_about_time(agreed.offset))),
            *contradictions(whole, motion, reps, recording.header),
            *told,
            *aim_findings(recording.header, reps),
            *told_by_hand(recording, in_numbers.rep_count, by_sensors, unused),
        ),
        settings=settings,
    )
    track = replace(whole.track, reps=summary.reps, start=recording.header.start)
    return Analysis(summary, track, agreed.offset, recording.person)


def _the_set(
    recording: Recording,
    whole: SetEstimate,
    motion: SetMotion,
    measured: Sequence[Measured],
    reps: Sequence[Rep],
    partials: Sequence[Partial],
    settings: Settings,
) -> tuple[SetSummary, list[Finding]]:
    """The set in numbers, and what is to be said of the pelvis's course over it."""
    header, leg_seen = recording.header, recording.ankle is not None
    if header.exercise in HOLDS:
        hold = find_hold(motion, whole.posture.spells, settings)
        return hold_summary(hold, header), hold_findings(hold, settings, leg_seen=leg_seen)
    if not leg_seen:
        return uncounted_set(header), []
    told = [
        *wobble_findings(motion, measured),
        *tremor_findings(reps),
        *breathing_findings(whole.track, settings),
    ]
    return summarise_set(reps, partials, header, whole.certainty), told


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
        turn_deg=whole.pelvis.turn.turn_deg if worn_on_pelvis and whole.pelvis.turn is not None else None,
    )
