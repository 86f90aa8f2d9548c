"""What is missing from a recording, and what happened to it: sensors that were away, restarts, the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imu_reps.domain.endings import AFTER_PAIN, DISCARDED, STOPPED_WITH_PAIN, ended_words
from imu_reps.domain.recording import Note, Recording
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.summary import Finding
from imu_reps.kinematics.clock.offline import TimedSamples

#: Shorter silences are told as drop-outs.
AWAY_S = 1.0
#: More absences than this are counted, not named.
NAMED = 3

Span = tuple[float, float]

_CONSEQUENCE: dict[SensorPlace, str] = {
    "ankle": "what happened then is not counted",
    "pelvis": "the pelvis is not judged there",
}


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
            found.append(Finding(code, (), _away(place, spans, last)))
    discarded = [Finding("discarded", (), DISCARDED)] if recording.discarded else []
    return (*found, *_restarts(recording.notes), *_end(recording.notes), *discarded)


def _link_noted(notes: Sequence[Note], place: SensorPlace, spans: Sequence[Span]) -> bool:
    """Whether the recorder saw the link go in one of these spans, or soon after it began."""
    lost = [note.time_s for note in notes if note.key == "link" and note.value == f"{place} lost"]
    return any(start - AWAY_S <= time_s <= end for time_s in lost for start, end in spans)


def _away(place: SensorPlace, spans: Sequence[Span], last_s: float) -> str:
    consequence = _CONSEQUENCE[place]
    if len(spans) > NAMED:
        total = sum(end - start for start, end in spans)
        return f"The {place} sensor was away {len(spans)} times, for {total:.0f} s in all; {consequence}."
    return (
        f"The {place} sensor was away {' and '.join(_span(span, last_s) for span in spans)}; {consequence}."
    )


def _span(span: Span, last_s: float) -> str:
    start, end = span
    return f"from {start:.0f} s on" if end >= last_s else f"from {start:.0f} s to {end:.0f} s"


def _restarts(notes: Sequence[Note]) -> list[Finding]:
    found = []
    for place in SENSOR_PLACES:
        times = [
            f"{note.time_s:.0f} s"
            for note in notes
            if note.key == "restart" and note.value in (place, "both")
        ]
        if times:
            when = f"at {' and '.join(times)}" if len(times) <= NAMED else f"{len(times)} times"
            message = f"The {place} sensor switched itself on anew {when}. Check its battery and contacts."
            found.append(Finding("restart", (), message))
    return found


def _end(notes: Sequence[Note]) -> list[Finding]:
    ends = [note for note in notes if note.key == "end" and note.value != "end_of_recording"]
    if not ends:
        return []
    reason = ends[-1].value
    ended = Finding("ended", (), f"The set was ended at {ends[-1].time_s:.0f} s: {ended_words(reason)}.")
    return [ended, Finding(STOPPED_WITH_PAIN, (), AFTER_PAIN)] if reason == "pain" else [ended]
