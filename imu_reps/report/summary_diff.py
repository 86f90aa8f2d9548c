"""Differences between two summaries of a recording, figure by figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from imu_reps.domain.summary import Summary
from imu_reps.report.formatting import pluralize

#: Smaller changes are rounding: stored figures have four decimals.
MIN_CHANGE = 2e-4

Figure = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure that changed; `name` is its path in the summary, with repetitions as ``reps.3``."""

    name: str
    before: Figure
    after: Figure

    @property
    def by(self) -> float | None:
        """Numeric change; None unless both are numbers."""
        if _number(self.before) and _number(self.after):
            return float(self.after or 0) - float(self.before or 0)
        return None


def changed_figures(before: Summary, after: Summary) -> list[FigureChange]:
    """Compare two summaries of one recording, set and repetitions, figure by figure."""
    then, now = dict(_figures(before)), dict(_figures(after))
    names = dict.fromkeys([*then, *now])
    pairs = (FigureChange(name, then.get(name), now.get(name)) for name in names)
    return [pair for pair in pairs if not _same(pair.before, pair.after)]


def change_lines(moves: Iterable[FigureChange]) -> list[str]:
    """Format one line per changed figure.

    Examples
    --------
    >>> change_lines([FigureChange("set.rep_count", 8, 9), FigureChange("reps.1.clean", True, False)])
    ['set.rep_count: 8 → 9 (+1)', 'reps.1.clean: yes → no']
    """
    return [f"{move.name}: {_words(move.before)} → {_words(move.after)}{_by(move)}" for move in moves]


@dataclass(slots=True)
class ChangeTotals:
    """Totals over several recordings: how often each figure changed, and by how much at most.

    Attributes
    ----------
    recordings, changed : int
        How many were compared, and in how many of them something changed.
    """

    recordings: int = 0
    changed: int = 0
    _files: Counter[str] = field(default_factory=Counter)
    _max_by: dict[str, float] = field(default_factory=dict)

    def add(self, moves: Iterable[FigureChange]) -> None:
        """Add the changes of one recording."""
        max_by: dict[str, float] = {}
        for move in moves:
            name = ".".join(part for part in move.name.split(".") if not part.isdigit())
            max_by[name] = max(max_by.get(name, 0.0), abs(move.by or 0.0))
        self.recordings += 1
        self.changed += bool(max_by)
        self._files.update(max_by.keys())
        self._max_by |= {name: max(by, self._max_by.get(name, 0.0)) for name, by in max_by.items()}

    def lines(self) -> list[str]:
        """Format one line per figure, the most frequent first."""
        lines = []
        for name, files in self._files.most_common():
            by = self._max_by[name]
            lines.append(f"{name}: in {pluralize(files, 'file')}" + (f", by at most {by:.3g}" if by else ""))
        return lines


def _figures(summary: Summary) -> Iterator[tuple[str, Figure]]:
    yield from _leaves("set", summary.set)
    yield from _leaves("zero.time_s", summary.zero.time_s)
    for rep in summary.reps:
        yield from _leaves(f"reps.{rep.number}", rep)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Figure]]:
    if is_dataclass(value):
        for part in fields(value):
            if part.name not in ("number", "faults"):
                yield from _leaves(f"{name}.{part.name}", getattr(value, part.name))
    elif isinstance(value, tuple | list):
        if all(isinstance(part, str) for part in value):
            yield name, ", ".join(value) or None
        else:
            for index, part in enumerate(value, 1):
                yield from _leaves(f"{name}.{getattr(part, 'what', index)}", part)
    else:
        yield name, value


def _number(figure: Figure) -> bool:
    return isinstance(figure, int | float) and not isinstance(figure, bool)


def _same(before: Figure, after: Figure) -> bool:
    by = FigureChange("", before, after).by
    return before == after if by is None else abs(by) < MIN_CHANGE


def _words(figure: Figure) -> str:
    if figure is None:
        return "–"
    if isinstance(figure, bool):
        return "yes" if figure else "no"
    return f"{figure:.4g}" if isinstance(figure, float) else str(figure)


def _by(move: FigureChange) -> str:
    return "" if move.by is None else f" ({move.by:+.3g})"
