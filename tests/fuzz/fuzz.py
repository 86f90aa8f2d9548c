"""Pass mutated inputs to everything that reads outside data, and count forbidden outcomes.

``python tests/fuzz/fuzz.py [--count N] [--seed N] [--jobs N] [--parts NAME ...] [--again PART:INDEX]``

A million inputs by default: header lines and notes, packets, phone messages, whole files, other systems'
exports, sets analysed and followed live. An input must end in a documented result or in an error of the
package that carries a hint. Any other exception, a warning, an aborted process and one that hangs are
findings, and the exit status is then 1. Each finding is printed with what ``--again`` needs to repeat it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "importers")]  # its exports are mutated

from targets import PARTS  # noqa: E402
from workers import Result, Task, results  # noqa: E402

MILLION = 1_000_000
#: Approximate number of tasks per part, so that all processes end at about the same time.
PIECES = 40


def counts(count: int, parts: Sequence[str]) -> dict[str, int]:
    """Return the number of inputs of each part; together `count`, at least one each."""
    shares = {name: PARTS[name].per_million for name in parts}
    found = {name: max(1, count * share // sum(shares.values())) for name, share in shares.items()}
    largest = max(found, key=found.__getitem__)
    return found | {largest: max(1, found[largest] + count - sum(found.values()))}


def tasks(counts_by_part: dict[str, int]) -> list[Task]:
    """Split the inputs of all parts into tasks, the parts that take longest first."""
    found = []
    for name, count in counts_by_part.items():
        step = -(-count // PIECES)
        found += [Task(name, start, min(start + step, count)) for start in range(0, count, step)]
    return found


def fuzzed(count: int, seed: int, jobs: int, parts: Sequence[str] = tuple(PARTS)) -> dict[str, Result]:
    """Run `count` mutated inputs and return the result of each part."""
    counts_by_part = counts(count, parts)
    found = {name: Result() for name in counts_by_part}
    for task, result in results(tasks(counts_by_part), seed, jobs):
        found[task.part].add(result)
        for finding in result.findings:
            print(f"{finding.part}:{finding.index} {finding.what}", file=sys.stderr, flush=True)
    return found


def table(found: dict[str, Result]) -> str:
    """Return the results as text, the total last."""
    rows = [
        f"{'part':10s} {'inputs':>9s} {'through':>9s} {'refused':>9s} {'findings':>9s} {'CPU s':>7s}  slowest"
    ]
    total = Result()
    for name, result in found.items():
        total.add(result)
        rows.append(f"{_row(name, result)}  {1e3 * result.slowest_s:.0f} ms, {name}:{result.slowest}")
    return "\n".join([*rows, _row("total", total)])


def _row(name: str, result: Result) -> str:
    refused, findings = result.inputs - result.accepted - len(result.findings), len(result.findings)
    return (
        f"{name:10s} {result.inputs:9,d} {result.accepted:9,d} {refused:9,d} {findings:9,d} "
        f"{result.cpu_s:7.0f}"
    )


def _commit() -> str:
    if shutil.which("git") is None:
        return "unknown commit"
    git = ("git", "-C", str(Path(__file__).parent))
    outputs = [
        subprocess.run([*git, *arguments], capture_output=True, text=True, check=False).stdout.strip()
        for arguments in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    ]
    return f"commit {outputs[0] or 'unknown'}{', changed' if outputs[1] else ''}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=MILLION, help="of inputs, all parts together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        metavar="PART",
        help=f"of {', '.join(PARTS)}",
    )
    parser.add_argument("--again", metavar="PART:INDEX", help="one input alone, its error with a traceback")
    return parser.parse_args()


def main() -> int:
    """Print the table; return 1 if there are findings."""
    arguments = _arguments()
    if arguments.again is not None:
        name, _, index = arguments.again.partition(":")
        print("came through" if PARTS[name].accepts(arguments.seed, int(index)) else "refused")
        return 0
    began_s = time.monotonic()
    found = fuzzed(arguments.count, arguments.seed, arguments.jobs, arguments.parts)
    print(table(found))
    inputs, findings = (
        sum(column) for column in zip(*((r.inputs, len(r.findings)) for r in found.values()), strict=True)
    )
    took = (time.monotonic() - began_s) / 60.0
    print(
        f"{inputs:,d} mutated inputs, {findings} findings; "
        f"seed {arguments.seed}, {_commit()}, {took:.1f} minutes"
    )
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
