"""A whole session in one view: its sets side by side, its best and its worst rep, what changed, what next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import fill

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from imu_reps.domain.done_set import DoneSet, SinceLast, Step
from imu_reps.domain.recording import DISCARDED, ended_words
from imu_reps.domain.rep import Rep
from imu_reps.report.figures import counted, degrees, listed, written
from imu_reps.report.history_text import BY_HAND, QUANTITIES, exercise_name, rep_count
from imu_reps.report.phrases import label
from imu_reps.report.rep_table import NOT_MEASURED
from imu_reps.report.text import PROSE_WIDTH

#: Of a simulated session nothing is compared or advised.
SIMULATED = "Simulated, nobody moved: not remembered, not compared with earlier sets, and no advice follows."

NEXT_TIME = "Next time"

HEADS = ("set", "exercise", "reps", "clean", "tempo", "range", "tilt", "ended")


@dataclass(frozen=True, slots=True)
class SessionWords:
    """A session as it is written: a row a set under `HEADS`, then sections of lines."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    version: str

    def next_time(self) -> SessionWords:
        """Only what to do next: after more was said of a session that has been told already."""
        left = tuple(section for section in self.sections if section[0] == NEXT_TIME)
        return replace(self, rows=(), sections=left)


def session_words(
    done: Sequence[DoneSet],
    *,
    person: str | None = None,
    sides: Sequence[str] = (),
    since: Sequence[SinceLast] = (),
    advice: Sequence[str] = (),
) -> SessionWords:
    """What is to be said of a session.

    Parameters
    ----------
    done : sequence of DoneSet
        In their order, at least one.
    person : str, optional
    sides, advice : sequence of str
        Lines that say how left and right compare, and what to do next.
    since : sequence of SinceLast
        What changed since the last time.
    """
    summaries = [one.summary for one in done if one.summary is not None]
    simulated = any(summary.recording.simulated for summary in summaries)
    whose = "simulated, nobody moved" if simulated else person
    title = ": ".join(word for word in (f"Session of {counted(len(done), 'set')}", whose) if word)
    by_hand = any(summary.set.rep_count_by_sensors is not None for summary in summaries)
    sections = (
        ("Corrected", (BY_HAND,) if by_hand else ()),
        ("Best and worst rep", tuple(best_and_worst(done)) if len(done) > 1 else ()),
        ("Left and right", tuple(sides)),
        ("Since last time", tuple(line for one in since for line in _since_lines(one))),
        (NEXT_TIME, (SIMULATED,) if simulated else tuple(advice)),
    )
    version = summaries[0].version if summaries else ""
    return SessionWords(title, tuple(map(_row, done)), tuple(s for s in sections if s[1]), version)


def session_report(words: SessionWords, width: int) -> Group:
    """A session as something rich prints; of a single set without the table.

    Parameters
    ----------
    words : SessionWords
    width : int
        Columns there are; a narrow table leaves out what is least needed.
    """
    parts: list[RenderableType] = []
    if len(words.rows) > 1:
        parts += [Text(words.title, style="bold"), _table(words, width)]
    for name, lines in words.sections:
        columns = min(width, PROSE_WIDTH)
        indented = (fill(line, columns, subsequent_indent="  ", break_on_hyphens=False) for line in lines)
        parts += [Text(), Text(name, style="bold"), *map(Text, indented)]
    return Group(*parts)


def best_and_worst(done: Sequence[DoneSet]) -> list[str]:
    """The rep to repeat and the one to avoid, with their set and what is told of them."""
    reps = [(one.number, rep) for one in done if one.summary is not None for rep in one.summary.reps]
    if len(reps) < 2:
        return []
    clean = [(number, rep) for number, rep in reps if rep.clean]
    faulty = [(number, rep) for number, rep in reps if rep.flags]
    lines = ["• no rep was clean" if faulty and not clean else ""]
    if clean:
        number, rep = min(clean, key=lambda one: _grade(one[1]))
        lines.append(f"• best: {_which(number, rep)}{_figures(rep)}")
    if faulty:
        number, rep = max(faulty, key=lambda one: _grade(one[1]))
        lines.append(f"• worst: {_which(number, rep)}: {listed([label(flag) for flag in rep.flags])}")
    elif len(clean) == len(reps):
        lines.append("• no rep had a fault")
    return [line for line in lines if line]


def _grade(rep: Rep) -> tuple[int, int, float, float]:
    """The less, the better: faults, what is worth watching, tilt, range that was left out."""
    watched = sum(fault.level == "watch" for fault in rep.faults)
    return len(rep.flags), watched, round(max(rep.pelvic_tilt_deg or 0.0, 0.0)), -(rep.range_deg or 0.0)


def _which(number: int, rep: Rep) -> str:
    return f"rep {rep.number} of set {number}"


def _figures(rep: Rep) -> str:
    told = []
    if rep.range_deg is not None:
        told.append(f"range {degrees(rep.range_deg)}")
    if rep.pelvic_tilt_deg is not None:
        told.append(f"tilt {degrees(rep.pelvic_tilt_deg)}")
    return f" ({', '.join(told)})" if told else ""


def _since_lines(since: SinceLast) -> list[str]:
    name = exercise_name(since.exercise, since.side)
    day = "" if since.day is None else f", last done {since.day.isoformat()}"
    lines = [f"{name[0].upper()}{name[1:]}{day}:"]
    lines += [f"• {_step(step)}" for step in since.steps if step.certain]
    level = [QUANTITIES[step.what][0] for step in since.steps if not step.certain]
    if level:
        lines.append(f"• as last time, as far as can be told: {listed(level)}")
    return lines


def _step(step: Step) -> str:
    what, more, less = QUANTITIES[step.what]
    before, now = written(step.before, step.unit), written(step.now, step.unit)
    return f"{what}: {now}, {more if step.now > step.before else less} than last time ({before})"


def _row(one: DoneSet) -> tuple[str, ...]:
    summary = one.summary
    if summary is None or one.discarded:
        why = DISCARDED if one.discarded else one.unusable or "It could not be summed up."
        return (str(one.number), *[""] * (len(HEADS) - 2), why)
    figures, recording = summary.set, summary.recording
    return (
        str(one.number),
        exercise_name(recording.exercise, recording.side),
        rep_count(summary),
        NOT_MEASURED if figures.clean_count is None else str(figures.clean_count),
        figures.tempo or NOT_MEASURED,
        NOT_MEASURED if figures.range_deg_mean is None else degrees(figures.range_deg_mean),
        NOT_MEASURED if figures.pelvic_tilt_deg_max is None else degrees(figures.pelvic_tilt_deg_max),
        ended_words(one.ended),
    )


def _table(words: SessionWords, width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    left_out = {"tempo", "tilt"} if width < 60 else {"tempo"} if width < 90 else set()
    shown = [place for place, head in enumerate(HEADS) if head not in left_out]
    for place in shown:
        word = HEADS[place] in ("exercise", "ended")
        table.add_column(HEADS[place], justify="left" if word else "right", no_wrap=not word, overflow="fold")
    for row in words.rows:
        table.add_row(*(row[place] for place in shown))
    return table
