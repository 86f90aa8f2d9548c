"""What is missing from a recording, and what happened to it: sensors that were away, restarts, the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imu_reps.domain.endings import STOPPED_WITH_PAIN
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Note, Recording
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.kinematics.clocks import TimedSamples

#: Shorter silences are told as drop-outs.
AWAY_S = 1.0
Span = tuple[float, float]


def away_spans(
    clocks: Mapping[SensorPlace, TimedSamples], notes: Sequence[Note] = ()
) -> dict[SensorPlace, list[Span]]:
    """When each sensor sent nothing for long; until the recording's end, where it never came back.

    A sensor that was never there at all is not away: the recording has none.
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
    """The end: of the samples, or of what was noted after them."""
    ends = [float(timed.time_s[-1]) for timed in clocks.values()]
    return max([*ends, *(note.time_s for note in notes)], default=0.0)


def _lost_for_good(notes: Sequence[Note], place: SensorPlace) -> float | None:
    """When the link went and never came back; None where it is there in the end."""
    told = [note for note in notes if note.key == "link" and note.value.startswith(place)]
    return told[-1].time_s if told and told[-1].value == f"{place} lost" else None


def absences(recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]) -> tuple[Finding, ...]:
    """A finding for each sensor that was away, each restart, the noted end, and a set that was discarded."""
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
    return (*found, *_restarts(recording.notes), *_end(recording.notes), *discarded)


def _link_noted(notes: Sequence[Note], place: SensorPlace, spans: Sequence[Span]) -> bool:
    """Whether the recorder saw the link go in one of these spans, or soon after it began."""
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
    ended = Finding("ended", values={"reason": ends[-1].value}, start_s=ends[-1].time_s)
    return [ended, Finding(STOPPED_WITH_PAIN)] if ends[-1].value == "pain" else [ended]
