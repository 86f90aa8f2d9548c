"""Print the table of accuracy figures as Markdown: ``python tests/accuracy/table.py``.

Takes some minutes. The exit status is 1 where a figure misses its limit; ``--worst`` adds the seeds to
look at first, ``--write`` puts the table into docs/accuracy.md#the-table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path

import cue_figures
import fault_figures
import foreign_figures
import real_figures
import simulated_figures as of
import tiring
from figures import Figure
from real_recordings import folder

PAGE = Path(__file__).parents[2] / "imu_reps" / "docs" / "accuracy.md"


def figures() -> Iterator[Figure]:
    """Yield every figure, in the order of the table."""
    datasets = folder()
    if datasets is None:
        print("no real recordings: set IMU_REPS_DATASETS to their folder", file=sys.stderr)
    else:
        yield from real_figures.counts(datasets)
        yield from foreign_figures.figures(datasets)
    yield of.count_of_mixed_sets()
    yield of.closed_count_of_mixed_sets()
    yield of.live_count_of_mixed_sets()
    yield of.count_of_idle_recordings()
    yield of.live_count_of_idle_recordings()
    yield from of.durations_at_100_hz()
    yield from of.durations_at_100_hz_with_stalls()
    yield from of.durations_at_any_rate()
    yield from of.durations_at_25_hz()
    yield from of.elevation_at_controlled_tempo()
    yield from of.elevation_when_swinging()
    yield of.elevation_with_cheap_parts()
    yield of.leg_range()
    yield of.peak_tilt()
    yield of.peak_rotation()
    yield from of.momentum_of_mixed_sets()
    yield from of.momentum_when_swinging()
    if datasets is not None:
        yield from real_figures.inclination(datasets)
    yield from fault_figures.figures()
    yield from tiring.figures()
    yield from cue_figures.all_figures()


def row(figure: Figure) -> str:
    """Return the figure as a row of the table."""
    values = " / ".join(number(value, figure.unit) for value in figure.measured)
    unit = "" if not figure.unit else figure.unit if figure.unit == "°" else f" {figure.unit}"
    limit = "" if figure.limit is None else f"{number(figure.limit, figure.unit)}{unit}"
    missed = "" if figure.reached else " (missed)"
    return f"| {figure.what} | {values}{unit}{missed} | {limit} | {figure.population} |"


def number(value: float, unit: str) -> str:
    """Format a value with as many decimals as suit the unit."""
    if not isfinite(value):
        return "nothing measured:"
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.{_DECIMALS[unit]}f}"


_DECIMALS = {"ms": 1, "°": 2, "%": 1, "": 3}


def main() -> int:
    """Print the table."""
    lines = ["| Figure | Measured | Limit | Population |", "|---|---|---|---|"]
    print("\n".join(lines))
    reached = True
    for figure in figures():
        lines.append(row(figure))
        print(lines[-1], flush=True)
        if "--worst" in sys.argv[1:]:
            print([(seed, round(value, 3)) for seed, value in figure.worst], file=sys.stderr, flush=True)
        reached &= figure.reached
    if "--write" in sys.argv[1:]:
        write(lines)
    return 0 if reached else 1


def write(lines: Sequence[str]) -> None:
    """Put the table into the page, between its markers."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition("<!-- accuracy -->\n")
    _, end, after = rest.partition("\n<!-- end -->")
    PAGE.write_text(before + begin + "\n".join(lines) + "\n" + end + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
