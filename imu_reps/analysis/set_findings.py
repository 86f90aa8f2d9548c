"""Findings: what a reader should know of a set in addition to its figures.

They tell what is missing from a recording or happened to it (absent sensors, restarts, the end), and what the
estimate is unsure of or had to assume.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from imu_reps.analysis.cross_time import CrossTime
from imu_reps.analysis.estimate import EstimatorParams, SetEstimate
from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.leg_frames import Slip
from imu_reps.analysis.set.shifts import Shift
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import (
    HURT,
    PAIN_REPORTED,
    STOPPED_WITH_PAIN,
    Caution,
    Header,
    Note,
    Recording,
    last_rating,
)
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import LONGEST_HOLE_S, SENSOR_PLACES, SensorPlace
from imu_reps.domain.summary import Summary
from imu_reps.kinematics.clock.offline import TimedSamples

#: More repetitions than this are too easy: slower ones are harder and more informative.
MANY_REPS = 50

#: A smaller turn of the pelvis sensor occurs with a carefully worn belt.
NOTABLE_TURN_DEG = 3.0


def findings(
    recording: Recording,
    cross_time: CrossTime,
    whole: SetEstimate,
    reps: Sequence[Rep],
    cautions: Sequence[Finding],
) -> tuple[Finding, ...]:
    """Return all findings: on the file, the sensors, the assumptions, and the set."""
    from_file = [file_finding(caution) for caution in recording.cautions]
    missing = absences(recording, cross_time.clocks)
    covered = _covered_by_absences(recording, cross_time.clocks) | _covered_by_estimate(whole)
    from_sensors = [
        _with_reps(c, reps) for c in cautions if c.severity != "info" and (c.code, c.sensor) not in covered
    ]
    assumed = [*_assumptions(recording, whole), *doubts(whole, reps, recording.header)]
    of_set = _of_the_set(whole, reps)
    return (*from_file, *missing, *cross_time.findings, *from_sensors, *assumed, *of_set)


def _with_reps(finding: Finding, reps: Sequence[Rep]) -> Finding:
    """Return the finding with the repetitions that its spans overlap, unless it names them."""
    spans = finding.values.get("spans", ())
    if finding.sensor is None or finding.reps or not spans:
        return finding
    touched = [
        rep.number for rep in reps if any(start < rep.end_s and rep.start_s < end for start, end in spans)
    ]
    return replace(finding, reps=tuple(touched))


def file_finding(caution: Caution) -> Finding:
    """Return a finding for a caution of the file's reader, which carries its own message and hint."""
    values = {"message": caution.message, "hint": caution.hint}
    return Finding(caution.code, values=values, severity="caution")


def _covered_by_absences(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]
) -> set[tuple[str, SensorPlace | None]]:
    """Return the cautions that the findings on absent sensors already cover."""
    covered: set[tuple[str, SensorPlace | None]] = {
        ("restarts", place)
        for place in clocks
        if any(note.key == "restart" and note.value in (place, "both") for note in recording.notes)
    }
    for place, spans in away_spans(clocks, recording.notes).items():
        gaps = np.diff(clocks[place].time_s)
        within = int((gaps > AWAY_S).sum())
        if within and within == int((gaps > LONGEST_HOLE_S).sum()):
            covered.add(("drop_out", place))
        if len(spans) > within:
            covered.add(("partial_overlap", None))
    return covered


def _covered_by_estimate(whole: SetEstimate) -> set[tuple[str, SensorPlace | None]]:
    """Return the cautions on turned sensors that the estimate already covers."""
    covered: set[tuple[str, SensorPlace | None]] = set()
    if whole.crept_deg or (whole.leg is not None and whole.leg.slips):
        covered.add(("sensor_turned", "ankle"))
    if whole.pelvis.shift is not None or whole.belt_turns:
        covered.add(("sensor_turned", "pelvis"))
    return covered


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
        values = {"exercise": recording.header.exercise, "by_lever": whole.leg.by_lever}
        found.append(Finding("start_assumed", values=values))
    yaw = whole.pelvis.yaw
    if yaw is not None and abs(yaw.yaw_deg) >= NOTABLE_TURN_DEG:
        found.append(Finding("pelvis_turn", values={"turn_deg": abs(yaw.yaw_deg), "sd_deg": yaw.sd_deg}))
    return found + pelvis_shifted(whole.pelvis.shift)


def pelvis_shifted(shift: Shift | None) -> list[Finding]:
    """Return a finding with the time from which the pelvis was not judged, because its sensor shifted."""
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


