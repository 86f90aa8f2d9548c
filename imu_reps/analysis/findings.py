"""Findings: what a reader should know of a set beside its numbers, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imu_reps.analysis.absences import AWAY_S, absences, away_spans
from imu_reps.analysis.cross_time import CrossTime
from imu_reps.analysis.doubts import doubts
from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.plausibility import PlausibilityFinding
from imu_reps.analysis.plausibility.timing import HOLE_S
from imu_reps.analysis.set.shifts import Shift
from imu_reps.domain.recording import Recording
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.summary import Finding
from imu_reps.kinematics.clock.offline import TimedSamples

#: More easy repetitions than this: slower is harder, and says more.
MANY_REPS = 50

#: A smaller turn of the pelvis sensor is within what a careful belt does.
NOTABLE_TURN_DEG = 3.0


def findings(
    recording: Recording,
    cross_time: CrossTime,
    whole: SetEstimate,
    reps: Sequence[Rep],
    cautions: Sequence[PlausibilityFinding],
) -> tuple[Finding, ...]:
    """Everything worth a sentence: of the file, of the sensors, of what was assumed, of the set."""
    from_file = [Finding(c.code, (), f"{c.message} {c.hint}") for c in recording.cautions]
    missing = absences(recording, cross_time.clocks)
    told = _told_by_absences(recording, cross_time.clocks)
    from_sensors = [
        Finding(c.code, (), f"{c.message} {c.hint}")
        for c in cautions
        if c.severity != "info" and (c.code, c.sensor) not in told
    ]
    assumed = [*_assumptions(recording, whole), *doubts(whole, recording.header)]
    of_set = _of_the_set(whole, reps)
    return (*from_file, *missing, *cross_time.told, *from_sensors, *assumed, *of_set)


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


def _assumptions(recording: Recording, whole: SetEstimate) -> list[Finding]:
    found = []
    if recording.ankle is not None and not whole.posture.spells:
        found.append(Finding("never_ready", (), _never_ready(recording)))
    if recording.pelvis is None or not whole.posture.checked:
        found.append(Finding("posture_unchecked", (), _posture_unchecked(recording)))
    if recording.pelvis is not None and whole.pelvis.zero.time_s is None:
        still = "Hang" if recording.header.posture == "hanging" else "Lie"
        message = f"Pelvic tilt was not judged: {whole.pelvis.zero.reason}. {still} still for a second first."
        found.append(Finding("no_zero", (), message))
    if whole.leg is not None and whole.segmentation.reps and not whole.leg.zero_seen:
        found.append(Finding("start_assumed", (), _start_assumed(recording)))
    if whole.pelvis.turn is not None and abs(whole.pelvis.turn.turn_deg) >= NOTABLE_TURN_DEG:
        message = (
            f"The pelvis sensor seems turned by {abs(whole.pelvis.turn.turn_deg):.0f}° "
            f"(± {whole.pelvis.turn.sd_deg:.0f}°) about the vertical; rotation was corrected for it."
        )
        found.append(Finding("pelvis_turn", (), message))
    return found + pelvis_shifted(whole.pelvis.shift)


def pelvis_shifted(shift: Shift | None) -> list[Finding]:
    """From when on the pelvis was not judged, because its sensor shifted."""
    if shift is None:
        return []
    message = (
        f"The pelvis sensor shifted by about {shift.by_deg:.0f}° at {shift.time_s:.0f} s: "
        "from there on the pelvis was not judged."
    )
    return [Finding("pelvis_shifted", (), message)]


def _never_ready(recording: Recording) -> str:
    posture = "hanging" if recording.header.posture == "hanging" else "lying"
    return (
        f"Nothing was counted: the pelvis sensor never saw you {posture}. "
        "If you were, check the axis that the header says points to the head."
    )


def _posture_unchecked(recording: Recording) -> str:
    why = "there was no pelvis sensor" if recording.pelvis is None else "the pelvis sensor's axes are unknown"
    posture = "hanging" if recording.header.posture == "hanging" else "lying"
    return f"Posture was not checked, for {why}: what the leg did while not {posture} may count as well."


def _start_assumed(recording: Recording) -> str:
    if recording.header.exercise == "heel_tap":
        return "No rest on the floor was seen before the set; leg angles are changes from the start position."
    return "No rest on the floor was seen before the set; the legs were taken to start vertical, at 90°."


def _of_the_set(whole: SetEstimate, reps: Sequence[Rep]) -> list[Finding]:
    found = []
    if len(reps) > MANY_REPS:
        message = f"{len(reps)} repetitions in one set: lower for a count of four rather than do more."
        found.append(Finding("many_reps", (), message))
    slack = tuple(rep.number for rep in reps if rep.pelvic_curl_deg is not None and rep.pelvic_curl_deg < 0.5)
    if slack and len(slack) == len(reps) and whole.pelvis.zero.time_s is not None:
        message = "The pelvis sensor hardly moved in any lift; a pelvis always does. Is its belt tight?"
        found.append(Finding("pelvis_still", slack, message))
    return found
