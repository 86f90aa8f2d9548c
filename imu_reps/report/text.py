"""Text report of one set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import fill

from rich.console import Group, RenderableType
from rich.text import Text

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import LONGEST_HOLE_S
from imu_reps.domain.summary import SensorSummary, Summary
from imu_reps.domain.untrusted import printable
from imu_reps.report.findings import finding_text
from imu_reps.report.formatting import (
    NOT_MEASURED,
    exercise_name,
    format_degrees,
    format_tempo,
    format_value,
    pluralize,
)
from imu_reps.report.phrases import (
    describes_set,
    fault_sentences,
    meaning_sentences,
    partial_sentences,
    unjudged_sentences,
)
from imu_reps.report.tables import SIZES, has_missing, rep_table

#: A space at which lines are not wrapped.
_TIE = "\N{NO-BREAK SPACE}"
#: Findings about clocks and counters that need nothing of the person.
TECHNICAL = frozenset(
    {
        "clock_jumped",
        "clock_uncertain",
        "clock_unit",
        "copies",
        "counter_is_time",
        "counter_of_packets",
        "counter_shared",
        "counter_short",
        "counter_random",
        "counter_still",
        "counter_wraps",
        "drift",
        "duplicates",
        "pelvis_turn",
        "rate_off",
        "reordered",
        "sensor_offset",
        "tap_used",
    }
)


def text_report(
    summary: Summary, width: int = 80, *, person: str | None = None, verbose: bool = False
) -> Group:
    """Render the report for rich.

    Parameters
    ----------
    width : int
        Available columns; a narrow table gets short heads and omits the least needed.
    person : str, optional
        Whose set it is.
    verbose : bool
        Also clocks, rates and counters of the sensors.
    """
    parts: list[RenderableType] = [
        Text(headline(summary, width, person=person), style="bold"),
        Text(source_line(summary), style="dim", no_wrap=True, overflow="ignore"),
    ]
    if summary.reps:
        parts += [Text(), rep_table(summary, width), Text(_legend(summary, width), style="dim")]
    prose = min(width, SIZES.prose_width)
    parts += _section("What was wrong", fault_sentences(summary), prose)
    parts += _section("What it means", meaning_sentences(summary), prose)
    parts += _section("Not judged", unjudged_sentences(summary), prose)
    parts += _section("Good to know", list(remarks(summary)), prose)
    if verbose:
        parts += _section("For technicians", list(technical_remarks(summary)), prose)
    parts.append(Text("\nNot a medical device: it measures movement and diagnoses nothing.", style="dim"))
    return Group(*parts)


def source_line(summary: Summary) -> str:
    """Return the recording's file, and whether it is simulated."""
    recording = summary.recording
    words = ["simulated, nobody moved"] if recording.simulated else []
    return " · ".join([*words, printable(recording.file or "live set")])


def headline(summary: Summary, width: int | None = 80, *, person: str | None = None) -> str:
    """Format person, time, exercise, count, tempo and range in one line, wrapped between these."""
    recording, figures = summary.recording, summary.set
    exercise = exercise_name(recording.exercise, recording.side).capitalize()
    words = [] if person is None else [printable(person)]
    if recording.created is not None:  # local time where the set was done
        words.append(f"{datetime.fromisoformat(recording.created):%d %b %Y, %H:%M}".lstrip("0"))
    words += [exercise, *_count(summary)]
    if figures.tempo is not None:
        words.append(f"tempo {figures.tempo}")
    if figures.range_deg_mean is not None:
        words.append(f"range {format_degrees(figures.range_deg_mean)}")
    return " · ".join(words) if width is None else _with_dots(words, width)


def _with_dots(words: Sequence[str], width: int) -> str:
    """Join words by dots, wrapped only between them."""
    lines = list(words[:1])
    for word in words[1:]:
        joined = f"{lines[-1]} · {word}"
        lines[-1:] = [joined] if len(joined) <= width else [lines[-1], f"  {word}"]
    return "\n".join(lines)