#: Shorter gaps are dropouts.
AWAY_S = 1.0
Span = tuple[float, float]


def away_spans(
    clocks: Mapping[SensorPlace, TimedSamples], notes: Sequence[Note] = ()
) -> dict[SensorPlace, list[Span]]:
    """Return the spans in which each sensor was silent; up to the recording's end if it never came back.

    A sensor without any samples is not listed.
    """
    first = min((float(timed.time_s[0]) for timed in clocks.values()), default=0.0)
    last = _last_s(clocks, notes)
    found: dict[SensorPlace, list[Span]] = {}
    for place, timed in clocks.items():
        times = np.concatenate([[first], timed.time_s, [last]])
        long = np.flatnonzero(np.diff(times) > AWAY_S)
        found[place] = [(float(times[k]), float(times[k + 1])) for k in long.tolist()]
        lost_s = _lost_for_good(notes, place)
        if lost_s is not None and not (found[place] and found[place][-1][1] >= last):
            found[place].append((lost_s, last))
    return found


def _last_s(clocks: Mapping[SensorPlace, TimedSamples], notes: Sequence[Note]) -> float:
    """Return the recording's end: the last sample, or the last note after it."""
    ends = [float(timed.time_s[-1]) for timed in clocks.values()]
    return max([*ends, *(note.time_s for note in notes)], default=0.0)


def _lost_for_good(notes: Sequence[Note], place: SensorPlace) -> float | None:
    """Return when the link was lost for good; None if it was up at the end."""
    links = [note for note in notes if note.key == "link" and note.value.startswith(place)]
    return links[-1].time_s if links and links[-1].value == f"{place} lost" else None


def absences(recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]) -> tuple[Finding, ...]:
    """Return findings on absent sensors, restarts, the noted end, pain, and a set that was discarded."""
    last = _last_s(clocks, recording.notes)
    found = []
    for place, spans in away_spans(clocks, recording.notes).items():
        if spans:
            code = "link_lost" if _link_noted(recording.notes, place, spans) else "sensor_silent"
            values = {
                "spans": [(start, None if end >= last else end) for start, end in spans],
                "total_s": sum(end - start for start, end in spans),
            }
            start_s, end_s = spans[0][0], spans[-1][1]
            found.append(Finding(code, values=values, sensor=place, start_s=start_s, end_s=end_s))
    discarded = [Finding("discarded")] if recording.discarded else []
    return (*found, *_restarts(recording.notes), *_end(recording.notes), *felt(recording.notes), *discarded)


def _link_noted(notes: Sequence[Note], place: SensorPlace, spans: Sequence[Span]) -> bool:
    """Whether the recorder noted the link as lost in one of these spans, or shortly before it."""
    lost = [note.time_s for note in notes if note.key == "link" and note.value == f"{place} lost"]
    return any(start - AWAY_S <= time_s <= end for time_s in lost for start, end in spans)


def _restarts(notes: Sequence[Note]) -> list[Finding]:
    found = []
    for place in SENSOR_PLACES:
        times = [note.time_s for note in notes if note.key == "restart" and note.value in (place, "both")]
        if times:
            found.append(Finding("restart", values={"at_s": times}, sensor=place))
    return found


def _end(notes: Sequence[Note]) -> list[Finding]:
    ends = [note for note in notes if note.key == "end" and note.value != "end_of_recording"]
    if not ends:
        return []
    return [Finding("ended", values={"reason": ends[-1].value}, start_s=ends[-1].time_s)]


def felt(notes: Sequence[Note]) -> tuple[Finding, ...]:
    """Return findings on pain: that the set was stopped for it or hurt afterwards, and the rating given."""
    ends = [note.value for note in notes if note.key == "end"]
    stopped = ends[-1:] == ["pain"] or any(note.key == HURT for note in notes)
    pain = last_rating(notes, "pain")
    return (
        *((Finding(STOPPED_WITH_PAIN),) if stopped else ()),
        *((Finding(PAIN_REPORTED, values={"pain": pain}),) if pain else ()),
    )


def with_felt(summary: Summary, found: Sequence[Finding]) -> Summary:
    """Return the summary with its findings on pain replaced."""
    kept = (finding for finding in summary.findings if finding.code not in (STOPPED_WITH_PAIN, PAIN_REPORTED))
    return replace(summary, findings=(*kept, *found))


