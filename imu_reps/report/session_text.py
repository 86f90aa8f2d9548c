"""Report of a session: table of sets, best and worst rep, changes, advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Group, RenderableType
from rich.text import Text

from imu_reps.domain.progress import SinceLast, Step
from imu_reps.domain.rep import Rep
from imu_reps.domain.summary import DoneSet
from imu_reps.report.findings import DISCARDED, end_reason_text
from imu_reps.report.formatting import exercise_name, format_degrees, format_value, join_words, pluralize
from imu_reps.report.history_text import QUANTITIES
from imu_reps.report.phrases import flag_label
from imu_reps.report.tables import (
    BY_HAND,
    OF_SESSION,
    SetRow,
    cells,
    is_by_hand,
    sets_table,
    titled_section,
)

#: Note in place of comparison and advice for a simulated session.
SIMULATED = "Simulated, nobody moved: not remembered, not compared with earlier sets, and no advice follows."

NEXT_TIME = "Next time"


@dataclass(frozen=True, slots=True)
class SessionText:
    """Texts of a session: one row per set under `OF_SESSION`, then sections of lines."""

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
        parts += [Text(words.title, style="bold"), sets_table(words.rows, OF_SESSION, width)]
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
        return (str(one.number), *[""] * (len(OF_SESSION) - 2), why)
    return cells(SetRow(one.summary, one.number, ended=end_reason_text(one.ended)), OF_SESSION)
