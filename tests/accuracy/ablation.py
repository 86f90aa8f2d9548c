"""Print the worth of every term of evidence and every correction: sets right with and without it.

``python tests/accuracy/ablation.py [POPULATION ...] [--first N] [--jobs N]``

A part can go if without it no population has fewer sets right and no error is larger.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from estimator_seam import NoParametersError, analyze_with, defaults, parts, without
from judged import Analyze, JudgedSet, Makers, Outcome, outcome
from score import ERRORS, judged, populations

#: Percentile of the errors over all repetitions.
SHARE = 95

NOTHING = "nothing left out"


def main(words: Sequence[str] | None = None) -> int:
    """Print the table as Markdown."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("populations", nargs="*", metavar="POPULATION")
    options.add_argument("--first", type=int, help="only so many sets of each population")
    options.add_argument("--jobs", type=int, default=1, help="processes")
    arguments = options.parse_args(words)
    every = populations()
    makers = {name: every[name]()[: arguments.first] for name in arguments.populations or every}
    try:
        analyses = dict(_analyses())
    except NoParametersError as missing:
        print(f"{missing}", file=sys.stderr)
        return 2
    print(_header(makers))
    for part, analyze in analyses.items():
        print(_row(part, makers, analyze, arguments.jobs), flush=True)
    return 0


def _analyses() -> Iterator[tuple[str, Analyze]]:
    params = defaults()
    yield NOTHING, analyze_with(params)
    for part in parts():
        yield part, analyze_with(without(params, part))


def _header(makers: Mapping[str, Makers]) -> str:
    sets = [f"{name} ({len(of)})" for name, of in makers.items()]
    columns = [
        "Left out",
        *sets,
        *(f"{name.rsplit('_', 1)[0]} p{SHARE}, {unit}" for name, unit in ERRORS.items()),
    ]
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def _row(part: str, makers: Mapping[str, Makers], analyze: Analyze, jobs: int) -> str:
    found = {name: list(judged(of, partial(_outcome, analyze=analyze), jobs)) for name, of in makers.items()}
    right = [str(sum(one.right for one in outcomes)) for outcomes in found.values()]
    errors = [_percentile([one for outcomes in found.values() for one in outcomes], name) for name in ERRORS]
    return f"| {' | '.join([part, *right, *errors])} |"


def _outcome(one: JudgedSet, analyze: Analyze) -> Outcome:
    return outcome(one, analyze=analyze)


def _percentile(outcomes: Sequence[Outcome], name: str) -> str:
    values = [value for one in outcomes for value in getattr(one.errors, name)]
    return f"{np.percentile(values, SHARE):.2f}" if values else ""


if __name__ == "__main__":
    sys.exit(main())
