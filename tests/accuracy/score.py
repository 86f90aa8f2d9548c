"""Print how many sets of each population are counted right, and which are not.

``python tests/accuracy/score.py [POPULATION ...] [--dir FOLDER] [--live] [--baselines] [--jobs N]``

The default is all populations: other simulators, real raises cut anywhere, real raises whole, real
recordings without one, our own simulator, the person who climbs, and recordings once summarised wrongly.
The exit status is 1 if a set is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from baselines import BASELINES, baseline_outcome
from judged import (
    JudgedSet,
    Makers,
    Outcome,
    of_cases,
    of_cuts,
    of_folder,
    of_nobody,
    of_own,
    of_person,
    of_raises,
    outcome,
)
from real_recordings import folder

#: Errors that are reported, and their units.
ERRORS = {"phase_ms": "ms", "tilt_deg": "°", "rotation_deg": "°", "lift_off_deg": "°", "top_deg": "°"}

SHARES = (50, 90, 95)


def main(words: Sequence[str] | None = None) -> int:
    """Judge the populations named by the words."""
    arguments = _options().parse_args(words)
    every = populations(arguments.dir)
    unknown = set(arguments.populations) - set(every)
    if unknown:
        print(f"no population {', '.join(sorted(unknown))}: there are {', '.join(every)}", file=sys.stderr)
        return 2
    chosen = arguments.populations or [*every]
    wrong = 0
    for name in chosen:
        makers = every[name]()[: arguments.first]
        wrong += _judge(name, makers, live=arguments.live, jobs=arguments.jobs)
        if arguments.baselines:
            _judge_plainly(makers, arguments.jobs)
    return 1 if wrong else 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("populations", nargs="*", metavar="POPULATION")
    options.add_argument("--dir", type=Path, help="a folder of recordings with their truth, as `foreign` has")
    options.add_argument("--live", action="store_true", help="through the live pipeline too")
    options.add_argument("--baselines", action="store_true", help="what plain counters count right")
    options.add_argument("--jobs", type=int, default=1, help="processes")
    options.add_argument("--first", type=int, help="only so many sets of each population")
    return options


def populations(other: Path | None = None) -> Mapping[str, Callable[[], Makers]]:
    """Return every population by name; those without a folder here are left out."""
    found: dict[str, Callable[[], Makers]] = {}
    datasets = folder()
    if datasets is None:
        print("no recordings from outside: set IMU_REPS_DATASETS to their folder", file=sys.stderr)
    else:
        cases = datasets.parent / "cases"
        found |= {
            "foreign": partial(of_folder, datasets / "foreign"),
            "cuts": partial(of_cuts, datasets),
            "whole": partial(of_raises, datasets),
            "negative": partial(of_nobody, datasets),
            "person": partial(of_person, cases),
            "cases": partial(of_cases, cases),
        }
    if other is not None:
        found["dir"] = partial(of_folder, other)
    return found | {"own": of_own}


def _judge(name: str, makers: Makers, *, live: bool, jobs: int) -> int:
    """Print one population; return the number of its wrong sets."""
    since = time.perf_counter()
    outcomes = list(judged(makers, partial(_outcome, live=live), jobs))
    took_s = time.perf_counter() - since
    print(f"== {name}: {overview(outcomes, live=live)}, {took_s:.0f} s")
    for one in outcomes:
        if not (one.right and one.live_right):
            print(f"   {line(one)}")
    for row in error_rows(outcomes):
        print(f"   {row}")
    sys.stdout.flush()
    return sum(not (one.right and one.live_right) for one in outcomes)


def _judge_plainly(makers: Makers, jobs: int) -> None:
    """Print how many of the same sets the plain counters count right."""
    for baseline in BASELINES:
        outcomes = list(judged(makers, partial(baseline_outcome, baseline=baseline), jobs))
        print(f"   {baseline.name}: {overview(outcomes, live=False)}", flush=True)


def _outcome(one: JudgedSet, *, live: bool) -> Outcome:
    return outcome(one, live=live)


_T = TypeVar("_T")

_work: tuple[Makers, Callable[[JudgedSet], Any]]


def judged(makers: Makers, judge: Callable[[JudgedSet], _T], jobs: int = 1) -> Iterator[_T]:
    """Judge every set, in order, in `jobs` processes."""
    global _work  # noqa: PLW0603 - a forked process finds it here; recordings cannot be sent to it
    _work = makers, judge
    if jobs == 1:
        yield from map(_numbered, range(len(makers)))
        return
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        yield from pool.map(_numbered, range(len(makers)))


def _numbered(number: int) -> Any:
    makers, judge = _work
    return judge(makers[number]())


def overview(outcomes: Sequence[Outcome], *, live: bool) -> str:
    """Return how many sets are right, with `live` also live, and how many of the certain ones are wrong."""
    text = f"{sum(one.right for one in outcomes)} of {len(outcomes)} right"
    if live:
        text += f", live {sum(one.live_right for one in outcomes)}"
    certain = [one for one in outcomes if one.certainty == "high"]
    if certain:
        text += f"; certainty high {len(certain)}, {sum(not one.right for one in certain)} of them wrong"
    return text


def line(one: Outcome) -> str:
    """Describe a wrong set: what was found, and what was allowed."""
    allowed = " or ".join("none" if count is None else str(count) for count in sorted(one.allowed, key=str))
    live = "" if one.live is None else f", live {one.live}"
    certainty = "" if one.certainty is None else f", certainty {one.certainty}"
    return f"{one.name}: {one.found}{live}, allowed {allowed or 'only a refusal'}{certainty}"


def error_rows(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield percentiles of the errors of every figure that the truth knows, over all repetitions found."""
    for name, unit in ERRORS.items():
        values = [value for one in outcomes for value in getattr(one.errors, name)]
        if values:
            percentiles = "  ".join(f"p{share} {np.percentile(values, share):6.2f}" for share in SHARES)
            print_name = name.rsplit("_", 1)[0].replace("_", "-")
            yield f"{print_name:9s} {percentiles} {unit}  n {len(values)}"
    swapped = [one.name for one in outcomes if one.errors.swapped]
    if swapped:
        yield f"up and down swapped: {', '.join(swapped)}"


if __name__ == "__main__":
    sys.exit(main())
