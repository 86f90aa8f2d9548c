"""Findings: what a reader should know of a set beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from imu_reps.analysis.absences import AWAY_S, absences, away_spans
from imu_reps.analysis.cross_time import CrossTime
from imu_reps.analysis.doubts import doubts
from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.set.shifts import Shift
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Caution, Recording
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.quality.timing import HOLE_S

#: More easy repetitions than this: slower is harder, and says more.
MANY_REPS = 50

#: A smaller turn of the pelvis sensor is within what a careful belt does.
NOTABLE_TURN_DEG = 3.0


def findings(
    recording: Recording,
    cross_time: CrossTime,
    whole: SetEstimate,
    reps: Sequence[Rep],
    cautions: Sequence[Finding],
) -> tuple[Finding, ...]:
    """Everything worth saying: of the file, of the sensors, of what was assumed, of the set."""
    from_file = [file_finding(caution) for caution in recording.cautions]
    missing = absences(recording, cross_time.clocks)
    told = _told_by_absences(recording, cross_time.clocks) | _turns_told(whole)
    from_sensors = [
        _with_reps(c, reps) for c in cautions if c.severity != "info" and (c.code, c.sensor) not in told
    ]
    assumed = [*_assumptions(recording, whole), *doubts(whole, recording.header)]
    of_set = _of_the_set(whole, reps)
    return (*from_file, *missing, *cross_time.findings, *from_sensors, *assumed, *of_set)


def _with_reps(finding: Finding, reps: Sequence[Rep]) -> Finding:
    """The same with the repetitions that its spans lie in."""
    spans = finding.values.get("spans", ())
    if finding.sensor is None or not spans:
        return finding
    touched = [
        rep.number for rep in reps if any(start <= rep.end_s and rep.start_s <= end for start, end in spans)
    ]
    return replace(finding, reps=tuple(touched))


def file_finding(caution: Caution) -> Finding:
    """What the reader noticed, which names the file's lines and columns in words of its own."""
    values = {"message": caution.message, "hint": caution.hint}
    return Finding(caution.code, values=values, severity="caution")


def _told_by_absences(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]
) -> set[tuple[str, SensorPlace | None]]:
    """Cautions that would say once more what the sentences on absent sensors say."""
    told: set[tuple[str, SensorPlace | None]] = {
        ("restarts", place)
        for place in clocks
        if any(note.key == "restart" and note.value in (place, "both") for note in recording.notes)
    }
    for place, spans in away_spans(clocks, recording.notes).items():
        gaps = np.diff(clocks[place].time_s)
        within = int((gaps > AWAY_S).sum())
        if within and within == int((gaps > HOLE_S).sum()):
            told.add(("drop_out", place))
        if len(spans) > within:
            told.add(("partial_overlap", None))
    return told


def _turns_told(whole: SetEstimate) -> set[tuple[str, SensorPlace | None]]:
    """Sensors of which the estimate itself tells that they turned."""
    told: set[tuple[str, SensorPlace | None]] = set()
    if whole.leg is not None and whole.leg.slips:
        told.add(("sensor_turned", "ankle"))
    if whole.pelvis.shift is not None:
        told.add(("sensor_turned", "pelvis"))
    return told


def _assumptions(recording: Recording, whole: SetEstimate) -> list[Finding]:
    found = []
    posture = {"posture": recording.header.posture}
    if recording.ankle is not None and not whole.posture.spells:
        found.append(Finding("never_ready", values=posture))
    if recording.pelvis is None or not whole.posture.checked:
        found.append(Finding("posture_unchecked", values=posture | {"pelvis": recording.pelvis is not None}))
    if recording.pelvis is not None and whole.pelvis.zero.time_s is None:
        found.append(Finding("no_zero", values=posture | {"reason": whole.pelvis.zero.reason}))
    if whole.leg is not None and whole.segmentation.reps and not whole.leg.zero_seen:
        found.append(Finding("start_assumed", values={"exercise": recording.header.exercise}))
    turn = whole.pelvis.turn
    if turn is not None and abs(turn.turn_deg) >= NOTABLE_TURN_DEG:
        found.append(Finding("pelvis_turn", values={"turn_deg": abs(turn.turn_deg), "sd_deg": turn.sd_deg}))
    return found + pelvis_shifted(whole.pelvis.shift)


def pelvis_shifted(shift: Shift | None) -> list[Finding]:
    """From when on the pelvis was not judged, because its sensor shifted."""
    if shift is None:
        return []
    values = {"shifted_deg": shift.by_deg}
    return [Finding("pelvis_shifted", values=values, sensor="pelvis", start_s=shift.time_s)]


def _of_the_set(whole: SetEstimate, reps: Sequence[Rep]) -> list[Finding]:
    found = []
    if len(reps) > MANY_REPS:
        found.append(Finding("many_reps", values={"reps": len(reps)}))
    slack = tuple(rep.number for rep in reps if rep.pelvic_curl_deg is not None and rep.pelvic_curl_deg < 0.5)
    if slack and len(slack) == len(reps) and whole.pelvis.zero.time_s is not None:
        found.append(Finding("pelvis_still", slack))
    return found