def doubts(whole: SetEstimate, reps: Sequence[Rep], header: Header) -> list[Finding]:
    """Return findings on the estimate's doubts: the count, interruptions, the strap, the zero."""
    counted = []
    if header.exercise not in HOLDS:
        counted = [*_count(whole), *_left_out(whole), *_unseen(whole), *_interrupted(whole, header)]
    zero = [Finding("zero_between_reps")] if whole.pelvis.between_reps else []
    return [*counted, *_turned(whole, reps), *zero]


def _count(whole: SetEstimate) -> list[Finding]:
    """Return a finding if another count is likely, with the swings or repetitions it is about if known."""
    if whole.certainty not in ("fair", "low"):
        return []
    found, near_share = whole.segmentation, EstimatorParams().near_share
    count, other = len(found.reps), whole.other_count
    values: dict[str, Any] = {"certainty": whole.certainty, "count": count, "other": other}
    if count and other:
        nearly, hardly = found.nearly_counted(near_share), found.hardly_counted(near_share)
        if len(nearly) == other - count > 0:
            cut = all(part.reason == "cut_off" for part in nearly)
            values["cut_off" if cut else "swings"] = _times([part.excursion for part in nearly], whole)
        elif len(hardly) == count - other > 0:
            values["small"] = hardly
    return [Finding("count_uncertain", values=values)]


def _left_out(whole: SetEstimate) -> Iterator[Finding]:
    """Yield a finding for each series of raises that is not counted."""
    time_s = whole.track.time_s
    for one in whole.left_out:
        start_s, end_s = float(time_s[one.start]), float(time_s[one.end])
        values = {"raises": one.count, "in_posture": one.in_posture}
        yield Finding("raises_left_out", values=values, severity="caution", start_s=start_s, end_s=end_s)


def _unseen(whole: SetEstimate) -> Iterator[Finding]:
    """Yield a finding for each stretch in which the ankle sensor turned, perhaps during a raise."""
    time_s, far = whole.track.time_s, [rep.far.tick for rep in whole.segmentation.reps]
    for one in whole.unseen:
        start_s, end_s = float(time_s[one.start]), float(time_s[min(one.stop, len(time_s)) - 1])
        values = {"after_rep": sum(tick < one.start for tick in far), "reps": len(far)}
        yield Finding(
            "turned_unseen", values=values, severity="caution", sensor="ankle", start_s=start_s, end_s=end_s
        )


def _times(swings: Sequence[Excursion], whole: SetEstimate) -> list[float]:
    return [float(whole.track.time_s[swing.far.tick]) for swing in swings]


def _interrupted(whole: SetEstimate, header: Header) -> list[Finding]:
    """Return a finding if the person left the posture between repetitions."""
    far = [rep.far.tick for rep in whole.segmentation.reps]
    used = [spell for spell in whole.posture.spells if any(spell.start <= tick < spell.stop for tick in far)]
    time_s = whole.track.time_s
    gaps = [(float(time_s[before.stop - 1]), float(time_s[after.start])) for before, after in pairwise(used)]
    if not gaps:
        return []
    values = {"spans": gaps, "posture": header.posture}
    return [Finding("interrupted", values=values, start_s=gaps[0][0], end_s=gaps[-1][1])]


def _turned(whole: SetEstimate, reps: Sequence[Rep]) -> list[Finding]:
    """Return a finding for each turn of a sensor on the leg or the pelvis, and for one that creeps."""
    slips = () if whole.leg is None else whole.leg.slips
    unmeasured = [rep for rep in reps if rep.range_deg is None]
    ankle = [_turned_at("ankle", slip, whole, unmeasured) for slip in slips]
    if whole.crept_deg:
        ankle.append(Finding("ankle_crept", values={"turned_deg": whole.crept_deg}, sensor="ankle"))
    return [*ankle, *(_turned_at("pelvis", slip, whole, ()) for slip in whole.belt_turns)]


def _turned_at(place: SensorPlace, slip: Slip, whole: SetEstimate, unmeasured: Sequence[Rep]) -> Finding:
    """Return the finding of a turn, with the repetition in which the leg is not measured for it."""
    time_s, known = whole.track.time_s, np.isfinite(whole.track.leg_elevation_deg[: slip.tick])
    began_s, at_s = float(time_s[slip.tick - int(known[::-1].argmax())]), float(time_s[slip.tick])
    during = tuple(rep.number for rep in unmeasured if rep.start_s < at_s and began_s < rep.end_s)
    values = {"turned_deg": slip.turned_deg} | ({"during_reps": during} if during else {})
    return Finding(f"{place}_turned", during, values=values, sensor=place, start_s=at_s, end_s=at_s)
