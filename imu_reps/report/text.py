"""Text reports of one set and of a session."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from textwrap import fill

from rich.console import Group, RenderableType
from rich.text import Text

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.progress import SinceLast, Step
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import LONGEST_HOLE_S
from imu_reps.domain.summary import DoneSet, SensorSummary, Summary
from imu_reps.domain.untrusted import printable
from imu_reps.report.findings import DISCARDED, end_reason_text, finding_text
from imu_reps.report.formatting import (
    NOT_MEASURED,
    exercise_name,
    format_degrees,
    format_tempo,
    format_value,
    join_words,
    pluralize,
)
from imu_reps.report.history_text import QUANTITIES
from imu_reps.report.phrases import (
    describes_set,
    fault_sentences,
    flag_label,
    meaning_sentences,
    partial_sentences,
    unjudged_sentences,
)
from imu_reps.report.tables import (
    BY_HAND,
    CLEAN,
    ENDED,
    EXERCISE_AND_SIDE,
    RANGE,
    REPS,
    SET,
    SIZES,
    TEMPO,
    TILT,
    Columns,
    SetRow,
    cells,
    has_missing,
    is_by_hand,
    rep_table,
    sets_table,
    titled_section,
)

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
        words.append(f"range scatters by {format_degrees(figures.range_deg_sd)}")
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
    yield from (finding_text(one) for one in summary.findings if not (describes_set(one) or _technical(one)))
    yield from partial_sentences(summary)
    if summary.zero.time_s is not None:
        yield _zero_taken(summary, summary.zero.time_s)


def technical_remarks(summary: Summary) -> Iterator[str]:
    """Yield technical remarks on the sensors, a sentence each."""
    yield from (finding_text(finding) for finding in summary.findings if _technical(finding))
    sensors = summary.sensors
    yield f"Sensors: {_sensor('pelvis', sensors.pelvis)}; {_sensor('ankle', sensors.ankle)}."


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


#: Note in place of comparison and advice for a simulated session.
SIMULATED = "Simulated, nobody moved: not remembered, not compared with earlier sets, and no advice follows."

NEXT_TIME = "Next time"

#: Columns of a session.
COLUMNS: Columns = {
    SET: 0,
    EXERCISE_AND_SIDE: 0,
    REPS: 0,
    CLEAN: 0,
    TEMPO: 90,
    RANGE: 0,
    TILT: 60,
    ENDED: 0,
}


@dataclass(frozen=True, slots=True)
class SessionText:
    """Texts of a session: one row per set under `COLUMNS`, then sections of lines."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    version: str

    def next_time(self) -> SessionText:
        """Return only the advice, for a session that was already shown before it was rated."""
        left = tuple(section for section in self.sections if section[0] == NEXT_TIME)
        return replace(self, rows=(), sections=left)


def session_text(
    done: Sequence[DoneSet],
    *,
    person: str | None = None,
    sides: Sequence[str] = (),
    since: Sequence[SinceLast] = (),
    advice: Sequence[str] = (),
) -> SessionText:
    """Build the texts of a session.

    Parameters
    ----------
    done : sequence of DoneSet
        In their order, at least one.
    sides, advice : sequence of str
        Lines on left against right, and advice.
    since : sequence of SinceLast
        Changes since the last session.
    """
    summaries = [one.summary for one in done if one.summary is not None]
    simulated = any(summary.recording.simulated for summary in summaries)
    whose = "simulated, nobody moved" if simulated else person
    title = ": ".join(word for word in (f"Session of {pluralize(len(done), 'set')}", whose) if word)
    by_hand = any(map(is_by_hand, summaries))
    sections = (
        ("Corrected", (BY_HAND,) if by_hand else ()),
        ("Best and worst rep", tuple(best_and_worst(done)) if len(done) > 1 else ()),
        ("Left and right", tuple(sides)),
        ("Since last time", tuple(line for one in since for line in _since_lines(one))),
        (NEXT_TIME, (SIMULATED,) if simulated else tuple(advice)),
    )
    version = summaries[0].version if summaries else ""
    return SessionText(title, tuple(map(_set_row, done)), tuple(s for s in sections if s[1]), version)


def session_report(words: SessionText, width: int) -> Group:
    """Render a session for rich; without the table if it has a single set.

    Parameters
    ----------
    width : int
        Available columns; a narrow table omits the least needed.
    """
    parts: list[RenderableType] = []
    if len(words.rows) > 1:
        parts += [Text(words.title, style="bold"), sets_table(words.rows, COLUMNS, width)]
    for name, lines in words.sections:
        parts += titled_section(name, lines, width)
    return Group(*parts)


def best_and_worst(done: Sequence[DoneSet]) -> list[str]:
    """Return lines on the best and the worst repetition, with set and figures."""
    reps = [(one.number, rep) for one in done if one.summary is not None for rep in one.summary.reps]
    if len(reps) < 2:
        return []
    clean = [(number, rep) for number, rep in reps if rep.clean]
    faulty = [(number, rep) for number, rep in reps if rep.flags]
    lines = ["• no rep was clean" if faulty and not clean else ""]
    if clean:
        number, rep = min(clean, key=lambda one: _rep_rank(one[1]))
        lines.append(f"• best: {_which_rep(number, rep)}{_figures(rep)}")
    if faulty:
        number, rep = max(faulty, key=lambda one: _rep_rank(one[1]))
        lines.append(
            f"• worst: {_which_rep(number, rep)}: {join_words([flag_label(flag) for flag in rep.flags])}"
        )
    elif len(clean) == len(reps):
        lines.append("• no rep had a fault")
    return [line for line in lines if line]


def _rep_rank(rep: Rep) -> tuple[int, int, float, float]:
    """Sort key, lower is better: faults, watched faults, tilt, missing range."""
    watched = sum(fault.level == "watch" for fault in rep.faults)
    return len(rep.flags), watched, round(max(rep.pelvic_tilt_deg or 0.0, 0.0)), -(rep.range_deg or 0.0)


def _which_rep(number: int, rep: Rep) -> str:
    return f"rep {rep.number} of set {number}"


def _figures(rep: Rep) -> str:
    measured = (("range", rep.range_deg), ("tilt", rep.pelvic_tilt_deg))
    figures = [f"{name} {format_degrees(angle)}" for name, angle in measured if angle is not None]
    return f" ({', '.join(figures)})" if figures else ""


def _since_lines(since: SinceLast) -> list[str]:
    name = exercise_name(since.exercise, since.side)
    day = "" if since.day is None else f", last done {since.day.isoformat()}"
    lines = [f"{name[0].upper()}{name[1:]}{day}:"]
    lines += [f"• {_step(step)}" for step in since.steps if step.certain]
    level = [QUANTITIES[step.what][0] for step in since.steps if not step.certain]
    if level:
        lines.append(f"• as last time, as far as can be told: {join_words(level)}")
    return lines


def _step(step: Step) -> str:
    what, more, less = QUANTITIES[step.what]
    before, now = format_value(step.before, step.unit), format_value(step.now, step.unit)
    return f"{what}: {now}, {more if step.now > step.before else less} than last time ({before})"


def _set_row(one: DoneSet) -> tuple[str, ...]:
    if one.summary is None or one.discarded:
        why = DISCARDED if one.discarded else one.unusable or "It could not be summed up."
        return (str(one.number), *[""] * (len(COLUMNS) - 2), why)
    return cells(SetRow(one.summary, one.number, ended=end_reason_text(one.ended)), COLUMNS)
