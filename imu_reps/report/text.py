"""The report of one set as text: read in ten seconds, kept to what was measured.

The results of the two tests as sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import fill

from rich.console import Group, RenderableType
from rich.text import Text

from imu_reps.domain.end_range import EndRange, Grade, Press
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.foreign_text import shown
from imu_reps.domain.summary import SensorSummary, Summary
from imu_reps.report.aim import short_tempo
from imu_reps.report.figures import counted, degrees, written
from imu_reps.report.findings import finding_text
from imu_reps.report.phrases import fault_sentences, meaning_sentences, of_the_set, unjudged_sentences
from imu_reps.report.rep_table import NOT_MEASURED, anything_missing, rep_table
from imu_reps.report.uncounted import partial_sentences

#: Prose is not set wider than this: long lines read slowly.
PROSE_WIDTH = 100
#: A space that no line is broken at.
_TIE = "\N{NO-BREAK SPACE}"
#: Findings about clocks and counters: they were seen to, and nothing is asked of the person on the mat.
TECHNICAL = frozenset(
    {
        "clock_jumped",
        "clock_uncertain",
        "clock_unit",
        "copies",
        "counter_of_packets",
        "counter_shared",
        "counter_short",
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
#: Losses and gaps smaller than these are not worth a word.
_LOST_SHARE = 0.01
_GAP_S = 0.15


def text_report(
    summary: Summary, width: int = 80, *, person: str | None = None, verbose: bool = False
) -> Group:
    """The report as something rich prints.

    Parameters
    ----------
    summary : Summary
    width : int
        Columns there are; a narrow table gets short heads, and leaves out what is least needed.
    person : str, optional
        Whose set it is.
    verbose : bool
        Also what serves who looks after the sensors.
    """
    parts: list[RenderableType] = [
        Text(headline(summary, width, person=person), style="bold"),
        Text(source_line(summary), style="dim", no_wrap=True, overflow="ignore"),
    ]
    if summary.reps:
        parts += [Text(), rep_table(summary, width), Text(_legend(summary, width), style="dim")]
    prose = min(width, PROSE_WIDTH)
    parts += _section("What was wrong", fault_sentences(summary), prose)
    parts += _section("What it means", meaning_sentences(summary), prose)
    parts += _section("Not judged", unjudged_sentences(summary), prose)
    parts += _section("Good to know", list(remarks(summary)), prose)
    if verbose:
        parts += _section("For technicians", list(technical_remarks(summary)), prose)
    parts.append(Text("\nNot a medical device: it measures movement and diagnoses nothing.", style="dim"))
    return Group(*parts)


def source_line(summary: Summary) -> str:
    """Which recording this is, and whether a person made it."""
    recording = summary.recording
    words = ["simulated, nobody moved"] if recording.simulated else []
    return " · ".join([*words, shown(recording.file or "live set")])


def headline(summary: Summary, width: int = 80, *, person: str | None = None) -> str:
    """The set in one line: whose, when, exercise, count, tempo, range; broken only between these."""
    recording, figures = summary.recording, summary.set
    exercise = recording.exercise.replace("_", " ").capitalize()
    side = {"left": ", left", "right": ", right"}.get(recording.side or "", "")
    words = [*_whose(person), *_moment(recording.created), exercise + side, *_count(summary)]
    if figures.tempo is not None:
        words.append(f"tempo {figures.tempo}")
    if figures.range_deg_mean is not None:
        words.append(f"range {degrees(figures.range_deg_mean)}")
    return _with_dots(words, width)


def _whose(person: str | None) -> list[str]:
    return [] if person is None else [shown(person)]


def _moment(created: str | None) -> list[str]:
    """Day and minute as they were where the set was done."""
    return [] if created is None else [f"{datetime.fromisoformat(created):%d %b %Y, %H:%M}".lstrip("0")]


def _with_dots(words: Sequence[str], width: int) -> str:
    """Join words by dots, broken only between these."""
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
    count, words = counted(figures.rep_count, "rep") + unsure, []
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
        words.append("tempo: seconds down-bottom-up-top" + _aim(figures.tempo_target))
    if figures.range_deg_sd is not None:
        words.append(f"range scatters by {degrees(figures.range_deg_sd)}")
    if anything_missing(summary):
        words.append(f"{NOT_MEASURED} not measured")
    return _with_dots(words, width)


def _aim(target: str | None) -> str:
    return "" if target is None else f", aim {short_tempo(target)}"


def _section(title: str, sentences: Sequence[str], width: int) -> list[RenderableType]:
    if not sentences:
        return []
    return [Text(f"\n{title}", style="bold"), *(Text(_point(sentence, width)) for sentence in sentences)]


def _point(sentence: str, width: int) -> str:
    """One point of a list, broken into lines, but never between a number and its unit."""
    tied = re.sub(r"(?<=\d) (?=(?:%|s|m/s²|Hz)(?!\w))", _TIE, sentence)
    broken = fill(f"• {tied}", width, subsequent_indent="  ", break_on_hyphens=False)
    return broken.replace(_TIE, " ")


def remarks(summary: Summary) -> Iterator[str]:
    """What is good to know of the recording beside the judgement, a sentence each."""
    yield from (finding_text(one) for one in summary.findings if not (of_the_set(one) or _technical(one)))
    yield from partial_sentences(summary)
    if summary.zero.time_s is not None:
        yield _zero_taken(summary, summary.zero.time_s)


def technical_remarks(summary: Summary) -> Iterator[str]:
    """What serves who looks after the sensors, a sentence each."""
    yield from (finding_text(finding) for finding in summary.findings if _technical(finding))
    sensors = summary.sensors
    yield f"Sensors: {_sensor('pelvis', sensors.pelvis)}; {_sensor('ankle', sensors.ankle)}."


def _technical(finding: Finding) -> bool:
    return finding.code in TECHNICAL and finding.severity != "refuse"


def _zero_taken(summary: Summary, time_s: float) -> str:
    assumed = "you hung straight" if summary.recording.posture == "hanging" else "your back lay flat"
    reason = summary.zero.reason.rstrip(".")
    return f"Pelvis zero taken at {written(time_s, 's')} ({reason}), as if {assumed} then."


def _sensor(place: str, sensor: SensorSummary | None) -> str:
    if sensor is None:
        return f"no {place} sensor"
    words = [f"{place} {sensor.rate_hz:.0f} Hz"]
    if sensor.lost is not None and sensor.lost > _LOST_SHARE * (sensor.samples + sensor.lost):
        words.append(f"{sensor.lost / (sensor.samples + sensor.lost):.0%} lost".replace("%", " %"))
    if sensor.longest_gap_s > _GAP_S:
        words.append(f"longest gap {written(sensor.longest_gap_s, 's')}")
    return ", ".join(words)


_BANDS: dict[Grade, str] = {"normal": "0–15°", "good": "16–45°", "fair": "46–75°", "poor": "76–90°"}


def end_range_sentences(result: EndRange) -> list[str]:
    """What the end-range test showed on one side, the floor first."""
    legs = {"left": ", left leg", "right": ", right leg"}.get(result.side or "", "")
    told = [f"{result.exercise.replace('_', ' ').capitalize()}{legs}: {_floor(result)}"]
    if result.grade is not None:
        told.append(_grade(result, result.grade))
    if result.too_fast:
        told.append(
            f"{counted(result.too_fast, 'lowering')} left out: too fast. Count to eight on the way down."
        )
    if result.unjudged:
        told.append(f"{counted(result.unjudged, 'lowering')} left out: the pelvis was not measured then.")
    return told


def _floor(result: EndRange) -> str:
    lowerings = f"{result.lowerings} slow {'lowering' if result.lowerings == 1 else 'lowerings'}"
    if result.floor_deg is not None:
        spread = "" if result.spread_deg is None else f" (± {degrees(max(result.spread_deg, 1.0))})"
        return (
            f"your floor angle is about {degrees(result.floor_deg)}{spread}, from {lowerings}. The pelvis "
            "stays flat while the leg is higher: lower no further."
        )
    if result.held_to_deg is not None:
        return f"the pelvis stayed flat down to {degrees(result.held_to_deg)}, in {lowerings}."
    return f"no floor angle, {lowerings} cannot tell. Lower the leg three times, very slowly."


def _grade(result: EndRange, grade: Grade) -> str:
    words = f"Typical grade: {grade} ({_BANDS[grade]} above the floor), certainty {result.certainty}"
    if result.exercise != "double_leg_raise":
        return f"{words}: the grades are those of both legs together."
    return f"{words}. Small studies, no diagnosis."


def press_sentences(press: Press) -> list[str]:
    """What the setup test showed."""
    if not press.pressed:
        return [
            f"The pelvis tipped back by {degrees(press.tilt_deg)} only; that may be nothing.",
            "Bend the knees, breathe out, and tip the pelvis back until the belt buckle points to your chin.",
        ]
    return [
        f"The pelvis tipped back by {degrees(press.tilt_deg)}, held for {written(press.held_s, 's')}.",
        f"Counted from the rest at {written(press.zero_s, 's')}. Whether the back touched the floor these "
        "sensors cannot tell.",
    ]