def _count(summary: Summary) -> list[str]:
    figures = summary.set
    if summary.recording.exercise in HOLDS:
        held_s = figures.time_under_tension_s
        return ["no hold" if held_s is None else f"held {held_s:.0f} s"]
    if figures.rep_count is None:
        return ["reps not counted, no ankle sensor"]
    unsure = " (not certain)" if figures.rep_count_certainty == "low" else ""
    if figures.rep_count == 0:
        return [f"no reps{unsure}{_by_hand(summary)}"]
    count, words = pluralize(figures.rep_count, "rep") + unsure, []
    if figures.clean_count is not None:
        words.append(f"{figures.clean_count} clean")
    unjudged = sum(rep.clean is None for rep in summary.reps)
    if unjudged == len(summary.reps):
        words.append("none fully judged")
    elif unjudged:
        words.append(f"{unjudged} not fully judged")
    by_hand = _by_hand(summary)
    return [count + by_hand, ", ".join(words)] if by_hand else [", ".join([count, *words])]


def _by_hand(summary: Summary) -> str:
    by_sensors = summary.set.rep_count_by_sensors
    return "" if by_sensors is None else f", corrected by hand; {by_sensors} by the sensors"


def _legend(summary: Summary, width: int) -> str:
    words, figures = [], summary.set
    if figures.tempo is not None:
        aim = "" if figures.tempo_target is None else f", aim {format_tempo(figures.tempo_target)}"
        words.append("tempo: seconds down-bottom-up-top" + aim)
    if figures.range_deg_sd is not None:
        by = format_degrees(figures.range_deg_sd) if figures.range_deg_sd >= 0.5 else "less than 1°"
        words.append(f"range scatters by {by}")
    if has_missing(summary):
        words.append(f"{NOT_MEASURED} not measured")
    return _with_dots(words, width)


def _section(title: str, sentences: Sequence[str], width: int) -> list[RenderableType]:
    if not sentences:
        return []
    return [Text(f"\n{title}", style="bold"), *(Text(_point(sentence, width)) for sentence in sentences)]


def _point(sentence: str, width: int) -> str:
    """Wrap one list item, never between a number and its unit."""
    tied = re.sub(r"(?<=\d) (?=(?:%|s|m/s²|Hz)(?!\w))", _TIE, sentence)
    broken = fill(f"• {tied}", width, subsequent_indent="  ", break_on_hyphens=False)
    return broken.replace(_TIE, " ")


def remarks(summary: Summary) -> Iterator[str]:
    """Yield remarks on the recording, a sentence each."""
    unsaid = {"posture_unchecked"} if summary.sensors.pelvis is None else set()  # `no_pelvis` says it
    yield from (
        finding_text(one)
        for one in summary.findings
        if not (describes_set(one) or _technical(one) or _names_person(one) or one.code in unsaid)
    )
    yield from partial_sentences(summary)
    if summary.zero.time_s is not None:
        yield _zero_taken(summary, summary.zero.time_s)


def technical_remarks(summary: Summary) -> Iterator[str]:
    """Yield technical remarks on the sensors, a sentence each."""
    yield from (finding_text(finding) for finding in summary.findings if _technical(finding))
    sensors = summary.sensors
    yield f"Sensors: {_sensor('pelvis', sensors.pelvis)}; {_sensor('ankle', sensors.ankle)}."


def _names_person(finding: Finding) -> bool:
    """Return whether it only says that the person was named later, or renamed: the headline names them."""
    return finding.code == "header_by_hand" and finding.values.get("what") == "person"


def _technical(finding: Finding) -> bool:
    return finding.code in TECHNICAL and finding.severity != "refuse"


def _zero_taken(summary: Summary, time_s: float) -> str:
    assumed = "you hung straight" if summary.recording.posture == "hanging" else "your back lay flat"
    reason = summary.zero.reason.rstrip(".")
    return f"Pelvis zero taken at {format_value(time_s, 's')} ({reason}), as if {assumed} then."


def _sensor(place: str, sensor: SensorSummary | None) -> str:
    if sensor is None:
        return f"no {place} sensor"
    words = [f"{place} {sensor.rate_hz:.0f} Hz"]
    # smaller losses are not reported
    if sensor.lost is not None and sensor.lost > 0.01 * (sensor.samples + sensor.lost):
        words.append(f"{sensor.lost / (sensor.samples + sensor.lost):.0%} lost".replace("%", " %"))
    if sensor.longest_gap_s > LONGEST_HOLE_S:
        words.append(f"longest gap {format_value(sensor.longest_gap_s, 's')}")
    return ", ".join(words)
