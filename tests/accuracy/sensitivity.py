"""Print the effect of each number of the estimator on count, tempo and tilt, at 20 % less and more.

``python tests/accuracy/sensitivity.py [POPULATION ...] [--first N] [--only NAME] [--jobs N]``

Sets of every population are taken in turn. A number without any effect can go.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from estimator_seam import NoParametersError, analyze_with, changed, defaults, numbers
from judged import Analyze, Found, JudgedSet, tried
from score import judged, populations

from imu_reps import Rep

#: Relative changes of a number.
SHARES = (-0.2, 0.2)

#: Default number of sets of each population: a table of a hundred numbers takes its time.
FIRST = 20


@dataclass(frozen=True)
class Reading:
    """The compared part of the analysis of a set.

    Attributes
    ----------
    found : int, str or None
        The count, or why there is none.
    right : bool
    reps : tuple of Rep
    """

    found: Found
    right: bool
    reps: tuple[Rep, ...] = ()


@dataclass(frozen=True)
class Moved:
    """Effect of a changed number on all sets.

    Attributes
    ----------
    counts, right : int
        Sets with another count, and how many more (fewer if negative) are right.
    tempo_ms, tilt_deg : float
        99th percentile of the change of a phase, and of the peak tilt, where the count is the same.
    """

    counts: int
    right: int
    tempo_ms: float
    tilt_deg: float

    @property
    def nothing(self) -> bool:
        """Whether the changed number has no effect on any set."""
        return not (self.counts or self.right or self.tempo_ms or self.tilt_deg)


def main(words: Sequence[str] | None = None) -> int:
    """Print the table as Markdown."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("populations", nargs="*", metavar="POPULATION")
    options.add_argument("--first", type=int, default=FIRST, help="so many sets of each population")
    options.add_argument("--only", default="", help="numbers with this in their name")
    options.add_argument("--jobs", type=int, default=1, help="processes")
    arguments = options.parse_args(words)
    every = populations()
    makers = [make for name in arguments.populations or every for make in every[name]()[: arguments.first]]
    try:
        params = defaults()
    except NoParametersError as missing:
        print(f"{missing}", file=sys.stderr)
        return 2

    def readings(analyze: Analyze) -> list[Reading]:
        return list(judged(makers, partial(_reading, analyze=analyze), arguments.jobs))

    usual = readings(analyze_with(params))
    print(f"| Number ({len(makers)} sets) | Value | Counts changed | More right | Tempo, ms | Tilt, ° | |")
    print("|---|---|---|---|---|---|---|")
    for path, value in numbers(params):
        name = ".".join(path)
        if arguments.only not in name:
            continue
        moved = [
            _moved(usual, readings(analyze_with(changed(params, path, value * (1.0 + share)))))
            for share in SHARES
        ]
        print(_row(name, value, moved), flush=True)
    return 0


def _reading(one: JudgedSet, analyze: Analyze) -> Reading:
    summary = tried(lambda: analyze(one.load()).summary)
    if isinstance(summary, str):
        return Reading(summary, one.may_refuse)
    return Reading(summary.set.rep_count, summary.set.rep_count in one.allowed, summary.reps)


def _moved(usual: Sequence[Reading], now: Sequence[Reading]) -> Moved:
    pairs = list(zip(usual, now, strict=True))
    return Moved(
        counts=sum(before.found != after.found for before, after in pairs),
        right=sum(after.right - before.right for before, after in pairs),
        tempo_ms=1000.0 * _most([*_changes(pairs, "concentric_s"), *_changes(pairs, "eccentric_s")]),
        tilt_deg=_most(list(_changes(pairs, "pelvic_tilt_deg"))),
    )


def _changes(pairs: Sequence[tuple[Reading, Reading]], name: str) -> Iterator[float]:
    """Yield the changes of one figure, for every repetition of the sets whose count is the same."""
    for before, after in pairs:
        if before.found != after.found:
            continue
        for rep, same in zip(before.reps, after.reps, strict=True):
            values = getattr(rep, name), getattr(same, name)
            if None not in values:
                yield abs(values[0] - values[1])


def _most(changes: Sequence[float]) -> float:
    return float(np.percentile(changes, 99)) if changes else 0.0


def _row(name: str, value: float, moved: Sequence[Moved]) -> str:
    columns = [
        name,
        f"{value:g}",
        " / ".join(str(one.counts) for one in moved),
        " / ".join(f"{one.right:+d}" for one in moved),
        " / ".join(f"{one.tempo_ms:.1f}" for one in moved),
        " / ".join(f"{one.tilt_deg:.2f}" for one in moved),
        "moves nothing" if all(one.nothing for one in moved) else "",
    ]
    return f"| {' | '.join(columns)} |"


if __name__ == "__main__":
    sys.exit(main())
